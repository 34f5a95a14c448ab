//! Chat messages, the same in both chat APIs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient;

/// A message of a request. Beyond role and content everything is passed on as it came (`tool_calls`, `name` …), because
/// the model's chat template is what reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// Text, a list of parts, or null beside tool calls.
    #[serde(default)]
    pub content: Value,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Message {
    /// A text by a role.
    pub fn new(role: impl Into<String>, text: impl Into<String>) -> Self {
        Self { role: role.into(), content: Value::String(text.into()), more: Map::new() }
    }
}

/// A message of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Spoken {
    /// `assistant`
    #[serde(default, deserialize_with = "lenient::text")]
    pub role: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub content: String,
    /// The thinking, where the model shows it.
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<Value>,
}

impl Spoken {
    /// An assistant's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { role: "assistant".to_owned(), content: text.into(), ..Self::default() }
    }
}
