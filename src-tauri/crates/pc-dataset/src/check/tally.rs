//! What is known of a file after some of its blocks, and the report in the end. Deliberately absent: single lines.

use std::path::Path;

use md5::Md5;
use pc_base::{Cancel, Reporter};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::kept::Kept;
use super::section::{Counts, Section};
use super::{FindingGroup, Report, SampleRow, WholeOptions, sections};
use crate::blocks::Kind;
use crate::content::Stats;
use crate::finding::{FindingCode, Found, Severity};
use crate::json::Tape;
use crate::judge::judge;
use crate::limits::LINE_BYTES;
use crate::near::Near;

/// Lines that are looked at for the sample before it is given up.
const SAMPLE_TRIES: u64 = 1_000;

/// What is known after some blocks.
pub(super) struct Tally<'a> {
    options: &'a WholeOptions<'a>,
    sha256: Sha256,
    md5: Md5,
    bytes: u64,
    lines: u64,
    counts: Counts,
    first_crlf: Option<u64>,
    kept: Kept,
    sample: Vec<SampleRow>,
    stats: Stats,
    near: Option<Near>,
    tape: Tape,
}

impl<'a> Tally<'a> {
    pub fn new(path: &Path, options: &'a WholeOptions<'a>) -> Self {
        Self {
            options,
            near: options.near.as_ref().map(|near| Near::new(path, near)),
            sha256: Sha256::new(),
            md5: Md5::new(),
            bytes: 0,
            lines: 0,
            counts: Counts::default(),
            first_crlf: None,
            kept: Kept::default(),
            sample: Vec::new(),
            stats: Stats::default(),
            tape: Tape::default(),
        }
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes in the next block.
    pub fn block(&mut self, block: &[u8], kind: Kind) -> anyhow::Result<()> {
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
            self.section(section)?;
        }
        if let Kind::Overlong { starts, .. } = kind {
            if starts {
                self.lines += 1;
                self.counts.rows += 1;
                let line = self.lines;
                self.kept.add(Found { line, ..Found::new(FindingCode::LineTooLong, "").with("limit", LINE_BYTES) });
            }
        } else {
            self.fill_sample(block);
        }
        Ok(())
    }

    /// Byte order marks are only marks at the very beginning.
    fn beginning(&mut self, block: &[u8]) {
        if block.starts_with(b"\xEF\xBB\xBF") {
            self.kept.add(Found { line: 1, ..Found::new(FindingCode::FileBom, "") });
        } else if block.starts_with(b"\xFF\xFE") || block.starts_with(b"\xFE\xFF") {
            self.kept.add(Found::new(FindingCode::FileUtf16, ""));
        }
    }

    fn section(&mut self, section: Section) -> anyhow::Result<()> {
        let base = self.lines;
        if let Some(near) = &mut self.near {
            section.rows.iter().try_for_each(|(line, offset, row)| near.push(row, base + line, *offset))?;
        }
        self.kept.merge(section.kept, base);
        self.first_crlf = self.first_crlf.or(section.first_crlf.map(|line| base + line));
        self.lines += section.lines;
        self.stats.merge(section.stats);
        let (all, new) = (&mut self.counts, section.counts);
        all.rows += new.rows;
        all.good_rows += new.good_rows;
        all.messages += new.messages;
        all.characters += new.characters;
        Ok(())
    }

    /// Compares the rows, once all are there.
    pub fn compare(&mut self, over: (&dyn Reporter, &Cancel)) -> anyhow::Result<()> {
        let Some(near) = self.near.take() else { return Ok(()) };
        near.find(&self.options.held, over, |found| self.kept.add(found))
    }

    /// The first good rows come from the first blocks; a file without any stops the search early.
    fn fill_sample(&mut self, block: &[u8]) {
        // Of a file that is only a mark no line was counted.
        let lines = memchr::memchr_iter(b'\n', block).count() as u64 + u64::from(!block.ends_with(b"\n"));
        let first = (self.lines + 1).saturating_sub(lines);
        for (index, line) in block.split(|&byte| byte == b'\n').enumerate() {
            let number = first + index as u64;
            if self.sample.len() >= self.options.check.sample_rows || number > SAMPLE_TRIES {
                return;
            }
            let line = if number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line };
            let text =
                std::str::from_utf8(line).ok().filter(|text| !text.trim().is_empty() && text.len() <= LINE_BYTES);
            let good = text.is_some_and(|text| {
                judge(text, self.options.check.kind, &mut self.tape)
                    .found
                    .iter()
                    .all(|f| f.code.severity() == Severity::Warning)
            });
            if let Some(row) = text.filter(|_| good).and_then(|text| self.options.check.kind.shown(text)) {
                self.sample.push(SampleRow { line: number, row });
            }
        }
    }

    /// The report.
    pub fn finish(mut self, path: &Path) -> Report {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (mut whole, language) = (Kept::default(), self.options.check.language);
        self.whole_file(&name).into_iter().chain(self.stats.whole()).for_each(|found| whole.add(found));
        whole.merge(self.kept, 0);
        let (findings_total, errors_total) = whole.sums();
        let groups = groups(&whole, language);
        // A finding about two lines bears the second, and what was compared comes last: a stable sort puts all in place.
        whole.found.sort_by_key(|found| found.line);
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
            findings: whole.found.iter().map(|found| found.clone().worded(language)).collect(),
            groups,
            findings_total,
            errors_total,
            sample: self.sample,
            stats: self.stats,
            found: whole.found,
        }
    }

    fn whole_file(&self, name: &str) -> Vec<Found> {
        let (limits, mut found) = (&self.options.check.limits, Vec::new());
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
        } else if let Some(batch) = self.options.check.batch_size.filter(|&batch| self.counts.good_rows <= batch) {
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

fn groups(kept: &Kept, language: pc_base::Language) -> Vec<FindingGroup> {
    let group = |(code, total): (FindingCode, u64)| {
        let (severity, area, title) = (code.severity(), code.area(), code.title(language).to_owned());
        FindingGroup { code, severity, area, total, title }
    };
    let mut groups: Vec<_> = kept.totals().map(group).collect();
    groups.sort_by_key(|group| (group.severity == Severity::Warning, std::cmp::Reverse(group.total)));
    groups
}
