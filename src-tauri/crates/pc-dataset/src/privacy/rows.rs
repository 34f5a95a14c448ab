//! The texts of one JSONL row where they stand in the line, so that a find can be replaced and every other byte stays.
//! A tool call's arguments are JSON within a text and are walked, too. Deliberately absent: whether the row is good.

use super::Span;
use crate::finding::Found;

/// Keys whose texts are the format's and never people's.
const STRUCTURE: &[&str] = &["role", "type", "tool_call_id"];
/// Nesting of JSON within texts that is followed.
const WITHIN: usize = 2;
/// Digits of the shortest number that may be somebody's.
const NUMBER: usize = 7;
/// Nesting of one value that is named in a path; deeper ones keep the path of their ancestor.
const STEPS: usize = 64;

/// One find in a line.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    /// Its bytes are those of the text that was looked at.
    pub span: Span,
    /// Bytes of the line that are to be replaced.
    pub start: usize,
    pub end: usize,
    pub original: String,
    /// Such as `messages[1].content`.
    pub path: String,
    /// Characters before it in the text at the path.
    pub before: usize,
    /// How the replacement is escaped, the innermost text's way first.
    escapes: Vec<Escapes>,
    /// It is a number without quotes.
    bare: bool,
}

/// How a text is written within JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escapes {
    /// What must be escaped is.
    Few,
    /// Everything but ASCII is, as Python's `json` does it.
    Ascii,
}

impl Escapes {
    /// The way of a text that stands there already.
    fn of(raw: &str) -> Self {
        if raw.contains("\\u") { Self::Ascii } else { Self::Few }
    }

    fn written(self, text: &str) -> String {
        let quoted = serde_json::Value::from(text).to_string();
        let bare = &quoted[1..quoted.len() - 1];
        match self {
            Self::Few => bare.to_owned(),
            Self::Ascii => {
                let (mut all, mut units) = (String::with_capacity(bare.len() * 2), [0; 2]);
                for c in bare.chars() {
                    if c.is_ascii() {
                        all.push(c);
                    } else {
                        c.encode_utf16(&mut units).iter().for_each(|unit| all.push_str(&format!("\\u{unit:04x}")));
                    }
                }
                all
            }
        }
    }
}

impl Hit {
    /// What is said of it; never what it says.
    pub fn found(&self) -> Found {
        Found { column: self.before as u64 + 1, ..Found::new(self.span.kind.code(), self.path.clone()) }
    }

    /// The replacement as the line wants it. What replaces a number is a number where it can be, else a text.
    pub fn written(&self, text: &str) -> String {
        let number = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
        let text = if self.bare && !number { format!("\"{}\"", Escapes::Few.written(text)) } else { text.to_owned() };
        self.escapes.iter().fold(text, |text, escapes| escapes.written(&text))
    }
}

/// A text that holds finds, without its escapes.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub path: String,
    pub text: String,
    /// Places among the line's hits.
    pub hits: std::ops::Range<usize>,
}

/// A search through the texts of a line.
pub(super) struct Search<'a> {
    /// All finds of a text, in its order, none over another.
    look: &'a dyn Fn(&str) -> Vec<Span>,
    pub hits: Vec<Hit>,
    /// Texts with finds, where they are asked for.
    pub seen: Option<Vec<Seen>>,
    /// Something stands outside of texts that JSON does not have.
    foreign: bool,
}

/// All finds of a line, in its order. A line that is no JSON is looked at as it stands.
pub(super) fn find(look: &dyn Fn(&str) -> Vec<Span>, line: &str) -> Vec<Hit> {
    let mut search = Search { look, hits: Vec::new(), seen: None, foreign: false };
    search.line(line);
    search.hits
}

/// All finds of a line, and the texts that they are in.
pub(super) fn find_seen(look: &dyn Fn(&str) -> Vec<Span>, line: &str) -> (Vec<Hit>, Vec<Seen>) {
    let mut search = Search { look, hits: Vec::new(), seen: Some(Vec::new()), foreign: false };
    search.line(line);
    (search.hits, search.seen.unwrap_or_default())
}

/// One list or object that is open.
struct Frame {
    object: bool,
    key: (usize, usize),
    index: usize,
    on_key: bool,
}

impl Search<'_> {
    fn line(&mut self, line: &str) {
        if line.trim_start().starts_with(['{', '[']) {
            self.walk(line, 0, "");
            if !self.foreign {
                return;
            }
            self.hits.clear();
            self.seen.iter_mut().for_each(Vec::clear);
        }
        for span in (self.look)(line) {
            let (start, end) = (span.start, span.end);
            let original = line[start..end].to_owned();
            let (before, path) = (line[..start].chars().count(), String::new());
            self.hits.push(Hit { span, start, end, original, path, before, escapes: Vec::new(), bare: false });
        }
        self.see(0, "", line);
    }

    /// Keeps a text whose finds are those from `first` on.
    fn see(&mut self, first: usize, path: &str, text: &str) {
        let hits = first..self.hits.len();
        if let Some(seen) = self.seen.as_mut().filter(|_| !hits.is_empty()) {
            seen.push(Seen { path: path.to_owned(), text: text.to_owned(), hits });
        }
    }

    fn walk(&mut self, line: &str, depth: usize, outer: &str) {
        let bytes = line.as_bytes();
        let mut open: Vec<Frame> = Vec::new();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'{' | b'[' if open.len() < STEPS => {
                    open.push(Frame { object: *byte == b'{', key: (0, 0), index: 0, on_key: *byte == b'{' });
                }
                b'}' | b']' => drop(open.pop()),
                b',' => {
                    if let Some(frame) = open.last_mut() {
                        frame.index += 1;
                        frame.on_key = frame.object;
                    }
                }
                b':' => {
                    if let Some(frame) = open.last_mut() {
                        frame.on_key = false;
                    }
                }
                b'"' => {
                    let end = text_end(bytes, at + 1);
                    match open.last_mut() {
                        Some(frame) if frame.on_key => frame.key = (at + 1, end),
                        _ => self.text(line, (at + 1, end), &open, (depth, outer)),
                    }
                    at = end;
                }
                b'0'..=b'9' | b'-' => {
                    let part = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
                    let length = bytes[at..].iter().take_while(part).count();
                    if bytes[at..at + length].iter().all(u8::is_ascii_digit) {
                        self.number(line, (at, at + length), &open, outer);
                    }
                    at += length - 1;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b'a'..=b'z' => {}
                _ => self.foreign |= open.len() < STEPS,
            }
            at += 1;
        }
    }

    /// A number without quotes, such as `{"phone":13800138000}`: its key says what it is called.
    fn number(&mut self, line: &str, (start, end): (usize, usize), open: &[Frame], outer: &str) {
        if end - start < NUMBER {
            return;
        }
        let key = open.last().filter(|frame| frame.object).and_then(|frame| line.get(frame.key.0..frame.key.1));
        let text = format!("{}: {}", key.unwrap_or_default(), &line[start..end]);
        let whole = (text.len() - (end - start), text.len());
        let Some(span) = (self.look)(&text).into_iter().find(|span| (span.start, span.end) == whole) else { return };
        let (first, path) = (self.hits.len(), path(line, open, outer));
        let original = line[start..end].to_owned();
        let (path_of, escapes) = (path.clone(), Vec::new());
        self.hits.push(Hit { span, start, end, original, path: path_of, before: 0, escapes, bare: true });
        self.see(first, &path, &text);
    }

    fn text(&mut self, line: &str, (start, end): (usize, usize), open: &[Frame], (depth, outer): (usize, &str)) {
        let key = open.last().filter(|frame| frame.object).and_then(|frame| line.get(frame.key.0..frame.key.1));
        if key.is_some_and(|key| STRUCTURE.contains(&key)) {
            return;
        }
        let raw = &line[start..end];
        let decoded = memchr::memchr(b'\\', raw.as_bytes()).map(|_| Decoded::of(raw));
        let plain = decoded.as_ref().map_or(raw, |decoded| decoded.text.as_str());
        let place = |at: usize| start + decoded.as_ref().map_or(at, |decoded| decoded.raw(at));
        let first = self.hits.len();
        if key == Some("arguments") && depth < WITHIN && plain.starts_with('{') && crate::json::parse(plain).is_ok() {
            self.walk(plain, depth + 1, &path(line, open, outer));
            for hit in &mut self.hits[first..] {
                (hit.start, hit.end) = (place(hit.start), place(hit.end));
                hit.escapes.push(Escapes::of(&line[hit.start..hit.end]));
            }
            return;
        }
        for span in (self.look)(plain) {
            let (start, end) = (place(span.start), place(span.end));
            self.hits.push(Hit {
                span,
                start,
                end,
                original: plain[span.start..span.end].to_owned(),
                path: path(line, open, outer),
                before: plain[..span.start].chars().count(),
                escapes: vec![Escapes::of(&line[start..end])],
                bare: false,
            });
        }
        if first < self.hits.len() {
            self.see(first, &path(line, open, outer), plain);
        }
    }
}

/// The closing quote, or the end of a line that is cut off.
fn text_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(step) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        at += step;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

fn path(line: &str, open: &[Frame], outer: &str) -> String {
    let mut path = outer.to_owned();
    for frame in open {
        if frame.object {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(line.get(frame.key.0..frame.key.1).unwrap_or_default());
        } else {
            path.push_str(&format!("[{}]", frame.index));
        }
    }
    path
}

/// A text without its escapes, and where each piece stood.
struct Decoded {
    text: String,
    /// Places (decoded, raw) from which both run on together.
    pieces: Vec<(usize, usize)>,
}

impl Decoded {
    fn of(raw: &str) -> Self {
        let mut decoded = Self { text: String::with_capacity(raw.len()), pieces: vec![(0, 0)] };
        let mut at = 0;
        while let Some(step) = memchr::memchr(b'\\', &raw.as_bytes()[at..]) {
            decoded.text.push_str(&raw[at..at + step]);
            at += step;
            decoded.pieces.push((decoded.text.len(), at));
            let (c, length) = escape(&raw[at..]);
            decoded.text.push(c);
            at += length;
            decoded.pieces.push((decoded.text.len(), at));
        }
        decoded.text.push_str(&raw[at..]);
        decoded
    }

    fn raw(&self, at: usize) -> usize {
        let piece = self.pieces.partition_point(|piece| piece.0 <= at) - 1;
        self.pieces[piece].1 + at - self.pieces[piece].0
    }
}

/// The character of the escape at the beginning and its bytes; what is none reads as U+FFFD, as the check says it, too.
fn escape(raw: &str) -> (char, usize) {
    let unit = |at: usize| raw.get(at..at + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let plain = match raw.as_bytes().get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        Some(b'u') => {
            let Some(high) = unit(2) else { return ('\u{FFFD}', 1) };
            let low = (raw.get(6..8) == Some("\\u")).then(|| unit(8)).flatten();
            return match (high, low) {
                (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                    let point = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    (char::from_u32(point).unwrap_or('\u{FFFD}'), 12)
                }
                _ => (char::from_u32(high).unwrap_or('\u{FFFD}'), 6),
            };
        }
        _ => return ('\u{FFFD}', 1),
    };
    (plain, 2)
}
