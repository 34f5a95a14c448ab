//! Columns into rows to train on: a recipe says what each column means, can be guessed, is shown on live rows, saved by the caller,
//! and turns a source of any size into canonical JSONL. Deliberately absent: reading files, which is `read`'s, and judging rows,
//! which is `check`'s.

use std::collections::BTreeMap;

use anyhow::bail;
use pc_base::{Code, coded};
use serde::{Deserialize, Serialize};

use crate::{Record, Role, RowKind};

mod build;
mod convert;
mod group;
mod guess;
pub(crate) mod messages;
mod preview;
pub(crate) mod row;
mod sort;
mod template;

pub use convert::{Conversion, ConvertReport, RecordConversion, convert, convert_records};
pub(crate) use guess::looks_like_chat;
pub use guess::{Guess, Reason, ReasonCode, guess};
pub use preview::{PreviewRow, preview};

/// The version that is written. A recipe of a later one is refused.
pub const VERSION: u32 = 1;

/// What the columns of a source mean.
///
/// Templates are texts in which `{column}` stands for a row's value and must not be empty, `{column?}` for one that may be, and
/// `{{` and `}}` for the braces themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    pub version: u32,
    /// The rows that come out.
    pub kind: RowKind,
    /// What one row of the source is.
    pub source: Source,
    /// Several rows make one conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Grouping>,
    /// Template of the system message; conversations that have one of their own keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Column with the tools that may be called: a list, or a list as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<String>,
    /// Column with what was thought before the (last) answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// Who speaks, by the source's own names; `null` leaves out what is said under that name. Usual names need no entry.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Option<Role>>,
    /// Who everybody is whom neither `roles` nor usage names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<Role>,
    /// Spaces around values are kept; they are trimmed otherwise.
    #[serde(default)]
    pub keep_spaces: bool,
}

/// What one row of a source is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case")]
pub enum Source {
    /// A question and its answer (templates).
    Pair { question: String, answer: String },
    /// Something that somebody said: the column with the speaker, and a template of the words. It needs a grouping.
    Turn { speaker: String, content: String },
    /// A conversation in one column, as `messages` or ShareGPT write it.
    Messages { column: String },
    /// A question (template, or `messages` in the column `history`) and two answers (templates).
    Preference {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        history: Option<String>,
        chosen: String,
        rejected: String,
    },
    /// A text (template).
    Text { text: String },
}

/// How rows find into conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grouping {
    /// Columns whose values are the same within a conversation; none means that all rows are one.
    pub by: Vec<String>,
    /// Column with the time or the number of a turn; the source's order when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// A silence of more minutes begins a new conversation; needs times in `order`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_minutes: Option<u32>,
}

impl Recipe {
    /// A recipe without anything optional.
    pub fn new(kind: RowKind, source: Source) -> Self {
        Self {
            version: VERSION,
            kind,
            source,
            group: None,
            system: None,
            tools: None,
            thinking: None,
            roles: BTreeMap::new(),
            others: None,
            keep_spaces: false,
        }
    }

    /// Holds the recipe against the columns of a source. [`Code::RecipeNewer`], [`Code::RecipeIncomplete`],
    /// [`Code::RecipeTemplateInvalid`], [`Code::RecipeColumnMissing`] (`path` is only named).
    pub fn check(&self, columns: &[String], path: &str) -> anyhow::Result<()> {
        let plan = build::Plan::new(self)?;
        for column in plan.required() {
            if !columns.contains(&column) {
                bail!(coded(Code::RecipeColumnMissing).with("column", column).with("path", path));
            }
        }
        Ok(())
    }
}

/// A record's value as text: texts as they are, nothing for null, the words of a message, JSON for other structures.
pub(crate) fn text_of(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(pairs) if pairs.contains_key("role") || pairs.contains_key("from") => {
            ["content", "value"].iter().find_map(|key| pairs.get(*key)).map(text_of).unwrap_or_default()
        }
        Value::Object(pairs) if pairs.contains_key("text") => pairs.get("text").map(text_of).unwrap_or_default(),
        Value::Array(items) if items.iter().any(|item| item.get("role").is_some() || item.get("from").is_some()) => {
            items.last().map(text_of).unwrap_or_default()
        }
        Value::Array(items) if items.iter().all(|item| item.is_string() || item.get("text").is_some()) => {
            items.iter().map(text_of).collect()
        }
        other => other.to_string(),
    }
}

/// A record's value under a name, else why the row is passed over.
fn column<'a>(record: &'a Record, name: &str) -> Result<&'a serde_json::Value, pc_base::Coded> {
    record.get(name).ok_or_else(|| coded(Code::RowColumnMissing).with("column", name))
}

#[cfg(test)]
mod tests;
