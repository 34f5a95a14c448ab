//! OpenAI-compatible chat completions (`/compatible-mode/v1/chat/completions`): request, answer, chunk of a stream.

use serde::{Deserialize, Serialize};

use crate::lenient;
use crate::message::{Message, Spoken};
use crate::sampling::SamplingParameters;

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChatRequest {
    pub model: String,
    pub messages: Vec<Message>,
    #[serde(flatten)]
    pub sampling: SamplingParameters,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// Tell how likely every token was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// And so many alternatives, 0 to 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u64>,
    /// Added to the logits of tokens, by their id: -100 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logit_bias: Option<std::collections::BTreeMap<String, f64>>,
}

/// What a stream brings beside text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StreamOptions {
    /// A last chunk without choices says what was used.
    #[serde(default)]
    pub include_usage: bool,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChatAnswer {
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: String,
    /// `chat.completion`
    #[serde(default, deserialize_with = "lenient::text")]
    pub object: String,
    /// Seconds since 1970.
    #[serde(default)]
    pub created: i64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub model: String,
    pub choices: Vec<ChatChoice>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub usage: ChatUsage,
    #[serde(default)]
    pub system_fingerprint: Option<String>,
}

/// One of the answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChatChoice {
    #[serde(default, deserialize_with = "lenient::count")]
    pub index: u64,
    pub message: Spoken,
    #[serde(default)]
    pub logprobs: Option<ChoiceLogprobs>,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub finish_reason: Option<String>,
}

/// How likely the tokens of a text were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChoiceLogprobs {
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub content: Vec<TokenLogprob>,
    /// Of a refusal's text, which nothing here speaks.
    #[serde(default)]
    pub refusal: Option<Vec<TokenLogprob>>,
}

/// A token and what could have stood there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TokenLogprob {
    pub token: String,
    /// Natural logarithm.
    pub logprob: f64,
    /// Of a part of a character, whose `token` is no text, these are what to join.
    #[serde(default)]
    pub bytes: Option<Vec<u8>>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub top_logprobs: Vec<TopLogprob>,
}

/// One of the alternatives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TopLogprob {
    pub token: String,
    pub logprob: f64,
    #[serde(default)]
    pub bytes: Option<Vec<u8>>,
}

/// Tokens of the whole request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChatUsage {
    #[serde(default, deserialize_with = "lenient::count")]
    pub prompt_tokens: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub completion_tokens: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub total_tokens: u64,
}

/// A piece of a streamed answer; the text `[DONE]` follows the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChatChunk {
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: String,
    /// `chat.completion.chunk`
    #[serde(default, deserialize_with = "lenient::text")]
    pub object: String,
    #[serde(default)]
    pub created: i64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub model: String,
    pub choices: Vec<ChunkChoice>,
    /// Where it was asked for: null in every chunk but the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Option<ChatUsage>>,
    #[serde(default)]
    pub system_fingerprint: Option<String>,
}

/// New text of one of the answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChunkChoice {
    #[serde(default, deserialize_with = "lenient::count")]
    pub index: u64,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub delta: ChatDelta,
    #[serde(default)]
    pub logprobs: Option<ChoiceLogprobs>,
    /// Null while unfinished.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub finish_reason: Option<String>,
}

/// What is new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChatDelta {
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_read_with_and_without_choices() {
        let text = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[
            {"index":0,"delta":{"content":"he"},"logprobs":null,"finish_reason":null}],"system_fingerprint":null}"#;
        let chunk: ChatChunk = serde_json::from_str(text).unwrap();
        assert_eq!(chunk.choices[0].delta.content.as_deref(), Some("he"));
        let text = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#;
        assert_eq!(serde_json::from_str::<ChatChunk>(text).unwrap().usage.flatten().unwrap().total_tokens, 3);
    }

    #[test]
    fn a_request_has_sampling_at_its_top_level() {
        let text =
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0.0,"stop":["a"],"stream":true}"#;
        let request: ChatRequest = serde_json::from_str(text).unwrap();
        assert_eq!(request.sampling.temperature, Some(0.0));
        assert_eq!(serde_json::to_string(&request).unwrap(), text);
    }
}
