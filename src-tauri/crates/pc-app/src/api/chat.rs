//! The playground: one prompt, streamed from a model on this machine or from a deployment.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Quant, SampleMessage};

/// Who answers.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatTarget {
    /// ONNX Runtime on this machine.
    Local { model: String, quant: Quant },
    /// A deployment of the selected cloud.
    Cloud { deployed_model: String },
}

/// `chat_send`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ChatSend {
    pub target: ChatTarget,
    pub messages: Vec<SampleMessage>,
    pub max_tokens: u32,
    /// 0 is greedy.
    pub temperature: f64,
    pub top_p: f64,
    pub seed: Option<u64>,
}

/// `chat_send`: the stream.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatEvent {
    /// The model is being loaded or converted first.
    Loading,
    /// New text since the last event.
    Text { text: String },
}

/// `chat_send`: the end.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ChatDone {
    pub text: String,
    /// `stop`, `length` or `cancelled`.
    pub finish_reason: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Milliseconds until the first token.
    pub first_token_ms: f64,
    pub tokens_per_second: f64,
    /// Resident memory of the answering process; nothing for a cloud.
    pub memory_bytes: Option<u64>,
}
