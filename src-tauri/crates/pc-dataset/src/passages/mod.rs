//! Documents into passages: Markdown, plain text, HTML, PDF and Word are split where their authors ended a thought, and each passage
//! keeps where it came from. They become texts to train on, with their provenance beside them, or the ground of questions that
//! somebody drafts. Deliberately absent: drafting, and pictures; a page that is only a picture is reported.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use pc_base::{Cancel, Code, Progress, Reporter, Unit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::read::Input;

mod docx;
mod filters;
mod html;
mod pdf;
mod prose;
mod split;
mod swell;

pub(crate) use split::{Block, Kind};

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
    let input = Input::File(path.to_owned());
    let (head, _) = input.head(4_096)?;
    if input.bytes() > BYTES {
        bail!(input.coded(Code::SourceTooLarge).with("limit", BYTES));
    }
    let mut report = DocumentReport::default();
    let shown = input.shown();
    let mut splitter = split::Splitter::new(&shown, options);
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
        (pages, empty) = pdf::blocks(&input, cancel, &mut take)?;
    } else if head.starts_with(b"PK\x03\x04") {
        docx::blocks(&input, &mut take)?;
    } else {
        prose_or_html(&input, &head, &mut take)?;
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

/// Documents to write as texts.
#[derive(Clone, Debug)]
pub struct TextsOf<'a> {
    pub documents: &'a [PathBuf],
    pub options: &'a PassageOptions,
    /// JSONL of `{"text"}` rows.
    pub out: &'a Path,
    /// JSONL with one line for each row of `out`: its passage without the text, and the text's SHA-256.
    pub provenance: &'a Path,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextsReport {
    pub rows: u64,
    /// Of the written rows, hex.
    pub output_sha256: String,
    /// One for each document.
    pub documents: Vec<DocumentReport>,
}

/// Writes passages as rows to train on (CPT), with the headings above each one in front of it. Both files are there when all went
/// well, and neither otherwise.
pub fn write_texts(job: &TextsOf<'_>, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<TextsReport> {
    let (mut rows, mut sources) = (beside(job.out)?, beside(job.provenance)?);
    let (mut report, mut hash) = (TextsReport::default(), Sha256::new());
    for (at, document) in job.documents.iter().enumerate() {
        let total = Some(job.documents.len() as u64);
        reporter.report(Progress { stage: "passages".into(), done: at as u64, total, unit: Unit::Steps });
        let read = passages(document, job.options, cancel, &mut |passage| {
            let text = match passage.heading.as_slice() {
                [] => passage.text.clone(),
                headings => format!("{}\n\n{}", headings.join(" > "), passage.text),
            };
            let line = format!("{}\n", json!({ "text": text }));
            hash.update(&line);
            report.rows += 1;
            rows.write_all(line.as_bytes()).context("writing texts")?;
            let source = json!({"line": report.rows, "file": passage.file, "page": passage.page, "heading": passage.heading,
                "from": passage.from, "to": passage.to, "sha256": hex::encode(Sha256::digest(&text))});
            writeln!(sources, "{source}").context("writing texts")
        })?;
        report.documents.push(read);
    }
    report.output_sha256 = hex::encode(hash.finalize());
    for (file, path) in [(sources, job.provenance), (rows, job.out)] {
        let file = file.into_inner().map_err(std::io::IntoInnerError::into_error).context("writing texts")?;
        file.as_file().sync_all().context("writing texts")?;
        file.persist(path).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(report)
}

fn beside(path: &Path) -> anyhow::Result<BufWriter<NamedTempFile>> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(parent).with_context(|| format!("writing in {}", parent.display()))?;
    Ok(BufWriter::new(file))
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
