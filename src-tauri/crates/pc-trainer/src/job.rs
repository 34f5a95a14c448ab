//! What a training is given and what it tells. Deliberately absent: who started it and where the events go.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::hyper::{Hyper, TrainingType};

/// One training. The same job always gets the same folders, so that it can be resumed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainJob {
    #[serde(default)]
    pub kind: TrainingType,
    /// A Hugging Face folder, or one with a GGUF file.
    pub model_dir: PathBuf,
    /// A PEFT adapter to start from. Where an adapter is learnt it is trained further, and its rank, alpha and dropout must
    /// be the job's; where every weight is learnt it is merged first.
    #[serde(default)]
    pub adapter_in: Option<PathBuf>,
    /// JSONL files: conversations, texts or pairs of answers, as the kind has it.
    pub data: Vec<PathBuf>,
    #[serde(default)]
    pub validation: Vec<PathBuf>,
    pub hyper: Hyper,
    /// For checkpoints.
    pub work_dir: PathBuf,
    /// Where the result goes: a PEFT adapter, or a Hugging Face folder.
    pub out_dir: PathBuf,
    /// Gives an adapter out merged with its model, as a Hugging Face folder: for a model that nobody else has.
    #[serde(default)]
    pub merge: bool,
}

/// Means over the pairs since the report before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rewards {
    pub chosen: f64,
    pub rejected: f64,
    /// Share of pairs whose chosen answer has the larger reward.
    pub accuracy: f64,
    pub margin: f64,
}

/// What happens during a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrainEvent {
    Started {
        rows: u64,
        /// Rows that `max_length` left out.
        dropped: u64,
        tokens_per_epoch: u64,
        total_steps: u64,
        resumed_from_step: u64,
    },
    Step {
        step: u64,
        epoch: f64,
        loss: f64,
        learning_rate: f64,
        /// Tokens trained since the job's very first start.
        tokens: u64,
        tokens_per_second: f64,
        eta_seconds: u64,
        /// Where pairs are trained.
        #[serde(default)]
        rewards: Option<Rewards>,
    },
    /// A step that is not reported otherwise.
    Progress {
        step: u64,
        tokens: u64,
    },
    Eval {
        step: u64,
        loss: f64,
    },
    /// The weights were stored, in the form of the result.
    Checkpoint {
        step: u64,
        path: PathBuf,
    },
    Finished {
        tokens: u64,
        steps: u64,
    },
}

/// A finished training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainSummary {
    /// Tokens over all epochs, since the job's very first start.
    pub tokens: u64,
    pub steps: u64,
    /// Loss of the last step.
    pub loss: f64,
}
