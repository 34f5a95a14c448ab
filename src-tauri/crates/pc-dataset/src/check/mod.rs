//! The check of a whole file: every line judged, on all cores, while the file is read once, block by block; its hashes,
//! its personal data, its tokens and the sketches that rows are compared by come from the same bytes. Deliberately absent:
//! the rules for a line, which are `judge`'s, and comparing rows, which is `near`'s.

mod kept;
mod section;
mod tally;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole_tests;

use std::path::Path;

use memchr::memchr;
use pc_base::{Cancel, Code, CodedExt as _, Language, Progress, Reporter, Unit, coded};
use rayon::prelude::*;
use serde::Serialize;

use crate::blocks::Blocks;
use crate::content::{Counter, Stats};
use crate::finding::{Area, Finding, FindingCode, Found, Severity};
use crate::limits::Limits;
use crate::near::{Held, NearOptions};
use crate::privacy::Detector;
use crate::{Row, RowKind, open};
use section::Section;
use tally::Tally;

/// Bytes that one core judges at a time.
const SECTION: usize = 128 << 10;

/// What to check against.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// Of the findings' sentences.
    pub language: Language,
    /// What the file is meant to hold.
    pub kind: RowKind,
    pub limits: Limits,
    /// When a tune is already planned: rows must be more than this.
    pub batch_size: Option<u64>,
    /// Good rows to show.
    pub sample_rows: usize,
    /// Whether what rows say is looked at, too, and not only their format.
    pub content: bool,
    /// Counts the tokens of each good row, when one is given.
    pub counter: Option<Counter>,
    /// Tokens of the longest row that is trained.
    pub max_length: Option<u64>,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            language: Language::English,
            kind: RowKind::Sft,
            limits: Limits::default(),
            batch_size: None,
            sample_rows: 5,
            content: true,
            counter: None,
            max_length: None,
        }
    }
}

/// What is looked for in a whole check.
#[derive(Default)]
pub struct WholeOptions<'a> {
    pub check: CheckOptions,
    /// Finds personal data and secrets; without one they are not looked for.
    pub detector: Option<&'a Detector>,
    /// How rows are compared with each other; nothing compares none. `compare` and `shown` are not looked at.
    pub near: Option<NearOptions>,
    /// Files that these rows must not give away; they need `near`.
    pub held: Vec<Held>,
}

/// All findings of one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingGroup {
    pub code: FindingCode,
    pub severity: Severity,
    pub area: Area,
    /// Kept or not.
    pub total: u64,
    /// In the asked language, without a row's values.
    pub title: String,
}

/// The verdict over every line of a file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub path: String,
    pub name: String,
    pub bytes: u64,
    /// Hex, of the bytes that were judged.
    pub sha256: String,
    pub md5: String,
    /// Lines that are not blank.
    pub rows: u64,
    /// Rows without an error; warnings do not count.
    pub good_rows: u64,
    /// Messages of all good rows.
    pub messages: u64,
    /// Characters of all good rows' contents.
    pub characters: u64,
    /// In file order, the whole file's first; the first [`FINDINGS_OF_CODE`](crate::limits::FINDINGS_OF_CODE) of each code.
    pub findings: Vec<Finding>,
    /// Every code that was found: errors first, then the most frequent.
    pub groups: Vec<FindingGroup>,
    /// All findings, kept or not.
    pub findings_total: u64,
    /// Those of them that are errors.
    pub errors_total: u64,
    /// The first good rows.
    pub sample: Vec<SampleRow>,
    /// Distributions over the good rows; empty where content was not looked at.
    pub stats: Stats,
    #[serde(skip)]
    found: Vec<Found>,
}

/// A good row and its line.
#[derive(Clone, Debug, Serialize)]
pub struct SampleRow {
    pub line: u64,
    pub row: Row,
}

impl Report {
    /// The findings in another language.
    pub fn findings_in(&self, language: Language) -> Vec<Finding> {
        self.found.iter().map(|found| found.clone().worded(language)).collect()
    }

    /// Findings of an area, kept or not.
    pub fn total_of(&self, area: Area) -> u64 {
        self.groups.iter().filter(|group| group.area == area).map(|group| group.total).sum()
    }
}

/// Checks the format and the content of a file. Fails only when the file cannot be read or the check is cancelled:
/// everything else, an empty file included, is a finding. Memory stays below about 100 MB whatever the file holds.
pub fn check(path: &Path, options: &CheckOptions, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<Report> {
    whole(path, &WholeOptions { check: options.clone(), ..WholeOptions::default() }, reporter, cancel)
}

/// Says everything about a file: format, content, tokens, personal data and secrets in one walk; then which of its rows
/// repeat, contradict or give away others, for which only those that are alike are read again. Fails as [`check`] does, and
/// where a held-out golden set is none. Memory is that of [`check`] and, for comparing, about 100 bytes a row, of which the
/// keys go to a temporary file.
pub fn whole(
    path: &Path,
    options: &WholeOptions<'_>,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<Report> {
    let file = open(path)?;
    let unreadable = || coded(Code::FileUnreadable).with("path", path.display());
    let total = file.metadata().code(unreadable)?.len();
    let mut blocks = Blocks::new(file);
    let mut tally = Tally::new(path, options);
    let (mut block, mut ahead) = (Vec::new(), Vec::new());
    let mut kind = blocks.next(&mut block).code(unreadable)?;
    while let Some(this) = kind {
        cancel.check()?;
        let (next, taken) = rayon::join(|| blocks.next(&mut ahead), || tally.block(&block, this));
        taken?;
        kind = next.code(unreadable)?;
        std::mem::swap(&mut block, &mut ahead);
        let (done, total) = (tally.bytes(), Some(total.max(tally.bytes())));
        reporter.report(Progress { stage: "check".into(), done, total, unit: Unit::Bytes });
    }
    drop((block, ahead, blocks));
    tally.compare((reporter, cancel))?;
    Ok(tally.finish(path))
}

/// Judges the format of all lines, and counts the tokens of the good ones where a counter is given, and throws the verdicts
/// away: the part of [`check`] that the bench shows by itself.
pub(crate) fn judge_file(path: &Path, counter: Option<&Counter>, cancel: &Cancel) -> anyhow::Result<Stats> {
    let check = CheckOptions { content: false, counter: counter.cloned(), ..CheckOptions::default() };
    let options = WholeOptions { check, ..WholeOptions::default() };
    let (mut blocks, mut block, mut ahead) = (Blocks::new(open(path)?), Vec::new(), Vec::new());
    let mut more = blocks.next(&mut block)?.is_some();
    let mut stats = Stats::default();
    while more {
        cancel.check()?;
        let judge_all = || {
            let judged = |(at, section)| Section::judge(section, at as u64, &options).stats;
            sections(&block).into_par_iter().map(judged).collect::<Vec<_>>()
        };
        let (next, judged) = rayon::join(|| blocks.next(&mut ahead), judge_all);
        judged.into_iter().for_each(|part| stats.merge(part));
        more = next?.is_some();
        std::mem::swap(&mut block, &mut ahead);
    }
    Ok(stats)
}

/// Cuts a block into parts of whole lines, with their offsets.
pub(crate) fn sections(block: &[u8]) -> Vec<(usize, &[u8])> {
    let (mut parts, mut start) = (Vec::with_capacity(block.len() / SECTION + 1), 0);
    while start < block.len() {
        let wanted = start + SECTION;
        let end =
            block.get(wanted..).and_then(|rest| memchr(b'\n', rest)).map_or(block.len(), |found| wanted + found + 1);
        parts.push((start, &block[start..end]));
        start = end;
    }
    parts
}
