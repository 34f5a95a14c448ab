//! A model that answers: prompt in, streamed text out. What two prompts begin with in common is computed once.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use pc_base::{Cancel, Code, coded};
use pc_model::{ChatTemplate, Config, ModelFolder, RenderOptions, Tokenizer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chances::{TokenChances, Waiting, chances};
use crate::decoder::Decoder;
use crate::folder::{Manifest, check_memory};
use crate::sampler::{Sampler, Sampling};
use crate::stop::StopWatch;

/// How a folder is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Nothing: `PARTNER_THREADS`, else the physical cores.
    pub threads: Option<usize>,
    /// Positions at most; nothing or too many: what the folder holds.
    pub context: Option<usize>,
    /// Compare every file with its hash first, which reads them all.
    pub verify: bool,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model or a stop string ended it.
    Stop,
    /// It reached the wanted length or the model's context.
    Length,
    /// Somebody stopped it.
    Cancelled,
}

/// A finished answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub text: String,
    /// Without the id that ended it.
    pub ids: Vec<u32>,
    pub finish_reason: FinishReason,
    pub input_tokens: usize,
    /// Tokens of the prompt that the last prompt already had.
    pub cached_tokens: usize,
    /// Every token that was drawn, the ending one included.
    pub output_tokens: usize,
    /// From the call to the first token.
    pub first_token: Duration,
    /// After the first token; zero when there was only one.
    pub tokens_per_second: f64,
}

/// A piece of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    pub text: &'a str,
    /// The tokens whose text begins in it; none unless they were asked for.
    pub tokens: &'a [TokenChances],
}

/// An opened model.
pub struct Chat {
    decoder: Decoder,
    /// The tokens in the decoder's cache.
    held: Vec<u32>,
    folder: ModelFolder,
    tokenizer: Arc<Tokenizer>,
    template: Option<ChatTemplate>,
    stop_ids: Vec<u32>,
    manifest: Manifest,
    context: usize,
}

impl Chat {
    /// Opens a folder that pc-exporter wrote. Fails with a code when a file is missing, damaged or unknown, and when
    /// memory would not suffice for weights and cache.
    pub fn open(dir: &Path, options: Options) -> Result<Self> {
        let manifest = Manifest::read(dir)?;
        if options.verify {
            manifest.verify(dir)?;
        }
        let folder = ModelFolder::open(dir)?;
        let tokenizer = Arc::new(folder.tokenizer()?);
        let context = options.context.unwrap_or(usize::MAX).clamp(1, manifest.context_length);
        check_memory(dir, &folder.config, context)?;
        let decoder = Decoder::open(dir, &folder.config, context, options.threads.unwrap_or(0))?;
        let (template, stop_ids) = (folder.chat_template().ok(), folder.stop_ids(&tokenizer));
        Ok(Self { decoder, held: Vec::new(), folder, tokenizer, template, stop_ids, manifest, context })
    }

    /// The model's sizes.
    pub fn config(&self) -> &Config {
        &self.folder.config
    }

    /// What the folder was made of.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Positions at most.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Ids of a conversation in its wire shape, as the model's template renders it.
    pub fn prompt(&self, messages: &[Value], options: &RenderOptions) -> Result<Vec<u32>> {
        let none = || coded(Code::TemplateInvalid).with("why", "the model has none");
        let text = self.template.as_ref().ok_or_else(none)?.render(messages, options)?;
        self.tokenizer.encode(&text)
    }

    /// Ids of a plain text, with the model's BOS in front.
    pub fn text(&self, text: &str) -> Result<Vec<u32>> {
        self.folder.encode_with_bos(&self.tokenizer, text)
    }

    /// Logits `[vocabulary]` after the last of `ids`.
    pub fn logits(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        self.read(ids, &Cancel::default())?;
        Ok(self.decoder.logits().to_vec())
    }

    /// Answers a prompt. `on_text` gets the text as it becomes certain and may stop the answer; a cancel also does.
    /// Fails with a code when the prompt is empty, has unknown ids or does not fit into the context.
    pub fn generate(
        &mut self,
        prompt: &[u32],
        sampling: &Sampling,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
        cancel: &Cancel,
    ) -> Result<Answer> {
        self.tell(
            prompt,
            sampling,
            &mut |said| if said.text.is_empty() { ControlFlow::Continue(()) } else { on_text(said.text) },
            cancel,
        )
    }

    /// The same with the tokens behind the text, as [`Sampling::logprobs`] asks for. The last tokens may have no text.
    pub fn tell(
        &mut self,
        prompt: &[u32],
        sampling: &Sampling,
        on_said: &mut dyn FnMut(Said<'_>) -> ControlFlow<()>,
        cancel: &Cancel,
    ) -> Result<Answer> {
        let start = Instant::now();
        let cached_tokens = self.read(prompt, cancel)?;
        let mut sampler = Sampler::new(sampling, prompt);
        let tokenizer = Arc::clone(&self.tokenizer);
        let mut shown = Shown::new(&sampling.stop, on_said);
        let (mut stream, mut ids) = (tokenizer.stream(), Vec::new());
        let (mut first_token, mut output_tokens) = (Duration::ZERO, 0);
        let finish_reason = loop {
            if output_tokens >= sampling.max_tokens {
                break FinishReason::Length;
            }
            let logits = self.decoder.logits();
            let id = sampler.next(logits);
            output_tokens += 1;
            if output_tokens == 1 {
                first_token = start.elapsed();
            }
            if self.stop_ids.contains(&id) {
                break FinishReason::Stop;
            }
            if let Some(count) = sampling.logprobs {
                shown.token(chances(logits, id, count, &tokenizer));
            }
            ids.push(id);
            if let Some(reason) = shown.push(&stream.push(id)?) {
                break reason;
            }
            if cancel.is_cancelled() {
                break FinishReason::Cancelled;
            }
            if self.held.len() >= self.context || output_tokens >= sampling.max_tokens {
                break FinishReason::Length;
            }
            self.step(id)?;
        };
        shown.finish(&stream.finish()?);
        let decoding = start.elapsed().saturating_sub(first_token).as_secs_f64();
        Ok(Answer {
            text: shown.text,
            ids,
            finish_reason,
            input_tokens: prompt.len(),
            cached_tokens,
            output_tokens,
            first_token,
            tokens_per_second: if output_tokens > 1 { (output_tokens - 1) as f64 / decoding } else { 0.0 },
        })
    }

    /// Reads one more token after those in the cache.
    pub(crate) fn step(&mut self, id: u32) -> Result<()> {
        if self.held.len() >= self.context {
            return Err(coded(Code::ContextFull)
                .with("tokens", self.held.len() + 1)
                .with("limit", self.context)
                .into());
        }
        self.decoder.feed(&[id], &Cancel::default())?;
        self.held.push(id);
        Ok(())
    }

    /// Logits after the token that was read last.
    pub(crate) fn last_logits(&self) -> &[f32] {
        self.decoder.logits()
    }

    /// Makes the cache hold exactly `ids`, computing only what it does not begin with; returns how much it did.
    fn read(&mut self, ids: &[u32], cancel: &Cancel) -> Result<usize> {
        self.check(ids)?;
        // The last token is always read anew, because its logits are wanted.
        let usable = &ids[..ids.len() - 1];
        let common = self.held.iter().zip(usable).take_while(|(a, b)| a == b).count();
        self.held.truncate(common);
        self.decoder.truncate(common);
        let read = self.decoder.feed(&ids[common..], cancel);
        self.held.extend_from_slice(&ids[common..self.decoder.length().max(common)]);
        read.map(|()| common)
    }

    fn check(&self, ids: &[u32]) -> Result<()> {
        let invalid = |why: String| coded(Code::InputInvalid).with("what", "prompt").with("why", why);
        let vocabulary = self.folder.config.vocab_size;
        if ids.is_empty() {
            return Err(invalid("it has no tokens".to_owned()).into());
        }
        if let Some(id) = ids.iter().find(|id| **id as usize >= vocabulary) {
            return Err(invalid(format!("the model has no token {id}")).into());
        }
        if ids.len() > self.context {
            return Err(coded(Code::ContextFull).with("tokens", ids.len()).with("limit", self.context).into());
        }
        Ok(())
    }
}

/// The answer on its way out.
struct Shown<'a> {
    text: String,
    /// Bytes of all text that there is, shown or held back.
    pushed: usize,
    waiting: Waiting,
    watch: StopWatch<'a>,
    stopped: bool,
    on_said: &'a mut dyn FnMut(Said<'_>) -> ControlFlow<()>,
}

impl<'a> Shown<'a> {
    fn new(stop: &'a [String], on_said: &'a mut dyn FnMut(Said<'_>) -> ControlFlow<()>) -> Self {
        let (watch, waiting) = (StopWatch::new(stop), Waiting::default());
        Self { text: String::new(), pushed: 0, waiting, watch, stopped: false, on_said }
    }

    /// The token whose text is pushed next.
    fn token(&mut self, token: TokenChances) {
        self.waiting.push(self.pushed, token);
    }

    /// Shows what is certain; tells why the answer ends when it does.
    fn push(&mut self, text: &str) -> Option<FinishReason> {
        self.pushed += text.len();
        let (certain, stopped) = self.watch.push(text);
        self.stopped = stopped;
        let broken = self.show(&certain, false);
        if stopped {
            return Some(FinishReason::Stop);
        }
        broken.then_some(FinishReason::Cancelled)
    }

    /// Shows what was held back; nothing when a stop string ended the text.
    fn finish(&mut self, rest: &str) {
        self.pushed += rest.len();
        let (certain, stopped) = self.watch.push(rest);
        let held = self.watch.finish();
        // The tokens of a stop string are no part of the answer; all others are, even those without text.
        self.show(&(certain + &held), !(self.stopped || stopped));
    }

    fn show(&mut self, text: &str, last: bool) -> bool {
        self.text.push_str(text);
        let tokens = if last { self.waiting.rest() } else { self.waiting.before(self.text.len()) };
        let nothing = text.is_empty() && tokens.is_empty();
        !nothing && (self.on_said)(Said { text, tokens: &tokens }).is_break()
    }
}
