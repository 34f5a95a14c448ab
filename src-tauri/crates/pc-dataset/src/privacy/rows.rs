//! The texts of one JSONL row where they stand in the line, so that a find can be replaced and every other byte stays.
//! A tool call's arguments are JSON within a text and are walked, too. Deliberately absent: whether the row is good.

use super::{Detector, Span};
use crate::finding::Found;

/// Keys whose texts are the format's and never people's.
const STRUCTURE: &[&str] = &["role", "type", "tool_call_id"];
/// Nesting of JSON within texts that is followed.
const WITHIN: usize = 2;
/// Nesting of one value that is named in a path; deeper ones keep the path of their ancestor.
const STEPS: usize = 64;

/// One find in a line.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub span: Span,
    /// Bytes of the line that are to be replaced.
    pub start: usize,
    pub end: usize,
    pub original: String,
    /// Such as `messages[1].content`.
    pub path: String,
    /// Characters before it in the text at the path.
    pub before: usize,
    /// How often the replacement is escaped.
    escapes: usize,
    /// It is a number without quotes: what replaces it is a text.
    bare: bool,
}

impl Hit {
    /// What is said of it; never what it says.
    pub fn found(&self) -> Found {
        Found { column: self.before as u64 + 1, ..Found::new(self.span.kind.code(), self.path.clone()) }
    }

    /// The replacement as the line wants it.
    pub fn written(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut left = self.escapes;
        if self.bare {
            text = format!("\"{}\"", escaped(&text));
        }
        while left > 0 {
            text = escaped(&text);
            left -= 1;
        }
        text
    }
}

fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// All finds of a line, in its order. A line that is no JSON is looked at as it stands.
pub(super) fn find(detector: &Detector, line: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    if line.trim_start().starts_with(['{', '[']) {
        walk(detector, line, 0, "", &mut hits);
    } else {
        hits.extend(detector.scan(line).into_iter().map(|span| Hit {
            span,
            start: span.start,
            end: span.end,
            original: line[span.start..span.end].to_owned(),
            path: String::new(),
            before: line[..span.start].chars().count(),
            escapes: 0,
            bare: false,
        }));
    }
    hits
}

/// One list or object that is open.
struct Frame {
    object: bool,
    key: (usize, usize),
    index: usize,
    on_key: bool,
}

fn walk(detector: &Detector, line: &str, depth: usize, outer: &str, hits: &mut Vec<Hit>) {
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
                    _ => text(detector, line, (at + 1, end), &open, (depth, outer), hits),
                }
                at = end;
            }
            b'0'..=b'9' if depth > 0 => {
                let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                number(detector, line, (at, at + length), &open, (depth, outer), hits);
                at += length - 1;
            }
            _ => {}
        }
        at += 1;
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

/// A number of a tool call's arguments: `{"phone":13800138000}`.
fn number(
    detector: &Detector,
    line: &str,
    (start, end): (usize, usize),
    open: &[Frame],
    (depth, outer): (usize, &str),
    hits: &mut Vec<Hit>,
) {
    let whole = detector.scan(&line[start..end]).into_iter().find(|span| (span.start, span.end) == (0, end - start));
    hits.extend(whole.map(|span| Hit {
        span,
        start,
        end,
        original: line[start..end].to_owned(),
        path: path(line, open, outer),
        before: 0,
        escapes: depth,
        bare: true,
    }));
}

fn text(
    detector: &Detector,
    line: &str,
    (start, end): (usize, usize),
    open: &[Frame],
    (depth, outer): (usize, &str),
    hits: &mut Vec<Hit>,
) {
    let key = open.last().filter(|frame| frame.object).and_then(|frame| line.get(frame.key.0..frame.key.1));
    if key.is_some_and(|key| STRUCTURE.contains(&key)) {
        return;
    }
    let raw = &line[start..end];
    let decoded = memchr::memchr(b'\\', raw.as_bytes()).map(|_| Decoded::of(raw));
    let plain = decoded.as_ref().map_or(raw, |decoded| decoded.text.as_str());
    let place = |at: usize| start + decoded.as_ref().map_or(at, |decoded| decoded.raw(at));
    if key == Some("arguments") && depth < WITHIN && plain.starts_with('{') && crate::json::parse(plain).is_ok() {
        let (first, outer) = (hits.len(), path(line, open, outer));
        walk(detector, plain, depth + 1, &outer, hits);
        for hit in &mut hits[first..] {
            (hit.start, hit.end) = (place(hit.start), place(hit.end));
        }
        return;
    }
    for span in detector.scan(plain) {
        hits.push(Hit {
            span,
            start: place(span.start),
            end: place(span.end),
            original: plain[span.start..span.end].to_owned(),
            path: path(line, open, outer),
            before: plain[..span.start].chars().count(),
            escapes: depth + 1,
            bare: false,
        });
    }
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
