//! A line that is not JSON, mended where it can only be meant one way: commas before a closing bracket, control characters that
//! are not escaped, texts in single quotes, and Python's words. What comes out is JSON, or nothing does. Deliberately absent:
//! guesses, such as where a text that is cut off would have ended.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::json::{Tape, quote};
use crate::read::gb18030;

/// Python's words and JSON's.
const WORDS: &[(&str, &str)] = &[("True", "true"), ("False", "false"), ("None", "null")];

/// The line as JSON.
pub(super) fn mended(line: &str) -> Option<String> {
    // A mark in the middle of a file: somebody put two files together.
    let bare = line.trim_start_matches('\u{feff}');
    let mut new = String::with_capacity(bare.len() + 16);
    let mut rest = bare.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '"' => double(&mut rest, &mut new)?,
            '\'' => quote(&single(&mut rest)?, &mut new),
            ',' if bare[at + 1..].trim_start().starts_with(['}', ']'])
                && !new.trim_end().ends_with(['[', '{', ',']) => {}
            'A'..='Z' => {
                let (python, json) = WORDS.iter().find(|(python, _)| bare[at..].starts_with(python))?;
                new.push_str(json);
                rest.nth(python.len() - 2)?;
                if rest.peek().is_some_and(|(_, c)| c.is_alphanumeric() || *c == '_') {
                    return None;
                }
            }
            other => new.push(other),
        }
    }
    (new != line && Tape::default().read(&new).is_ok()).then_some(new)
}

/// A text in double quotes, after the first of them.
fn double(rest: &mut Peekable<CharIndices<'_>>, to: &mut String) -> Option<()> {
    to.push('"');
    loop {
        match rest.next()?.1 {
            '"' => break to.push('"'),
            '\\' => match rest.next()?.1 {
                '\'' => to.push('\''),
                other => to.extend(['\\', other]),
            },
            c if c < ' ' => {
                let mut escaped = String::new();
                quote(c.encode_utf8(&mut [0; 4]), &mut escaped);
                to.push_str(escaped.trim_matches('"'));
            }
            other => to.push(other),
        }
    }
    Some(())
}

/// A text in single quotes, after the first of them, as Python reads it.
fn single(rest: &mut Peekable<CharIndices<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()?.1 {
            '\'' => return Some(text),
            '\\' => text.push(match rest.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                same @ ('\'' | '"' | '\\') => same,
                'x' => number(rest, 2)?,
                'u' => number(rest, 4)?,
                'U' => number(rest, 8)?,
                _ => return None,
            }),
            other => text.push(other),
        }
    }
}

fn number(rest: &mut Peekable<CharIndices<'_>>, digits: usize) -> Option<char> {
    let mut value = 0_u32;
    for _ in 0..digits {
        value = value.checked_mul(16)? + rest.next()?.1.to_digit(16)?;
    }
    char::from_u32(value)
}

/// A line that is not UTF-8 but plainly GB18030: every byte of it is, nearly all of its characters are common ones, and it is
/// JSON.
pub(super) fn decoded(line: &[u8]) -> Option<String> {
    gb18030(line).filter(|text| Tape::default().read(text.trim()).is_ok())
}

/// A line without escapes that are half a surrogate pair.
pub(super) fn whole_characters(line: &str) -> String {
    let unit = |at: usize| {
        let hex = line.get(at..at + 6)?.strip_prefix("\\u")?;
        hex.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(hex, 16).ok()).flatten()
    };
    let (mut new, mut from, mut at) = (String::with_capacity(line.len()), 0, 0);
    while let Some(step) = memchr::memchr(b'\\', &line.as_bytes()[at..]) {
        at += step;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                new.push_str(&line[from..at]);
                from = at + 6;
                6
            }
            // The character behind may be several bytes, but it is no backslash that would be passed over.
            _ => 2,
        };
        at = at.min(line.len());
    }
    new.push_str(&line[from..]);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_only_be_meant_one_way_is_mended() {
        let cases = [
            ("{\"a\":1,}", "{\"a\":1}"),
            ("[1 , ]", "[1  ]"),
            ("{\"a\":\"x\ty\u{1}\"}", "{\"a\":\"x\\ty\\u0001\"}"),
            (
                "{'a': 'it\\'s \"so\"\\x41', 'b': [True, None, False]}",
                "{\"a\": \"it's \\\"so\\\"A\", \"b\": [true, null, false]}",
            ),
            ("\u{feff}{}", "{}"),
            ("{\"a\":\"it\\'s\"}", "{\"a\":\"it's\"}"),
            ("{\"a\": \"True, 'x',}\",}", "{\"a\": \"True, 'x',}\"}"),
        ];
        for (line, wanted) in cases {
            assert_eq!(mended(line).as_deref(), Some(wanted), "{line}");
        }
        for line in [
            "{\"a\":1",
            "{\"a\":\"x",
            "{'a': 'it's'}",
            "{a:1}",
            "{} {}",
            "[,]",
            "[1,,]",
            "[Truest]",
            "[Tr",
            "{\"a\":\"\\x\"}",
            "'\\U99999999'",
            "",
        ] {
            assert_eq!(mended(line), None, "{line}");
        }
    }

    #[test]
    fn half_characters_go_and_whole_ones_stay() {
        let cases = [
            ("\"a\\ud83db\\ud83d\\ude00\\ude00\"", "\"ab\\ud83d\\ude00\""),
            ("\"\\\\ud83d\\ud83d\\ud83d\\ude00\"", "\"\\\\ud83d\\ud83d\\ude00\""),
            ("\"\\u+123\\好\\", "\"\\u+123\\好\\"),
        ];
        for (line, wanted) in cases {
            assert_eq!(whole_characters(line), wanted);
        }
    }

    #[test]
    fn a_line_of_another_encoding_is_read_where_it_is_plain_which() {
        let text = r#"{"text":"我们的酒店在西湖边上，欢迎光临"}"#;
        let (bytes, _, _) = encoding_rs::GB18030.encode(text);
        assert_eq!(decoded(&bytes).as_deref(), Some(text));
        for bytes in [&b"{\"text\":\"caf\xe9\"}"[..], b"\xff\xfe", &text.as_bytes()[..20]] {
            assert_eq!(decoded(bytes), None);
        }
        let mut broken = text.as_bytes().to_vec();
        broken[12] = 0xff;
        assert_eq!(decoded(&broken), None, "one broken byte of UTF-8 makes it nothing else");
    }
}
