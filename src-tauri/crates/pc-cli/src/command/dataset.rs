//! `partner dataset …`

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use pc_base::Cancel;

use crate::shown::Shown;

/// Lists every finding; exit 1 when a row has an error.
pub fn check(file: &Path, shown: &Shown) -> Result<ExitCode> {
    let report = pc_app::dataset_check(file, shown.language(), shown, &Cancel::default())?;
    let mut lines: Vec<String> = report
        .findings
        .iter()
        .map(|found| format!("{}:{} {} {} [{}]", report.name, found.line, found.at, found.message, found.code.name()))
        .collect();
    lines.push(format!(
        "{}: {} {}, {} {}, {} {}",
        report.name,
        report.rows,
        shown.words("rows", "行"),
        report.good_rows,
        shown.words("good", "行正确"),
        report.errors_total,
        shown.words("errors", "个错误"),
    ));
    shown.result(&serde_json::to_value(&report)?, &lines.join("\n"));
    Ok(if report.errors_total == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
