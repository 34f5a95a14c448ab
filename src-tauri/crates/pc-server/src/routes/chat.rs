//! OpenAI-compatible chat completions.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::answering::{Piece, begin, collect, finish_word, messages, sampling};
use crate::caller::{Body, Caller};
use crate::engine::{Generated, Prompt};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

pub(super) async fn complete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Body(request): Body<Value>,
) -> Answer<Response> {
    let model = request["model"].as_str().ok_or_else(|| Refusal::invalid("model is required."))?.to_owned();
    let prompt = Prompt::Messages(messages(&request["messages"])?);
    let (sampling, n) = sampling(&request)?;
    let head = Head {
        id: format!("chatcmpl-{}", caller.request_id),
        created: state.clock.now().as_second(),
        model: model.clone(),
        with_usage: request["stream_options"]["include_usage"].as_bool() == Some(true),
    };
    let pieces = begin(&state, &caller, model, prompt, sampling, n).await?;
    if request["stream"].as_bool() == Some(true) {
        return Ok(chunks(pieces, n, head));
    }
    let wholes = collect(pieces, n).await?;
    let usage = usage(wholes.iter().map(|whole| whole.done));
    let choices: Vec<Value> = wholes
        .into_iter()
        .enumerate()
        .map(|(index, whole)| {
            json!({
                "index": index,
                "message": {"role": "assistant", "content": whole.text, "refusal": null},
                "logprobs": null,
                "finish_reason": finish_word(whole.done.finish),
            })
        })
        .collect();
    let body = json!({
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "choices": choices,
        "usage": usage,
        "system_fingerprint": null,
    });
    Ok(Json(body).into_response())
}

struct Head {
    id: String,
    created: i64,
    model: String,
    with_usage: bool,
}

impl Head {
    fn chunk(&self, choices: Value) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "system_fingerprint": null,
        })
    }
}

fn usage(all: impl Iterator<Item = Generated>) -> Value {
    let (mut input, mut output) = (0, 0);
    for done in all {
        input = done.input_tokens.max(input);
        output += done.output_tokens;
    }
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
}

fn chunks(mut pieces: mpsc::Receiver<Piece>, n: usize, head: Head) -> Response {
    let line = |value: &Value| Ok::<_, Infallible>(format!("data: {value}\n\n"));
    let stream = async_stream::stream! {
        for index in 0..n {
            let delta = json!({"role": "assistant", "content": ""});
            yield line(&head.chunk(json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": null}])));
        }
        let mut all = Vec::new();
        while let Some(piece) = pieces.recv().await {
            let (index, delta, finish) = match piece {
                Piece::Text(index, text) => (index, json!({"content": text}), None),
                Piece::Done(index, done) => {
                    all.push(done);
                    (index, json!({}), Some(finish_word(done.finish)))
                }
                Piece::Failed(refusal) => {
                    let (kind, code) = refusal.compatible();
                    yield line(&json!({"error": {"message": refusal.message, "type": kind, "param": null, "code": code}}));
                    return;
                }
            };
            yield line(&head.chunk(json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": finish}])));
        }
        if head.with_usage {
            let mut last = head.chunk(json!([]));
            last["usage"] = usage(all.into_iter());
            yield line(&last);
        }
        yield Ok("data: [DONE]\n\n".to_owned());
    };
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, HttpBody::from_stream(stream)).into_response()
}
