//! The texts of a row, whatever its kind, with who says each and where it stands: what near duplicates, the look at
//! contents and splitting all read. Deliberately absent: whether the row is any good, which is `judge`'s.

use crate::Role;
use crate::json::Value;
use crate::judge::Place;

/// One text of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn<'a> {
    pub place: Place,
    /// Which item, of a content given as a list.
    pub part: Option<usize>,
    pub role: Option<Role>,
    pub text: &'a str,
}

impl Turn<'_> {
    /// JSON path of the text.
    pub fn path(&self) -> String {
        match (self.place, self.part) {
            (Place::Text, _) => "text".to_owned(),
            (place, None) => place.key("content"),
            (place, Some(part)) => place.key(&format!("content[{part}].text")),
        }
    }
}

/// Hands over every text of a row, in the order in which they stand: messages, the chosen answer, the rejected one,
/// or the one text of a row to read on.
pub(crate) fn each<'a>(row: Value<'a>, mut take: impl FnMut(Turn<'a>)) {
    let mut message = |value: Value<'a>, place: Place| {
        let role = value.get("role").and_then(Value::text).and_then(Role::from_name);
        let Some(content) = value.get("content") else { return };
        if let Some(text) = content.text() {
            take(Turn { place, part: None, role, text });
        }
        for (part, item) in content.items().into_iter().flatten().enumerate() {
            if let Some(text) = item.get("text").and_then(Value::text) {
                take(Turn { place, part: Some(part), role, text });
            }
        }
    };
    for (index, value) in row.get("messages").and_then(Value::items).into_iter().flatten().enumerate() {
        message(value, Place::Message(index));
    }
    for name in ["chosen", "rejected"] {
        if let Some(value) = row.get(name) {
            message(value, Place::Answer(name));
        }
    }
    if let Some(text) = row.get("text").and_then(Value::text) {
        take(Turn { place: Place::Text, part: None, role: None, text });
    }
}

/// Where the answer of a row begins: the last message of the assistant's, or the chosen answer.
pub(crate) fn answer_place(row: Value<'_>) -> Option<Place> {
    if row.get("chosen").is_some() {
        return Some(Place::Answer("chosen"));
    }
    let mut last = None;
    each(row, |turn| {
        if turn.role == Some(Role::Assistant) {
            last = Some(turn.place);
        }
    });
    last
}
