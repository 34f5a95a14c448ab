//! `/api/v1/extensions`: what Model Studio lacks, in a namespace of its own and found by capability.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// What an endpoint offers beyond the documented API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    #[serde(default, deserialize_with = "lenient::texts")]
    pub capabilities: Vec<String>,
}

impl Capabilities {
    /// The weights of a fine-tune can be downloaded.
    pub const WEIGHTS_DOWNLOAD: &str = "weights-download";
}

/// The files of a fine-tune's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsManifest {
    pub job_id: String,
    /// The result's id.
    pub model: String,
    pub base_model: String,
    pub files: Vec<WeightsFile>,
}

/// One file of a result, fetched at `…/weights/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsFile {
    /// A plain file name.
    pub name: String,
    #[serde(deserialize_with = "lenient::count")]
    pub bytes: u64,
    /// Lower-case hex.
    pub sha256: String,
}
