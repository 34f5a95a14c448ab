//! The rule for thinking text: `<think>\n…\n</think>\n\n`, first in the last assistant message only. The
//! newlines matter, because the chat templates of thinking models put exactly these tokens there.

use std::borrow::Cow;

use crate::finding::{FindingCode as Code, Found};
use crate::json::Json;
use crate::judge::Place;

/// Judges one assistant message.
pub(crate) fn judge(message: &Json<'_>, is_last: bool, at: Place, found: &mut Vec<Found>) {
    let text = match message.get("content") {
        Some(Json::Text(text)) => Cow::Borrowed(text.as_ref()),
        Some(Json::List(items)) => {
            Cow::Owned(items.iter().filter_map(|item| item.get("text")?.text()).collect::<String>())
        }
        _ => return,
    };
    if !text.contains("<think>") && !text.contains("</think>") {
        return;
    }
    if !is_last {
        return found.push(Found::new(Code::ThinkingNotLast, at.key("content")));
    }
    let well_formed = text.strip_prefix("<think>\n").and_then(|rest| rest.split_once("\n</think>\n\n")).is_some_and(
        |(thought, answer)| !(thought.contains("<think>") || answer.contains("<think>") || answer.contains("</think>")),
    );
    if !well_formed {
        found.push(Found::new(Code::ThinkingNewlines, at.key("content")));
    }
}
