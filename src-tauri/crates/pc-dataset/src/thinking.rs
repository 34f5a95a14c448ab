//! The rule for thinking text: `<think>\n…\n</think>\n\n`, first in the last assistant message only. The
//! newlines matter, because the chat templates of thinking models put exactly these tokens there.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::finding::{FindingCode as Code, Found};
use crate::json::Value;
use crate::judge::Place;

static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("think>"));

/// Judges one assistant message.
pub(crate) fn judge(message: Value<'_>, is_last: bool, at: Place, found: &mut Vec<Found>) {
    let Some(content) = message.get("content") else { return };
    let text = match (content.text(), content.items()) {
        (Some(text), _) => Cow::Borrowed(text),
        (None, Some(items)) => Cow::Owned(items.filter_map(|item| item.get("text")?.text()).collect::<String>()),
        (None, None) => return,
    };
    // One search serves both marks and spares nearly every text the exact one.
    if MARK.find(text.as_bytes()).is_none() || !text.contains("<think>") && !text.contains("</think>") {
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
