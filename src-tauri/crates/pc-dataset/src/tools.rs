//! The rules for tool calls and their answers: ids match, arguments are JSON in a text.

use crate::finding::{FindingCode as Code, Found};
use crate::json::{Json, parse};
use crate::judge::Place;

/// Judges an assistant's calls and remembers their ids for the answers that follow.
pub(crate) fn calls<'a>(message: &'a Json<'_>, at: Place, open: &mut Vec<&'a str>, found: &mut Vec<Found>) {
    let items = match message.get("tool_calls") {
        None | Some(Json::Null) => return,
        Some(Json::List(items)) if !items.is_empty() => items,
        Some(_) => return found.push(Found::new(Code::ToolCallInvalid, at.key("tool_calls"))),
    };
    open.clear();
    for (index, call) in items.iter().enumerate() {
        let path = || at.key(&format!("tool_calls[{index}]"));
        let function = call.get("function");
        let name = function.and_then(|f| f.get("name")).and_then(Json::text);
        match call.get("id").and_then(Json::text) {
            Some(id) if !id.is_empty() && name.is_some() => open.push(id),
            _ => found.push(Found::new(Code::ToolCallInvalid, path())),
        }
        let arguments = function.and_then(|f| f.get("arguments")).and_then(Json::text);
        if arguments.is_none_or(|text| parse(text).is_err()) {
            found.push(Found::new(Code::ToolArgumentsNotJson, format!("{}.function.arguments", path())));
        }
    }
}

/// Judges a tool's answer: it names one of the calls before it.
pub(crate) fn answer(message: &Json<'_>, at: Place, open: &[&str], found: &mut Vec<Found>) {
    let id = message.get("tool_call_id").and_then(Json::text);
    if !id.is_some_and(|id| open.contains(&id)) {
        found.push(Found::new(Code::ToolIdUnknown, at.key("tool_call_id")).with("id", id.unwrap_or("-")));
    }
}
