//! Our own way from a text to tokens: added tokens, normaliser, words, parts, pairs.

use std::borrow::Cow;
use std::collections::HashMap;

use super::added::Added;
use super::cache::Cache;
use super::classes::Classes;
use super::cuts::{Cuts, MARK};
use super::pairs::{NONE, Pairs, Work};
use super::split::Split;

/// What happens to a text first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Normal {
    Nothing,
    /// Between added tokens, Unicode's composed form.
    Composed,
    /// The same, but before added tokens are looked for.
    ComposedFirst,
}

/// What a part begins as.
pub(super) enum Symbols {
    /// Ids of the 256 bytes.
    Bytes(Box<[u32; 256]>),
    Characters(Characters),
}

/// Ids of characters, and of the bytes of those that have none.
pub(super) struct Characters {
    /// Of the first 65,536; [`NONE`] for one that has none.
    plane: Vec<u32>,
    others: HashMap<char, u32>,
    bytes: Box<[u32; 256]>,
}

const PLANE: usize = 1 << 16;

impl Characters {
    pub fn new(ids: impl Iterator<Item = (char, u32)>, bytes: Box<[u32; 256]>) -> Self {
        let mut characters = Self { plane: vec![NONE; PLANE], others: HashMap::new(), bytes };
        for (character, id) in ids {
            match characters.plane.get_mut(character as usize) {
                Some(place) => *place = id,
                None => {
                    characters.others.insert(character, id);
                }
            }
        }
        // What a space becomes is found without a step in between.
        characters.plane[' ' as usize] = characters.plane[MARK as usize];
        characters
    }

    fn of(&self, character: char) -> Option<u32> {
        match self.plane.get(character as usize) {
            Some(id) => Some(*id).filter(|id| *id != NONE),
            None => self.others.get(&character).copied(),
        }
    }
}

/// Everything that counting needs; made by [`super::file`] or [`super::tiktoken`].
pub(super) struct Own {
    pub added: Added,
    pub normal: Normal,
    pub split: Split,
    pub symbols: Symbols,
    pub cuts: Cuts,
    pub pairs: Pairs,
    /// Words that are a token at once although joining would not make them one.
    pub whole: HashMap<Box<[u8]>, u32>,
}

/// What a text is made of.
enum Piece<'a> {
    Token(u32),
    Part(&'a str),
}

impl Own {
    fn pieces(&self, text: &str, mut see: impl FnMut(Piece)) {
        let text = match self.normal {
            Normal::ComposedFirst => Classes::get().nfc(text),
            _ => Cow::Borrowed(text),
        };
        let mut from = 0;
        while let Some((start, end, id)) = self.added.find(text.as_bytes(), from) {
            self.plain(&text[from..start], &mut see);
            see(Piece::Token(id));
            from = end;
        }
        self.plain(&text[from..], &mut see);
    }

    fn plain(&self, text: &str, see: &mut impl FnMut(Piece)) {
        if text.is_empty() {
            return;
        }
        let text = match self.normal {
            Normal::Composed => Classes::get().nfc(text),
            _ => Cow::Borrowed(text),
        };
        self.split.words(&text, |word| {
            if !self.whole.is_empty()
                && let Some(id) = self.whole.get(word.as_bytes())
            {
                return see(Piece::Token(*id));
            }
            self.cuts.parts(word, |part| see(Piece::Part(part)));
        });
    }

    pub fn count(&self, owner: u32, text: &str, cache: &mut Cache) -> usize {
        let mut tokens = 0;
        self.pieces(text, |piece| {
            tokens += match piece {
                Piece::Token(_) => 1,
                Piece::Part(part) => cache.count(owner, part, |work| {
                    self.merge(part, work);
                    work.ids.len()
                }),
            };
        });
        tokens
    }

    pub fn encode(&self, text: &str, work: &mut Work) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        self.pieces(text, |piece| match piece {
            Piece::Token(id) => ids.push(id),
            Piece::Part(part) => {
                self.merge(part, work);
                ids.extend_from_slice(&work.ids);
            }
        });
        ids
    }

    /// A part's tokens, in `work.ids`.
    fn merge(&self, part: &str, work: &mut Work) {
        work.ids.clear();
        match &self.symbols {
            Symbols::Bytes(ids) => work.ids.extend(part.bytes().map(|byte| ids[usize::from(byte)])),
            Symbols::Characters(characters) => {
                for character in part.chars() {
                    match characters.of(character) {
                        Some(id) => work.ids.push(id),
                        None => {
                            let mut buffer = [0; 4];
                            let bytes = character.encode_utf8(&mut buffer).bytes();
                            work.ids.extend(bytes.map(|byte| characters.bytes[usize::from(byte)]));
                        }
                    }
                }
            }
        }
        self.pairs.merge(work);
    }

    /// Finds the words of a vocabulary that joining does not make one token: where a whole word is looked up first, they
    /// have to be.
    pub fn keep_whole<'a>(&mut self, vocabulary: impl Iterator<Item = (&'a [u8], u32)>) {
        let mut work = Work::default();
        let mut whole = HashMap::new();
        for (bytes, id) in vocabulary {
            // What is no text is never a word of one.
            let Ok(word) = str::from_utf8(bytes) else { continue };
            self.merge(word, &mut work);
            if work.ids != [id] {
                whole.insert(bytes.into(), id);
            }
        }
        self.whole = whole;
    }
}
