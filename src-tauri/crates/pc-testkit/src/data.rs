//! Tiny data sets for the tiny models, whose vocabularies were made from hotel talk in Chinese and English: short
//! rows keep a training run within a second.

use serde_json::json;

const QUESTIONS: [(&str, &str); 4] = [
    ("早餐包含在房价里吗？", "包含。"),
    ("Is breakfast included?", "Yes."),
    ("几点退房？", "12点。"),
    ("When is check-out?", "At 12."),
];

/// ChatML JSONL of this many different rows, every third with a system turn and every fifth with two exchanges.
pub fn tiny_rows(count: usize) -> String {
    let mut lines = String::new();
    for number in 0..count {
        let mut messages = Vec::new();
        if number % 3 == 0 {
            messages.push(json!({"role": "system", "content": "你是酒店客服。"}));
        }
        for turn in 0..if number % 5 == 0 { 2 } else { 1 } {
            let (question, answer) = QUESTIONS[(number + turn) % QUESTIONS.len()];
            messages.push(json!({"role": "user", "content": format!("{number} {question}")}));
            messages.push(json!({"role": "assistant", "content": answer}));
        }
        lines.push_str(&json!({ "messages": messages }).to_string());
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rows_are_json_and_differ() {
        let text = tiny_rows(30);
        let different: HashSet<&str> = text.lines().collect();
        assert_eq!(different.len(), 30, "no row is there twice");
        for line in different {
            let row: serde_json::Value = serde_json::from_str(line).expect("every row is JSON");
            let last = row["messages"].as_array().and_then(|messages| messages.last());
            assert_eq!(last.map(|m| m["role"] == "assistant"), Some(true), "{line}");
        }
    }
}
