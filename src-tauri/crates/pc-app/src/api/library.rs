//! Local data sets: versions that never change, where they came from, and what can be done to make a next one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{DatasetKind, SampleMessage, Severity};

/// One version of a local data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VersionId {
    pub dataset: String,
    /// From 1.
    pub version: u32,
}

/// `library_list`, and half of `library_get`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct LocalDataset {
    pub id: String,
    pub name: String,
    pub kind: DatasetKind,
    /// The newest.
    pub latest: VersionRow,
    pub versions: u32,
    /// Where it is uploaded: names of clouds.
    pub uploaded_to: Vec<String>,
}

/// `library_get`, `library_delete`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct LibraryId {
    pub dataset: String,
}

/// `library_rename`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct LibraryRename {
    pub dataset: String,
    pub name: String,
}

/// `library_get`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct LibraryDetail {
    pub dataset: LocalDataset,
    /// Oldest first.
    pub versions: Vec<VersionRow>,
    /// Versions of other data sets that were made from one of this: `made` says how.
    pub descendants: Vec<VersionRow>,
    /// Uploads of any of its versions, to any cloud.
    pub uploads: Vec<VersionUpload>,
}

/// A version: content-addressed, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VersionRow {
    pub dataset: String,
    pub version: u32,
    /// The data set's name.
    pub name: String,
    pub kind: DatasetKind,
    /// Hex, of the file.
    pub sha256: String,
    pub bytes: u64,
    pub rows: u64,
    /// What it was made from, in this data set or another.
    pub parent: Option<VersionId>,
    pub made: MadeBy,
    /// A path, a query or a model's name where it came from outside.
    pub source: String,
    /// What was done, counted under stable names: codes of fixes, kinds of personal data, `rows_removed` …
    pub counts: BTreeMap<String, u64>,
    /// RFC 3339.
    pub created_at: String,
    /// The newest whole check of it.
    pub checked: Option<Checked>,
    /// The working copy on this machine.
    pub path: String,
}

/// What made a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MadeBy {
    Import,
    /// Rows of a database.
    Query,
    /// Passages of documents.
    Passages,
    /// Accepted drafts of a model.
    Drafts,
    Fix,
    Mask,
    Dedup,
    Split,
    Sample,
}

/// A whole check in figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Checked {
    pub good_rows: u64,
    pub errors: u64,
    pub warnings: u64,
    /// Personal data and secrets among them.
    pub personal: u64,
    pub secrets: u64,
    /// Of all good rows by the model that was asked for; nothing where none was.
    pub tokens: Option<u64>,
    /// RFC 3339.
    pub checked_at: String,
}

/// An upload of a version.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct VersionUpload {
    pub version: u32,
    pub cloud_id: String,
    pub cloud_name: String,
    pub file_id: String,
    /// Where the cloud's signed receipt is kept.
    pub receipt: Option<String>,
}

/// `version_rows`: some rows of a version, by their number.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RowsRequest {
    pub dataset: String,
    pub version: u32,
    /// From 0: lines that are not blank count.
    pub from: u64,
    /// At most 200.
    pub count: u32,
}

/// `version_rows`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RowsPage {
    pub total: u64,
    pub from: u64,
    pub rows: Vec<BrowsedRow>,
}

/// A row to look at, good or not.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct BrowsedRow {
    /// From 0.
    pub number: u64,
    /// 1-based line in the file: what findings name.
    pub line: u64,
    /// Empty where it cannot be read as a row.
    pub messages: Vec<SampleMessage>,
    /// Of a pair of answers.
    pub rejected: Option<String>,
    /// The line itself where it cannot be read as a row, cut to 4,000 characters.
    pub raw: Option<String>,
    /// Where a generated row came from: the model, the passage, what a person did with it.
    pub provenance: Option<String>,
    /// Longer contents were cut to 20,000 characters each.
    pub cut: bool,
}

/// `row_find`: the number of the row on a line.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RowFind {
    pub dataset: String,
    pub version: u32,
    /// 1-based.
    pub line: u64,
}

/// `row_find`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RowNumber {
    /// From 0: the row on the line, or the next one.
    pub number: u64,
}

/// `version_check`: everything that can be said of a version; kept until the next one.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct VersionCheck {
    pub dataset: String,
    pub version: u32,
    /// A base model whose tokenizer counts, such as `gemma-3-270m` or `qwen3`; nothing counts no tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub model: Option<String>,
    /// Rows above this many tokens are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub batch_size: Option<u64>,
    /// Versions that training must not know.
    #[serde(default)]
    pub held: Vec<VersionId>,
}

/// `version_report`: the kept check. Of a version that was never checked: nothing.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct KeptReport {
    pub report: Option<VersionReport>,
}

/// A whole check.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct VersionReport {
    pub dataset: String,
    pub version: u32,
    pub rows: u64,
    pub good_rows: u64,
    pub bytes: u64,
    pub messages: u64,
    pub characters: u64,
    /// Nothing where no model was asked for.
    pub tokens: Option<u64>,
    pub model: Option<String>,
    /// Every kind of finding with its number and its fix; the worst first.
    pub groups: Vec<FindingGroup>,
    /// In the file's order; the first thousand of each code.
    pub findings: Vec<VersionFinding>,
    pub findings_total: u64,
    pub errors_total: u64,
    pub charts: Vec<Distribution>,
    /// RFC 3339.
    pub checked_at: String,
}

/// All findings of one code.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct FindingGroup {
    pub code: String,
    pub severity: Severity,
    pub area: FindingArea,
    pub total: u64,
    /// What the code means, without values of a row.
    pub title: String,
    /// What a fix would do, in a sentence; nothing where there is none.
    pub fix: Option<String>,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FindingArea {
    Format,
    Content,
    Duplicates,
    Privacy,
    Secrets,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VersionFinding {
    pub code: String,
    pub severity: Severity,
    /// 1-based; 0 speaks of the whole file.
    pub line: u64,
    /// JSON path within the line.
    pub at: String,
    /// 1-based character within the text at `at`; 0 where that has no sense.
    pub column: u64,
    pub message: String,
}

/// A distribution: bars, each with its words.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Distribution {
    /// `characters`, `turns`, `answers`, `tokens`, `languages`, `labels`.
    pub name: String,
    pub bars: Vec<Bar>,
    pub median: Option<u64>,
    pub p95: Option<u64>,
    pub greatest: Option<u64>,
}

/// One bar.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Bar {
    /// A range such as `16-17`, a language's stable name, or a label's text.
    pub label: String,
    pub count: u64,
}

/// `fix_preview`, `version_fix`
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct FixRequest {
    pub dataset: String,
    pub version: u32,
    /// Codes whose findings are fixed; each has a fix.
    pub codes: Vec<String>,
    /// Rows that still have an error are left out of the new version.
    pub drop_bad: bool,
    /// Only these lines; all where it is empty.
    #[serde(default)]
    pub lines: Vec<u64>,
}

/// `fix_preview`: rows as they are and as they would be.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct FixPreview {
    /// The first 50 that change.
    pub rows: Vec<ChangedRow>,
    /// In the part of the file that was looked at.
    pub changed: u64,
    pub removed: u64,
    /// Whether the whole file was looked at.
    pub whole: bool,
}

/// A row before and after.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ChangedRow {
    /// 1-based, in the older version; 0 for a new row.
    pub line: u64,
    /// Cut to 4,000 characters.
    pub before: String,
    /// Nothing where it is removed.
    pub after: Option<String>,
    /// What was done: codes, kinds or ways.
    pub why: Vec<String>,
}

/// `version_dedup`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DedupRequest {
    pub dataset: String,
    pub version: u32,
    /// Least similarity in (0, 1]; above 1 equal rows only.
    pub threshold: f64,
    /// Whether of rows with the same question and other answers only the first stays.
    pub one_answer: bool,
    /// Versions whose rows must not be in this one.
    #[serde(default)]
    pub held: Vec<VersionId>,
}

/// `version_split`: two new data sets, or one where the share is 0, cut so that the selected cloud takes each file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SplitRequest {
    pub dataset: String,
    pub version: u32,
    /// Of the rows, for validation: from 0, below 1.
    pub validation_share: f64,
    pub seed: u64,
    /// Keeps the shares of short answers, languages and lengths alike on both sides.
    pub stratified: bool,
}

/// `version_sample`: a smaller data set that looks like the whole.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SampleRequest {
    pub dataset: String,
    pub version: u32,
    pub rows: u64,
    pub seed: u64,
}

/// `version_diff`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DiffRequest {
    pub older: VersionId,
    pub newer: VersionId,
}

/// `version_diff`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct VersionDiff {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
    pub same: u64,
    /// The first 200 of them in the newer file's order.
    pub rows: Vec<DiffRow>,
}

/// One difference.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DiffRow {
    /// 1-based in the older version; nothing for an added row.
    pub older_line: Option<u64>,
    pub newer_line: Option<u64>,
    /// Cut to 4,000 characters each.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// `version_export`: a copy for the user, at a place of theirs.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct VersionExport {
    pub dataset: String,
    pub version: u32,
    pub path: String,
}

/// `version_upload`: to the selected cloud; goes on where it was left.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct VersionSend {
    pub dataset: String,
    pub version: u32,
    pub description: Option<String>,
}
