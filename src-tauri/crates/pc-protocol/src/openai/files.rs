//! Files and uploads in parts.

use serde::{Deserialize, Serialize};

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FileObject {
    pub id: String,
    /// `file`
    pub object: String,
    pub bytes: u64,
    /// Seconds since 1970, as every time here.
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub filename: String,
    pub purpose: String,
    /// `uploaded`, `processed` or `error`.
    pub status: String,
    pub status_details: Option<String>,
}

/// The answer to a deletion, of files and of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deleted {
    pub id: String,
    pub object: String,
    pub deleted: bool,
}

/// When a file goes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpiresAfter {
    /// `created_at`
    pub anchor: String,
    /// 3600 to 2592000.
    pub seconds: i64,
}

/// What an upload is begun with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUpload {
    pub bytes: u64,
    pub filename: String,
    pub mime_type: String,
    pub purpose: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<ExpiresAfter>,
}

/// What makes a file of the parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteUpload {
    /// Their order is that of the bytes.
    pub part_ids: Vec<String>,
    /// Hex, of the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Upload {
    pub id: String,
    /// `upload`
    pub object: String,
    pub bytes: u64,
    pub created_at: i64,
    pub expires_at: i64,
    pub filename: String,
    pub purpose: String,
    /// `pending`, `completed`, `cancelled` or `expired`.
    pub status: String,
    pub file: Option<FileObject>,
}

/// A part that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UploadPart {
    pub id: String,
    /// `upload.part`
    pub object: String,
    pub created_at: i64,
    pub upload_id: String,
}
