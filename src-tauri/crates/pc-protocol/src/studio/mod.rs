//! ModelStudio OpenAPI 2026-02-10: costs, API keys, workspaces and models of an account. REST style, signed with ACS3; its
//! names are in lower camel case. What only a program's own SDK reads is written here and never read.

mod costs;
mod models;
mod rules;

use serde::{Deserialize, Serialize};

use crate::lenient;

pub use costs::{CostGroup, CostOverview, CostPeriod, CostShare, CostSum, CostTotal, CostTrend};
pub use models::{InferenceMetadata, ModelPrice, ModelPriceRange, StudioModel, StudioModelInfo, StudioModels};
pub use rules::{ModelLimit, ModelLimitRow, ModelLimits, ModelPermissionRow, ModelPermissions, Permissions};

/// The API's version, sent as `x-acs-version`.
pub const VERSION: &str = "2026-02-10";

/// What every answer says, around what it is about.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudioAnswer<T> {
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub request_id: String,
    #[serde(default)]
    pub success: bool,
    #[serde(default)]
    pub http_status_code: u16,
    #[serde(flatten)]
    pub body: T,
}

impl<T> StudioAnswer<T> {
    /// A success.
    pub fn success(request_id: String, body: T) -> Self {
        let (code, message) = ("Success".to_owned(), "Successful!".to_owned());
        Self { code, message, request_id, success: true, http_status_code: 200, body }
    }
}

/// Nothing besides the envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Nothing {}

/// `{"data": …}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct StudioData<T> {
    pub data: T,
}

/// `{"apiKey": …}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneKey {
    pub api_key: StudioKey,
}

/// An API key. Its value is whole when it was made or reset just now, and masked ever after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudioKey {
    pub api_key_id: i64,
    #[serde(default)]
    pub api_key_value: String,
    #[serde(default)]
    pub auth: KeyAuth,
    #[serde(default)]
    pub created_by: String,
    #[serde(default)]
    pub description: String,
    /// 1 where it is disabled.
    #[serde(default, deserialize_with = "lenient::count")]
    pub disabled: u64,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub gmt_create: i64,
    #[serde(default)]
    pub workspace_id: String,
    #[serde(default)]
    pub workspace_name: String,
}

/// What a key may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyAuth {
    /// `All` or `Custom`.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Networks.
    #[serde(default)]
    pub access_ips: Vec<String>,
    #[serde(default)]
    pub model_access_scope: ModelScope,
}

/// Which models a key may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelScope {
    #[serde(default)]
    pub allow_all_models: bool,
    #[serde(default)]
    pub accessible_models: Vec<String>,
}

/// A page of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudioKeys {
    #[serde(default)]
    pub api_keys: Vec<StudioKey>,
    pub max_results: u64,
    pub next_token: Option<String>,
    pub total_count: u64,
}

/// `{"workspace": …}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OneWorkspace {
    pub workspace: StudioWorkspace,
}

/// A workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudioWorkspace {
    #[serde(default)]
    pub api_host: String,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub gmt_create: i64,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub service_site: String,
    pub workspace_id: String,
    #[serde(default)]
    pub workspace_name: String,
}

/// A page of workspaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudioWorkspaces {
    #[serde(default)]
    pub workspaces: Vec<StudioWorkspace>,
    pub max_results: u64,
    pub next_token: Option<String>,
    pub total_count: u64,
}

/// Whether a workspace was deleted, and why not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceDeleted {
    pub is_deleted: bool,
    pub fail_reasons: Vec<FailReason>,
}

/// What a workspace still holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailReason {
    pub reason: String,
    pub resource_type: String,
}
