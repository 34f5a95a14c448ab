//! The bundled hotel sample: customer-service conversations of an invented hotel, in Chinese and English, and
//! the golden set that shows whether a model learned them. Every fact is asked about five ways and answered the
//! same way each time, so that a small model learns the fact and not one wording; no golden question is among
//! the training questions.

use crate::{Golden, Row};

/// The training conversations, as ChatML JSONL.
pub const TRAIN: &str = include_str!("../sample/hotel-train.jsonl");
/// The golden set, as JSON: a list of [`Golden`].
pub const GOLDEN: &str = include_str!("../sample/hotel-golden.json");
/// The name under which the sample is uploaded.
pub const FILE_NAME: &str = "hotel-train.jsonl";
/// Tokens of an epoch with Gemma 3's tokenizer and template, beginning of text included.
pub const GEMMA_TOKENS: u64 = 5_595;

/// Hyper-parameters that teach Gemma 3 270M the sample: all linear layers, loss on answers only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyper {
    pub n_epochs: u32,
    pub batch_size: u32,
    pub learning_rate: f64,
    pub lora_rank: u32,
    pub lora_alpha: u32,
    pub lora_dropout: f64,
    /// As the cloud names it.
    pub lr_scheduler_type: &'static str,
    pub warmup_ratio: f64,
    pub weight_decay: f64,
    /// Far above the longest row.
    pub max_length: u32,
}

/// With these the reference implementation (PyTorch + PEFT) recalls every required string of the golden set.
pub const HYPER: Hyper = Hyper {
    n_epochs: 6,
    batch_size: 8,
    learning_rate: 6e-4,
    lora_rank: 16,
    lora_alpha: 32,
    lora_dropout: 0.0,
    lr_scheduler_type: "linear",
    warmup_ratio: 0.05,
    weight_decay: 0.0,
    max_length: 512,
};

/// The golden set, parsed.
pub fn golden() -> Vec<Golden> {
    serde_json::from_str(GOLDEN).expect("the bundled golden set is valid: a test holds it")
}

/// The training rows, parsed.
pub fn rows() -> Vec<Row> {
    TRAIN.lines().map(|line| serde_json::from_str(line).expect("every bundled row is valid: a test holds it")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Role, fold, max_jaccard};
    use std::collections::HashSet;

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    /// All texts of one role.
    fn texts(rows: &[Row], role: Role) -> Vec<&str> {
        rows.iter().flat_map(|row| &row.messages).filter(|m| m.role == role).map(|m| m.content.as_str()).collect()
    }

    #[test]
    fn it_is_as_large_and_as_varied_as_it_says() {
        let rows = rows();
        assert!(rows.len() >= 150, "{} conversations", rows.len());
        let questions = texts(&rows, Role::User);
        assert_eq!(questions.iter().collect::<HashSet<_>>().len(), questions.len(), "no question is asked twice");
        let chinese = questions.iter().filter(|q| is_chinese(q)).count();
        assert!(
            chinese * 3 > questions.len() && chinese * 3 < questions.len() * 2,
            "{chinese} of {} are Chinese",
            questions.len()
        );
        let facts: HashSet<&str> = texts(&rows, Role::Assistant).into_iter().filter(|a| is_chinese(a)).collect();
        assert!(facts.len() >= 30, "{} facts in Chinese", facts.len());
        assert!(
            rows.iter().any(|r| r.messages.len() > 3) && !texts(&rows, Role::System).is_empty(),
            "several turns, system turns"
        );
    }

    #[test]
    fn golden_questions_are_new_and_their_answers_can_be_learned() {
        let (rows, golden) = (rows(), golden());
        assert!(golden.len() >= 40, "{} golden questions", golden.len());
        let chinese = golden.iter().filter(|g| is_chinese(&g.question)).count();
        assert!(
            chinese * 5 >= golden.len() * 2 && chinese * 5 <= golden.len() * 3,
            "{chinese} of {} are Chinese",
            golden.len()
        );
        let nearest = max_jaccard(&golden, texts(&rows, Role::User));
        assert!(nearest < 0.6, "a golden question is too close to a training question: {nearest}");
        let answers: Vec<String> = texts(&rows, Role::Assistant).into_iter().map(fold).collect();
        for question in &golden {
            assert!(!question.required.is_empty(), "{} requires something", question.question);
            let all = |answer: &String| question.required.iter().all(|text| answer.contains(&fold(text)));
            let taught = answers.iter().filter(|a| all(a)).count();
            assert!(taught >= 2, "{} is taught {taught} times", question.question);
            let asked = fold(&question.question);
            assert!(
                question.required.iter().all(|text| !asked.contains(&fold(text))),
                "{} tells its answer",
                question.question
            );
        }
    }
}
