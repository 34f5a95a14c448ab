//! Merged cells. They are listed behind the rows, so a first pass over the sheet finds them before its rows are read.

use std::io::{BufReader, Read};

use memchr::memmem;
use serde_json::Value;

use crate::read::{Input, lift};

/// More merges than this are not kept, nor more than this at once on one row; real sheets have far fewer.
const KEPT: usize = 100_000;
const AT_ONCE: usize = 1_024;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Merge {
    top: u64,
    bottom: u64,
    left: usize,
    right: usize,
}

/// The merges of a sheet while its rows stream by.
#[derive(Debug, Default)]
pub(super) struct Merges {
    /// From the last to the first, by their top.
    waiting: Vec<Merge>,
    active: Vec<(Merge, Value)>,
}

impl Merges {
    /// Searches a sheet's XML for them.
    pub fn find(part: impl Read, input: &Input) -> anyhow::Result<Self> {
        let (mut reader, finder) = (BufReader::new(part), memmem::Finder::new("mergeCell "));
        let (mut window, mut chunk, mut waiting) = (Vec::new(), vec![0; 1 << 17], Vec::new());
        loop {
            let read = reader.read(&mut chunk).map_err(|error| lift(error, || input.damaged(1)))?;
            if read == 0 {
                break;
            }
            window.extend_from_slice(&chunk[..read]);
            for found in finder.find_iter(&window) {
                let rest = &window[found..(found + 80).min(window.len())];
                let text = String::from_utf8_lossy(rest);
                let place = text.split_once("ref=\"").and_then(|(_, rest)| rest.split_once('"'));
                if let Some(merge) = place.and_then(|(place, _)| merge(place)).filter(|_| waiting.len() < KEPT) {
                    waiting.push(merge);
                }
            }
            // A tag may be cut by the end of the window; the same one found twice does no harm.
            let kept = window.len().min(100);
            window.drain(..window.len() - kept);
        }
        waiting.sort_by_key(|merge| std::cmp::Reverse(merge.top));
        waiting.dedup();
        Ok(Self { waiting, active: Vec::new() })
    }

    /// Merges that are known: first and last row (1-based), first and last column (0-based).
    pub fn of(ranges: impl Iterator<Item = (u64, u64, usize, usize)>) -> Self {
        let merge = |(top, bottom, left, right)| Merge { top, bottom, left, right };
        let mut waiting: Vec<Merge> = ranges.take(KEPT).map(merge).collect();
        waiting.sort_by_key(|merge| std::cmp::Reverse(merge.top));
        Self { waiting, active: Vec::new() }
    }

    /// Puts the value of a merged cell into those that it covers in this row, up to a width and a number of bytes; false where
    /// they are more.
    pub fn fill(&mut self, row: u64, values: &mut Vec<Value>, width: usize, mut room: usize) -> bool {
        self.active.retain(|(merge, _)| merge.bottom >= row);
        while let Some(merge) = self.waiting.pop_if(|merge| merge.top <= row) {
            let value = values.get(merge.left).cloned().unwrap_or_default();
            // No program lets merges lie over each other, and a thousand of them would cost each row a thousand rows.
            let apart = |(other, _): &(Merge, Value)| merge.right < other.left || other.right < merge.left;
            if merge.top == row && !value.is_null() && self.active.len() < AT_ONCE && self.active.iter().all(apart) {
                self.active.push((merge, value));
            }
        }
        for (merge, value) in &self.active {
            for column in merge.left..=merge.right.min(width.saturating_sub(1)) {
                let weight = value.as_str().map_or(16, str::len);
                if weight > room {
                    return false;
                }
                room -= weight;
                if values.len() <= column {
                    values.resize(column + 1, Value::Null);
                }
                if values[column].is_null() {
                    values[column] = value.clone();
                }
            }
        }
        true
    }
}

fn merge(place: &str) -> Option<Merge> {
    let (from, to) = place.split_once(':')?;
    let (left, right) = (column(from)?, column(to)?);
    let (top, bottom) = (row(from)?, row(to)?);
    (left <= right && top <= bottom).then_some(Merge { top, bottom, left, right })
}

fn row(place: &str) -> Option<u64> {
    place.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '$').parse().ok()
}

/// The 0-based column of a place such as `AB12`.
pub(super) fn column(place: &str) -> Option<usize> {
    let letters = place.trim_start_matches('$');
    let letters = &letters[..letters.bytes().take_while(u8::is_ascii_alphabetic).count()];
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let number = letters.bytes().fold(0, |sum, letter| sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    Some(number - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_value_reaches_every_row_and_column_that_it_covers() {
        let part = "<x:mergeCells><x:mergeCell ref=\"A2:B3\"/><mergeCell ref=\"XFD1:A1\"/></x:mergeCells>";
        let input = Input::File("a.xlsx".into());
        let mut merges = Merges::find(part.as_bytes(), &input).expect("memory can be read");
        let mut rows = [vec![], vec![Value::from("酒店")], vec![Value::Null, Value::Null, 1.into()], vec![]];
        for (at, row) in rows.iter_mut().enumerate() {
            assert!(merges.fill(at as u64 + 1, row, 3, 1_000));
        }
        let hotel = || Value::from("酒店");
        assert_eq!(rows, [vec![], vec![hotel(), hotel()], vec![hotel(), hotel(), 1.into()], vec![]]);
        assert_eq!((column("A1"), column("XFD9"), column("1"), column("ABCD1")), (Some(0), Some(16_383), None, None));
    }
}
