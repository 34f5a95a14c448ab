//! A row as it is written: one way to write each row, so that equal rows are equal bytes. Keys in a fixed order, UTF-8 without
//! needless escapes, thinking with the newlines that chat templates expect, tool rows with the content that clouds document.

use serde::Serialize;
use serde_json::Value;

use crate::{Message, Role};

/// A row that was made.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Made {
    Sft {
        messages: Vec<Message>,
        tools: Option<Value>,
    },
    /// The chosen answer, and the rejected one.
    Dpo {
        messages: Vec<Message>,
        tools: Option<Value>,
        answers: Box<[Message; 2]>,
    },
    Cpt {
        text: String,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<Turn<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a Value>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: Role,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss_weight: Option<f64>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    /// With tools, content is a list of texts (cloud-APIs notes, 1.4).
    Parts([Part<'a>; 1]),
}

#[derive(Serialize)]
struct Part<'a> {
    text: &'a str,
}

impl Made {
    /// The row's line, without a line feed.
    pub fn line(&self) -> String {
        let mut line = Line { messages: None, chosen: None, rejected: None, text: None, tools: None };
        match self {
            Self::Sft { messages, tools } => {
                line.messages = Some(turns(messages, tools));
                line.tools = tools.as_ref();
            }
            Self::Dpo { messages, tools, answers } => {
                line.messages = Some(turns(messages, tools));
                (line.chosen, line.rejected) = (Some(turn(&answers[0], false)), Some(turn(&answers[1], false)));
                line.tools = tools.as_ref();
            }
            Self::Cpt { text } => line.text = Some(text),
        }
        serde_json::to_string(&line).expect("texts and JSON can be written")
    }
}

fn turns<'a>(messages: &'a [Message], tools: &Option<Value>) -> Vec<Turn<'a>> {
    let parts =
        tools.is_some() || messages.iter().any(|message| message.tool_calls.is_some() || message.role == Role::Tool);
    messages.iter().map(|message| turn(message, parts)).collect()
}

fn turn(message: &Message, parts: bool) -> Turn<'_> {
    let text = message.content.as_str();
    Turn {
        role: message.role,
        content: if parts { Content::Parts([Part { text }]) } else { Content::Text(text) },
        tool_calls: message.tool_calls.as_ref(),
        tool_call_id: message.tool_call_id.as_deref(),
        loss_weight: message.loss_weight,
    }
}

/// An answer with what was thought before it.
pub(super) fn thoughtful(thought: &str, answer: &str) -> String {
    format!("<think>\n{}\n</think>\n\n{}", thought.trim(), answer.trim_start())
}

/// Thinking that models write, `<think>…</think>` in front, with its newlines put right; all other text is left.
pub(crate) fn with_newlines(text: &str) -> String {
    match split(text) {
        Some((thought, answer)) => thoughtful(thought, answer),
        None => text.to_owned(),
    }
}

/// An answer without its thinking.
pub(crate) fn without_thinking(text: &str) -> String {
    split(text).map_or_else(|| text.to_owned(), |(_, answer)| answer.trim_start().to_owned())
}

fn split(text: &str) -> Option<(&str, &str)> {
    text.trim_start().strip_prefix("<think>")?.split_once("</think>")
}

/// Thinking stays in the last answer alone.
pub(super) fn settle_thinking(messages: &mut [Message]) {
    let last = messages.iter().rposition(|message| message.role == Role::Assistant);
    for (at, message) in messages.iter_mut().enumerate().filter(|(_, message)| message.role == Role::Assistant) {
        message.content =
            if Some(at) == last { with_newlines(&message.content) } else { without_thinking(&message.content) };
    }
}
