//! Fine-tunes (`/api/v1/fine-tunes`): creating a job, and the job.

mod output;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient;
use crate::word::words;

pub use output::{Checkpoint, CheckpointStatus, LogPage, ValidationMetrics, ValidationResult};

/// What a job is created with. Lists may be null or one text, because the official client sends them so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CreateFineTune {
    /// A base model, or an earlier result to train further.
    pub model: String,
    #[serde(default, deserialize_with = "lenient::texts", skip_serializing_if = "Vec::is_empty")]
    pub training_file_ids: Vec<String>,
    /// The newer form of the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_datasets: Option<Vec<DatasetSource>>,
    #[serde(default, deserialize_with = "lenient::texts", skip_serializing_if = "Vec::is_empty")]
    pub validation_file_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_datasets: Option<Vec<DatasetSource>>,
    /// Which keys are allowed differs by model and training type, so this is a map; `n_epochs`, `batch_size` and
    /// `max_length` set the price.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub hyper_parameters: Map<String, Value>,
    /// `cpt`, `sft`, `efficient_sft`, `dpo_full` or `dpo_lora`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_type: Option<String>,
    /// The job's name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// The result's name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// Appears inside the result's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finetuned_output_suffix: Option<String>,
    /// Only ever in answers; an old client that sends it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finetuned_output: Option<Value>,
}

/// One data set of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatasetSource {
    /// `file_id` or `oss_mount`.
    pub data_source_type: String,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
}

impl DatasetSource {
    /// An uploaded file.
    pub fn file(file_id: impl Into<String>) -> Self {
        Self { data_source_type: "file_id".to_owned(), file_id: Some(file_id.into()) }
    }
}

words! {
    /// A job's state.
    FineTuneStatus {
        Pending = "PENDING",
        Queuing = "QUEUING",
        Running = "RUNNING",
        Canceling = "CANCELING",
        Succeeded = "SUCCEEDED",
        Failed = "FAILED",
        Canceled = "CANCELED",
    }
}

impl FineTuneStatus {
    /// Whether nothing will change any more.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled)
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FineTune {
    #[serde(deserialize_with = "lenient::text")]
    pub job_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub job_name: String,
    pub status: FineTuneStatus,
    #[serde(default, deserialize_with = "lenient::text")]
    pub model: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub base_model: String,
    /// The result's id. Some clouds name it before there is one: see [`Self::result`].
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub finetuned_output: Option<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    pub training_file_ids: Vec<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    pub validation_file_ids: Vec<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub training_datasets: Vec<DatasetSource>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub validation_datasets: Vec<DatasetSource>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub hyper_parameters: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub training_type: String,
    /// See [`crate::time::read`].
    #[serde(default, deserialize_with = "lenient::text")]
    pub create_time: String,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub end_time: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub workspace_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub user_identity: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub modifier: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub creator: String,
    /// `llm`
    #[serde(default, deserialize_with = "lenient::text")]
    pub group: String,
    /// Tokens trained, which is what is billed; there for succeeded and cancelled jobs.
    #[serde(default, deserialize_with = "lenient::maybe_count")]
    pub usage: Option<u64>,
    #[serde(default, deserialize_with = "lenient::count")]
    pub max_output_cnt: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub output_cnt: u64,
    /// Of failed and cancelled jobs; absent otherwise, since any `code` reads as an error.
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Not documented; a cloud without it says why in the log only.
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl FineTune {
    /// The result's id, once there is a result.
    pub fn result(&self) -> Option<&str> {
        self.finetuned_output.as_deref().filter(|_| self.status == FineTuneStatus::Succeeded)
    }

    /// The ids of all training files, from either form.
    pub fn training_files(&self) -> Vec<String> {
        let sourced = self.training_datasets.iter().filter_map(|source| source.file_id.clone());
        self.training_file_ids.iter().cloned().chain(sourced).collect()
    }
}

/// A page of jobs, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FineTunePage {
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_no: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_size: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub total: u64,
    #[serde(deserialize_with = "lenient::or_default")]
    pub jobs: Vec<FineTune>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Output;

    #[test]
    fn the_documented_job_reads() {
        let text = r#"{"request_id":"r-3","output":{
          "job_id":"ft-202605011000-1a2b","job_name":"n","status":"SUCCEEDED","model":"qwen3-8b","base_model":"qwen3-8b",
          "finetuned_output":"qwen3-8b-ft-202605011000-1a2b","training_file_ids":["5f0c"],"validation_file_ids":[],
          "training_datasets":[{"data_source_type":"oss_mount","mount_storage":{"region":"r"}}],"validation_datasets":[],
          "hyper_parameters":{"n_epochs":3,"learning_rate":"1.6e-5"},"training_type":"efficient_sft",
          "create_time":"2026-05-01 10:00:00","end_time":"2026-05-01 10:42:00","workspace_id":"llm-x","user_identity":"1",
          "modifier":"1","creator":"1","group":"llm","usage":279000,"max_output_cnt":10,"output_cnt":3}}"#;
        let job = serde_json::from_str::<Output<FineTune>>(text).unwrap().output;
        assert_eq!((job.usage, job.result()), (Some(279_000), Some("qwen3-8b-ft-202605011000-1a2b")));
        assert_eq!(job.training_files(), ["5f0c"]);
    }

    #[test]
    fn a_result_is_not_named_before_the_job_has_succeeded() {
        let text = r#"{"job_id":"j","status":"RUNNING","finetuned_output":"m"}"#;
        assert_eq!(serde_json::from_str::<FineTune>(text).unwrap().result(), None);
    }

    #[test]
    fn an_unknown_status_is_kept_and_not_final() {
        let job: FineTune = serde_json::from_str(r#"{"job_id":"j","status":"FROZEN"}"#).unwrap();
        assert_eq!((job.status.as_str(), job.status.is_final()), ("FROZEN", false));
        assert!(serde_json::from_str::<FineTune>(r#"{"job_id":"j"}"#).is_err(), "a job has a status");
    }

    #[test]
    fn a_request_has_only_what_was_set_and_reads_what_the_official_client_sends() {
        let request = CreateFineTune {
            model: "m".into(),
            training_file_ids: vec!["f".into()],
            training_type: Some("efficient_sft".into()),
            ..CreateFineTune::default()
        };
        let text = r#"{"model":"m","training_file_ids":["f"],"hyper_parameters":{},"training_type":"efficient_sft"}"#;
        assert_eq!(serde_json::to_string(&request).unwrap(), text);
        let sent = r#"{"model":"m","training_file_ids":"f","validation_file_ids":null,"hyper_parameters":null,
            "training_type":"efficient_sft"}"#;
        assert_eq!(serde_json::from_str::<CreateFineTune>(sent).unwrap(), request);
    }
}
