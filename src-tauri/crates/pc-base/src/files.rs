//! Writing a file so that a crash leaves the old one or the new one, never a half; folders that are nobody else's business;
//! room on the disk.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::{Code, coded};

/// Writes beside the target, syncs, then renames over it. Parent folders are made.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    let mut file =
        tempfile::NamedTempFile::new_in(parent).with_context(|| format!("writing in {}", parent.display()))?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .with_context(|| format!("writing {}", path.display()))?;
    file.persist(path).with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}

/// Refuses with [`Code::DiskShort`] what would not fit into a folder, which exists.
pub fn room_for(folder: &Path, needed: u64) -> anyhow::Result<()> {
    // A file system that does not tell is found out by writing.
    let available = fs4::available_space(folder).unwrap_or(u64::MAX);
    if needed <= available {
        return Ok(());
    }
    let shown = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    Err(coded(Code::DiskShort).with("needed", shown(needed)).with("available", shown(available)).into())
}

/// Makes a folder, with its parents, that other users of the machine cannot look into. [`Code::FolderUnusable`] where the
/// system refuses it.
pub fn make_private(folder: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::StorageFull => {
            let coded = coded(Code::FolderUnusable).with("path", folder.display()).with("why", &error);
            Err(anyhow::Error::new(error).context(coded))
        }
        made => made.with_context(|| format!("creating {}", folder.display())),
    }
}
