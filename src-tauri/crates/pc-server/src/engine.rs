//! What the embedded cloud needs done but cannot do itself: training and answering. Blocking methods,
//! called on blocking threads. Deliberately absent: any implementation (pc-app has it, tests have a small one).

use std::ops::ControlFlow;
use std::path::PathBuf;

use pc_base::Cancel;
use serde::{Deserialize, Serialize};

/// Trains and answers. Every method may block for as long as it works, and must be safe to call from several threads.
pub trait Engine: Send + Sync + 'static {
    /// The catalogue: the base models that this cloud offers.
    fn bases(&self) -> Vec<BaseModel>;

    /// Trains until done. Called again with the same spec after a crash: it then goes on from the newest
    /// checkpoint in `work_dir`. A cancel ends it with an error whose code is `Code::Cancelled`.
    fn train(&self, spec: &TrainSpec, events: &mut dyn FnMut(TrainEvent), cancel: &Cancel)
    -> anyhow::Result<TrainDone>;

    /// Makes a model ready to answer. `spec.weights` is only there during the call: keep what is needed.
    /// Called again after a restart for every running deployment.
    fn deploy(&self, spec: &DeploySpec) -> anyhow::Result<()>;

    /// Forgets a deployed model and destroys what was kept for it. An unknown name is not an error.
    fn undeploy(&self, deployed_model: &str) -> anyhow::Result<()>;

    /// At a start, before anything else: destroys what is kept for deployed models that are not among these.
    fn retain(&self, deployed_models: &[String]) -> anyhow::Result<()>;

    /// Answers; hands out text as it appears and stops early where `on_said` says so.
    fn generate(
        &self,
        spec: &GenerateSpec,
        on_said: &mut dyn FnMut(Said<'_>) -> ControlFlow<()>,
        cancel: &Cancel,
    ) -> anyhow::Result<Generated>;
}

/// A base model of the catalogue. Prices are in the price book, by the model's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseModel {
    /// The id on the wire, such as `gemma-3-270m`.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The longest sequence that can be trained or answered, in tokens.
    pub max_length: u64,
}

/// One training. Everything but `hyper` is a place or a name; the same job always gets the same places.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainSpec {
    pub job_id: String,
    pub base_model: String,
    pub training_type: TrainingType,
    /// An earlier training's result to start from, of either form.
    pub start: Option<PathBuf>,
    /// JSONL files with the rows that the type trains on, readable by this user only, removed when the call returns.
    pub data: Vec<PathBuf>,
    pub validation: Vec<PathBuf>,
    pub hyper: Hyper,
    /// For checkpoints; kept until the job is in a final state.
    pub work_dir: PathBuf,
    /// Where the result is expected: a PEFT folder, or a Hugging Face folder where the type or the start is a whole model.
    pub out_dir: PathBuf,
}

/// What a training changes and what it learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingType {
    /// Every weight, from conversations.
    Sft,
    /// A LoRA adapter, from conversations.
    EfficientSft,
    /// Every weight, from plain texts.
    Cpt,
    /// Every weight, from pairs of answers.
    DpoFull,
    /// A LoRA adapter, from pairs of answers.
    DpoLora,
}

impl TrainingType {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sft, Self::EfficientSft, Self::Cpt, Self::DpoFull, Self::DpoLora];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sft => "sft",
            Self::EfficientSft => "efficient_sft",
            Self::Cpt => "cpt",
            Self::DpoFull => "dpo_full",
            Self::DpoLora => "dpo_lora",
        }
    }

    /// The type of a name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether only a LoRA adapter is learnt.
    pub const fn is_low_rank(self) -> bool {
        matches!(self, Self::EfficientSft | Self::DpoLora)
    }

    /// Whether rows are pairs of answers.
    pub const fn is_preference(self) -> bool {
        matches!(self, Self::DpoFull | Self::DpoLora)
    }

    /// Whether intermediate states are stored and can be published.
    pub const fn has_checkpoints(self) -> bool {
        matches!(self, Self::Sft | Self::EfficientSft)
    }
}

/// When intermediate states are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveStrategy {
    Epoch,
    /// Every `save_steps` steps; 0 stores none.
    Steps,
}

/// Settings of a training by the names of the wire, every value filled in and inside its range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyper {
    pub n_epochs: u32,
    pub batch_size: u32,
    /// Tokens. Longer conversations are dropped, longer texts go in pieces, longer answers of a pair are cut.
    pub max_length: u32,
    pub learning_rate: f64,
    /// Lower case, such as `linear`.
    pub lr_scheduler_type: String,
    pub warmup_ratio: f64,
    pub weight_decay: f64,
    pub lora_rank: u32,
    pub lora_alpha: u32,
    pub lora_dropout: f64,
    /// How strongly preferences are held to the model as it was.
    pub beta: f64,
    /// Steps between evaluations; 0 for none.
    pub eval_steps: u32,
    /// Steps between reports of the loss, which is the mean since the one before.
    pub logging_steps: u32,
    pub save_strategy: SaveStrategy,
    pub save_steps: u32,
    /// How many intermediate states are kept.
    pub save_total_limit: u32,
    /// The share of rows that is trained where there is no validation file; 1 trains all.
    pub split: f64,
    /// The most rows that are held out so.
    pub max_split_val_dataset_sample: u32,
    pub seed: u64,
}

/// What happens during a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrainEvent {
    Started {
        rows: u64,
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
        rewards: Option<Rewards>,
    },
    /// A step that is not reported otherwise.
    Progress {
        tokens: u64,
    },
    Eval {
        step: u64,
        loss: f64,
    },
    /// An intermediate state in the form of the result.
    Checkpoint {
        step: u64,
        path: PathBuf,
    },
}

/// Implicit rewards of preferred and other answers: means over the pairs since the report before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rewards {
    pub chosen: f64,
    pub rejected: f64,
    pub accuracy: f64,
    pub margin: f64,
}

/// A finished training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainDone {
    /// Tokens trained over all epochs, since the job's very first start: what is billed.
    pub tokens: u64,
    pub steps: u64,
}

/// A model to make ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeploySpec {
    pub deployed_model: String,
    pub base_model: String,
    /// A training's result of either form; nothing serves the base model itself.
    pub weights: Option<PathBuf>,
}

/// One question.
#[derive(Clone, Debug)]
pub struct GenerateSpec {
    /// A deployed model's name, or a base model's id.
    pub model: String,
    pub prompt: Prompt,
    pub sampling: Sampling,
    /// For templates that let a model think or not; nothing leaves it to them.
    pub thinking: Option<bool>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Prompt {
    /// Chat messages as on the wire (`role`, `content`, …); the model's chat template renders them.
    Messages(Vec<serde_json::Value>),
    /// Text that is taken as one user turn.
    Text(String),
}

/// How to pick tokens. Nothing means the model's own default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    pub max_tokens: Option<u32>,
    /// 0 is greedy.
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    /// 0 does not limit.
    pub top_k: Option<u32>,
    pub repetition_penalty: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub frequency_penalty: Option<f64>,
    /// Added to the logits of tokens, by their id.
    pub bias: Vec<(u32, f64)>,
    /// Report how likely every token was, and so many alternatives.
    pub logprobs: Option<u32>,
    pub seed: Option<u64>,
    pub stop: Vec<String>,
}

/// A piece of an answer. The last one may have tokens without text.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    pub text: &'a str,
    /// The tokens whose text begins in it; none unless they were asked for.
    pub tokens: &'a [TokenChances],
}

/// A token of an answer and what could have stood there, the likeliest first. Of the model's own distribution, before
/// penalties and temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenChances {
    pub chosen: Chance,
    pub top: Vec<Chance>,
}

/// A token by its bytes, because several may share one character, and the natural logarithm of its probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chance {
    pub bytes: Vec<u8>,
    pub logprob: f32,
}

/// A finished answer; its text was handed to `on_said`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    pub finish: Finish,
    pub input_tokens: u64,
    pub output_tokens: u64,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Finish {
    Stop,
    Length,
}
