//! Data sets on this machine: the check before anything is sent.

use std::path::Path;

use anyhow::Result;
use pc_base::{Cancel, Language, Reporter};
use pc_dataset::{CheckOptions, Report, RowKind, check};

/// Judges every line of a file as a row of the kind. Findings are sentences in `language`.
pub fn dataset_check(
    path: &Path,
    kind: RowKind,
    language: Language,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<Report> {
    check(path, &CheckOptions { language, kind, ..CheckOptions::default() }, reporter, cancel)
}
