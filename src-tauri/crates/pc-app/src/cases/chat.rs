//! The playground: one conversation, answered by a model of this machine or by a deployment.

use std::ops::ControlFlow;
use std::sync::PoisonError;
use std::time::Instant;

use anyhow::Result;
use pc_base::{Code, Language, Silent, coded};
use pc_model::RenderOptions;
use pc_protocol::{Generation, Message, SamplingParameters};
use pc_runtime::{FinishReason, Sampling};
use serde_json::{Value, json};

use crate::api::{ChatDone, ChatEvent, ChatSend, ChatTarget, Quant, SampleMessage};
use crate::app::App;
use crate::chat::prepare;
use crate::live::Live;

impl App {
    /// `chat_send`
    pub async fn chat_send(&self, asked: ChatSend, _: Language, live: &Live<ChatEvent>) -> Result<ChatDone> {
        check(&asked)?;
        match asked.target.clone() {
            ChatTarget::Local { model, quant } => {
                let live = live.clone();
                self.blocking(move |app| answer_here(app, &model, quant, &asked, &live)).await
            }
            ChatTarget::Cloud { deployed_model } => self.answer_from_cloud(deployed_model, asked, live).await,
        }
    }
}

fn check(asked: &ChatSend) -> Result<()> {
    let invalid =
        |what: &'static str, why: &str| Err(coded(Code::InputInvalid).with("what", what).with("why", why).into());
    if asked.messages.is_empty() {
        return invalid("messages", "at least one is needed");
    }
    if !(1..=16_384).contains(&asked.max_tokens) {
        return invalid("max_tokens", "it must be from 1 to 16384");
    }
    if !(0.0..=2.0).contains(&asked.temperature) {
        return invalid("temperature", "it must be from 0 to 2");
    }
    if !(asked.top_p > 0.0 && asked.top_p <= 1.0) {
        return invalid("top_p", "it must be above 0 and at most 1");
    }
    Ok(())
}

fn wire(messages: &[SampleMessage]) -> Vec<Value> {
    messages.iter().map(|message| json!({"role": message.role, "content": message.content})).collect()
}

impl App {
    async fn answer_from_cloud(
        &self,
        deployed_model: String,
        asked: ChatSend,
        live: &Live<ChatEvent>,
    ) -> Result<ChatDone> {
        let opened = self.selected().await?;
        let sampling = SamplingParameters {
            max_tokens: Some(u64::from(asked.max_tokens)),
            temperature: Some(asked.temperature),
            top_p: Some(asked.top_p),
            seed: asked.seed,
            ..SamplingParameters::default()
        };
        let messages = asked.messages.into_iter().map(|message| Message::new(message.role, message.content)).collect();
        let generation = Generation::chat(deployed_model, messages, sampling);
        let (start, mut first) = (Instant::now(), None);
        let on_text = |text: &str| {
            first.get_or_insert_with(|| start.elapsed());
            live.tell(ChatEvent::Text { text: text.to_owned() });
        };
        let answer = opened.cloud.generate_stream(&generation, on_text, &live.cancel).await?;
        let (total, first) = (start.elapsed(), first.unwrap_or_default());
        let after = total.saturating_sub(first).as_secs_f64();
        let tokens = answer.output_tokens.saturating_sub(1) as f64;
        Ok(ChatDone {
            text: answer.text,
            finish_reason: answer.finish_reason,
            input_tokens: answer.input_tokens,
            output_tokens: answer.output_tokens,
            first_token_ms: first.as_secs_f64() * 1e3,
            tokens_per_second: if after > 0.0 { tokens / after } else { 0.0 },
            memory_bytes: None,
        })
    }
}

fn answer_here(app: &App, model: &str, quant: Quant, asked: &ChatSend, live: &Live<ChatEvent>) -> Result<ChatDone> {
    live.tell(ChatEvent::Loading);
    let dir = prepare(app.places(), model, quant.into(), &Silent, &live.cancel)?;
    let session = app.sessions().get(&dir)?;
    let mut chat = session.lock().unwrap_or_else(PoisonError::into_inner);
    live.cancel.check()?;
    let options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
    let ids = chat.prompt(&wire(&asked.messages), &options)?;
    let sampling = Sampling {
        max_tokens: asked.max_tokens as usize,
        temperature: asked.temperature as f32,
        top_p: asked.top_p as f32,
        seed: asked.seed,
        ..Sampling::default()
    };
    let mut on_text = |text: &str| {
        live.tell(ChatEvent::Text { text: text.to_owned() });
        ControlFlow::Continue(())
    };
    let answer = chat.generate(&ids, &sampling, &mut on_text, &live.cancel)?;
    let finish_reason = match answer.finish_reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::Cancelled => "cancelled",
    };
    Ok(ChatDone {
        text: answer.text,
        finish_reason: finish_reason.to_owned(),
        input_tokens: answer.input_tokens as u64,
        output_tokens: answer.output_tokens as u64,
        first_token_ms: answer.first_token.as_secs_f64() * 1e3,
        tokens_per_second: answer.tokens_per_second,
        memory_bytes: pc_runtime::resident_memory(),
    })
}
