//! Rows out of prose: a paragraph of plain text, or a section of Markdown with the headings above it.

use std::sync::Arc;

use pc_base::{Code, coded};
use serde_json::Value;

use super::detect::Look;
use super::lines::{Line, TextLines};
use super::{Input, Notes, decode, lift};
use crate::Record;
use crate::limits::LINE_BYTES;

/// A section that is longer is cut between two of its lines, so that it can be held.
const SECTION: usize = 1 << 20;

/// Lines as text; those that are none are passed over and noted.
struct Prose {
    lines: TextLines,
    encoding: &'static encoding_rs::Encoding,
    input: Input,
    notes: Notes,
}

impl Prose {
    fn new(input: &Input, look: &Look, notes: &Notes) -> anyhow::Result<Self> {
        let lines = TextLines::new(decode::open_text(input, look.encoding, notes)?);
        Ok(Self { lines, encoding: look.encoding, input: input.clone(), notes: notes.clone() })
    }

    fn next(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            let why = match self.lines.next() {
                Err(error) => return Err(lift(error, || self.input.damaged(self.lines.number + 1))),
                Ok(None) => return Ok(None),
                Ok(Some(Line::TooLong)) => coded(Code::RowTooLong).with("limit", LINE_BYTES),
                Ok(Some(Line::Whole)) => match std::str::from_utf8(&self.lines.text) {
                    Ok(text) => return Ok(Some(text.to_owned())),
                    Err(_) => coded(Code::RowEncodingWrong).with("encoding", self.encoding.name()),
                },
            };
            self.notes.skip(&self.input.shown(), self.lines.number, why);
        }
    }
}

/// The paragraphs of a plain text, in one column `text`.
pub(super) struct Paragraphs {
    prose: Prose,
    names: Arc<[String]>,
    blank_lines: bool,
}

impl Paragraphs {
    pub fn new(input: &Input, look: &Look, notes: &Notes) -> anyhow::Result<Self> {
        let names = ["text".to_owned()].into();
        Ok(Self { prose: Prose::new(input, look, notes)?, names, blank_lines: look.blank_lines })
    }

    fn read(&mut self) -> anyhow::Result<Option<Record>> {
        let (mut text, mut at) = (String::new(), 0);
        while let Some(line) = self.prose.next()? {
            if line.trim().is_empty() {
                if text.is_empty() {
                    continue;
                }
                break;
            }
            if text.is_empty() {
                at = self.prose.lines.number;
            } else {
                text.push('\n');
            }
            text.push_str(line.trim_end());
            if !self.blank_lines || text.len() > SECTION {
                break;
            }
        }
        Ok((!text.is_empty()).then(|| Record { at, names: self.names.clone(), values: vec![Value::String(text)] }))
    }
}

impl Iterator for Paragraphs {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// The sections of a Markdown text, in the columns `heading` (`Chapter > Section`) and `text`.
pub(super) struct Sections {
    prose: Prose,
    names: Arc<[String]>,
    path: Vec<(usize, String)>,
    fenced: bool,
}

impl Sections {
    pub fn new(input: &Input, look: &Look, notes: &Notes) -> anyhow::Result<Self> {
        let names = ["heading".to_owned(), "text".to_owned()].into();
        Ok(Self { prose: Prose::new(input, look, notes)?, names, path: Vec::new(), fenced: false })
    }

    fn read(&mut self) -> anyhow::Result<Option<Record>> {
        let (mut text, mut at) = (String::new(), 0);
        let mut heading = self.heading();
        while let Some(line) = self.prose.next()? {
            if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
                self.fenced = !self.fenced;
            } else if let Some((level, title)) = heading_of(&line).filter(|_| !self.fenced) {
                self.path.retain(|(above, _)| *above < level);
                self.path.push((level, title.to_owned()));
                if !text.trim().is_empty() {
                    return Ok(Some(self.record(at, heading, &text)));
                }
                heading = self.heading();
                continue;
            }
            if text.is_empty() {
                if line.trim().is_empty() {
                    continue;
                }
                at = self.prose.lines.number;
            } else {
                text.push('\n');
            }
            text.push_str(line.trim_end());
            if text.len() > SECTION {
                break;
            }
        }
        Ok((!text.trim().is_empty()).then(|| self.record(at, heading, &text)))
    }

    fn heading(&self) -> String {
        self.path.iter().map(|(_, title)| title.as_str()).collect::<Vec<_>>().join(" > ")
    }

    fn record(&self, at: u64, heading: String, text: &str) -> Record {
        Record { at, names: self.names.clone(), values: vec![heading.into(), text.trim_end().into()] }
    }
}

impl Iterator for Sections {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// A heading's level and words: `## Words ##`.
pub(crate) fn heading_of(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_end();
    let rest = line.trim_start_matches(' ');
    let level = rest.bytes().take_while(|&byte| byte == b'#').count();
    let title = &rest[level..];
    if line.len() - rest.len() > 3 || !(1..=6).contains(&level) || !(title.is_empty() || title.starts_with([' ', '\t']))
    {
        return None;
    }
    let title = title.trim();
    let bare = title.trim_end_matches('#');
    Some((level, if bare.ends_with(' ') || bare.is_empty() { bare.trim() } else { title }))
}
