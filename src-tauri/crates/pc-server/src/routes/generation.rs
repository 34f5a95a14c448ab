//! Native text generation: one answer, or frames of it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use pc_protocol::{Generation, GenerationAnswer, GenerationChoice, GenerationOutput, NativeErrorBody, Spoken, Usage};
use serde::Serialize;
use serde_json::Value;

use crate::answering::{Dialect, Piece, Question, begin, collect, finish_word, messages, refuse_unserved, sampling};
use crate::caller::{Caller, read};
use crate::engine::{Generated, Prompt};
use crate::intake::Create;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

pub(super) async fn generate(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    headers: HeaderMap,
    Create(request, sent): Create<Value>,
) -> Answer<Response> {
    for (name, value) in request["parameters"].as_object().into_iter().flatten() {
        refuse_unserved(name, value)?;
    }
    let Generation { model, input, parameters } = read(request)?;
    let asked = sampling(parameters.sampling, Dialect::ModelStudio)?;
    let n = asked.n;
    let prompt = match (input.messages, input.prompt) {
        (Some(said), _) => Prompt::Messages(messages(said)?),
        (None, Some(text)) => Prompt::Text(text),
        (None, None) => return Err(Refusal::invalid("input needs messages or a prompt.")),
    };
    let as_message = match parameters.result_format.as_deref() {
        Some("message") => true,
        Some("text") | None => false,
        Some(_) => return Err(Refusal::invalid("result_format must be message or text.")),
    };
    if n > 1 && !as_message {
        return Err(Refusal::invalid("n above 1 needs the result_format message."));
    }
    let shape = Shape { as_message, incremental: parameters.incremental_output == Some(true) };
    let wanted = headers.get("x-dashscope-sse").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"enable"));
    let accepts = headers.get(header::ACCEPT).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    let pieces = begin(&state, &caller, Question { model, prompt, asked, at_once: false, sent }).await?;
    if wanted || accepts {
        return Ok(frames(pieces, shape, caller.request_id));
    }
    let wholes = collect(pieces, n).await?;
    let usage = usage(wholes.iter().map(|whole| whole.done));
    let answers = wholes.into_iter().enumerate().map(|(i, whole)| (i, whole.text, finish_word(whole.done.finish)));
    let output = shape.output(answers.collect());
    Ok(Json(GenerationAnswer { output, usage, request_id: caller.request_id }).into_response())
}

#[derive(Clone, Copy)]
struct Shape {
    as_message: bool,
    incremental: bool,
}

impl Shape {
    fn output(self, answers: Vec<(usize, String, &str)>) -> GenerationOutput {
        if !self.as_message {
            let (_, text, finish) = answers.into_iter().next().unwrap_or_default();
            return GenerationOutput { choices: None, text: Some(text), finish_reason: Some(finish.to_owned()) };
        }
        let choice = |(index, text, finish): (usize, String, &str)| GenerationChoice {
            index: index as u64,
            finish_reason: Some(finish.to_owned()),
            message: Spoken::new(text),
        };
        let choices = Some(answers.into_iter().map(choice).collect());
        GenerationOutput { choices, ..GenerationOutput::default() }
    }
}

/// The prompt is one, however many answers there are; every answer's tokens count.
fn usage(all: impl Iterator<Item = Generated>) -> Usage {
    let (mut input_tokens, mut output_tokens) = (0, 0);
    for done in all {
        input_tokens = done.input_tokens.max(input_tokens);
        output_tokens += done.output_tokens;
    }
    Usage { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens }
}

/// A payload on one line.
fn line(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).expect("text and numbers serialise")
}

/// `id:`, `event:`, `:HTTP_STATUS/` and `data:` lines, byte for byte as the real cloud writes them, so not axum's own.
fn frames(mut pieces: tokio::sync::mpsc::Receiver<Piece>, shape: Shape, request_id: String) -> Response {
    let stream = async_stream::stream! {
        let mut texts: BTreeMap<usize, String> = BTreeMap::new();
        let (mut output_tokens, mut number) = (BTreeMap::new(), 0);
        while let Some(piece) = pieces.recv().await {
            number += 1;
            let (index, text, finish) = match piece {
                Piece::Said(index, text, _) => {
                    let all = texts.entry(index).or_default();
                    all.push_str(&text);
                    (index, if shape.incremental { text } else { all.clone() }, "null")
                }
                Piece::Done(index, done) => {
                    output_tokens.insert(index, done);
                    let all = texts.entry(index).or_default();
                    (index, if shape.incremental { String::new() } else { all.clone() }, finish_word(done.finish))
                }
                Piece::Failed(refusal) => {
                    let (code, message) = (refusal.code.to_owned(), refusal.message);
                    let data = line(&NativeErrorBody { request_id, code, message });
                    let status = refusal.status.as_u16();
                    yield Ok::<_, Infallible>(format!("id:{number}\nevent:error\nstatus:{status}\n:HTTP_STATUS/{status}\ndata:{data}\n\n"));
                    return;
                }
            };
            let output = shape.output(vec![(index, text, finish)]);
            let (usage, request_id) = (usage(output_tokens.values().copied()), request_id.clone());
            let data = line(&GenerationAnswer { output, usage, request_id });
            yield Ok(format!("id:{number}\nevent:result\n:HTTP_STATUS/200\ndata:{data}\n\n"));
        }
    };
    let headers = [(header::CONTENT_TYPE, "text/event-stream;charset=UTF-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, HttpBody::from_stream(stream)).into_response()
}
