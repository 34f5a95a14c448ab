//! What makes the next version of a local data set, or another file of a file: repairs and the removal of what repeats; what makes new
//! data sets of a version: a split and a sample; and what differs between two versions. Deliberately absent: the work on rows,
//! which is `pc-dataset`'s, and masking.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use pc_base::{Cancel, Code, Language, coded};
use pc_dataset::near::Held;
use pc_dataset::split::{Share, SplitOptions, split};
use pc_dataset::{
    DedupOptions, FindingCode, FixPlan, RowKind, SampleReport, dedup_file, diff_files, fix_file, provenance,
    sample_file,
};
use serde::Serialize;

use crate::api::{
    ChangedRow, DatasetKind, DedupRequest, DiffRequest, DiffRow, FixPreview, FixRequest, MadeBy, SampleRequest,
    SplitRequest, TaskProgress, VersionDiff, VersionId, VersionRow,
};
use crate::app::App;
use crate::library::{Chain, DatasetInput, NewVersion, PROVENANCE};
use crate::live::Live;

use super::checks::held_out;

/// Changes that are shown before they are made, the part of a file that is looked at for them, and characters of a row.
const SHOWN: usize = 50;
const LOOKED_AT: u64 = 16 << 20;
const ROW: usize = 4_000;
/// Differences that are shown.
const DIFFERENCES: usize = 200;

/// Which findings to repair.
#[derive(Clone, Debug, Default)]
pub struct Fixes {
    /// Of a plain file; a version knows it.
    pub kind: DatasetKind,
    /// Codes of findings; all that can be repaired where there is none.
    pub codes: Vec<String>,
    pub lines: Vec<u64>,
    /// Rows that have an error in the end are left out.
    pub drop_bad: bool,
}

/// What is left out as a repetition.
#[derive(Clone, Debug)]
pub struct Repeats {
    /// Least similarity in (0, 1]; above 1 equal rows only.
    pub threshold: f64,
    /// Of rows with the same question only the first stays.
    pub one_answer: bool,
    /// Files whose rows must not be in the result; golden sets are `.json`.
    pub held: Vec<PathBuf>,
}

/// What was made of a file or a version.
#[derive(Clone, Debug, Serialize)]
pub struct Edited {
    /// What was done, by stable names.
    pub counts: BTreeMap<String, u64>,
    /// Where the result was kept as the next version.
    pub version: Option<VersionRow>,
}

impl App {
    /// `fix_preview`
    pub async fn fix_preview(&self, wanted: FixRequest, _: Language) -> Result<FixPreview> {
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            let plan = plan_of(&fixes_of(wanted), held.row.kind.into())?;
            let shown = pc_dataset::fix_preview(&held.path, &plan, SHOWN, LOOKED_AT, &Cancel::default())?;
            let row = |change: pc_dataset::Change| ChangedRow {
                line: change.line,
                before: cut(&change.before),
                after: change.after.as_deref().map(cut),
                why: change.why.iter().map(|code| code.name().to_owned()).collect(),
            };
            Ok(FixPreview {
                rows: shown.changes.into_iter().map(row).collect(),
                changed: shown.changed,
                removed: shown.removed,
                whole: shown.whole,
            })
        })
        .await
    }

    /// `version_fix`
    pub async fn version_fix(&self, wanted: FixRequest, _: Language, live: &Live<TaskProgress>) -> Result<VersionRow> {
        let input = self.version_input(&wanted.dataset, wanted.version).await?;
        let edited = self.dataset_fix(input, fixes_of(wanted), None, live).await?;
        kept(edited)
    }

    /// Repairs a file into another one, or a version into its next.
    pub async fn dataset_fix(
        &self,
        input: DatasetInput,
        fixes: Fixes,
        out: Option<PathBuf>,
        live: &Live<TaskProgress>,
    ) -> Result<Edited> {
        let live = live.clone();
        self.blocking(move |app| {
            let kind = input.version.as_ref().map_or(fixes.kind, |row| row.kind);
            let plan = plan_of(&fixes, kind.into())?;
            app.edited(&input, out, MadeBy::Fix, &live, |to| {
                let report = fix_file((&input.path, to), &plan, &live, &live.cancel)?;
                let done = report.counts.iter().map(|(code, count)| ((*code).to_owned(), *count));
                let rest = [("rows_changed", report.changed), ("rows_removed", report.removed)];
                let counts = done.chain(rest.map(|(name, count)| (name.to_owned(), count))).collect();
                Ok(Done { counts, removed: Some(report.removed_lines) })
            })
        })
        .await
    }

    /// `version_dedup`
    pub async fn version_dedup(
        &self,
        wanted: DedupRequest,
        _: Language,
        live: &Live<TaskProgress>,
    ) -> Result<VersionRow> {
        let input = self.version_input(&wanted.dataset, wanted.version).await?;
        let mut held = Vec::new();
        for id in &wanted.held {
            held.push(self.version_input(&id.dataset, id.version).await?.path);
        }
        let repeats = Repeats { threshold: wanted.threshold, one_answer: wanted.one_answer, held };
        kept(self.dataset_dedup(input, repeats, None, live).await?)
    }

    /// Leaves out of a file, or of a version's next, what repeats.
    pub async fn dataset_dedup(
        &self,
        input: DatasetInput,
        repeats: Repeats,
        out: Option<PathBuf>,
        live: &Live<TaskProgress>,
    ) -> Result<Edited> {
        if repeats.threshold.is_nan() || repeats.threshold <= 0.0 {
            bail!(coded(Code::InputInvalid).with("what", "threshold").with("why", repeats.threshold));
        }
        let live = live.clone();
        self.blocking(move |app| {
            let held: Vec<Held> = repeats.held.iter().map(|path| held_out(path)).collect();
            let options = DedupOptions { threshold: repeats.threshold, one_answer: repeats.one_answer, held };
            app.edited(&input, out, MadeBy::Dedup, &live, |to| {
                let report = dedup_file((&input.path, to), &options, &live, &live.cancel)?;
                let counts = [
                    ("duplicate_exact", report.exact),
                    ("duplicate_near", report.near),
                    ("answer_contradicts", report.answers),
                    ("leaked", report.leaked),
                ];
                let counts = counts.map(|(name, count)| (name.to_owned(), count)).into();
                Ok(Done { counts, removed: Some(report.removed_lines) })
            })
        })
        .await
    }

    /// `version_split`
    pub async fn version_split(
        &self,
        wanted: SplitRequest,
        _: Language,
        live: &Live<TaskProgress>,
    ) -> Result<Vec<VersionRow>> {
        if !(0.0..1.0).contains(&wanted.validation_share) {
            bail!(coded(Code::InputInvalid).with("what", "share").with("why", wanted.validation_share));
        }
        let (live, limits) = (live.clone(), self.file_limits().await?);
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            let scratch = app.library_scratch()?;
            let place = |name: &str| scratch.path().join(format!("{name}.jsonl"));
            let mut shares = vec![Share { path: place("train"), share: 1.0 - wanted.validation_share }];
            if wanted.validation_share > 0.0 {
                shares.push(Share { path: place("validation"), share: wanted.validation_share });
            }
            let (seed, stratified) = (wanted.seed, wanted.stratified);
            let file_bytes = Some(limits.file_bytes);
            let options = SplitOptions { seed, stratified, file_bytes, ..SplitOptions::default() };
            let written = split(&held.path, &shares, &options, &live, &live.cancel)?;
            let mut made = Vec::new();
            for (share, set) in shares.iter().zip(written) {
                let side = share.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                for file in set.files {
                    let name = format!("{}-{side}", held.row.name);
                    made.push(app.made_of(&held.row, file, name, MadeBy::Split, &live)?);
                }
            }
            Ok(made)
        })
        .await
    }

    /// `version_sample`
    pub async fn version_sample(
        &self,
        wanted: SampleRequest,
        _: Language,
        live: &Live<TaskProgress>,
    ) -> Result<VersionRow> {
        let live = live.clone();
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            let scratch = app.library_scratch()?;
            let file = scratch.path().join("sample.jsonl");
            let report = sample_file((&held.path, &file), wanted.rows, wanted.seed, &live, &live.cancel)?;
            if report.rows == 0 {
                bail!(coded(Code::DatasetEmpty));
            }
            let name = format!("{}-sample", held.row.name);
            app.made_of(&held.row, file, name, MadeBy::Sample, &live)
        })
        .await
    }

    /// Samples a file or a version into a file.
    pub async fn dataset_sample_file(
        &self,
        input: PathBuf,
        out: PathBuf,
        rows: u64,
        seed: u64,
        live: &Live<TaskProgress>,
    ) -> Result<SampleReport> {
        let live = live.clone();
        self.blocking(move |_| sample_file((&input, &out), rows, seed, &live, &live.cancel)).await
    }

    /// A file with some rows of a version becomes a data set of its own.
    fn made_of(
        &self,
        parent: &VersionRow,
        file: PathBuf,
        name: String,
        made: MadeBy,
        live: &Live<TaskProgress>,
    ) -> Result<VersionRow> {
        let provenance = self.origins_carried(parent, &file, None, &live.cancel)?;
        let new = NewVersion {
            file,
            chain: Chain::New { name, kind: parent.kind },
            parent: Some(VersionId { dataset: parent.dataset.clone(), version: parent.version }),
            made,
            source: String::new(),
            counts: BTreeMap::new(),
            provenance,
        };
        self.version_keep(new, live, &live.cancel)
    }

    /// `version_diff`
    pub async fn version_diff(
        &self,
        wanted: DiffRequest,
        _: Language,
        live: &Live<TaskProgress>,
    ) -> Result<VersionDiff> {
        let older = self.version_input(&wanted.older.dataset, wanted.older.version).await?.path;
        let newer = self.version_input(&wanted.newer.dataset, wanted.newer.version).await?.path;
        self.dataset_diff(older, newer, live).await
    }

    /// What differs between two files.
    pub async fn dataset_diff(&self, older: PathBuf, newer: PathBuf, live: &Live<TaskProgress>) -> Result<VersionDiff> {
        let live = live.clone();
        self.blocking(move |_| {
            let found = diff_files((&older, &newer), DIFFERENCES, &live, &live.cancel)?;
            let row = |row: pc_dataset::Difference| DiffRow {
                older_line: row.older_line,
                newer_line: row.newer_line,
                before: row.before.as_deref().map(cut),
                after: row.after.as_deref().map(cut),
            };
            Ok(VersionDiff {
                added: found.added,
                removed: found.removed,
                changed: found.changed,
                same: found.same,
                rows: found.rows.into_iter().map(row).collect(),
            })
        })
        .await
    }

    /// Does work that writes a file: where it was told to, or as the version after the one that it was made from. Where nothing
    /// was done, there is no new version: [`Code::NothingChanged`].
    pub(super) fn edited(
        &self,
        input: &DatasetInput,
        out: Option<PathBuf>,
        made: MadeBy,
        live: &Live<TaskProgress>,
        work: impl FnOnce(&Path) -> Result<Done>,
    ) -> Result<Edited> {
        if let Some(out) = out {
            return Ok(Edited { counts: work(&out)?.counted(), version: None });
        }
        let Some(parent) = &input.version else { bail!(coded(Code::OutputMissing)) };
        let scratch = self.library_scratch()?;
        let file = scratch.path().join("rows.jsonl");
        let done = work(&file)?;
        let (removed, counts) = (done.removed.clone(), done.counted());
        if counts.is_empty() {
            bail!(coded(Code::NothingChanged));
        }
        let provenance = self.origins_carried(parent, &file, removed.as_deref(), &live.cancel)?;
        let new = NewVersion {
            file,
            chain: Chain::Next(parent.dataset.clone()),
            parent: Some(VersionId { dataset: parent.dataset.clone(), version: parent.version }),
            made,
            source: String::new(),
            counts: counts.clone(),
            provenance,
        };
        let version = Some(self.version_keep(new, live, &live.cancel)?);
        Ok(Edited { counts, version })
    }

    /// What is known of where a version's rows came from, for a file that was made of it: line by line where it is known which lines
    /// are gone, else by what the rows say. Beside the file; nothing where nothing is known.
    pub(super) fn origins_carried(
        &self,
        parent: &VersionRow,
        file: &Path,
        removed: Option<&[u64]>,
        cancel: &Cancel,
    ) -> Result<Option<PathBuf>> {
        let (from, to) = (self.version_sidecar(parent, PROVENANCE), file.with_extension("origins"));
        let known = match removed {
            Some(removed) => provenance::carry((Path::new(&parent.path), file), removed, (&from, &to), cancel)?,
            None => provenance::keep(file, (&from, &to), cancel)?,
        };
        Ok((known > 0).then_some(to))
    }

    /// A version as what a command works on.
    pub(super) async fn version_input(&self, dataset: &str, version: u32) -> Result<DatasetInput> {
        let dataset = dataset.to_owned();
        self.blocking(move |app| {
            let held = app.version_held(&dataset, version)?;
            Ok(DatasetInput { path: held.path, version: Some(held.row) })
        })
        .await
    }
}

/// What some work did.
pub(super) struct Done {
    pub counts: BTreeMap<String, u64>,
    /// Lines that are gone, where all others stand in their order, changed or not.
    pub removed: Option<Vec<u64>>,
}

impl Done {
    /// What happened at all.
    fn counted(self) -> BTreeMap<String, u64> {
        self.counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// The version that an edit of a version made.
pub(super) fn kept(edited: Edited) -> Result<VersionRow> {
    edited.version.ok_or_else(|| coded(Code::NothingChanged).into())
}

fn fixes_of(wanted: FixRequest) -> Fixes {
    Fixes { kind: DatasetKind::default(), codes: wanted.codes, lines: wanted.lines, drop_bad: wanted.drop_bad }
}

/// [`Code::InputInvalid`] for a code that there is not; one without a fix is refused where the file is repaired.
fn plan_of(fixes: &Fixes, kind: RowKind) -> Result<FixPlan> {
    let unknown = |name: &str| coded(Code::InputInvalid).with("what", "code").with("why", name);
    let code = |name: &String| FindingCode::from_name(name).ok_or_else(|| unknown(name));
    let codes = match fixes.codes.as_slice() {
        [] if fixes.drop_bad => Vec::new(),
        [] => FindingCode::ALL.iter().copied().filter(|code| code.fix(Language::English).is_some()).collect(),
        some => some.iter().map(code).collect::<Result<_, _>>()?,
    };
    let lines: BTreeSet<u64> = fixes.lines.iter().copied().collect();
    Ok(FixPlan { codes, lines, drop_bad: fixes.drop_bad, kind })
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(ROW) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
