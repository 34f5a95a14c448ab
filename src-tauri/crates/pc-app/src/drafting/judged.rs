//! Which of a model's pairs can be shown to a person: not too long, said only once, with no number that the ground lacks. Each that
//! cannot is told in a sentence. Deliberately absent: reading the answer's format.

use std::collections::HashSet;

use crate::words::words;

use super::ask::Said;
use super::parse::{Pair, pairs};
use super::support::{support, unknown_number};
use super::{Content, Ground, Notes, Task};

/// The longest question and answer, in characters.
pub(crate) const QUESTION: usize = 1_000;
pub(crate) const ANSWER: usize = 4_000;
/// An answer with less of its wording from the ground is refused.
const SUPPORT: f64 = 0.1;
/// Pairs of one answer that are looked at, for each that was asked for.
const LOOKED_AT: usize = 4;
/// Characters of an answer that are shown where none of it can be used.
const SHOWN: usize = 60;

/// What was drafted before in this call: the same question is shown once.
#[derive(Default)]
pub(super) struct Judge {
    seen: HashSet<String>,
}

impl Judge {
    /// The drafts in an answer, at most `each`; why the others are none goes into the notes.
    pub fn usable(&mut self, said: &Said, ground: &Ground, each: u32, notes: &mut Notes) -> Vec<Content> {
        let rephrases = matches!(ground.task, Task::Rephrase { .. });
        let mut found = pairs(&said.text, rephrases);
        // The last one of an answer that was cut off is itself cut off, unless a sentence ends there.
        let whole = said.text.trim_end().ends_with(['.', '。', '!', '！', '?', '？', '}', ']', '"', '”', '`']);
        if said.cut && !whole {
            found.pop();
        }
        // A small model may say the same pair over and over; that is no news after the first time.
        found.dedup();
        found.truncate(each as usize * LOOKED_AT);
        if found.is_empty() {
            let shown: String = said.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let shown: String = shown.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
            let key = if said.cut { "draft_cut" } else { "draft_no_pair" };
            notes.add(words(key, notes.language, &[("place", ground.place.clone()), ("text", shown)]));
            return Vec::new();
        }
        let mut drafts = Vec::new();
        for pair in found {
            if drafts.len() >= each as usize {
                break;
            }
            match self.judged(pair, ground) {
                Ok(content) => drafts.push(content),
                Err((key, value)) => {
                    let values = [("place", ground.place.clone()), ("value", value)];
                    notes.add(words(key, notes.language, &values));
                }
            }
        }
        drafts
    }

    /// A draft, or the key of the sentence that says why it is none with what the sentence names.
    fn judged(&mut self, mut pair: Pair, ground: &Ground) -> Result<Content, (&'static str, String)> {
        let letters = |text: &str| text.chars().any(char::is_alphanumeric);
        if let (Task::Rephrase { answer, .. }, "") = (&ground.task, pair.answer.as_str()) {
            pair.answer.clone_from(answer);
        }
        if !letters(&pair.question) || !letters(&pair.answer) || is_example(&pair) {
            return Err(("draft_empty", String::new()));
        }
        if pair.question.chars().count() > QUESTION || pair.answer.chars().count() > ANSWER {
            return Err(("draft_too_long", String::new()));
        }
        let bare = bare(&pair.question);
        if self.seen.contains(&bare) || bare == self::bare(&pair.answer) {
            return Err(("draft_repeated", pair.question));
        }
        let (before, support) = match &ground.task {
            Task::Ask => {
                if let Some(number) = unknown_number(&pair.answer, &[&ground.text]) {
                    return Err(("draft_number", number));
                }
                (Vec::new(), support(&pair.answer, &ground.text))
            }
            Task::Rephrase { before, question, answer } => {
                if bare == self::bare(question) {
                    return Err(("draft_repeated", pair.question));
                }
                let told = format!("{}\n{}", pair.question, if pair.answer == *answer { "" } else { &pair.answer });
                let added = unknown_number(&told, &[&ground.text]);
                if let Some(number) = added.or_else(|| unknown_number(question, &[&pair.question])) {
                    return Err(("draft_number", number));
                }
                (before.clone(), if pair.answer == *answer { None } else { support(&pair.answer, answer) })
            }
        };
        if support.is_some_and(|share| share < SUPPORT) {
            return Err(("draft_unsupported", pair.question));
        }
        self.seen.insert(bare);
        let (ground, place) = (ground.text.clone(), ground.place.clone());
        Ok(Content { question: pair.question, answer: pair.answer, ground, place, before, support })
    }
}

/// The format's own example, given back.
fn is_example(pair: &Pair) -> bool {
    let plain = |text: &str| text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let (question, answer) = (plain(&pair.question), plain(&pair.answer));
    matches!((question.as_str(), answer.as_str()), ("question", _) | (_, "answer") | ("问题", _) | (_, "答案"))
}

/// A text as it is compared: letters and digits only.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_base::Language;

    const TEXT: &str = "酒店早餐从六点半开始，到十点结束，每位 58 元。住客凭房卡用餐。";

    fn passage() -> Ground {
        Ground { text: TEXT.into(), place: "手册.md".into(), task: Task::Ask }
    }

    fn drafts(text: &str, cut: bool, ground: &Ground, each: u32) -> (Vec<Content>, Vec<String>) {
        let mut notes = Notes::new(Language::Chinese);
        let said = Said { text: text.into(), cut };
        let found = Judge::default().usable(&said, ground, each, &mut notes);
        assert_eq!(notes.total, notes.kept.len() as u64);
        (found, notes.kept)
    }

    #[test]
    fn a_number_that_the_passage_lacks_and_wording_from_nowhere_are_refused_in_a_sentence() {
        let text = "问：早餐几点开始？\n答：早餐从 6:30 开始，每位 58 元。\n问：早餐多少钱？\n答：每位 68 元。\n\
            问：泳池在哪里？\n答：屋顶露天恒温泳池全年开放给会员。\n问：早餐几点开始?\n答：六点半。";
        let (found, told) = drafts(text, false, &passage(), 9);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].support.expect("it can be said") > 0.6, "{found:?}");
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("68") && told[0].contains("手册.md"), "{told:?}");
        assert!(told[1].contains("泳池在哪里") && told[2].contains("早餐几点开始"), "{told:?}");
    }

    #[test]
    fn no_more_than_were_asked_for_and_a_cut_answer_keeps_what_is_whole() {
        let pair = |n: usize| format!("问：早餐第{}问？\n答：早餐从六点半开始。\n", "又".repeat(n));
        let text: String = (1..6).map(pair).collect();
        assert_eq!(drafts(&text, false, &passage(), 3).0.len(), 3);
        let (found, told) = drafts(&format!("{}问：还有吗？\n答：住客凭房", pair(1)), true, &passage(), 3);
        assert!(found.len() == 1 && told.is_empty(), "{told:?}");
        let (found, told) = drafts("啦啦啦啦", true, &passage(), 3);
        assert!(found.is_empty() && told[0].contains("啦啦啦啦"), "{told:?}");
        let long = format!("问：为什么？\n答：{}", "早餐从六点半开始".repeat(600));
        let (found, told) = drafts(&long, false, &passage(), 3);
        assert!(found.is_empty() && told.len() == 1, "{told:?}");
        assert!(drafts("问：问题\n答：答案", false, &passage(), 3).0.is_empty(), "the example given back is no draft");
    }

    #[test]
    fn a_paraphrase_keeps_the_answer_and_every_number() {
        let (question, answer) = ("2 个人的早餐多少钱？".to_owned(), "共 116 元。".to_owned());
        let text = format!("user: {question}\nassistant: {answer}");
        let task = Task::Rephrase { before: Vec::new(), question, answer };
        let ground = Ground { text, place: "desk，第 1 行".into(), task };
        let said = "1. 两个人吃早餐一共要付多少？\n2. 3 个人的早餐多少钱？\n3. 早餐多少钱？\n4. 2个人的早餐，多少钱";
        let (found, told) = drafts(said, false, &ground, 5);
        let questions: Vec<&str> = found.iter().map(|one| one.question.as_str()).collect();
        assert_eq!(questions, ["两个人吃早餐一共要付多少？"]);
        assert!(found[0].answer == "共 116 元。" && found[0].support.is_none());
        assert_eq!(told.len(), 3, "a number more, a number less, and the same again: {told:?}");
    }
}
