//! A tiktoken file of ranks (<https://github.com/openai/tiktoken>): any two neighbours whose union is a token are joined, the
//! union of the lowest rank first, and a token's rank is its id.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read as _;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use serde::{Deserialize, Serialize};

use super::added::Added;
use super::cuts::{ByteCuts, Cuts};
use super::own::{Normal, Own, Symbols};
use super::pairs::{NONE, Pairs};
use super::split::Split;

/// Bytes of a token: every way to split it is tried.
const LONGEST: usize = 512;
/// Tokens of a file; the largest published ones have 262,144.
const MOST: usize = 1 << 20;

/// The added tokens of a generation of Qwen; the vocabulary is the same for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QwenTokens {
    /// The first, whose tokenizer `dashscope` has: `<|endoftext|>`, `<|im_start|>`, `<|im_end|>` and 205 spare ones. The
    /// whole text is composed before they are looked for.
    Qwen1,
    /// Qwen2: the first three.
    Qwen2,
    /// Qwen2.5 adds pictures, tool calls and code.
    Qwen25,
    /// Qwen3 adds tool responses and thinking.
    #[default]
    Qwen3,
}

/// From the first one on, in the order of their ids (`added_tokens_decoder` of Qwen3's `tokenizer_config.json`).
const TOKENS: [&str; 26] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
];
const SPARE: usize = 205;

impl QwenTokens {
    fn texts(self) -> Vec<String> {
        let known = |count: usize| TOKENS[..count].iter().map(ToString::to_string).collect();
        match self {
            Self::Qwen1 => {
                let mut texts: Vec<String> = known(3);
                texts.extend((0..SPARE).map(|number| format!("<|extra_{number}|>")));
                texts
            }
            Self::Qwen2 => known(3),
            Self::Qwen25 => known(22),
            Self::Qwen3 => known(TOKENS.len()),
        }
    }
}

/// Qwen's vocabulary as `vocabularies/make.py` packs it.
static PACKED: &[u8] = include_bytes!("../../vocabularies/qwen.tokens");
const PACKED_TOKENS: usize = 151_643;

/// The tables for the vocabulary that is part of the program.
pub(super) fn packed(tokens: QwenTokens) -> anyhow::Result<Own> {
    let mut bytes = Vec::new();
    ZlibDecoder::new(PACKED).read_to_end(&mut bytes).context("unpacking Qwen's vocabulary")?;
    let (lengths, mut rest) = bytes.split_at_checked(PACKED_TOKENS).context("Qwen's vocabulary is too short")?;
    let mut ranks = HashMap::with_capacity(PACKED_TOKENS);
    for (rank, length) in (0..).zip(lengths) {
        let (token, behind) = rest.split_at_checked(usize::from(*length)).context("Qwen's vocabulary is too short")?;
        ranks.insert(token.to_owned(), rank);
        rest = behind;
    }
    tables(&ranks, tokens).map_err(anyhow::Error::msg)
}

/// The tables, or what is wrong with the file.
pub(super) fn read(bytes: &[u8], tokens: QwenTokens) -> Result<Own, String> {
    tables(&ranks(bytes)?, tokens)
}

fn tables(ranks: &HashMap<Vec<u8>, u32>, tokens: QwenTokens) -> Result<Own, String> {
    let next = ranks.values().max().map_or(0, |rank| rank + 1);
    let added: BTreeMap<String, u32> = tokens.texts().into_iter().zip(next..).collect();
    let mut ids = Box::new([NONE; 256]);
    for (byte, id) in (0..=u8::MAX).zip(ids.iter_mut()) {
        *id = *ranks.get([byte].as_slice()).ok_or("it lacks a byte")?;
    }
    let joined = joined(ranks);
    let mut pairs = Pairs::with_room(joined.len());
    for (left, right, whole) in &joined {
        pairs.insert((ranks[*left], ranks[*right]), *whole, *whole);
    }
    let cuts = Cuts::Bytes(ByteCuts::new(joined.iter().map(|(left, right, _)| (*left, *right))));
    let normal = if tokens == QwenTokens::Qwen1 { Normal::ComposedFirst } else { Normal::Composed };
    let (added, split, symbols) = (Added::new(&added), Split::Modern { digits: 1 }, Symbols::Bytes(ids));
    let mut own = Own { added, normal, split, symbols, cuts, pairs, whole: HashMap::new() };
    own.keep_whole(ranks.iter().map(|(token, id)| (token.as_slice(), *id)));
    Ok(own)
}

fn ranks(bytes: &[u8]) -> Result<HashMap<Vec<u8>, u32>, String> {
    let mut ranks = HashMap::new();
    let mut seen = HashSet::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let broken = || format!("line {number} is not a token in base64 and its rank");
        let text = str::from_utf8(line).map_err(|_| broken())?;
        let (token, rank) = text.split_once(' ').ok_or_else(broken)?;
        let token = STANDARD.decode(token).map_err(|_| broken())?;
        let rank: u32 = rank.parse().map_err(|_| broken())?;
        if token.is_empty() || token.len() > LONGEST || rank as usize >= MOST {
            return Err(format!("line {number} has a token or a rank that is too long"));
        }
        if ranks.insert(token, rank).is_some() || !seen.insert(rank) {
            return Err(format!("line {number} has a token or a rank that was there before"));
        }
    }
    Ok(ranks)
}

/// Every way to split a token into two, with its rank.
fn joined(ranks: &HashMap<Vec<u8>, u32>) -> Vec<(&[u8], &[u8], u32)> {
    let splits = ranks.iter().flat_map(|(token, rank)| (1..token.len()).map(move |at| (token.split_at(at), *rank)));
    let splits = splits.filter(|((left, right), _)| ranks.contains_key(*left) && ranks.contains_key(*right));
    splits.map(|((left, right), rank)| (left, right, rank)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tokens: &[&[u8]]) -> Vec<u8> {
        let bytes = (0..=u8::MAX).map(|byte| vec![byte]);
        let all = bytes.chain(tokens.iter().map(|token| token.to_vec()));
        all.enumerate().flat_map(|(rank, token)| format!("{} {rank}\n", STANDARD.encode(token)).into_bytes()).collect()
    }

    #[test]
    fn what_is_no_file_of_ranks_is_refused() {
        let why = |bytes: &[u8]| read(bytes, QwenTokens::Qwen3).err().unwrap_or_default();
        assert_eq!(why(b"YQ== 0\n"), "it lacks a byte");
        assert!(why(b"YQ==\n").contains("line 1"));
        assert!(why(b"YQ== 0\nYg== 0\n").contains("there before"));
        assert!(why(b"YQ== 4294967295\n").contains("too long"));
        assert!(read(&file(&[b"ab"]), QwenTokens::Qwen3).is_ok());
    }

    #[test]
    fn added_tokens_follow_the_ranks() {
        let own = read(&file(&[b"ab"]), QwenTokens::Qwen3).unwrap_or_else(|why| panic!("{why}"));
        let encode = |text: &str| own.encode(text, &mut super::super::pairs::Work::default());
        assert_eq!(encode("ab<|im_start|>a"), [256, 258, 97]);
        assert_eq!(encode("</think>"), [257 + 25]);
    }
}
