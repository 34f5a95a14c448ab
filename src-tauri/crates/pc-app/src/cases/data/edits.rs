//! What makes the next version of a local data set, or another file of a file: repairs and the removal of what repeats; what makes new
//! data sets of a version: a split and a sample; and what differs between two versions. Deliberately absent: the work on rows,
//! which is `pc-dataset`'s, and masking.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use pc_base::{Cancel, Code, Language, coded};
use pc_dataset::{FindingCode, FixPlan, RowKind, fix_file};
use serde::Serialize;

use crate::api::{ChangedRow, DatasetKind, FixPreview, FixRequest, MadeBy, TaskProgress, VersionId, VersionRow};
use crate::app::App;
use crate::library::{Chain, DatasetInput, NewVersion};
use crate::live::Live;

/// Changes that are shown before they are made, the part of a file that is looked at for them, and characters of a row.
const SHOWN: usize = 50;
const LOOKED_AT: u64 = 16 << 20;
const ROW: usize = 4_000;

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
                Ok(done.chain(rest.map(|(name, count)| (name.to_owned(), count))).collect())
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
        work: impl FnOnce(&Path) -> Result<BTreeMap<String, u64>>,
    ) -> Result<Edited> {
        let counted = |mut counts: BTreeMap<String, u64>| {
            counts.retain(|_, count| *count > 0);
            counts
        };
        if let Some(out) = out {
            return Ok(Edited { counts: counted(work(&out)?), version: None });
        }
        let Some(parent) = &input.version else { bail!(coded(Code::OutputMissing)) };
        let scratch = self.library_scratch()?;
        let file = scratch.path().join("rows.jsonl");
        let counts = counted(work(&file)?);
        if counts.is_empty() {
            bail!(coded(Code::NothingChanged));
        }
        let new = NewVersion {
            file,
            chain: Chain::Next(parent.dataset.clone()),
            parent: Some(VersionId { dataset: parent.dataset.clone(), version: parent.version }),
            made,
            source: String::new(),
            counts: counts.clone(),
            provenance: None,
        };
        let version = Some(self.version_keep(new, live, &live.cancel)?);
        Ok(Edited { counts, version })
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
