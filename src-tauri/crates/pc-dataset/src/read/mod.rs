//! Rows out of any file: what a file holds is detected, then its rows stream by as [`Record`]s in bounded memory. A row that
//! cannot be read is passed over and noted with its place; damage to the file as a whole ends the reading with a code.
//! Deliberately absent: what columns mean, which is `map`'s, and databases.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Record, Records};

mod archive;
mod book;
mod csv;
pub(crate) mod date;
mod decode;
mod detect;
mod export;
mod input;
mod json;
mod lines;
mod notes;
mod parquet;
mod text;
pub(crate) mod xml;

pub(crate) use archive::{Packed, list as list_archive, unpack};
pub(crate) use decode::{gb18030, open_text, sniff};
pub use detect::{Detected, Sample, Shape, detect, weight};
pub use export::CsvWriter;
pub(crate) use input::{Input, inputs_ending, lift};
pub(crate) use json::value_of;
pub use notes::{Notes, Skipped, Skips};
pub(crate) use text::heading_of;

/// Most columns of a row; the widest sheet of a spreadsheet has as many.
pub const COLUMNS: usize = 16_384;
/// The header's row, its numbers, and a guess of what they mean are looked for in so many rows.
const LOOK: usize = 100;

/// A kind of file that rows can be read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// A list of objects, an object that holds one, or objects one after another.
    Json,
    /// Cells between delimiters.
    Csv,
    /// A workbook of Excel 2007 and later.
    Xlsx,
    /// A workbook of Excel 97 to 2003.
    Xls,
    Parquet,
    /// A row is a paragraph.
    Text,
    /// A row is a section, with the headings above it.
    Markdown,
    /// All files of these kinds in it.
    Zip,
    /// All files of these kinds below it.
    Folder,
}

/// How to read; whatever is not said is detected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadOptions {
    pub format: Option<Format>,
    /// A label such as `gb18030`.
    pub encoding: Option<String>,
    pub delimiter: Option<char>,
    /// Whether the first row of a table names its columns.
    pub header: Option<bool>,
    /// The first one that has rows when none is named.
    pub sheet: Option<String>,
    /// The key under which a JSON object has its rows.
    pub list: Option<String>,
    /// Where a file goes for a while that must be unpacked to be read; the system's own place when none is named.
    pub scratch: Option<PathBuf>,
}

/// Opens a file, an archive or a folder. [`pc_base::Code::SourceUnknown`] where no rows can be read from it, and other codes
/// that begin with `source_`.
pub fn open(path: &Path, options: &ReadOptions) -> anyhow::Result<Records> {
    Ok(Box::new(start(path, options)?))
}

/// Like [`open`], for callers that want to know how far it is and what was passed over.
pub fn start(path: &Path, options: &ReadOptions) -> anyhow::Result<Reading> {
    let notes = Notes::default();
    let inputs = input::inputs(path, options)?;
    Ok(Reading {
        inputs: inputs.into_iter(),
        rows: None,
        file: String::new(),
        options: options.clone(),
        notes,
        ended: false,
    })
}

/// The rows of one or more files, in order.
pub struct Reading {
    inputs: std::vec::IntoIter<Input>,
    rows: Option<Records>,
    file: String,
    options: ReadOptions,
    notes: Notes,
    ended: bool,
}

impl Reading {
    /// The file of the row that came last: the path, or `archive.zip/member.csv`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Bytes read, and rows that were passed over.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    fn read(&mut self) -> anyhow::Result<Option<Record>> {
        loop {
            if let Some(rows) = &mut self.rows {
                if let Some(row) = rows.next() {
                    return row.map(Some);
                }
                self.rows = None;
            }
            let Some(input) = self.inputs.next() else { return Ok(None) };
            self.file = input.shown();
            self.rows = Some(rows_of(&input, &self.options, &self.notes)?);
        }
    }
}

impl Iterator for Reading {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

/// The rows of one file.
fn rows_of(input: &Input, options: &ReadOptions, notes: &Notes) -> anyhow::Result<Records> {
    let look = detect::look(input, options)?;
    Ok(match look.format {
        Format::Jsonl => Box::new(json::Lines::new(input, &look, notes)?),
        Format::Json => Box::new(json::Document::new(input, &look, options.list.as_deref(), notes)?),
        Format::Csv => Box::new(csv::Table::new(input, &look, notes)?),
        Format::Xlsx => Box::new(book::xlsx::open(input, options, notes)?),
        Format::Xls => Box::new(book::xls::open(input, options, notes)?),
        Format::Parquet => Box::new(parquet::open(input, options, notes)?),
        Format::Text => Box::new(text::Paragraphs::new(input, &look, notes)?),
        Format::Markdown => Box::new(text::Sections::new(input, &look, notes)?),
        Format::Zip | Format::Folder => unreachable!("an input is one file"),
    })
}

#[cfg(test)]
mod tests;
