//! What a file holds: its format, encoding, delimiter, columns, sheets, shape, and its first rows. Formats are told by bytes
//! first and by the name's ending second. Deliberately absent: what the columns are good for, which is `map::guess`'s.

use std::io::{Cursor, Read as _};
use std::path::Path;

use anyhow::bail;
use encoding_rs::{Encoding, UTF_8};
use pc_base::{Code, CodedExt as _, coded};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::book::{xls, xlsx};
use super::csv::Cells;
use super::{Format, Input, LOOK, Notes, ReadOptions, Skips, decode, input};
use crate::Record;

/// Bytes that decide what a file is.
const HEAD: usize = 256 << 10;
/// How far a text is searched for its first character beyond ASCII, which tells the encoding.
const ASCII_SEARCH: u64 = 64 << 20;
/// Rows shown, and the bytes that they may take together.
const SHOWN: usize = 100;
const SHOWN_BYTES: usize = 4 << 20;

/// How a file was understood.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub format: Format,
    pub encoding: &'static Encoding,
    pub delimiter: u8,
    pub header: bool,
    /// For plain text: blank lines part its paragraphs; else every line is one.
    pub blank_lines: bool,
}

/// What rows look like as data to train on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Columns that a recipe has to give a meaning.
    Table,
    /// `messages` with `role` and `content`.
    Messages,
    /// `conversations` with `from` and `value`.
    ShareGpt,
    /// `instruction`, `input`, `output`.
    Alpaca,
    /// `chosen` beside `rejected`.
    Preference,
    /// `text` alone.
    Text,
    /// Every row is something that somebody said at some time.
    Chat,
}

/// A row to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub file: String,
    pub at: u64,
    pub values: Map<String, Value>,
}

/// What [`detect`] found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detected {
    pub format: Format,
    /// Of a text; nothing for binary formats. For archives and folders these are the first file's.
    pub encoding: Option<String>,
    pub delimiter: Option<char>,
    pub header: Option<bool>,
    /// In the order of their first appearance in the rows that were looked at.
    pub columns: Vec<String>,
    /// Of a workbook.
    pub sheets: Vec<String>,
    /// That rows will be read from.
    pub files: Vec<String>,
    /// On the disk.
    pub bytes: u64,
    pub shape: Shape,
    pub sample: Vec<Sample>,
    /// Rows that were passed over among those that were looked at.
    pub skips: Skips,
}

impl Detected {
    /// The sample as records, for guessing and previews.
    pub fn records(&self) -> Vec<Record> {
        let record = |sample: &Sample| Record {
            at: sample.at,
            names: sample.values.keys().cloned().collect(),
            values: sample.values.values().cloned().collect(),
        };
        self.sample.iter().map(record).collect()
    }
}

/// Looks into a file, an archive or a folder; what `options` say is believed. Errors as for [`super::open`].
pub fn detect(path: &Path, options: &ReadOptions) -> anyhow::Result<Detected> {
    let inputs = input::inputs(path, options)?;
    let first = inputs.first().expect("an empty list is refused before");
    let look = look(first, options)?;
    let sheets = match look.format {
        Format::Xlsx => xlsx::sheets(first, options)?,
        Format::Xls => xls::sheets(first, options)?,
        _ => Vec::new(),
    };
    let mut reading = super::start(path, options)?;
    let (mut sample, mut records, mut bytes) = (Vec::new(), Vec::new(), 0);
    while let Some(record) = reading.next() {
        let record = record?;
        bytes += record.values.iter().map(weight).sum::<usize>();
        let values = record.names.iter().cloned().zip(record.values.iter().cloned()).collect();
        sample.push(Sample { file: reading.file().to_owned(), at: record.at, values });
        records.push(record);
        if sample.len() >= SHOWN || bytes > SHOWN_BYTES {
            break;
        }
    }
    let mut columns: Vec<String> = Vec::new();
    for name in records.iter().flat_map(|record| record.names.iter()) {
        if columns.len() < super::COLUMNS && !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    let is_text = matches!(look.format, Format::Jsonl | Format::Json | Format::Csv | Format::Text | Format::Markdown);
    let is_table = look.format == Format::Csv;
    Ok(Detected {
        format: container(path, &inputs).unwrap_or(look.format),
        encoding: is_text.then(|| look.encoding.name().to_owned()),
        delimiter: is_table.then_some(look.delimiter as char),
        header: is_table.then_some(look.header),
        columns,
        sheets,
        bytes: inputs.iter().map(Input::bytes).sum(),
        files: inputs.iter().map(Input::shown).collect(),
        shape: shape(&records),
        sample,
        skips: reading.notes().skips(),
    })
}

fn container(path: &Path, inputs: &[Input]) -> Option<Format> {
    match inputs.first() {
        _ if path.is_dir() => Some(Format::Folder),
        Some(Input::Member { .. }) => Some(Format::Zip),
        _ => None,
    }
}

/// About the bytes that a value takes.
pub fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(pairs) => pairs.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 8,
    }
}

/// How one file is to be read.
pub(super) fn look(input: &Input, options: &ReadOptions) -> anyhow::Result<Look> {
    let (head, all) = input.head(HEAD)?;
    if head.is_empty() {
        bail!(input.coded(Code::SourceEmpty));
    }
    let wanted = options.format.filter(|format| !matches!(format, Format::Zip | Format::Folder));
    let binary = binary(input, &head)?;
    let is_binary = |format| matches!(format, Format::Xlsx | Format::Xls | Format::Parquet);
    if let Some(format) = wanted.filter(|format| is_binary(*format)).or(binary) {
        return Ok(Look { format, encoding: UTF_8, delimiter: b',', header: true, blank_lines: true });
    }
    let encoding = match &options.encoding {
        Some(label) => match Encoding::for_label(label.trim().as_bytes()) {
            Some(encoding) => encoding,
            None => bail!(coded(Code::EncodingUnknown).with("encoding", label)),
        },
        None => encoding(input, &head, all)?.ok_or_else(|| input.coded(Code::SourceUnknown))?,
    };
    let (text, _) = encoding.decode_with_bom_removal(&head);
    let (format, tabular) = match wanted {
        Some(format) => (format, (format == Format::Csv).then(|| delimiter(&text, b",;\t|"))),
        None => textual(&input.ending(), &text, all),
    };
    let delimiter = match options.delimiter {
        Some(delimiter) => u8::try_from(delimiter).ok().filter(u8::is_ascii).ok_or_else(|| {
            coded(Code::InputInvalid).with("what", "delimiter").with("why", "it is not an ASCII character")
        })?,
        None => tabular.flatten().unwrap_or(if input.ending() == "tsv" { b'\t' } else { b',' }),
    };
    let header = options.header.unwrap_or_else(|| has_header(&rows(&text, delimiter)));
    let lines = text.lines().count();
    let blank_lines = text.lines().filter(|line| line.trim().is_empty()).count() * 50 >= lines;
    Ok(Look { format, encoding, delimiter, header, blank_lines })
}

/// Formats that begin with bytes of their own; those that rows cannot be read from are refused.
fn binary(input: &Input, head: &[u8]) -> anyhow::Result<Option<Format>> {
    if head.starts_with(b"PAR1") {
        return Ok(Some(Format::Parquet));
    }
    if head.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return Ok(Some(Format::Xls));
    }
    if head.starts_with(b"PK\x03\x04") {
        return if matches!(input.ending().as_str(), "docx" | "pptx" | "odt" | "ods" | "jar") {
            Err(input.coded(Code::SourceUnknown).into())
        } else {
            Ok(Some(Format::Xlsx))
        };
    }
    let other: [&[u8]; 5] = [b"%PDF-", b"\x1F\x8B", b"7z\xBC\xAF", b"Rar!", b"SQLite format 3"];
    if other.iter().any(|magic| head.starts_with(magic)) {
        bail!(input.coded(Code::SourceUnknown));
    }
    Ok(None)
}

/// The encoding; where the head is ASCII, the first other bytes further on decide.
fn encoding(input: &Input, head: &[u8], all: bool) -> anyhow::Result<Option<&'static Encoding>> {
    let encoding = decode::sniff(head, all);
    if encoding != Some(UTF_8) || !head.is_ascii() || all {
        return Ok(encoding);
    }
    let mut reader = input.reader(&Notes::default())?.take(ASCII_SEARCH);
    let mut window = Vec::new();
    loop {
        window.clear();
        let read = (&mut reader).take(HEAD as u64).read_to_end(&mut window);
        let read = read.map_err(|error| input::lift(error, || input.damaged(1)))?;
        if let Some(first) = window.iter().position(|byte| !byte.is_ascii()) {
            // More of the text makes the verdict sure.
            (&mut reader).take(HEAD as u64).read_to_end(&mut window).code(|| input.damaged(1))?;
            return Ok(decode::sniff(&window[first..], false));
        }
        if read == 0 {
            return Ok(Some(UTF_8));
        }
    }
}

/// The format of a text, and its delimiter where it is a table.
fn textual(ending: &str, text: &str, all: bool) -> (Format, Option<Option<u8>>) {
    let trimmed = text.trim_start();
    let is_object = |line: &str| line.trim_start().starts_with('{') && crate::json::parse(line).is_ok();
    match ending {
        "jsonl" | "ndjson" => return (Format::Jsonl, None),
        "md" | "markdown" => return (Format::Markdown, None),
        "csv" | "tsv" => return (Format::Csv, Some(delimiter(text, b",;\t|"))),
        _ => {}
    }
    let mut lines = trimmed.lines().filter(|line| !line.trim().is_empty());
    if lines.next().is_some_and(is_object) && (lines.next().is_some_and(|line| line.trim_start().starts_with('{'))) {
        return (Format::Jsonl, None);
    }
    let listed = trimmed.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['{', ']']));
    if ending == "json" || listed || trimmed.starts_with("{\"") || (all && is_object(trimmed)) {
        return (Format::Json, None);
    }
    let candidates: &[u8] = if ending == "txt" { b"\t" } else { b",;\t|" };
    match delimiter(text, candidates) {
        Some(found) if text.lines().count() > 1 => (Format::Csv, Some(Some(found))),
        _ => (Format::Text, None),
    }
}

/// The first rows of a text; the last one may be cut and is left out.
fn rows(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut cells = Cells::new(Box::new(Cursor::new(text.as_bytes().to_vec())), delimiter);
    let mut rows = Vec::new();
    while let Ok(Some(_)) = cells.next() {
        rows.push(cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
        if rows.len() > LOOK {
            break;
        }
    }
    if rows.len() > 2 {
        rows.pop();
    }
    rows
}

/// The delimiter that makes rows of the same width, and of as many cells as possible; nothing where none makes two.
fn delimiter(text: &str, candidates: &[u8]) -> Option<u8> {
    if let Some(named) = text.strip_prefix("sep=").and_then(|rest| rest.bytes().next()) {
        return Some(named);
    }
    let mut best: Option<(f64, u8)> = None;
    for &candidate in candidates {
        let widths: Vec<usize> = rows(text, candidate).iter().map(Vec::len).collect();
        let Some(&width) = widths.iter().max_by_key(|width| widths.iter().filter(|w| w == width).count()) else {
            continue;
        };
        let alike = widths.iter().filter(|&&w| w == width).count() as f64 / widths.len() as f64;
        if width < 2 || alike < 0.6 {
            continue;
        }
        // Sameness first: text has commas in some rows, a table has its delimiter in all of them.
        let score = alike * 10.0 + (width as f64).ln();
        if best.is_none_or(|(known, _)| score > known) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Whether the first row names the columns: short words, all different, none a number, a time or a sentence.
pub(super) fn has_header(rows: &[Vec<String>]) -> bool {
    let Some(first) = rows.first() else { return true };
    let cells: Vec<&str> = first.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
    let is_name = |cell: &&str| {
        cell.chars().count() <= 40
            && !cell.contains(['\n', '?', '？', '。', '！'])
            && cell.parse::<f64>().is_err()
            && super::date::seconds(cell).is_none()
    };
    let different = cells.iter().enumerate().all(|(at, cell)| !cells[..at].contains(cell));
    !cells.is_empty() && different && cells.iter().all(is_name)
}

/// Names for the columns of a table: those of its header, made different, or numbers.
pub(super) fn names(header: &[String], width: usize) -> std::sync::Arc<[String]> {
    let mut names: Vec<String> = Vec::with_capacity(width);
    let mut seen = std::collections::HashSet::new();
    for at in 0..width {
        let given = header.get(at).map(|name| name.trim()).unwrap_or_default();
        let plain = if given.is_empty() { format!("column_{}", at + 1) } else { given.to_owned() };
        let mut name = plain.clone();
        let mut turn = 2;
        while !seen.insert(name.clone()) {
            name = format!("{plain}_{turn}");
            turn += 1;
        }
        names.push(name);
    }
    names.into()
}

/// The shape of rows by the names of their columns and what the first ones hold.
fn shape(records: &[Record]) -> Shape {
    let Some(first) = records.first() else { return Shape::Table };
    let has = |name: &str| first.names.iter().any(|known| known == name);
    let item = |name: &str, keys: [&str; 2]| {
        let list = first.get(name).and_then(Value::as_array);
        list.and_then(|list| list.first()).is_some_and(|item| keys.iter().all(|key| item.get(key).is_some()))
    };
    if has("chosen") && has("rejected") {
        return Shape::Preference;
    }
    if item("messages", ["role", "content"]) || item("messages", ["role", "tool_calls"]) {
        return Shape::Messages;
    }
    if ["conversations", "conversation", "messages"].iter().any(|name| item(name, ["from", "value"])) {
        return Shape::ShareGpt;
    }
    if has("instruction") && has("output") {
        return Shape::Alpaca;
    }
    if first.names.as_ref() == ["text"] {
        return Shape::Text;
    }
    if crate::map::looks_like_chat(records) { Shape::Chat } else { Shape::Table }
}
