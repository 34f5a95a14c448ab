//! The scanner: one pass over a line onto a tape of nodes that is used again for the next line, so that a good row
//! costs no allocation. Texts without an escape stay where they are in the line; the others are decoded side by side
//! into one buffer. Deliberately absent: meaning, which is `judge`'s, and a tree, which is `super`'s.

use std::collections::HashSet;

use super::{Mistake, VALUES, Why};
use crate::limits::DEPTH;

/// Objects up to this size are searched for duplicates by comparing all pairs, which is quicker than hashing.
const FEW_KEYS: usize = 12;
/// Room that a tape keeps for the next line; a hostile line's is given back.
const KEPT: usize = 1 << 16;

/// What a node is; texts are either a stretch of the line or one of the decoded buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    True,
    False,
    Number,
    Plain,
    Decoded,
    List,
    Object,
}

/// `next` is the node after this one and all that it holds. An object holds a text before each value: its key.
#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    start: u32,
    end: u32,
    next: u32,
}

/// The memory that reading needs.
#[derive(Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    decoded: String,
}

/// A line that is JSON, and what was noticed on the way.
#[derive(Clone, Copy, Debug)]
pub struct Doc<'a> {
    pub value: Value<'a>,
    /// Some object has a key twice; both values are kept.
    pub duplicates: bool,
    /// Byte offset of the first escape that is half a surrogate pair; it reads as U+FFFD.
    pub lone_surrogate: Option<usize>,
    /// The first escaped control character other than tab, line feed and carriage return.
    pub control: Option<char>,
}

/// One value of a line that was read.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    line: &'a str,
    tape: &'a Tape,
    at: usize,
}

impl Tape {
    /// Reads one line, white space around the value included.
    pub fn read<'a>(&'a mut self, line: &'a str) -> Result<Doc<'a>, Mistake> {
        self.nodes.clear();
        self.nodes.shrink_to(KEPT);
        self.decoded.clear();
        self.decoded.shrink_to(KEPT);
        if u32::try_from(line.len()).is_err() {
            return Err(Mistake { offset: 0, why: Why::TooMany });
        }
        let mut reader = Reader {
            text: line,
            bytes: line.as_bytes(),
            at: 0,
            values: 0,
            tape: self,
            duplicates: false,
            lone_surrogate: None,
            control: None,
        };
        reader.value(0)?;
        reader.space();
        if reader.at < reader.bytes.len() {
            return Err(reader.mistake(Why::MoreAfterEnd));
        }
        let Reader { duplicates, lone_surrogate, control, .. } = reader;
        Ok(Doc { value: Value { line, tape: self, at: 0 }, duplicates, lone_surrogate, control })
    }

    fn text<'a>(&'a self, line: &'a str, node: Node) -> &'a str {
        let from = if node.kind == Kind::Decoded { &self.decoded } else { line };
        &from[node.start as usize..node.end as usize]
    }
}

impl<'a> Value<'a> {
    fn node(self) -> Node {
        self.tape.nodes[self.at]
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// The text of a text.
    pub fn text(self) -> Option<&'a str> {
        let node = self.node();
        matches!(node.kind, Kind::Plain | Kind::Decoded).then(|| self.tape.text(self.line, node))
    }

    /// A number as written.
    pub fn number(self) -> Option<&'a str> {
        let node = self.node();
        (node.kind == Kind::Number).then(|| self.tape.text(self.line, node))
    }

    /// The bytes of the line that the value takes, its quotes or brackets included.
    pub fn span(self) -> Option<std::ops::Range<usize>> {
        let node = self.node();
        match node.kind {
            Kind::Decoded => None,
            Kind::Plain => Some(node.start as usize - 1..node.end as usize + 1),
            _ => Some(node.start as usize..node.end as usize),
        }
    }

    /// The items of a list.
    pub fn items(self) -> Option<Items<'a>> {
        let node = self.node();
        (node.kind == Kind::List).then(|| Items { next: Value { at: self.at + 1, ..self }, end: node.next as usize })
    }

    /// The keys and values of an object, as often as they are there.
    pub fn pairs(self) -> Option<impl Iterator<Item = (&'a str, Self)>> {
        self.keyed().map(|pairs| pairs.map(|(key, value)| (key.text().unwrap_or_default(), value)))
    }

    /// The same with keys as values.
    pub fn keyed(self) -> Option<impl Iterator<Item = (Self, Self)>> {
        let node = self.node();
        (node.kind == Kind::Object).then(move || {
            let mut at = self.at + 1;
            std::iter::from_fn(move || {
                let (key, value) = (Value { at, ..self }, Value { at: at + 1, ..self });
                (at < node.next as usize).then(|| {
                    at = value.node().next as usize;
                    (key, value)
                })
            })
        })
    }

    /// The first value under a key of an object.
    pub fn get(self, key: &str) -> Option<Self> {
        self.pairs()?.find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

/// Goes through a list.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    next: Value<'a>,
    end: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        if self.next.at >= self.end {
            return None;
        }
        let item = self.next;
        self.next.at = item.node().next as usize;
        Some(item)
    }
}

struct Reader<'a, 't> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    values: usize,
    tape: &'t mut Tape,
    duplicates: bool,
    lone_surrogate: Option<usize>,
    control: Option<char>,
}

impl Reader<'_, '_> {
    fn mistake(&self, why: Why) -> Mistake {
        let why = if self.at >= self.bytes.len() { Why::Ended } else { why };
        Mistake { offset: self.at, why }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a line is shorter than 4 GiB, and so is all that it holds")]
    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.tape.nodes.len() as u32 + 1;
        self.tape.nodes.push(Node { kind, start: start as u32, end: end as u32, next });
    }

    fn value(&mut self, depth: usize) -> Result<(), Mistake> {
        self.space();
        self.values += 1;
        if depth > DEPTH {
            return Err(self.mistake(Why::TooDeep));
        }
        if self.values > VALUES {
            return Err(self.mistake(Why::TooMany));
        }
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b't') => self.word("true", Kind::True),
            Some(b'f') => self.word("false", Kind::False),
            Some(b'n') => self.word("null", Kind::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'\'') => Err(self.mistake(Why::SingleQuotes)),
            _ => Err(self.mistake(Why::Unexpected)),
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), Mistake> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.mistake(Why::Unexpected));
        }
        self.push(kind, self.at, self.at + word.len());
        self.at += word.len();
        Ok(())
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

    /// Opens a list or an object; its node learns where it ends when it does.
    fn open(&mut self, kind: Kind) -> usize {
        let node = self.tape.nodes.len();
        self.push(kind, self.at, self.at + 1);
        self.at += 1;
        self.space();
        node
    }

    #[expect(clippy::cast_possible_truncation, reason = "a line is shorter than 4 GiB, and so is all that it holds")]
    fn close(&mut self, node: usize) {
        let next = self.tape.nodes.len() as u32;
        let open = &mut self.tape.nodes[node];
        (open.end, open.next) = (self.at as u32, next);
    }

    fn list(&mut self, depth: usize) -> Result<(), Mistake> {
        let node = self.open(Kind::List);
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            self.value(depth + 1)?;
            while self.goes_on(b']')? {
                self.value(depth + 1)?;
            }
        }
        self.close(node);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), Mistake> {
        let node = self.open(Kind::Object);
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.close(node);
            return Ok(());
        }
        loop {
            match self.peek() {
                Some(b'"') => {}
                Some(b'\'') => return Err(self.mistake(Why::SingleQuotes)),
                _ => return Err(self.mistake(Why::KeyNotText)),
            }
            self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.mistake(Why::Unexpected));
            }
            self.at += 1;
            self.value(depth + 1)?;
            if !self.goes_on(b'}')? {
                self.close(node);
                self.duplicates = self.duplicates || self.has_duplicate(node);
                return Ok(());
            }
        }
    }

    fn has_duplicate(&self, node: usize) -> bool {
        let keys = || Value { line: self.text, tape: self.tape, at: node }.pairs().into_iter().flatten();
        if keys().nth(FEW_KEYS).is_none() {
            return keys().enumerate().any(|(index, (key, _))| keys().take(index).any(|(other, _)| other == key));
        }
        let mut seen = HashSet::new();
        keys().any(|(key, _)| !seen.insert(key))
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

    fn number(&mut self) -> Result<(), Mistake> {
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
        self.push(Kind::Number, start, self.at);
        Ok(())
    }

    /// Passes the stretch up to the next quote or backslash, which holds no raw control character; true at a quote.
    fn stretch(&mut self) -> Result<bool, Mistake> {
        let rest = &self.bytes[self.at..];
        let length = special(rest);
        match rest.get(length) {
            None => Err(Mistake { offset: self.bytes.len(), why: Why::Ended }),
            Some(&byte) => {
                self.at += length;
                match byte {
                    b'"' => Ok(true),
                    b'\\' => Ok(false),
                    // A text that never ends is the greater mistake than what it swallows.
                    _ if memchr::memchr2(b'"', b'\\', rest).is_none() => {
                        Err(Mistake { offset: self.bytes.len(), why: Why::Ended })
                    }
                    _ => Err(self.mistake(Why::RawControl)),
                }
            }
        }
    }

    fn string(&mut self) -> Result<(), Mistake> {
        self.at += 1;
        let start = self.at;
        if self.stretch()? {
            self.push(Kind::Plain, start, self.at);
            self.at += 1;
            return Ok(());
        }
        let decoded = self.tape.decoded.len();
        let mut from = start;
        loop {
            self.tape.decoded.push_str(&self.text[from..self.at]);
            if self.bytes[self.at] == b'"' {
                break;
            }
            let c = self.escape()?;
            if c < '\u{20}' && !matches!(c, '\t' | '\n' | '\r') || c == '\u{7f}' {
                self.control.get_or_insert(c);
            }
            self.tape.decoded.push(c);
            from = self.at;
            self.stretch()?;
        }
        self.push(Kind::Decoded, decoded, self.tape.decoded.len());
        self.at += 1;
        Ok(())
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

/// Bytes before the first quote, backslash or control character; all of them when there is none. Eight bytes are
/// looked at in one word (Mycroft's test for a zero byte, after an exclusive or): only the lowest hit of each test is
/// exact, and only the lowest is used.
#[inline]
fn special(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut at = 0;
    while let Some(eight) = bytes.get(at..at + 8) {
        let word = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let hits = control | zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c));
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    at + rest.iter().position(|&byte| byte < 0x20 || matches!(byte, b'"' | b'\\')).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_test_finds_what_a_look_at_every_byte_finds() {
        for length in 0..20 {
            for place in 0..=length {
                for byte in 0..=255_u8 {
                    let mut bytes = vec![0xe5_u8; length];
                    bytes.iter_mut().skip(1).step_by(2).for_each(|odd| *odd = b'!');
                    bytes.insert(place, byte);
                    let plain = bytes.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\');
                    assert_eq!(special(&bytes), plain.unwrap_or(bytes.len()), "{byte} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn a_tape_is_walked_like_a_tree_and_keeps_nothing_of_the_line_before() {
        let mut tape = Tape::default();
        let doc = tape.read(r#"{"a":[1,"x\ny",{"b":null}],"c":{"d":true},"e":"z"}"#).expect("JSON");
        let items: Vec<_> = doc.value.get("a").and_then(Value::items).expect("a list").collect();
        assert_eq!((items[0].number(), items[1].text(), items.len()), (Some("1"), Some("x\ny"), 3));
        assert_eq!(items[2].get("b").map(Value::kind), Some(Kind::Null));
        let keys: Vec<_> = doc.value.pairs().expect("an object").map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "c", "e"]);
        assert_eq!(doc.value.get("e").and_then(Value::span), Some(46..49));
        assert!(tape.read("[]").expect("JSON").value.items().expect("a list").next().is_none());
    }
}
