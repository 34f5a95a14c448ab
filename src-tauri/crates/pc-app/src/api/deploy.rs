//! Deployments: a model served by the selected cloud.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `deployment_list`: a row.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DeploymentRow {
    /// The callable id: what a request names as `model`.
    pub deployed_model: String,
    pub name: String,
    /// The fine-tuned model's id.
    pub model_name: String,
    pub base_model: String,
    /// `PENDING`, `RUNNING`, `UPDATING`, `STOPPED`, `DELETING` or `FAILED`.
    pub status: String,
    /// `lora` (per token) or `mu` (per hour).
    pub plan: String,
    /// RFC 3339.
    pub created_at: String,
    /// Root addresses to call.
    pub native_url: String,
    pub openai_url: String,
}

/// `deployment_create`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DeploymentCreate {
    /// The fine-tuned model's id (a job's `output_model`).
    pub model_name: String,
    pub name: String,
    pub plan: String,
}

/// `deployment_delete`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DeploymentId {
    pub deployed_model: String,
}

/// `deployment_key`: the key that callers use, shown because the user asked.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct DeploymentKey {
    pub api_key: String,
}
