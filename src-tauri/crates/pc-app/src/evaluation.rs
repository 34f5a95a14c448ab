//! How much of a golden set a model folder recalls: every question is asked greedily, as a guest would ask it, and the
//! required strings are counted in the answers. Deliberately absent: judging the share.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use pc_base::{Cancel, Progress, Reporter, Unit};
use pc_dataset::{Golden, Recall, recall};
use pc_model::RenderOptions;
use pc_runtime::{Chat, Options, Sampling, init_default};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Golden facts are short. A model that has learned them ends its turn far earlier; one that has not would ramble on.
const MOST_TOKENS: usize = 48;

/// What a model folder answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// `f32`, `int8` or `int4`.
    pub quant: String,
    pub recall: Recall,
    /// `recall` as a share in [0, 1].
    pub share: f64,
    /// One a golden question, in their order.
    pub answers: Vec<Answered>,
    /// Over all answers, from the first token of each to its last.
    pub tokens_per_second: f64,
    /// Median over the questions.
    pub first_token_ms: f64,
    /// With loading the model.
    pub seconds: f64,
}

/// One question and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    pub question: String,
    pub answer: String,
    /// Required strings that the answer has.
    pub found: usize,
    pub required: usize,
}

/// Asks an exported folder all golden questions, each on its own, with the model's chat template.
pub fn evaluate(dir: &Path, golden: &[Golden], reporter: &dyn Reporter, cancel: &Cancel) -> Result<Evaluation> {
    let start = Instant::now();
    init_default()?;
    let mut chat = Chat::open(dir, Options::default())?;
    let sampling = Sampling { max_tokens: MOST_TOKENS, ..Sampling::default() };
    let options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
    let (mut answers, mut first_tokens) = (Vec::new(), Vec::new());
    let (mut later_tokens, mut decoding) = (0, Duration::ZERO);
    for (number, question) in golden.iter().enumerate() {
        cancel.check()?;
        let prompt = chat.prompt(&[json!({"role": "user", "content": question.question})], &options)?;
        let asked = Instant::now();
        let answer = chat.generate(&prompt, &sampling, &mut |_| ControlFlow::Continue(()), cancel)?;
        decoding += asked.elapsed().saturating_sub(answer.first_token);
        later_tokens += answer.output_tokens.saturating_sub(1);
        first_tokens.push(answer.first_token);
        let one = recall(std::slice::from_ref(question), &[&answer.text]);
        answers.push(Answered {
            question: question.question.clone(),
            answer: answer.text,
            found: one.found,
            required: one.required,
        });
        let (done, total) = (number as u64 + 1, Some(golden.len() as u64));
        reporter.report(Progress { stage: "evaluate".to_owned(), done, total, unit: Unit::Rows });
    }
    first_tokens.sort_unstable();
    let texts: Vec<&str> = answers.iter().map(|answered| answered.answer.as_str()).collect();
    let recall = recall(golden, &texts);
    Ok(Evaluation {
        quant: chat.manifest().quant.clone(),
        recall,
        share: recall.share(),
        answers,
        tokens_per_second: later_tokens as f64 / decoding.as_secs_f64().max(f64::MIN_POSITIVE),
        first_token_ms: first_tokens.get(first_tokens.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3),
        seconds: start.elapsed().as_secs_f64(),
    })
}
