//! Limits (`/modelstudio/models/limits`) and permissions (`/modelstudio/models/permissions`) of a workspace by model.

use serde::Serialize;

/// A page of limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelLimits {
    pub limits: Vec<ModelLimitRow>,
    /// This listing's name for the envelope's `message`.
    pub error_message: String,
    pub max_results: u64,
    pub next_token: Option<String>,
    pub total_count: u64,
}

/// A model's limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelLimitRow {
    pub model: String,
    pub name: String,
    pub workspace_id: String,
    /// What holds for everybody.
    pub model_limit: ModelLimit,
    /// What was set for the workspace.
    pub workspace_limit: Option<ModelLimit>,
}

/// Periods are in seconds; nothing where there is no limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelLimit {
    pub request_limit: Option<u64>,
    pub request_limit_period: Option<u64>,
    pub usage_limit: Option<u64>,
    /// What use is counted in.
    pub usage_limit_field: Option<String>,
    pub usage_limit_period: Option<u64>,
    pub async_user_concurrency_limit: Option<u64>,
    pub async_user_queue_limit: Option<u64>,
}

/// A page of permissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelPermissions {
    pub list: Vec<ModelPermissionRow>,
    pub error_message: String,
    pub max_results: u64,
    pub next_token: Option<String>,
    pub total_count: u64,
}

/// What may be done with a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ModelPermissionRow {
    pub model: String,
    pub name: String,
    pub permissions: Permissions,
}

/// The three uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Permissions {
    pub inference: bool,
    pub fine_tune: bool,
    pub deploy: bool,
}
