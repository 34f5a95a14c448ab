//! The way back: stand-ins in a text or a file become their originals again. Deliberately absent: whose right that is, which
//! is whoever can open the register.

use std::collections::HashMap;
use std::path::Path;

use pc_base::{Cancel, Reporter};
use serde::Serialize;

use super::file::{Output, search};
use super::kinds::{Certainty, Kind, Span};
use super::register::StandIns;
use super::rows;
use crate::lines::{Walk, walk};

/// Bytes by which a place is told where a stand-in may begin; none is shorter.
const HEAD: usize = 3;

/// What turning back did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReverseReport {
    pub lines: u64,
    /// Stand-ins that became their originals again.
    pub restored: u64,
    pub output_bytes: u64,
    /// Hex, of the output.
    pub output_sha256: String,
}

/// Finds stand-ins: a table of beginnings, then the register itself, so that it needs little more memory than that.
struct Finder<'a> {
    stand_ins: &'a StandIns,
    /// By their first bytes: how long they are, the longest first.
    lengths: HashMap<[u8; HEAD], Vec<usize>>,
}

impl<'a> Finder<'a> {
    fn new(stand_ins: &'a StandIns) -> Self {
        let mut lengths: HashMap<_, Vec<usize>> = HashMap::new();
        for entry in stand_ins.entries() {
            if let Some(head) = entry.stand_in.as_bytes().first_chunk::<HEAD>() {
                let known = lengths.entry(*head).or_default();
                if !known.contains(&entry.stand_in.len()) {
                    known.push(entry.stand_in.len());
                }
            }
        }
        lengths.values_mut().for_each(|known| known.sort_unstable_by_key(|length| std::cmp::Reverse(*length)));
        Self { stand_ins, lengths }
    }

    fn scan(&self, text: &str) -> Vec<Span> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let head = text.as_bytes()[at..].first_chunk::<HEAD>();
            let lengths = head.and_then(|head| self.lengths.get(head)).map_or(&[][..], Vec::as_slice);
            let whole = lengths.iter().map(|length| at + length).find(|end| self.stands(text, at, *end));
            if let Some(end) = whole {
                found.push(Span::new(Kind::Custom, (at, end), Certainty::Certain, ""));
            }
            at = whole.unwrap_or(at + 1);
        }
        found
    }

    /// A stand-in stands there, and is no part of a longer word: an original never was.
    fn stands(&self, text: &str, start: usize, end: usize) -> bool {
        let Some(entry) = text.get(start..end).and_then(|part| self.stand_ins.behind(part)) else { return false };
        let bytes = text.as_bytes();
        let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let feed = bytes[..start].ends_with(b"\\n");
        let before = word(bytes[..start].last()) && word(bytes.get(start)) && !feed;
        let after = word(bytes.get(end)) && word(bytes[..end].last());
        entry.kind == Kind::Email || !(before || after)
    }

    fn original(&self, stand_in: &str) -> Option<String> {
        self.stand_ins.behind(stand_in).map(|entry| entry.original.to_string())
    }
}

/// Puts all originals back into a text.
pub fn reverse(stand_ins: &StandIns, text: &str) -> String {
    let finder = Finder::new(stand_ins);
    let (mut all, mut at) = (String::with_capacity(text.len()), 0);
    for span in finder.scan(text) {
        all.push_str(&text[at..span.start]);
        all.push_str(&finder.original(&text[span.start..span.end]).unwrap_or_default());
        at = span.end;
    }
    all.push_str(&text[at..]);
    all
}

/// Writes a copy of a file with all originals in their places: lines of JSON as [`super::mask_file`] made them, all others as
/// they stand. The output appears whole or not at all. Fails with `row_encoding_wrong` or `row_too_long` where a line cannot
/// be looked through.
pub fn reverse_file(
    (input, output): (&Path, &Path),
    stand_ins: &StandIns,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<ReverseReport> {
    let finder = Finder::new(stand_ins);
    let (mut to, mut report) = (Output::new(output)?, ReverseReport::default());
    walk(
        &Walk { path: input, stage: "unmask", reporter, cancel },
        |part| search(part, |line| (rows::find(&|text| finder.scan(text), line), Vec::new())),
        |part| {
            part.whole(input, report.lines)?;
            report.lines += part.lines;
            to.write(&part.rewritten(|hit| {
                report.restored += 1;
                finder.original(&hit.original)
            }))
        },
    )?;
    (report.output_bytes, report.output_sha256) = to.finish()?;
    Ok(report)
}
