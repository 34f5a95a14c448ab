//! Sentences as people write them, by hand and never used to make or mend a rule: what is true stands as `{kind:…}`.
//! Deliberately absent: anything put together by a program.

use pc_dataset::privacy::Kind;

use crate::texts::Text;

/// All of them.
pub fn all() -> Vec<Text> {
    include_str!("written.txt").lines().map(read).collect()
}

fn read(line: &str) -> Text {
    let mut text = Text::default();
    let mut rest = line;
    while let Some((before, marked)) = rest.split_once('{') {
        let (kind, after) = marked.split_once(':').expect("a kind is named");
        let (thing, after) = after.split_once('}').expect("a mark is closed");
        let kind = Kind::ALL.iter().copied().find(|known| known.name() == kind).expect("a kind that there is");
        text.put(kind, (before, thing.to_owned(), ""));
        rest = after;
    }
    text.say(rest);
    text
}
