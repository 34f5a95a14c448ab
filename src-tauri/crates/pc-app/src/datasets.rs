//! Data sets on this machine: the check before anything is sent.

use std::path::Path;

use anyhow::Result;
use pc_base::{Cancel, Language, Reporter};
use pc_dataset::{CheckOptions, Report, check};

/// Judges every line of a ChatML file. Findings are sentences in `language`.
pub fn dataset_check(path: &Path, language: Language, reporter: &dyn Reporter, cancel: &Cancel) -> Result<Report> {
    check(path, &CheckOptions { language, ..CheckOptions::default() }, reporter, cancel)
}
