//! `partner dataset fix`, `dedup`, `sample` and `diff`: rows changed or left out in bulk, into a file or the next version of a data
//! set; a smaller file that looks alike; what differs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use pc_app::api::{DiffRow, VersionDiff};
use pc_app::{DatasetInput, Edited, Fixes, Repeats};
use pc_base::Language;

use super::Call;
use crate::args::Edit;
use crate::figures;
use crate::shown::Shown;
use crate::table::{number, table, text};

/// Repairs.
pub async fn fix(edit: Edit, codes: Vec<String>, drop_bad: bool, call: &Call) -> Result<ExitCode> {
    let (input, out, kind) = opened(edit, call).await?;
    let fixes = Fixes { kind, codes, lines: Vec::new(), drop_bad };
    let edited = call.app.dataset_fix(input, fixes, out.clone(), &call.live()).await?;
    told(&edited, out, &call.shown)
}

/// Leaves out what repeats.
pub async fn dedup(edit: Edit, repeats: Repeats, call: &Call) -> Result<ExitCode> {
    let (input, out, _) = opened(edit, call).await?;
    let edited = call.app.dataset_dedup(input, repeats, out.clone(), &call.live()).await?;
    told(&edited, out, &call.shown)
}

/// Takes a sample.
pub async fn sample(input: &str, rows: u64, out: PathBuf, seed: u64, call: &Call) -> Result<ExitCode> {
    let (path, shown) = (call.app.dataset_input(input).await?.path, &call.shown);
    let report = call.app.dataset_sample_file(path, out.clone(), rows, seed, &call.live()).await?;
    let (taken, of) = (figures::count(report.rows), figures::count(report.of));
    let said = match shown.language() {
        Language::English => format!("{}: {taken} of {of} rows", out.display()),
        Language::Chinese => format!("{}：{of} 行中的 {taken} 行", out.display()),
    };
    shown.result(&serde_json::to_value(&report)?, &said);
    Ok(ExitCode::SUCCESS)
}

/// Lists what differs: `+` for an added row, `-` for one that is gone, and both for one that changed.
pub async fn diff(older: &str, newer: &str, call: &Call) -> Result<ExitCode> {
    let (older, newer) = (call.app.dataset_input(older).await?.path, call.app.dataset_input(newer).await?.path);
    let found = call.app.dataset_diff(older, newer, &call.live()).await?;
    call.shown.result(&serde_json::to_value(&found)?, &differences(&found, &call.shown));
    Ok(ExitCode::SUCCESS)
}

fn differences(found: &VersionDiff, shown: &Shown) -> String {
    let side = |sign: &str, line: Option<u64>, text: &Option<String>| {
        let text = text.as_ref()?;
        Some(format!("{sign} {}: {text}", line.unwrap_or_default()))
    };
    let sides = |row: &DiffRow| {
        [side("-", row.older_line, &row.before), side("+", row.newer_line, &row.after)].into_iter().flatten()
    };
    let [added, removed, changed, same] = [found.added, found.removed, found.changed, found.same].map(figures::count);
    let sum = match shown.language() {
        Language::English => format!("{added} added, {removed} removed, {changed} changed, {same} the same"),
        Language::Chinese => format!("新增 {added} 行，删除 {removed} 行，更改 {changed} 行，相同 {same} 行"),
    };
    found.rows.iter().flat_map(sides).chain([sum]).collect::<Vec<_>>().join("\n")
}

async fn opened(edit: Edit, call: &Call) -> Result<(DatasetInput, Option<PathBuf>, pc_app::api::DatasetKind)> {
    let Edit { input, out, kind } = edit;
    Ok((call.app.dataset_input(&input).await?, out, kind.into()))
}

/// What was done by its stable names, and where the outcome is.
fn told(edited: &Edited, out: Option<PathBuf>, shown: &Shown) -> Result<ExitCode> {
    let columns = [number(shown.words("Times", "次数")), text(shown.words("What", "内容"))];
    let cells = edited.counts.iter().map(|(name, count)| vec![figures::count(*count), name.clone()]);
    let place = match (&edited.version, &out) {
        (Some(row), _) => {
            format!("{}@{}: {} {}", row.name, row.version, figures::count(row.rows), shown.words("rows", "行"))
        }
        (None, Some(out)) => out.display().to_string(),
        (None, None) => String::new(),
    };
    let done = table(&columns, &cells.collect::<Vec<_>>());
    let nothing = shown.words("There was nothing to change.", "没有需要更改的内容。");
    let said = if edited.counts.is_empty() { nothing.to_owned() } else { done };
    shown.result(&serde_json::to_value(edited)?, &format!("{said}\n{place}"));
    Ok(ExitCode::SUCCESS)
}
