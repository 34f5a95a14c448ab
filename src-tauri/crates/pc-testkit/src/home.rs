//! A home that is gone after the test, a clock that stands still, a port nobody holds.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use pc_base::{FixedClock, Places, write_atomic};
use tempfile::TempDir;

/// A temporary folder with the places of one installation below it; removed when dropped.
pub struct Home {
    root: TempDir,
    pub places: Places,
}

impl Home {
    /// An empty one, whose cache is empty, too.
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        let places = Places::below(root.path());
        for folder in [&places.home, &places.cache] {
            std::fs::create_dir_all(folder).expect("a folder can be made below it");
        }
        Self { root, places }
    }

    /// The folder that holds home, cache and key file: room for a test's own files, too.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Writes a file below the root and says where it is.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root().join(name);
        write_atomic(&path, bytes.as_ref()).expect("a file can be written below it");
        path
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// Stands at 2026-05-01 10:00:00 in Beijing, so that days and months of bills are known.
pub fn fixed_clock() -> FixedClock {
    FixedClock::new("2026-05-01T02:00:00Z".parse().expect("an instant"))
}

/// A loopback port that was free just now; another program may take it first, so prefer to listen on port 0.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("a listener has an address").port()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_gone_with_its_files_when_dropped() {
        let home = Home::new();
        let (root, file) = (home.root().to_owned(), home.file("a/b.txt", "x"));
        assert!(file.starts_with(&root) && home.places.home.starts_with(&root) && file.is_file());
        drop(home);
        assert!(!root.exists(), "nothing stays behind");
    }

    #[test]
    fn a_free_port_can_be_listened_on() {
        assert!(TcpListener::bind(("127.0.0.1", free_port())).is_ok());
    }
}
