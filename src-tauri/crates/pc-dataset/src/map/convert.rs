//! A source into JSONL by a recipe: read, mapped on all cores, written beside the target and renamed over it when all is there.
//! The source is a file, an archive or a folder, or records that somebody else reads, such as those of a query.

use std::collections::BTreeMap;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use pc_base::{Cancel, Code, Coded, CodedExt as _, Progress, Reporter, Unit, coded};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::Recipe;
use super::build::Plan;
use super::group::Gathering;
use super::row::Made;
use crate::limits::LINE_BYTES;
use crate::read::{ReadOptions, Reading, Skipped, Skips, detect, start, weight};
use crate::{Record, Records};

/// Records mapped at a time, and bytes of their values after which a batch is full all the same.
const BATCH: usize = 1_024;
const BATCH_BYTES: usize = 8 << 20;

/// What to convert.
#[derive(Clone, Debug)]
pub struct Conversion<'a> {
    /// A file, an archive or a folder.
    pub path: &'a Path,
    pub read: &'a ReadOptions,
    pub recipe: &'a Recipe,
    /// The JSONL file that is written; it is replaced when all went well.
    pub out: &'a Path,
    /// An existing folder on a disk with room for the source's texts; used where rows are grouped.
    pub scratch: &'a Path,
}

/// Records that are read elsewhere, and what becomes of them.
#[derive(Clone, Debug)]
pub struct RecordConversion<'a> {
    /// What places and refusals call the source.
    pub name: &'a str,
    /// Known even where no record comes.
    pub columns: &'a [String],
    /// How many records there will be, where that is known.
    pub total: Option<u64>,
    pub recipe: &'a Recipe,
    /// As in [`Conversion`].
    pub out: &'a Path,
    /// As in [`Conversion`].
    pub scratch: &'a Path,
}

/// What a conversion did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvertReport {
    /// Rows of the source that could be read.
    pub records: u64,
    /// Rows that were written. Nothing is written, and `out` left alone, when there are none.
    pub rows: u64,
    /// Rows of the source that were passed over, or conversations, with the first thousand places.
    pub skips: Skips,
    /// Bytes and hex SHA-256 of the source; of a folder or several files, the hash of their names and hashes. Nothing of records
    /// that were read elsewhere.
    pub input_bytes: u64,
    pub input_sha256: String,
    pub output_bytes: u64,
    pub output_sha256: String,
}

/// Converts. Errors of reading that end it, of the recipe against the source's columns, [`Code::Cancelled`], a full disk.
pub fn convert(job: &Conversion<'_>, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<ConvertReport> {
    let found = detect(job.path, job.read)?;
    // Text that has no rows at all leaves nothing to hold a recipe against.
    if !found.columns.is_empty() {
        job.recipe.check(&found.columns, &job.path.display().to_string())?;
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let hash = scope.spawn(|| hash_of(job.path, &found.files, cancel, &stop));
        let written = start(job.path, job.read).and_then(|reading| {
            let files = Files { reading, total: found.bytes };
            Writing::new(job.recipe, job.out)?.run(files, job.scratch, reporter, cancel)
        });
        stop.store(written.is_err(), Ordering::Relaxed);
        let hash = hash.join().map_err(|_| anyhow::anyhow!("hashing ended unexpectedly"))?;
        let mut report = written?;
        (report.input_bytes, report.input_sha256) = hash?;
        Ok(report)
    })
}

/// Converts records until they end. Their first error ends it, too, and leaves `out` alone, as do a cancel and the errors of the
/// recipe against the columns.
pub fn convert_records(
    records: Records,
    job: &RecordConversion<'_>,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<ConvertReport> {
    job.recipe.check(job.columns, job.name)?;
    let elsewhere = Elsewhere { records, name: job.name, total: job.total };
    Writing::new(job.recipe, job.out)?.run(elsewhere, job.scratch, reporter, cancel)
}

/// Where records come from.
trait Origin: Iterator<Item = anyhow::Result<Record>> + Send {
    /// What places call the source of the record that came last.
    fn file(&self) -> &str;
    /// How far it is, after so many records.
    fn progress(&self, records: u64) -> Progress;
    /// What never became a record.
    fn skips(&self) -> Skips;
}

struct Files {
    reading: Reading,
    total: u64,
}

impl Iterator for Files {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reading.next()
    }
}

impl Origin for Files {
    fn file(&self) -> &str {
        self.reading.file()
    }

    fn progress(&self, _: u64) -> Progress {
        let done = self.reading.notes().bytes();
        Progress { stage: "convert".into(), done, total: Some(self.total.max(done)), unit: Unit::Bytes }
    }

    fn skips(&self) -> Skips {
        self.reading.notes().skips()
    }
}

struct Elsewhere<'a> {
    records: Records,
    name: &'a str,
    total: Option<u64>,
}

impl Iterator for Elsewhere<'_> {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.records.next()
    }
}

impl Origin for Elsewhere<'_> {
    fn file(&self) -> &str {
        self.name
    }

    fn progress(&self, done: u64) -> Progress {
        Progress { stage: "convert".into(), done, total: self.total.map(|total| total.max(done)), unit: Unit::Rows }
    }

    fn skips(&self) -> Skips {
        Skips::default()
    }
}

/// The conversion on its way.
struct Writing<'a> {
    recipe: &'a Recipe,
    to: &'a Path,
    plan: Plan<'a>,
    out: BufWriter<NamedTempFile>,
    hash: Sha256,
    report: ConvertReport,
}

/// A record and the file that it came from.
type Placed = (std::sync::Arc<str>, Record);

impl<'a> Writing<'a> {
    fn new(recipe: &'a Recipe, to: &'a Path) -> anyhow::Result<Self> {
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        let file = NamedTempFile::new_in(parent).with_context(|| format!("writing in {}", parent.display()))?;
        let out = BufWriter::with_capacity(1 << 20, file);
        let (hash, report) = (Sha256::new(), ConvertReport::default());
        Ok(Self { recipe, to, plan: Plan::new(recipe)?, out, hash, report })
    }

    fn run(
        mut self,
        mut reading: impl Origin,
        scratch: &Path,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> anyhow::Result<ConvertReport> {
        let recipe = self.recipe;
        let grouped = recipe.group.as_ref().filter(|_| self.plan.is_grouped());
        if let Some(group) = grouped {
            // The plan is made twice, because the one that gathers is borrowed for as long as rows are written.
            let plan = Plan::new(recipe)?;
            let mut gathering = Gathering::new(&plan, group, scratch);
            while let Some(record) = reading.next() {
                let record = record?;
                self.report.records += 1;
                if self.report.records.is_multiple_of(BATCH as u64) {
                    cancel.check()?;
                    reporter.report(reading.progress(self.report.records));
                }
                if let Err(why) = gathering.take(&record, reading.file())? {
                    self.report.skips.add(Skipped::new(reading.file(), record.at, why));
                }
            }
            gathering.finish(scratch, cancel, |(file, at, made)| self.put(&file, at, made.map(|made| made.line())))?;
        } else {
            let mut batch = next_batch(&mut reading)?;
            while !batch.is_empty() {
                cancel.check()?;
                reporter.report(reading.progress(self.report.records));
                let plan = &self.plan;
                let map = || {
                    batch
                        .par_iter()
                        .map(|(_, record)| plan.row(record).map(|made: Made| made.line()))
                        .collect::<Vec<_>>()
                };
                let (rows, next) = rayon::join(map, || next_batch(&mut reading));
                self.report.records += batch.len() as u64;
                for ((file, record), row) in batch.iter().zip(rows) {
                    self.put(file, record.at, row)?;
                }
                batch = next?;
            }
        }
        self.finish(&reading)
    }

    fn put(&mut self, file: &str, at: u64, row: Result<String, Coded>) -> anyhow::Result<()> {
        let row = row.and_then(|line| {
            if line.len() > LINE_BYTES { Err(coded(Code::RowTooLong).with("limit", LINE_BYTES)) } else { Ok(line) }
        });
        match row {
            Ok(mut line) => {
                line.push('\n');
                self.hash.update(&line);
                self.report.rows += 1;
                self.report.output_bytes += line.len() as u64;
                self.out.write_all(line.as_bytes()).context("writing rows")?;
            }
            Err(why) => self.report.skips.add(Skipped::new(file, at, why)),
        }
        Ok(())
    }

    fn finish(mut self, reading: &impl Origin) -> anyhow::Result<ConvertReport> {
        for skipped in merged(&mut self.report.skips, reading.skips()) {
            self.report.skips.kept.push(skipped);
        }
        self.report.skips.kept.sort_by(|a, b| (&a.file, a.at).cmp(&(&b.file, b.at)));
        if self.report.rows == 0 {
            return Ok(self.report);
        }
        let file = self.out.into_inner().map_err(std::io::IntoInnerError::into_error).context("writing rows")?;
        file.as_file().sync_all().context("writing rows")?;
        file.persist(self.to).with_context(|| format!("writing {}", self.to.display()))?;
        self.report.output_sha256 = hex::encode(self.hash.finalize());
        Ok(self.report)
    }
}

/// Adds what the readers passed over to what the recipe did; the places among them that are still kept come back.
fn merged(into: &mut Skips, other: Skips) -> Vec<Skipped> {
    into.total += other.total;
    for (code, count) in other.by_code {
        *into.by_code.entry(code).or_default() += count;
    }
    other.kept.into_iter().take(1_000_usize.saturating_sub(into.kept.len())).collect()
}

fn next_batch(reading: &mut impl Origin) -> anyhow::Result<Vec<Placed>> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let mut file: std::sync::Arc<str> = reading.file().into();
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Some(record) = reading.next() else { break };
        let record = record?;
        bytes += record.values.iter().map(weight).sum::<usize>();
        if *file != *reading.file() {
            file = reading.file().into();
        }
        batch.push((file.clone(), record));
    }
    Ok(batch)
}

/// Bytes and hash of a source.
fn hash_of(path: &Path, files: &[String], cancel: &Cancel, stop: &AtomicBool) -> anyhow::Result<(u64, String)> {
    if !path.is_dir() {
        return hash_file(path, cancel, stop);
    }
    let (mut all, mut bytes, mut seen) = (Sha256::new(), 0, BTreeMap::new());
    for file in files {
        let (size, hash) = hash_file(&PathBuf::from(file), cancel, stop)?;
        let name = Path::new(file).strip_prefix(path).unwrap_or(Path::new(file)).display().to_string();
        seen.insert(name, hash);
        bytes += size;
    }
    for (name, hash) in seen {
        all.update(format!("{hash}  {name}\n"));
    }
    Ok((bytes, hex::encode(all.finalize())))
}

fn hash_file(path: &Path, cancel: &Cancel, stop: &AtomicBool) -> anyhow::Result<(u64, String)> {
    let unreadable = || coded(Code::FileUnreadable).with("path", path.display());
    let (mut file, mut hash, mut buffer, mut bytes) = (crate::open(path)?, Sha256::new(), vec![0; 1 << 20], 0);
    loop {
        cancel.check()?;
        let read = file.read(&mut buffer).code(unreadable)?;
        if read == 0 || stop.load(Ordering::Relaxed) {
            return Ok((bytes, hex::encode(hash.finalize())));
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
}
