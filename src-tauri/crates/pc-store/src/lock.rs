//! One program a data folder: a lock file that the system releases when the holder ends, however it ends.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::Context as _;
use pc_base::{Code, coded, make_private};

/// Held for as long as this value lives.
pub struct FolderLock(#[expect(dead_code, reason = "dropping the file releases the lock")] File);

impl FolderLock {
    /// Makes the folder (for its owner only) and locks it. [`Code::HomeLocked`] when another program holds it.
    pub fn acquire(folder: &Path) -> anyhow::Result<Self> {
        make_private(folder)?;
        let path = folder.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(coded(Code::HomeLocked).with("path", folder.display()).into()),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_program_is_told_and_may_come_when_the_first_has_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = FolderLock::acquire(dir.path()).unwrap();
        let refused = FolderLock::acquire(dir.path()).err().unwrap();
        assert_eq!(pc_base::Failure::of(&refused, pc_base::Language::English).code, "home_locked");
        drop(first);
        FolderLock::acquire(dir.path()).unwrap();
    }
}
