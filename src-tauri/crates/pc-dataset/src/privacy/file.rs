//! Privacy over a whole JSONL file: a report, or a masked copy. Lines are searched on all cores; stand-ins are given
//! in the file's order, so that the same file gives the same copy. Deliberately absent: signing and sealing.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::bail;
use pc_base::{Cancel, Code, CodedExt as _, Language, Reporter, coded};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::rows::{self, Hit, Seen};
use super::ways::{generalise, mask};
use super::{Certainty, Detector, Key, Kind, Plan, StandIns, Way};
use crate::blocks;
use crate::finding::{Finding, Found};
use crate::limits::{FINDINGS_KEPT, LINE_BYTES};
use crate::lines::{Part, Walk, walk};

/// How a report is made.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Of the findings' sentences.
    pub language: Language,
    /// Places and findings that are kept; more are counted.
    pub kept: usize,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { language: Language::English, kept: FINDINGS_KEPT }
    }
}

/// Where something was found; never what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    pub kind: Kind,
    pub certainty: Certainty,
    /// Which form of the kind; empty where there is one only.
    pub detail: &'static str,
    /// 1-based.
    pub line: u64,
    /// JSON path within the line.
    pub at: String,
    /// Bytes of the line.
    pub start: usize,
    pub end: usize,
}

/// What a file holds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PrivacyReport {
    pub bytes: u64,
    pub lines: u64,
    /// Hex, of the bytes that were looked at.
    pub sha256: String,
    /// Finds of each kind.
    pub counts: BTreeMap<Kind, u64>,
    /// Lines with a find.
    pub lines_found: u64,
    /// Lines that were not looked at: longer than can be held, or not UTF-8.
    pub lines_unread: u64,
    /// In file order, at most as many as asked.
    pub places: Vec<Place>,
    /// One for each place, in the house's form.
    pub findings: Vec<Finding>,
}

/// What masking did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MaskReport {
    /// What was found in the input.
    pub found: PrivacyReport,
    /// What was done, by kind and way.
    pub done: BTreeMap<Kind, BTreeMap<&'static str, u64>>,
    /// Finds that were replaced by something else.
    pub changed: u64,
    pub output_bytes: u64,
    /// Hex, of the output.
    pub output_sha256: String,
}

/// One part of the file after the search.
pub(super) struct Searched {
    pub bytes: Vec<u8>,
    pub lines: u64,
    unread: Option<(u64, bool)>,
    unread_count: u64,
    /// Lines with finds.
    pub lines_found: Vec<FoundLine>,
}

/// A line with finds.
pub(super) struct FoundLine {
    /// From 0 in the part.
    pub index: u64,
    /// Its first byte in the part.
    pub offset: usize,
    pub hits: Vec<Hit>,
    /// Where they were asked for.
    pub seen: Vec<Seen>,
}

/// Looks through the lines of a part; `find` gives the finds of one.
pub(super) fn search(part: Part<'_>, find: impl Fn(&str) -> (Vec<Hit>, Vec<Seen>)) -> Searched {
    let mut searched = Searched {
        bytes: part.bytes.to_vec(),
        lines: part.count(),
        unread: None,
        unread_count: 0,
        lines_found: Vec::new(),
    };
    if part.kind != blocks::Kind::Lines {
        searched.unread = Some((0, true));
        searched.unread_count = part.count();
    }
    for line in part.lines() {
        match std::str::from_utf8(line.bytes) {
            Ok(text) if text.len() <= LINE_BYTES => {
                let (hits, seen) = find(text);
                if !hits.is_empty() {
                    let offset = (line.offset - part.offset) as usize;
                    searched.lines_found.push(FoundLine { index: line.index, offset, hits, seen });
                }
            }
            read => {
                searched.unread.get_or_insert((line.index, read.is_ok()));
                searched.unread_count += 1;
            }
        }
    }
    searched
}

impl PrivacyReport {
    fn take(&mut self, part: &Searched, options: &ScanOptions) {
        for line in &part.lines_found {
            self.lines_found += 1;
            for hit in &line.hits {
                *self.counts.entry(hit.span.kind).or_default() += 1;
                if self.places.len() < options.kept {
                    self.keep(self.lines + line.index + 1, hit, options.language);
                }
            }
        }
        self.lines += part.lines;
        self.lines_unread += part.unread_count;
        self.bytes += part.bytes.len() as u64;
    }

    fn keep(&mut self, line: u64, hit: &Hit, language: Language) {
        let found = Found { line, ..hit.found() };
        self.findings.push(found.worded(language));
        self.places.push(Place {
            kind: hit.span.kind,
            certainty: hit.span.certainty,
            detail: hit.span.detail,
            line,
            at: hit.path.clone(),
            start: hit.start,
            end: hit.end,
        });
    }
}

/// Looks through a file. Fails only when it cannot be read or the search is cancelled; memory stays bounded.
pub fn scan_file(
    path: &Path,
    detector: &Detector,
    options: &ScanOptions,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<PrivacyReport> {
    let (mut report, mut sha256) = (PrivacyReport::default(), Sha256::new());
    let over = Walk { path, stage: "privacy", reporter, cancel };
    walk(
        &over,
        |part| search(part, |line| (rows::find(&|text| detector.scan(text), line), Vec::new())),
        |part| {
            sha256.update(&part.bytes);
            report.take(&part, options);
            Ok(())
        },
    )?;
    report.sha256 = hex::encode(sha256.finalize());
    Ok(report)
}

/// Writes a copy of a file in which every find was treated as the plan says; all other bytes are the input's. The key
/// and the map are needed for stand-ins only; the map grows, and its caller seals it. Fails with `row_encoding_wrong` or
/// `row_too_long` where a line could not be looked through, because the copy would keep what it holds. The output
/// appears whole or not at all.
pub fn mask_file(
    (input, output): (&Path, &Path),
    plan: &Plan,
    (key, stand_ins): (&Key, &mut StandIns),
    options: &ScanOptions,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<MaskReport> {
    let detector = Detector::new(&plan.rules)?;
    let mut to = Output::new(output)?;
    let (mut report, mut before) = (MaskReport::default(), Sha256::new());
    let over = Walk { path: input, stage: "mask", reporter, cancel };
    walk(
        &over,
        |part| search(part, |line| (rows::find(&|text| detector.scan(text), line), Vec::new())),
        |part| {
            part.whole(input, report.found.lines)?;
            before.update(&part.bytes);
            report.found.take(&part, options);
            let bytes = edited(&part, plan, (key, stand_ins), &mut report);
            to.write(&bytes)
        },
    )?;
    report.found.sha256 = hex::encode(before.finalize());
    (report.output_bytes, report.output_sha256) = to.finish()?;
    Ok(report)
}

/// A file that appears whole, synced and hashed, or not at all.
pub(super) struct Output<'a> {
    path: &'a Path,
    file: BufWriter<tempfile::NamedTempFile>,
    sha256: Sha256,
    bytes: u64,
}

impl<'a> Output<'a> {
    pub(super) fn new(path: &'a Path) -> anyhow::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::NamedTempFile::new_in(folder).code(|| unwritable(path))?;
        Ok(Self { path, file: BufWriter::with_capacity(1 << 20, file), sha256: Sha256::new(), bytes: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).code(|| unwritable(self.path))
    }

    /// Its bytes and their hash in hex.
    pub(super) fn finish(self) -> anyhow::Result<(u64, String)> {
        let unwritable = || unwritable(self.path);
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error).code(unwritable)?;
        file.as_file().sync_all().code(unwritable)?;
        file.persist(self.path).code(unwritable)?;
        Ok((self.bytes, hex::encode(self.sha256.finalize())))
    }
}

fn unwritable(path: &Path) -> pc_base::Coded {
    coded(Code::FileUnreadable).with("path", path.display())
}

impl Searched {
    /// Fails where a line could not be looked through; `lines` came before this part.
    pub(super) fn whole(&self, path: &Path, lines: u64) -> anyhow::Result<()> {
        if let Some((line, long)) = self.unread {
            let code = if long { Code::RowTooLong } else { Code::RowEncodingWrong };
            let error = coded(code).with("path", path.display()).with("line", lines + line + 1);
            bail!(if long { error.with("limit", LINE_BYTES) } else { error.with("encoding", "UTF-8") });
        }
        Ok(())
    }

    /// Its bytes with what `replacement` gives for a find in its place; nothing leaves the find.
    pub(super) fn rewritten(&self, mut replacement: impl FnMut(&Hit) -> Option<String>) -> Vec<u8> {
        let (mut out, mut at) = (Vec::with_capacity(self.bytes.len()), 0);
        for line in &self.lines_found {
            for hit in &line.hits {
                if let Some(new) = replacement(hit) {
                    out.extend_from_slice(&self.bytes[at..line.offset + hit.start]);
                    out.extend_from_slice(hit.written(&new).as_bytes());
                    at = line.offset + hit.end;
                }
            }
        }
        out.extend_from_slice(&self.bytes[at..]);
        out
    }
}

/// What is done with a find, and what takes its place.
pub(super) fn treated(plan: &Plan, (key, stand_ins): (&Key, &mut StandIns), hit: &Hit) -> (&'static str, String) {
    match plan.way(hit.span.kind) {
        Way::Keep => ("keep", hit.original.clone()),
        Way::Mask => ("mask", mask(&hit.span, &hit.original)),
        Way::Remove => ("remove", plan.label(hit.span.kind)),
        Way::Generalise => ("generalise", generalise(&hit.span, &hit.original)),
        Way::Pseudonym => ("pseudonym", stand_ins.of(key, &hit.span, &hit.original)),
    }
}

fn edited(part: &Searched, plan: &Plan, (key, stand_ins): (&Key, &mut StandIns), report: &mut MaskReport) -> Vec<u8> {
    part.rewritten(|hit| {
        let (name, new) = treated(plan, (key, &mut *stand_ins), hit);
        *report.done.entry(hit.span.kind).or_default().entry(name).or_default() += 1;
        let changed = new != hit.original;
        report.changed += u64::from(changed);
        changed.then_some(new)
    })
}
