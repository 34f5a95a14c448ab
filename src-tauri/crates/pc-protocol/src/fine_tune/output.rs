//! What a fine-tune puts out while it runs: log lines and checkpoints.

use serde::{Deserialize, Serialize};

use crate::lenient;
use crate::word::words;

/// A window of the log. Lines are plain text; those of steps are Python dicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LogPage {
    /// Lines of the whole log.
    #[serde(default, deserialize_with = "lenient::count")]
    pub total: u64,
    #[serde(deserialize_with = "lenient::texts")]
    pub logs: Vec<String>,
}

words! {
    /// Whether a checkpoint was made a model.
    CheckpointStatus {
        /// Not published.
        Pending = "PENDING",
        Processing = "PROCESSING",
        /// Can be deployed.
        Succeeded = "SUCCEEDED",
        Failed = "FAILED",
        Unsupported = "UNSUPPORTED",
    }
}

/// A checkpoint; a list of them is `output` itself, without a page around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Checkpoint {
    #[serde(default, deserialize_with = "lenient::text")]
    pub create_time: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub full_name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub job_id: String,
    /// `checkpoint-20`: what publishing takes.
    #[serde(deserialize_with = "lenient::text")]
    pub checkpoint: String,
    #[serde(default, deserialize_with = "lenient::count")]
    pub step: u64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub model_name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub model_display_name: String,
    pub status: CheckpointStatus,
    #[serde(default, deserialize_with = "lenient::text")]
    pub checkpoint_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub expire_time: String,
}

/// An evaluation of a job. The vendor's command line names the address only, so the fields are this cloud's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ValidationResult {
    #[serde(default, deserialize_with = "lenient::text")]
    pub job_id: String,
    /// `checkpoint-20`; empty where no state of the weights was stored at this step.
    #[serde(default, deserialize_with = "lenient::text")]
    pub checkpoint: String,
    #[serde(default, deserialize_with = "lenient::count")]
    pub step: u64,
    pub metrics: ValidationMetrics,
}

/// What was measured; what was not is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ValidationMetrics {
    /// Mean over the validation rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval_loss: Option<f64>,
    /// Mean since the report before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_loss: Option<f64>,
    /// Where pairs are trained: the share in which the preferred answer was preferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_accuracy: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Output;

    #[test]
    fn the_documented_checkpoints_read_as_a_bare_list() {
        let text = r#"{"request_id":"r-4","output":[{"create_time":"2026-05-01T10:20:00","full_name":"ft-checkpoint-20",
            "job_id":"ft","checkpoint":"checkpoint-20","step":20,"model_name":"m","status":"PENDING"}]}"#;
        let list = serde_json::from_str::<Output<Vec<Checkpoint>>>(text).unwrap().output;
        assert_eq!((list[0].step, &list[0].status), (20, &CheckpointStatus::Pending));
    }
}
