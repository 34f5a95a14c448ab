//! Cells between delimiters: quotes, line ends inside quotes, rows that are too short or too long, all in bounded memory. It reads
//! what Python's `csv` reads in the same way; what no program should guess about is passed over with its line.

use std::io::{self, BufRead};
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memchr3};
use pc_base::{Code, Coded, coded};
use serde_json::Value;

use super::detect::{self, Look};
use super::{COLUMNS, Input, Notes, decode, lift};
use crate::Record;
use crate::limits::LINE_BYTES;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Whole,
    TooLong,
    TooManyColumns,
    /// The text ended inside quotes.
    QuoteOpen,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// After a quote inside quotes: doubled, or the end of the quotes.
    QuoteSeen,
}

/// Reads rows of cells, one at a time.
pub(super) struct Cells {
    input: Box<dyn BufRead + Send>,
    delimiter: u8,
    /// Of the byte that comes next, 1-based.
    line: u64,
    /// Where the row that came last begins.
    pub start: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    after_return: bool,
    /// The row that came last has nothing at all, not even quotes.
    blank: bool,
}

impl Cells {
    pub fn new(input: Box<dyn BufRead + Send>, delimiter: u8) -> Self {
        Self {
            input,
            delimiter,
            line: 1,
            start: 1,
            bytes: Vec::new(),
            ends: Vec::new(),
            after_return: false,
            blank: false,
        }
    }

    /// The cells of the row that came last.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends.iter()).map(|(from, &to)| &self.bytes[from..to])
    }

    /// Goes to the next row that is not blank; nothing at the end.
    pub fn next(&mut self) -> io::Result<Option<Outcome>> {
        loop {
            let outcome = self.row()?;
            if !self.blank || outcome.is_none() {
                return Ok(outcome);
            }
        }
    }

    fn row(&mut self) -> io::Result<Option<Outcome>> {
        self.bytes.clear();
        self.ends.clear();
        self.start = self.line;
        let mut row = RowState { state: State::CellStart, outcome: Outcome::Whole, any: false, quoted: false };
        self.blank = false;
        loop {
            let ready = self.input.fill_buf()?;
            if ready.is_empty() {
                if !row.any {
                    return Ok(None);
                }
                if row.state == State::Quoted {
                    row.outcome = Outcome::QuoteOpen;
                }
                row.end_cell(&self.bytes, &mut self.ends);
                return Ok(Some(row.outcome));
            }
            if self.after_return {
                self.after_return = false;
                if ready[0] == b'\n' {
                    self.input.consume(1);
                    continue;
                }
            }
            let (used, ended) = row.take(ready, self.delimiter, &mut self.bytes, &mut self.ends, &mut self.line);
            self.after_return = ended && ready[used - 1] == b'\r';
            self.input.consume(used);
            if ended {
                self.blank = self.ends.len() == 1 && self.bytes.is_empty() && !row.quoted;
                return Ok(Some(row.outcome));
            }
        }
    }
}

/// A row on its way.
struct RowState {
    state: State,
    outcome: Outcome,
    any: bool,
    quoted: bool,
}

impl RowState {
    /// Takes bytes up to the row's end or all of them: how many, and whether the row ended.
    fn take(
        &mut self,
        ready: &[u8],
        delimiter: u8,
        bytes: &mut Vec<u8>,
        ends: &mut Vec<usize>,
        line: &mut u64,
    ) -> (usize, bool) {
        let mut at = 0;
        while at < ready.len() {
            self.any = true;
            let byte = ready[at];
            match self.state {
                State::Quoted => {
                    let stop = memchr(b'"', &ready[at..]).map_or(ready.len(), |found| at + found);
                    *line += memchr_iter(b'\n', &ready[at..stop]).count() as u64;
                    self.keep(&ready[at..stop], bytes);
                    at = stop;
                    if at < ready.len() {
                        self.state = State::QuoteSeen;
                        at += 1;
                    }
                }
                State::QuoteSeen if byte == b'"' => {
                    self.keep(b"\"", bytes);
                    self.state = State::Quoted;
                    at += 1;
                }
                State::CellStart if byte == b'"' => {
                    (self.state, self.quoted) = (State::Quoted, true);
                    at += 1;
                }
                _ => {
                    let stop = memchr3(delimiter, b'\n', b'\r', &ready[at..]).map_or(ready.len(), |found| at + found);
                    self.keep(&ready[at..stop], bytes);
                    self.state = State::Plain;
                    at = stop;
                    let Some(&end) = ready.get(at) else { continue };
                    at += 1;
                    self.end_cell(bytes, ends);
                    if end != delimiter {
                        *line += 1;
                        return (at, true);
                    }
                    self.state = State::CellStart;
                }
            }
        }
        (at, false)
    }

    fn keep(&mut self, piece: &[u8], bytes: &mut Vec<u8>) {
        if bytes.len() + piece.len() > LINE_BYTES {
            self.outcome = Outcome::TooLong;
        } else if self.outcome == Outcome::Whole {
            bytes.extend_from_slice(piece);
        }
    }

    fn end_cell(&mut self, bytes: &[u8], ends: &mut Vec<usize>) {
        if ends.len() == COLUMNS {
            self.outcome = Outcome::TooManyColumns;
        } else {
            ends.push(bytes.len());
        }
    }
}

/// The rows of a table.
pub(super) struct Table {
    cells: Cells,
    names: Option<Arc<[String]>>,
    header: bool,
    input: Input,
    encoding: &'static encoding_rs::Encoding,
    notes: Notes,
}

impl Table {
    pub fn new(input: &Input, look: &Look, notes: &Notes) -> anyhow::Result<Self> {
        let cells = Cells::new(decode::open_text(input, look.encoding, notes)?, look.delimiter);
        let (encoding, notes) = (look.encoding, notes.clone());
        Ok(Self { cells, names: None, header: look.header, input: input.clone(), encoding, notes })
    }

    /// The row's cells as text, or why it is none.
    fn texts(&self, outcome: Outcome) -> Result<Vec<String>, Coded> {
        match outcome {
            Outcome::TooLong => return Err(coded(Code::RowTooLong).with("limit", LINE_BYTES)),
            Outcome::TooManyColumns => return Err(coded(Code::RowTooManyColumns).with("limit", COLUMNS)),
            Outcome::QuoteOpen => return Err(coded(Code::RowQuoteOpen)),
            Outcome::Whole => {}
        }
        let strange = || coded(Code::RowEncodingWrong).with("encoding", self.encoding.name());
        let lossy = self.encoding != encoding_rs::UTF_8;
        let text = |cell: &[u8]| match std::str::from_utf8(cell) {
            Ok(text) if !(lossy && text.contains('\u{fffd}')) => Ok(text.to_owned()),
            _ => Err(strange()),
        };
        self.cells.iter().map(text).collect()
    }

    /// As many values as there are names; missing ones are null. Cells beyond the last name mean that the row is shifted.
    fn record(&self, cells: Vec<String>, names: &Arc<[String]>) -> Result<Record, Coded> {
        let (found, expected) = (cells.len(), names.len());
        if cells.iter().skip(expected).any(|cell| !cell.trim().is_empty()) {
            return Err(coded(Code::RowRagged).with("found", found).with("expected", expected));
        }
        let mut values: Vec<Value> = cells.into_iter().take(expected).map(Value::String).collect();
        values.resize(expected, Value::Null);
        Ok(Record { at: self.cells.start, names: names.clone(), values })
    }
}

impl Iterator for Table {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let outcome = match self.cells.next() {
                Ok(outcome) => outcome?,
                Err(error) => return Some(Err(lift(error, || self.input.damaged(self.cells.start)))),
            };
            let record = self.texts(outcome).and_then(|cells| match &self.names {
                Some(names) => self.record(cells, names).map(Some),
                // Excel writes the delimiter into a first line of its own.
                None if self.cells.start == 1 && cells.len() <= 2 && cells[0].starts_with("sep=") => Ok(None),
                None => {
                    let header: &[String] = if self.header { &cells } else { &[] };
                    let names = detect::names(header, cells.len());
                    self.names = Some(names.clone());
                    if self.header { Ok(None) } else { self.record(cells, &names).map(Some) }
                }
            });
            match record {
                Ok(Some(record)) => return Some(Ok(record)),
                Ok(None) => {}
                Err(why) => self.notes.skip(&self.input.shown(), self.cells.start, why),
            }
        }
    }
}
