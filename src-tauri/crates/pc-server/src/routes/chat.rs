//! OpenAI-compatible chat completions.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use pc_protocol::{
    ChatAnswer, ChatChoice, ChatChunk, ChatDelta, ChatRequest, ChatUsage, ChunkChoice, CompatibleErrorBody, Spoken,
};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::answering::{Piece, Whole, begin, collect, finish_word, messages, sampling};
use crate::caller::Caller;
use crate::engine::{Generated, Prompt};
use crate::intake::Create;
use crate::refusal::Answer;
use crate::state::State;

pub(super) async fn complete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Create(request, sent): Create<ChatRequest>,
) -> Answer<Response> {
    let ChatRequest { model, messages: said, sampling: asked, stream, stream_options } = request;
    let prompt = Prompt::Messages(messages(said)?);
    let (sampling, n) = sampling(asked)?;
    let head = Head {
        id: format!("chatcmpl-{}", caller.request_id),
        created: state.clock.now().as_second(),
        model: model.clone(),
        with_usage: stream_options.is_some_and(|options| options.include_usage),
    };
    let pieces = begin(&state, &caller, model, prompt, sampling, n, sent).await?;
    if stream == Some(true) {
        return Ok(chunks(pieces, n, head));
    }
    let wholes = collect(pieces, n).await?;
    let usage = usage(wholes.iter().map(|whole| whole.done));
    let choice = |(index, whole): (usize, Whole)| ChatChoice {
        index: index as u64,
        message: Spoken::new(whole.text),
        logprobs: None,
        finish_reason: Some(finish_word(whole.done.finish).to_owned()),
    };
    let answer = ChatAnswer {
        id: head.id,
        object: "chat.completion".to_owned(),
        created: head.created,
        model: head.model,
        choices: wholes.into_iter().enumerate().map(choice).collect(),
        usage,
        system_fingerprint: None,
    };
    Ok(Json(answer).into_response())
}

struct Head {
    id: String,
    created: i64,
    model: String,
    with_usage: bool,
}

impl Head {
    fn chunk(&self, choices: Vec<ChunkChoice>) -> ChatChunk {
        ChatChunk {
            id: self.id.clone(),
            object: "chat.completion.chunk".to_owned(),
            created: self.created,
            model: self.model.clone(),
            choices,
            usage: None,
            system_fingerprint: None,
        }
    }

    fn piece(&self, index: usize, delta: ChatDelta, finish: Option<&str>) -> ChatChunk {
        let (index, finish_reason) = (index as u64, finish.map(str::to_owned));
        self.chunk(vec![ChunkChoice { index, delta, logprobs: None, finish_reason }])
    }
}

fn usage(all: impl Iterator<Item = Generated>) -> ChatUsage {
    let (mut prompt_tokens, mut completion_tokens) = (0, 0);
    for done in all {
        prompt_tokens = done.input_tokens.max(prompt_tokens);
        completion_tokens += done.output_tokens;
    }
    ChatUsage { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}

fn line(payload: &impl Serialize) -> Result<String, Infallible> {
    let text = serde_json::to_string(payload).expect("text and numbers serialise");
    Ok(format!("data: {text}\n\n"))
}

fn chunks(mut pieces: mpsc::Receiver<Piece>, n: usize, head: Head) -> Response {
    let stream = async_stream::stream! {
        for index in 0..n {
            let (role, content) = (Some("assistant".to_owned()), Some(String::new()));
            yield line(&head.piece(index, ChatDelta { role, content, ..ChatDelta::default() }, None));
        }
        let mut all = Vec::new();
        while let Some(piece) = pieces.recv().await {
            yield match piece {
                Piece::Text(index, text) => {
                    line(&head.piece(index, ChatDelta { content: Some(text), ..ChatDelta::default() }, None))
                }
                Piece::Done(index, done) => {
                    all.push(done);
                    line(&head.piece(index, ChatDelta::default(), Some(finish_word(done.finish))))
                }
                Piece::Failed(refusal) => {
                    yield line(&CompatibleErrorBody { error: refusal.compatible_error(), request_id: None });
                    return;
                }
            };
        }
        if head.with_usage {
            yield line(&ChatChunk { usage: Some(usage(all.into_iter())), ..head.chunk(Vec::new()) });
        }
        yield Ok("data: [DONE]\n\n".to_owned());
    };
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, HttpBody::from_stream(stream)).into_response()
}
