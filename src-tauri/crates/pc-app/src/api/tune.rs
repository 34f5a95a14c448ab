//! Fine-tunes: estimate, start, watch, cancel.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;

/// What a training changes and what it learns from, by the wire's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrainingType {
    /// An adapter, from conversations.
    #[default]
    EfficientSft,
    /// Every weight, from conversations.
    Sft,
    /// Every weight, from plain texts.
    Cpt,
    /// An adapter, from pairs of answers.
    DpoLora,
    /// Every weight, from pairs of answers.
    DpoFull,
}

impl TrainingType {
    /// All of them, the usual one first.
    pub const ALL: [Self; 5] = [Self::EfficientSft, Self::Sft, Self::Cpt, Self::DpoLora, Self::DpoFull];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EfficientSft => "efficient_sft",
            Self::Sft => "sft",
            Self::Cpt => "cpt",
            Self::DpoLora => "dpo_lora",
            Self::DpoFull => "dpo_full",
        }
    }

    /// The type of a name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether only an adapter is learnt.
    pub const fn is_low_rank(self) -> bool {
        matches!(self, Self::EfficientSft | Self::DpoLora)
    }
}

impl From<TrainingType> for pc_trainer::TrainingType {
    fn from(one: TrainingType) -> Self {
        match one {
            TrainingType::EfficientSft => Self::EfficientSft,
            TrainingType::Sft => Self::Sft,
            TrainingType::Cpt => Self::Cpt,
            TrainingType::DpoLora => Self::DpoLora,
            TrainingType::DpoFull => Self::DpoFull,
        }
    }
}

/// Settings of a training run; the names are the wire's. Those of LoRA have no effect where every weight is learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct HyperParameters {
    pub n_epochs: u32,
    pub batch_size: u32,
    /// Tokens. Longer conversations are dropped, longer texts go in pieces, longer answers are cut.
    pub max_length: u32,
    pub learning_rate: f64,
    pub lora_rank: u32,
    pub lora_alpha: u32,
    pub lora_dropout: f64,
    /// Such as `linear`, by the wire's name.
    pub lr_scheduler_type: String,
    pub warmup_ratio: f64,
    pub weight_decay: f64,
    pub seed: u64,
}

impl HyperParameters {
    /// The same for another type of training: every weight is moved by a tenth of what an adapter is.
    #[must_use]
    pub fn for_type(self, training_type: TrainingType) -> Self {
        let share = if training_type.is_low_rank() { 1.0 } else { 0.1 };
        Self { learning_rate: self.learning_rate * share, ..self }
    }
}

/// `tune_estimate`, `tune_start`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TuneStart {
    pub model: String,
    pub dataset_ids: Vec<String>,
    pub name: Option<String>,
    #[serde(default)]
    pub training_type: TrainingType,
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
    /// Nothing where this program does not know the cloud's word.
    pub training_type: Option<TrainingType>,
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
