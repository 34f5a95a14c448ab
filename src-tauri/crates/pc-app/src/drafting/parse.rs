//! What a model wrote, as pairs: JSON of any shape that has a question and an answer, or lines that begin with `Q:` and `A:` or
//! `问：` and `答：`, with whatever a model puts around them. What does not fit is counted. Deliberately absent: judging what a
//! pair says.

use serde_json::{Map, Value};

/// A question with its answer as a model wrote them; a paraphrase may lack the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    pub question: String,
    pub answer: String,
}

const QUESTION: &[&str] = &["question", "query", "prompt", "instruction", "input", "user", "q", "问题", "提问", "问"];
const ANSWER: &[&str] = &["answer", "response", "output", "reply", "assistant", "a", "答案", "回答", "回复", "答"];

/// Everything that can be read as a pair. `alone` takes questions without an answer, too.
pub(super) fn pairs(text: &str, alone: bool) -> Vec<Pair> {
    let text = without_thinking(text);
    let mut found = from_json(text, alone);
    if found.is_empty() {
        found = from_lines(text);
    }
    if found.is_empty() && alone {
        found = from_list(text);
    }
    found.retain(|pair| !pair.question.is_empty() && (alone || !pair.answer.is_empty()));
    found
}

/// What stands after the thinking of a model that thinks aloud; nothing where it never ended.
fn without_thinking(text: &str) -> &str {
    match (text.rfind("</think>"), text.find("<think>")) {
        (Some(end), _) => &text[end + "</think>".len()..],
        (None, Some(start)) => &text[..start],
        (None, None) => text,
    }
}

/// Every object in the text, wherever it stands and however the list around it ends.
fn from_json(text: &str, alone: bool) -> Vec<Pair> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[']) {
        let list_of_questions = alone && rest[at..].starts_with('[');
        let mut values = serde_json::Deserializer::from_str(&rest[at..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                collect(&value, list_of_questions, &mut found);
                rest = &rest[at + values.byte_offset().max(1)..];
            }
            _ => rest = &rest[at + 1..],
        }
    }
    found
}

/// Depth ends where serde_json's does.
fn collect(value: &Value, alone: bool, found: &mut Vec<Pair>) {
    match value {
        Value::Object(map) => match (named(map, QUESTION), named(map, ANSWER)) {
            (Some(question), answer) => {
                let pair = Pair { question: question.to_owned(), answer: answer.unwrap_or_default().to_owned() };
                found.push(trimmed(pair));
            }
            (None, _) => map.values().for_each(|inner| collect(inner, alone, found)),
        },
        Value::Array(items) => items.iter().for_each(|item| match item {
            Value::String(question) if alone => {
                found.push(trimmed(Pair { question: question.clone(), answer: String::new() }));
            }
            inner => collect(inner, alone, found),
        }),
        _ => {}
    }
}

fn named<'v>(map: &'v Map<String, Value>, names: &[&str]) -> Option<&'v str> {
    map.iter().find(|(name, _)| names.contains(&name.trim().to_lowercase().as_str())).and_then(|(_, v)| v.as_str())
}

fn trimmed(pair: Pair) -> Pair {
    let clean = |text: &str| text.trim().trim_matches(['*', '`']).trim().to_owned();
    Pair { question: clean(&pair.question), answer: clean(&pair.answer) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Question,
    Answer,
}

fn from_lines(text: &str) -> Vec<Pair> {
    let mut found: Vec<Pair> = Vec::new();
    let mut side = None;
    // A blank line ends an answer, unless a list goes on: what follows is mostly the model's farewell.
    let mut blank = false;
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with("```") {
            blank = true;
            continue;
        }
        if let Some((next, rest)) = label(bare) {
            if next == Side::Question {
                let (question, answer) = on_one_line(rest);
                found.push(Pair { question: question.to_owned(), answer: answer.to_owned() });
                side = Some(if answer.is_empty() { Side::Question } else { Side::Answer });
            } else if let Some(pair) = found.last_mut().filter(|pair| pair.answer.is_empty()) {
                pair.answer = rest.to_owned();
                side = Some(Side::Answer);
            } else {
                side = None;
            }
        } else if let (Some(side), Some(pair)) = (side, found.last_mut().filter(|_| !blank || is_item(bare))) {
            let text = if side == Side::Question { &mut pair.question } else { &mut pair.answer };
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(bare);
        } else if blank {
            side = None;
        }
        blank = false;
    }
    found.into_iter().map(trimmed).collect()
}

/// `**Q1:** text`, `1. 问：text`, `- Answer: text`: which side, and the text.
fn label(line: &str) -> Option<(Side, &str)> {
    let bare = line.trim_start_matches(|c: char| c.is_whitespace() || "*#->•_`".contains(c));
    label_of(bare).or_else(|| label_of(after_number(bare)?))
}

fn label_of(text: &str) -> Option<(Side, &str)> {
    [(Side::Question, QUESTION), (Side::Answer, ANSWER)].into_iter().find_map(|(side, names)| {
        names.iter().find_map(|name| {
            let head = text.get(..name.len()).filter(|head| head.to_lowercase() == *name)?;
            let rest = text[head.len()..]
                .trim_start_matches(|c: char| c.is_ascii_digit() || c.is_whitespace() || c == '*' || c == '_');
            let rest = rest.strip_prefix([':', '：'])?;
            Some((side, rest.trim_start_matches(|c: char| c.is_whitespace() || c == '*').trim_end()))
        })
    })
}

/// `问：… 答：…` on a single line.
fn on_one_line(rest: &str) -> (&str, &str) {
    let at = ["答：", "答:", " A:", " A：", " Answer:", "回答：", "答案："]
        .iter()
        .filter_map(|mark| Some((rest.find(mark)?, mark.len())));
    match at.min() {
        Some((at, length)) if at > 0 => (rest[..at].trim_end(), rest[at + length..].trim_start()),
        _ => (rest, ""),
    }
}

/// Questions as a list without labels: numbered, or with dashes.
fn from_list(text: &str) -> Vec<Pair> {
    let items = text.lines().map(str::trim).filter(|line| is_item(line));
    let question = |line: &str| {
        let bare = after_number(line).unwrap_or_else(|| line.trim_start_matches(['-', '*', '•', ' ']));
        trimmed(Pair { question: bare.to_owned(), answer: String::new() })
    };
    items.map(question).collect()
}

fn is_item(line: &str) -> bool {
    line.starts_with(['-', '*', '•', '|']) || after_number(line).is_some()
}

/// What stands after `1.`, `2)` or `3、`.
pub(super) fn after_number(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - rest.len();
    if !(1..=2).contains(&digits) {
        return None;
    }
    let after = rest.strip_prefix(['.', ')', '、', '）', '．'])?;
    // 3.5 begins no list.
    (!after.starts_with(|c: char| c.is_ascii_digit())).then(|| after.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        pairs(text, false).into_iter().map(|pair| (pair.question, pair.answer)).collect()
    }

    fn one(question: &str, answer: &str) -> Vec<(String, String)> {
        vec![(question.to_owned(), answer.to_owned())]
    }

    #[test]
    fn labels_in_both_languages_with_whatever_models_put_around_them() {
        let wanted = one("When is breakfast?", "At seven.");
        for text in [
            "Q: When is breakfast?\nA: At seven.",
            "Sure! Here you go:\n\n**Q1:** When is breakfast?\n**A1:** At seven.\n\nI hope this helps!",
            "1. Question: When is breakfast?\n   Answer: At seven.",
            "### Q: When is breakfast? A: At seven.",
            "<think>Q: what? A: hm</think>\nq : When is breakfast?\na ： At seven.",
            "```\n- Q: When is breakfast?\n\n- A: At seven.\n```",
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
        let wanted = one("几点退房？", "中午十二点。");
        for text in [
            "问：几点退房？\n答：中午十二点。",
            "1、问题：几点退房？\n回答：中午十二点。",
            "**问：**几点退房？答：中午十二点。",
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }

    #[test]
    fn answers_of_several_lines_keep_their_lists_and_lose_the_farewell() {
        let text = "Q: How do I pay?\nA: In one of these ways:\n\n1. by card\n2. in cash\n\nLet me know if you need more.\nQ: And then?\nA: Nothing.";
        let wanted = [("How do I pay?", "In one of these ways:\n1. by card\n2. in cash"), ("And then?", "Nothing.")];
        assert_eq!(found(text), wanted.map(|(q, a)| (q.to_owned(), a.to_owned())));
    }

    #[test]
    fn json_of_any_shape_and_cut_off_anywhere() {
        let wanted = one("几点？", "七点。");
        for text in [
            r#"[{"question": "几点？", "answer": "七点。"}]"#,
            r#"{"pairs": [{"Q": "几点？", "A": "七点。"}]}"#,
            "```json\n{\"问题\": \"几点？\", \"答案\": \"七点。\"}\n```",
            r#"Here: [{"instruction": "几点？", "output": "七点。"}, {"instruction": "多少"#,
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }

    #[test]
    fn paraphrases_need_no_answer_and_no_label() {
        for text in [
            "问：几点吃早餐？\n问：早餐时间是？",
            "1. 几点吃早餐？\n2. 早餐时间是？",
            "[\"几点吃早餐？\", \"早餐时间是？\"]",
        ] {
            let found = pairs(text, true);
            let questions: Vec<&str> = found.iter().map(|pair| pair.question.as_str()).collect();
            assert_eq!(questions, ["几点吃早餐？", "早餐时间是？"], "{text}");
        }
        assert!(pairs("1. 几点吃早餐？", false).is_empty(), "elsewhere a question without an answer is of no use");
    }

    #[test]
    fn garbage_is_nothing_and_hostile_text_takes_no_time() {
        for text in ["", "我不知道", "Q: only a question?", "<think>for ever", "A: an answer to nothing", "{\"a\": 1}"]
        {
            assert!(found(text).is_empty(), "{text}");
        }
        let start = std::time::Instant::now();
        for part in ["{", "[", "{\"a\":", "[[{\"q\":\"", "Q:", "Q: a\n", "问：答：", "*", "1. "] {
            let _ = found(&part.repeat(40_000 / part.len()));
        }
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}
