//! Native text generation (`/api/v1/services/aigc/text-generation/generation`): request, answer, and the frame of a
//! stream, which has the answer's shape.

use serde::{Deserialize, Serialize};

use crate::lenient;
use crate::message::{Message, Spoken};
use crate::sampling::SamplingParameters;

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Generation {
    pub model: String,
    pub input: GenerationInput,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub parameters: GenerationParameters,
}

impl Generation {
    /// A chat, answered as a message.
    pub fn chat(model: impl Into<String>, messages: Vec<Message>, sampling: SamplingParameters) -> Self {
        let parameters =
            GenerationParameters { sampling, result_format: Some("message".to_owned()), incremental_output: None };
        Self { model: model.into(), input: GenerationInput { messages: Some(messages), prompt: None }, parameters }
    }
}

/// What is asked: messages, or one text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GenerationInput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Message>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// How to answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GenerationParameters {
    #[serde(flatten)]
    pub sampling: SamplingParameters,
    /// `message` or `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_format: Option<String>,
    /// Each frame of a stream has only the new text; otherwise all text so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental_output: Option<bool>,
}

/// An answer, or one frame of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GenerationAnswer {
    pub output: GenerationOutput,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub usage: Usage,
    #[serde(default, deserialize_with = "lenient::text")]
    pub request_id: String,
}

/// `choices` for the format `message`, the other two for `text`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GenerationOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<GenerationChoice>>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
}

impl GenerationOutput {
    /// The first answer's text and why it ended, whichever format it has; an unfinished frame says the text `null`.
    pub fn first(&self) -> Option<(&str, Option<&str>)> {
        match (&self.choices, &self.text) {
            (Some(choices), _) => {
                let choice = choices.iter().find(|choice| choice.index == 0)?;
                Some((&choice.message.content, ended(choice.finish_reason.as_deref())))
            }
            (None, Some(text)) => Some((text, ended(self.finish_reason.as_deref()))),
            (None, None) => None,
        }
    }
}

fn ended(word: Option<&str>) -> Option<&str> {
    word.filter(|word| !word.is_empty() && *word != "null")
}

/// One of the answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GenerationChoice {
    #[serde(default, deserialize_with = "lenient::count")]
    pub index: u64,
    /// `stop`, `length`, `tool_calls`, or the text `null` while unfinished.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub finish_reason: Option<String>,
    pub message: Spoken,
}

/// Tokens of the whole request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Usage {
    #[serde(default, deserialize_with = "lenient::count")]
    pub input_tokens: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub output_tokens: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub total_tokens: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_formats_say_their_text_and_whether_they_ended() {
        for (text, first) in [
            (
                r#"{"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"hello"}}]}}"#,
                Some(("hello", Some("stop"))),
            ),
            (
                r#"{"output":{"choices":[{"finish_reason":"null","message":{"role":"assistant","content":"he"}}]}}"#,
                Some(("he", None)),
            ),
            (r#"{"output":{"text":"hello","finish_reason":"length"},"usage":null}"#, Some(("hello", Some("length")))),
            (r#"{"output":{"text":"he","finish_reason":null}}"#, Some(("he", None))),
            (r#"{"output":{"choices":[]}}"#, None),
        ] {
            let answer: GenerationAnswer = serde_json::from_str(text).unwrap();
            assert_eq!(answer.output.first(), first, "{text}");
        }
    }

    #[test]
    fn a_request_has_the_documented_shape() {
        let sampling = SamplingParameters { max_tokens: Some(32), ..SamplingParameters::default() };
        let request = Generation::chat("m", vec![Message::new("user", "hi")], sampling);
        let expected = json!({"model": "m", "input": {"messages": [{"role": "user", "content": "hi"}]},
            "parameters": {"max_tokens": 32, "result_format": "message"}});
        assert_eq!(serde_json::to_value(&request).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Generation>(expected).unwrap(), request);
    }

    #[test]
    fn what_a_message_has_beyond_role_and_content_is_passed_on() {
        let sent = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "1"}]});
        let message: Message = serde_json::from_value(sent.clone()).unwrap();
        assert_eq!(serde_json::to_value(&message).unwrap(), sent);
    }
}
