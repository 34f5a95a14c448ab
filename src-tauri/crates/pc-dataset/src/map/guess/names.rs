//! Names that columns have in the wild, in Chinese and English.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// What a column can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Part {
    Question,
    Answer,
    Context,
    System,
    Chosen,
    Rejected,
    Text,
    Conversation,
    Room,
    Time,
    Turn,
    Sender,
    Content,
    Thinking,
    Tools,
}

/// The names of a part, folded, from `words/columns.json`; the plainest first.
fn names(part: Part) -> &'static [String] {
    static NAMES: LazyLock<HashMap<Part, Vec<String>>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../../words/columns.json"))
            .expect("the names are valid: a test holds them")
    });
    NAMES.get(&part).map_or(&[], Vec::as_slice)
}

/// How plainly a name says what its column is: 1 for a known name (a little less for the less usual ones), 0.7 where a known name
/// of some length is part of it.
pub(super) fn named(name: &str, part: Part) -> Option<f64> {
    let folded: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let known = names(part);
    if let Some(at) = known.iter().position(|known| *known == folded) {
        return Some(1.0 + 0.01 * (known.len() - at) as f64);
    }
    let long = |known: &&String| if known.is_ascii() { known.len() >= 5 } else { known.chars().count() >= 2 };
    known.iter().filter(long).any(|known| folded.contains(known.as_str())).then_some(0.7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_names_and_they_are_folded() {
        use Part::*;
        let parts = [
            Question,
            Answer,
            Context,
            System,
            Chosen,
            Rejected,
            Text,
            Conversation,
            Room,
            Time,
            Turn,
            Sender,
            Content,
            Thinking,
            Tools,
        ];
        for part in parts {
            assert!(!names(part).is_empty(), "{part:?}");
            for name in names(part) {
                assert!(named(name, part).is_some_and(|score| score > 1.0), "{name} finds itself");
            }
        }
        assert_eq!((named("User Message:", Part::Question) > Some(1.0), named("x", Part::Answer)), (true, None));
    }
}
