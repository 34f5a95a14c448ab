//! A file that is written line by line and appears whole or not at all. Deliberately absent: several files for one set.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use pc_base::{Code, coded};

/// Refuses with [`Code::InputInvalid`] to write over what is read.
pub(crate) fn refuse_itself(input: &Path, outputs: &[&Path]) -> anyhow::Result<()> {
    let whole = input.canonicalize().ok();
    let same = |path: &&Path| *path == input || path.canonicalize().ok().is_some_and(|path| Some(path) == whole);
    if outputs.iter().any(same) {
        let why = "the file itself would be written over";
        bail!(coded(Code::InputInvalid).with("what", input.display()).with("why", why));
    }
    Ok(())
}

/// A file to be.
pub(crate) struct Output {
    path: PathBuf,
    file: BufWriter<tempfile::NamedTempFile>,
    pub bytes: u64,
}

impl Output {
    /// Begins beside the path; missing folders are made.
    pub fn new(path: &Path) -> anyhow::Result<Self> {
        let what = || format!("writing {}", path.display());
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).with_context(what)?;
        let file = tempfile::NamedTempFile::new_in(parent).with_context(what)?;
        Ok(Self { path: path.to_owned(), file: BufWriter::with_capacity(1 << 20, file), bytes: 0 })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).with_context(|| format!("writing {}", self.path.display()))
    }

    /// Appends a line.
    pub fn line(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.write(bytes)?;
        self.write(b"\n")
    }

    /// Gives it its name.
    pub fn finish(self) -> anyhow::Result<()> {
        let what = || format!("writing {}", self.path.display());
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(what)?;
        file.as_file().sync_all().with_context(what)?;
        file.persist(&self.path).with_context(what)?;
        Ok(())
    }
}
