//! The base models on offer: whatever lies whole in the cache, under the catalogue's name where it has one. What was read
//! of a folder is remembered until the folder changes, because a GGUF file's vocabulary takes a while to read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use pc_exporter::MAX_CONTEXT;
use pc_model::{Catalog, ModelFolder};
use pc_server::BaseModel;

/// By folder name: when it was last changed, and what is in it, if that can be used.
type Known = HashMap<String, (Option<SystemTime>, Option<BaseModel>)>;

pub(super) struct Bases {
    folder: PathBuf,
    known: Mutex<Known>,
}

impl Bases {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, known: Mutex::default() }
    }

    /// All of them, by id.
    pub fn list(&self) -> Vec<BaseModel> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = Known::new();
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let id = entry.file_name().to_string_lossy().into_owned();
            let changed = entry.metadata().and_then(|meta| meta.modified()).ok();
            let before = known.remove(&id).filter(|(then, _)| *then == changed);
            let row = before.unwrap_or_else(|| (changed, read(&id, &entry.path())));
            seen.insert(id, row);
        }
        let mut list: Vec<BaseModel> = seen.values().filter_map(|(_, base)| base.clone()).collect();
        list.sort_by(|a, b| a.id.cmp(&b.id));
        *known = seen;
        list
    }
}

/// Nothing for a folder that is no model of a known family, or one that is still being fetched.
fn read(id: &str, path: &Path) -> Option<BaseModel> {
    if id.starts_with('.') {
        return None;
    }
    let config = ModelFolder::open(path).ok()?.config;
    let name = Catalog::bundled().row(id).map_or_else(|| id.to_owned(), |row| row.name.clone());
    Some(BaseModel { id: id.to_owned(), name, max_length: config.max_position.min(MAX_CONTEXT) as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_testkit::{Home, TinyModel};

    #[test]
    fn models_come_and_go_with_the_cache() {
        let home = Home::new();
        let bases = Bases::new(home.places.cache.join("models"));
        assert!(bases.list().is_empty(), "a new machine has none");
        TinyModel::load("qwen3").copy_to(&home.places.base_model("tiny"));
        home.file("cache/models/rubbish/config.json", "{}");
        let list = bases.list();
        assert_eq!(list.len(), 1, "what cannot be read is not offered: {list:?}");
        assert_eq!((list[0].id.as_str(), list[0].name.as_str()), ("tiny", "tiny"));
        assert!(list[0].max_length >= 64, "{list:?}");
        std::fs::remove_dir_all(home.places.base_model("tiny")).unwrap();
        assert!(bases.list().is_empty());
    }
}
