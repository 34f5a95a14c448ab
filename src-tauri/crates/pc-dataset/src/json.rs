//! A strict, bounded JSON reader for one line. It borrows from the line, knows the column of the first
//! mistake, and notices what other readers swallow: duplicate keys, lone surrogates, escaped control characters.

use std::borrow::Cow;
use std::collections::HashSet;

use memchr::memchr2;

use crate::limits::DEPTH;

/// Most values of one line: a bound on memory, far above any real row.
pub const VALUES: usize = 200_000;
/// Objects up to this size are searched for duplicates by comparing all pairs, which is quicker than hashing.
const FEW_KEYS: usize = 12;

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

/// Reads one line, white space around the value included.
pub fn parse(line: &str) -> Result<Parsed<'_>, Mistake> {
    let mut reader = Reader {
        text: line,
        bytes: line.as_bytes(),
        at: 0,
        values: 0,
        duplicates: false,
        lone_surrogate: None,
        control: None,
    };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < reader.bytes.len() {
        return Err(reader.mistake(Why::MoreAfterEnd));
    }
    let Reader { duplicates, lone_surrogate, control, .. } = reader;
    Ok(Parsed { value, duplicates, lone_surrogate, control })
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    values: usize,
    duplicates: bool,
    lone_surrogate: Option<usize>,
    control: Option<char>,
}

impl<'a> Reader<'a> {
    fn mistake(&self, why: Why) -> Mistake {
        let why = if self.at >= self.bytes.len() { Why::Ended } else { why };
        Mistake { offset: self.at, why }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, Mistake> {
        self.space();
        self.values += 1;
        if depth > DEPTH {
            return Err(self.mistake(Why::TooDeep));
        }
        if self.values > VALUES {
            return Err(self.mistake(Why::TooMany));
        }
        match self.peek() {
            Some(b'"') => self.string().map(Json::Text),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'\'') => Err(self.mistake(Why::SingleQuotes)),
            _ => Err(self.mistake(Why::Unexpected)),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Mistake> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.mistake(Why::Unexpected));
        }
        self.at += word.len();
        Ok(value)
    }

    /// After an item: true goes on to the next one, false has passed the closing bracket.
    fn goes_on(&mut self, close: u8) -> Result<bool, Mistake> {
        self.space();
        match self.peek() {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.space();
                if self.peek() == Some(close) {
                    return Err(Mistake { offset: comma, why: Why::TrailingComma });
                }
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.mistake(Why::Unexpected)),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, Mistake> {
        self.at += 1;
        self.space();
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.goes_on(b']')? {
                return Ok(Json::List(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, Mistake> {
        self.at += 1;
        self.space();
        let mut pairs = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(pairs));
        }
        loop {
            match self.peek() {
                Some(b'"') => {}
                Some(b'\'') => return Err(self.mistake(Why::SingleQuotes)),
                _ => return Err(self.mistake(Why::KeyNotText)),
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.mistake(Why::Unexpected));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            pairs.push((key, value));
            if !self.goes_on(b'}')? {
                self.duplicates = self.duplicates || has_duplicate(&pairs);
                return Ok(Json::Object(pairs));
            }
        }
    }

    fn digits(&mut self) -> Result<(), Mistake> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.mistake(Why::BadNumber));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json<'a>, Mistake> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.mistake(Why::BadNumber));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(&self.text[start..self.at]))
    }

    /// The stretch up to the next quote or backslash, which holds no raw control character.
    fn stretch(&mut self) -> Result<&'a str, Mistake> {
        let rest = &self.bytes[self.at..];
        let Some(length) = memchr2(b'"', b'\\', rest) else {
            return Err(Mistake { offset: self.bytes.len(), why: Why::Ended });
        };
        if rest[..length].iter().fold(false, |any, &byte| any | (byte < 0x20)) {
            let first = rest.iter().position(|&byte| byte < 0x20).unwrap_or(0);
            return Err(Mistake { offset: self.at + first, why: Why::RawControl });
        }
        let start = self.at;
        self.at += length;
        Ok(&self.text[start..self.at])
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Mistake> {
        self.at += 1;
        let first = self.stretch()?;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(first));
        }
        let mut text = first.to_owned();
        while self.peek() == Some(b'\\') {
            let c = self.escape()?;
            if c < '\u{20}' && !matches!(c, '\t' | '\n' | '\r') || c == '\u{7f}' {
                self.control.get_or_insert(c);
            }
            text.push(c);
            text.push_str(self.stretch()?);
        }
        self.at += 1;
        Ok(Cow::Owned(text))
    }

    fn escape(&mut self) -> Result<char, Mistake> {
        let start = self.at;
        let letter = *self.bytes.get(start + 1).ok_or(Mistake { offset: start, why: Why::Ended })?;
        self.at += 2;
        Ok(match letter {
            b'"' | b'\\' | b'/' => letter as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(start),
            _ => return Err(Mistake { offset: start, why: Why::BadEscape }),
        })
    }

    fn hex4(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 4)?;
        digits.iter().try_fold(0, |sum, &byte| Some(sum * 16 + (byte as char).to_digit(16)?))
    }

    fn unicode(&mut self, start: usize) -> Result<char, Mistake> {
        let first = self.hex4(self.at).ok_or(Mistake { offset: start, why: Why::BadEscape })?;
        self.at += 4;
        if let 0xd800..=0xdbff = first {
            let second = if self.bytes[self.at..].starts_with(b"\\u") { self.hex4(self.at + 2) } else { None };
            if let Some(second @ 0xdc00..=0xdfff) = second {
                self.at += 6;
                let scalar = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(scalar).expect("a surrogate pair is a scalar value"));
            }
        }
        Ok(char::from_u32(first).unwrap_or_else(|| {
            self.lone_surrogate.get_or_insert(start);
            char::REPLACEMENT_CHARACTER
        }))
    }
}

fn has_duplicate(pairs: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    if pairs.len() <= FEW_KEYS {
        return (1..pairs.len()).any(|i| pairs[..i].iter().any(|(key, _)| *key == pairs[i].0));
    }
    let mut seen = HashSet::with_capacity(pairs.len());
    pairs.iter().any(|(key, _)| !seen.insert(key.as_ref()))
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
