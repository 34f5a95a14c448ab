//! Documents into passages: Markdown, plain text, HTML, PDF and Word are split where their authors ended a thought, and each passage
//! keeps where it came from. They become texts to train on, with their provenance beside them, or the ground of questions that
//! somebody drafts. Deliberately absent: drafting, and pictures; a page that is only a picture is reported.

use std::path::Path;

use anyhow::bail;
use pc_base::{Cancel, Code, Language};
use serde::{Deserialize, Serialize};

use crate::read::Input;

mod documents;
mod docx;
mod filters;
mod html;
mod pdf;
mod prose;
mod split;
mod swell;
mod texts;

pub use documents::{Document, documents};
pub(crate) use split::{Block, Kind};
pub use texts::{TextsOf, TextsReport, write_texts};

/// The largest document that is opened; a thousand pages of text are a few megabytes.
const BYTES: u64 = 128 << 20;

/// How to split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PassageOptions {
    /// Most characters of a passage; only a table, which is never cut, may be longer.
    pub max_chars: usize,
    /// Characters of whole sentences that a passage repeats from the one before it.
    pub overlap_chars: usize,
}

impl Default for PassageOptions {
    fn default() -> Self {
        Self { max_chars: 800, overlap_chars: 0 }
    }
}

/// A piece of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The document's name: below a folder or in an archive with its place there, and never a path of this machine.
    pub file: String,
    /// 1-based, of a PDF; where the passage begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The headings above it, the outermost first.
    pub heading: Vec<String>,
    /// Its characters in the document's text, from 0: the first, and the one after the last.
    pub from: u64,
    pub to: u64,
    pub text: String,
}

impl Passage {
    /// The text below its headings, as a text to train on has it.
    pub fn whole(&self) -> String {
        match self.heading.as_slice() {
            [] => self.text.clone(),
            headings => format!("{}\n\n{}", headings.join(" > "), self.text),
        }
    }

    /// Where it stands, for people, such as `manual.pdf, page 3, Rooms / Deposit`.
    pub fn place(&self, language: Language) -> String {
        let page = self.page.map(|page| match language {
            Language::English => format!("page {page}"),
            Language::Chinese => format!("第 {page} 页"),
        });
        let heading = Some(self.heading.join(" / ")).filter(|heading| !heading.is_empty());
        let parts = [Some(self.file.clone()), page, heading].into_iter().flatten().collect::<Vec<_>>();
        parts.join(if language == Language::English { ", " } else { "，" })
    }
}

/// What a document held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentReport {
    pub passages: u64,
    pub characters: u64,
    /// Of a PDF.
    pub pages: u32,
    /// Pages on which there is no text, such as scanned ones.
    pub pages_without_text: Vec<u32>,
}

/// Splits one document, and gives each passage to `put`. [`Code::SourceUnknown`] for what is no document,
/// [`Code::DocumentNoText`] where a PDF has nothing but pictures, [`Code::SourceLocked`], [`Code::SourceDamaged`].
pub fn passages(
    path: &Path,
    options: &PassageOptions,
    cancel: &Cancel,
    put: &mut dyn FnMut(Passage) -> anyhow::Result<()>,
) -> anyhow::Result<DocumentReport> {
    passages_of(&Document::file(path), options, cancel, put)
}

/// Splits a document that [`documents`] found; errors as in [`passages`].
pub fn passages_of(
    document: &Document,
    options: &PassageOptions,
    cancel: &Cancel,
    put: &mut dyn FnMut(Passage) -> anyhow::Result<()>,
) -> anyhow::Result<DocumentReport> {
    let input = &document.input;
    let (head, _) = input.head(4_096)?;
    if input.unpacked() > BYTES {
        bail!(input.coded(Code::SourceTooLarge).with("limit", BYTES));
    }
    let mut report = DocumentReport::default();
    let mut splitter = split::Splitter::new(document.name(), options);
    let mut take = |block: Block| {
        cancel.check()?;
        report.characters += block.text.chars().count() as u64;
        for passage in splitter.add(block) {
            report.passages += 1;
            put(passage)?;
        }
        Ok(())
    };
    let mut empty = Vec::new();
    let mut pages = 0;
    if head.starts_with(b"%PDF-") {
        (pages, empty) = pdf::blocks(input, cancel, &mut take)?;
    } else if head.starts_with(b"PK\x03\x04") {
        docx::blocks(input, &mut take)?;
    } else {
        prose_or_html(input, &head, &mut take)?;
    }
    if let Some(passage) = splitter.finish() {
        report.passages += 1;
        put(passage)?;
    }
    (report.pages, report.pages_without_text) = (pages, empty);
    if report.pages > 0 && report.passages == 0 {
        bail!(input.coded(Code::DocumentNoText));
    }
    Ok(report)
}

/// Takes the blocks of a document in order.
type Take<'a> = dyn FnMut(Block) -> anyhow::Result<()> + 'a;

fn prose_or_html(input: &Input, head: &[u8], take: &mut Take<'_>) -> anyhow::Result<()> {
    let start = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_lowercase();
    let ending = input.ending();
    let is_html = matches!(ending.as_str(), "html" | "htm" | "xhtml")
        || start.starts_with("<!doctype html")
        || start.starts_with("<html");
    match ending.as_str() {
        _ if is_html => html::blocks(input, take),
        "md" | "markdown" => prose::blocks(input, true, take),
        _ => prose::blocks(input, false, take),
    }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
