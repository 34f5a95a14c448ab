//! Sealed files on disk, named by random ids that this file makes: nobody's text ever becomes a path.
//! Deliberately absent: which blob belongs to what (the tables know).

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pc_base::{Code, CodedExt as _, coded};
use pc_secrets::{Keys, Opened, Sealer};
use tempfile::NamedTempFile;
use uuid::Uuid;

use pc_base::make_private;

use crate::syncing::Syncing;

/// An opened blob: reads and seeks in the plain text.
pub type Blob = Opened<File>;

/// A folder of sealed files.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// Makes the folder where it is missing and removes what unfinished writes left behind.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let blobs = Self { folder: folder.to_owned() };
        make_private(folder)?;
        if blobs.unfinished().exists() {
            std::fs::remove_dir_all(blobs.unfinished())?;
        }
        make_private(&blobs.unfinished())?;
        Ok(blobs)
    }

    /// Starts a blob for an owner (such as `workspace/llm-1`). It exists only after [`BlobWriter::commit`].
    pub fn create(&self, key: &(impl Keys + ?Sized), owner: &str) -> anyhow::Result<BlobWriter> {
        let id = Uuid::new_v4().simple().to_string();
        let file = NamedTempFile::new_in(self.unfinished()).context("starting a stored file")?;
        let syncing = Syncing::new(file.as_file().try_clone()?);
        let sealer = Sealer::new(BufWriter::with_capacity(1 << 18, file), key, &identity(owner, &id))?;
        Ok(BlobWriter { sealer, syncing, target: self.path(&id), id })
    }

    /// Opens a blob; [`Code::SealedDamaged`] when it is missing, damaged, or not this owner's.
    pub fn read(&self, id: &str, key: &(impl Keys + ?Sized), owner: &str) -> anyhow::Result<Blob> {
        anyhow::ensure!(Uuid::try_parse(id).is_ok(), "a blob's id is a UUID");
        let file = File::open(self.path(id)).code(|| coded(Code::SealedDamaged))?;
        Opened::new(file, key, &identity(owner, id))
    }

    /// Names the key that sealed a blob.
    pub fn key_id(&self, id: &str) -> anyhow::Result<[u8; 8]> {
        anyhow::ensure!(Uuid::try_parse(id).is_ok(), "a blob's id is a UUID");
        let mut file = File::open(self.path(id)).code(|| coded(Code::SealedDamaged))?;
        pc_secrets::key_id(&mut file)
    }

    /// Destroys a blob: first its header, without which no key opens it, then the file. A missing one is not an error.
    pub fn destroy(&self, id: &str) -> anyhow::Result<()> {
        anyhow::ensure!(Uuid::try_parse(id).is_ok(), "a blob's id is a UUID");
        let path = self.path(id);
        match File::options().write(true).open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).context("destroying a stored file"),
            Ok(mut file) => {
                file.seek(SeekFrom::Start(0))?;
                file.write_all(&[0; 32])?;
                file.sync_all()?;
            }
        }
        std::fs::remove_file(&path).context("destroying a stored file")
    }

    /// Destroys every blob that no row names: what a crash between file and row left behind.
    pub fn sweep(&self, known: &HashSet<String>) -> anyhow::Result<u64> {
        let mut swept = 0;
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if Uuid::try_parse(&name).is_ok() && !known.contains(&name) {
                self.destroy(&name)?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.join("unfinished")
    }
}

fn identity(owner: &str, id: &str) -> String {
    format!("{owner}/blob/{id}")
}

/// A blob being written; dropped without commit it leaves nothing.
pub struct BlobWriter {
    sealer: Sealer<BufWriter<NamedTempFile>>,
    syncing: Syncing,
    target: PathBuf,
    id: String,
}

impl BlobWriter {
    /// Puts the blob in place, synced, and answers its id.
    pub fn commit(self) -> anyhow::Result<String> {
        let file = self.sealer.finish()?.into_inner().map_err(|error| error.into_error())?;
        self.syncing.finish()?;
        file.as_file().sync_all()?;
        file.persist_noclobber(&self.target).map_err(|error| error.error)?;
        #[cfg(unix)]
        File::open(self.target.parent().expect("a blob lies in a folder"))?.sync_all()?;
        Ok(self.id)
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.sealer.write(bytes)?;
        self.syncing.wrote(written);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sealer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_secrets::DataKey;
    use std::io::Read as _;

    #[test]
    fn a_blob_exists_only_after_commit_and_reads_only_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let (blobs, key) = (Blobs::open(dir.path()).unwrap(), DataKey::generate());
        drop(blobs.create(&key, "a").unwrap());
        assert_eq!(std::fs::read_dir(dir.path().join("unfinished")).unwrap().count(), 0, "nothing stays of it");
        let mut writer = blobs.create(&key, "a").unwrap();
        writer.write_all(b"breakfast at seven").unwrap();
        let id = writer.commit().unwrap();
        let mut text = String::new();
        blobs.read(&id, &key, "a").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "breakfast at seven");
        assert!(blobs.read(&id, &key, "b").is_err(), "another owner cannot open it even with the key");
        assert!(blobs.read("../lock", &key, "a").is_err(), "only ids are looked up");
        blobs.destroy(&id).unwrap();
        assert!(blobs.read(&id, &key, "a").is_err());
        blobs.destroy(&id).expect("twice is as good as once");
    }

    #[test]
    fn a_sweep_takes_only_what_no_row_names() {
        let dir = tempfile::tempdir().unwrap();
        let (blobs, key) = (Blobs::open(dir.path()).unwrap(), DataKey::generate());
        let kept = blobs.create(&key, "a").unwrap().commit().unwrap();
        blobs.create(&key, "a").unwrap().commit().unwrap();
        assert_eq!(blobs.sweep(&HashSet::from([kept.clone()])).unwrap(), 1);
        assert!(blobs.read(&kept, &key, "a").is_ok());
    }
}
