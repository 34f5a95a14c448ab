//! Native text generation, whole and streamed.

use pc_base::Cancel;
use pc_protocol::{Generation, GenerationAnswer};
use reqwest::Method;
use reqwest::header::ACCEPT;

use crate::cloud::{Cloud, new_key};
use crate::error::outward;

const GENERATION: [&str; 6] = ["api", "v1", "services", "aigc", "text-generation", "generation"];

/// A finished answer, from either chat API. Of several answers it is the first; tokens are those of the whole request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    /// The thinking, where the model showed it.
    pub reasoning: String,
    /// `stop`, `length` or `tool_calls`.
    pub finish_reason: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub request_id: Option<String>,
}

impl Answer {
    /// Takes a whole answer or the next frame in; answers whether there was new text.
    fn take(&mut self, frame: &GenerationAnswer) -> Option<String> {
        if frame.usage.total_tokens > 0 || frame.usage.output_tokens > 0 {
            self.input_tokens = frame.usage.input_tokens;
            self.output_tokens = frame.usage.output_tokens;
        }
        if !frame.request_id.is_empty() {
            self.request_id = Some(frame.request_id.clone());
        }
        let choice = frame.output.choices.iter().flatten().find(|choice| choice.index == 0);
        self.reasoning.push_str(choice.and_then(|c| c.message.reasoning_content.as_deref()).unwrap_or_default());
        let (text, finish) = frame.output.first()?;
        self.text.push_str(text);
        if let Some(finish) = finish {
            finish.clone_into(&mut self.finish_reason);
        }
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl Cloud {
    /// Asks and waits for the whole answer. Its tokens are billed, so a cloud that cannot tell is not asked twice.
    pub async fn generate(&self, generation: &Generation) -> anyhow::Result<Answer> {
        let kind = Self::open_kind("generate", self.once_only().await);
        let key = new_key();
        let build = || self.keyed(Method::POST, &GENERATION, &key).json(generation);
        let whole: GenerationAnswer = self.0.transport.json(kind, build).await.map_err(outward)?;
        let mut answer = Answer::default();
        answer.take(&whole);
        if whole.output.first().is_none() {
            return Err(outward(self.0.transport.garbled("generate", "the answer has no text")));
        }
        Ok(answer)
    }

    /// Asks and hands out text as it comes. A cancel ends with [`pc_base::Code::Cancelled`] and closes the connection, at
    /// which the cloud stops; what it had generated is billed.
    pub async fn generate_stream(
        &self,
        generation: &Generation,
        mut on_text: impl FnMut(&str) + Send,
        cancel: &Cancel,
    ) -> anyhow::Result<Answer> {
        let kind = Self::open_kind("generate_stream", self.once_only().await);
        let key = new_key();
        let mut asked = generation.clone();
        // Frames with only what is new: the other form repeats all text each time.
        asked.parameters.incremental_output = Some(true);
        let transport = &self.0.transport;
        let build = || {
            let request = self.keyed(Method::POST, &GENERATION, &key).json(&asked);
            request.header("X-DashScope-SSE", "enable").header(ACCEPT, "text/event-stream")
        };
        let work = async {
            let response = self.opened(kind, build, cancel).await?;
            let mut answer = Answer::default();
            let read = |event: &pc_protocol::SseEvent| {
                let frame: GenerationAnswer = serde_json::from_str(&event.data)
                    .map_err(|why| transport.garbled(kind.operation, &format!("a frame cannot be read: {why}")))?;
                if let Some(text) = answer.take(&frame) {
                    on_text(&text);
                }
                Ok(())
            };
            transport.events(kind, response, cancel, read).await?;
            if answer.finish_reason.is_empty() { Err(transport.broke_off(kind.operation)) } else { Ok(answer) }
        };
        work.await.map_err(outward)
    }
}
