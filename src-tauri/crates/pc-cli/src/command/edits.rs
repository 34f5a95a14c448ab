//! `partner dataset fix`: rows changed in bulk, into a file or the next version of a data set.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use pc_app::{DatasetInput, Edited, Fixes};

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
