//! A strict, bounded JSON reader for one line. It borrows from the line, knows the column of the first
//! mistake, and notices what other readers swallow: duplicate keys, lone surrogates, escaped control characters.

mod tape;

use std::borrow::Cow;

pub use tape::{Doc, Items, Kind, Tape, Value};

/// Most values of one line: a bound on memory, far above any real row.
pub const VALUES: usize = 200_000;

/// One value; numbers stay as written.
#[derive(Debug, PartialEq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The value under a key of an object.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(pairs) => pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a text.
    pub fn text(&self) -> Option<&str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    /// Appends it as JSON without needless space; the order of keys and the spelling of numbers stay.
    pub fn write(&self, to: &mut String) {
        match self {
            Json::Null => to.push_str("null"),
            Json::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
            Json::Number(number) => to.push_str(number),
            Json::Text(text) => quote(text, to),
            Json::List(items) => {
                to.push('[');
                for (index, item) in items.iter().enumerate() {
                    to.push_str(if index > 0 { "," } else { "" });
                    item.write(to);
                }
                to.push(']');
            }
            Json::Object(pairs) => {
                to.push('{');
                for (index, (key, value)) in pairs.iter().enumerate() {
                    to.push_str(if index > 0 { "," } else { "" });
                    quote(key, to);
                    to.push(':');
                    value.write(to);
                }
                to.push('}');
            }
        }
    }
}

/// Appends a text as JSON.
pub(crate) fn quote(text: &str, to: &mut String) {
    to.push_str(&serde_json::to_string(text).expect("a text can be written"));
}

/// Why a line is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Ended,
    Unexpected,
    TrailingComma,
    SingleQuotes,
    BadEscape,
    BadNumber,
    RawControl,
    KeyNotText,
    MoreAfterEnd,
    TooDeep,
    TooMany,
}

impl Why {
    /// Those that have a phrase of their own.
    #[cfg(test)]
    pub const ALL: &'static [Self] = &[
        Self::Ended,
        Self::Unexpected,
        Self::TrailingComma,
        Self::SingleQuotes,
        Self::BadEscape,
        Self::BadNumber,
        Self::RawControl,
        Self::KeyNotText,
        Self::MoreAfterEnd,
    ];

    /// Its key in the words; the two bounds have codes of their own and never ask.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ended => "why_ended",
            Self::TrailingComma => "why_trailing_comma",
            Self::SingleQuotes => "why_single_quotes",
            Self::BadEscape => "why_bad_escape",
            Self::BadNumber => "why_bad_number",
            Self::RawControl => "why_raw_control",
            Self::KeyNotText => "why_key_not_text",
            Self::MoreAfterEnd => "why_more_after_end",
            Self::Unexpected | Self::TooDeep | Self::TooMany => "why_unexpected",
        }
    }
}

/// The first mistake: where (byte offset in the line) and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub offset: usize,
    pub why: Why,
}

/// A line that is JSON, and what was noticed on the way.
#[derive(Debug)]
pub struct Parsed<'a> {
    pub value: Json<'a>,
    /// Some object has a key twice; both values are kept.
    pub duplicates: bool,
    /// Byte offset of the first escape that is half a surrogate pair; it reads as U+FFFD.
    pub lone_surrogate: Option<usize>,
    /// The first escaped control character other than tab, line feed and carriage return.
    pub control: Option<char>,
}

/// Reads one line into a tree, white space around the value included. Where speed matters, a [`Tape`] is used again.
pub fn parse(line: &str) -> Result<Parsed<'_>, Mistake> {
    let mut tape = Tape::default();
    let Doc { value, duplicates, lone_surrogate, control } = tape.read(line)?;
    Ok(Parsed { value: tree(value, line), duplicates, lone_surrogate, control })
}

fn tree<'a>(value: Value<'_>, line: &'a str) -> Json<'a> {
    match value.kind() {
        Kind::Null => Json::Null,
        Kind::True => Json::Bool(true),
        Kind::False => Json::Bool(false),
        Kind::Number => Json::Number(&line[value.span().unwrap_or_default()]),
        Kind::Plain | Kind::Decoded => Json::Text(text(value, line)),
        Kind::List => Json::List(value.items().into_iter().flatten().map(|item| tree(item, line)).collect()),
        Kind::Object => {
            let pairs = value.keyed().into_iter().flatten();
            Json::Object(pairs.map(|(key, item)| (text(key, line), tree(item, line))).collect())
        }
    }
}

/// Borrowed from the line where the line has it as it reads.
fn text<'a>(value: Value<'_>, line: &'a str) -> Cow<'a, str> {
    match value.span() {
        Some(span) => Cow::Borrowed(&line[span.start + 1..span.end - 1]),
        None => Cow::Owned(value.text().unwrap_or_default().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_their_place_and_reason() {
        let cases = [
            ("{\"a\":1,}", 6, Why::TrailingComma),
            ("[1 ,\t]", 3, Why::TrailingComma),
            ("{\"a\":1", 6, Why::Ended),
            ("{\"a\":\"x", 7, Why::Ended),
            ("{'a':1}", 1, Why::SingleQuotes),
            ("{a:1}", 1, Why::KeyNotText),
            ("\"\\x\"", 1, Why::BadEscape),
            ("\"\\u12g4\"", 1, Why::BadEscape),
            ("\"a\tb\"", 2, Why::RawControl),
            ("01", 1, Why::BadNumber),
            ("1.", 2, Why::Ended),
            ("NaN", 0, Why::Unexpected),
            ("{} {}", 3, Why::MoreAfterEnd),
            ("", 0, Why::Ended),
        ];
        for (line, offset, why) in cases {
            assert_eq!(parse(line).expect_err(line), Mistake { offset, why }, "{line}");
        }
    }

    #[test]
    fn it_reads_the_same_values_as_serde_json() {
        for line in
            [r#"{"a":[1,-0.5e+3,null,true],"b":{"c":"\u4f60\ud83d\ude00\n\/\"x"},"空":""}"#, " [ ] ", "\"\"", "-0"]
        {
            let ours = plain(&parse(line).expect(line).value);
            assert_eq!(ours, serde_json::from_str::<serde_json::Value>(line).expect("the case is JSON"), "{line}");
        }
    }

    #[test]
    fn what_is_written_reads_as_what_was_read() {
        let line = r#" {"a" : [1.50e+3, true,false, null, "\ud83d\ude00\"\u0001\\"], "a":{} , "空":[]} "#;
        let mut written = String::new();
        parse(line).expect("JSON").value.write(&mut written);
        assert_eq!(written, "{\"a\":[1.50e+3,true,false,null,\"😀\\\"\\u0001\\\\\"],\"a\":{},\"空\":[]}");
        assert_eq!(parse(&written).expect("JSON").value, parse(line).expect("JSON").value);
    }

    fn plain(value: &Json<'_>) -> serde_json::Value {
        match value {
            Json::Null => serde_json::Value::Null,
            Json::Bool(b) => (*b).into(),
            Json::Number(n) => serde_json::from_str(n).expect("a number"),
            Json::Text(t) => t.as_ref().into(),
            Json::List(items) => items.iter().map(plain).collect(),
            Json::Object(pairs) => pairs.iter().map(|(k, v)| (k.to_string(), plain(v))).collect(),
        }
    }

    #[test]
    fn hostile_lines_are_bounded() {
        assert_eq!(parse(&"[".repeat(1_000_000)).expect_err("too deep").why, Why::TooDeep);
        assert_eq!(parse(&format!("[{}1]", "1,".repeat(VALUES))).expect_err("too many").why, Why::TooMany);
    }

    #[test]
    fn what_others_swallow_is_noticed() {
        let parsed = parse(r#"{"a":"\ud83d","a":"\u0007"}"#).expect("JSON by its grammar");
        assert_eq!((parsed.duplicates, parsed.lone_surrogate, parsed.control), (true, Some(6), Some('\u{7}')));
        let many: String = (0..40).map(|i| format!("\"k{}\":0,", i % 39)).collect();
        assert!(parse(&format!("{{{}\"z\":1}}", many)).expect("JSON").duplicates, "large objects are searched too");
    }
}
