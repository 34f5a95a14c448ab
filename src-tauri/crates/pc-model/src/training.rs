//! One conversation as ids with a mark on every token that is learnt: the assistant's words and the end of its turn.

use anyhow::Result;
use pc_base::{Code, coded};
use serde_json::Value;

use crate::template::{ChatTemplate, RenderOptions};
use crate::tokenizer::Tokenizer;

/// Ids of a whole conversation; `weights[i]` is above 0 where `ids[i]` is to be predicted, and says how much that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingExample {
    pub ids: Vec<u32>,
    pub weights: Vec<f32>,
}

/// Which of the assistant's turns are learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// Each, by its `loss_weight`.
    EveryTurn,
    /// The last message alone, as an answer that is compared with another one.
    LastMessage,
}

/// Renders the conversation turn by turn: what an assistant's turn adds to the text before it is learnt.
///
/// A template may rewrite history (Qwen3 drops the thinking of earlier turns), so that an earlier rendering is not the
/// start of a later one. What counts is the final text: such a turn is looked up there by its visible words and its
/// closing, and learnt as it is shown; one that is not shown at all is not learnt.
pub fn training_example(
    tokenizer: &Tokenizer,
    template: &ChatTemplate,
    (messages, tools): (&[Value], Option<&Value>),
    learnt: Learnt,
) -> Result<TrainingExample> {
    let (whole, spans) = marked(template, (messages, tools), learnt)?;
    label(tokenizer, &whole, &spans)
}

/// The final text and what is learnt of it, in order and apart.
pub(crate) fn marked(
    template: &ChatTemplate,
    (messages, tools): (&[Value], Option<&Value>),
    learnt: Learnt,
) -> Result<(String, Vec<Span>)> {
    let render = |upto: usize, open: bool| {
        let options = RenderOptions { add_generation_prompt: open, tools: tools.cloned(), ..RenderOptions::default() };
        template.render(&messages[..upto], &options)
    };
    let whole = render(messages.len(), false)?;
    let mut spans: Vec<Span> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        if message["role"] != "assistant" || (learnt == Learnt::LastMessage && at + 1 < messages.len()) {
            continue;
        }
        let (before, after) = (render(at, true)?, render(at + 1, false)?);
        let from = spans.last().map_or(0, |span| span.end);
        let start = common(&whole, &before).max(from);
        let end = if whole.starts_with(&after) { Some(after.len()) } else { rewritten(&whole, start, &after, message) };
        if let Some(end) = end.filter(|end| *end > start) {
            let weight = match learnt {
                Learnt::EveryTurn => message["loss_weight"].as_f64().unwrap_or(1.0) as f32,
                Learnt::LastMessage => 1.0,
            };
            spans.push(Span { start, end: end - after_turn(&whole[start..end]), weight });
        }
    }
    if spans.is_empty() {
        return Err(coded(Code::TemplateInvalid)
            .with("why", "no assistant's turn is visible in the rendered text")
            .into());
    }
    Ok((whole, spans))
}

/// Text that is learnt.
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
    weight: f32,
}

/// Where a turn ends that the final text shows in other words than it had when it was the last one.
fn rewritten(whole: &str, start: usize, after: &str, message: &Value) -> Option<usize> {
    let visible = message["content"].as_str()?.rsplit("</think>").next()?.trim();
    let closing = after[after.rfind(visible).filter(|_| !visible.is_empty())? + visible.len()..].trim_end_matches('\n');
    let shown = format!("{visible}{closing}");
    let found = whole[start..].find(&shown).filter(|_| !closing.is_empty())?;
    // Another turn's closing in between means that the words belong to a later turn.
    (!whole[start..start + found].contains(closing)).then_some(start + found + shown.len())
}

/// Length of the longest common start, at a character's boundary.
fn common(a: &str, b: &str) -> usize {
    let bytes = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    a.floor_char_boundary(bytes)
}

/// The line break after the end-of-turn token is the template's own and never generated.
fn after_turn(span: &str) -> usize {
    span.len() - span.trim_end_matches('\n').len()
}

/// Encodes piece by piece, so that no token straddles the start of an answer, as at generation.
fn label(tokenizer: &Tokenizer, whole: &str, spans: &[Span]) -> Result<TrainingExample> {
    let mut example = TrainingExample { ids: Vec::new(), weights: Vec::new() };
    let mut add = |text: &str, weight: f32| -> Result<()> {
        if !text.is_empty() {
            let ids = tokenizer.encode(text)?;
            example.weights.extend(std::iter::repeat_n(weight, ids.len()));
            example.ids.extend(ids);
        }
        Ok(())
    };
    let mut at = 0;
    for span in spans {
        add(&whole[at..span.start], 0.0)?;
        add(&whole[span.start..span.end], span.weight)?;
        at = span.end;
    }
    add(&whole[at..], 0.0)?;
    Ok(example)
}
