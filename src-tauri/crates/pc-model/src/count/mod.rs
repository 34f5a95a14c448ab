//! How many tokens a text has, exactly and quickly, for data sets of gigabytes.
//!
//! A vocabulary is read from `tokenizer.json` or from a tiktoken file of ranks. What this does not understand of a
//! `tokenizer.json` is counted by the `tokenizers` library instead, so that a count is always right; [`Counter::way`] says
//! which it is. Deliberately absent: token ids back to text, and offsets.

mod added;
mod bench;
mod cache;
mod classes;
mod cuts;
mod file;
mod own;
mod pairs;
mod row;
mod split;
mod tiktoken;

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use pc_base::{Code, Coded, CodedExt as _, coded};

use crate::tokenizer::Tokenizer;
use cache::Cache;
use own::Own;

pub use bench::{CountBench, CountSpeed};
pub use row::{RowCounter, RowTokens};
pub use tiktoken::QwenTokens;

/// Counts the tokens of texts; shared by threads freely.
pub struct Counter {
    engine: Engine,
    /// What a thread remembers belongs to one counter.
    number: u32,
}

enum Engine {
    Own(Box<Own>),
    Library(Box<Tokenizer>, Coded),
}

/// Who counts.
#[derive(Clone, Copy, Debug)]
pub enum Way<'a> {
    Own,
    /// The `tokenizers` library, and what the own way does not understand.
    Library(&'a Coded),
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

impl Counter {
    /// From a Hugging Face `tokenizer.json`.
    ///
    /// # Errors
    /// [`Code::FileNotFound`], and [`Code::ModelFileInvalid`] for one that the library cannot use either.
    pub fn from_tokenizer_json(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
        Self::from_json(&bytes)
    }

    /// From a tokenizer that is loaded, as that of a GGUF file.
    pub fn from_tokenizer(tokenizer: &Tokenizer) -> Result<Self> {
        Self::from_json(tokenizer.to_json()?.as_bytes())
    }

    /// From the bytes of a `tokenizer.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        Ok(Self::of(match file::read(bytes) {
            Ok(own) => Engine::Own(Box::new(own)),
            Err(why) => {
                let why = coded(Code::TokenizerUnfamiliar).with("why", why);
                Engine::Library(Box::new(Tokenizer::from_bytes(bytes)?), why)
            }
        }))
    }

    /// From a file of ranks as tiktoken reads it: one token a line, base64 and its rank. `qwen.tiktoken` is in the package
    /// `dashscope`, and is the vocabulary of Qwen from the first to Qwen3, whose added tokens differ.
    ///
    /// # Errors
    /// [`Code::FileNotFound`], [`Code::ModelFileInvalid`].
    pub fn from_tiktoken(path: &Path, tokens: QwenTokens) -> Result<Self> {
        let bytes = std::fs::read(path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
        let invalid = |why| coded(Code::ModelFileInvalid).with("path", path.display()).with("why", why);
        Ok(Self::of(Engine::Own(Box::new(tiktoken::read(&bytes, tokens).map_err(invalid)?))))
    }

    /// With Qwen's vocabulary, which is part of the program (`vocabularies/NOTICE.md`).
    pub fn qwen(tokens: QwenTokens) -> Result<Self> {
        Ok(Self::of(Engine::Own(Box::new(tiktoken::packed(tokens)?))))
    }

    fn of(engine: Engine) -> Self {
        static NUMBERS: AtomicU32 = AtomicU32::new(1);
        Self { engine, number: NUMBERS.fetch_add(1, Ordering::Relaxed) }
    }

    /// Who counts.
    pub fn way(&self) -> Way<'_> {
        match &self.engine {
            Engine::Own(_) => Way::Own,
            Engine::Library(_, why) => Way::Library(why),
        }
    }

    /// The number of tokens; nothing is added to the text. It fails only where the library does.
    pub fn count(&self, text: &str) -> Result<usize> {
        match &self.engine {
            Engine::Own(own) => Ok(CACHE.with_borrow_mut(|cache| own.count(self.number, text, cache))),
            Engine::Library(tokenizer, _) => Ok(tokenizer.encode(text)?.len()),
        }
    }

    /// The tokens themselves, without the memory of words: the proof that a count is right.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        match &self.engine {
            Engine::Own(own) => Ok(CACHE.with_borrow_mut(|cache| own.encode(text, &mut cache.work))),
            Engine::Library(tokenizer, _) => tokenizer.encode(text),
        }
    }
}
