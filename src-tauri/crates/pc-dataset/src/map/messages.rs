//! Conversations in one column, as OpenAI's `messages` and ShareGPT's `conversations` write them, into one shape.

use std::collections::BTreeMap;

use pc_base::{Code, Coded, coded};
use serde_json::{Map, Value, json};

use super::row::{settle_thinking, thoughtful};
use super::{Recipe, text_of};
use crate::read::value_of;
use crate::{Message, Role};

/// Names under which the four roles appear in the wild, in small letters.
const NAMES: &[(Role, &[&str])] = &[
    (Role::System, &["system", "developer", "系统", "系统提示"]),
    (
        Role::User,
        &[
            "user", "human", "customer", "client", "prompter", "用户", "客户", "顾客", "买家", "访客", "住客", "客人",
            "提问", "学生", "患者",
        ],
    ),
    (
        Role::Assistant,
        &[
            "assistant",
            "gpt",
            "bot",
            "model",
            "chatgpt",
            "agent",
            "ai",
            "bing",
            "chatbot",
            "staff",
            "support",
            "助手",
            "机器人",
            "客服",
            "人工客服",
            "智能客服",
            "在线客服",
            "坐席",
            "商家",
            "卖家",
            "前台",
            "回答",
            "老师",
            "医生",
            "function_call",
        ],
    ),
    (Role::Tool, &["tool", "function", "observation", "tool_response", "function_response", "ipython"]),
];

/// The role of a name: the recipe's word first, then usage, then what the recipe says of all others. Nothing in the middle means
/// that what is said under the name is left out.
pub(super) fn role_of(name: &str, recipe: &Recipe) -> Result<Option<Role>, Coded> {
    let name = name.trim();
    if let Some(role) = recipe.roles.get(name) {
        return Ok(*role);
    }
    usual(name).or(recipe.others).map(Some).ok_or_else(|| coded(Code::RowRoleUnknown).with("role", name))
}

/// The role that a name usually has.
pub(crate) fn usual(name: &str) -> Option<Role> {
    let low = name.trim().to_lowercase();
    NAMES.iter().find(|(_, names)| names.contains(&low.as_str())).map(|(role, _)| *role)
}

/// The list in a value: itself, or as JSON text.
pub(super) fn list_in(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items.clone()),
        Value::String(text) => match value_of(&crate::json::parse(text.trim()).ok()?.value) {
            Value::Array(items) => Some(items),
            _ => None,
        },
        _ => None,
    }
}

/// The messages of a column. [`Code::RowMessagesInvalid`], [`Code::RowRoleUnknown`].
pub(super) fn messages(value: &Value, column: &str, recipe: &Recipe) -> Result<Vec<Message>, Coded> {
    let invalid = || coded(Code::RowMessagesInvalid).with("column", column);
    let items = list_in(value).filter(|items| !items.is_empty()).ok_or_else(invalid)?;
    let mut found = Vec::with_capacity(items.len());
    let (mut calls, mut thoughts) = (Calls::default(), BTreeMap::new());
    for item in &items {
        let pairs = item.as_object().ok_or_else(invalid)?;
        let name = ["role", "from"].iter().find_map(|key| pairs.get(*key)?.as_str()).ok_or_else(invalid)?;
        let Some(role) = role_of(name, recipe)? else { continue };
        let content =
            ["content", "value", "text"].iter().find_map(|key| pairs.get(*key)).map(content).unwrap_or_default();
        let mut message = Message::new(role, if recipe.keep_spaces { content } else { content.trim().to_owned() });
        match role {
            Role::Assistant if name == "function_call" => {
                message.tool_calls = Some(calls.spoken(&message.content).ok_or_else(invalid)?);
                message.content.clear();
            }
            Role::Assistant => {
                message.tool_calls = pairs.get("tool_calls").and_then(|list| calls.listed(list));
                message.loss_weight = weight(pairs);
                let thought =
                    ["reasoning_content", "reasoning", "thinking"].iter().find_map(|key| pairs.get(*key)?.as_str());
                if let Some(thought) = thought.filter(|thought| !thought.trim().is_empty()) {
                    thoughts.insert(found.len(), thought.to_owned());
                }
            }
            Role::Tool => {
                let given = pairs.get("tool_call_id").and_then(Value::as_str).map(ToOwned::to_owned);
                message.tool_call_id = given.or_else(|| calls.answered());
            }
            Role::System | Role::User => {}
        }
        found.push(message);
    }
    let last = found.iter().rposition(|message| message.role == Role::Assistant);
    if let Some(thought) = last.and_then(|last| thoughts.get(&last))
        && let Some(message) = last.and_then(|last| found.get_mut(last))
        && !message.content.trim_start().starts_with("<think>")
    {
        message.content = thoughtful(thought, &message.content);
    }
    settle_thinking(&mut found);
    Ok(found)
}

/// A message's words: a text, a list of texts, or JSON for what is neither.
fn content(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(text_of).collect(),
        other => text_of(other),
    }
}

/// Within (0, 1], as the clouds take it.
fn weight(pairs: &Map<String, Value>) -> Option<f64> {
    let value = pairs.get("loss_weight")?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (number > 0.0 && number <= 1.0).then_some(number)
}

/// The calls of a conversation, so that answers find them.
#[derive(Default)]
struct Calls {
    made: usize,
    open: std::collections::VecDeque<String>,
}

impl Calls {
    fn call(&mut self, id: Option<&str>, name: &Value, arguments: Option<&Value>) -> Value {
        self.made += 1;
        let id = id.filter(|id| !id.is_empty()).map_or_else(|| format!("call_{}", self.made), ToOwned::to_owned);
        self.open.push_back(id.clone());
        let arguments = match arguments {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "{}".to_owned(),
        };
        json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
    }

    /// OpenAI's list; arguments become JSON text where they are an object.
    fn listed(&mut self, list: &Value) -> Option<Value> {
        let items = list.as_array().filter(|items| !items.is_empty())?;
        self.open.clear();
        let calls = items.iter().map(|item| {
            let function = item.get("function").unwrap_or(item);
            let name = function.get("name").unwrap_or(&Value::Null);
            self.call(item.get("id").and_then(Value::as_str), name, function.get("arguments"))
        });
        Some(Value::Array(calls.collect()))
    }

    /// ShareGPT's `function_call`: JSON with name and arguments, one or several.
    fn spoken(&mut self, text: &str) -> Option<Value> {
        let value = value_of(&crate::json::parse(text).ok()?.value);
        let list = if value.is_array() { value } else { Value::Array(vec![value]) };
        let named = list
            .as_array()
            .is_some_and(|items| items.iter().all(|item| item.get("name").is_some_and(Value::is_string)));
        if named { self.listed(&list) } else { None }
    }

    fn answered(&mut self) -> Option<String> {
        if self.open.len() > 1 { self.open.pop_front() } else { self.open.front().cloned() }
    }
}
