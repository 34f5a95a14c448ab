//! Repairs of a row's shape: keys, roles, the order of turns, what a content is. Each changes only what is wrong in its way, and
//! nothing where more than one thing could be meant. Deliberately absent: whether it helped, which the caller finds out by judging
//! the row again.

use std::borrow::Cow;

use super::calls;
use crate::FindingCode as Code;
use crate::json::{Json, parse};
use crate::judge::is_blank;
use crate::map::messages::usual;
use crate::map::row::{with_newlines, without_thinking};
use crate::{Role, RowKind};

/// Repairs a row that is JSON.
pub(super) fn repair(code: Code, row: &mut Json<'_>, kind: RowKind) {
    match code {
        Code::ControlCharacter => visible(row),
        Code::KeyDuplicate => once_each(row),
        Code::RowNotObject => of_messages(row, kind),
        Code::RowKeyUnknown => row_keys(row, kind),
        Code::MessageNotObject => objects(row),
        Code::SystemNotFirst => system_first(row),
        Code::TurnOrder => join(row),
        Code::LastNotAssistant => unanswered(row),
        Code::LastNotUser => answered(row),
        Code::ContentEmpty => silent_system(row),
        Code::ThinkingNewlines => assistants(row, &|text, last| last.then(|| with_newlines(text))),
        Code::ThinkingNotLast => assistants(row, &|text, last| (!last).then(|| without_thinking(text))),
        Code::ToolsNotList => calls::tools(row),
        Code::ToolCallInvalid | Code::ToolArgumentsNotJson => each(row, &mut |message, _| calls::shape(code, message)),
        Code::ToolIdUnknown => calls::only_id(row),
        Code::LookAlike | Code::EmojiBroken | Code::ZeroWidth | Code::BidiControl | Code::Mojibake => {
            texts(row, &mut |text| {
                if let Some(new) = super::text::fixed(code, text) {
                    *text = Cow::Owned(new);
                }
            });
        }
        _ => each(row, &mut |message, place| one(code, message, place)),
    }
}

/// A list of messages, or of tools, that was written as text, as JSON in its place: the whole line anew.
pub(super) fn unwrapped(row: &Json<'_>, key: &str) -> Option<String> {
    let Json::Object(pairs) = row else { return None };
    let inner = row.get(key)?.text()?.trim().to_owned();
    if !matches!(parse(&inner).ok()?.value, Json::List(_)) {
        return None;
    }
    let mut line = String::from("{");
    for (index, (name, value)) in pairs.iter().enumerate() {
        line.push_str(if index > 0 { "," } else { "" });
        crate::json::quote(name, &mut line);
        line.push(':');
        if name == key { line.push_str(&inner) } else { value.write(&mut line) }
    }
    line.push('}');
    Some(line)
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Turn,
    Chosen,
    Rejected,
}

pub(super) type Pairs<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

pub(super) fn get_mut<'t, 'a>(json: &'t mut Json<'a>, key: &str) -> Option<&'t mut Json<'a>> {
    let Json::Object(pairs) = json else { return None };
    pairs.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
}

pub(super) fn remove(json: &mut Json<'_>, key: &str) {
    if let Json::Object(pairs) = json {
        pairs.retain(|(name, _)| name != key);
    }
}

pub(super) fn messages<'t, 'a>(row: &'t mut Json<'a>) -> Option<&'t mut Vec<Json<'a>>> {
    match get_mut(row, "messages")? {
        Json::List(items) => Some(items),
        _ => None,
    }
}

pub(super) fn role(message: &Json<'_>) -> Option<Role> {
    message.get("role")?.text().and_then(Role::from_name)
}

fn text<'t>(message: &'t Json<'_>) -> Option<&'t str> {
    message.get("content")?.text()
}

/// Hands over every message, and the two answers.
fn each<'a>(row: &mut Json<'a>, take: &mut dyn FnMut(&mut Pairs<'a>, Place)) {
    for message in messages(row).into_iter().flatten() {
        if let Json::Object(pairs) = message {
            take(pairs, Place::Turn);
        }
    }
    for (key, place) in [("chosen", Place::Chosen), ("rejected", Place::Rejected)] {
        if let Some(Json::Object(pairs)) = get_mut(row, key) {
            take(pairs, place);
        }
    }
}

/// Hands over every text that is said.
fn texts<'a>(row: &mut Json<'a>, take: &mut dyn FnMut(&mut Cow<'a, str>)) {
    each(row, &mut |message, _| {
        for (_, content) in message.iter_mut().filter(|(key, _)| key == "content") {
            match content {
                Json::Text(text) => take(text),
                Json::List(items) => {
                    for item in items {
                        if let Some(Json::Text(text)) = get_mut(item, "text") {
                            take(text);
                        }
                    }
                }
                _ => {}
            }
        }
    });
    if let Some(Json::Text(text)) = get_mut(row, "text") {
        take(text);
    }
}

/// Without control characters that a text has no use for, in keys and values alike.
fn visible(json: &mut Json<'_>) {
    fn clean(text: &mut Cow<'_, str>) {
        let bad = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r') || c == '\u{7f}';
        if text.contains(bad) {
            *text = Cow::Owned(text.replace(bad, ""));
        }
    }
    match json {
        Json::Text(text) => clean(text),
        Json::List(items) => items.iter_mut().for_each(visible),
        Json::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
            clean(key);
            visible(value);
        }),
        _ => {}
    }
}

fn once_each(json: &mut Json<'_>) {
    match json {
        Json::List(items) => items.iter_mut().for_each(once_each),
        Json::Object(pairs) => {
            pairs.iter_mut().for_each(|(_, value)| once_each(value));
            let mut at = 0;
            while at < pairs.len() {
                let (before, this) = pairs.split_at(at);
                if before.iter().any(|pair| *pair == this[0]) { drop(pairs.remove(at)) } else { at += 1 }
            }
        }
        _ => {}
    }
}

fn of_messages(row: &mut Json<'_>, kind: RowKind) {
    let Json::List(items) = row else { return };
    let message = |item: &Json<'_>| item.get("role").is_some() && item.get("content").is_some();
    if kind == RowKind::Sft && !items.is_empty() && items.iter().all(message) {
        let list = Json::List(std::mem::take(items));
        *row = Json::Object(vec![("messages".into(), list)]);
    }
}

fn row_keys(row: &mut Json<'_>, kind: RowKind) {
    let known: &[&str] = match kind {
        RowKind::Sft => &["messages", "tools"],
        RowKind::Dpo => &["messages", "tools", "chosen", "rejected"],
        RowKind::Cpt => &["text"],
    };
    if let Json::Object(pairs) = row {
        pairs.retain(|(key, _)| known.contains(&key.as_ref()));
    }
}

fn objects(row: &mut Json<'_>) {
    if let Some(items) = messages(row) {
        items.retain(|item| *item != Json::Null);
    }
    for key in ["chosen", "rejected"] {
        if let Some(answer @ Json::Text(_)) = get_mut(row, key) {
            let content = std::mem::replace(answer, Json::Null);
            *answer = Json::Object(vec![("role".into(), Json::Text("assistant".into())), ("content".into(), content)]);
        }
    }
}

/// A single message by itself becomes a list.
pub(super) fn listed(row: &mut Json<'_>, key: &str) {
    if let Some(single @ Json::Object(_)) = get_mut(row, key) {
        let one = std::mem::replace(single, Json::Null);
        *single = Json::List(vec![one]);
    }
}

/// Whether it says its words and nothing else, so that it can be moved, joined or left out.
fn plain(message: &Json<'_>) -> bool {
    let Json::Object(pairs) = message else { return false };
    text(message).is_some() && pairs.iter().all(|(key, _)| matches!(key.as_ref(), "role" | "content"))
}

fn system_first(row: &mut Json<'_>) {
    let Some(items) = messages(row) else { return };
    let systems: Vec<usize> = (0..items.len()).filter(|&at| role(&items[at]) == Some(Role::System)).collect();
    match systems[..] {
        [only] => items[..=only].rotate_right(1),
        [0, ..] => {
            let first = text(&items[0]).map(ToOwned::to_owned);
            let mut at = 0;
            items.retain(|item| {
                at += 1;
                at == 1 || role(item) != Some(Role::System) || !plain(item) || text(item) != first.as_deref()
            });
        }
        _ => {}
    }
}

/// Neighbours of one speaker become one message.
fn join(row: &mut Json<'_>) {
    let Some(items) = messages(row) else { return };
    let mut joined: Vec<Json<'_>> = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        let own = role(&item).filter(|role| matches!(role, Role::User | Role::Assistant));
        let more = match joined.last() {
            Some(last) if own.is_some() && role(last) == own && plain(last) && plain(&item) => text(&item),
            _ => None,
        };
        match (more.map(ToOwned::to_owned), joined.last_mut().and_then(|last| get_mut(last, "content"))) {
            (Some(more), Some(Json::Text(content))) => *content = Cow::Owned(format!("{content}\n{more}")),
            _ => joined.push(item),
        }
    }
    *items = joined;
}

/// Ends with the last answer, where only questions follow it.
fn unanswered(row: &mut Json<'_>) {
    let Some(items) = messages(row) else { return };
    let Some(last) = items.iter().rposition(|item| role(item) == Some(Role::Assistant)) else { return };
    let asked = items[..last].iter().any(|item| role(item) == Some(Role::User));
    let calls = items[last].get("tool_calls").is_some_and(|calls| *calls != Json::Null);
    if asked && !calls && items[last + 1..].iter().all(|item| role(item) == Some(Role::User)) {
        items.truncate(last + 1);
    }
}

/// The question of a pair of answers ends before the answer.
fn answered(row: &mut Json<'_>) {
    let answers = ["chosen", "rejected"].map(|key| row.get(key).and_then(text).map(ToOwned::to_owned));
    let Some(items) = messages(row) else { return };
    let last = items.last().filter(|last| role(last) == Some(Role::Assistant) && plain(last)).and_then(text);
    if last.is_some() && answers.iter().any(|answer| answer.as_deref() == last) {
        items.pop();
    }
}

fn silent_system(row: &mut Json<'_>) {
    if let Some(items) = messages(row) {
        items.retain(|item| role(item) != Some(Role::System) || !plain(item) || !text(item).is_some_and(is_blank));
    }
}

/// Changes what assistants say; the closure is told whether it is the last of them.
fn assistants(row: &mut Json<'_>, change: &dyn Fn(&str, bool) -> Option<String>) {
    let pair = row.get("chosen").is_some() || row.get("rejected").is_some();
    let last = messages(row).and_then(|items| items.iter().rposition(|item| role(item) == Some(Role::Assistant)));
    let mut at = 0;
    each(row, &mut |message, place| {
        let is_last = if place == Place::Turn { Some(at) == last && !pair } else { true };
        at += 1;
        let spoken = message.iter().any(|(key, value)| key == "role" && value.text() == Some("assistant"));
        for (_, content) in message.iter_mut().filter(|(key, _)| spoken && key == "content") {
            let text = match content {
                Json::List(items) if items.len() == 1 => get_mut(&mut items[0], "text"),
                other => Some(other),
            };
            if let Some(Json::Text(text)) = text
                && text.contains("think>")
                && let Some(new) = change(text, is_last)
            {
                *text = Cow::Owned(new);
            }
        }
    });
}

/// What concerns one message alone.
fn one(code: Code, message: &mut Pairs<'_>, place: Place) {
    let has = |message: &Pairs<'_>, key: &str| message.iter().any(|(name, _)| name == key);
    let speaks = |message: &Pairs<'_>| {
        message.iter().find(|(key, _)| key == "role").and_then(|(_, value)| value.text()).and_then(Role::from_name)
    };
    match code {
        Code::MessageKeyRefused => message.retain(|(key, value)| {
            let one = matches!(value, Json::Number(number) if number.parse() == Ok(1.0));
            key != "name" && !(key == "weight" && one)
        }),
        Code::MessageKeyUnknown => message.retain(|(key, _)| {
            let known = ["role", "content", "tool_calls", "tool_call_id", "loss_weight", "name", "weight"];
            known.contains(&key.as_ref())
        }),
        Code::RoleMissing if !has(message, "role") && place != Place::Turn => {
            message.insert(0, ("role".into(), Json::Text("assistant".into())));
        }
        Code::RoleMissing if !has(message, "role") => {
            rename(message, &["from"], "role", &|value| Some(Json::Text(usual_name(value.text()?)?.into())))
        }
        Code::RoleUnknown => {
            rename(message, &["role"], "role", &|value| Some(Json::Text(usual_name(value.text()?)?.into())))
        }
        Code::AnswerNotAssistant if place != Place::Turn => rename(message, &["role"], "role", &|value| {
            value.text().and_then(Role::from_name).map(|_| Json::Text("assistant".into()))
        }),
        Code::ContentMissing if !has(message, "content") => {
            rename(message, &["value", "text"], "content", &|value| Some(Json::Text(value.text()?.to_owned().into())));
        }
        Code::ContentType => {
            for (_, content) in message.iter_mut().filter(|(key, _)| key == "content") {
                as_text(content);
            }
        }
        Code::LossWeightRange => message.retain(|(key, value)| key != "loss_weight" || *value != Json::Null),
        Code::LossWeightRole if speaks(message).is_some_and(|role| role != Role::Assistant) => {
            message.retain(|(key, _)| key != "loss_weight");
        }
        Code::LossWeightRejected if place == Place::Rejected => message.retain(|(key, _)| key != "loss_weight"),
        _ => {}
    }
}

/// Gives the value under the first of some keys another name, and what the closure makes of it.
fn rename<'a>(message: &mut Pairs<'a>, from: &[&str], to: &'static str, value: &dyn Fn(&Json<'a>) -> Option<Json<'a>>) {
    let found = from.iter().find_map(|key| message.iter().position(|(name, _)| name == key));
    if let Some(at) = found
        && let Some(new) = value(&message[at].1)
    {
        message[at] = (to.into(), new);
    }
}

/// The role of a usual name; what is said as a call of a function has another shape, too, and is left.
fn usual_name(name: &str) -> Option<&'static str> {
    usual(name).filter(|_| name.trim() != "function_call").map(Role::name)
}

/// A content as text, or as a list of items with a text.
fn as_text(content: &mut Json<'_>) {
    fn told<'a>(value: &Json<'a>) -> Option<Json<'a>> {
        Some(Json::Text(match value {
            Json::Number(number) => (*number).to_owned().into(),
            Json::Bool(value) => value.to_string().into(),
            Json::Object(_) => value.get("text")?.text()?.to_owned().into(),
            _ => return None,
        }))
    }
    if let Some(new) = told(content) {
        *content = new;
    }
    let Json::List(items) = content else { return };
    for item in items {
        let new = match &mut *item {
            Json::Text(text) => Some(Json::Text(std::mem::take(text))),
            Json::Object(_) => None,
            other => told(other),
        };
        if let Some(new) = new {
            *item = Json::Object(vec![("text".into(), new)]);
        }
    }
}
