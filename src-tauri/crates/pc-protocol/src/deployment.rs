//! Deployments (`/api/v1/deployments`): served models.

use serde::{Deserialize, Serialize};

use crate::lenient;
use crate::word::words;

/// What a deployment is created with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CreateDeployment {
    /// A base model or a fine-tune's result.
    pub model_name: String,
    /// `lora` (by token), `mu` (by hour), `ptu` or `cu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Units; needed even where the plan ignores it.
    #[serde(default, deserialize_with = "lenient::maybe_count", skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// At most 8 characters, needed from a model's second deployment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// `mu`: `POST_PAY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_method: Option<String>,
    /// `mu`: the kind of model unit, such as `MU1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy_spec: Option<String>,
    /// `mu`: a template of the deployable model, instead of a kind of unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_thinking: Option<bool>,
    /// Tokens.
    #[serde(default, deserialize_with = "lenient::maybe_count", skip_serializing_if = "Option::is_none")]
    pub max_context_length: Option<u64>,
    /// `mu`: requests a minute.
    #[serde(default, deserialize_with = "lenient::maybe_count", skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
    /// `mu`: tokens a minute.
    #[serde(default, deserialize_with = "lenient::maybe_count", skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
    /// `ptu`: tokens a minute in and out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ptu_capacity: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
}

words! {
    /// A deployment's state: the union of what documentation and clients know.
    DeploymentStatus {
        Pending = "PENDING",
        Deploying = "DEPLOYING",
        Updating = "UPDATING",
        Running = "RUNNING",
        /// Not billed.
        Stopped = "STOPPED",
        Deleting = "DELETING",
        Failed = "FAILED",
    }
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deployment {
    /// What requests name as `model`.
    #[serde(deserialize_with = "lenient::text")]
    pub deployed_model: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    pub status: DeploymentStatus,
    #[serde(default, deserialize_with = "lenient::text")]
    pub model_name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub base_model: String,
    #[serde(default, deserialize_with = "lenient::count")]
    pub base_capacity: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub capacity: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub ready_capacity: u64,
    /// See [`crate::time::read`].
    #[serde(default, deserialize_with = "lenient::text")]
    pub gmt_create: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub gmt_modified: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub workspace_id: String,
    /// `post_paid` or `pre_paid`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub charge_type: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub plan: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub creator: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub modifier: String,
    /// Requests a minute.
    #[serde(default, deserialize_with = "lenient::maybe_count")]
    pub rpm_limit: Option<u64>,
    /// Tokens a minute.
    #[serde(default, deserialize_with = "lenient::maybe_count")]
    pub tpm_limit: Option<u64>,
    /// `mu` only.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub model_unit_spec: Option<String>,
    #[serde(default)]
    pub enable_thinking: Option<bool>,
    /// Tokens.
    #[serde(default, deserialize_with = "lenient::maybe_count")]
    pub max_context_length: Option<u64>,
    /// Why it failed; not documented.
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A page of deployments, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeploymentPage {
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_no: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_size: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub total: u64,
    #[serde(deserialize_with = "lenient::or_default")]
    pub deployments: Vec<Deployment>,
}

/// `PUT …/scale`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Scale {
    #[serde(deserialize_with = "lenient::count")]
    pub capacity: u64,
}

/// `PUT …/update`: at least one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Limits {
    #[serde(default, deserialize_with = "lenient::maybe_count", skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
    #[serde(default, deserialize_with = "lenient::maybe_count", skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Output;

    #[test]
    fn the_documented_deployment_reads_and_its_limits_may_be_text() {
        let text = r#"{"request_id":"r-5","output":{"deployed_model":"d","status":"PENDING","model_name":"m",
            "base_model":"qwen3-8b","base_capacity":1,"capacity":1,"ready_capacity":0,"gmt_create":"2026-05-01T11:00:38.68",
            "gmt_modified":"2026-05-01T11:00:38.68","workspace_id":"llm-x","charge_type":"post_paid","plan":"lora",
            "creator":"1","modifier":"1","rpm_limit":"60","ptu_capacity":{"input_tpm":1}}}"#;
        let row = serde_json::from_str::<Output<Deployment>>(text).unwrap().output;
        assert_eq!((row.rpm_limit, row.tpm_limit, &row.status), (Some(60), None, &DeploymentStatus::Pending));
    }
}
