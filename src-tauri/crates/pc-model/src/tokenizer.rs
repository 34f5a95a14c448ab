//! Text to token ids and back, with the tokenizer that the model was trained with.
//!
//! Nothing is added to what is encoded: special tokens count only where the text has them, as chat templates write them.

use std::path::Path;

use anyhow::{Result, anyhow};
use pc_base::{Code, CodedExt as _, coded};

/// A loaded `tokenizer.json`.
#[derive(Clone)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
}

fn broken(error: tokenizers::Error) -> anyhow::Error {
    anyhow!(error)
        .context(coded(Code::ModelFileInvalid).with("path", "tokenizer.json").with("why", "it cannot be used"))
}

impl Tokenizer {
    /// Reads `tokenizer.json`.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
        Self::from_bytes(&bytes)
    }

    /// From the bytes of a `tokenizer.json`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        // Found by fuzzing: the library takes some wrong decoders for impossible, and panics.
        let read = std::panic::catch_unwind(|| tokenizers::Tokenizer::from_bytes(bytes));
        let mut inner = read.unwrap_or_else(|_| Err("the library gave up on it".into())).map_err(broken)?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(broken)?;
        Ok(Self { inner })
    }

    /// One that was put together in memory.
    pub(crate) fn from_built(inner: tokenizers::Tokenizer) -> Self {
        Self { inner }
    }

    /// The text of a `tokenizer.json` that loads as this tokenizer.
    pub fn to_json(&self) -> Result<String> {
        self.inner.to_string(false).map_err(broken)
    }

    /// Ids of a text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.inner.encode_fast(text, false).map_err(broken)?.get_ids().to_vec())
    }

    /// Text of ids; unknown ids are left out.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        self.inner.decode(ids, skip_special).map_err(broken)
    }

    /// The id of a token by its exact text.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The exact text of a token.
    pub fn token_of(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The bytes that a token stands for inside a text; of a part of a character only its own.
    pub fn bytes_of(&self, id: u32) -> Vec<u8> {
        let Some(token) = self.token_of(id) else { return Vec::new() };
        let hex = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
        if let Some(byte) = hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            return vec![byte];
        }
        let alone = self.decode(&[id], false).unwrap_or_default();
        let broken = alone.contains(BROKEN) && !token.contains(BROKEN);
        if let Some(bytes) = broken.then(|| token.chars().map(byte_level).collect()).flatten() {
            return bytes;
        }
        // Some decoders cut the space at the beginning of a text, which a token inside one has.
        let spaced = format!("{alone} {alone}");
        let twice = self.decode(&[id, id], false).unwrap_or_default();
        if !alone.is_empty() && twice == spaced { format!(" {alone}").into_bytes() } else { alone.into_bytes() }
    }

    /// Ids with added tokens counted.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Text of a growing list of ids.
    pub fn stream(&self) -> DecodeStream<'_> {
        DecodeStream { tokenizer: self, ids: Vec::new(), start: 0, whole: 0, shown: 0 }
    }
}

/// The first three bytes of a character may each be a token; what a fourth does not complete never becomes whole.
const LONGEST_BEGINNING: usize = 3;
/// A run of broken bytes restarts decoding after this many tokens, so that it cannot grow slower and slower.
const LONGEST_WINDOW: usize = 32;
const BROKEN: char = '\u{FFFD}';

/// The byte that a character of a byte-level vocabulary stands for: printable ones for themselves, the rest in order from
/// U+0100 on (GPT-2, <https://github.com/openai/gpt-2>).
pub(crate) fn byte_level(character: char) -> Option<u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    match u32::from(character) {
        code @ 0..=0xFF => Some(code as u8).filter(|byte| printable(*byte)),
        code => (0..=u8::MAX).filter(|byte| !printable(*byte)).nth(code.checked_sub(0x100)? as usize),
    }
}

/// Text as it becomes certain: a character whose bytes are spread over tokens is held back until it is whole, and bytes
/// that can no longer become one are shown as the replacement sign.
pub struct DecodeStream<'a> {
    tokenizer: &'a Tokenizer,
    ids: Vec<u32>,
    /// Where decoding begins, so that a step costs a few tokens and not the whole answer.
    start: usize,
    /// After the ids before this one, no character was open.
    whole: usize,
    /// Bytes of the text from `start` on that are shown.
    shown: usize,
}

impl DecodeStream<'_> {
    /// Takes an id and returns the text that it completes, which is often empty.
    pub fn push(&mut self, id: u32) -> Result<String> {
        self.ids.push(id);
        let now = self.window()?;
        let end = certain(&now, self.ids.len() - self.whole);
        let new = self.beyond(&now[..end]);
        self.shown = self.shown.max(end);
        if !now.ends_with(BROKEN) && !new.is_empty() {
            (self.start, self.whole) = (self.whole, self.ids.len());
            self.shown = self.window()?.len();
        } else if self.ids.len() - self.start > LONGEST_WINDOW {
            self.start = self.ids.len() - LONGEST_WINDOW / 2;
            self.whole = self.whole.max(self.start);
            self.shown = certain(&self.window()?, self.ids.len() - self.whole);
        }
        Ok(new)
    }

    /// What is still held back at the end: a broken character shows as the replacement sign.
    pub fn finish(self) -> Result<String> {
        Ok(self.beyond(&self.window()?))
    }

    fn window(&self) -> Result<String> {
        self.tokenizer.decode(&self.ids[self.start..], true)
    }

    fn beyond(&self, text: &str) -> String {
        text[text.floor_char_boundary(self.shown)..].to_owned()
    }
}

/// Bytes at the beginning of `text` that further tokens cannot change; `open` tokens came since the last whole one.
fn certain(text: &str, open: usize) -> usize {
    let broken = text.chars().rev().take_while(|c| *c == BROKEN).count();
    match broken {
        0 => text.len(),
        _ if open <= LONGEST_BEGINNING => 0,
        _ => text.len() - broken.min(LONGEST_BEGINNING) * BROKEN.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::byte_level;

    #[test]
    fn every_byte_has_one_character_and_the_known_ones_are_right() {
        let codes = (0..0x200).filter_map(char::from_u32).filter_map(byte_level);
        let mut bytes: Vec<u8> = codes.collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=u8::MAX).collect::<Vec<u8>>());
        assert_eq!((byte_level('Ġ'), byte_level('Ċ'), byte_level('a')), (Some(b' '), Some(b'\n'), Some(b'a')));
    }
}
