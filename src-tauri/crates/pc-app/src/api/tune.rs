//! Fine-tunes: estimate, start, watch, cancel.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;

/// Settings of a training run; the names are the wire's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct HyperParameters {
    pub n_epochs: u32,
    pub batch_size: u32,
    /// Tokens; longer rows are dropped.
    pub max_length: u32,
    pub learning_rate: f64,
    pub lora_rank: u32,
    pub lora_alpha: u32,
    pub lora_dropout: f64,
    /// `linear`, `cosine` or `constant`.
    pub lr_scheduler_type: String,
    pub warmup_ratio: f64,
    pub weight_decay: f64,
    pub seed: u64,
}

/// `tune_estimate`, `tune_start`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TuneStart {
    pub model: String,
    pub dataset_ids: Vec<String>,
    pub name: Option<String>,
    pub hyper_parameters: HyperParameters,
}

/// `tune_estimate`: a range with its reasons, never one figure.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TuneEstimate {
    pub rows: u64,
    /// Tokens of one epoch: low and high.
    pub tokens_low: u64,
    pub tokens_high: u64,
    pub cost_low: Money,
    pub cost_high: Money,
    /// Nothing where this machine has not trained before.
    pub seconds_low: Option<u64>,
    pub seconds_high: Option<u64>,
    /// Why the range is what it is, in the asked language.
    pub reasons: Vec<String>,
}

/// A job's state, by the wire's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TuneStatus {
    Pending,
    Queuing,
    Running,
    Canceling,
    Succeeded,
    Failed,
    Canceled,
}

/// `tune_list`: a row; `tune_get`: the same.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TuneRow {
    pub job_id: String,
    pub name: String,
    pub model: String,
    pub status: TuneStatus,
    pub dataset_ids: Vec<String>,
    pub hyper_parameters: HyperParameters,
    /// The callable id of the result; set once the job succeeded.
    pub output_model: Option<String>,
    /// Tokens trained so far.
    pub tokens: u64,
    pub step: u64,
    /// 0 while not known.
    pub total_steps: u64,
    pub loss: Option<f64>,
    pub tokens_per_second: Option<f64>,
    pub eta_seconds: Option<u64>,
    /// RFC 3339.
    pub created_at: String,
    pub ended_at: Option<String>,
    /// Why it failed, in the asked language.
    pub reason: Option<String>,
    /// Whether its weights are already on this machine as a model.
    pub pulled: bool,
}

/// `tune_get`, `tune_cancel`, `tune_delete`, `tune_metrics`, `tune_watch`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct JobId {
    pub job_id: String,
}

/// `tune_logs`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TuneLogsRequest {
    pub job_id: String,
    /// Lines to skip.
    pub offset: u64,
}

/// `tune_logs`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TuneLogs {
    pub total: u64,
    pub lines: Vec<String>,
}

/// One optimiser step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TuneMetric {
    pub step: u64,
    pub epoch: f64,
    pub loss: f64,
    pub learning_rate: f64,
    pub tokens: u64,
    pub tokens_per_second: f64,
}

/// `tune_metrics`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TuneMetrics {
    pub metrics: Vec<TuneMetric>,
}

/// `tune_watch`: the job whenever it changes, and new steps since the last event.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TuneWatchEvent {
    pub job: TuneRow,
    pub metrics: Vec<TuneMetric>,
}
