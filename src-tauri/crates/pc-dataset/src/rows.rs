//! The rows of a checked JSONL file, one at a time: conversations, pairs of answers, or plain texts. Judging lines is
//! `check`'s part: a line that is not a row ends the reading here with its number.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::marker::PhantomData;
use std::path::Path;

use anyhow::{Context as _, bail};
use pc_base::{Code, CodedExt as _, coded};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::limits;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl Role {
    /// The role of a name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "system" => Self::System,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" => Self::Tool,
            _ => return None,
        })
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One turn, as a chat template takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    /// Content given as an array of `{"text"}` items is joined; `null` beside tool calls is empty.
    #[serde(default, deserialize_with = "text")]
    pub content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// Share of this turn in the loss, in (0, 1]; nothing means 1. Files in the wild have it as text, too.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "weight")]
    pub loss_weight: Option<f64>,
}

impl Message {
    /// A plain turn.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), tool_calls: None, tool_call_id: None, loss_weight: None }
    }
}

/// One conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub messages: Vec<Message>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Value>,
}

/// Which rows a file is meant to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowKind {
    /// Conversations.
    #[default]
    Sft,
    /// Pairs of answers.
    Dpo,
    /// Plain texts.
    Cpt,
}

impl RowKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sft, Self::Dpo, Self::Cpt];

    /// Its phrase in the catalogue.
    pub(crate) const fn wanted(self) -> &'static str {
        match self {
            Self::Sft => "wanted_sft",
            Self::Dpo => "wanted_dpo",
            Self::Cpt => "wanted_cpt",
        }
    }

    /// A good line as a conversation to look at.
    pub(crate) fn shown(self, line: &str) -> Option<Row> {
        match self {
            Self::Sft => serde_json::from_str(line).ok(),
            Self::Dpo => {
                let Preference { mut messages, tools, chosen, .. } = serde_json::from_str(line).ok()?;
                messages.push(chosen);
                Some(Row { messages, tools })
            }
            Self::Cpt => {
                let Text { text } = serde_json::from_str(line).ok()?;
                Some(Row { messages: vec![Message::new(Role::Assistant, text)], tools: None })
            }
        }
    }
}

/// A conversation with an answer that is preferred to another one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Preference {
    /// Ending with the question.
    pub messages: Vec<Message>,
    #[serde(default)]
    pub tools: Option<Value>,
    pub chosen: Message,
    pub rejected: Message,
}

/// A text that is learnt as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Text {
    pub text: String,
}

fn text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Content {
        Nothing(()),
        Text(String),
        Parts(Vec<Part>),
    }
    #[derive(Deserialize)]
    struct Part {
        text: String,
    }
    Ok(match Content::deserialize(input)? {
        Content::Nothing(()) => String::new(),
        Content::Text(text) => text,
        Content::Parts(parts) => parts.into_iter().map(|part| part.text).collect(),
    })
}

fn weight<'de, D: Deserializer<'de>>(input: D) -> Result<Option<f64>, D::Error> {
    Ok(match Option::<Value>::deserialize(input)? {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.trim().parse().map_err(serde::de::Error::custom)?),
        Some(other) => Some(other.as_f64().ok_or_else(|| serde::de::Error::custom("loss_weight is not a number"))?),
    })
}

/// Conversations.
pub type Rows = RowsOf<Row>;

/// Reads rows in order; blank lines are passed over. The first bad line is the last item.
pub struct RowsOf<T> {
    input: BufReader<File>,
    line: u64,
    buffer: Vec<u8>,
    ended: bool,
    kind: PhantomData<T>,
}

impl<T: DeserializeOwned> RowsOf<T> {
    /// Opens a file; [`Code::FileNotFound`] or [`Code::FileUnreadable`] when that fails.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let input = BufReader::with_capacity(1 << 18, crate::open(path)?);
        Ok(Self { input, line: 0, buffer: Vec::new(), ended: false, kind: PhantomData })
    }

    /// 1-based number of the line that was read last.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn read(&mut self) -> anyhow::Result<Option<T>> {
        loop {
            self.buffer.clear();
            let limit = limits::LINE_BYTES as u64 + 1;
            if (&mut self.input).take(limit).read_until(b'\n', &mut self.buffer).context("reading the data set")? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let what = || format!("line {}", self.line);
            if self.buffer.len() as u64 == limit && self.buffer.last() != Some(&b'\n') {
                bail!(coded(Code::InputInvalid).with("what", what()).with("why", "it is too long"));
            }
            let line = self.buffer.strip_prefix(b"\xEF\xBB\xBF").filter(|_| self.line == 1).unwrap_or(&self.buffer);
            let line = line.trim_ascii();
            if !line.is_empty() {
                let row = serde_json::from_slice(line);
                return row.map(Some).code(|| {
                    coded(Code::InputInvalid).with("what", what()).with("why", "it is not a row of this kind")
                });
            }
        }
    }
}

impl<T: DeserializeOwned> Iterator for RowsOf<T> {
    type Item = anyhow::Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        file.write_all(bytes).expect("and written");
        file
    }

    #[test]
    fn every_accepted_shape_of_content_becomes_text() {
        let file = file(
            concat!(
                "\u{feff}{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"},{\"text\":\"b\"}]},",
                "{\"role\":\"assistant\",\"content\":\"c\",\"loss_weight\":\"0.5\"}]}\r\n\n",
                "{\"messages\":[{\"role\":\"assistant\",\"content\":null}]}"
            )
            .as_bytes(),
        );
        let rows: Vec<Row> =
            Rows::open(file.path()).expect("opens").collect::<anyhow::Result<_>>().expect("all rows are good");
        assert_eq!(rows.len(), 2, "the blank line is no row");
        assert_eq!((rows[0].messages[0].content.as_str(), rows[0].messages[1].loss_weight), ("ab", Some(0.5)));
        assert_eq!(rows[1].messages[0].content, "", "null is empty");
    }

    #[test]
    fn a_bad_line_is_named_and_ends_the_reading() {
        let file = file(b"{\"messages\":[]}\n{\"messages\":3}\n{\"messages\":[]}\n");
        let mut rows = Rows::open(file.path()).expect("opens");
        assert!(rows.next().expect("a row").is_ok());
        let error = rows.next().expect("an error").expect_err("3 is no list");
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(rows.next().is_none(), "nothing after an error can be trusted");
    }
}
