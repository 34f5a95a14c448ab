//! Tokens of a whole row of a data set as a training sees it: the conversation through the chat template, cut where
//! training cuts it, each piece counted.
//!
//! Two templates are written out here without Jinja, because that is many times quicker: the one that the catalogue gives
//! Gemma 3, and plain ChatML. They are known by their exact text, and a message that has more than a role and a text goes
//! through Jinja as any other. A test holds both ways to the ids of a training.

use anyhow::Result;
use pc_base::{Code, coded};
use serde_json::{Map, Value};

use super::Counter;
use crate::catalog::Catalog;
use crate::config::Family;
use crate::folder::ModelFolder;
use crate::template::ChatTemplate;
use crate::training::{Learnt, marked};

/// ChatML as Qwen's base models have it: nothing but turns.
const CHATML: &str = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\
    {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
/// Bytes and turns up to which a template is certain to render within its limits.
const MOST_BYTES: usize = 32 << 20;
const MOST_TURNS: usize = 10_000;

/// Counts rows for one model; shared by threads freely.
pub struct RowCounter {
    counter: Counter,
    template: Option<ChatTemplate>,
    known: Option<Known>,
    /// Tokens that training puts around a plain text.
    around: usize,
}

/// A template that is written out here.
#[derive(Clone, Debug)]
enum Known {
    Gemma { begin: String },
    ChatMl,
}

/// What [`RowCounter`] gives of a row: a sequence, or the chosen and the rejected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowTokens {
    One(usize),
    Pair { chosen: usize, rejected: usize },
}

impl RowTokens {
    /// Of the longer sequence: what `max_length` limits.
    pub fn longest(self) -> usize {
        match self {
            Self::One(tokens) => tokens,
            Self::Pair { chosen, rejected } => chosen.max(rejected),
        }
    }

    /// Of all sequences: what a training is billed for.
    pub fn total(self) -> usize {
        match self {
            Self::One(tokens) => tokens,
            Self::Pair { chosen, rejected } => chosen + rejected,
        }
    }
}

impl RowCounter {
    /// For a model on this machine, with its own tokenizer and template.
    pub fn of_model(model: &ModelFolder) -> Result<Self> {
        let counter = Counter::from_tokenizer(&model.tokenizer()?)?;
        let begins = model.config.bos.is_some() && matches!(model.config.family, Family::Gemma3 | Family::Llama);
        let around = usize::from(begins) + usize::from(!model.config.eos.is_empty());
        // A model without a template can still be trained on plain texts.
        Ok(Self::new(counter, model.chat_template().ok(), around))
    }

    /// For a model in a cloud that is told apart by turns in ChatML, as Qwen's are. What a cloud adds of its own, such as a
    /// system prompt where a row has none, is not counted.
    pub fn chatml(counter: Counter) -> Self {
        Self::new(counter, Some(ChatTemplate::new(CHATML, Map::new())), 1)
    }

    /// `around` is the number of tokens that training puts before and after a plain text.
    pub fn new(counter: Counter, template: Option<ChatTemplate>, around: usize) -> Self {
        let known = template.as_ref().and_then(Known::of);
        Self { counter, template, known, around }
    }

    /// The counter of texts.
    pub fn counter(&self) -> &Counter {
        &self.counter
    }

    /// Tokens of a row in its wire shape: `messages` (with `tools`, or with `chosen` and `rejected`), or `text`.
    ///
    /// # Errors
    /// [`Code::TemplateInvalid`] where the template refuses the conversation, or no answer is in it;
    /// [`Code::InputInvalid`] for a row of another shape.
    pub fn row(&self, row: &Value) -> Result<RowTokens> {
        let tools = row.get("tools").filter(|tools| !tools.is_null());
        let shape = || coded(Code::InputInvalid).with("what", "row").with("why", "it has neither messages nor a text");
        match (&row["messages"], &row["text"]) {
            (Value::Array(messages), _) => match (row.get("chosen"), row.get("rejected")) {
                (Some(chosen), Some(rejected)) => {
                    let mut messages = messages.clone();
                    let mut answered = |answer: &Value| {
                        messages.push(answer.clone());
                        let tokens = self.conversation(&messages, tools, Learnt::LastMessage);
                        messages.pop();
                        tokens
                    };
                    Ok(RowTokens::Pair { chosen: answered(chosen)?, rejected: answered(rejected)? })
                }
                _ => Ok(RowTokens::One(self.conversation(messages, tools, Learnt::EveryTurn)?)),
            },
            (_, Value::String(text)) => Ok(RowTokens::One(self.text(text)?)),
            _ => Err(shape().into()),
        }
    }

    /// Tokens of a plain text with what training puts around it.
    pub fn text(&self, text: &str) -> Result<usize> {
        Ok(self.counter.count(text)? + self.around)
    }

    /// Tokens of a conversation, as many as [`crate::training_example`] gives it.
    pub fn conversation(&self, messages: &[Value], tools: Option<&Value>, learnt: Learnt) -> Result<usize> {
        if tools.is_none()
            && let Some((text, ends)) = self.known.as_ref().and_then(|known| known.write(messages, learnt))
        {
            return self.pieces(&text, ends.into_iter());
        }
        let none = || coded(Code::TemplateInvalid).with("why", "the model has none");
        let template = self.template.as_ref().ok_or_else(none)?;
        let (text, spans) = marked(template, (messages, tools), learnt)?;
        self.pieces(&text, spans.iter().flat_map(|span| [span.start, span.end]))
    }

    /// Training encodes piece by piece, so that is how they are counted.
    fn pieces(&self, text: &str, ends: impl Iterator<Item = usize>) -> Result<usize> {
        let (mut from, mut tokens) = (0, 0);
        for end in ends.chain([text.len()]) {
            tokens += self.counter.count(&text[from..end])?;
            from = end;
        }
        Ok(tokens)
    }
}

impl Known {
    fn of(template: &ChatTemplate) -> Option<Self> {
        let catalog = Catalog::bundled();
        let gemma = catalog.of_family(Family::Gemma3).and_then(|row| row.chat_template.as_deref());
        if gemma == Some(template.source()) {
            let begin = template.tokens().get("bos_token").and_then(Value::as_str).unwrap_or_default().to_owned();
            return Some(Self::Gemma { begin });
        }
        (template.source() == CHATML).then_some(Self::ChatMl)
    }

    /// The rendered text and where its pieces end; `None` where only Jinja knows, and where it would refuse.
    fn write(&self, messages: &[Value], learnt: Learnt) -> Option<(String, Vec<usize>)> {
        let turns = messages.iter().map(turn).collect::<Option<Vec<_>>>()?;
        let bytes: usize = turns.iter().map(|(_, content)| content.len() + 64).sum();
        if bytes > MOST_BYTES || turns.len() > MOST_TURNS {
            return None;
        }
        let mut page = Page { text: String::with_capacity(bytes), ends: Vec::new() };
        let is_learnt = |at: usize| learnt == Learnt::EveryTurn || at + 1 == turns.len();
        match self {
            Self::ChatMl => {
                for (at, (role, content)) in turns.iter().enumerate() {
                    page.put(&["<|im_start|>", role, "\n"]);
                    page.said(&[content, "<|im_end|>"], *role == "assistant" && is_learnt(at));
                }
            }
            Self::Gemma { begin } => {
                page.put(&[begin]);
                let system = turns.first().filter(|(role, _)| *role == "system").map(|(_, content)| *content);
                let skipped = usize::from(system.is_some());
                for (at, (role, content)) in turns.iter().enumerate().skip(skipped) {
                    let first = at == skipped;
                    let wanted = if (at - skipped) % 2 == 0 { "user" } else { "assistant" };
                    if *role != wanted {
                        return None;
                    }
                    page.put(&["<start_of_turn>", if wanted == "user" { "user\n" } else { "model\n" }]);
                    if let Some(system) = system.filter(|_| first) {
                        page.put(&[system, "\n\n"]);
                    }
                    page.said(&[content.trim(), "<end_of_turn>"], wanted == "assistant" && is_learnt(at));
                }
            }
        }
        // Without an answer that is learnt there is nothing to train; the sentence for that is in one place.
        (!page.ends.is_empty()).then_some((page.text, page.ends))
    }
}

struct Page {
    text: String,
    ends: Vec<usize>,
}

impl Page {
    fn put(&mut self, texts: &[&str]) {
        texts.iter().for_each(|text| self.text.push_str(text));
    }

    /// A turn's words and its end; the line end behind it is the template's.
    fn said(&mut self, texts: &[&str], learnt: bool) {
        let start = self.text.len();
        self.put(texts);
        if learnt {
            self.ends.extend([start, self.text.len()]);
        }
        self.put(&["\n"]);
    }
}

/// Role and text of a message that has both as texts; what else it has, these templates do not look at.
fn turn(message: &Value) -> Option<(&str, &str)> {
    Some((message.get("role")?.as_str()?, message.get("content")?.as_str()?))
}
