//! Registers of stand-ins, one a data set: sealed below the master key with the data set as identity, in a folder for this user
//! only, shared by all versions. Whoever has the master key has the way back, and nobody else. Deliberately absent: what a
//! stand-in is.

use std::fs::{File, TryLockError};
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, CodedExt as _, coded, make_private};
use pc_dataset::privacy::{Key, StandIns};
use pc_secrets::{Opened, Sealer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::library::remove_if_there;

/// How soon a register that another program holds is asked for again.
const AGAIN: Duration = Duration::from_millis(100);

/// What turns stand-ins back, and gives the next ones.
pub(super) struct Register {
    pub key: Key,
    pub stand_ins: StandIns,
}

/// As it is sealed.
#[derive(Serialize)]
struct Written<'a> {
    key: &'a [u8; 32],
    stand_ins: &'a StandIns,
}

#[derive(Deserialize)]
struct Read {
    key: [u8; 32],
    stand_ins: StandIns,
}

impl Register {
    /// An empty one with a key of its own.
    pub fn fresh() -> Self {
        Self { key: Key(rand::random()), stand_ins: StandIns::default() }
    }
}

fn identity(owner: &str) -> String {
    format!("console/stand-ins/{owner}")
}

impl App {
    /// Where registers and signed reports lie.
    pub(super) fn privacy_folder(&self) -> Result<PathBuf> {
        let folder = self.places().home.join("privacy");
        make_private(&folder)?;
        Ok(folder)
    }

    /// Holds an owner's register against other programs of this home, so that none forgets what another one gave.
    pub(super) fn register_lock(&self, owner: &str, cancel: &Cancel) -> Result<File> {
        let path = self.privacy_folder()?.join(format!("{owner}.lock"));
        let what = || format!("locking {}", path.display());
        let file = File::options().create(true).truncate(false).write(true).open(&path).with_context(what)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(AGAIN),
                Err(TryLockError::Error(error)) => return Err(error).with_context(what),
            }
            cancel.check()?;
        }
    }

    /// An owner's register; nothing where there is none yet. [`Code::SealedDamaged`] with another master key, for another
    /// owner's, or where a byte was changed.
    pub(super) fn register(&self, owner: &str) -> Result<Option<Register>> {
        let path = self.privacy_folder()?.join(format!("{owner}.sealed"));
        let file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.with_context(|| format!("reading {}", path.display()))?,
        };
        let opened = Opened::new(BufReader::new(file), &self.console_key()?, &identity(owner))?;
        let damaged = || coded(Code::SealedDamaged);
        let Read { key, stand_ins } = serde_json::from_reader(BufReader::new(opened)).code(damaged)?;
        Ok(Some(Register { key: Key(key), stand_ins }))
    }

    /// Keeps a register: the old one or the new one is there, never a half.
    pub(super) fn register_keep(&self, owner: &str, register: &Register) -> Result<()> {
        let folder = self.privacy_folder()?;
        let path = folder.join(format!("{owner}.sealed"));
        let what = || format!("writing {}", path.display());
        let file = tempfile::NamedTempFile::new_in(&folder).with_context(what)?;
        let sealer = Sealer::new(BufWriter::new(file), &self.console_key()?, &identity(owner)).with_context(what)?;
        let mut sealer = BufWriter::new(sealer);
        serde_json::to_writer(&mut sealer, &Written { key: &register.key.0, stand_ins: &register.stand_ins })?;
        let sealer = sealer.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(what)?;
        let file = sealer.finish().and_then(|file| file.into_inner().map_err(std::io::IntoInnerError::into_error));
        let file = file.with_context(what)?;
        file.as_file().sync_all().with_context(what)?;
        file.persist(&path).with_context(what)?;
        Ok(())
    }

    /// Forgets a data set's register and its reports: nobody can turn its stand-ins back any more.
    pub(crate) fn privacy_remove(&self, dataset: &str) -> Result<()> {
        // Whatever else lies there is no data set's.
        if Uuid::parse_str(dataset).is_err() {
            return Ok(());
        }
        for entry in std::fs::read_dir(self.privacy_folder()?).context("looking through the privacy folder")? {
            let entry = entry.context("looking through the privacy folder")?;
            if entry.file_name().to_string_lossy().starts_with(dataset) {
                remove_if_there(&entry.path())?;
            }
        }
        Ok(())
    }
}
