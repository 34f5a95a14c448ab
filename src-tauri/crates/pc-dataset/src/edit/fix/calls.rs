//! Repairs of tools, calls and the answers to them. Deliberately absent: calls whose name or id nobody wrote.

use super::shape::{Pairs, get_mut, listed, messages, remove, role};
use crate::json::Json;
use crate::{FindingCode as Code, Role};

/// Tools become a list; null says that there are none.
pub(super) fn tools(row: &mut Json<'_>) {
    listed(row, "tools");
    if row.get("tools") == Some(&Json::Null) {
        remove(row, "tools");
    }
}

/// The calls of one message: an empty list goes, name and arguments go into the function, arguments become text.
pub(super) fn shape(code: Code, message: &mut Pairs<'_>) {
    if code == Code::ToolCallInvalid {
        message.retain(|(key, value)| key != "tool_calls" || *value != Json::List(Vec::new()));
    }
    for (_, list) in message.iter_mut().filter(|(key, _)| key == "tool_calls") {
        let Json::List(calls) = list else { continue };
        for call in calls {
            if code == Code::ToolCallInvalid {
                with_function(call);
            } else if let Some(arguments @ (Json::Object(_) | Json::List(_))) =
                get_mut(call, "function").and_then(|function| get_mut(function, "arguments"))
            {
                let mut text = String::new();
                arguments.write(&mut text);
                *arguments = Json::Text(text.into());
            }
        }
    }
}

/// `{"id", "name", "arguments"}` as `{"id", "function": {"name", "arguments"}}`.
fn with_function(call: &mut Json<'_>) {
    if call.get("function").is_some() || call.get("name").is_none() {
        return;
    }
    let Json::Object(pairs) = call else { return };
    let (function, mut rest): (Vec<_>, Vec<_>) =
        std::mem::take(pairs).into_iter().partition(|(key, _)| matches!(key.as_ref(), "name" | "arguments"));
    rest.push(("function".into(), Json::Object(function)));
    *pairs = rest;
}

/// One call and one answer right behind it that names none: they belong together.
pub(super) fn only_id(row: &mut Json<'_>) {
    let Some(items) = messages(row) else { return };
    for at in 1..items.len() {
        let (before, behind) = items.split_at_mut(at);
        let alone = behind.get(1).is_none_or(|next| role(next) != Some(Role::Tool));
        let (Some(caller), Some(answer)) = (before.last(), behind.first_mut()) else { continue };
        let id = match caller.get("tool_calls") {
            Some(Json::List(calls)) if calls.len() == 1 => calls[0].get("id").and_then(Json::text),
            _ => None,
        };
        if let Some(id) = id.filter(|id| alone && !id.is_empty())
            && role(answer) == Some(Role::Tool)
            && answer.get("tool_call_id").is_none_or(|given| *given == Json::Null || given.text() == Some(""))
        {
            let id = Json::Text(id.to_owned().into());
            remove(answer, "tool_call_id");
            if let Json::Object(pairs) = answer {
                pairs.push(("tool_call_id".into(), id));
            }
        }
    }
}
