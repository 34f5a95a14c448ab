//! A tokenizer out of a GGUF file's SentencePiece vocabulary.
//!
//! SentencePiece's BPE (arXiv 1808.06226) merges the neighbours whose union has the best score. The `tokenizers` library
//! wants a list of merges instead, so every way to split a piece into two pieces becomes a merge, best score first.

use std::cmp::Reverse;
use std::collections::HashMap;

use anyhow::Result;
use pc_base::{Code, coded};
use rayon::prelude::*;
use tokenizers::AddedToken;
use tokenizers::decoders::DecoderWrapper;
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::Replace;

use crate::gguf::{Gguf, Meta};
use crate::tokenizer::Tokenizer;

/// Ids of the largest vocabularies, eight times over.
const MAX_TOKENS: usize = 1 << 21;
/// Bytes of a piece: trying every cut of it takes time that grows with the square.
const MAX_PIECE: usize = 1024;

const UNKNOWN: i64 = 2;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;

fn list<'a>(gguf: &'a Gguf, name: &str) -> Result<&'a [Meta]> {
    match gguf.metadata.get(&format!("tokenizer.ggml.{name}")) {
        Some(Meta::List(items)) => Ok(items),
        _ => Err(invalid(&format!("tokenizer.ggml.{name} is missing"))),
    }
}

fn invalid(why: &str) -> anyhow::Error {
    coded(Code::ModelFileInvalid).with("path", "the GGUF file").with("why", why).into()
}

/// The text of one token by its id, without building a tokenizer.
pub fn piece(gguf: &Gguf, id: u32) -> Option<String> {
    match list(gguf, "tokens").ok()?.get(id as usize)? {
        Meta::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The tokenizer; saved, it is an ordinary `tokenizer.json`.
pub fn tokenizer(gguf: &Gguf) -> Result<Tokenizer> {
    match gguf.metadata.get("tokenizer.ggml.model") {
        Some(Meta::Text(kind)) if kind == "llama" => {}
        _ => return Err(invalid("its tokenizer is not SentencePiece; put a tokenizer.json beside it")),
    }
    if gguf.metadata.get("tokenizer.ggml.add_space_prefix") != Some(&Meta::Bool(false)) {
        return Err(invalid("its tokenizer puts a space before every text; put a tokenizer.json beside it"));
    }
    let (tokens, scores, kinds) = (list(gguf, "tokens")?, list(gguf, "scores")?, list(gguf, "token_type")?);
    if scores.len() != tokens.len() || kinds.len() != tokens.len() || tokens.len() > MAX_TOKENS {
        return Err(invalid("its tokens, scores and types differ in number"));
    }
    let text = |meta: &Meta| match meta {
        Meta::Text(text) => text.clone(),
        _ => String::new(),
    };
    let pieces: Vec<String> = tokens.iter().map(text).collect();
    if pieces.iter().any(|piece| piece.len() > MAX_PIECE) {
        return Err(invalid("one of its tokens is too long"));
    }
    let scores: Vec<f32> = scores.iter().map(|s| s.float().unwrap_or(0.0) as f32).collect();
    let merges = merges(&pieces, &scores);
    let vocab = pieces.iter().zip(0..).map(|(piece, id)| (piece.clone(), id)).collect::<Vocab>();
    let mut model = BPE::builder().vocab_and_merges(vocab, merges).fuse_unk(true).byte_fallback(true);
    let unknown = gguf.metadata.get("tokenizer.ggml.unknown_token_id").and_then(Meta::size);
    if let Some(piece) = unknown.and_then(|id| pieces.get(id)) {
        model = model.unk_token(piece.clone());
    }
    let refused = |e: tokenizers::Error| invalid(&e.to_string());
    let mut tokenizer = tokenizers::Tokenizer::new(model.build().map_err(refused)?);
    tokenizer.with_normalizer(Some(Replace::new(" ", "▁").map_err(refused)?));
    let spaces = DecoderWrapper::Replace(Replace::new("▁", " ").map_err(refused)?);
    let bytes = DecoderWrapper::ByteFallback(ByteFallback::default());
    tokenizer.with_decoder(Some(Sequence::new(vec![spaces, bytes, DecoderWrapper::Fuse(Fuse::default())])));
    tokenizer.add_tokens(&added(pieces, kinds));
    Ok(Tokenizer::from_built(tokenizer))
}

/// What is matched in the raw text before anything is merged.
fn added(pieces: Vec<String>, kinds: &[Meta]) -> Vec<AddedToken> {
    let kinds = kinds.iter().map(|kind| kind.float().unwrap_or(0.0) as i64);
    let wanted = pieces.into_iter().zip(kinds).filter(|(_, kind)| matches!(*kind, UNKNOWN | CONTROL | USER_DEFINED));
    wanted.map(|(piece, kind)| AddedToken::from(piece, kind != USER_DEFINED).normalized(false)).collect()
}

/// Best score first; among equals the longer left part, then the longer right part, then the older pieces.
fn merges(pieces: &[String], scores: &[f32]) -> Vec<(String, String)> {
    let ids: HashMap<&str, usize> = pieces.iter().enumerate().map(|(id, piece)| (piece.as_str(), id)).collect();
    let mut found: Vec<(usize, usize, usize)> = (0..pieces.len())
        .into_par_iter()
        .flat_map_iter(|whole| {
            let piece = pieces[whole].as_str();
            let cuts = piece.char_indices().skip(1).map(|(at, _)| at);
            let ids = &ids;
            let mut splits: Vec<_> =
                cuts.filter_map(|at| Some((*ids.get(&piece[..at])?, *ids.get(&piece[at..])?, whole))).collect();
            splits.sort_unstable();
            splits
        })
        .collect();
    let lengths: Vec<usize> = pieces.iter().map(|piece| piece.chars().count()).collect();
    let longer_first = |merge: &(usize, usize, usize)| (Reverse(lengths[merge.0]), Reverse(lengths[merge.1]));
    found.par_sort_by(|x, y| scores[y.2].total_cmp(&scores[x.2]).then_with(|| longer_first(x).cmp(&longer_first(y))));
    found.into_par_iter().map(|(left, right, _)| (pieces[left].clone(), pieces[right].clone())).collect()
}
