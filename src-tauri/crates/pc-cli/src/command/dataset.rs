//! `partner dataset …`

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use pc_base::Cancel;

use crate::figures;
use crate::shown::Shown;

/// Lists every finding; exit 1 when a row has an error.
pub fn check(file: &Path, shown: &Shown, cancel: &Cancel) -> Result<ExitCode> {
    let report = pc_app::dataset_check(file, shown.language(), shown, cancel)?;
    let mut lines: Vec<String> = report
        .findings
        .iter()
        .map(|found| format!("{}:{} {} {} [{}]", report.name, found.line, found.at, found.message, found.code.name()))
        .map(|line| line.replace("  ", " "))
        .collect();
    let (rows, good) = (figures::count(report.rows), figures::count(report.good_rows));
    let errors = figures::count(report.errors_total);
    lines.push(match shown.language() {
        pc_base::Language::English => format!("{}: {rows} rows, {good} good, {errors} errors", report.name),
        pc_base::Language::Chinese => format!("{}：共 {rows} 行，{good} 行正确，{errors} 个错误", report.name),
    });
    shown.result(&serde_json::to_value(&report)?, &lines.join("\n"));
    Ok(if report.errors_total == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
