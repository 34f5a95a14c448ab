//! Privacy over a whole JSONL file: a report, or a masked copy. Lines are searched on all cores; stand-ins are given
//! in the file's order, so that the same file gives the same copy. Deliberately absent: signing and sealing.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::bail;
use pc_base::{Cancel, Code, CodedExt as _, Language, Reporter, coded};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::rows::{self, Hit};
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
struct Searched {
    bytes: Vec<u8>,
    lines: u64,
    unread: Option<(u64, bool)>,
    unread_count: u64,
    /// Line (from 0 in the part), its first byte in the part, and its finds.
    hits: Vec<(u64, usize, Vec<Hit>)>,
}

fn search(detector: &Detector, part: Part<'_>) -> Searched {
    let mut searched =
        Searched { bytes: part.bytes.to_vec(), lines: part.count(), unread: None, unread_count: 0, hits: Vec::new() };
    if part.kind != blocks::Kind::Lines {
        searched.unread = Some((0, true));
        searched.unread_count = part.count();
    }
    for line in part.lines() {
        match std::str::from_utf8(line.bytes) {
            Ok(text) if text.len() <= LINE_BYTES => {
                let hits = rows::find(detector, text);
                if !hits.is_empty() {
                    searched.hits.push((line.index, (line.offset - part.offset) as usize, hits));
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
        for (index, _, hits) in &part.hits {
            self.lines_found += 1;
            for hit in hits {
                *self.counts.entry(hit.span.kind).or_default() += 1;
                if self.places.len() < options.kept {
                    self.keep(self.lines + index + 1, hit, options.language);
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
        |part| search(detector, part),
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
    let unwritable = || coded(Code::FileUnreadable).with("path", output.display());
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut to = BufWriter::with_capacity(1 << 20, tempfile::NamedTempFile::new_in(folder).code(unwritable)?);
    let (mut report, mut before, mut after) = (MaskReport::default(), Sha256::new(), Sha256::new());
    let over = Walk { path: input, stage: "mask", reporter, cancel };
    walk(
        &over,
        |part| search(&detector, part),
        |part| {
            if let Some((line, long)) = part.unread {
                let code = if long { Code::RowTooLong } else { Code::RowEncodingWrong };
                let error = coded(code).with("path", input.display()).with("line", report.found.lines + line + 1);
                bail!(if long { error.with("limit", LINE_BYTES) } else { error.with("encoding", "UTF-8") });
            }
            before.update(&part.bytes);
            report.found.take(&part, options);
            let bytes = edited(&part, plan, (key, stand_ins), &mut report);
            after.update(&bytes);
            report.output_bytes += bytes.len() as u64;
            to.write_all(&bytes).code(unwritable)
        },
    )?;
    let file = to.into_inner().map_err(std::io::IntoInnerError::into_error).code(unwritable)?;
    file.as_file().sync_all().code(unwritable)?;
    file.persist(output).code(unwritable)?;
    report.found.sha256 = hex::encode(before.finalize());
    report.output_sha256 = hex::encode(after.finalize());
    Ok(report)
}

fn edited(part: &Searched, plan: &Plan, (key, stand_ins): (&Key, &mut StandIns), report: &mut MaskReport) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(part.bytes.len()), 0);
    for (_, offset, hits) in &part.hits {
        for hit in hits {
            let way = plan.way(hit.span.kind);
            let (name, new) = match way {
                Way::Keep => ("keep", hit.original.clone()),
                Way::Mask => ("mask", mask(&hit.span, &hit.original)),
                Way::Remove => ("remove", plan.label(hit.span.kind)),
                Way::Generalise => ("generalise", generalise(&hit.span, &hit.original)),
                Way::Pseudonym => ("pseudonym", stand_ins.of(key, &hit.span, &hit.original)),
            };
            *report.done.entry(hit.span.kind).or_default().entry(name).or_default() += 1;
            if new != hit.original {
                report.changed += 1;
                out.extend_from_slice(&part.bytes[at..offset + hit.start]);
                out.extend_from_slice(hit.written(&new).as_bytes());
                at = offset + hit.end;
            }
        }
    }
    out.extend_from_slice(&part.bytes[at..]);
    out
}
