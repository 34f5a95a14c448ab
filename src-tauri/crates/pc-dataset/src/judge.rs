//! The rules for one line as a row of its kind, as the cloud's data-set rules and its own check state them: everything that is wrong is found, not only the first thing. Deliberately absent: files and line numbers.

use crate::finding::{FindingCode as Code, Found};
use crate::json::{Doc, Items, Kind, Tape, VALUES, Value, Why};
use crate::limits;
use crate::thinking;
use crate::tools;
use crate::{Role, RowKind};

/// What one line is worth.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub found: Vec<Found>,
    pub messages: u64,
    pub characters: u64,
}

/// Reads a line that is UTF-8 and not blank; nothing where it is not JSON.
pub(crate) fn read<'a>(line: &'a str, tape: &'a mut Tape, found: &mut Vec<Found>) -> Option<Doc<'a>> {
    let column = |offset: usize| line.get(..offset).unwrap_or(line).chars().count() + 1;
    let doc = match tape.read(line) {
        Ok(doc) => doc,
        Err(mistake) => {
            found.push(match mistake.why {
                Why::TooDeep => Found::new(Code::LineTooDeep, "").with("limit", limits::DEPTH),
                Why::TooMany => Found::new(Code::LineTooManyValues, "").with("limit", VALUES),
                why => {
                    Found::new(Code::LineNotJson, "").with("column", column(mistake.offset)).phrase("why", why.key())
                }
            });
            return None;
        }
    };
    if doc.duplicates {
        duplicates(doc.value, &mut String::new(), found);
    }
    if let Some(offset) = doc.lone_surrogate {
        found.push(Found::new(Code::LoneSurrogate, "").with("column", column(offset)));
    }
    if let Some(control) = doc.control {
        found.push(Found::new(Code::ControlCharacter, "").with("character", format!("U+{:04X}", control as u32)));
    }
    Some(doc)
}

/// Reads and judges a line.
pub(crate) fn judge(line: &str, kind: RowKind, tape: &mut Tape) -> Verdict {
    let mut verdict = Verdict::default();
    if let Some(doc) = read(line, tape, &mut verdict.found) {
        row(doc.value, kind, &mut verdict);
    }
    verdict
}

/// Names every key that an object has twice, with its path.
fn duplicates(value: Value<'_>, path: &mut String, found: &mut Vec<Found>) {
    let length = path.len();
    for (index, item) in value.items().into_iter().flatten().enumerate() {
        path.push_str(&format!("[{index}]"));
        duplicates(item, path, found);
        path.truncate(length);
    }
    let mut seen = std::collections::HashSet::new();
    for (key, item) in value.pairs().into_iter().flatten() {
        if !seen.insert(key) {
            found.push(Found::new(Code::KeyDuplicate, path.as_str()).with("key", key));
        }
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
        duplicates(item, path, found);
        path.truncate(length);
    }
}

/// What a row's own keys say that it is; nothing where they say nothing.
fn kind_of(value: Value<'_>) -> Option<Code> {
    let has = |key: &str| value.get(key).is_some();
    if has("chosen") || has("rejected") {
        Some(Code::RowIsDpo)
    } else if has("rollout_extra") {
        Some(Code::RowIsRl)
    } else if has("messages") {
        Some(Code::RowIsSft)
    } else {
        value.get("text").is_some_and(|text| text.text().is_some()).then_some(Code::RowIsCpt)
    }
}

/// Judges a row of the wanted kind; of another one only that is said.
pub(crate) fn row(value: Value<'_>, kind: RowKind, verdict: &mut Verdict) {
    let found = &mut verdict.found;
    let Some(pairs) = value.pairs() else {
        return found.push(Found::new(Code::RowNotObject, ""));
    };
    match (kind, kind_of(value)) {
        (RowKind::Sft, Some(Code::RowIsSft)) | (RowKind::Dpo, Some(Code::RowIsDpo)) => {}
        (RowKind::Cpt, Some(Code::RowIsCpt)) => return text(value, verdict),
        (_, Some(other)) => return found.push(Found::new(other, "").phrase("wanted", kind.wanted())),
        (_, None) => return found.push(Found::new(Code::RowShapeUnknown, "")),
    }
    for (key, item) in pairs {
        match key {
            "messages" => {}
            "chosen" | "rejected" if kind == RowKind::Dpo => {}
            "tools" if item.kind() != Kind::List => found.push(Found::new(Code::ToolsNotList, "tools")),
            "tools" => {}
            other => found.push(Found::new(Code::RowKeyUnknown, other).with("key", other)),
        }
    }
    match value.get("messages").and_then(Value::items) {
        None => found.push(Found::new(Code::MessagesNotList, "messages")),
        Some(list) if list.clone().next().is_none() => found.push(Found::new(Code::MessagesEmpty, "messages")),
        Some(list) => conversation(list, kind, verdict),
    }
    if kind == RowKind::Dpo {
        ["chosen", "rejected"].iter().for_each(|name| answer(value, name, verdict));
    }
}

/// A text is all that its row has.
fn text(value: Value<'_>, verdict: &mut Verdict) {
    for (key, _) in value.pairs().into_iter().flatten().filter(|(key, _)| *key != "text") {
        verdict.found.push(Found::new(Code::RowKeyUnknown, key).with("key", key));
    }
    let text = value.get("text").and_then(Value::text).unwrap_or_default();
    if is_blank(text) {
        verdict.found.push(Found::new(Code::ContentEmpty, "text"));
    }
    verdict.characters += text.chars().count() as u64;
}

/// One of the two answers that are compared.
fn answer(row: Value<'_>, name: &'static str, verdict: &mut Verdict) {
    let (at, found) = (Place::Answer(name), &mut verdict.found);
    let item = match row.get(name) {
        None => return found.push(Found::new(Code::AnswerMissing, "").with("name", name)),
        Some(item) => item,
    };
    if item.kind() != Kind::Object {
        return found.push(Found::new(Code::MessageNotObject, at.whole()));
    }
    role(item, at, found);
    let who = item.get("role").and_then(Value::text).and_then(Role::from_name);
    if who.is_some_and(|who| who != Role::Assistant) {
        found.push(Found::new(Code::AnswerNotAssistant, at.key("role")));
    }
    keys(item, who, at, found);
    if name == "rejected" && item.get("loss_weight").is_some() {
        found.push(Found::new(Code::LossWeightRejected, at.key("loss_weight")));
    }
    verdict.characters += content(item, who, at, found);
    thinking::judge(item, true, at, found);
    tools::calls(item, at, &mut Vec::new(), found);
    verdict.messages += 1;
}

/// What a message says that it is.
fn role_of(message: Value<'_>) -> Option<Role> {
    message.get("role").and_then(Value::text).and_then(Role::from_name)
}

fn conversation(list: Items<'_>, kind: RowKind, verdict: &mut Verdict) {
    // Before two answers, every turn is an earlier one.
    let last_assistant = match kind {
        RowKind::Dpo => None,
        _ => list.clone().map(role_of).enumerate().filter(|(_, r)| *r == Some(Role::Assistant)).map(|(i, _)| i).last(),
    };
    let mut open_calls: Vec<&str> = Vec::new();
    // The role before: nothing before the first, `Some(None)` for one without a role.
    let mut previous: Option<Option<Role>> = None;
    let mut count = 0;
    for (index, item) in list.enumerate() {
        let (at, found) = (Place::Message(index), &mut verdict.found);
        count += 1;
        if item.kind() != Kind::Object {
            found.push(Found::new(Code::MessageNotObject, at.whole()));
            previous = Some(None);
            continue;
        }
        let who = role_of(item);
        role(item, at, found);
        order(previous, who, index, found);
        previous = Some(who);
        keys(item, who, at, found);
        verdict.characters += content(item, who, at, found);
        match who {
            Some(Role::Assistant) => {
                thinking::judge(item, Some(index) == last_assistant, at, found);
                tools::calls(item, at, &mut open_calls, found);
            }
            Some(Role::Tool) => tools::answer(item, at, &open_calls, found),
            _ => {}
        }
    }
    verdict.messages += count as u64;
    let (wanted, code) = match kind {
        RowKind::Dpo => (Role::User, Code::LastNotUser),
        _ => (Role::Assistant, Code::LastNotAssistant),
    };
    if previous.flatten().is_some_and(|last| last != wanted) {
        verdict.found.push(Found::new(code, Place::Message(count - 1).key("role")));
    }
}

/// A message's place; paths are only built where something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Message(usize),
    Answer(&'static str),
    /// The one text of a row to read on.
    Text,
}

impl Place {
    pub fn whole(self) -> String {
        match self {
            Self::Message(index) => format!("messages[{index}]"),
            Self::Answer(name) => name.to_owned(),
            Self::Text => "text".to_owned(),
        }
    }

    pub fn key(self, key: &str) -> String {
        format!("{}.{key}", self.whole())
    }
}

fn role(message: Value<'_>, at: Place, found: &mut Vec<Found>) {
    match message.get("role").map(Value::text) {
        None => found.push(Found::new(Code::RoleMissing, at.whole())),
        Some(name) if name.and_then(Role::from_name).is_none() => {
            found.push(Found::new(Code::RoleUnknown, at.key("role")).with("role", name.unwrap_or("?")));
        }
        Some(_) => {}
    }
}

/// System only first; user and assistant take turns; a tool answers an assistant, and an assistant goes on
/// after it. Neighbours without a role are passed over, since their own finding says enough.
fn order(previous: Option<Option<Role>>, role: Option<Role>, index: usize, found: &mut Vec<Found>) {
    let Some(role) = role else { return };
    let previous = match previous {
        Some(None) => return,
        other => other.flatten(),
    };
    let fits = match role {
        Role::System if index > 0 => {
            return found.push(Found::new(Code::SystemNotFirst, Place::Message(index).key("role")));
        }
        Role::System => true,
        Role::User => matches!(previous, None | Some(Role::System | Role::Assistant)),
        Role::Assistant => matches!(previous, Some(Role::User | Role::Tool)),
        Role::Tool => matches!(previous, Some(Role::Assistant | Role::Tool)),
    };
    if !fits {
        let finding = Found::new(Code::TurnOrder, Place::Message(index).key("role")).with("role", role.name());
        found.push(finding.with("previous", previous.map_or("-", Role::name)));
    }
}

fn keys(message: Value<'_>, role: Option<Role>, at: Place, found: &mut Vec<Found>) {
    for (key, value) in message.pairs().into_iter().flatten() {
        match key {
            "role" | "content" | "tool_calls" | "tool_call_id" => {}
            "name" | "weight" => found.push(Found::new(Code::MessageKeyRefused, at.key(key)).with("key", key)),
            "loss_weight" => loss_weight(value, role, at, found),
            _ => found.push(Found::new(Code::MessageKeyUnknown, at.key(key)).with("key", key)),
        }
    }
}

/// In (0, 1], on assistants only; the cloud's published sample writes it as text, so both are taken.
fn loss_weight(value: Value<'_>, role: Option<Role>, at: Place, found: &mut Vec<Found>) {
    let written = value.number().or(value.text().map(str::trim));
    let number: Option<f64> = written.and_then(|text| text.parse().ok());
    if !number.is_some_and(|n| n > 0.0 && n <= 1.0) {
        found.push(Found::new(Code::LossWeightRange, at.key("loss_weight")));
    }
    if role.is_some_and(|role| role != Role::Assistant) {
        found.push(Found::new(Code::LossWeightRole, at.key("loss_weight")));
    }
}

/// Judges the content and counts its characters.
fn content(message: Value<'_>, role: Option<Role>, at: Place, found: &mut Vec<Found>) -> u64 {
    let calls = role == Some(Role::Assistant) && message.get("tool_calls").is_some();
    let (characters, blank) = match message.get("content") {
        None if calls => return 0,
        None => {
            found.push(Found::new(Code::ContentMissing, at.whole()));
            return 0;
        }
        Some(value) => match (value.kind(), value.text(), value.items()) {
            (Kind::Null, ..) if calls => return 0,
            (_, Some(text), _) => (text.chars().count(), is_blank(text)),
            (_, _, Some(items)) => parts(items, at, found),
            _ => {
                found.push(Found::new(Code::ContentType, at.key("content")));
                return 0;
            }
        },
    };
    // A tool may well answer nothing, and an assistant that calls tools need not speak.
    if blank && !calls && role != Some(Role::Tool) {
        found.push(Found::new(Code::ContentEmpty, at.key("content")));
    }
    characters as u64
}

/// Characters of all parts, and whether they say nothing.
fn parts(items: Items<'_>, at: Place, found: &mut Vec<Found>) -> (usize, bool) {
    let mut sum = (0, true);
    for (index, item) in items.enumerate() {
        match item.get("text").and_then(Value::text) {
            Some(text) => sum = (sum.0 + text.chars().count(), sum.1 && is_blank(text)),
            None => {
                found.push(Found::new(Code::ContentType, at.key(&format!("content[{index}]"))));
                sum.1 = false;
            }
        }
    }
    sum
}

pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'))
}
