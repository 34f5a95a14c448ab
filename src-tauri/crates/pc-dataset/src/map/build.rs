//! One record into one row, or into a turn of a conversation, by a recipe whose templates have been understood.

use anyhow::bail;
use pc_base::{Code, Coded, coded};
use serde_json::Value;

use super::messages::{list_in, messages, role_of};
use super::row::{Made, settle_thinking, thoughtful, with_newlines, without_thinking};
use super::template::Template;
use super::{Recipe, Source, VERSION, column, text_of};
use crate::{Message, Record, Role, RowKind};

/// A recipe that is ready for use.
pub(super) struct Plan<'a> {
    pub recipe: &'a Recipe,
    system: Option<Template>,
    source: Parts,
}

/// A source with its templates understood.
enum Parts {
    Pair { question: Template, answer: Template },
    Turn { speaker: String, content: Template },
    Messages { column: String },
    Preference { question: Option<Template>, history: Option<String>, chosen: Template, rejected: Template },
    Text { text: Template },
}

/// What one record adds to a conversation.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Said {
    pub role: Role,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thought: Option<String>,
}

impl<'a> Plan<'a> {
    /// Understands a recipe.
    pub fn new(recipe: &'a Recipe) -> anyhow::Result<Self> {
        if recipe.version > VERSION {
            bail!(coded(Code::RecipeNewer));
        }
        let kind = match recipe.kind {
            RowKind::Sft => "SFT",
            RowKind::Dpo => "DPO",
            RowKind::Cpt => "CPT",
        };
        let lacks = |field: &str| coded(Code::RecipeIncomplete).with("kind", kind).with("field", field);
        let source = match (&recipe.source, recipe.kind) {
            (Source::Pair { question, answer }, RowKind::Sft) => {
                Parts::Pair { question: Template::parse(question)?, answer: Template::parse(answer)? }
            }
            (Source::Turn { .. }, RowKind::Sft) if recipe.group.is_none() => bail!(lacks("group")),
            (Source::Turn { speaker, content }, RowKind::Sft) => {
                Parts::Turn { speaker: speaker.clone(), content: Template::parse(content)? }
            }
            (Source::Messages { column }, RowKind::Sft) => Parts::Messages { column: column.clone() },
            (Source::Preference { question, history, chosen, rejected }, RowKind::Dpo) => {
                if question.is_none() && history.is_none() {
                    bail!(lacks("question"));
                }
                Parts::Preference {
                    question: question.as_deref().map(Template::parse).transpose()?,
                    history: history.clone(),
                    chosen: Template::parse(chosen)?,
                    rejected: Template::parse(rejected)?,
                }
            }
            (Source::Text { text }, RowKind::Cpt) => Parts::Text { text: Template::parse(text)? },
            (_, RowKind::Sft) => bail!(lacks("question")),
            (_, RowKind::Dpo) => bail!(lacks("chosen")),
            (_, RowKind::Cpt) => bail!(lacks("text")),
        };
        Ok(Self { recipe, system: recipe.system.as_deref().map(Template::parse).transpose()?, source })
    }

    /// Columns without which no row can be made.
    pub fn required(&self) -> Vec<String> {
        let mut columns: Vec<String> = Vec::new();
        let mut template = |template: &Template| columns.extend(template.required().map(ToOwned::to_owned));
        self.system.iter().for_each(&mut template);
        match &self.source {
            Parts::Pair { question, answer } => [question, answer].into_iter().for_each(&mut template),
            Parts::Turn { content, .. } => template(content),
            Parts::Messages { .. } => {}
            Parts::Preference { question, chosen, rejected, .. } => {
                question.iter().chain([chosen, rejected]).for_each(&mut template);
            }
            Parts::Text { text } => template(text),
        }
        match &self.source {
            Parts::Turn { speaker, .. } => columns.push(speaker.clone()),
            Parts::Messages { column } => columns.push(column.clone()),
            Parts::Preference { history: Some(history), .. } => columns.push(history.clone()),
            _ => {}
        }
        columns.extend(self.recipe.group.iter().flat_map(|group| group.by.iter().chain(&group.order)).cloned());
        columns
    }

    /// Columns that a conversation's system message and tools are made of.
    pub fn of_whole(&self) -> Vec<String> {
        let system = self.system.iter().flat_map(Template::columns).map(ToOwned::to_owned);
        system.chain(self.recipe.tools.clone()).collect()
    }

    /// Whether rows have to be gathered first.
    pub fn is_grouped(&self) -> bool {
        self.recipe.group.is_some() && matches!(self.source, Parts::Pair { .. } | Parts::Turn { .. })
    }

    /// The row of one record.
    pub fn row(&self, record: &Record) -> Result<Made, Coded> {
        let keep = self.recipe.keep_spaces;
        match &self.source {
            Parts::Text { text } => Ok(Made::Cpt { text: filled(text.fill(record, keep)?, "text")? }),
            Parts::Messages { column: name } => {
                let messages = messages(column(record, name)?, name, self.recipe)?;
                self.conversation(messages, record)
            }
            Parts::Preference { question, history, chosen, rejected } => {
                self.preference(record, question.as_ref(), history.as_deref(), (chosen, rejected))
            }
            Parts::Pair { .. } | Parts::Turn { .. } => {
                let mut messages = Vec::new();
                for said in self.said(record)? {
                    messages.push(Message::new(said.role, answer_of(&said)));
                }
                self.conversation(messages, record)
            }
        }
    }

    /// What a record adds to its conversation; nothing where its speaker is left out.
    pub fn said(&self, record: &Record) -> Result<Vec<Said>, Coded> {
        let keep = self.recipe.keep_spaces;
        let thought = self.recipe.thinking.as_deref().and_then(|name| record.get(name)).map(text_of);
        let thought = thought.filter(|thought| !thought.trim().is_empty());
        match &self.source {
            Parts::Pair { question, answer } => Ok(vec![
                Said { role: Role::User, text: filled(question.fill(record, keep)?, "question")?, thought: None },
                Said { role: Role::Assistant, text: filled(answer.fill(record, keep)?, "answer")?, thought },
            ]),
            Parts::Turn { speaker, content } => {
                let name = text_of(column(record, speaker)?);
                if name.trim().is_empty() {
                    return Err(coded(Code::RowCellEmpty).with("column", speaker));
                }
                let Some(role) = role_of(&name, self.recipe)? else { return Ok(Vec::new()) };
                let text = filled(content.fill(record, keep)?, "content")?;
                Ok(vec![Said { role, text, thought: thought.filter(|_| role == Role::Assistant) }])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// A conversation with the system message and the tools of its (first) record.
    pub fn conversation(&self, messages: Vec<Message>, record: &Record) -> Result<Made, Coded> {
        let (messages, tools) = self.dressed(messages, record)?;
        Ok(Made::Sft { messages, tools })
    }

    fn dressed(&self, mut messages: Vec<Message>, record: &Record) -> Result<(Vec<Message>, Option<Value>), Coded> {
        settle_thinking(&mut messages);
        if let Some(system) = &self.system
            && messages.first().is_none_or(|first| first.role != Role::System)
        {
            let text = system.fill(record, self.recipe.keep_spaces)?;
            if !text.trim().is_empty() {
                messages.insert(0, Message::new(Role::System, text));
            }
        }
        let speaks = |message: &Message| {
            message.tool_calls.is_some() || message.role == Role::Tool || !message.content.trim().is_empty()
        };
        if !messages.iter().all(speaks) {
            return Err(coded(Code::RowTextEmpty).with("field", "content"));
        }
        Ok((messages, self.tools(record)?))
    }

    fn tools(&self, record: &Record) -> Result<Option<Value>, Coded> {
        let Some(name) = &self.recipe.tools else { return Ok(None) };
        match record.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(value) => match list_in(value) {
                Some(items) if items.is_empty() => Ok(None),
                Some(items) if items.iter().all(Value::is_object) => Ok(Some(Value::Array(items))),
                _ => Err(coded(Code::RowToolsInvalid).with("column", name)),
            },
        }
    }

    fn preference(
        &self,
        record: &Record,
        question: Option<&Template>,
        history: Option<&str>,
        (chosen, rejected): (&Template, &Template),
    ) -> Result<Made, Coded> {
        let keep = self.recipe.keep_spaces;
        let mut turns = Vec::new();
        if let Some(name) = history {
            turns = messages(column(record, name)?, name, self.recipe)?;
            // Where the history is one of the answers' own conversations, its answer is not part of the question.
            while turns.last().is_some_and(|last| last.role == Role::Assistant) {
                turns.pop();
            }
        }
        if let Some(question) = question {
            turns.push(Message::new(Role::User, filled(question.fill(record, keep)?, "question")?));
        }
        let (mut messages, tools) = self.dressed(turns, record)?;
        // Before the two answers, every answer is an earlier one, and earlier ones have no thinking.
        for message in messages.iter_mut().filter(|message| message.role == Role::Assistant) {
            message.content = without_thinking(&message.content);
        }
        let thought = self.recipe.thinking.as_deref().and_then(|name| record.get(name)).map(text_of);
        let thought = thought.filter(|thought| !thought.trim().is_empty());
        let chosen = Said { role: Role::Assistant, text: filled(chosen.fill(record, keep)?, "chosen")?, thought };
        let rejected = filled(rejected.fill(record, keep)?, "rejected")?;
        if chosen.text == rejected {
            return Err(coded(Code::RowAnswersSame));
        }
        let rejected = Message::new(Role::Assistant, with_newlines(&rejected));
        let chosen = Message::new(Role::Assistant, answer_of(&chosen));
        Ok(Made::Dpo { messages, tools, answers: Box::new([chosen, rejected]) })
    }
}

/// What was said, with the thought before it.
pub(super) fn answer_of(said: &Said) -> String {
    match &said.thought {
        Some(thought) => thoughtful(thought, &without_thinking(&said.text)),
        None if said.role == Role::Assistant => with_newlines(&said.text),
        None => said.text.clone(),
    }
}

fn filled(text: String, field: &str) -> Result<String, Coded> {
    if text.trim().is_empty() { Err(coded(Code::RowTextEmpty).with("field", field)) } else { Ok(text) }
}
