//! Documents as data sets, and rows that a model drafts: made, listed, judged one by one, kept as a version. Deliberately absent:
//! asking and reading the model, which is `drafting`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use pc_base::{Cancel, Code, Language, coded};
use pc_dataset::passages::{PassageOptions, TextsOf, TextsReport, documents, write_texts};
use pc_store::console::{Proposal, ProposalBatch as Batch};

use crate::api::{
    DatasetKind, DocumentImport, Empty, MadeBy, ProposalBatch, ProposalDraft, ProposalJudge, ProposalKeep, ProposalRow,
    ProposalSource, ProposalState, ProposalsMade, TaskProgress, VersionId, VersionRow,
};
use crate::app::App;
use crate::drafting::{ANSWER, Content, From, Kept, QUESTION, Wanted, draft, write_kept};
use crate::library::{Chain, NewVersion, PROVENANCE};
use crate::live::Live;

/// Drafts of one ground.
const EACH: std::ops::RangeInclusive<u32> = 1..=10;
/// Grounds that are asked about in one call.
const LIMIT: std::ops::RangeInclusive<u32> = 1..=2_000;
/// Characters of what else a model is told.
const INSTRUCTION: usize = 2_000;
/// Characters of a passage.
const PASSAGE: std::ops::RangeInclusive<u32> = 50..=20_000;

impl App {
    /// `document_import`: [`Code::SourceEmpty`] where there is no text, and the codes of documents that cannot be read.
    pub async fn document_import(
        &self,
        asked: DocumentImport,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<VersionRow> {
        let live = live.clone();
        self.blocking(move |app| {
            let scratch = app.library_scratch()?;
            let file = scratch.path().join("passages.jsonl");
            let provenance = provenance_beside(&file);
            let path = Path::new(&asked.path);
            let report = texts_of(path, (&file, &provenance), asked.max_chars, language, &live)?;
            let new = NewVersion {
                file,
                chain: Chain::New { name: asked.name, kind: DatasetKind::Cpt },
                parent: None,
                made: MadeBy::Passages,
                source: asked.path,
                counts: counts_of(&report),
                provenance: Some(provenance),
            };
            app.version_keep(new, &live, &live.cancel)
        })
        .await
    }

    /// The same into a file of the caller's, with the provenance in `OUT.provenance.jsonl` beside it.
    pub async fn dataset_passages(
        &self,
        path: PathBuf,
        out: PathBuf,
        max_chars: Option<u32>,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<TextsReport> {
        let live = live.clone();
        self.blocking(move |_| texts_of(&path, (&out, &provenance_beside(&out)), max_chars, language, &live)).await
    }

    /// `proposal_draft`: what was stored stays, however this ends. A file of rows (JSONL) may stand in the place of documents.
    pub async fn proposal_draft(
        &self,
        asked: ProposalDraft,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<ProposalsMade> {
        within("each", asked.each, &EACH)?;
        within("limit", asked.limit, &LIMIT)?;
        short("instruction", &asked.instruction, INSTRUCTION)?;
        let ProposalDraft { from, target, each, limit, instruction } = asked;
        let from = self.blocking(move |app| from_of(app, from)).await?;
        let made = draft(self, Wanted { from, target, each, limit, instruction }, language, live).await?;
        let batch = made.batch.map(|number| number.to_string()).unwrap_or_default();
        let (failed, failed_total) = (made.notes.kept, made.notes.total);
        Ok(ProposalsMade { batch, made: made.made, failed, failed_total, kind: DatasetKind::Sft })
    }

    /// `proposal_list`: all, as they were made.
    pub async fn proposal_list(&self, _: Empty, _: Language) -> Result<Vec<ProposalRow>> {
        self.blocking(|app| {
            let batches = app.store().read(|tx| tx.proposal_batches())?;
            if batches.is_empty() {
                // Without drafts nobody needs to have decided for a keychain.
                return Ok(Vec::new());
            }
            let key = app.console_key()?;
            let models: BTreeMap<i64, String> = batches.into_iter().map(|batch| (batch.number, batch.model)).collect();
            let drafts = app.store().read(|tx| tx.proposals(&key, None))?;
            drafts.into_iter().map(|draft| row(&models[&draft.batch], draft)).collect()
        })
        .await
    }

    /// `proposal_judge`: [`Code::NotFound`] where the draft is gone, [`Code::InputInvalid`] for words that are no row.
    pub async fn proposal_judge(&self, asked: ProposalJudge, _: Language) -> Result<ProposalRow> {
        self.blocking(move |app| {
            let gone = || coded(Code::NotFound).with("what", format!("draft {}", shown(&asked.id)));
            let number: i64 = asked.id.parse().map_err(|_| gone())?;
            let key = app.console_key()?;
            app.store().write(|tx| {
                let mut draft = tx.proposal(&key, number)?.ok_or_else(gone)?;
                let batch = tx.proposal_batch(draft.batch)?.ok_or_else(gone)?;
                let mut content = content_of(&draft)?;
                let changed = worded("question", asked.question.as_deref(), &mut content.question, QUESTION)?
                    | worded("answer", asked.answer.as_deref(), &mut content.answer, ANSWER)?;
                draft.edited |= changed;
                draft.state = state_name(asked.state).to_owned();
                draft.content = serde_json::to_string(&content).context("keeping a draft")?;
                tx.proposal_change(&key, &draft)?;
                row(&batch.model, draft)
            })
        })
        .await
    }

    /// `proposal_keep`: the judged ones leave the list, those that still wait stay. [`Code::DraftsNotAccepted`] where there
    /// are no accepted ones.
    pub async fn proposal_keep(
        &self,
        asked: ProposalKeep,
        _: Language,
        live: &Live<TaskProgress>,
    ) -> Result<VersionRow> {
        let live = live.clone();
        self.blocking(move |app| {
            let (batch, judged) = judged(app, &asked.batch)?;
            let (mut kept, mut gone) = (Vec::new(), Vec::new());
            for draft in judged {
                gone.push(draft.number);
                if draft.state == state_name(ProposalState::Accepted) {
                    kept.push(Kept { content: content_of(&draft)?, edited: draft.edited });
                }
            }
            if kept.is_empty() {
                bail!(coded(Code::DraftsNotAccepted).with("batch", batch.number));
            }
            let version = keep(app, &asked, &batch, &kept, &live)?;
            app.store().write(|tx| gone.iter().try_for_each(|number| tx.proposal_remove(*number)))?;
            Ok(version)
        })
        .await
    }

    /// `proposal_discard`: a batch with all its drafts.
    pub async fn proposal_discard(&self, asked: ProposalBatch, _: Language) -> Result<Empty> {
        self.blocking(move |app| {
            let number = batch_number(&asked.batch)?;
            if !app.store().write(|tx| tx.proposal_batch_remove(number))? {
                bail!(no_batch(&asked.batch));
            }
            Ok(Empty {})
        })
        .await
    }
}

fn texts_of(
    path: &Path,
    (out, provenance): (&Path, &Path),
    max_chars: Option<u32>,
    language: Language,
    live: &Live<TaskProgress>,
) -> Result<TextsReport> {
    let mut options = PassageOptions::default();
    if let Some(max) = max_chars {
        within("max_chars", max, &PASSAGE)?;
        options.max_chars = max as usize;
    }
    let documents = documents(path)?;
    let job = TextsOf { documents: &documents, options: &options, out, provenance, language };
    let report = write_texts(&job, live, &live.cancel)?;
    if report.rows == 0 {
        bail!(coded(Code::SourceEmpty).with("path", path.display()));
    }
    Ok(report)
}

fn provenance_beside(file: &Path) -> PathBuf {
    file.with_extension(format!("{PROVENANCE}.jsonl"))
}

fn counts_of(report: &TextsReport) -> BTreeMap<String, u64> {
    let without: u64 = report.documents.iter().map(|document| document.pages_without_text.len() as u64).sum();
    let counts = [
        ("documents", report.documents.len() as u64),
        ("documents_skipped", report.skipped.total),
        ("pages_without_text", without),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect()
}

fn from_of(app: &App, source: ProposalSource) -> Result<From> {
    match source {
        ProposalSource::Documents { path } => {
            let path = PathBuf::from(path);
            let rows = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jsonl")) && !path.is_dir();
            if !rows {
                return Ok(From::Documents(path));
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let provenance = Some(provenance_beside(&path));
            Ok(From::Rows { path, name, parent: None, provenance })
        }
        ProposalSource::Rows { dataset, version } => {
            let held = app.version_held(&dataset, version)?;
            let provenance = Some(app.version_sidecar(&held.row, PROVENANCE));
            let name = format!("{}@{}", held.row.name, version);
            let parent = Some(VersionId { dataset, version });
            Ok(From::Rows { path: held.path, name, parent, provenance })
        }
    }
}

/// A batch with its accepted and rejected drafts.
fn judged(app: &App, batch: &str) -> Result<(Batch, Vec<Proposal>)> {
    let (number, key) = (batch_number(batch)?, app.console_key()?);
    let (found, mut drafts) =
        app.store().read(|tx| Ok((tx.proposal_batch(number)?, tx.proposals(&key, Some(number))?)))?;
    drafts.retain(|draft| draft.state != state_name(ProposalState::Waiting));
    Ok((found.ok_or_else(|| no_batch(batch))?, drafts))
}

/// The rows as a version: of a new data set, or behind the newest rows of one that is there.
fn keep(
    app: &App,
    asked: &ProposalKeep,
    batch: &Batch,
    kept: &[Kept],
    live: &Live<TaskProgress>,
) -> Result<VersionRow> {
    let scratch = app.library_scratch()?;
    let file = scratch.path().join("drafts.jsonl");
    let provenance = provenance_beside(&file);
    let mut parent = batch.parent.clone().map(|(dataset, version)| VersionId { dataset, version });
    let chain = match &asked.dataset {
        None => Chain::New { name: asked.name.clone(), kind: DatasetKind::Sft },
        Some(dataset) => {
            let newest = app.store().read(|tx| tx.versions(dataset))?.last().map_or(0, |version| version.number);
            let held = app.version_held(dataset, newest)?;
            if held.row.kind != DatasetKind::Sft {
                bail!(invalid("dataset", "it does not hold conversations"));
            }
            std::fs::copy(&held.path, &file).context("copying the rows that are there")?;
            let sources = app.version_sidecar(&held.row, PROVENANCE);
            if sources.exists() {
                std::fs::copy(&sources, &provenance).context("copying where rows came from")?;
            }
            parent = Some(VersionId { dataset: dataset.clone(), version: newest });
            Chain::Next(dataset.clone())
        }
    };
    let cancel: &Cancel = &live.cancel;
    let added = write_kept(kept, (&batch.model, &batch.how), (&file, &provenance), cancel)?;
    let edited = kept.iter().filter(|one| one.edited).count() as u64;
    let counts = BTreeMap::from([("rows_added".to_owned(), added), ("edited".to_owned(), edited)]);
    let (made, source, provenance) = (MadeBy::Drafts, batch.model.clone(), Some(provenance));
    app.version_keep(NewVersion { file, chain, parent, made, source, counts, provenance }, live, cancel)
}

fn row(model: &str, draft: Proposal) -> Result<ProposalRow> {
    let content = content_of(&draft)?;
    Ok(ProposalRow {
        id: draft.number.to_string(),
        batch: draft.batch.to_string(),
        question: content.question,
        answer: content.answer,
        ground: content.ground,
        place: content.place,
        model: model.to_owned(),
        support: content.support,
        state: match draft.state.as_str() {
            "accepted" => ProposalState::Accepted,
            "rejected" => ProposalState::Rejected,
            _ => ProposalState::Waiting,
        },
        edited: draft.edited,
        drafted_at: draft.drafted_at,
    })
}

fn content_of(draft: &Proposal) -> Result<Content> {
    serde_json::from_str(&draft.content).context("reading a draft")
}

const fn state_name(state: ProposalState) -> &'static str {
    match state {
        ProposalState::Waiting => "waiting",
        ProposalState::Accepted => "accepted",
        ProposalState::Rejected => "rejected",
    }
}

/// Takes a person's words in the place of the model's; whether they are others.
fn worded(what: &'static str, words: Option<&str>, at: &mut String, most: usize) -> Result<bool> {
    let Some(words) = words.map(str::trim) else { return Ok(false) };
    if words.is_empty() {
        bail!(invalid(what, "it must not be empty"));
    }
    short(what, words, most)?;
    let changed = words != at;
    words.clone_into(at);
    Ok(changed)
}

fn batch_number(batch: &str) -> Result<i64> {
    batch.parse().map_err(|_| no_batch(batch).into())
}

fn no_batch(batch: &str) -> pc_base::Coded {
    coded(Code::NotFound).with("what", format!("batch {}", shown(batch)))
}

/// A name from outside, never at any length.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

fn invalid(what: &'static str, why: &str) -> pc_base::Coded {
    coded(Code::InputInvalid).with("what", what).with("why", why)
}

fn within(what: &'static str, value: u32, range: &std::ops::RangeInclusive<u32>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    bail!(invalid(what, &format!("{}-{}", range.start(), range.end())))
}

fn short(what: &'static str, text: &str, most: usize) -> Result<()> {
    if text.chars().count() <= most {
        return Ok(());
    }
    bail!(invalid(what, &format!("1-{most}")))
}
