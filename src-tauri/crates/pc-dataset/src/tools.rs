//! The rules for tool calls and their answers: ids match, arguments are JSON in a text.

use crate::finding::{FindingCode as Code, Found};
use crate::json::{Kind, Tape, Value};
use crate::judge::Place;

/// Judges an assistant's calls and remembers their ids for the answers that follow.
pub(crate) fn calls<'a>(message: Value<'a>, at: Place, open: &mut Vec<&'a str>, found: &mut Vec<Found>) {
    let Some(calls) = message.get("tool_calls").filter(|calls| calls.kind() != Kind::Null) else { return };
    let Some(items) = calls.items().filter(|items| items.clone().next().is_some()) else {
        return found.push(Found::new(Code::ToolCallInvalid, at.key("tool_calls")));
    };
    open.clear();
    for (index, call) in items.enumerate() {
        let path = || at.key(&format!("tool_calls[{index}]"));
        let function = call.get("function");
        let name = function.and_then(|f| f.get("name")).and_then(Value::text);
        match call.get("id").and_then(Value::text) {
            Some(id) if !id.is_empty() && name.is_some() => open.push(id),
            _ => found.push(Found::new(Code::ToolCallInvalid, path())),
        }
        let arguments = function.and_then(|f| f.get("arguments")).and_then(Value::text);
        if arguments.is_none_or(|text| Tape::default().read(text).is_err()) {
            found.push(Found::new(Code::ToolArgumentsNotJson, format!("{}.function.arguments", path())));
        }
    }
}

/// Judges a tool's answer: it names one of the calls before it.
pub(crate) fn answer(message: Value<'_>, at: Place, open: &[&str], found: &mut Vec<Found>) {
    let id = message.get("tool_call_id").and_then(Value::text);
    if !id.is_some_and(|id| open.contains(&id)) {
        found.push(Found::new(Code::ToolIdUnknown, at.key("tool_call_id")).with("id", id.unwrap_or("-")));
    }
}
