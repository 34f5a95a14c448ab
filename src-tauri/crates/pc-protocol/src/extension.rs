//! `/api/v1/extensions`: what Model Studio lacks, in a namespace of its own and found by capability.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// What an endpoint offers beyond the documented API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Capabilities {
    #[serde(default, deserialize_with = "lenient::texts")]
    pub capabilities: Vec<String>,
    /// The most that one file to train on may have, in bytes; nothing where the endpoint does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
}

impl Capabilities {
    /// The weights of a fine-tune can be downloaded.
    pub const WEIGHTS_DOWNLOAD: &str = "weights-download";
    /// A file can be sent in pieces and goes on after a break.
    pub const RESUMABLE_UPLOAD: &str = "resumable-upload";
    /// A creating request with an `Idempotency-Key` is carried out once, however often it is sent.
    pub const IDEMPOTENCY_KEYS: &str = "idempotency-keys";
    /// Keys with their whole scope, workspaces and rotation, for the holder of the AccessKey.
    pub const ACCOUNT: &str = "account";
    /// Uploads and deletions leave a signed receipt.
    pub const RECEIPTS: &str = "receipts";
    /// The bytes of a file can be read back, and ranges of them.
    pub const FILE_CONTENT: &str = "file-content";
    /// All that can be asked is described as OpenAPI.
    pub const DESCRIPTION: &str = "openapi";
}

/// On the content of a file ([`Capabilities::FILE_CONTENT`]): CRC-64/XZ of all of it in 16 hex digits, whatever range is sent.
pub const CRC64_HEADER: &str = "x-file-crc64";

/// The receipts about a file, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReceiptList {
    pub receipts: Vec<ReceiptEntry>,
}

/// One of them, fetched whole at `…/receipts/{receipt_id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReceiptEntry {
    pub receipt_id: String,
    pub file_id: String,
    pub action: crate::receipt::Action,
    /// RFC 3339.
    pub time: String,
}

/// A file that is to be sent in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CreateUpload {
    pub name: String,
    pub bytes: u64,
    #[serde(default)]
    pub description: String,
    /// As for files; nothing is `fine-tune`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Hex, of the whole; at the latest in [`FinishUpload`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Asks for the file. One of the hashes is needed, here or in [`CreateUpload`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FinishUpload {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// An upload as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ResumableUpload {
    pub upload_id: String,
    #[serde(default)]
    pub name: String,
    #[serde(deserialize_with = "lenient::count")]
    pub bytes: u64,
    /// How much has arrived for good: the next piece begins here.
    #[serde(deserialize_with = "lenient::count")]
    pub offset: u64,
    /// The most that one piece may have.
    #[serde(deserialize_with = "lenient::count")]
    pub piece_bytes: u64,
    /// Seconds since 1970; every piece puts it off.
    #[serde(default)]
    pub expires_at: i64,
    /// Once it is finished.
    #[serde(default)]
    pub file_id: Option<String>,
}

/// The files of a fine-tune's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WeightsManifest {
    pub job_id: String,
    /// The result's id.
    pub model: String,
    pub base_model: String,
    pub files: Vec<WeightsFile>,
}

/// One file of a result, fetched at `…/weights/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WeightsFile {
    /// A plain file name.
    pub name: String,
    #[serde(deserialize_with = "lenient::count")]
    pub bytes: u64,
    /// Lower-case hex.
    pub sha256: String,
}
