//! OpenAI-compatible chat, whole and streamed.

use pc_base::Cancel;
use pc_protocol::{ChatAnswer, ChatChunk, ChatRequest, SseEvent, StreamOptions};
use reqwest::header::ACCEPT;
use reqwest::{Method, RequestBuilder, Response};

use crate::cloud::{Cloud, new_key};
use crate::error::{CloudError, outward};
use crate::generation::Answer;
use crate::transport::Kind;
use crate::waiting::unless_cancelled;

const CHAT: [&str; 4] = ["compatible-mode", "v1", "chat", "completions"];

impl Cloud {
    /// Asks and waits for the whole answer. Its tokens are billed, so a cloud that cannot tell is not asked twice.
    pub async fn chat(&self, request: &ChatRequest) -> anyhow::Result<Answer> {
        let kind = Self::open_kind("chat", self.once_only().await);
        let key = new_key();
        let asked = ChatRequest { stream: None, stream_options: None, ..request.clone() };
        let build = || self.keyed(Method::POST, &CHAT, &key).json(&asked);
        let whole: ChatAnswer = self.0.transport.json(kind, build).await.map_err(outward)?;
        let Some(choice) = whole.choices.into_iter().find(|choice| choice.index == 0) else {
            return Err(outward(self.0.transport.garbled("chat", "the answer has no text")));
        };
        Ok(Answer {
            text: choice.message.content,
            reasoning: choice.message.reasoning_content.unwrap_or_default(),
            finish_reason: choice.finish_reason.unwrap_or_default(),
            input_tokens: whole.usage.prompt_tokens,
            output_tokens: whole.usage.completion_tokens,
            request_id: Some(whole.id),
        })
    }

    /// Asks and hands out text as it comes. A cancel ends with [`pc_base::Code::Cancelled`] and closes the connection.
    pub async fn chat_stream(
        &self,
        request: &ChatRequest,
        mut on_text: impl FnMut(&str) + Send,
        cancel: &Cancel,
    ) -> anyhow::Result<Answer> {
        let kind = Self::open_kind("chat_stream", self.once_only().await);
        let key = new_key();
        let stream_options = Some(StreamOptions { include_usage: true });
        let asked = ChatRequest { stream: Some(true), stream_options, ..request.clone() };
        let transport = &self.0.transport;
        let build = || self.keyed(Method::POST, &CHAT, &key).json(&asked).header(ACCEPT, "text/event-stream");
        let work = async {
            let response = self.opened(kind, build, cancel).await?;
            let (mut answer, mut done) = (Answer::default(), false);
            let read = |event: &SseEvent| {
                if done || event.data.trim() == "[DONE]" {
                    done = true;
                    return Ok(());
                }
                let chunk: ChatChunk = serde_json::from_str(&event.data)
                    .map_err(|why| transport.garbled(kind.operation, &format!("a chunk cannot be read: {why}")))?;
                if let Some(text) = take(&mut answer, chunk) {
                    on_text(&text);
                }
                Ok(())
            };
            transport.events(kind, response, cancel, read).await?;
            if answer.finish_reason.is_empty() { Err(transport.broke_off(kind.operation)) } else { Ok(answer) }
        };
        work.await.map_err(outward)
    }

    /// The begin of a streamed answer.
    pub(crate) async fn opened(
        &self,
        kind: Kind,
        build: impl Fn() -> RequestBuilder,
        cancel: &Cancel,
    ) -> Result<Response, Box<CloudError>> {
        let transport = &self.0.transport;
        let work = async {
            let mut tries = transport.tries(kind.repeat);
            loop {
                match transport.once(kind, build()).await {
                    Ok(response) => return Ok(response),
                    Err(error) => tries.after(error).await?,
                }
            }
        };
        unless_cancelled(cancel, || (), work).await.unwrap_or_else(|| Err(transport.cancelled(kind.operation)))
    }
}

/// Takes the next chunk in; answers new text.
fn take(answer: &mut Answer, chunk: ChatChunk) -> Option<String> {
    if let Some(usage) = chunk.usage.flatten() {
        answer.input_tokens = usage.prompt_tokens;
        answer.output_tokens = usage.completion_tokens;
    }
    if !chunk.id.is_empty() {
        answer.request_id = Some(chunk.id);
    }
    let choice = chunk.choices.into_iter().find(|choice| choice.index == 0)?;
    answer.reasoning.push_str(choice.delta.reasoning_content.as_deref().unwrap_or_default());
    if let Some(finish) = choice.finish_reason {
        answer.finish_reason = finish;
    }
    let text = choice.delta.content.filter(|text| !text.is_empty())?;
    answer.text.push_str(&text);
    Some(text)
}
