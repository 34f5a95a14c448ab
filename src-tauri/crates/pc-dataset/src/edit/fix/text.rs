//! Repairs within one text: characters that are taken out, letters that are exchanged, encodings that are read back. Deliberately
//! absent: which texts a row has.

use std::borrow::Cow;

use crate::FindingCode as Code;
use crate::content::text::{Script, look, reads_as_gbk, script, unseen};

/// How often a text was garbled, at most; each time makes it longer.
const GARBLED: usize = 3;

/// The repaired text; nothing where there is no safe repair of this kind, or nothing to do.
pub(super) fn fixed(code: Code, text: &str) -> Option<String> {
    let new = match code {
        Code::LookAlike => words(text),
        Code::EmojiBroken | Code::ZeroWidth | Code::BidiControl => without(code, text),
        Code::Mojibake => read_back(text),
        _ => return None,
    };
    let mut left = false;
    look(&new, |found, _, _| left = left || found == code);
    (new != text && !left).then_some(new)
}

/// Takes out what is found, until nothing is: a character that goes may leave another one alone.
fn without(code: Code, text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    loop {
        let (mut kept, mut before, mut rest) = (String::with_capacity(text.len()), ' ', text.chars().peekable());
        while let Some(c) = rest.next() {
            if unseen(before, c, rest.peek().copied()).is_none_or(|(found, _)| found != code) {
                kept.push(c);
                before = c;
            }
        }
        if kept.len() == text.len() {
            return kept;
        }
        text = Cow::Owned(kept);
    }
}

/// Letters that are drawn alike in Latin, Cyrillic and Greek (a part of the confusables of Unicode Technical Standard 39); a
/// space where there is none.
const ALIKE: &[[char; 3]] = &[
    ['a', 'а', ' '],
    ['c', 'с', ' '],
    ['e', 'е', ' '],
    ['i', 'і', ' '],
    ['j', 'ј', ' '],
    ['o', 'о', 'ο'],
    ['p', 'р', ' '],
    ['s', 'ѕ', ' '],
    ['x', 'х', ' '],
    ['y', 'у', ' '],
    ['d', 'ԁ', ' '],
    ['h', 'һ', ' '],
    ['q', 'ԛ', ' '],
    ['w', 'ԝ', ' '],
    ['A', 'А', 'Α'],
    ['B', 'В', 'Β'],
    ['C', 'С', ' '],
    ['E', 'Е', 'Ε'],
    ['H', 'Н', 'Η'],
    ['I', 'І', 'Ι'],
    ['J', 'Ј', ' '],
    ['K', 'К', 'Κ'],
    ['M', 'М', 'Μ'],
    ['N', ' ', 'Ν'],
    ['O', 'О', 'Ο'],
    ['P', 'Р', 'Ρ'],
    ['S', 'Ѕ', ' '],
    ['T', 'Т', 'Τ'],
    ['X', 'Х', 'Χ'],
    ['Y', ' ', 'Υ'],
    ['Z', ' ', 'Ζ'],
];

fn words(text: &str) -> String {
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (word, more) = rest.split_at(end);
        new.push_str(&one_script(word).unwrap_or_else(|| word.to_owned()));
        let gap = more.find(char::is_alphanumeric).unwrap_or(more.len());
        new.push_str(&more[..gap]);
        rest = &more[gap..];
    }
    new
}

/// A word in the script that more than half of its letters have; nothing where a letter has no twin there.
fn one_script(word: &str) -> Option<String> {
    let mut counts = [0_usize; 3];
    word.chars().filter_map(script).for_each(|script| counts[script as usize] += 1);
    let main = [Script::Latin, Script::Cyrillic, Script::Greek]
        .into_iter()
        .find(|&script| counts[script as usize] * 2 > counts.iter().sum())?;
    word.chars()
        .map(|c| match script(c) {
            Some(own) if own != main => {
                let row = ALIKE.iter().find(|row| row[own as usize] == c)?;
                Some(row[main as usize]).filter(|&twin| twin != ' ')
            }
            _ => Some(c),
        })
        .collect()
}

/// Reads text whose UTF-8 was taken for Windows-1252 or GBK as what it was.
fn read_back(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..GARBLED {
        let new = if reads_as_gbk(&text) {
            runs(&text, |c| !c.is_ascii(), gbk)
        } else {
            runs(&text, |c| windows(c).is_some(), |run| run.chars().map(windows).collect())
        };
        if new == text {
            break;
        }
        text = new;
    }
    text
}

/// Replaces each run of such characters whose bytes are UTF-8.
fn runs(text: &str, belongs: impl Fn(char) -> bool, bytes: impl Fn(&str) -> Option<Vec<u8>>) -> String {
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(&belongs).unwrap_or(rest.len());
        new.push_str(&rest[..start]);
        let end = rest[start..].find(|c| !belongs(c)).map_or(rest.len(), |length| start + length);
        let run = &rest[start..end];
        let read = bytes(run).and_then(|bytes| String::from_utf8(bytes).ok());
        new.push_str(read.as_deref().unwrap_or(run));
        rest = &rest[end..];
    }
    new
}

fn gbk(run: &str) -> Option<Vec<u8>> {
    let (bytes, _, lost) = encoding_rs::GBK.encode(run);
    (!lost).then(|| bytes.into_owned())
}

/// The byte above ASCII that Windows-1252, or Latin-1 where that has none, shows as a character.
fn windows(c: char) -> Option<u8> {
    match c {
        '\u{80}'..='\u{ff}' => u8::try_from(u32::from(c)).ok(),
        c if c.is_ascii() => None,
        c => {
            let mut buffer = [0; 4];
            let (bytes, _, lost) = encoding_rs::WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
            bytes.first().copied().filter(|_| !lost)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_trouble_goes_and_all_else_stays() {
        let cases = [
            (Code::LookAlike, "the b\u{430}nk, \u{420}aris", "the bank, Paris"),
            (Code::LookAlike, "м\u{6f}сква 好", "москва 好"),
            (Code::ZeroWidth, "价\u{200b}\u{feff}格a\u{200d}b", "价格ab"),
            (Code::BidiControl, "a\u{202e}b\u{2066}", "ab"),
            (Code::EmojiBroken, "👨\u{200d}", "👨"),
            (Code::EmojiBroken, "好\u{1f3fd}\u{fe0f}!", "好!"),
            (Code::Mojibake, "cafÃ© donâ€™t", "café don’t"),
            (Code::Mojibake, "Ã¤Â½Â\u{a0}Ã¥Â¥Â½", "你好"),
            (Code::Mojibake, "鎴戜滑 ok", "我们 ok"),
        ];
        for (code, text, wanted) in cases {
            let done = fixed(code, text);
            assert_eq!(done.as_deref().unwrap_or(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_left() {
        for (code, text) in [
            (Code::LookAlike, "ax\u{444}\u{431}"),
            (Code::LookAlike, "Δx and \u{3b1}b"),
            (Code::Mojibake, "锟斤拷"),
            (Code::Mojibake, "ab\u{fffd}"),
            (Code::Mojibake, "浣犲ソ锛屼笘鐣"),
            (Code::ZeroWidth, "नमस्ते क्‍ष 👨‍👩‍👧"),
            (Code::PromptInjection, "忽略以上"),
        ] {
            assert_eq!(fixed(code, text), None, "{text:?}");
        }
    }
}
