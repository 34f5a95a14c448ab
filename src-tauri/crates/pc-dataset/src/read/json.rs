//! Rows out of JSON: one object a line, a list of objects, an object that holds such a list, or objects one after another. A list
//! is never held as a whole: its items are cut out by their brackets and parsed one at a time by the strict reader.

use std::io::{self, BufRead};
use std::sync::Arc;

use anyhow::bail;
use encoding_rs::Encoding;
use pc_base::{Code, Coded, coded};
use serde_json::{Map, Number, Value};

use super::detect::Look;
use super::lines::{Line, TextLines};
use super::{Input, Notes, decode, lift};
use crate::Record;
use crate::json::{Json, VALUES, Why, parse};
use crate::limits::{DEPTH, LINE_BYTES};

/// A parsed value as serde's; numbers that would lose digits stay the text that they are.
pub(crate) fn value_of(json: &Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(text) => number(text),
        Json::Text(text) => Value::String(text.clone().into_owned()),
        Json::List(items) => Value::Array(items.iter().map(value_of).collect()),
        Json::Object(pairs) => Value::Object(
            pairs.iter().map(|(key, value)| (key.clone().into_owned(), value_of(value))).collect::<Map<_, _>>(),
        ),
    }
}

fn number(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    let exact = text.parse::<f64>().ok().filter(|value| value.to_string() == text);
    exact.and_then(Number::from_f64).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// Makes records of texts, and keeps the names while they stay the same.
struct Objects {
    names: Arc<[String]>,
    encoding: &'static Encoding,
}

impl Objects {
    fn record(&mut self, bytes: &[u8], at: u64) -> Result<Record, Coded> {
        let strange = || coded(Code::RowEncodingWrong).with("encoding", self.encoding.name());
        let text = std::str::from_utf8(bytes).map_err(|_| strange())?;
        if self.encoding != encoding_rs::UTF_8 && text.contains('\u{fffd}') {
            return Err(strange());
        }
        let parsed = parse(text).map_err(|mistake| match mistake.why {
            Why::TooDeep => coded(Code::RowTooDeep).with("limit", DEPTH),
            Why::TooMany => coded(Code::RowTooManyValues).with("limit", VALUES),
            _ => {
                let before = text.get(..mistake.offset).unwrap_or(text);
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                coded(Code::RowNotJson).with("column", column)
            }
        })?;
        let Json::Object(pairs) = &parsed.value else { return Err(coded(Code::RowNotObject)) };
        let same =
            pairs.len() == self.names.len() && pairs.iter().zip(self.names.iter()).all(|((key, _), name)| key == name);
        if !same {
            self.names = pairs.iter().map(|(key, _)| key.clone().into_owned()).collect();
        }
        Ok(Record { at, names: self.names.clone(), values: pairs.iter().map(|(_, value)| value_of(value)).collect() })
    }
}

/// One object a line.
pub(super) struct Lines {
    lines: TextLines,
    objects: Objects,
    input: Input,
    notes: Notes,
}

impl Lines {
    pub fn new(input: &Input, look: &Look, notes: &Notes) -> anyhow::Result<Self> {
        Ok(Self {
            lines: TextLines::new(decode::open_text(input, look.encoding, notes)?),
            objects: Objects { names: [].into(), encoding: look.encoding },
            input: input.clone(),
            notes: notes.clone(),
        })
    }
}

impl Iterator for Lines {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.lines.next() {
                Err(error) => return Some(Err(lift(error, || self.input.damaged(self.lines.number + 1)))),
                Ok(None) => return None,
                Ok(Some(Line::TooLong)) => Err(coded(Code::RowTooLong).with("limit", LINE_BYTES)),
                Ok(Some(Line::Whole)) if self.lines.text.trim_ascii().is_empty() => continue,
                Ok(Some(Line::Whole)) => self.objects.record(&self.lines.text, self.lines.number),
            };
            match record {
                Ok(record) => return Some(Ok(record)),
                Err(why) => self.notes.skip(&self.input.shown(), self.lines.number, why),
            }
        }
    }
}

/// A document's rows.
pub(super) struct Document {
    scan: Scan,
    objects: Objects,
    input: Input,
    notes: Notes,
    list: Option<String>,
    place: Place,
    /// A row that was read while it was found out what the document is.
    held: Option<Record>,
}

/// Where in the document the reading is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    /// Between the items of the list of rows.
    List,
    /// Between objects that follow each other.
    Stream,
    End,
}

impl Document {
    pub fn new(input: &Input, look: &Look, list: Option<&str>, notes: &Notes) -> anyhow::Result<Self> {
        Ok(Self {
            scan: Scan {
                input: decode::open_text(input, look.encoding, notes)?,
                line: 1,
                text: Vec::new(),
                overlong: false,
            },
            objects: Objects { names: [].into(), encoding: look.encoding },
            input: input.clone(),
            notes: notes.clone(),
            list: list.map(ToOwned::to_owned),
            place: Place::Start,
            held: None,
        })
    }

    fn damaged(&self, error: io::Error) -> anyhow::Error {
        lift(error, || self.input.damaged(self.scan.line))
    }

    fn broken(&self) -> anyhow::Error {
        self.input.damaged(self.scan.line).into()
    }

    /// Finds where the rows are.
    fn start(&mut self) -> anyhow::Result<()> {
        match self.byte()? {
            Some(b'[') => {
                self.scan.skip();
                self.place = Place::List;
            }
            Some(b'{') => self.object()?,
            _ => bail!(self.input.coded(Code::SourceUnknown)),
        }
        Ok(())
    }

    /// A document that begins with an object: one that can be held tells its list by what the lists hold, a larger one has its
    /// rows in the first list of objects.
    fn object(&mut self) -> anyhow::Result<()> {
        let at = self.scan.line;
        let whole = self.scan.value(true).map_err(|error| self.damaged(error))?;
        let text = std::mem::take(&mut self.scan.text);
        if !whole {
            if !self.scan.overlong {
                return Err(self.broken());
            }
            return self.search(text, at, self.list.clone());
        }
        let record = self.objects.record(&text, at);
        if self.byte()?.is_some() {
            self.place = Place::Stream;
            match record {
                Ok(record) => self.held = Some(record),
                Err(why) => self.notes.skip(&self.input.shown(), at, why),
            }
            return Ok(());
        }
        let record = record.map_err(|why| why.with("path", self.input.shown()).with("line", at))?;
        match self.list.clone().or_else(|| list_in(&record)) {
            Some(key) => self.search(text, at, Some(key)),
            None => {
                self.held = Some(record);
                self.place = Place::End;
                Ok(())
            }
        }
    }

    /// Reads an object again from its first part, up to the list that has the rows.
    fn search(&mut self, first: Vec<u8>, line: u64, list: Option<String>) -> anyhow::Result<()> {
        let rest = std::mem::replace(&mut self.scan.input, Box::new(io::empty()));
        self.scan.input = Box::new(io::BufReader::new(io::Read::chain(io::Cursor::new(first), rest)));
        self.scan.line = line;
        // What is to be skipped must have been looked at first.
        self.byte()?;
        self.scan.skip();
        loop {
            match self.byte()? {
                Some(b',') => self.scan.skip(),
                Some(b'"') => {
                    let key = self.key()?;
                    let wanted = list.as_ref().is_none_or(|list| *list == key);
                    if self.byte()? != Some(b'[') {
                        self.scan.value(false).map_err(|error| self.damaged(error))?;
                        continue;
                    }
                    self.scan.skip();
                    if wanted && self.byte()? == Some(b'{') {
                        self.place = Place::List;
                        return Ok(());
                    }
                    self.pass_list()?;
                }
                Some(b'}') => bail!(self.input.coded(Code::SourceEmpty)),
                _ => return Err(self.broken()),
            }
        }
    }

    fn byte(&mut self) -> anyhow::Result<Option<u8>> {
        self.scan.peek().map_err(|error| self.damaged(error))
    }

    /// A key and the colon behind it.
    fn key(&mut self) -> anyhow::Result<String> {
        self.scan.value(false).map_err(|error| self.damaged(error))?;
        let text = std::str::from_utf8(&self.scan.text).ok();
        let key = text.and_then(|text| parse(text).ok()?.value.text().map(ToOwned::to_owned));
        match (key, self.byte()?) {
            (Some(key), Some(b':')) => {
                self.scan.skip();
                Ok(key)
            }
            _ => Err(self.broken()),
        }
    }

    /// The rest of a list that has no rows.
    fn pass_list(&mut self) -> anyhow::Result<()> {
        loop {
            match self.byte()? {
                Some(b',') => self.scan.skip(),
                Some(b']') => {
                    self.scan.skip();
                    return Ok(());
                }
                Some(_) => drop(self.scan.value(false).map_err(|error| self.damaged(error))?),
                None => return Err(self.broken()),
            }
        }
    }

    fn read(&mut self) -> anyhow::Result<Option<Record>> {
        loop {
            if self.place == Place::Start {
                self.start()?;
            }
            if let Some(held) = self.held.take() {
                return Ok(Some(held));
            }
            match (self.place, self.byte()?) {
                (Place::End, _) | (Place::Stream, None) => return Ok(None),
                (Place::List, None) => return Err(self.broken()),
                (Place::List, Some(b']')) => self.place = Place::End,
                (Place::List | Place::Stream, Some(b',')) => self.scan.skip(),
                _ => {
                    let at = self.scan.line;
                    let whole = self.scan.value(false).map_err(|error| self.damaged(error))?;
                    let record = if whole && !self.scan.overlong {
                        self.objects.record(&self.scan.text, at)
                    } else {
                        Err(coded(Code::RowTooLong).with("limit", LINE_BYTES))
                    };
                    match record {
                        Ok(record) => return Ok(Some(record)),
                        Err(why) => self.notes.skip(&self.input.shown(), at, why),
                    }
                }
            }
        }
    }
}

impl Iterator for Document {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read().transpose();
        if !matches!(item, Some(Ok(_))) {
            (self.place, self.held) = (Place::End, None);
        }
        item
    }
}

/// The key of the longest list of objects that an object holds. The turns of a conversation are no rows.
fn list_in(record: &Record) -> Option<String> {
    let is_turn = |item: &Value| item.get("role").is_some() || item.get("from").is_some();
    let length = |value: &Value| {
        let items = value.as_array().filter(|items| items.iter().all(|item| item.is_object() && !is_turn(item)));
        items.map_or(0, Vec::len)
    };
    let lists = record.names.iter().zip(&record.values).map(|(name, value)| (length(value), name));
    lists.filter(|(length, _)| *length > 0).max_by_key(|(length, _)| *length).map(|(_, name)| name.clone())
}

/// Cuts values out of a document by their brackets.
struct Scan {
    input: Box<dyn BufRead + Send>,
    /// Of the next byte, 1-based.
    line: u64,
    text: Vec<u8>,
    /// The value that came last did not fit.
    overlong: bool,
}

impl Scan {
    /// The next byte that is no white space.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let ready = self.input.fill_buf()?;
            if ready.is_empty() {
                return Ok(None);
            }
            let space = ready.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.line += memchr::memchr_iter(b'\n', &ready[..space]).count() as u64;
            let next = ready.get(space).copied();
            self.input.consume(space);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Passes over the byte that [`Scan::peek`] showed.
    fn skip(&mut self) {
        self.input.consume(1);
    }

    /// Reads the value that begins here into `text`; false where the document ends inside it, or it does not fit and is to
    /// `stop` there.
    fn value(&mut self, stop: bool) -> io::Result<bool> {
        self.text.clear();
        self.overlong = false;
        let (mut depth, mut quoted, mut escaped) = (0_u64, false, false);
        loop {
            let ready = self.input.fill_buf()?;
            if ready.is_empty() {
                // A number at the very end is whole; all else is cut.
                return Ok(depth == 0 && !quoted && !self.text.is_empty());
            }
            let mut used = 0;
            let mut ended = false;
            for &byte in ready {
                let begins = used == 0 && self.text.is_empty();
                if depth == 0
                    && !quoted
                    && !begins
                    && matches!(byte, b',' | b']' | b'}' | b':' | b'\n' | b' ' | b'\t' | b'\r')
                {
                    ended = true;
                    break;
                }
                used += 1;
                self.line += u64::from(byte == b'\n');
                if quoted {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => quoted = false,
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' => quoted = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                }
                if depth == 0 && !quoted && matches!(byte, b'"' | b'}' | b']') {
                    ended = true;
                    break;
                }
            }
            if self.text.len() + used > LINE_BYTES {
                self.overlong = true;
            }
            // What stops at the limit is read again from its beginning, so nothing of it may be lost.
            if !self.overlong || stop {
                self.text.extend_from_slice(&ready[..used]);
            }
            self.input.consume(used);
            if ended {
                return Ok(true);
            }
            if self.overlong && stop {
                return Ok(false);
            }
        }
    }
}
