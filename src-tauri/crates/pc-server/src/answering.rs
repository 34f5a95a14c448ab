//! One question to the engine: finding the model, bounding how many answer at once, streaming the text, charging the
//! tokens. Deliberately absent: the wire shapes (`routes::generation`, `routes::chat`).

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::http::StatusCode;
use pc_base::{Cancel, Code, Coded};
use pc_protocol::{Message, SamplingParameters, Stop};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::account::rules::Use;
use crate::caller::{Caller, blocking};
use crate::deploying;
use crate::engine::{Finish, GenerateSpec, Generated, Prompt, Said, Sampling, TokenChances};
use crate::intake::{Begun, Once, Sent};
use crate::meter::Event;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// What the engine says while it answers.
pub(crate) enum Piece {
    Said(usize, String, Vec<TokenChances>),
    Done(usize, Generated),
    Failed(Refusal),
}

/// One question.
pub(crate) struct Question {
    pub model: String,
    pub prompt: Prompt,
    pub asked: Asked,
    /// Whether a result without a deployment answers, too.
    pub at_once: bool,
    pub sent: Sent,
}

/// How to answer, judged.
#[derive(Clone)]
pub(crate) struct Asked {
    pub sampling: Sampling,
    pub thinking: Option<bool>,
    /// How many answers.
    pub n: usize,
}

/// Model, the engine's name for it, base model and the right to take up one place.
struct Place {
    model: String,
    served_as: String,
    base_model: String,
    /// Its number, where it is a deployment.
    deployed: Option<i64>,
    _permit: OwnedSemaphorePermit,
}

async fn place(state: &Arc<State>, caller: &Caller, model: String, at_once: bool) -> Answer<Place> {
    let permit = state.generations.clone().try_acquire_owned();
    let busy = || Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Throttling.RateQuota", "Requests rate limit exceeded.");
    let permit = permit.map_err(|_| busy())?;
    let (state, caller) = (state.clone(), caller.clone());
    blocking(move || {
        let found = state.store.read(|tx| tx.deployment(&caller.workspace, &model))?;
        state.rates.model(&state.profile, &caller.workspace, &model, state.clock.now().as_second())?;
        if let Some(row) = &found {
            caller.allowed(&[&model, &row.model_name, &row.base_model])?;
        }
        let runs = found.as_ref().is_some_and(|row| row.status == "RUNNING");
        let (served_as, base_model, deployed) = match found {
            Some(row) if runs => {
                state.lately.admit(&row, state.clock.now().as_second())?;
                (row.served_as(), row.base_model, Some(row.number))
            }
            None if state.engine.bases().iter().any(|base| base.id == model) => {
                caller.allowed(&[&model])?;
                (model.clone(), model.clone(), None)
            }
            found => match state.store.read(|tx| tx.model_usable(&caller.workspace, &model))?.filter(|_| at_once) {
                Some(tuned) => {
                    caller.allowed(&[&model, &tuned.base_model])?;
                    state.permitted(&caller.workspace, &tuned.base_model, Use::Inference)?;
                    let served_as = deploying::at_once(&state, &tuned).map_err(|error| refused(&error))?;
                    (served_as, tuned.base_model, None)
                }
                None if found.is_some() => {
                    let (status, message) = (StatusCode::SERVICE_UNAVAILABLE, format!("Model {model} is not running."));
                    return Err(Refusal::new(status, "ModelUnavailable", message).on("model"));
                }
                None => return Err(Refusal::model_not_found(&model).on("model")),
            },
        };
        let rule = state.permitted(&caller.workspace, &base_model, Use::Inference)?;
        state.rates.ruled(&rule, &caller.workspace, &base_model, state.clock.now().as_second())?;
        Ok(Place { model, served_as, base_model, deployed, _permit: permit })
    })
    .await
}

/// An answer as it is kept for a request that is sent again with its key.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
    tokens: Vec<TokenChances>,
    done: Generated,
}

/// Says again what was said before.
fn again(kept: Vec<Kept>) -> mpsc::Receiver<Piece> {
    let (sender, receiver) = mpsc::channel(2 * kept.len() + 1);
    for (index, Kept { text, tokens, done }) in kept.into_iter().enumerate() {
        let said = sender.try_send(Piece::Said(index, text, tokens));
        said.and_then(|()| sender.try_send(Piece::Done(index, done))).expect("there is room for all of it");
    }
    receiver
}

/// Begins all answers, one after the other. A receiver that is dropped stops them; what was generated is charged. A request
/// that is sent again with its key gets the answers of the first time, which cost nothing.
pub(crate) async fn begin(state: &Arc<State>, caller: &Caller, question: Question) -> Answer<mpsc::Receiver<Piece>> {
    let Question { model, prompt, asked, at_once, sent } = question;
    let (asking, asker) = (state.clone(), caller.clone());
    let once = match blocking(move || sent.begin(&asking, &asker)).await? {
        Begun::Again(kept) => return Ok(again(kept)),
        Begun::First(once) => once,
    };
    let place = place(state, caller, model, at_once).await?;
    let Asked { sampling, thinking, n } = asked;
    let (sender, receiver) = mpsc::channel(64);
    let (state, caller) = (state.clone(), caller.clone());
    let (finished, unfinished) = oneshot::channel::<()>();
    let cancel = Cancel::default();
    tokio::spawn(cancel_with(sender.clone(), unfinished, cancel.clone()));
    tokio::task::spawn_blocking(move || {
        let _finished = finished;
        let mut kept = Vec::new();
        for index in 0..n {
            let seed = sampling.seed.map(|seed| seed.wrapping_add(index as u64));
            let spec = GenerateSpec {
                model: place.served_as.clone(),
                prompt: prompt.clone(),
                sampling: Sampling { seed, ..sampling.clone() },
                thinking,
            };
            let (mut text, mut tokens, mut cut) = (String::new(), Vec::new(), false);
            let mut pass = |said: Said<'_>| {
                text.push_str(said.text);
                tokens.extend_from_slice(said.tokens);
                match sender.blocking_send(Piece::Said(index, said.text.to_owned(), said.tokens.to_vec())) {
                    Ok(()) if !state.ending.is_cancelled() => ControlFlow::Continue(()),
                    _ => {
                        cut = true;
                        ControlFlow::Break(())
                    }
                }
            };
            let answered = state.engine.generate(&spec, &mut pass, &cancel);
            let charged = answered.and_then(|done| {
                kept.push(Kept { text, tokens, done });
                // Half an answer is not one that could be given again.
                let whole = kept.len() == n && !cut && !cancel.is_cancelled();
                charge(&state, &caller, &place, &once, (index, done), whole.then_some(&kept))?;
                Ok(done)
            });
            let piece = match charged {
                Ok(done) => Piece::Done(index, done),
                Err(error) => Piece::Failed(refused(&error)),
            };
            let failed = matches!(piece, Piece::Failed(_));
            if sender.blocking_send(piece).is_err() || failed {
                return;
            }
        }
    });
    Ok(receiver)
}

/// A client that goes away also leaves the queue before its model and the reading of its prompt.
async fn cancel_with(sender: mpsc::Sender<Piece>, unfinished: oneshot::Receiver<()>, cancel: Cancel) {
    tokio::select! {
        () = sender.closed() => cancel.cancel(),
        _ = unfinished => {}
    }
}

/// Charges an answer, and keeps all of them with the last one. With a key every try has the same sources, so that none
/// is charged beside another.
fn charge(
    state: &State,
    caller: &Caller,
    place: &Place,
    once: &Once,
    (index, done): (usize, Generated),
    all: Option<&Vec<Kept>>,
) -> anyhow::Result<()> {
    let request = once.source(&caller.request_id);
    // Several answers to one question read it once.
    let input = if index == 0 { done.input_tokens } else { 0 };
    let (tokens, now) = (input + done.output_tokens, state.clock.now().as_second());
    state.rates.spend(&caller.workspace, &place.model, &place.base_model, tokens, now);
    if let Some(number) = place.deployed {
        state.lately.spend(number, tokens, now);
    }
    state.store.write(|tx| {
        for (item, quantity) in [("input_token", input), ("output_token", done.output_tokens)] {
            let event = Event {
                source: format!("generate/{request}/{index}/{item}"),
                workspace: &caller.workspace,
                model: &place.model,
                base_model: &place.base_model,
                api_key_id: &caller.api_key_id,
                item,
                quantity,
            };
            state.meter(tx, event)?;
        }
        all.map_or(Ok(()), |kept| once.keep(tx, kept))
    })
}

fn refused(error: &anyhow::Error) -> Refusal {
    match error.downcast_ref::<Coded>() {
        Some(coded) if matches!(coded.code, Code::InputInvalid | Code::TemplateInvalid | Code::ContextFull) => {
            Refusal::invalid(coded.to_string()).on("messages")
        }
        Some(coded) if coded.code == Code::CloudBusy => {
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Throttling", coded.to_string())
        }
        Some(coded) if is_about_the_model(coded.code) => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ModelUnavailable", coded.to_string())
        }
        _ => Refusal::internal(error),
    }
}

fn is_about_the_model(code: Code) -> bool {
    use Code::{MemoryShort, ModelFileInvalid, ModelFileTruncated, ModelHashWrong, ModelNotPrepared, RuntimeMissing};
    matches!(
        code,
        MemoryShort | ModelFileInvalid | ModelFileTruncated | ModelHashWrong | ModelNotPrepared | RuntimeMissing
    )
}

/// A whole answer.
pub(crate) struct Whole {
    pub text: String,
    pub tokens: Vec<TokenChances>,
    pub done: Generated,
}

/// Waits for all `n` answers.
pub(crate) async fn collect(mut pieces: mpsc::Receiver<Piece>, n: usize) -> Answer<Vec<Whole>> {
    let mut said = vec![(String::new(), Vec::new()); n];
    let mut wholes = Vec::new();
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Said(index, text, tokens) => {
                said[index].0.push_str(&text);
                said[index].1.extend(tokens);
            }
            Piece::Done(index, done) => {
                let (text, tokens) = std::mem::take(&mut said[index]);
                wholes.push(Whole { text, tokens, done });
            }
            Piece::Failed(refusal) => return Err(refusal),
        }
    }
    let cut = || Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The answer broke off.");
    if wholes.len() == n { Ok(wholes) } else { Err(cut()) }
}

/// The wire's word.
pub(crate) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
    }
}

/// Whose ranges hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    ModelStudio,
    OpenAi,
}

/// Sampling parameters, each checked by its range.
pub(crate) fn sampling(sent: SamplingParameters, dialect: Dialect) -> Answer<Asked> {
    let whole = |name: &str, sent: Option<u64>, least: u64, most: u64| match sent {
        Some(n) if !(least..=most).contains(&n) => Err(outside(name)),
        fits => Ok(fits),
    };
    let number = |name: &str, sent: Option<f64>, fits: &dyn Fn(f64) -> bool| match sent {
        Some(n) if !fits(n) => Err(outside(name)),
        fits => Ok(fits),
    };
    // OpenAI's ranges have their ends; a share of nothing is the likeliest token.
    let open = dialect == Dialect::OpenAi;
    let (most_answers, most_stops) = if open { (128, 4) } else { (4, 16) };
    let warmth = |t: f64| (0.0..2.0).contains(&t) || (open && t == 2.0);
    let share = |p: f64| p > 0.0 && p <= 1.0 || (open && p == 0.0);
    let longest = whole("max_tokens", sent.max_tokens, 1, 1 << 20)?;
    let longest = whole("max_completion_tokens", sent.max_completion_tokens, 1, 1 << 20)?.or(longest);
    let stop = sent.stop.map(Stop::texts).unwrap_or_default();
    if stop.len() > most_stops {
        return Err(outside("stop"));
    }
    let n = whole("n", sent.n, 1, most_answers)?.unwrap_or(1) as usize;
    let penalty = |p: f64| (-2.0..=2.0).contains(&p);
    let sampling = Sampling {
        max_tokens: longest.map(|n| n as u32),
        temperature: number("temperature", sent.temperature, &warmth)?,
        top_p: number("top_p", sent.top_p, &share)?,
        top_k: whole("top_k", sent.top_k, 0, 1 << 30)?.map(|k| k as u32),
        repetition_penalty: number("repetition_penalty", sent.repetition_penalty, &|p| p > 0.0)?,
        presence_penalty: number("presence_penalty", sent.presence_penalty, &penalty)?,
        frequency_penalty: number("frequency_penalty", sent.frequency_penalty, &penalty)?,
        bias: Vec::new(),
        logprobs: None,
        seed: whole("seed", sent.seed, 0, i64::MAX as u64)?,
        stop: stop.into_iter().filter(|text| !text.is_empty()).collect(),
    };
    Ok(Asked { sampling, thinking: sent.enable_thinking, n })
}

pub(crate) fn outside(name: &str) -> Refusal {
    Refusal::invalid(format!("{name} is outside of its range.")).on(name)
}

/// Chat messages, judged by shape; the engine's template judges the rest. A developer speaks as the system does.
pub(crate) fn messages(sent: Vec<Message>) -> Answer<Vec<Value>> {
    if sent.is_empty() {
        return Err(Refusal::invalid("messages must be a list with at least one message.").on("messages"));
    }
    let mut values = Vec::new();
    for (index, mut message) in sent.into_iter().enumerate() {
        let place = format!("messages[{index}]");
        if message.role == "developer" {
            message.role = "system".to_owned();
        }
        if !["system", "user", "assistant", "tool"].contains(&message.role.as_str()) {
            return Err(Refusal::invalid(format!("{place}.role is not known.")).on(format!("{place}.role")));
        }
        let calls = message.more.get("tool_calls").is_some_and(Value::is_array);
        let fits = match &message.content {
            Value::String(_) => true,
            Value::Array(parts) => !parts.is_empty() && parts.iter().all(is_text),
            _ => calls,
        };
        if !fits {
            let why = format!("{place}.content must be a text or a list of parts with a text each.");
            return Err(Refusal::invalid(why).on(format!("{place}.content")));
        }
        values.push(serde_json::to_value(message).map_err(anyhow::Error::from)?);
    }
    Ok(values)
}

/// Of either API's form: `{"type": "text", "text": …}` or `{"text": …}`.
fn is_text(part: &Value) -> bool {
    part["text"].is_string() && part.get("type").is_none_or(|kind| kind == "text")
}

/// What a caller may leave out or set to what happens anyway, and must not ask for otherwise, because nothing here does it.
pub(crate) fn refuse_unserved(name: &str, value: &Value) -> Answer<()> {
    let harmless = match name {
        "tools" | "functions" => value.as_array().is_some_and(Vec::is_empty),
        "tool_choice" | "function_call" => value == "none",
        "response_format" => value["type"] == "text",
        "modalities" => *value == serde_json::json!(["text"]),
        "service_tier" => value == "auto" || value == "default",
        "reasoning_effort" => value == "none",
        "verbosity" => value == "medium",
        "store" | "enable_search" => *value == false,
        "audio" | "prediction" | "web_search_options" | "moderation" | "thinking_budget" | "prompt_cache_options" => {
            false
        }
        _ => true,
    };
    if harmless || value.is_null() {
        return Ok(());
    }
    Err(Refusal::unsupported(format!("{name} is not supported here.")).on(name))
}
