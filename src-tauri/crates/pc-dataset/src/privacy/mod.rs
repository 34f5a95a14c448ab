//! Personal data and secrets in data sets: found in one pass over a text, counted over a file, and masked, removed, made
//! coarser or replaced by consistent stand-ins. Deliberately absent: sealing the map from stand-ins back to people, which
//! is the caller's; models that guess names without a word around them; sending anything anywhere.

mod checks;
mod context;
mod file;
mod kinds;
mod numbers;
mod people;
mod preview;
mod register;
mod reverse;
mod rows;
mod secrets;
mod stand_ins;
#[cfg(test)]
mod tests;
mod tokens;
mod ways;

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use anyhow::bail;
use pc_base::{Code, CodedExt as _, coded};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::finding::Found;
use context::Context;
pub use file::{MaskReport, Place, PrivacyReport, ScanOptions, mask_file, scan_file};
pub use kinds::{Certainty, Kind, Span};
pub use preview::{Piece, Preview, PreviewOptions, PreviewRow, PreviewText, mask_preview};
pub use register::StandIns;
pub use reverse::{ReverseReport, reverse, reverse_file};
pub use stand_ins::Key;
pub use ways::{Plan, Way};

/// Most bytes of one compiled expression.
const PATTERN_BYTES: usize = 1 << 20;
/// Most own rules, and most words of one.
const RULES: usize = 1_000;
const WORDS: usize = 1_000_000;

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Kinds that are not looked for.
    pub without: BTreeSet<Kind>,
    pub own: Vec<OwnRule>,
}

/// A rule of the caller's own: words, or an expression in the syntax of the `regex` crate (linear time).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnRule {
    Words { name: String, words: Vec<String> },
    Pattern { name: String, pattern: String },
}

impl OwnRule {
    /// Its name for people.
    pub fn name(&self) -> &str {
        let (Self::Words { name, .. } | Self::Pattern { name, .. }) = self;
        name
    }
}

/// What a cue of the dictionary announces.
#[derive(Clone, Copy)]
enum Cue {
    Name,
    Title,
    English,
    Prefix(usize),
    Assigned(&'static str),
    Mark(&'static str),
}

/// Finds; made once, shared by all cores.
pub struct Detector {
    cues: AhoCorasick,
    meanings: Vec<Cue>,
    without: BTreeSet<Kind>,
    words: Option<(AhoCorasick, Vec<u16>)>,
    patterns: Vec<(Regex, u16)>,
}

impl Detector {
    /// Compiles the rules. Fails with `pattern_invalid` for an expression that is none or too large, and with
    /// `privacy_rules_many` for too many of them.
    pub fn new(rules: &Rules) -> anyhow::Result<Self> {
        let mut list: Vec<(&str, Cue)> = Vec::new();
        list.extend(people::NAME_CUES.iter().map(|word| (*word, Cue::Name)));
        list.extend(people::TITLES.iter().map(|word| (*word, Cue::Title)));
        list.extend(people::ENGLISH_CUES.iter().map(|word| (*word, Cue::English)));
        list.extend(secrets::PREFIXES.iter().enumerate().map(|(at, prefix)| (prefix.0, Cue::Prefix(at))));
        list.extend(secrets::ASSIGNED.iter().map(|word| (*word, Cue::Assigned(word))));
        list.extend(secrets::MARKS.iter().map(|word| (*word, Cue::Mark(word))));
        let cues = AhoCorasickBuilder::new()
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(list.iter().map(|(word, _)| word))?;
        let meanings = list.iter().map(|(_, cue)| *cue).collect();
        let (words, patterns) = own(&rules.own)?;
        Ok(Self { cues, meanings, without: rules.without.clone(), words, patterns })
    }

    /// All finds of a text in its order, none over another: the most certain wins, then the longest, then the first.
    pub fn scan(&self, text: &str) -> Vec<Span> {
        let context = Context::new(text);
        let mut found = Vec::new();
        candidates(&context, &mut found);
        for hit in self.cues.find_iter(text) {
            let exact = |word: &str| text[hit.start()..hit.end()] == *word;
            let span = match self.meanings[hit.pattern().as_usize()] {
                Cue::Name => people::after_cue(&context, hit.end()),
                Cue::Title => people::before_title(&context, hit.start()),
                Cue::English => people::english(&context, hit.end()),
                Cue::Prefix(at) if exact(secrets::PREFIXES[at].0) => {
                    secrets::prefixed(&context, hit.start(), &secrets::PREFIXES[at])
                }
                Cue::Prefix(_) => None,
                Cue::Assigned(word) => secrets::assigned(&context, hit.end(), word),
                Cue::Mark(mark) => secrets::marked(&context, hit.start(), mark),
            };
            found.extend(span.filter(|span| span.kind != Kind::Name || !people::made_up(&text[span.start..span.end])));
        }
        self.own(text, &mut found);
        found.retain(|span| !self.without.contains(&span.kind));
        disjoint(found)
    }

    /// What is said of a line of a file: a finding for each find, in its order.
    pub(crate) fn look(&self, line: &str, take: impl FnMut(Found)) {
        rows::find(&|text| self.scan(text), line).iter().map(rows::Hit::found).for_each(take);
    }

    fn own(&self, text: &str, found: &mut Vec<Span>) {
        let mut add = |start, end, rule| {
            if start < end {
                let span = Span::new(Kind::Custom, (start, end), Certainty::Certain, "");
                found.push(Span { rule: Some(rule), ..span });
            }
        };
        if let Some((words, rules)) = &self.words {
            words.find_iter(text).for_each(|hit| add(hit.start(), hit.end(), rules[hit.pattern().as_usize()]));
        }
        for (pattern, rule) in &self.patterns {
            pattern.find_iter(text).for_each(|hit| add(hit.start(), hit.end(), *rule));
        }
    }
}

type Own = (Option<(AhoCorasick, Vec<u16>)>, Vec<(Regex, u16)>);

fn own(rules: &[OwnRule]) -> anyhow::Result<Own> {
    let many = || coded(Code::PrivacyRulesMany).with("rules", RULES).with("words", WORDS);
    if rules.len() > RULES {
        bail!(many());
    }
    let (mut words, mut owners, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
    for (at, rule) in rules.iter().enumerate() {
        match rule {
            OwnRule::Words { words: list, .. } => {
                let list = list.iter().filter(|word| !word.trim().is_empty());
                words.extend(list.map(String::as_str));
                owners.resize(words.len(), at as u16);
            }
            OwnRule::Pattern { name, pattern } => {
                let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build();
                patterns.push((built.code(|| coded(Code::PatternInvalid).with("name", name))?, at as u16));
            }
        }
    }
    if words.len() > WORDS {
        bail!(many());
    }
    let built = AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest).build(&words);
    let built = if words.is_empty() { None } else { Some((built.code(many)?, owners)) };
    Ok((built, patterns))
}

/// Bytes at which a candidate may begin.
const TRIGGERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'0';
    while byte <= b'9' {
        table[byte as usize] = true;
        byte += 1;
    }
    table[b'@' as usize] = true;
    table[b':' as usize] = true;
    table[b'-' as usize] = true;
    table[0xEF] = true;
    table
};

/// One pass over the bytes; only a few of them are looked at twice.
fn candidates(context: &Context<'_>, found: &mut Vec<Span>) {
    let bytes = context.bytes;
    let (mut at, mut colons_until) = (0, 0);
    while let Some(step) = bytes[at..].iter().position(|byte| TRIGGERS[usize::from(*byte)]) {
        at += step;
        match bytes[at] {
            b'@' => found.extend(tokens::email(context, at).or_else(|| people::mentioned(context, at + 1))),
            b':' | b'-' if at >= colons_until => {
                if let Some(span) = tokens::colons(context, at) {
                    colons_until = span.end;
                    found.push(span);
                }
            }
            _ if numbers::digit(bytes, at).is_some() => {
                at = number(context, at, found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// What begins with, or around, a digit; gives where to go on.
fn number(context: &Context<'_>, at: usize, found: &mut Vec<Span>) -> usize {
    let bytes = context.bytes;
    let lettered = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
    let plain = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = bytes.get(at + plain).copied().unwrap_or_default();
    if lettered
        || after.is_ascii_alphabetic()
        || matches!(bytes[..at], [.., b'A'..=b'Z', b' ' | b'-'] | [.., 0xC2, 0xB7] | [.., 0xE2, 0x80, 0xA2])
    {
        let word = tokens::word(bytes, at);
        if let Some(span) = tokens::judge(context, word) {
            found.push(span);
            return span.end.max(at + 1);
        }
    }
    // Six pairs of digits are an address of a card as well as pairs with letters; with one capital pair before, insurance's.
    let insured = plain == 2 && matches!(bytes[..at], [.., b'A'..=b'Z', b'A'..=b'Z', b' ']);
    let paired = if insured { tokens::insurance(context, at - 3) } else { None };
    let hyphened = plain == 2 && after == b'-' && !lettered;
    let paired = paired.or_else(|| if hyphened { tokens::colons(context, at + 2) } else { None });
    if let Some(span) = paired {
        found.push(span);
        return span.end;
    }
    if after == b'.'
        && plain <= 3
        && let Some(span) = tokens::ipv4(context, at)
    {
        found.push(span);
        return span.end;
    }
    if plain == 0 {
        found.extend(people::chinese_address(context, at));
    } else if plain <= 6 {
        if after == b' ' || after.is_ascii_alphabetic() {
            found.extend(people::english_address(context, at));
        } else if after >= 0x80 || after == b'-' || after == b'#' {
            found.extend(people::chinese_address(context, at));
        }
    }
    if lettered {
        return tokens::word(bytes, at).1.max(at + 1);
    }
    let run = numbers::Run::read(bytes, at);
    if run.digits.len() >= 7 {
        numbers::judge(context, &run, found);
    }
    run.end.max(at + 1)
}

/// Drops what lies over something better.
fn disjoint(mut found: Vec<Span>) -> Vec<Span> {
    found.sort_by_key(|span| {
        (std::cmp::Reverse(span.certainty), std::cmp::Reverse(span.end - span.start), span.start, span.kind, span.rule)
    });
    let mut kept: Vec<Span> = Vec::with_capacity(found.len());
    for span in found {
        let place = kept.partition_point(|other| other.start < span.start);
        let free = kept.get(place).is_none_or(|next| next.start >= span.end)
            && place.checked_sub(1).is_none_or(|before| kept[before].end <= span.start);
        if free {
            kept.insert(place, span);
        }
    }
    kept
}
