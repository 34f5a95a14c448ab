//! Bulk repairs by the codes of findings, of a whole file or of some lines of it, into another file. Bytes that need no repair are
//! copied as they are, on all cores and in the file's order; memory stays bounded whatever the file holds. Deliberately absent:
//! personal data, which is `privacy`'s, and rows that are alike, which are `dedup`'s.

mod calls;
mod catalogue;
mod mend;
mod row;
mod shape;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;

use anyhow::bail;
use encoding_rs::{CoderResult, Encoding, UTF_16BE, UTF_16LE};
use pc_base::{Cancel, Code, CodedExt as _, Reporter, coded};
use serde::Serialize;

use super::output::{Output, refuse_itself};
use crate::blocks::Kind;
use crate::json::Tape;
use crate::lines::{Part, Walk, walk};
use crate::{FindingCode, RowKind, open};
use catalogue::FIXES;

/// What to repair.
#[derive(Clone, Debug, Default)]
pub struct FixPlan {
    /// Kinds of findings; each has a fix ([`FindingCode::fix`]).
    pub codes: Vec<FindingCode>,
    /// Only these lines (1-based); all where it is empty.
    pub lines: BTreeSet<u64>,
    /// Rows that have an error in the end are left out.
    pub drop_bad: bool,
    /// What the file is meant to hold.
    pub kind: RowKind,
}

/// What was repaired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FixReport {
    /// Findings that are gone, by their stable code.
    pub counts: BTreeMap<&'static str, u64>,
    /// Rows of the new file.
    pub rows: u64,
    /// Lines that are not what they were.
    pub changed: u64,
    /// Rows that were left out.
    pub removed: u64,
    /// Lines (1-based) of these, in order: what `provenance` takes.
    pub removed_lines: Vec<u64>,
    /// Of the new file.
    pub bytes: u64,
}

/// A line before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// 1-based.
    pub line: u64,
    /// What is not UTF-8 reads as U+FFFD.
    pub before: String,
    /// Nothing where it is left out.
    pub after: Option<String>,
    /// Kinds that were repaired, without their numbers; empty where a bad row is left out.
    pub why: Vec<FindingCode>,
}

/// What a plan would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FixShown {
    /// The first lines that change.
    pub changes: Vec<Change>,
    /// In the part of the file that was looked at.
    pub changed: u64,
    pub removed: u64,
    /// Whether the whole file was.
    pub whole: bool,
}

/// Writes a repaired copy of a file; it appears whole or not at all. Refused with [`Code::InputInvalid`] where a code has no fix or
/// the copy would be the file itself, and with [`Code::RowEncodingWrong`] where UTF-16 is damaged.
pub fn fix_file(
    (input, output): (&Path, &Path),
    plan: &FixPlan,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<FixReport> {
    refuse_itself(input, &[output])?;
    let mut out = Output::new(output)?;
    let mut work = Work { plan, base: 0, dropping: false, report: FixReport::default(), shown: None };
    run(input, &mut work, reporter, cancel, &mut |bytes| out.write(bytes))?;
    out.finish()?;
    Ok(work.report)
}

/// Shows the first `most` changes, and what would be counted in the first `bytes` of a file.
pub fn fix_preview(input: &Path, plan: &FixPlan, most: usize, bytes: u64, cancel: &Cancel) -> anyhow::Result<FixShown> {
    let shown = Some((Vec::new(), most));
    let mut work = Work { plan, base: 0, dropping: false, report: FixReport::default(), shown };
    let whole = open(input)?.metadata().code(|| coded(Code::FileUnreadable).with("path", input.display()))?.len();
    let part = if whole > bytes { Some(head(input, bytes)?) } else { None };
    let path = part.as_ref().map_or(input, tempfile::NamedTempFile::path);
    run(path, &mut work, &pc_base::Silent, cancel, &mut |_| Ok(()))?;
    let changes = work.shown.map(|(changes, _)| changes).unwrap_or_default();
    Ok(FixShown { changes, changed: work.report.changed, removed: work.report.removed, whole: part.is_none() })
}

/// The first whole lines of a file, as a file of their own; at least a piece of the first one.
fn head(input: &Path, bytes: u64) -> anyhow::Result<tempfile::NamedTempFile> {
    let unreadable = || coded(Code::FileUnreadable).with("path", input.display());
    let mut held = Vec::new();
    open(input)?.take(bytes).read_to_end(&mut held).code(unreadable)?;
    let feed: &[u8] = match held.get(..2) {
        Some(b"\xFF\xFE") => b"\n\0",
        Some(b"\xFE\xFF") => b"\0\n",
        _ => b"\n",
    };
    let last = held.chunks_exact(feed.len()).rposition(|unit| unit == feed);
    let end = last.map_or(held.len(), |last| (last + 1) * feed.len());
    let mut file = tempfile::NamedTempFile::new().code(unreadable)?;
    file.write_all(&held[..end]).code(unreadable)?;
    Ok(file)
}

fn run(
    input: &Path,
    work: &mut Work<'_>,
    reporter: &dyn Reporter,
    cancel: &Cancel,
    write: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut wanted = vec![false; FindingCode::ALL.len()];
    for code in &work.plan.codes {
        if !FIXES.iter().any(|fix| fix.code == *code) {
            bail!(coded(Code::InputInvalid).with("what", code.name()).with("why", "there is no fix for it"));
        }
        wanted[*code as usize] = true;
    }
    let decoded = if wanted[FindingCode::FileUtf16 as usize] { utf8(input, cancel)? } else { None };
    if decoded.is_some() {
        work.report.counts.insert(FindingCode::FileUtf16.name(), 1);
    }
    let path = decoded.as_ref().map_or(input, tempfile::NamedTempFile::path);
    let (kind, drop_bad) = (work.plan.kind, work.plan.drop_bad);
    walk(
        &Walk { path, stage: "fix", reporter, cancel },
        |part| edits(part, &wanted, kind, drop_bad),
        |(part, edits)| work.take(&part, edits, write),
    )?;
    Ok(())
}

/// A file that is UTF-16 by its mark, as UTF-8; nothing where it is not.
fn utf8(input: &Path, cancel: &Cancel) -> anyhow::Result<Option<tempfile::NamedTempFile>> {
    let unreadable = || coded(Code::FileUnreadable).with("path", input.display());
    let mut file = open(input)?;
    let mut mark = [0; 2];
    let encoding = match file.read(&mut mark).code(unreadable)? {
        2 => Encoding::for_bom(&mark).map(|(encoding, _)| encoding),
        _ => None,
    };
    let Some(encoding) = encoding.filter(|&encoding| encoding == UTF_16LE || encoding == UTF_16BE) else {
        return Ok(None);
    };
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut out = BufWriter::new(tempfile::NamedTempFile::new().code(unreadable)?);
    let (mut bytes, mut text, mut line) = (vec![0; 1 << 18], String::with_capacity(1 << 20), 1_u64);
    loop {
        cancel.check()?;
        let read = file.read(&mut bytes).code(unreadable)?;
        text.clear();
        let (result, _, lost) = decoder.decode_to_string(&bytes[..read], &mut text, read == 0);
        debug_assert_eq!(result, CoderResult::InputEmpty, "the text has room for three bytes a unit");
        if lost {
            line += text.chars().take_while(|&c| c != '\u{fffd}').filter(|&c| c == '\n').count() as u64;
            let wrong = coded(Code::RowEncodingWrong).with("path", input.display()).with("line", line);
            bail!(wrong.with("encoding", "UTF-16"));
        }
        line += memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
        out.write_all(text.as_bytes()).code(unreadable)?;
        if read == 0 {
            break;
        }
    }
    Ok(Some(out.into_inner().map_err(std::io::IntoInnerError::into_error).code(unreadable)?))
}

/// A change of some bytes of a part.
#[derive(Debug)]
struct Edit {
    /// Of its line, counted from 0 within the part.
    index: u64,
    /// Bytes of the part, and what takes their place.
    from: usize,
    to: usize,
    new: String,
    fixed: Vec<(FindingCode, u64)>,
    gone: Gone,
}

/// Whether a line is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gone {
    No,
    Blank,
    Row,
}

/// A part that is held until its turn comes.
struct Held {
    bytes: Vec<u8>,
    kind: Kind,
    lines: u64,
    rows: u64,
}

fn edits(part: Part<'_>, wanted: &[bool], kind: RowKind, drop_bad: bool) -> (Held, Vec<Edit>) {
    let lines = part.count();
    let mut held = Held { bytes: part.bytes.to_vec(), kind: part.kind, lines, rows: 0 };
    let (mut all, mut tape) = (Vec::new(), Tape::default());
    let wants = |code: FindingCode| wanted[code as usize];
    let within = |from: usize, to: usize, index: u64, code: FindingCode| Edit {
        index,
        from,
        to,
        new: String::new(),
        fixed: vec![(code, 1)],
        gone: Gone::No,
    };
    for line in part.lines() {
        let mut start = (line.offset - part.offset) as usize;
        let feed = start + line.bytes.len();
        let after = (feed + 1).min(part.bytes.len());
        let mut bytes = line.bytes;
        if part.offset == 0 && line.index == 0 && start > 0 && wants(FindingCode::FileBom) {
            while let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
                (bytes, start) = (rest, start + 3);
            }
            all.push(within(0, start, line.index, FindingCode::FileBom));
        }
        while let Some(rest) = bytes.strip_suffix(b"\r") {
            bytes = rest;
        }
        if std::str::from_utf8(bytes).is_ok_and(|text| text.trim().is_empty()) {
            if wants(FindingCode::LineBlank) {
                all.push(Edit { gone: Gone::Blank, ..within(start, after, line.index, FindingCode::LineBlank) });
            }
            continue;
        }
        held.rows += 1;
        let repaired = row::repair(bytes, wanted, kind, &mut tape);
        if drop_bad && repaired.bad {
            let gone = Edit { gone: Gone::Row, ..within(start, after, line.index, FindingCode::LineBlank) };
            all.push(Edit { fixed: Vec::new(), ..gone });
            continue;
        }
        if let Some(new) = repaired.text {
            let edit = within(start, start + bytes.len(), line.index, FindingCode::LineBlank);
            all.push(Edit { new, fixed: repaired.fixed, ..edit });
        }
        if start + bytes.len() < feed && wants(FindingCode::FileCrlf) {
            all.push(within(start + bytes.len(), feed, line.index, FindingCode::FileCrlf));
        }
    }
    (held, all)
}

/// What is known on the way.
struct Work<'a> {
    plan: &'a FixPlan,
    /// Lines before the part.
    base: u64,
    /// Whether a line that is too long to be held is being left out.
    dropping: bool,
    report: FixReport,
    shown: Option<(Vec<Change>, usize)>,
}

impl Work<'_> {
    fn take(
        &mut self,
        part: &Held,
        edits: Vec<Edit>,
        write: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.report.rows += part.rows;
        if let Kind::Overlong { starts, .. } = part.kind {
            self.overlong(part, starts);
            if !self.dropping {
                self.report.bytes += part.bytes.len() as u64;
                write(&part.bytes)?;
            }
            self.base += part.lines;
            return Ok(());
        }
        let (mut at, mut last) = (0, 0);
        for edit in edits {
            let line = self.base + edit.index + 1;
            if !self.plan.lines.is_empty() && !self.plan.lines.contains(&line) {
                continue;
            }
            self.report.changed += u64::from(edit.gone == Gone::No && last != line);
            last = line;
            for (code, count) in &edit.fixed {
                *self.report.counts.entry(code.name()).or_default() += count;
            }
            if edit.gone == Gone::Row {
                self.removed(line);
                self.report.rows -= 1;
            }
            self.show(part, &edit, line);
            for bytes in [&part.bytes[at..edit.from], edit.new.as_bytes()] {
                self.report.bytes += bytes.len() as u64;
                write(bytes)?;
            }
            at = edit.to;
        }
        self.report.bytes += (part.bytes.len() - at) as u64;
        self.base += part.lines;
        write(&part.bytes[at..])
    }

    fn removed(&mut self, line: u64) {
        self.report.removed += 1;
        self.report.removed_lines.push(line);
    }

    /// A line that is too long to be held has that error, whatever else is wrong with it.
    fn overlong(&mut self, part: &Held, starts: bool) {
        if !starts {
            return;
        }
        let line = self.base + 1;
        self.dropping = self.plan.drop_bad && (self.plan.lines.is_empty() || self.plan.lines.contains(&line));
        if self.dropping {
            self.removed(line);
            if let Some((changes, _)) = self.shown.as_mut().filter(|(changes, most)| changes.len() < *most) {
                let before = String::from_utf8_lossy(&part.bytes[..part.bytes.len().min(1 << 16)]).into_owned();
                changes.push(Change { line, before, after: None, why: Vec::new() });
            }
        } else {
            self.report.rows += 1;
        }
    }

    fn show(&mut self, part: &Held, edit: &Edit, line: u64) {
        let Some((changes, most)) = &mut self.shown else { return };
        let why: Vec<_> = edit.fixed.iter().map(|(code, _)| *code).collect();
        if let Some(known) = changes.last_mut().filter(|change| change.line == line) {
            // The second change of a line: its mark or its line ending and its text.
            known.why.extend(why);
            if edit.from >= 3 && edit.from != edit.to && !edit.new.is_empty() {
                known.after = Some(edit.new.clone());
            }
            return;
        }
        if changes.len() >= *most {
            return;
        }
        let start = memchr::memrchr(b'\n', &part.bytes[..edit.from]).map_or(0, |feed| feed + 1);
        let end = memchr::memchr(b'\n', &part.bytes[start..]).map_or(part.bytes.len(), |feed| start + feed);
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned();
        let whole = &part.bytes[start..end];
        let after = match edit.gone {
            Gone::No if edit.new.is_empty() => Some(shown(whole).trim_start_matches('\u{feff}').to_owned()),
            Gone::No => Some(edit.new.clone()),
            Gone::Blank | Gone::Row => None,
        };
        changes.push(Change { line, before: shown(whole), after, why });
    }
}
