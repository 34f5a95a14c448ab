//! Fine-tuning jobs, their events and checkpoints.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a job is created with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateJob {
    pub model: String,
    pub training_file: String,
    #[serde(default)]
    pub validation_file: Option<String>,
    /// Appears inside the result's id.
    #[serde(default)]
    pub suffix: Option<String>,
    #[serde(default)]
    pub seed: Option<i64>,
    /// Texts by texts.
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
    #[serde(default)]
    pub method: Option<Method>,
    /// The older form of `method.supervised.hyperparameters`.
    #[serde(default)]
    pub hyperparameters: Option<Hyperparameters>,
    #[serde(default)]
    pub integrations: Option<Vec<Value>>,
}

/// How to train.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// `supervised`, `dpo` or `reinforcement`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervised: Option<MethodSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpo: Option<MethodSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reinforcement: Option<Value>,
}

/// The settings of a method.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodSettings {
    #[serde(default)]
    pub hyperparameters: Option<Hyperparameters>,
}

/// Each a number, or the text `auto`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hyperparameters {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_epochs: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate_multiplier: Option<Value>,
    /// Of `dpo` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta: Option<Value>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Job {
    pub id: String,
    /// `fine_tuning.job`
    pub object: String,
    pub created_at: i64,
    /// Why it failed.
    pub error: Option<JobError>,
    /// Nothing before it has succeeded.
    pub fine_tuned_model: Option<String>,
    pub finished_at: Option<i64>,
    pub hyperparameters: Hyperparameters,
    pub model: String,
    pub organization_id: String,
    pub result_files: Vec<String>,
    pub seed: i64,
    /// `validating_files`, `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    pub status: String,
    pub trained_tokens: Option<u64>,
    pub training_file: String,
    pub validation_file: Option<String>,
    pub estimated_finish: Option<i64>,
    pub integrations: Option<Vec<Value>>,
    pub metadata: Option<Map<String, Value>>,
    pub method: Option<Method>,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JobError {
    pub code: String,
    pub message: String,
    pub param: Option<String>,
}

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Event {
    pub id: String,
    /// `fine_tuning.job.event`
    pub object: String,
    pub created_at: i64,
    /// `info`, `warn` or `error`.
    pub level: String,
    pub message: String,
    /// `message` or `metrics`.
    #[serde(rename = "type")]
    pub kind: String,
    pub data: Option<Map<String, Value>>,
}

/// A state of the weights that can be asked by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Checkpoint {
    pub id: String,
    /// `fine_tuning.job.checkpoint`
    pub object: String,
    pub created_at: i64,
    pub fine_tuned_model_checkpoint: String,
    pub fine_tuning_job_id: String,
    pub step_number: u64,
    pub metrics: CheckpointMetrics,
}

/// Which projects, that is workspaces, may use a checkpoint's model, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CreatePermission {
    pub project_ids: Vec<String>,
}

/// That a project may use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Permission {
    pub id: String,
    pub created_at: i64,
    /// `checkpoint.permission`
    pub object: String,
    pub project_id: String,
}

/// What was measured at a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckpointMetrics {
    pub step: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_loss: Option<f64>,
}
