//! `tokenizer.json` as the `tokenizers` library reads it (<https://github.com/huggingface/tokenizers>): what is understood
//! becomes tables, and anything else is a reason to let the library count.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};

use super::added::{self, Added};
use super::cuts::{ByteCuts, CharacterCuts, Cuts, MARK};
use super::own::{Characters, Normal, Own, Symbols};
use super::pairs::{NONE, Pairs};
use super::split::Split;
use crate::tokenizer::byte_level;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    added_tokens: Vec<Token>,
    model: Model,
}

#[derive(Deserialize)]
struct Token {
    id: u32,
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    dropout: Option<f32>,
    #[serde(default)]
    continuing_subword_prefix: Option<String>,
    #[serde(default)]
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    vocab: HashMap<String, u32>,
    merges: Vec<Merge>,
}

/// Newer files have a list of two, older ones a text with a space.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair(String, String),
    Line(String),
}

impl Merge {
    fn pair(&self) -> Option<(&str, &str)> {
        match self {
            Self::Pair(left, right) => Some((left, right)),
            Self::Line(line) => line.split_once(' ').filter(|(_, right)| !right.contains(' ')),
        }
    }
}

/// The tables, or what is not understood, as the end of a sentence.
pub(super) fn read(bytes: &[u8]) -> Result<Own, String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| format!("its shape is unknown ({error})"))?;
    let model = &file.model;
    if model.kind.as_deref() != Some("BPE") || model.dropout.is_some_and(|dropout| dropout != 0.0) {
        return Err("its model is not plain BPE".into());
    }
    let affixes = [&model.continuing_subword_prefix, &model.end_of_word_suffix];
    if affixes.into_iter().flatten().any(|affix| !affix.is_empty()) {
        return Err("its model marks the parts of words".into());
    }
    let normal = normalizer(&file.normalizer)?;
    let added = added(&file)?;
    let merges = merges(model)?;
    match splitting(&file.pre_tokenizer)? {
        Some(split) => by_bytes(model, added, (normal.unwrap_or(Normal::Nothing), split), &merges, normal.is_none()),
        None => by_characters(model, added, &merges, normal),
    }
}

/// `None` is the replacement of spaces by their mark.
fn normalizer(value: &Value) -> Result<Option<Normal>, String> {
    let mark = MARK.to_string();
    match value["type"].as_str() {
        _ if value.is_null() => Ok(Some(Normal::Nothing)),
        Some("NFC") => Ok(Some(Normal::Composed)),
        Some("Replace") if value["pattern"] == json!({"String": " "}) && value["content"] == mark.as_str() => Ok(None),
        Some("Sequence") if value["normalizers"].as_array().is_some_and(Vec::is_empty) => Ok(Some(Normal::Nothing)),
        _ => Err("its normalizer is unknown".into()),
    }
}

/// `None` is a whole text, cut into characters.
fn splitting(value: &Value) -> Result<Option<Split>, String> {
    let unknown = || Err("its pre-tokenizer is unknown".into());
    match value["type"].as_str() {
        _ if value.is_null() => Ok(None),
        // Nothing is left of a space when its mark has taken its place.
        Some("Split") if value["pattern"] == json!({"String": " "}) => Ok(None),
        Some("ByteLevel") if value["add_prefix_space"] == false => {
            Ok(Some(if value["use_regex"] == false { Split::Whole } else { Split::Gpt2 }))
        }
        Some("Sequence") => match value["pretokenizers"].as_array().map(Vec::as_slice) {
            Some([split, bytes])
                if (&split["type"], &split["behavior"], &split["invert"])
                    == (&json!("Split"), &json!("Isolated"), &json!(false))
                    && (&bytes["type"], &bytes["add_prefix_space"], &bytes["use_regex"])
                        == (&json!("ByteLevel"), &json!(false), &json!(false)) =>
            {
                let split = split["pattern"]["Regex"].as_str().and_then(Split::of);
                split.map_or_else(unknown, |split| Ok(Some(split)))
            }
            _ => unknown(),
        },
        _ => unknown(),
    }
}

/// Added tokens with the ids that the library gives them, which are those of the file or it is not understood.
fn added(file: &File) -> Result<BTreeMap<String, u32>, String> {
    let mut tokens = BTreeMap::new();
    let mut next = u32::try_from(file.model.vocab.len()).map_err(|_| "its vocabulary is too large")?;
    for token in &file.added_tokens {
        if token.content.is_empty() {
            continue;
        }
        if token.single_word || token.lstrip || token.rstrip || token.normalized || token.content.len() > added::LONGEST
        {
            return Err(format!("its added token {:?} has conditions", token.content));
        }
        let id = file.model.vocab.get(&token.content).or_else(|| tokens.get(&token.content)).copied();
        let id = id.unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        if id != token.id {
            return Err(format!("its added token {:?} has another id than its vocabulary gives it", token.content));
        }
        tokens.insert(token.content.clone(), id);
    }
    Ok(tokens)
}

struct Joined<'a> {
    left: (&'a str, u32),
    right: (&'a str, u32),
    becomes: u32,
}

fn merges(model: &Model) -> Result<Vec<Joined<'_>>, String> {
    let joined = model.merges.iter().map(|merge| {
        let (left, right) = merge.pair()?;
        let id = |text: &str| model.vocab.get(text).copied();
        let becomes = id(&format!("{left}{right}"))?;
        Some(Joined { left: (left, id(left)?), right: (right, id(right)?), becomes })
    });
    joined.collect::<Option<Vec<_>>>().ok_or_else(|| "its merges name tokens that it does not have".into())
}

fn pairs(merges: &[Joined]) -> Pairs {
    let mut pairs = Pairs::with_room(merges.len());
    for (rank, merge) in (0..).zip(merges) {
        pairs.insert((merge.left.1, merge.right.1), rank, merge.becomes);
    }
    pairs
}

fn by_bytes(
    model: &Model,
    added: BTreeMap<String, u32>,
    (normal, split): (Normal, Split),
    merges: &[Joined],
    marked: bool,
) -> Result<Own, String> {
    if marked {
        return Err("it marks spaces and works on bytes".into());
    }
    let mut ids = Box::new([NONE; 256]);
    let mut bytes: HashMap<&str, Vec<u8>> = HashMap::with_capacity(model.vocab.len());
    for (text, id) in &model.vocab {
        // A token with another character can never be made of bytes.
        let Some(token) = text.chars().map(byte_level).collect::<Option<Vec<u8>>>() else { continue };
        if let [byte] = token.as_slice() {
            ids[usize::from(*byte)] = *id;
        }
        bytes.insert(text, token);
    }
    if ids.contains(&NONE) {
        return Err("its vocabulary lacks a byte".into());
    }
    let sides = merges
        .iter()
        .filter_map(|merge| Some((bytes.get(merge.left.0)?.as_slice(), bytes.get(merge.right.0)?.as_slice())));
    let cuts = Cuts::Bytes(ByteCuts::new(sides));
    let (symbols, pairs, whole) = (Symbols::Bytes(ids), pairs(merges), HashMap::new());
    let mut own = Own { added: Added::new(&added), normal, split, symbols, cuts, pairs, whole };
    if model.ignore_merges {
        own.keep_whole(bytes.iter().map(|(text, token)| (token.as_slice(), model.vocab[*text])));
    }
    Ok(own)
}

fn by_characters(
    model: &Model,
    added: BTreeMap<String, u32>,
    merges: &[Joined],
    normal: Option<Normal>,
) -> Result<Own, String> {
    if normal.is_some() || !model.byte_fallback || model.ignore_merges {
        return Err("it works on characters in an unknown way".into());
    }
    let mut bytes = Box::new([NONE; 256]);
    for (byte, id) in (0..).zip(bytes.iter_mut()) {
        let name: String = format!("<0x{byte:02X}>");
        *id = *model.vocab.get(&name).ok_or("its vocabulary lacks a byte")?;
    }
    let of_byte = |id: u32| bytes.contains(&id);
    let edges = |merge: &&Joined| merge.left.0.starts_with("<0x") || merge.right.0.starts_with("<0x");
    if merges.iter().filter(edges).any(|merge| of_byte(merge.left.1) || of_byte(merge.right.1)) {
        return Err("its merges join bytes that stand for characters".into());
    }
    if !model.vocab.contains_key(MARK.to_string().as_str()) {
        return Err("its vocabulary lacks the mark of a space".into());
    }
    let single = model.vocab.iter().filter_map(|(text, id)| {
        let mut characters = text.chars();
        characters.next().filter(|_| characters.next().is_none()).map(|character| (character, *id))
    });
    let symbols = Symbols::Characters(Characters::new(single, bytes));
    let cuts = Cuts::Characters(CharacterCuts::new(merges.iter().map(|merge| (merge.left.0, merge.right.0))));
    let (normal, split, pairs) = (Normal::Nothing, Split::Whole, pairs(merges));
    Ok(Own { added: Added::new(&added), normal, split, symbols, cuts, pairs, whole: HashMap::new() })
}
