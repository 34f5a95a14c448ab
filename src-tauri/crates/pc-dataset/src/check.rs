//! The check of a whole file: every line judged, on all cores, while the file is read once, block by block;
//! its hashes are computed from the same bytes. Deliberately absent: the rules for a line, which are `judge`'s.

use std::path::Path;

use md5::Md5;
use memchr::memchr;
use pc_base::{Cancel, Code, CodedExt as _, Language, Progress, Reporter, Unit, coded};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::blocks::{Blocks, Kind};
use crate::content::{self, Counter, Stats};
use crate::finding::{Finding, FindingCode, Found, Severity};
use crate::json::Tape;
use crate::judge::{Verdict, judge, read, row};
use crate::limits::{FINDINGS_KEPT, LINE_BYTES, Limits};
use crate::{Row, RowKind, open};

/// Bytes that one core judges at a time.
const SECTION: usize = 128 << 10;
/// Lines that are looked at for the sample before it is given up.
const SAMPLE_TRIES: u64 = 1_000;

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
    /// Counts the tokens of each row, when one is given; part of the look at content.
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
    /// In file order, the whole file's first; at most [`FINDINGS_KEPT`].
    pub findings: Vec<Finding>,
    /// All findings, kept or not.
    pub findings_total: u64,
    /// Those of them that are errors.
    pub errors_total: u64,
    /// The first good rows.
    pub sample: Vec<SampleRow>,
    /// Distributions over the good rows; empty where content was not looked at.
    pub stats: Stats,
}

/// A good row and its line.
#[derive(Clone, Debug, Serialize)]
pub struct SampleRow {
    pub line: u64,
    pub row: Row,
}

/// Checks a file. Fails only when the file cannot be read or the check is cancelled: everything
/// else, an empty file included, is a finding. Memory stays below about 100 MB whatever the file holds.
pub fn check(path: &Path, options: &CheckOptions, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<Report> {
    let file = open(path)?;
    let unreadable = || coded(Code::FileUnreadable).with("path", path.display());
    let total = file.metadata().code(unreadable)?.len();
    let mut blocks = Blocks::new(file);
    let mut tally = Tally::new(options);
    let (mut block, mut ahead) = (Vec::new(), Vec::new());
    let mut kind = blocks.next(&mut block).code(unreadable)?;
    while let Some(this) = kind {
        cancel.check()?;
        let (next, ()) = rayon::join(|| blocks.next(&mut ahead), || tally.block(&block, this));
        kind = next.code(unreadable)?;
        std::mem::swap(&mut block, &mut ahead);
        reporter.report(Progress {
            stage: "check".into(),
            done: tally.bytes,
            total: Some(total.max(tally.bytes)),
            unit: Unit::Bytes,
        });
    }
    Ok(tally.finish(path))
}

/// Judges all lines and throws the verdicts away: the part of [`check`] that the bench shows by itself.
pub(crate) fn judge_file(path: &Path, cancel: &Cancel) -> anyhow::Result<()> {
    let options = CheckOptions { content: false, ..CheckOptions::default() };
    let (mut blocks, mut block, mut ahead) = (Blocks::new(open(path)?), Vec::new(), Vec::new());
    let mut more = blocks.next(&mut block)?.is_some();
    while more {
        cancel.check()?;
        let judge_all = || {
            let judged = |(at, section)| drop(Section::judge(section, at as u64, &options));
            sections(&block).into_par_iter().for_each(judged);
        };
        let (next, ()) = rayon::join(|| blocks.next(&mut ahead), judge_all);
        more = next?.is_some();
        std::mem::swap(&mut block, &mut ahead);
    }
    Ok(())
}

/// What is known after some blocks.
struct Tally<'a> {
    options: &'a CheckOptions,
    sha256: Sha256,
    md5: Md5,
    bytes: u64,
    lines: u64,
    counts: Counts,
    first_crlf: Option<u64>,
    found: Vec<Found>,
    sample: Vec<SampleRow>,
    stats: Stats,
    tape: Tape,
}

/// Numbers that add up over sections.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    rows: u64,
    good_rows: u64,
    messages: u64,
    characters: u64,
    found: u64,
    errors: u64,
}

impl<'a> Tally<'a> {
    fn new(options: &'a CheckOptions) -> Self {
        Self {
            options,
            sha256: Sha256::new(),
            md5: Md5::new(),
            bytes: 0,
            lines: 0,
            counts: Counts::default(),
            first_crlf: None,
            found: Vec::new(),
            sample: Vec::new(),
            stats: Stats::default(),
            tape: Tape::default(),
        }
    }

    fn block(&mut self, block: &[u8], kind: Kind) {
        let start = self.bytes;
        let (sha256, md5, options) = (&mut self.sha256, &mut self.md5, self.options);
        let judged = match kind {
            Kind::Lines => {
                let judge_all = || {
                    let body = if start == 0 { block.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(block) } else { block };
                    let offset = start + (block.len() - body.len()) as u64;
                    sections(body)
                        .into_par_iter()
                        .map(|(at, section)| Section::judge(section, offset + at as u64, options))
                        .collect()
                };
                rayon::join(|| rayon::join(|| sha256.update(block), || md5.update(block)), judge_all).1
            }
            Kind::Overlong { .. } => {
                rayon::join(|| sha256.update(block), || md5.update(block));
                Vec::new()
            }
        };
        if start == 0 {
            self.beginning(block);
        }
        self.bytes += block.len() as u64;
        for section in judged {
            self.section(section);
        }
        if let Kind::Overlong { starts, .. } = kind {
            if starts {
                self.lines += 1;
                self.counts.rows += 1;
                let line = self.lines;
                self.add(Found { line, ..Found::new(FindingCode::LineTooLong, "").with("limit", LINE_BYTES) });
            }
        } else {
            self.fill_sample(block);
        }
    }

    /// Byte order marks are only marks at the very beginning.
    fn beginning(&mut self, block: &[u8]) {
        if block.starts_with(b"\xEF\xBB\xBF") {
            self.add(Found { line: 1, ..Found::new(FindingCode::FileBom, "") });
        } else if block.starts_with(b"\xFF\xFE") || block.starts_with(b"\xFE\xFF") {
            self.add(Found::new(FindingCode::FileUtf16, ""));
        }
    }

    fn section(&mut self, section: Section) {
        let room = FINDINGS_KEPT.saturating_sub(self.found.len());
        let base = self.lines;
        self.found.extend(section.found.into_iter().take(room).map(|found| Found { line: base + found.line, ..found }));
        self.first_crlf = self.first_crlf.or(section.first_crlf.map(|line| base + line));
        self.lines += section.lines;
        self.stats.merge(section.stats);
        let (all, new) = (&mut self.counts, section.counts);
        all.rows += new.rows;
        all.good_rows += new.good_rows;
        all.messages += new.messages;
        all.characters += new.characters;
        all.found += new.found;
        all.errors += new.errors;
    }

    fn add(&mut self, found: Found) {
        self.counts.found += 1;
        self.counts.errors += u64::from(found.code.severity() == Severity::Error);
        if self.found.len() < FINDINGS_KEPT {
            self.found.push(found);
        }
    }

    /// The first good rows come from the first blocks; a file without any stops the search early.
    fn fill_sample(&mut self, block: &[u8]) {
        let first =
            self.lines - memchr::memchr_iter(b'\n', block).count() as u64 - u64::from(!block.ends_with(b"\n")) + 1;
        for (index, line) in block.split(|&byte| byte == b'\n').enumerate() {
            let number = first + index as u64;
            if self.sample.len() >= self.options.sample_rows || number > SAMPLE_TRIES {
                return;
            }
            let line = if number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line };
            let text =
                std::str::from_utf8(line).ok().filter(|text| !text.trim().is_empty() && text.len() <= LINE_BYTES);
            let good = text.is_some_and(|text| {
                judge(text, self.options.kind, &mut self.tape)
                    .found
                    .iter()
                    .all(|f| f.code.severity() == Severity::Warning)
            });
            if let Some(row) = text.filter(|_| good).and_then(|text| self.options.kind.shown(text)) {
                self.sample.push(SampleRow { line: number, row });
            }
        }
    }

    fn finish(mut self, path: &Path) -> Report {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut whole = self.whole_file(&name);
        whole.extend(self.stats.whole());
        self.counts.found += whole.len() as u64;
        self.counts.errors += whole.iter().filter(|f| f.code.severity() == Severity::Error).count() as u64;
        whole.append(&mut self.found);
        // A line-ending finding bears its line, so it goes where that line's findings are.
        whole.sort_by_key(|found| found.line);
        whole.truncate(FINDINGS_KEPT);
        Report {
            path: path.display().to_string(),
            name,
            bytes: self.bytes,
            sha256: hex::encode(self.sha256.finalize()),
            md5: hex::encode(self.md5.finalize()),
            rows: self.counts.rows,
            good_rows: self.counts.good_rows,
            messages: self.counts.messages,
            characters: self.counts.characters,
            findings: whole.into_iter().map(|found| found.worded(self.options.language)).collect(),
            findings_total: self.counts.found,
            errors_total: self.counts.errors,
            sample: self.sample,
            stats: self.stats,
        }
    }

    fn whole_file(&self, name: &str) -> Vec<Found> {
        let (limits, mut found) = (&self.options.limits, Vec::new());
        let stem = name.strip_suffix(".jsonl");
        let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !stem.is_some_and(|stem| stem.chars().count() <= limits.name_chars && stem.chars().all(usual)) {
            found.push(Found::new(FindingCode::FileNameUnusual, "").with("limit", limits.name_chars));
        }
        if self.bytes > limits.file_bytes {
            found.push(
                Found::new(FindingCode::FileTooLarge, "").with("bytes", self.bytes).with("limit", limits.file_bytes),
            );
        } else if self.bytes > limits.console_bytes {
            let finding = Found::new(FindingCode::FileOverConsoleLimit, "").with("bytes", self.bytes);
            found.push(finding.with("limit", limits.console_bytes));
        }
        if self.counts.rows == 0 {
            found.push(Found::new(FindingCode::FileEmpty, ""));
        } else if let Some(batch) = self.options.batch_size.filter(|&batch| self.counts.good_rows <= batch) {
            found.push(
                Found::new(FindingCode::RowsBelowBatch, "").with("rows", self.counts.good_rows).with("batch", batch),
            );
        }
        if let Some(line) = self.first_crlf {
            found.push(Found { line, ..Found::new(FindingCode::FileCrlf, "") });
        }
        found
    }
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

/// One section's verdict; lines are counted from 1 within it.
#[derive(Debug, Default)]
struct Section {
    lines: u64,
    counts: Counts,
    first_crlf: Option<u64>,
    found: Vec<Found>,
    stats: Stats,
    tape: Tape,
}

impl Section {
    /// `start` is the section's byte offset in the file.
    fn judge(bytes: &[u8], start: u64, options: &CheckOptions) -> Self {
        let mut section = Self::default();
        // One validation of the whole section is quicker than one a line; only a broken section is looked at again.
        let valid = simdutf8::basic::from_utf8(bytes).ok();
        let mut at = 0;
        while at < bytes.len() {
            let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found);
            section.lines += 1;
            match valid.map_or_else(|| std::str::from_utf8(&bytes[at..end]), |text| Ok(&text[at..end])) {
                Ok(line) => section.line(line, options),
                Err(error) => {
                    let offset = start + (at + error.valid_up_to()) as u64;
                    section.counts.rows += 1;
                    section.add(Found::new(FindingCode::LineNotUtf8, "").with("offset", offset));
                }
            }
            at = end + 1;
        }
        section
    }

    fn line(&mut self, line: &str, options: &CheckOptions) {
        let line = match line.strip_suffix('\r') {
            Some(rest) => {
                self.first_crlf.get_or_insert(self.lines);
                rest
            }
            None => line,
        };
        if line.trim().is_empty() {
            return self.add(Found::new(FindingCode::LineBlank, ""));
        }
        self.counts.rows += 1;
        if line.len() > LINE_BYTES {
            return self.add(Found::new(FindingCode::LineTooLong, "").with("limit", LINE_BYTES));
        }
        let mut verdict = Verdict::default();
        if let Some(doc) = read(line, &mut self.tape, &mut verdict.found) {
            row(doc.value, options.kind, &mut verdict);
            if options.content {
                let good = verdict.found.iter().all(|found| found.code.severity() == Severity::Warning);
                let counter = options.counter.as_ref().map(|counter| (counter, options.max_length));
                content::look(doc.value, good, counter, &mut verdict.found, &mut self.stats);
                if doc.lone_surrogate.is_some() {
                    // It reads as U+FFFD, which has been said better already.
                    verdict.found.retain(|found| found.code != FindingCode::Mojibake);
                }
            }
        }
        let errors_before = self.counts.errors;
        for found in verdict.found {
            self.add(found);
        }
        if self.counts.errors == errors_before {
            self.counts.good_rows += 1;
            self.counts.messages += verdict.messages;
            self.counts.characters += verdict.characters;
        }
    }

    fn add(&mut self, found: Found) {
        self.counts.found += 1;
        self.counts.errors += u64::from(found.code.severity() == Severity::Error);
        if self.found.len() < FINDINGS_KEPT {
            self.found.push(Found { line: self.lines, ..found });
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
