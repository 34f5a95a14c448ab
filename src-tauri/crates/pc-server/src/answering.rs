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

use crate::caller::{Caller, blocking};
use crate::engine::{Finish, GenerateSpec, Generated, Prompt, Sampling};
use crate::intake::{Begun, Once, Sent};
use crate::meter::Event;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// What the engine says while it answers.
pub(crate) enum Piece {
    Text(usize, String),
    Done(usize, Generated),
    Failed(Refusal),
}

/// Model, base model and the right to take up one place.
struct Place {
    model: String,
    base_model: String,
    _permit: OwnedSemaphorePermit,
}

async fn place(state: &Arc<State>, caller: &Caller, model: String) -> Answer<Place> {
    let permit = state.generations.clone().try_acquire_owned();
    let busy = || Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Throttling.RateQuota", "Requests rate limit exceeded.");
    let permit = permit.map_err(|_| busy())?;
    let (state, workspace) = (state.clone(), caller.workspace.clone());
    blocking(move || {
        let deployed = state.store.read(|tx| tx.deployment(&workspace, &model))?;
        let base_model = match deployed {
            Some(row) if row.status == "RUNNING" => row.base_model,
            Some(_) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return Err(Refusal::new(status, "ModelUnavailable", format!("Model {model} is not running.")));
            }
            None if state.engine.bases().iter().any(|base| base.id == model) => model.clone(),
            None => return Err(Refusal::model_not_found(&model)),
        };
        Ok(Place { model, base_model, _permit: permit })
    })
    .await
}

/// An answer as it is kept for a request that is sent again with its key.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
    done: Generated,
}

/// Says again what was said before.
fn again(kept: Vec<Kept>) -> mpsc::Receiver<Piece> {
    let (sender, receiver) = mpsc::channel(2 * kept.len() + 1);
    for (index, Kept { text, done }) in kept.into_iter().enumerate() {
        let said = sender.try_send(Piece::Text(index, text)).and_then(|()| sender.try_send(Piece::Done(index, done)));
        said.expect("there is room for all of it");
    }
    receiver
}

/// Begins `n` answers, one after the other. A receiver that is dropped stops them; what was generated is charged. A request
/// that is sent again with its key gets the answers of the first time, which cost nothing.
pub(crate) async fn begin(
    state: &Arc<State>,
    caller: &Caller,
    model: String,
    prompt: Prompt,
    sampling: Sampling,
    n: usize,
    sent: Sent,
) -> Answer<mpsc::Receiver<Piece>> {
    let (asking, asker) = (state.clone(), caller.clone());
    let once = match blocking(move || sent.begin(&asking, &asker)).await? {
        Begun::Again(kept) => return Ok(again(kept)),
        Begun::First(once) => once,
    };
    let place = place(state, caller, model).await?;
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
                model: place.model.clone(),
                prompt: prompt.clone(),
                sampling: Sampling { seed, ..sampling.clone() },
            };
            let (mut text, mut cut) = (String::new(), false);
            let mut pass = |piece: &str| {
                text.push_str(piece);
                match sender.blocking_send(Piece::Text(index, piece.to_owned())) {
                    Ok(()) if !state.ending.is_cancelled() => ControlFlow::Continue(()),
                    _ => {
                        cut = true;
                        ControlFlow::Break(())
                    }
                }
            };
            let answered = state.engine.generate(&spec, &mut pass, &cancel);
            let charged = answered.and_then(|done| {
                kept.push(Kept { text, done });
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
    state.store.write(|tx| {
        // Several answers to one question read it once.
        let input = if index == 0 { done.input_tokens } else { 0 };
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
            Refusal::invalid(coded.to_string())
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
    pub done: Generated,
}

/// Waits for all `n` answers.
pub(crate) async fn collect(mut pieces: mpsc::Receiver<Piece>, n: usize) -> Answer<Vec<Whole>> {
    let mut texts = vec![String::new(); n];
    let mut wholes = Vec::new();
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Text(index, text) => texts[index].push_str(&text),
            Piece::Done(index, done) => wholes.push(Whole { text: std::mem::take(&mut texts[index]), done }),
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

/// Sampling parameters, each checked by its range, and how many answers.
pub(crate) fn sampling(sent: SamplingParameters) -> Answer<(Sampling, usize)> {
    let whole = |name: &str, sent: Option<u64>, least: u64, most: u64| match sent {
        Some(n) if !(least..=most).contains(&n) => Err(outside(name)),
        fits => Ok(fits),
    };
    let number = |name: &str, sent: Option<f64>, fits: fn(f64) -> bool| match sent {
        Some(n) if !fits(n) => Err(outside(name)),
        fits => Ok(fits),
    };
    let longest = whole("max_tokens", sent.max_tokens, 1, 1 << 20)?;
    let longest = longest.or(whole("max_completion_tokens", sent.max_completion_tokens, 1, 1 << 20)?);
    let stop = sent.stop.map(Stop::texts).unwrap_or_default();
    if stop.len() > 16 {
        return Err(outside("stop"));
    }
    let n = whole("n", sent.n, 1, 4)?.unwrap_or(1) as usize;
    let sampling = Sampling {
        max_tokens: longest.map(|n| n as u32),
        temperature: number("temperature", sent.temperature, |t| (0.0..=2.0).contains(&t))?,
        top_p: number("top_p", sent.top_p, |p| p > 0.0 && p <= 1.0)?,
        top_k: whole("top_k", sent.top_k, 0, 1 << 30)?.map(|k| k as u32),
        repetition_penalty: number("repetition_penalty", sent.repetition_penalty, |p| p > 0.0)?,
        presence_penalty: number("presence_penalty", sent.presence_penalty, |p| (-2.0..=2.0).contains(&p))?,
        seed: whole("seed", sent.seed, 0, i64::MAX as u64)?,
        stop: stop.into_iter().filter(|text| !text.is_empty()).collect(),
    };
    Ok((sampling, n))
}

fn outside(name: &str) -> Refusal {
    Refusal::invalid(format!("{name} is outside of its range."))
}

/// Chat messages, judged by shape; the engine's template judges the rest.
pub(crate) fn messages(sent: Vec<Message>) -> Answer<Vec<Value>> {
    if sent.is_empty() {
        return Err(Refusal::invalid("messages must be a list with at least one message."));
    }
    let fits = |message: &Message| {
        let known = ["system", "user", "assistant", "tool"].contains(&message.role.as_str());
        let calls = message.more.get("tool_calls").is_some_and(Value::is_array);
        known && (message.content.is_string() || message.content.is_array() || calls)
    };
    if !sent.iter().all(fits) {
        return Err(Refusal::invalid("A message needs a known role and content."));
    }
    let values = sent.iter().map(serde_json::to_value).collect::<Result<_, _>>();
    values.map_err(|error| Refusal::internal(&error.into()))
}
