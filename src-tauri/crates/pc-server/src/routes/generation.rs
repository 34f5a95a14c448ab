//! Native text generation: one answer, or frames of it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answering::{Piece, begin, collect, finish_word, messages, sampling};
use crate::caller::{Body, Caller};
use crate::engine::{Generated, Prompt};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

#[derive(Deserialize)]
pub(super) struct Request {
    model: String,
    input: Value,
    #[serde(default)]
    parameters: Value,
}

pub(super) async fn generate(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    headers: HeaderMap,
    Body(request): Body<Request>,
) -> Answer<Response> {
    let Request { model, input, parameters } = request;
    if !(parameters.is_null() || parameters.is_object()) {
        return Err(Refusal::invalid("parameters must be an object."));
    }
    let (sampling, n) = sampling(&parameters)?;
    let prompt = match (&input["messages"], &input["prompt"]) {
        (Value::Null, Value::String(text)) => Prompt::Text(text.clone()),
        (Value::Null, _) => return Err(Refusal::invalid("input needs messages or a prompt.")),
        (sent, _) => Prompt::Messages(messages(sent)?),
    };
    let as_message = match parameters["result_format"].as_str() {
        Some("message") => true,
        Some("text") | None => false,
        Some(_) => return Err(Refusal::invalid("result_format must be message or text.")),
    };
    let shape = Shape { as_message, incremental: parameters["incremental_output"].as_bool() == Some(true) };
    let wanted = headers.get("x-dashscope-sse").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"enable"));
    let accepts = headers.get(header::ACCEPT).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    let pieces = begin(&state, &caller, model, prompt, sampling, n).await?;
    if wanted || accepts {
        return Ok(frames(pieces, shape, caller.request_id));
    }
    let wholes = collect(pieces, n).await?;
    let answers: Vec<(usize, String, &str)> =
        wholes.iter().enumerate().map(|(i, whole)| (i, whole.text.clone(), finish_word(whole.done.finish))).collect();
    let usage = usage(wholes.iter().map(|whole| whole.done));
    let body = json!({"request_id": caller.request_id, "output": shape.output(answers), "usage": usage});
    Ok(Json(body).into_response())
}

#[derive(Clone, Copy)]
struct Shape {
    as_message: bool,
    incremental: bool,
}

impl Shape {
    fn output(self, answers: Vec<(usize, String, &str)>) -> Value {
        if !self.as_message {
            let (_, text, finish) = answers.into_iter().next().unwrap_or_default();
            return json!({"text": text, "finish_reason": finish});
        }
        let choice = |(index, text, finish): (usize, String, &str)| json!({"index": index, "finish_reason": finish, "message": {"role": "assistant", "content": text}});
        json!({"choices": answers.into_iter().map(choice).collect::<Vec<_>>()})
    }
}

/// The prompt is one, however many answers there are; every answer's tokens count.
fn usage(all: impl Iterator<Item = Generated>) -> Value {
    let (mut input, mut output) = (0, 0);
    for done in all {
        input = done.input_tokens.max(input);
        output += done.output_tokens;
    }
    json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output})
}

/// `id:`, `event:`, `:HTTP_STATUS/` and `data:` lines, byte for byte as the real cloud writes them, so not axum's own.
fn frames(mut pieces: tokio::sync::mpsc::Receiver<Piece>, shape: Shape, request_id: String) -> Response {
    let stream = async_stream::stream! {
        let mut texts: BTreeMap<usize, String> = BTreeMap::new();
        let (mut output_tokens, mut number) = (BTreeMap::new(), 0);
        while let Some(piece) = pieces.recv().await {
            number += 1;
            let (index, text, finish) = match piece {
                Piece::Text(index, text) => {
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
                    let data = json!({"code": refusal.code, "message": refusal.message, "request_id": request_id});
                    let status = refusal.status.as_u16();
                    yield Ok::<_, Infallible>(format!("id:{number}\nevent:error\nstatus:{status}\n:HTTP_STATUS/{status}\ndata:{data}\n\n"));
                    return;
                }
            };
            let output = shape.output(vec![(index, text, finish)]);
            let data = json!({"output": output, "usage": usage(output_tokens.values().copied()), "request_id": request_id});
            yield Ok(format!("id:{number}\nevent:result\n:HTTP_STATUS/200\ndata:{data}\n\n"));
        }
    };
    let headers = [(header::CONTENT_TYPE, "text/event-stream;charset=UTF-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, HttpBody::from_stream(stream)).into_response()
}
