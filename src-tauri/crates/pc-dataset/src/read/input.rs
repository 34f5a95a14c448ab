//! Where a file's bytes come from: the disk, or a member of an archive. Folders are walked here, links are not followed.

use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use pc_base::{Code, Coded, CodedExt as _, coded};
use tempfile::NamedTempFile;

use super::archive::{self, Packed};
use super::{Format, Notes, ReadOptions};

/// Folders below each other that are walked.
const DEPTH: usize = 32;
/// Files of one folder or archive that are read.
pub(super) const FILES: usize = 100_000;
/// What a file's name may end in, to be taken out of a folder or an archive.
const ENDINGS: &[&str] =
    &["jsonl", "ndjson", "json", "csv", "tsv", "xlsx", "xlsm", "xls", "parquet", "txt", "md", "markdown"];

/// One file.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    File(PathBuf),
    Member { archive: PathBuf, name: String, packed: Packed },
}

/// All files of what a path names.
pub(super) fn inputs(path: &Path, options: &ReadOptions) -> anyhow::Result<Vec<Input>> {
    match options.format {
        Some(Format::Zip) => one_or_more(members(path, ENDINGS)?, path),
        Some(_) if !path.is_dir() => Ok(vec![Input::File(path.to_owned())]),
        _ => inputs_ending(path, ENDINGS),
    }
}

/// All files of what a path names; out of a folder or an archive those that end so.
pub(crate) fn inputs_ending(path: &Path, endings: &[&str]) -> anyhow::Result<Vec<Input>> {
    if path.is_dir() {
        let mut files = Vec::new();
        walk(path, endings, 0, &mut files)?;
        return one_or_more(files.into_iter().map(Input::File).collect(), path);
    }
    let file = Input::File(path.to_owned());
    if archive::is_plain_zip(&file)? {
        return one_or_more(members(path, endings)?, path);
    }
    Ok(vec![file])
}

fn one_or_more(inputs: Vec<Input>, path: &Path) -> anyhow::Result<Vec<Input>> {
    if inputs.is_empty() {
        bail!(coded(Code::SourceEmpty).with("path", path.display()));
    }
    Ok(inputs)
}

/// Files of known kinds in the order of their names; hidden ones and links are none of the user's data.
fn walk(folder: &Path, endings: &[&str], depth: usize, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let unreadable = || coded(Code::FileUnreadable).with("path", folder.display());
    let mut entries: Vec<_> = std::fs::read_dir(folder).code(unreadable)?.collect::<Result<_, _>>().code(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().code(unreadable)?;
        if entry.file_name().to_string_lossy().starts_with('.') || kind.is_symlink() {
            continue;
        }
        if kind.is_dir() && depth < DEPTH {
            walk(&entry.path(), endings, depth + 1, files)?;
        } else if kind.is_file() && endings.contains(&ending(&entry.path().to_string_lossy()).as_str()) {
            files.push(entry.path());
        }
        if files.len() > FILES {
            bail!(coded(Code::SourceTooLarge).with("path", folder.display()).with("limit", FILES));
        }
    }
    Ok(())
}

fn members(path: &Path, endings: &[&str]) -> anyhow::Result<Vec<Input>> {
    let mut found = Vec::new();
    for (name, packed) in archive::list(path)? {
        if archive::is_archive(&name) {
            bail!(coded(Code::SourceNested).with("path", path.display()).with("name", name));
        }
        let hidden = name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
        if !hidden && endings.contains(&ending(&name).as_str()) {
            found.push(Input::Member { archive: path.to_owned(), name, packed });
        }
    }
    found.sort_by_key(Input::shown);
    Ok(found)
}

fn ending(name: &str) -> String {
    name.rsplit(['/', '\\'])
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map_or(String::new(), |(_, e)| e.to_lowercase())
}

impl Input {
    /// Its name for people.
    pub fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Member { archive, name, .. } => format!("{}/{name}", archive.display()),
        }
    }

    /// The end of its name after the last dot, in small letters.
    pub fn ending(&self) -> String {
        ending(&self.shown())
    }

    /// Its size on the disk.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::File(path) => std::fs::metadata(path).map_or(0, |found| found.len()),
            Self::Member { packed, .. } => packed.bytes,
        }
    }

    /// Its size once it is unpacked, as its archive states it: reading ends where there is more.
    pub fn unpacked(&self) -> u64 {
        match self {
            Self::File(_) => self.bytes(),
            Self::Member { packed, .. } => packed.size,
        }
    }

    /// An error about this file.
    pub fn coded(&self, code: Code) -> Coded {
        coded(code).with("path", self.shown())
    }

    /// Damage near a row.
    pub fn damaged(&self, line: u64) -> Coded {
        self.coded(Code::SourceDamaged).with("line", line)
    }

    /// Its bytes from the beginning.
    pub fn reader(&self, notes: &Notes) -> anyhow::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::File(path) => Box::new(notes.counting(crate::open(path)?)),
            Self::Member { archive, packed, .. } => Box::new(archive::unpack(archive, packed, notes)?),
        })
    }

    /// Its first bytes, and whether they are all.
    pub fn head(&self, bytes: usize) -> anyhow::Result<(Vec<u8>, bool)> {
        let mut head = Vec::new();
        self.reader(&Notes::default())?
            .take(bytes as u64 + 1)
            .read_to_end(&mut head)
            .map_err(|error| lift(error, || self.damaged(1)))?;
        let all = head.len() <= bytes;
        head.truncate(bytes);
        Ok((head, all))
    }

    /// A file that can be read at any place; a member is unpacked for that into a file that vanishes with its last holder.
    pub fn held(&self, scratch: Option<&Path>, notes: &Notes) -> anyhow::Result<Held> {
        if let Self::File(path) = self {
            return Ok(Held::Own(path.clone()));
        }
        let made = match scratch {
            Some(folder) => NamedTempFile::new_in(folder),
            None => NamedTempFile::new(),
        };
        let mut file = made.context("making a temporary file")?;
        let mut reader = self.reader(notes)?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = reader.read(&mut buffer).map_err(|error| lift(error, || self.damaged(1)))?;
            if read == 0 {
                return Ok(Held::Unpacked(Arc::new(file)));
            }
            file.write_all(&buffer[..read]).context("unpacking")?;
        }
    }
}

/// A file on the disk for as long as somebody holds this.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    Own(PathBuf),
    Unpacked(Arc<NamedTempFile>),
}

impl Held {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        match self {
            Self::Own(path) => path,
            Self::Unpacked(file) => file.path(),
        }
    }
}

/// A file without a name, gone when it is closed.
pub(super) fn temporary(scratch: Option<&Path>) -> anyhow::Result<File> {
    match scratch {
        Some(folder) => tempfile::tempfile_in(folder),
        None => tempfile::tempfile(),
    }
    .context("making a temporary file")
}

/// An error of reading: the code that a reader below put into it, else the code given.
pub(crate) fn lift(error: std::io::Error, otherwise: impl FnOnce() -> Coded) -> anyhow::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Coded>()) {
        Some(coded) => anyhow::Error::new(coded.clone()),
        None => anyhow::Error::new(error).context(otherwise()),
    }
}
