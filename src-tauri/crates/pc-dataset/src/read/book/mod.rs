//! Workbooks, new and old. What both have in common is here: a grid of cells becomes rows with names. The header is looked for
//! below titles, merged cells are filled, and notes beside the table are left out.

use std::collections::VecDeque;
use std::sync::Arc;

use pc_base::{Code, coded};
use serde_json::Value;

use super::{COLUMNS, Input, Notes, detect};
use crate::Record;
use crate::limits::LINE_BYTES;

mod merges;
mod shown;
mod strings;
pub(super) mod xls;
pub(super) mod xlsx;

use merges::Merges;

/// Rows among which the header is looked for; a title may stand above it.
const HEADER_ROWS: usize = 20;

/// Sheets among which the first one with rows is looked for: each costs all of the workbook's texts again.
const SHEETS: usize = 64;

/// A row of a grid.
struct Cells {
    /// 1-based, as the sheet numbers it.
    at: u64,
    values: Vec<Value>,
    /// Not more bytes or columns than are held.
    fits: bool,
    weight: usize,
}

impl Cells {
    fn new(at: u64) -> Self {
        Self { at, values: Vec::new(), fits: true, weight: 0 }
    }

    /// Puts a value into a column; nulls are left out.
    fn put(&mut self, column: usize, value: Value) {
        self.weight += value.as_str().map_or(16, str::len);
        if column >= COLUMNS || self.weight > LINE_BYTES {
            self.fits = false;
        } else if !value.is_null() {
            if self.values.len() <= column {
                self.values.resize(column + 1, Value::Null);
            }
            self.values[column] = value;
        }
    }
}

/// Where rows of cells come from.
trait Rows: Send {
    /// The next row that has cells.
    fn cells(&mut self) -> anyhow::Result<Option<Cells>>;
}

/// The rows of one sheet.
pub(super) struct Sheet {
    rows: Box<dyn Rows>,
    merges: Merges,
    names: Arc<[String]>,
    /// Rows that were read to find the header.
    ahead: VecDeque<Cells>,
    input: Input,
    notes: Notes,
}

impl Sheet {
    fn new(
        rows: Box<dyn Rows>,
        merges: Merges,
        header: Option<bool>,
        input: &Input,
        notes: &Notes,
    ) -> anyhow::Result<Self> {
        let (input, notes) = (input.clone(), notes.clone());
        let mut sheet = Self { rows, merges, names: [].into(), ahead: VecDeque::new(), input, notes };
        sheet.header(header)?;
        Ok(sheet)
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The next row that says something, with its merged cells filled.
    fn cells(&mut self) -> anyhow::Result<Option<Cells>> {
        while let Some(mut cells) = self.rows.cells()? {
            let width = if self.names.is_empty() { 256 } else { self.names.len() };
            cells.fits &=
                self.merges.fill(cells.at, &mut cells.values, width, LINE_BYTES - cells.weight.min(LINE_BYTES));
            if !cells.fits || cells.values.iter().any(|value| !is_blank(value)) {
                return Ok(Some(cells));
            }
        }
        Ok(None)
    }

    /// Finds the row that names the columns: the first one with about as many different cells as the widest of the first rows.
    fn header(&mut self, wanted: Option<bool>) -> anyhow::Result<()> {
        while self.ahead.len() < HEADER_ROWS {
            let Some(cells) = self.cells()? else { break };
            self.ahead.push_back(cells);
        }
        let counts: Vec<usize> = self.ahead.iter().map(different).collect();
        let most = counts.iter().copied().max().unwrap_or_default();
        let enough = most.div_ceil(2).max(most.min(2));
        let Some(at) = counts.iter().position(|&count| count > 0 && count >= enough) else {
            self.ahead.clear();
            return Ok(());
        };
        self.ahead.drain(..at);
        let rows: Vec<Vec<String>> = self.ahead.iter().map(|row| row.values.iter().map(text).collect()).collect();
        if wanted.unwrap_or_else(|| detect::has_header(&rows)) {
            self.ahead.pop_front();
            let filled = rows[0].iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1);
            self.names = detect::names(&rows[0], filled);
        } else {
            let width = rows.iter().map(Vec::len).max().unwrap_or_default();
            self.names = detect::names(&[], width);
        }
        Ok(())
    }

    fn read(&mut self) -> anyhow::Result<Option<Record>> {
        loop {
            let cells = match self.ahead.pop_front() {
                Some(cells) => cells,
                None if self.names.is_empty() => return Ok(None),
                None => match self.cells()? {
                    Some(cells) => cells,
                    None => return Ok(None),
                },
            };
            if !cells.fits {
                self.notes.skip(&self.input.shown(), cells.at, coded(Code::RowTooLong).with("limit", LINE_BYTES));
                continue;
            }
            // Cells beyond the header's last name are notes beside the table, not values of it.
            let mut values = cells.values;
            values.resize(self.names.len(), Value::Null);
            if values.iter().any(|value| !is_blank(value)) {
                return Ok(Some(Record { at: cells.at, names: self.names.clone(), values }));
            }
        }
    }
}

impl Iterator for Sheet {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// How many different values a row shows; a title merged over all columns shows one.
fn different(cells: &Cells) -> usize {
    let mut seen: Vec<&Value> = Vec::new();
    for value in cells.values.iter().take(256).filter(|value| !is_blank(value)) {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen.len()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}
