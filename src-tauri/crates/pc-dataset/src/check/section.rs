//! One section's verdict: its lines judged, looked at and sketched by one core. Deliberately absent: other sections.

use memchr::memchr;

use super::WholeOptions;
use super::kept::Kept;
use crate::content::{self, Stats};
use crate::finding::{FindingCode, Found, Severity};
use crate::json::{Tape, Value};
use crate::judge::{Verdict, read, row};
use crate::limits::LINE_BYTES;
use crate::near::{SketchedRow, sketch_row};

/// What a section gives; lines are counted from 1 within it.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub lines: u64,
    pub counts: Counts,
    pub first_crlf: Option<u64>,
    pub kept: Kept,
    pub stats: Stats,
    /// Line, offset in the file, and what is compared of it.
    pub rows: Vec<(u64, u64, SketchedRow)>,
    tape: Tape,
}

/// Numbers that add up over sections.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub rows: u64,
    pub good_rows: u64,
    pub messages: u64,
    pub characters: u64,
}

impl Section {
    /// `start` is the section's byte offset in the file.
    pub fn judge(bytes: &[u8], start: u64, options: &WholeOptions<'_>) -> Self {
        let mut section = Self::default();
        // One validation of the whole section is quicker than one a line; only a broken section is looked at again.
        let valid = simdutf8::basic::from_utf8(bytes).ok();
        let mut at = 0;
        while at < bytes.len() {
            let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found);
            section.lines += 1;
            match valid.map_or_else(|| std::str::from_utf8(&bytes[at..end]), |text| Ok(&text[at..end])) {
                Ok(line) => section.line(line, start + at as u64, options),
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

    fn line(&mut self, line: &str, offset: u64, options: &WholeOptions<'_>) {
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
        // The tape is lent out while the values that lie on it are looked at.
        let mut tape = std::mem::take(&mut self.tape);
        let doc = read(line, &mut tape, &mut verdict.found);
        if let Some(doc) = &doc {
            row(doc.value, options.check.kind, &mut verdict);
        }
        let mut good = verdict.found.iter().all(|found| found.code.severity() == Severity::Warning);
        if let Some(doc) = doc {
            self.say(doc.value, (line, offset), &mut good, options, &mut verdict.found);
            if doc.lone_surrogate.is_some() {
                // It reads as U+FFFD, which has been said better already.
                verdict.found.retain(|found| found.code != FindingCode::Mojibake);
            }
        }
        self.tape = tape;
        verdict.found.into_iter().for_each(|found| self.add(found));
        if let Some(detector) = options.detector {
            detector.look(line, |found| self.add(found));
        }
        if good {
            self.counts.good_rows += 1;
            self.counts.messages += verdict.messages;
            self.counts.characters += verdict.characters;
        }
    }

    /// What a row says, whether it is good or not; one that the target model cannot be trained on is not.
    fn say(
        &mut self,
        row: Value<'_>,
        (line, offset): (&str, u64),
        good: &mut bool,
        options: &WholeOptions<'_>,
        found: &mut Vec<Found>,
    ) {
        let check = &options.check;
        if let Some(counter) = check.counter.as_ref().filter(|_| *good) {
            *good = content::tokens(line, counter, check.max_length, found, &mut self.stats);
        }
        if check.content {
            content::look(row, *good, found, &mut self.stats);
        }
        if options.near.is_some()
            && let Some(sketched) = sketch_row(row)
        {
            self.rows.push((self.lines, offset, sketched));
        }
    }

    fn add(&mut self, found: Found) {
        self.kept.add(Found { line: self.lines, ..found });
    }
}
