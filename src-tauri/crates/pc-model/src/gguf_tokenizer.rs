//! A `tokenizer.json` out of a GGUF file's SentencePiece vocabulary.
//!
//! SentencePiece's BPE (arXiv 1808.06226) merges the neighbours whose union has the best score. The `tokenizers` library
//! wants a list of merges instead, so every way to split a piece into two pieces becomes a merge, best score first.

use std::cmp::Reverse;
use std::collections::HashMap;

use anyhow::Result;
use pc_base::{Code, coded};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::gguf::{Gguf, Meta};

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

/// The bytes of a `tokenizer.json`.
pub fn tokenizer_json(gguf: &Gguf) -> Result<Vec<u8>> {
    match gguf.metadata.get("tokenizer.ggml.model") {
        Some(Meta::Text(kind)) if kind == "llama" => {}
        _ => return Err(invalid("its tokenizer is not SentencePiece; put a tokenizer.json beside it")),
    }
    let (tokens, scores, kinds) = (list(gguf, "tokens")?, list(gguf, "scores")?, list(gguf, "token_type")?);
    if scores.len() != tokens.len() || kinds.len() != tokens.len() {
        return Err(invalid("its tokens, scores and types differ in number"));
    }
    let text = |meta: &Meta| match meta {
        Meta::Text(text) => text.clone(),
        _ => String::new(),
    };
    let pieces: Vec<String> = tokens.iter().map(text).collect();
    let kind_of = |at: usize| match kinds[at] {
        Meta::Integer(kind) => kind,
        _ => 0,
    };
    let scores: Vec<f32> = scores.iter().map(|s| s.float().unwrap_or(0.0) as f32).collect();
    let unknown = (0..pieces.len()).find(|at| kind_of(*at) == UNKNOWN).map(|at| pieces[at].clone());
    let added: Vec<Value> = (0..pieces.len())
        .filter(|at| matches!(kind_of(*at), UNKNOWN | CONTROL | USER_DEFINED))
        .map(|at| {
            json!({"id": at, "content": pieces[at], "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": kind_of(at) != USER_DEFINED})
        })
        .collect();
    let vocab: serde_json::Map<String, Value> =
        pieces.iter().enumerate().map(|(id, piece)| (piece.clone(), json!(id))).collect();
    let whole = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": null,
        "post_processor": null,
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"}
        ]},
        "model": {"type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null,
                  "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
                  "vocab": vocab, "merges": merges(&pieces, &scores)}
    });
    Ok(serde_json::to_vec(&whole)?)
}

/// Best score first; among equals the longer left part, then the longer right part, then the older pieces.
fn merges(pieces: &[String], scores: &[f32]) -> Vec<[String; 2]> {
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
    let length = |id: usize| pieces[id].chars().count();
    found.sort_by(|x, y| {
        scores[y.2].total_cmp(&scores[x.2]).then_with(|| {
            (Reverse(length(x.0)), Reverse(length(x.1))).cmp(&(Reverse(length(y.0)), Reverse(length(y.1))))
        })
    });
    found.into_iter().map(|(left, right, _)| [pieces[left].clone(), pieces[right].clone()]).collect()
}
