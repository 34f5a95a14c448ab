//! `partner dataset fix`, `dedup`, `split`, `sample` and `diff`: rows changed or left out in bulk, into a file or the next version of
//! a data set; parts and smaller ones that look alike; what differs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use pc_app::api::{DiffRow, SampleRequest, SplitRequest, VersionDiff, VersionRow};
use pc_app::{DatasetInput, Edited, Fixes, Repeats, Split};
use pc_base::{Code, Language, coded};
use serde_json::json;

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

/// Takes a sample, into a file or as a new data set.
pub async fn sample(input: &str, rows: u64, out: Option<PathBuf>, seed: u64, call: &Call) -> Result<ExitCode> {
    let (input, shown) = (call.app.dataset_input(input).await?, &call.shown);
    let Some(out) = out else {
        let VersionRow { dataset, version, .. } = kept_here(input)?;
        let wanted = SampleRequest { dataset, version, rows, seed };
        let made = call.app.version_sample(wanted, shown.language(), &call.live()).await?;
        shown.result(&json!({"version": made}), &version_said(&made, shown));
        return Ok(ExitCode::SUCCESS);
    };
    let report = call.app.dataset_sample_file(input.path, out.clone(), rows, seed, &call.live()).await?;
    let (taken, of) = (figures::count(report.rows), figures::count(report.of));
    let said = match shown.language() {
        Language::English => format!("{}: {taken} of {of} rows", out.display()),
        Language::Chinese => format!("{}：{of} 行中的 {taken} 行", out.display()),
    };
    shown.result(&serde_json::to_value(&report)?, &said);
    Ok(ExitCode::SUCCESS)
}

/// Divides: into a file to train on and one to validate with, or into new data sets.
pub async fn split(
    input: &str,
    files: Option<(PathBuf, PathBuf)>,
    (validation_share, seed, stratified): (f64, u64, bool),
    call: &Call,
) -> Result<ExitCode> {
    let (input, shown) = (call.app.dataset_input(input).await?, &call.shown);
    let Some((training, validation)) = files else {
        let VersionRow { dataset, version, .. } = kept_here(input)?;
        let wanted = SplitRequest { dataset, version, validation_share, seed, stratified };
        let made = call.app.version_split(wanted, shown.language(), &call.live()).await?;
        let said: Vec<String> = made.iter().map(|row| version_said(row, shown)).collect();
        shown.result(&json!({"versions": made}), &said.join("\n"));
        return Ok(ExitCode::SUCCESS);
    };
    let wanted = Split { path: input.path, training, validation, validation_share, seed, stratified };
    let written = call.app.dataset_split(wanted, &call.live()).await?;
    let files = written.iter().flat_map(|set| &set.files).map(|file| file.display().to_string());
    let rows: Vec<String> = written.iter().map(|set| figures::count(set.rows)).collect();
    let said: Vec<String> = files.chain([format!("{} {}", rows.join(" + "), shown.words("rows", "行"))]).collect();
    shown.result(&json!({"written": written}), &said.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// A version of a data set on this machine. [`Code::OutputMissing`] for a plain file.
fn kept_here(input: DatasetInput) -> Result<VersionRow> {
    input.version.with_context(|| coded(Code::OutputMissing))
}

fn version_said(row: &VersionRow, shown: &Shown) -> String {
    format!("{}@{}: {} {}", row.name, row.version, figures::count(row.rows), shown.words("rows", "行"))
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
        (Some(row), _) => version_said(row, shown),
        (None, Some(out)) => out.display().to_string(),
        (None, None) => String::new(),
    };
    let done = table(&columns, &cells.collect::<Vec<_>>());
    let nothing = shown.words("There was nothing to change.", "没有需要更改的内容。");
    let said = if edited.counts.is_empty() { nothing.to_owned() } else { done };
    shown.result(&serde_json::to_value(edited)?, &format!("{said}\n{place}"));
    Ok(ExitCode::SUCCESS)
}
