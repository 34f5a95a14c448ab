//! What a training is given and what it tells. Deliberately absent: who started it and where the events go.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::hyper::Hyper;

/// One supervised LoRA training. The same job always gets the same folders, so that it can be resumed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainJob {
    /// A Hugging Face folder, or one with a GGUF file.
    pub model_dir: PathBuf,
    /// A PEFT adapter to train further; its rank, alpha and dropout must be the job's.
    #[serde(default)]
    pub adapter_in: Option<PathBuf>,
    /// ChatML JSONL files.
    pub data: Vec<PathBuf>,
    #[serde(default)]
    pub validation: Vec<PathBuf>,
    pub hyper: Hyper,
    /// For checkpoints.
    pub work_dir: PathBuf,
    /// Where the PEFT adapter goes.
    pub out_dir: PathBuf,
}

/// What happens during a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrainEvent {
    Started {
        rows: u64,
        /// Rows longer than `max_length`.
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
    },
    Eval {
        step: u64,
        loss: f64,
    },
    /// An adapter was stored, as a PEFT folder.
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
    /// Mean loss of the last step.
    pub loss: f64,
}
