//! Passages written as rows to train on (CPT), with where each came from beside them. Deliberately absent: splitting.

use std::collections::BTreeMap;
use std::io::{BufWriter, Seek as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use pc_base::{Cancel, Code, Coded, Language, Progress, Reporter, Unit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::{Document, DocumentReport, Passage, PassageOptions, passages_of};
use crate::read::{Skipped, Skips};

/// Documents to write as texts.
#[derive(Clone, Debug)]
pub struct TextsOf<'a> {
    pub documents: &'a [Document],
    pub options: &'a PassageOptions,
    /// JSONL of `{"text"}` rows.
    pub out: &'a Path,
    /// JSONL with one line for each row of `out`: `row`, the hex SHA-256 of its line without the line feed; `how`, which is
    /// `passage`; `place`, for people; and what `place` is made of.
    pub provenance: &'a Path,
    /// Of `place`.
    pub language: Language,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextsReport {
    pub rows: u64,
    /// Of the written rows, hex.
    pub output_sha256: String,
    /// One for each document that was read.
    pub documents: Vec<DocumentReport>,
    /// Documents that could not be read. The only one, or all, end the work instead.
    pub skipped: Skips,
}

/// Writes passages as rows to train on, with the headings above each one in front of it. Both files are there when all went
/// well, and neither otherwise. Of a document that turns out to be damaged nothing is kept.
pub fn write_texts(job: &TextsOf<'_>, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<TextsReport> {
    let (mut out, mut report, mut refused) = (Out::beside(job)?, TextsReport::default(), None);
    for (at, document) in job.documents.iter().enumerate() {
        let total = Some(job.documents.len() as u64);
        reporter.report(Progress { stage: "passages".into(), done: at as u64, total, unit: Unit::Steps });
        let before = out.mark()?;
        match passages_of(document, job.options, cancel, &mut |passage| out.put(&passage, job.language)) {
            Ok(read) => report.documents.push(read),
            Err(error) => {
                let why = error.downcast_ref::<Coded>().filter(|why| why.code != Code::Cancelled);
                let Some(why) = why.filter(|_| job.documents.len() > 1) else { return Err(error) };
                report.skipped.add(skipped(document, why));
                out.back(before)?;
                refused.get_or_insert(error);
            }
        }
    }
    if let (true, Some(error)) = (report.documents.is_empty(), refused) {
        return Err(error);
    }
    (report.rows, report.output_sha256) = (out.rows, hex::encode(out.hash.finalize()));
    for (file, path) in [(out.sources, job.provenance), (out.texts, job.out)] {
        let file = file.into_inner().map_err(std::io::IntoInnerError::into_error).context("writing texts")?;
        file.as_file().sync_all().context("writing texts")?;
        file.persist(path).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(report)
}

fn skipped(document: &Document, why: &Coded) -> Skipped {
    let file = document.name().to_owned();
    let mut values: BTreeMap<_, _> =
        why.values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    values.insert("path".to_owned(), file.clone());
    Skipped { file, at: 0, code: why.code.name().to_owned(), values }
}

/// Both files while they grow.
struct Out {
    texts: BufWriter<NamedTempFile>,
    sources: BufWriter<NamedTempFile>,
    rows: u64,
    hash: Sha256,
}

/// Where they were before a document.
struct Mark {
    texts: u64,
    sources: u64,
    rows: u64,
    hash: Sha256,
}

impl Out {
    fn beside(job: &TextsOf<'_>) -> anyhow::Result<Self> {
        Ok(Self { texts: beside(job.out)?, sources: beside(job.provenance)?, rows: 0, hash: Sha256::new() })
    }

    fn put(&mut self, passage: &Passage, language: Language) -> anyhow::Result<()> {
        let line = json!({ "text": passage.whole() }).to_string();
        self.hash.update(&line);
        self.hash.update("\n");
        self.rows += 1;
        let source = json!({"row": hex::encode(Sha256::digest(&line)), "how": "passage", "model": null,
            "place": passage.place(language), "edited": false, "file": passage.file, "page": passage.page,
            "heading": passage.heading, "from": passage.from, "to": passage.to});
        writeln!(self.texts, "{line}").context("writing texts")?;
        writeln!(self.sources, "{source}").context("writing texts")
    }

    fn mark(&mut self) -> anyhow::Result<Mark> {
        let texts = self.texts.stream_position().context("writing texts")?;
        let sources = self.sources.stream_position().context("writing texts")?;
        Ok(Mark { texts, sources, rows: self.rows, hash: self.hash.clone() })
    }

    fn back(&mut self, mark: Mark) -> anyhow::Result<()> {
        for (file, length) in [(&mut self.texts, mark.texts), (&mut self.sources, mark.sources)] {
            file.seek(std::io::SeekFrom::Start(length)).context("writing texts")?;
            file.get_ref().as_file().set_len(length).context("writing texts")?;
        }
        (self.rows, self.hash) = (mark.rows, mark.hash);
        Ok(())
    }
}

fn beside(path: &Path) -> anyhow::Result<BufWriter<NamedTempFile>> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(parent).with_context(|| format!("writing in {}", parent.display()))?;
    Ok(BufWriter::new(file))
}
