//! Envelopes of native answers: `output` (most resources) or `data` (files), each with the request's id.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// `{"request_id", "output"}`.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Output<T> {
    #[serde(default, deserialize_with = "lenient::text")]
    pub request_id: String,
    pub output: T,
}

/// `{"request_id", "data"}`: the files API.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Data<T> {
    #[serde(default, deserialize_with = "lenient::text")]
    pub request_id: String,
    pub data: T,
}

/// `{"request_id"}` alone: a file was deleted.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Answered {
    #[serde(default, deserialize_with = "lenient::text")]
    pub request_id: String,
}

/// `{"status": "success"}`: a job was cancelled or deleted.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Done {
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: String,
}

impl Done {
    /// The only word that is documented.
    pub fn success() -> Self {
        Self { status: "success".to_owned() }
    }
}
