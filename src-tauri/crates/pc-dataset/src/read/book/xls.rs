//! Workbooks of Excel 5 to 2003: BIFF records ([MS-XLS]) in a compound file. The format ends at 65,536 rows of 256 columns, so the
//! cells of one sheet are held; their texts are looked up when a row is asked for. Nothing is believed about sizes: what is held
//! grows with the records that are there. Deliberately absent: formulas (their values are read), charts, macros, passwords.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use anyhow::bail;
use encoding_rs::Encoding;
use pc_base::{Code, CodedExt as _};
use serde_json::Value;

use super::merges::Merges;
use super::shown::{Formats, STYLES, Shown};
use super::strings::Strings;
use super::{Cells, Rows, SHEETS, Sheet};
use crate::read::{Input, Notes, ReadOptions};

/// The largest file that is opened; a full sheet of long texts is about half of it.
const BYTES: u64 = 64 << 20;

/// Record numbers of [MS-XLS] 2.3.
mod record {
    pub const FORMULA: u16 = 0x0006;
    pub const EOF: u16 = 0x000a;
    pub const DATEMODE: u16 = 0x0022;
    pub const FILEPASS: u16 = 0x002f;
    pub const CONTINUE: u16 = 0x003c;
    pub const CODEPAGE: u16 = 0x0042;
    pub const BOUNDSHEET: u16 = 0x0085;
    pub const MULRK: u16 = 0x00bd;
    pub const RSTRING: u16 = 0x00d6;
    pub const XF: u16 = 0x00e0;
    pub const MERGECELLS: u16 = 0x00e5;
    pub const SST: u16 = 0x00fc;
    pub const LABELSST: u16 = 0x00fd;
    pub const NUMBER: u16 = 0x0203;
    pub const LABEL: u16 = 0x0204;
    pub const BOOLERR: u16 = 0x0205;
    pub const STRING: u16 = 0x0207;
    pub const RK: u16 = 0x027e;
    pub const FORMAT: u16 = 0x041e;
    pub const BOF: u16 = 0x0809;
}

/// The names of a workbook's sheets.
pub(in crate::read) fn sheets(input: &Input, options: &ReadOptions) -> anyhow::Result<Vec<String>> {
    Ok(Book::open(input, options, &Notes::default())?.sheets.into_iter().map(|sheet| sheet.name).collect())
}

/// The rows of the named sheet, else of the first one with rows. [`Code::SheetUnknown`], [`Code::SourceEmpty`].
pub(in crate::read) fn open(input: &Input, options: &ReadOptions, notes: &Notes) -> anyhow::Result<Sheet> {
    let mut book = Book::open(input, options, notes)?;
    let chosen: Vec<usize> = match &options.sheet {
        Some(wanted) => book.sheets.iter().position(|sheet| sheet.name == *wanted).into_iter().collect(),
        None => (0..book.sheets.len()).filter(|&at| !book.sheets[at].hidden).take(SHEETS).collect(),
    };
    if let (Some(wanted), true) = (&options.sheet, chosen.is_empty()) {
        bail!(input.coded(Code::SheetUnknown).with("sheet", wanted));
    }
    let named = options.sheet.is_some();
    for at in chosen {
        let found = book.sheet(at);
        if named || !found.rows.is_empty() {
            let merges = Merges::of(found.merges.into_iter());
            let rows = Held {
                rows: found.rows.into_iter(),
                strings: std::mem::take(&mut book.strings),
                styles: std::mem::take(&mut book.styles),
                from_1904: book.from_1904,
            };
            return Sheet::new(Box::new(rows), merges, options.header, input, notes);
        }
    }
    bail!(input.coded(Code::SourceEmpty))
}

struct Listed {
    name: String,
    at: usize,
    hidden: bool,
}

struct Book {
    bytes: Vec<u8>,
    /// Texts are UTF-16 or Latin-1 from Excel 97 on; before, they are in the code page.
    is_old: bool,
    code_page: &'static Encoding,
    sheets: Vec<Listed>,
    strings: Strings,
    styles: Vec<Arc<Shown>>,
    from_1904: bool,
}

/// A cell before its text is looked up.
enum Cell {
    Shared(u32),
    Number(f64, u16),
    Value(Value),
}

#[derive(Default)]
struct Found {
    rows: BTreeMap<u16, Vec<(u16, Cell)>>,
    merges: Vec<(u64, u64, usize, usize)>,
}

/// The cells of a sheet, row by row.
struct Held {
    rows: std::collections::btree_map::IntoIter<u16, Vec<(u16, Cell)>>,
    strings: Strings,
    styles: Vec<Arc<Shown>>,
    from_1904: bool,
}

impl Rows for Held {
    fn cells(&mut self) -> anyhow::Result<Option<Cells>> {
        let Some((row, found)) = self.rows.next() else { return Ok(None) };
        let mut cells = Cells::new(u64::from(row) + 1);
        for (column, cell) in found {
            let value = match cell {
                Cell::Shared(index) => self.strings.get(index as usize).map_or(Value::Null, Value::String),
                Cell::Number(number, style) => self
                    .styles
                    .get(usize::from(style))
                    .map_or(&Shown::General, Arc::as_ref)
                    .show(number, self.from_1904),
                Cell::Value(value) => value,
            };
            cells.put(usize::from(column), value);
            if !cells.fits {
                break;
            }
        }
        Ok(Some(cells))
    }
}

impl Book {
    fn open(input: &Input, options: &ReadOptions, notes: &Notes) -> anyhow::Result<Self> {
        let held = input.held(options.scratch.as_deref(), notes)?;
        let file = crate::open(held.path())?;
        if file.metadata().code(|| input.damaged(1))?.len() > BYTES {
            bail!(input.coded(Code::SourceTooLarge).with("limit", BYTES));
        }
        let mut compound = cfb::CompoundFile::open(notes.counting(file)).code(|| input.damaged(1))?;
        if compound.exists("/EncryptedPackage") {
            bail!(input.coded(Code::SourceLocked));
        }
        let Some(name) = ["/Workbook", "/Book"].into_iter().find(|name| compound.is_stream(name)) else {
            bail!(input.coded(Code::SourceUnknown));
        };
        let mut bytes = Vec::new();
        let stream = compound.open_stream(name).code(|| input.damaged(1))?;
        stream.take(BYTES).read_to_end(&mut bytes).code(|| input.damaged(1))?;
        let mut book = Self {
            bytes,
            is_old: false,
            code_page: encoding_rs::GBK,
            sheets: Vec::new(),
            strings: Strings::default(),
            styles: Vec::new(),
            from_1904: false,
        };
        book.globals(input, options)?;
        Ok(book)
    }

    /// Reads what comes before the sheets.
    fn globals(&mut self, input: &Input, options: &ReadOptions) -> anyhow::Result<()> {
        let bytes = std::mem::take(&mut self.bytes);
        let (mut formats, mut styles) = (Formats::default(), Vec::new());
        let mut records = Records { bytes: &bytes, at: 0 };
        let first = records.next().filter(|(kind, _)| *kind == record::BOF);
        let version = first.and_then(|(_, data)| u16_at(data, 0)).ok_or_else(|| input.damaged(1))?;
        self.is_old = version < 0x0600;
        while let Some((kind, data)) = records.next() {
            match kind {
                record::EOF => break,
                record::FILEPASS => bail!(input.coded(Code::SourceLocked)),
                record::DATEMODE => self.from_1904 = u16_at(data, 0) == Some(1),
                record::CODEPAGE => self.code_page = u16_at(data, 0).map_or(encoding_rs::GBK, code_page),
                record::FORMAT => {
                    if let (Some(id), Some(code)) =
                        (u16_at(data, 0), self.text(data.get(2..).unwrap_or_default(), self.is_old))
                    {
                        formats.add(id, &code);
                    }
                }
                // A style may come before its format.
                record::XF if styles.len() < STYLES => styles.push(u16_at(data, 2).unwrap_or_default()),
                record::BOUNDSHEET => {
                    let name = data.get(6..).and_then(|rest| self.text(rest, true));
                    if let (Some(at), Some(name), Some(&[state, 0])) = (u32_at(data, 0), name, data.get(4..6)) {
                        self.sheets.push(Listed { name, at: at as usize, hidden: state & 3 != 0 });
                    }
                }
                record::SST => {
                    let mut pieces = vec![data.get(8..).unwrap_or_default()];
                    while let Some(more) = records.more() {
                        pieces.push(more);
                    }
                    shared(&pieces, &mut self.strings, options)?;
                }
                _ => {}
            }
        }
        self.styles = styles.into_iter().map(|id| formats.of(id)).collect();
        self.bytes = bytes;
        Ok(())
    }

    /// All cells of a sheet; one that is cut has those before the cut.
    fn sheet(&self, at: usize) -> Found {
        let mut found = Found::default();
        let mut records = Records { bytes: &self.bytes, at: self.sheets[at].at };
        let mut depth = 0;
        let mut formula = None;
        while let Some((kind, data)) = records.next() {
            match kind {
                record::BOF => depth += 1,
                record::EOF if depth <= 1 => break,
                record::EOF => depth -= 1,
                _ if depth > 1 => {}
                record::MERGECELLS => {
                    let ranges = data.get(2..).unwrap_or_default().chunks_exact(8).filter_map(|range| {
                        let (top, bottom) = (u16_at(range, 0)?, u16_at(range, 2)?);
                        Some((
                            u64::from(top) + 1,
                            u64::from(bottom) + 1,
                            u16_at(range, 4)?.into(),
                            u16_at(range, 6)?.into(),
                        ))
                    });
                    found.merges.extend(ranges);
                }
                record::STRING => {
                    if let (Some((row, column)), Some(text)) = (formula.take(), self.text(data, false)) {
                        put(&mut found, row, column, Cell::Value(text.into()));
                    }
                }
                _ => formula = self.cell(kind, data, &mut found),
            }
        }
        found
    }

    /// Takes a record with cells; the place of a formula whose text comes in the next one.
    fn cell(&self, kind: u16, data: &[u8], found: &mut Found) -> Option<(u16, u16)> {
        let (row, column, style) = (u16_at(data, 0)?, u16_at(data, 2)?, u16_at(data, 4)?);
        let cell = match kind {
            record::LABELSST => Cell::Shared(u32_at(data, 6)?),
            record::NUMBER => Cell::Number(f64_at(data, 6)?, style),
            record::RK => Cell::Number(rk(u32_at(data, 6)?), style),
            record::MULRK => {
                for (at, pair) in data.get(4..data.len().saturating_sub(2))?.chunks_exact(6).enumerate() {
                    let cell = Cell::Number(rk(u32_at(pair, 2)?), u16_at(pair, 0)?);
                    put(found, row, column.saturating_add(at as u16), cell);
                }
                return None;
            }
            record::LABEL | record::RSTRING => Cell::Value(self.text(data.get(6..)?, false)?.into()),
            // An error such as #N/A is no value.
            record::BOOLERR if data.get(7) == Some(&0) => Cell::Value((*data.get(6)? != 0).into()),
            record::FORMULA if data.get(12..14)? == [0xff, 0xff] => match data.get(6)? {
                0 => return Some((row, column)),
                1 => Cell::Value((*data.get(8)? != 0).into()),
                _ => return None,
            },
            record::FORMULA => Cell::Number(f64_at(data, 6)?, style),
            _ => return None,
        };
        put(found, row, column, cell);
        None
    }

    /// A text that lies within one record: its length in one byte (`short`) or two, then its characters.
    fn text(&self, data: &[u8], short: bool) -> Option<String> {
        let (length, rest) = if short {
            (usize::from(*data.first()?), data.get(1..)?)
        } else {
            (usize::from(u16_at(data, 0)?), data.get(2..)?)
        };
        if self.is_old {
            return Some(
                self.code_page.decode_without_bom_handling(rest.get(..length.min(rest.len()))?).0.into_owned(),
            );
        }
        let (flags, rest) = (*rest.first()?, rest.get(1..)?);
        Some(if flags & 1 == 0 {
            rest.iter().take(length).map(|&byte| char::from(byte)).collect()
        } else {
            utf16(rest.chunks_exact(2).take(length).map(|pair| u16::from_le_bytes([pair[0], pair[1]])))
        })
    }
}

fn put(found: &mut Found, row: u16, column: u16, cell: Cell) {
    found.rows.entry(row).or_default().push((column, cell));
}

fn utf16(units: impl Iterator<Item = u16>) -> String {
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn code_page(number: u16) -> &'static Encoding {
    match number {
        932 => encoding_rs::SHIFT_JIS,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1251 => encoding_rs::WINDOWS_1251,
        1252 => encoding_rs::WINDOWS_1252,
        _ => encoding_rs::GBK,
    }
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

fn f64_at(data: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(data.get(at..at + 8)?.try_into().ok()?))
}

/// A number in 30 bits: an integer or the upper part of a float, perhaps times a hundred ([MS-XLS] 2.5.217).
fn rk(bits: u32) -> f64 {
    let number =
        if bits & 2 != 0 { f64::from(bits as i32 >> 2) } else { f64::from_bits(u64::from(bits & 0xffff_fffc) << 32) };
    if bits & 1 != 0 { number / 100.0 } else { number }
}

/// Records one after another; what is cut off ends them.
struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let kind = u16_at(self.bytes, self.at)?;
        let length = usize::from(u16_at(self.bytes, self.at + 2)?);
        let data = self.bytes.get(self.at + 4..self.at + 4 + length)?;
        self.at += 4 + length;
        Some((kind, data))
    }

    /// The next record when it continues the one before.
    fn more(&mut self) -> Option<&'a [u8]> {
        if u16_at(self.bytes, self.at)? != record::CONTINUE {
            return None;
        }
        self.next().map(|(_, data)| data)
    }
}

/// The table of shared texts. A text may be cut anywhere by a record's end; where its characters are cut, the next record says anew
/// how wide they are.
fn shared(pieces: &[&[u8]], strings: &mut Strings, options: &ReadOptions) -> anyhow::Result<()> {
    let mut bytes = Pieces { pieces, piece: 0, at: 0 };
    while let Some(text) = bytes.text() {
        strings.push(&text, options.scratch.as_deref())?;
    }
    strings.end(options.scratch.as_deref())
}

struct Pieces<'a> {
    pieces: &'a [&'a [u8]],
    piece: usize,
    at: usize,
}

impl Pieces<'_> {
    fn byte(&mut self) -> Option<u8> {
        loop {
            let piece = self.pieces.get(self.piece)?;
            if let Some(&byte) = piece.get(self.at) {
                self.at += 1;
                return Some(byte);
            }
            (self.piece, self.at) = (self.piece + 1, 0);
        }
    }

    fn number(&mut self, bytes: u32) -> Option<u32> {
        (0..bytes).try_fold(0, |sum, at| Some(sum | u32::from(self.byte()?) << (8 * at)))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number(2)?;
        let mut flags = self.byte()?;
        let runs = if flags & 8 != 0 { self.number(2)? } else { 0 };
        let extra = if flags & 4 != 0 { self.number(4)? } else { 0 };
        let mut units = Vec::new();
        for _ in 0..length {
            if self.at == self.pieces.get(self.piece)?.len() {
                (self.piece, self.at) = (self.piece + 1, 0);
                flags = self.byte()?;
            }
            units.push(self.number(if flags & 1 != 0 { 2 } else { 1 })? as u16);
        }
        for _ in 0..u64::from(runs) * 4 + u64::from(extra) {
            // Formatting that is cut off takes no text with it.
            if self.byte().is_none() {
                break;
            }
        }
        Some(utf16(units.into_iter()))
    }
}
