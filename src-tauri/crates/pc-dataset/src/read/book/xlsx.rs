//! Workbooks of Excel 2007 and later: rows stream out of the sheet's XML; shared strings lie in memory up to a bound and in a file
//! beyond it. Values only, never formulas; dates and decimals as the sheet shows them. Deliberately absent: charts, comments,
//! passwords.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::bail;
use pc_base::Code;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use super::merges::{Merges, column};
use super::shown::{self, Shown};
use super::strings::{self, Strings};
use super::{Cells, Rows, SHEETS, Sheet};
use crate::limits::LINE_BYTES;
use crate::read::archive::{self, Packed};
use crate::read::input::Held;
use crate::read::xml::{Xml, attribute, push_text};
use crate::read::{Input, Notes, ReadOptions};

/// The last row that a sheet can have.
const ROWS: u64 = 1 << 20;
/// Sheets that are listed, and parts that a part refers to.
const PARTS: usize = 10_000;

/// A workbook's parts and sheets.
struct Book {
    held: Held,
    parts: HashMap<String, Packed>,
    /// Name, part, and whether it is hidden.
    sheets: Vec<(String, String, bool)>,
    strings: Option<String>,
    styles: Option<String>,
    from_1904: bool,
}

/// The names of a workbook's sheets.
pub(in crate::read) fn sheets(input: &Input, options: &ReadOptions) -> anyhow::Result<Vec<String>> {
    let book = Book::open(input, options, &Notes::default())?;
    Ok(book.sheets.into_iter().map(|(name, ..)| name).collect())
}

impl Book {
    fn open(input: &Input, options: &ReadOptions, notes: &Notes) -> anyhow::Result<Self> {
        let held = input.held(options.scratch.as_deref(), notes)?;
        let parts: HashMap<String, Packed> =
            archive::list(held.path())?.into_iter().map(|(name, packed)| (name.replace('\\', "/"), packed)).collect();
        let mut book = Self { held, parts, sheets: Vec::new(), strings: None, styles: None, from_1904: false };
        let roots = book.relations(input, "_rels/.rels", "")?;
        let root = roots.into_iter().find(|(_, kind, _)| kind.ends_with("/officeDocument"));
        let workbook = root.map_or_else(|| "xl/workbook.xml".to_owned(), |(_, _, target)| target);
        if !book.parts.contains_key(&workbook) || !workbook.ends_with("workbook.xml") {
            bail!(input.coded(Code::SourceUnknown));
        }
        let (folder, name) = workbook.rsplit_once('/').unwrap_or(("", &workbook));
        let relations = book.relations(input, &format!("{folder}/_rels/{name}.rels"), folder)?;
        let target = |ending: &str| {
            relations.iter().find(|(_, kind, _)| kind.ends_with(ending)).map(|(.., target)| target.clone())
        };
        (book.strings, book.styles) = (target("/sharedStrings"), target("/styles"));
        let mut xml = book.part(input, &workbook, notes)?;
        loop {
            match xml.event()? {
                Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == "sheet" => {
                    let (Some(name), Some(id)) = (attribute(&tag, "name"), attribute(&tag, "id")) else { continue };
                    let hidden = attribute(&tag, "state").is_some_and(|state| state != "visible");
                    let found = relations.iter().find(|(known, kind, _)| *known == id && kind.ends_with("/worksheet"));
                    if let Some((.., target)) = found.filter(|_| book.sheets.len() < PARTS) {
                        book.sheets.push((name, target.clone(), hidden));
                    }
                }
                Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == "workbookPr" => {
                    book.from_1904 = matches!(attribute(&tag, "date1904").as_deref(), Some("1" | "true"));
                }
                Event::Eof => return Ok(book),
                _ => {}
            }
        }
    }

    fn part(&self, input: &Input, name: &str, notes: &Notes) -> anyhow::Result<Xml> {
        let packed = self.parts.get(name).ok_or_else(|| input.damaged(1))?;
        Ok(Xml::new(archive::unpack(self.held.path(), packed, notes)?, input))
    }

    /// Id, kind and target part of what another part refers to; nothing where it refers to nothing.
    fn relations(&self, input: &Input, part: &str, folder: &str) -> anyhow::Result<Vec<(String, String, String)>> {
        let part = part.trim_start_matches('/');
        let mut relations = Vec::new();
        if !self.parts.contains_key(part) {
            return Ok(relations);
        }
        let mut xml = self.part(input, part, &Notes::default())?;
        loop {
            match xml.event()? {
                Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == "Relationship" => {
                    let (Some(id), Some(kind), Some(target)) =
                        (attribute(&tag, "Id"), attribute(&tag, "Type"), attribute(&tag, "Target"))
                    else {
                        continue;
                    };
                    let target = match target.strip_prefix('/') {
                        Some(absolute) => absolute.to_owned(),
                        None if folder.is_empty() => target,
                        None => format!("{folder}/{target}"),
                    };
                    if relations.len() < PARTS {
                        relations.push((id, kind, target));
                    }
                }
                Event::Eof => return Ok(relations),
                _ => {}
            }
        }
    }
}

/// Opens the named sheet, else the first one with rows. [`Code::SheetUnknown`], [`Code::SourceEmpty`].
pub(in crate::read) fn open(input: &Input, options: &ReadOptions, notes: &Notes) -> anyhow::Result<Sheet> {
    let book = Book::open(input, options, notes)?;
    if let Some(wanted) = &options.sheet {
        let Some((_, part, _)) = book.sheets.iter().find(|(name, ..)| name == wanted) else {
            bail!(input.coded(Code::SheetUnknown).with("sheet", wanted));
        };
        return sheet(&book, part, input, options, notes);
    }
    for (_, part, _) in book.sheets.iter().filter(|(.., hidden)| !hidden).take(SHEETS) {
        let sheet = sheet(&book, part, input, options, notes)?;
        if !sheet.is_empty() {
            return Ok(sheet);
        }
    }
    bail!(input.coded(Code::SourceEmpty))
}

fn sheet(book: &Book, part: &str, input: &Input, options: &ReadOptions, notes: &Notes) -> anyhow::Result<Sheet> {
    let packed = book.parts.get(part).ok_or_else(|| input.damaged(1))?;
    let merges = Merges::find(archive::unpack(book.held.path(), packed, &Notes::default())?, input)?;
    let strings = match &book.strings {
        Some(part) if book.parts.contains_key(part) => {
            Strings::read(&mut book.part(input, part, notes)?, options.scratch.as_deref())?
        }
        _ => Strings::default(),
    };
    let styles = match &book.styles {
        Some(part) if book.parts.contains_key(part) => shown::styles(&mut book.part(input, part, notes)?)?,
        _ => Vec::new(),
    };
    let xml = book.part(input, part, notes)?;
    let (from_1904, held) = (book.from_1904, book.held.clone());
    let rows = SheetXml { xml, strings, styles, from_1904, row: 0, input: input.clone(), _held: held };
    Sheet::new(Box::new(rows), merges, options.header, input, notes)
}

/// Rows out of a sheet's XML.
struct SheetXml {
    xml: Xml,
    strings: Strings,
    styles: Vec<Arc<Shown>>,
    from_1904: bool,
    row: u64,
    input: Input,
    /// Keeps an unpacked workbook on the disk for as long as it is read.
    _held: Held,
}

impl Rows for SheetXml {
    /// The next row that has cells.
    fn cells(&mut self) -> anyhow::Result<Option<Cells>> {
        loop {
            self.xml.at = self.row.saturating_add(1);
            match self.xml.event()? {
                Event::Start(tag) if tag.local_name().as_ref() == "row" => {
                    self.row = row_number(&tag, self.row);
                    if self.row == 0 || self.row > ROWS {
                        bail!(self.input.damaged(ROWS));
                    }
                    return self.row_cells().map(Some);
                }
                Event::Empty(tag) if tag.local_name().as_ref() == "row" => self.row = row_number(&tag, self.row),
                Event::End(tag) if tag.local_name().as_ref() == "sheetData" => return Ok(None),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }
}

impl SheetXml {
    fn row_cells(&mut self) -> anyhow::Result<Cells> {
        let mut cells = Cells::new(self.row);
        let mut place = 0;
        loop {
            let (tag, empty) = match self.xml.event()? {
                Event::Start(tag) if tag.local_name().as_ref() == "c" => (tag.into_owned(), false),
                Event::Empty(tag) if tag.local_name().as_ref() == "c" => (tag.into_owned(), true),
                Event::End(tag) if tag.local_name().as_ref() == "row" => break,
                Event::Eof => break,
                _ => continue,
            };
            place = attribute(&tag, "r").and_then(|place| column(&place)).unwrap_or(place);
            let value = if empty { Value::Null } else { self.value(&tag)? };
            cells.put(place, value);
            place += 1;
        }
        Ok(cells)
    }

    /// A cell's value, up to the cell's end.
    fn value(&mut self, tag: &BytesStart<'_>) -> anyhow::Result<Value> {
        let kind = attribute(tag, "t").unwrap_or_default();
        let style = attribute(tag, "s").and_then(|style| style.parse::<usize>().ok()).unwrap_or_default();
        let (mut text, mut inside) = (String::new(), false);
        loop {
            match self.xml.event()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "v" | "t" => inside = true,
                    "rPh" | "f" => inside = false,
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    "c" => break,
                    _ => inside = false,
                },
                Event::Eof => break,
                event if inside => {
                    push_text(&event, &mut text);
                    if text.len() > LINE_BYTES {
                        bail!(self.input.damaged(self.row));
                    }
                }
                _ => {}
            }
        }
        Ok(match kind.as_str() {
            "s" => {
                let index = text.trim().parse().ok();
                let found = index.and_then(|index| self.strings.get(index));
                Value::String(found.ok_or_else(|| self.input.damaged(self.row))?)
            }
            "inlineStr" | "str" => Value::String(strings::unescape(&text)),
            "b" => Value::Bool(text.trim() == "1"),
            // An error such as #N/A is no value, so the cell counts as empty.
            "e" => Value::Null,
            "d" => Value::String(text),
            _ if text.trim().is_empty() => Value::Null,
            _ => match text.trim().parse::<f64>() {
                Ok(number) => self.styles.get(style).map_or(&Shown::General, Arc::as_ref).show(number, self.from_1904),
                Err(_) => Value::String(text),
            },
        })
    }
}

fn row_number(tag: &BytesStart<'_>, before: u64) -> u64 {
    attribute(tag, "r").and_then(|row| row.parse().ok()).unwrap_or(before.saturating_add(1))
}
