//! Proof that a test wrote nothing outside its temporary home: the folders that the program would use on this
//! machine look the same afterwards. Deliberately absent: the cache, which test runs share and fill.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use directories::ProjectDirs;

type Listing = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// What some folders held when the guard was made.
pub struct Untouched {
    folders: Vec<PathBuf>,
    before: Listing,
}

impl Untouched {
    /// Watches these folders, whether they exist or not.
    pub fn watch(folders: Vec<PathBuf>) -> Self {
        let before = list(&folders);
        Self { folders, before }
    }

    /// Watches the platform's data and configuration folders of the program.
    pub fn platform() -> Self {
        let dirs = ProjectDirs::from("", "", "partner-console").expect("the user has a home folder");
        Self::watch(vec![dirs.data_dir().to_owned(), dirs.config_dir().to_owned()])
    }

    /// What was made, changed or removed since; empty when nothing was.
    pub fn changes(&self) -> Vec<PathBuf> {
        let after = list(&self.folders);
        let gone = self.before.keys().filter(|path| !after.contains_key(*path));
        let new = after.iter().filter(|(path, state)| self.before.get(*path) != Some(state)).map(|(path, _)| path);
        gone.chain(new).cloned().collect()
    }
}

fn list(folders: &[PathBuf]) -> Listing {
    let mut listing = Listing::new();
    for folder in folders {
        walk(folder, &mut listing);
    }
    listing
}

fn walk(path: &Path, listing: &mut Listing) {
    // A link is listed, not followed: what it points to is not inside.
    let Ok(meta) = path.symlink_metadata() else { return };
    let length = if meta.is_file() { meta.len() } else { 0 };
    listing.insert(path.to_owned(), (length, meta.modified().ok()));
    if meta.is_dir() {
        for entry in path.read_dir().into_iter().flatten().flatten() {
            walk(&entry.path(), listing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Home;

    #[test]
    fn a_new_a_changed_and_a_removed_file_are_each_seen() {
        let home = Home::new();
        let (kept, gone) = (home.file("w/kept", "1"), home.file("w/gone", "1"));
        let guard = Untouched::watch(vec![home.root().join("w"), home.root().join("never-made")]);
        assert!(guard.changes().is_empty(), "nothing has happened yet");
        std::fs::remove_file(&gone).expect("removable");
        home.file("w/kept", "22");
        let new = home.file("w/new", "");
        let changes = guard.changes();
        assert!([kept, gone, new].iter().all(|path| changes.contains(path)), "{changes:?}");
    }
}
