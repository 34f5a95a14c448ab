//! The bench of data sets: a generated file of varied rows in Chinese and English, no line twice, and the speed and memory of
//! each stage over it. Printing the figures, and other programs over the same file, are the caller's part.

mod generate;
mod personal;
mod process;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use md5::Md5;
use pc_base::{Cancel, Silent};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::check::{self, CheckOptions, WholeOptions};
use crate::content::{Counter, Stats};
use crate::map::{Conversion, convert, guess};
use crate::near::NearOptions;
use crate::privacy::{Detector, Rules, ScanOptions, scan_file};
use crate::read::{ReadOptions, detect};
use crate::{Limits, Report};
use process::Measuring;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Bench {
    pub bytes: u64,
    pub rows: u64,
    pub stages: Vec<Stage>,
    /// Findings by code of the whole check, so that what was looked for was there.
    pub found: Vec<(&'static str, u64)>,
    /// Tokens of all rows; 0 without a counter.
    pub tokens: u64,
}

/// One stage over a whole file.
#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    /// `hash` (SHA-256 and MD5 one after the other, one core), `format` (parse and format rules), `near` (near duplicates),
    /// `privacy` (personal data and secrets), `tokens` (parse, format rules and tokens), `check` (all without tokens, as a user
    /// gets it), `check+tokens`, `csv` and `xlsx` (conversion to rows; of a workbook the bytes are those of its sheet unpacked).
    pub name: String,
    pub bytes: u64,
    pub seconds: f64,
    /// Seconds of processor time of all cores, where the system tells it (Linux): what the stage costs on a machine that
    /// does other things, too.
    pub processor_seconds: Option<f64>,
    /// 10^6 bytes a second.
    pub megabytes_per_second: f64,
    /// The greatest resident set during the stage, in bytes, where the system tells it (Linux).
    pub peak_memory: Option<u64>,
}

/// A generated table is this part of the file of rows.
const TABLE: u64 = 4;

/// Writes about `bytes` of rows below `dir`, measures over them, and removes them again. Tokens are counted where a counter is
/// given. `others` is called with the file while it is there.
pub fn bench(
    dir: &Path,
    bytes: u64,
    counter: Option<&Counter>,
    others: impl FnOnce(&Path) -> anyhow::Result<()>,
    cancel: &Cancel,
) -> anyhow::Result<Bench> {
    let folder = tempfile::tempdir_in(dir).context("making a folder")?;
    let path = folder.path().join("rows.jsonl");
    generate::rows(&path, bytes, cancel)?;
    let mut bench = measure(&path, counter, cancel)?;
    others(&path)?;
    std::fs::remove_file(&path).context("removing the generated file")?;
    let table = folder.path().join("rows.csv");
    let written = generate::csv(&table, bytes / TABLE, cancel)?;
    bench.stages.push(converted("csv", (&table, written), folder.path(), cancel)?);
    std::fs::remove_file(&table).context("removing the generated table")?;
    let book = folder.path().join("rows.xlsx");
    let written = generate::xlsx(&book, bytes / TABLE, cancel)?;
    bench.stages.push(converted("xlsx", (&book, written), folder.path(), cancel)?);
    Ok(bench)
}

fn measure(path: &Path, counter: Option<&Counter>, cancel: &Cancel) -> anyhow::Result<Bench> {
    let bytes = path.metadata().context("reading the generated file")?.len();
    let mut stages = Vec::new();
    let mut stage = |name: &str, work: &mut dyn FnMut() -> anyhow::Result<()>| {
        let measuring = Measuring::begin();
        work()?;
        stages.push(measuring.end(name, bytes));
        anyhow::Ok(())
    };
    stage("hash", &mut || hash(path, cancel))?;
    stage("format", &mut || check::judge_file(path, None, cancel).map(drop))?;
    stage("near", &mut || crate::near::duplicates(path, &NearOptions::default(), &Silent, cancel).map(drop))?;
    let detector = Detector::new(&Rules::default())?;
    stage("privacy", &mut || scan_file(path, &detector, &ScanOptions::default(), &Silent, cancel).map(drop))?;
    let mut report = Report::default();
    let mut whole = |counter: Option<&Counter>| {
        report = check::whole(path, &everything(&detector, counter), &Silent, cancel)?;
        anyhow::Ok(())
    };
    stage("check", &mut || whole(None))?;
    if counter.is_some() {
        let mut alone = Stats::default();
        stage("tokens", &mut || {
            alone = check::judge_file(path, counter, cancel)?;
            Ok(())
        })?;
        stage("check+tokens", &mut || whole(counter))?;
        anyhow::ensure!(alone.tokens == report.stats.tokens, "tokens differ, so the figures mean nothing");
    }
    let first = report.findings.iter().find(|found| found.severity == crate::Severity::Error);
    anyhow::ensure!(first.is_none(), "the generated rows have errors, so the figures mean nothing: {first:?}");
    let found = report.groups.iter().map(|group| (group.code.name(), group.total)).collect();
    Ok(Bench { bytes, rows: report.rows, stages, found, tokens: report.stats.tokens_total })
}

fn everything<'a>(detector: &'a Detector, counter: Option<&Counter>) -> WholeOptions<'a> {
    let limits = Limits { file_bytes: u64::MAX, console_bytes: u64::MAX, ..Limits::default() };
    let check = CheckOptions { limits, counter: counter.cloned(), ..CheckOptions::default() };
    WholeOptions { check, detector: Some(detector), near: Some(NearOptions::default()), held: Vec::new() }
}

fn converted(name: &str, (path, bytes): (&Path, u64), folder: &Path, cancel: &Cancel) -> anyhow::Result<Stage> {
    let read = ReadOptions { scratch: Some(folder.to_owned()), ..ReadOptions::default() };
    let recipe = guess(&detect(path, &read)?.records()).recipe;
    let out = folder.join("converted.jsonl");
    let measuring = Measuring::begin();
    let job = Conversion { path, read: &read, recipe: &recipe, out: &out, scratch: folder };
    let report = convert(&job, &Silent, cancel)?;
    let stage = measuring.end(name, bytes);
    anyhow::ensure!(report.rows > 0 && report.skips.total == 0, "a generated table has rows that cannot be read");
    Ok(stage)
}

fn hash(path: &Path, cancel: &Cancel) -> anyhow::Result<()> {
    let mut file = File::open(path).context("reading the generated file")?;
    let (mut sha256, mut md5, mut buffer) = (Sha256::new(), Md5::new(), vec![0; 1 << 20]);
    loop {
        cancel.check()?;
        let read = file.read(&mut buffer).context("reading the generated file")?;
        if read == 0 {
            return Ok(());
        }
        sha256.update(&buffer[..read]);
        md5.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RowTokens;

    #[test]
    fn generated_rows_are_good_and_differ_and_hold_what_is_looked_for_and_every_stage_is_measured() {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let counter = Counter(std::sync::Arc::new(|line| {
            let longest = line.len() as u64;
            Some(RowTokens { longest, total: longest })
        }));
        let mut seen = 0;
        let others = |path: &Path| {
            seen = path.metadata()?.len();
            Ok(())
        };
        let bench = bench(dir.path(), 1_000_000, Some(&counter), others, &Cancel::default()).expect("the bench runs");
        assert!(bench.bytes >= 1_000_000 && bench.rows > 500 && seen == bench.bytes, "{bench:?}");
        let names: Vec<_> = bench.stages.iter().map(|stage| stage.name.as_str()).collect();
        assert_eq!(names, ["hash", "format", "near", "privacy", "check", "tokens", "check+tokens", "csv", "xlsx"]);
        let found = |code: &str| bench.found.iter().find(|(name, _)| *name == code).map_or(0, |(_, total)| *total);
        assert_eq!(found("duplicate_near") + found("duplicate_exact"), bench.rows / 50, "as many as were planted");
        for kind in
            ["personal_resident_id", "personal_mobile", "personal_bank_card", "personal_payment_card", "secret_entropy"]
        {
            assert!(found(kind) > 0, "{kind} is there: {:?}", bench.found);
        }
        assert_eq!(bench.tokens, bench.bytes - bench.rows, "line feeds are no part of a row");
        assert!(dir.path().read_dir().expect("readable").next().is_none(), "the generated files are gone");
    }
}
