//! What the main job tells while it runs. Types only: the words are the shower's.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::summary::Call;
use crate::api::{Finding, KeyPlace, Quant, TaskProgress, TuneWatchEvent, UsageMonth};

/// The seven steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Check,
    Upload,
    Tune,
    TakeHome,
    Ask,
    Serve,
    Bill,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Check, Self::Upload, Self::Tune, Self::TakeHome, Self::Ask, Self::Serve, Self::Bill];

    /// 1 to 7.
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).map_or(0, |at| at + 1)
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    Base,
    Tuned,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Where things are kept, and where the terms of the base model can be read.
    Begun {
        home: PathBuf,
        key_place: KeyPlace,
        key_file: PathBuf,
        model: String,
        licence: String,
        terms: Vec<PathBuf>,
    },
    Started {
        step: Step,
    },
    Progress {
        progress: TaskProgress,
    },
    /// All errors of a file that is refused.
    Refused {
        findings: Vec<Finding>,
    },
    Checked {
        rows: u64,
        messages: u64,
        characters: u64,
        bytes: u64,
        sha256: String,
    },
    Uploaded {
        id: String,
        bytes: u64,
    },
    Queued {
        job_id: String,
    },
    Training {
        event: Box<TuneWatchEvent>,
    },
    Trained {
        model: String,
        tokens: u64,
        loss_first: f64,
        loss_last: f64,
    },
    Verified {
        model: String,
        sha256: String,
        bytes: u64,
    },
    Converted {
        who: Who,
        quant: Quant,
        bytes: u64,
        seconds: f64,
        load_ms: f64,
    },
    /// Whether the answering process has no route to any network.
    Offline {
        proven: bool,
    },
    Asked {
        question: String,
    },
    /// New text of the answer to the question that was asked last.
    Text {
        who: Who,
        text: String,
    },
    Answered {
        who: Who,
    },
    Evaluated {
        who: Who,
        quant: Quant,
        found: usize,
        required: usize,
        tokens_per_second: f64,
    },
    Deployed {
        deployed_model: String,
        native_url: String,
        openai_url: String,
    },
    Called {
        call: Call,
    },
    Billed {
        month: Box<UsageMonth>,
    },
    Finished {
        step: Step,
        seconds: f64,
    },
}
