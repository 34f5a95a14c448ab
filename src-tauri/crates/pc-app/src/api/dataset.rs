//! Data sets: check on this machine, upload, list.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Which rows a file is meant to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum DatasetKind {
    /// Conversations.
    #[default]
    Sft,
    /// Pairs of answers.
    Dpo,
    /// Plain texts.
    Cpt,
}

impl DatasetKind {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sft => "sft",
            Self::Dpo => "dpo",
            Self::Cpt => "cpt",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sft, Self::Dpo, Self::Cpt].into_iter().find(|kind| kind.name() == name)
    }
}

impl From<DatasetKind> for pc_dataset::RowKind {
    fn from(kind: DatasetKind) -> Self {
        match kind {
            DatasetKind::Sft => Self::Sft,
            DatasetKind::Dpo => Self::Dpo,
            DatasetKind::Cpt => Self::Cpt,
        }
    }
}

/// `dataset_check`, and the first half of `dataset_upload`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatasetPath {
    pub path: String,
    /// Conversations where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kind: Option<DatasetKind>,
}

/// `dataset_check`: the verdict over every line of a file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatasetReport {
    pub path: String,
    pub name: String,
    pub bytes: u64,
    /// Hex SHA-256 of the file.
    pub sha256: String,
    pub rows: u64,
    /// Rows without an error.
    pub good_rows: u64,
    /// Messages of all good rows.
    pub messages: u64,
    /// Characters of all good rows.
    pub characters: u64,
    /// In file order, the first thousand of each code.
    pub findings: Vec<Finding>,
    /// All findings, kept or not.
    pub findings_total: u64,
    /// The first rows, as they will be sent.
    pub sample: Vec<SampleRow>,
}

/// One error or warning at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// A stable code, such as `line_not_json`; its words are in the UI's catalogue and the command line's.
    pub code: String,
    pub severity: Severity,
    /// 1-based line in the file; 0 speaks of the whole file.
    pub line: u64,
    /// JSON path within the line, such as `messages[2].content`; empty for the whole line.
    pub at: String,
    /// The sentence in the asked language.
    pub message: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The cloud would refuse the row or fail on it.
    Error,
    Warning,
}

/// A row to look at.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SampleRow {
    pub line: u64,
    pub messages: Vec<SampleMessage>,
}

/// One turn.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SampleMessage {
    pub role: String,
    pub content: String,
}

/// `dataset_upload`
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct DatasetUpload {
    pub path: String,
    /// Its name in the cloud; the file's own where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    pub description: Option<String>,
    /// Conversations where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kind: Option<DatasetKind>,
    /// The most of the line that is taken; the setting where nothing is said, 0 takes all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub bytes_per_second: Option<u64>,
    /// When to send, such as `22:00-06:00`; the setting where nothing is said, an empty text is any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hours: Option<String>,
}

/// `upload_limits`: what the selected cloud takes, known before the first byte: as it says, else as Model Studio documents.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UploadLimits {
    /// Bytes of one file beyond which an upload is refused.
    pub file_bytes: u64,
    /// Bytes beyond which the cloud's own console refuses a file of conversations, though its API takes it.
    pub console_bytes: u64,
}

/// `upload_list`: an upload that was begun and not ended. `dataset_upload` of the same file goes on with it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UploadRow {
    pub upload_id: String,
    pub name: String,
    /// Where the file lay.
    pub path: String,
    pub kind: DatasetKind,
    pub description: String,
    pub bytes: u64,
    /// What the cloud has of it.
    pub arrived: u64,
    /// RFC 3339.
    pub begun_at: String,
}

/// `upload_discard`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UploadId {
    pub upload_id: String,
}

/// `dataset_list`: a file in the selected cloud.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatasetRow {
    /// The cloud's file id: what a fine-tune names.
    pub id: String,
    pub name: String,
    pub description: String,
    pub bytes: u64,
    pub md5: String,
    /// As this console counted when it uploaded; nothing for files from elsewhere.
    pub rows: Option<u64>,
    pub sha256: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// Where this console keeps the cloud's receipt of the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub receipt: Option<String>,
}

/// `dataset_delete`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatasetId {
    pub id: String,
}
