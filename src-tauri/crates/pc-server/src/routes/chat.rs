//! OpenAI-compatible chat completions.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use pc_protocol::{
    ChatAnswer, ChatChoice, ChatChunk, ChatDelta, ChatRequest, ChatUsage, ChoiceLogprobs, ChunkChoice,
    CompatibleErrorBody, Spoken, TokenLogprob, TopLogprob,
};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::answering::{
    Dialect, Piece, Question, Whole, begin, collect, finish_word, messages, outside, refuse_unserved, sampling,
};
use crate::caller::{Caller, blocking, read};
use crate::engine::{Chance, Generated, Prompt, TokenChances};
use crate::intake::Create;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::openai::publish_asked;

/// What each API serves: what a question may have, and beyond that the names that are known and change nothing here.
const SERVED: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "n",
    "seed",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "enable_thinking",
];
const JUDGED: &[&str] = &[
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "response_format",
    "modalities",
    "service_tier",
    "store",
    "audio",
    "reasoning_effort",
    "verbosity",
    "prediction",
    "web_search_options",
    "moderation",
    "enable_search",
    "thinking_budget",
    "prompt_cache_options",
    "user",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "parallel_tool_calls",
];

/// `/compatible-mode/v1`: base models and deployments.
pub(super) async fn complete(
    shared: Shared<Arc<State>>,
    caller: Caller,
    body: Create<Map<String, Value>>,
) -> Answer<Response> {
    answer(shared, caller, body, Dialect::ModelStudio).await
}

/// `/v1`: results of fine-tunes, too, as soon as they are there.
pub(super) async fn complete_at_once(
    shared: Shared<Arc<State>>,
    caller: Caller,
    body: Create<Map<String, Value>>,
) -> Answer<Response> {
    answer(shared, caller, body, Dialect::OpenAi).await
}

async fn answer(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Create(body, sent): Create<Map<String, Value>>,
    dialect: Dialect,
) -> Answer<Response> {
    let request = judged(body)?;
    let mut asked = sampling(request.sampling, dialect)?;
    asked.sampling.logprobs = logprobs(request.logprobs, request.top_logprobs)?;
    asked.sampling.bias = bias(request.logit_bias.unwrap_or_default())?;
    if request.stream_options.is_some() && request.stream != Some(true) {
        return Err(Refusal::invalid("stream_options needs stream to be true.").on("stream_options"));
    }
    let (model, n, at_once) = (request.model, asked.n, dialect == Dialect::OpenAi);
    let head = Head {
        id: format!("chatcmpl-{}", caller.request_id),
        created: state.clock.now().as_second(),
        model: model.clone(),
        with_usage: request.stream_options.is_some_and(|options| options.include_usage),
        with_logprobs: asked.sampling.logprobs.is_some(),
    };
    let prompt = Prompt::Messages(messages(request.messages)?);
    if at_once {
        let (state, caller, model) = (state.clone(), caller.clone(), model.clone());
        blocking(move || publish_asked(&state, &caller, &model)).await?;
    }
    let mut pieces = begin(&state, &caller, Question { model, prompt, asked, at_once, sent }).await?;
    if request.stream == Some(true) {
        // What fails before its first word has a status of its own.
        return match pieces.recv().await {
            Some(Piece::Failed(refusal)) => Err(refusal),
            first => Ok(chunks(first, pieces, n, head)),
        };
    }
    let wholes = collect(pieces, n).await?;
    let usage = usage(wholes.iter().map(|whole| whole.done));
    let choice = |(index, whole): (usize, Whole)| ChatChoice {
        index: index as u64,
        logprobs: head.logprobs(&whole.tokens),
        message: Spoken::new(whole.text),
        finish_reason: Some(finish_word(whole.done.finish).to_owned()),
    };
    let choices = wholes.into_iter().enumerate().map(choice).collect();
    let answer = ChatAnswer {
        id: head.id,
        object: "chat.completion".to_owned(),
        created: head.created,
        model: head.model,
        choices,
        usage,
        system_fingerprint: None,
    };
    Ok(Json(answer).into_response())
}

/// A request of which every field is served, or changes nothing; any other is named.
fn judged(body: Map<String, Value>) -> Answer<ChatRequest> {
    for (name, value) in &body {
        if JUDGED.contains(&name.as_str()) {
            refuse_unserved(name, value)?;
        } else if !SERVED.contains(&name.as_str()) {
            return Err(Refusal::invalid(format!("Unrecognized request argument supplied: {name:.80}.")).on(name));
        }
    }
    read(Value::Object(body))
}

fn logprobs(wanted: Option<bool>, top: Option<u64>) -> Answer<Option<u32>> {
    match (wanted == Some(true), top) {
        (false, None | Some(0)) => Ok(None),
        (false, Some(_)) => Err(Refusal::invalid("top_logprobs needs logprobs to be true.").on("top_logprobs")),
        (true, Some(top)) if top > 20 => Err(outside("top_logprobs")),
        (true, top) => Ok(Some(top.unwrap_or(0) as u32)),
    }
}

fn bias(sent: BTreeMap<String, f64>) -> Answer<Vec<(u32, f64)>> {
    let pair = |(id, bias): (String, f64)| {
        let id = id.parse().ok().filter(|_| (-100.0..=100.0).contains(&bias));
        id.map(|id| (id, bias)).ok_or_else(|| outside("logit_bias"))
    };
    sent.into_iter().map(pair).collect()
}

struct Head {
    id: String,
    created: i64,
    model: String,
    with_usage: bool,
    with_logprobs: bool,
}

impl Head {
    fn logprobs(&self, tokens: &[TokenChances]) -> Option<ChoiceLogprobs> {
        let told = |chance: &Chance| {
            // JSON has no word for what cannot be at all; this number is OpenAI's.
            let logprob = f64::from(chance.logprob).max(-9999.0);
            let token = String::from_utf8_lossy(&chance.bytes).into_owned();
            TopLogprob { token, logprob, bytes: Some(chance.bytes.clone()) }
        };
        let token = |token: &TokenChances| {
            let TopLogprob { token: text, logprob, bytes } = told(&token.chosen);
            TokenLogprob { token: text, logprob, bytes, top_logprobs: token.top.iter().map(told).collect() }
        };
        let content = || tokens.iter().map(token).collect();
        self.with_logprobs.then(|| ChoiceLogprobs { content: content(), refusal: None })
    }

    fn chunk(&self, choices: Vec<ChunkChoice>) -> ChatChunk {
        ChatChunk {
            id: self.id.clone(),
            object: "chat.completion.chunk".to_owned(),
            created: self.created,
            model: self.model.clone(),
            choices,
            usage: self.with_usage.then_some(None),
            system_fingerprint: None,
        }
    }

    fn piece(&self, index: usize, delta: ChatDelta, finish: Option<&str>) -> ChatChunk {
        let (index, finish_reason) = (index as u64, finish.map(str::to_owned));
        self.chunk(vec![ChunkChoice { index, delta, logprobs: None, finish_reason }])
    }

    fn said(&self, index: usize, text: String, tokens: &[TokenChances]) -> ChatChunk {
        let delta = ChatDelta { content: Some(text), ..ChatDelta::default() };
        let (index, logprobs) = (index as u64, self.logprobs(tokens));
        self.chunk(vec![ChunkChoice { index, delta, logprobs, finish_reason: None }])
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

fn chunks(first: Option<Piece>, mut pieces: mpsc::Receiver<Piece>, n: usize, head: Head) -> Response {
    let stream = async_stream::stream! {
        for index in 0..n {
            let (role, content) = (Some("assistant".to_owned()), Some(String::new()));
            yield line(&head.piece(index, ChatDelta { role, content, ..ChatDelta::default() }, None));
        }
        let (mut all, mut next) = (Vec::new(), first);
        while let Some(piece) = next {
            yield match piece {
                Piece::Said(index, text, tokens) => line(&head.said(index, text, &tokens)),
                Piece::Done(index, done) => {
                    all.push(done);
                    line(&head.piece(index, ChatDelta::default(), Some(finish_word(done.finish))))
                }
                Piece::Failed(refusal) => {
                    yield line(&CompatibleErrorBody { error: refusal.compatible_error(), request_id: None });
                    return;
                }
            };
            next = pieces.recv().await;
        }
        if head.with_usage {
            yield line(&ChatChunk { usage: Some(Some(usage(all.into_iter()))), ..head.chunk(Vec::new()) });
        }
        yield Ok("data: [DONE]\n\n".to_owned());
    };
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, HttpBody::from_stream(stream)).into_response()
}
