//! Local data sets: files named by what they hold, in a folder for this user only, and the notes that make them versions. A version's
//! file is on the disk, synced, before a row names it. Deliberately absent: what makes a version, which is `cases`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use jiff::{SignedDuration, Timestamp};
use pc_base::{Cancel, Code, Progress, Reporter, Unit, coded, make_private};
use pc_store::console::{LocalDataset, Version};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::api::{Checked, DatasetKind, MadeBy, Tag, VersionId, VersionRow};
use crate::app::App;

/// A version and its file.
#[derive(Clone, Debug)]
pub(crate) struct HeldVersion {
    pub row: VersionRow,
    pub path: PathBuf,
}

/// Which chain of versions a file is added to.
#[derive(Clone, Debug)]
pub(crate) enum Chain {
    /// A new data set; where the name is taken it gets a number.
    New { name: String, kind: DatasetKind },
    /// The data set with this id.
    Next(String),
}

/// A file that becomes a version.
#[derive(Clone, Debug)]
pub(crate) struct NewVersion {
    /// Made in [`App::library_scratch`]; it is moved away.
    pub file: PathBuf,
    pub chain: Chain,
    pub parent: Option<VersionId>,
    pub made: MadeBy,
    /// A path, a query or a model's name where it came from outside.
    pub source: String,
    pub counts: BTreeMap<String, u64>,
    /// Where generated rows came from; a file that is moved away, too.
    pub provenance: Option<PathBuf>,
}

/// What a command of the command line works on.
#[derive(Clone, Debug)]
pub struct DatasetInput {
    pub path: PathBuf,
    /// Nothing for a plain file.
    pub version: Option<VersionRow>,
}

/// What the folders of unfinished work begin with.
const SCRATCH: &str = ".new-";
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The longest name of a data set, in characters.
const NAME: usize = 100;
/// The sidecar with the provenance of generated rows; JSONL.
pub(crate) const PROVENANCE: &str = "provenance";

impl App {
    fn library_folder(&self) -> Result<PathBuf> {
        let folder = self.places().home.join("datasets");
        make_private(&folder)?;
        Ok(folder)
    }

    /// A folder for files that may become versions; gone with the value.
    pub(crate) fn library_scratch(&self) -> Result<tempfile::TempDir> {
        let folder = self.library_folder()?;
        tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&folder)
            .with_context(|| format!("writing in {}", folder.display()))
    }

    /// Holds the library against other programs of this home while files and notes change together.
    fn library_lock(&self) -> Result<File> {
        let path = self.library_folder()?.join(".lock");
        let what = || format!("locking {}", path.display());
        let file = File::options().create(true).truncate(false).write(true).open(&path).with_context(what)?;
        file.lock().with_context(what)?;
        Ok(file)
    }

    fn version_file(&self, sha256: &str) -> PathBuf {
        self.places().home.join("datasets").join(format!("{sha256}.jsonl"))
    }

    /// A version and its file. [`Code::VersionNotFound`].
    pub(crate) fn version_held(&self, dataset: &str, version: u32) -> Result<HeldVersion> {
        let missing = || coded(Code::VersionNotFound).with("dataset", dataset).with("version", version);
        let (set, row) = self.store().read(|tx| Ok((tx.library_dataset(dataset)?, tx.version(dataset, version)?)))?;
        let (Some(set), Some(row)) = (set, row) else { bail!(missing()) };
        let path = self.version_file(&row.sha256);
        Ok(HeldVersion { row: self.version_row(&set, row)?, path })
    }

    /// Takes a file in as a version: hashed and counted, moved, noted, announced.
    pub(crate) fn version_keep(&self, new: NewVersion, reporter: &dyn Reporter, cancel: &Cancel) -> Result<VersionRow> {
        let measured = measure(&new.file, reporter, cancel)?;
        let path = self.version_file(&measured.sha256);
        let _held = self.library_lock()?;
        if path.exists() {
            std::fs::remove_file(&new.file).context("removing what is there already")?;
        } else {
            std::fs::rename(&new.file, &path).with_context(|| format!("writing {}", path.display()))?;
        }
        let (set, row) = self.store().write(|tx| {
            let set = match &new.chain {
                Chain::Next(id) => match tx.library_dataset(id)? {
                    Some(set) => set,
                    None => bail!(coded(Code::VersionNotFound).with("dataset", id).with("version", "")),
                },
                Chain::New { name, kind } => {
                    let name = free_name(&named(name)?, |name| Ok(tx.library_named(name)?.is_some()))?;
                    let (id, kind) = (Uuid::now_v7().to_string(), kind.name().to_owned());
                    let set = LocalDataset { id, name, kind, created_at: self.now() };
                    tx.library_add(&set)?;
                    set
                }
            };
            let mut row = Version {
                dataset_id: set.id.clone(),
                number: 0,
                sha256: measured.sha256.clone(),
                bytes: measured.bytes,
                rows: measured.rows,
                parent: new.parent.clone().map(|parent| (parent.dataset, parent.version)),
                made: text_of(&new.made)?,
                source: new.source.clone(),
                counts: serde_json::to_string(&new.counts)?,
                created_at: self.now(),
                checked: None,
            };
            row.number = tx.version_add(&row)?;
            if let Some(provenance) = &new.provenance {
                let to = self.sidecar(&set.id, row.number, PROVENANCE, "jsonl");
                std::fs::rename(provenance, &to).with_context(|| format!("writing {}", to.display()))?;
            }
            Ok((set, row))
        })?;
        self.library_sweep()?;
        self.changed(&[Tag::Library]);
        self.version_row(&set, row)
    }

    /// Removes what a program that was killed left behind: files that no version names, and work that nobody has touched for a day.
    /// The library is held.
    fn library_sweep(&self) -> Result<()> {
        let yesterday = self.time() - DAY;
        for path in self.library_files("")? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let hash = name.split('.').next().filter(|hash| hash.len() == 64);
            if name.starts_with(SCRATCH) {
                let changed = path.metadata().and_then(|meta| meta.modified()).ok();
                if changed.and_then(|time| Timestamp::try_from(time).ok()).is_some_and(|time| time < yesterday) {
                    std::fs::remove_dir_all(&path).with_context(|| format!("removing {}", path.display()))?;
                }
            } else if let Some(hash) = hash
                && !self.store().read(|tx| tx.version_holds(hash))?
            {
                remove_if_there(&path)?;
            }
        }
        Ok(())
    }

    /// Forgets a data set; its files go unless another version holds the same bytes, and the way back from its stand-ins goes.
    pub(crate) fn library_remove(&self, dataset: &str) -> Result<()> {
        let _held = self.library_lock()?;
        let versions = self.store().read(|tx| tx.versions(dataset))?;
        let gone = self.store().write(|tx| {
            tx.library_remove(dataset)?;
            let mut gone = Vec::new();
            for version in &versions {
                if !tx.version_holds(&version.sha256)? {
                    gone.push(self.version_file(&version.sha256));
                }
            }
            Ok(gone)
        })?;
        let sidecars = self.library_files(&format!("{dataset}-"))?;
        let indexes = gone.iter().map(|path| path.with_extension("index"));
        for path in indexes.chain(gone.clone()).chain(sidecars) {
            remove_if_there(&path)?;
        }
        self.privacy_remove(dataset)
    }

    fn library_files(&self, prefix: &str) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.library_folder()?).context("looking through the library")? {
            let entry = entry.context("looking through the library")?;
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    fn sidecar(&self, dataset: &str, version: u32, name: &str, ending: &str) -> PathBuf {
        self.places().home.join("datasets").join(format!("{dataset}-{version}.{name}.{ending}"))
    }

    /// Where something is kept beside a version, such as its `report`; gone with its data set.
    pub(crate) fn version_sidecar(&self, row: &VersionRow, name: &str) -> PathBuf {
        self.sidecar(&row.dataset, row.version, name, if name == PROVENANCE { "jsonl" } else { "json" })
    }

    /// Notes the figures of a whole check.
    pub(crate) fn version_checked(&self, dataset: &str, version: u32, checked: &Checked) -> Result<()> {
        let json = serde_json::to_string(checked)?;
        self.store().write(|tx| tx.version_checked(dataset, version, &json))?;
        self.changed(&[Tag::Library]);
        Ok(())
    }

    pub(crate) fn version_row(&self, set: &LocalDataset, row: Version) -> Result<VersionRow> {
        let path = self.version_file(&row.sha256).display().to_string();
        Ok(VersionRow {
            dataset: row.dataset_id,
            version: row.number,
            name: set.name.clone(),
            kind: DatasetKind::from_name(&set.kind).unwrap_or_default(),
            sha256: row.sha256,
            bytes: row.bytes,
            rows: row.rows,
            parent: row.parent.map(|(dataset, version)| VersionId { dataset, version }),
            made: serde_json::from_value(row.made.into()).context("reading how a version was made")?,
            source: row.source,
            counts: serde_json::from_str(&row.counts).context("reading a version's counts")?,
            created_at: row.created_at,
            checked: row
                .checked
                .map(|json| serde_json::from_str(&json))
                .transpose()
                .context("reading a check's figures")?,
            path,
        })
    }

    /// What a word of the command line means: a path, or `NAME@VERSION` of a local data set where there is no such file.
    /// [`Code::DatasetInputUnknown`].
    pub async fn dataset_input(&self, word: &str) -> Result<DatasetInput> {
        let word = word.to_owned();
        self.blocking(move |app| {
            let path = PathBuf::from(&word);
            if path.exists() {
                return Ok(DatasetInput { path, version: None });
            }
            let unknown = || coded(Code::DatasetInputUnknown).with("input", &word);
            let (name, number) = match word.rsplit_once('@').map(|(name, number)| (name, number.parse::<u32>())) {
                Some((name, Ok(number))) => (name, Some(number)),
                _ => (word.as_str(), None),
            };
            let set = app.store().read(|tx| tx.library_named(name))?.ok_or_else(unknown)?;
            let newest = app.store().read(|tx| tx.versions(&set.id))?.last().map(|version| version.number);
            let held = app.version_held(&set.id, number.or(newest).ok_or_else(unknown)?)?;
            Ok(DatasetInput { path: held.path, version: Some(held.row) })
        })
        .await
    }
}

/// A name that a person gave, without what a name cannot have. [`Code::InputInvalid`].
pub(crate) fn named(name: &str) -> Result<String> {
    let name = name.trim();
    let invalid = |why: &str| coded(Code::InputInvalid).with("what", "name").with("why", why);
    if name.is_empty() || name.chars().count() > NAME {
        bail!(invalid("1-100"));
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '@' | '/' | '\\')) {
        bail!(invalid("@ / \\"));
    }
    Ok(name.to_owned())
}

fn free_name(wanted: &str, mut taken: impl FnMut(&str) -> Result<bool>) -> Result<String> {
    if !taken(wanted)? {
        return Ok(wanted.to_owned());
    }
    for number in 2..=u32::MAX {
        let name = format!("{wanted}-{number}");
        if !taken(&name)? {
            return Ok(name);
        }
    }
    bail!(coded(Code::LibraryNameTaken).with("name", wanted))
}

fn text_of(made: &MadeBy) -> Result<String> {
    Ok(serde_json::to_value(made)?.as_str().unwrap_or_default().to_owned())
}

pub(crate) fn remove_if_there(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        outcome => outcome.with_context(|| format!("removing {}", path.display())),
    }
}

struct Measured {
    sha256: String,
    bytes: u64,
    rows: u64,
}

/// Hashes a file and counts its lines that are not blank, in one reading; what was written is on the disk then.
fn measure(path: &Path, reporter: &dyn Reporter, cancel: &Cancel) -> Result<Measured> {
    let what = || format!("reading {}", path.display());
    let mut file = File::options().read(true).write(true).open(path).with_context(what)?;
    file.sync_all().with_context(what)?;
    let total = file.metadata().with_context(what)?.len();
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    let (mut bytes, mut rows, mut blank) = (0, 0, true);
    loop {
        cancel.check()?;
        let read = file.read(&mut buffer).with_context(what)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        for &byte in &buffer[..read] {
            if byte == b'\n' {
                rows += u64::from(!blank);
                blank = true;
            } else {
                blank &= byte.is_ascii_whitespace();
            }
        }
        bytes += read as u64;
        reporter.report(Progress { stage: "keep".into(), done: bytes, total: Some(total), unit: Unit::Bytes });
    }
    Ok(Measured { sha256: hex::encode(hash.finalize()), bytes, rows: rows + u64::from(!blank) })
}
