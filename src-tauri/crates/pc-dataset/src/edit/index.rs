//! Any row of a large file at once: where every so-many-th row begins, found by one walk and kept in a small file beside
//! the data. A gigabyte of rows costs about a quarter of a megabyte. Deliberately absent: what rows say, and an index of a
//! file that changed since, which is refused.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, bail};
use pc_base::{Cancel, Code, CodedExt as _, Reporter, coded, write_atomic};
use sha2::{Digest as _, Sha256};

use crate::blocks::Kind;
use crate::lines::{Part, Walk, walk};
use crate::open;

/// Rows between two places that are known, at most, while there are few enough of these.
const STRIDE: u64 = 64;
/// Places that are held; of a file with more, every second one is let go.
const PLACES: usize = 1 << 19;
/// The longest part of one line that is read.
const HELD: usize = 1 << 20;
/// Bytes of all rows of one reading, beyond which the rest are cut to [`BRIEF`].
const TOGETHER: usize = 32 << 20;
const BRIEF: usize = 64 << 10;
/// What the kept file begins with; another version of it begins otherwise.
const MAGIC: &[u8; 8] = b"rows\0\0\0\x01";
/// Bytes of a place, of what stands before the places, and of the hash behind them.
const PLACE: usize = 24;
const HEAD: usize = 48;
const HASH: usize = 32;

/// Where a row begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// From 0.
    row: u64,
    /// From 0.
    line: u64,
    offset: u64,
}

/// By what it is noticed that a file is another one: its size and the time of its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed: u64,
}

impl Stamp {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let unreadable = || coded(Code::FileUnreadable).with("path", path.display());
        let metadata = open(path)?.metadata().code(unreadable)?;
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        // Nanoseconds of an u64 last until the year 2554.
        Ok(Self { bytes: metadata.len(), changed: changed.map_or(0, |since| since.as_nanos() as u64) })
    }
}

/// Rows of one file by their numbers. Rows are the lines that are not blank; a line of more than a megabyte always is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowIndex {
    stamp: Stamp,
    rows: u64,
    lines: u64,
    /// In the file's order.
    places: Vec<Place>,
}

/// One row as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedRow {
    /// From 0.
    pub number: u64,
    /// 1-based.
    pub line: u64,
    /// Without line ending and byte order mark; what is not UTF-8 reads as U+FFFD.
    pub text: String,
    /// Whether the line goes on: at most a megabyte of it is read.
    pub cut: bool,
}

/// What one part of a file gave.
struct Seen {
    lines: u64,
    rows: u64,
    /// Counted from the part's first row and line.
    places: Vec<Place>,
}

fn blank(line: &[u8]) -> bool {
    match line.first() {
        None => true,
        Some(b'!'..=b'~') => false,
        Some(_) => line.len() <= HELD && std::str::from_utf8(line).is_ok_and(|line| line.trim().is_empty()),
    }
}

fn look(part: Part<'_>) -> Seen {
    let mut seen = Seen { lines: part.count(), rows: 0, places: Vec::new() };
    if part.kind != Kind::Lines {
        // A line that is too long to be held is a row whatever it says.
        seen.rows = seen.lines;
        seen.places.extend((seen.lines > 0).then_some(Place { row: 0, line: 0, offset: part.offset }));
    }
    for line in part.lines().filter(|line| !blank(line.bytes)) {
        if seen.rows.is_multiple_of(STRIDE) {
            seen.places.push(Place { row: seen.rows, line: line.index, offset: line.offset });
        }
        seen.rows += 1;
    }
    seen
}

impl RowIndex {
    /// Walks over a file on all cores.
    pub fn build(data: &Path, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<Self> {
        Self::build_within(data, PLACES, reporter, cancel)
    }

    fn build_within(data: &Path, most: usize, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<Self> {
        let mut index = Self { stamp: Stamp::of(data)?, rows: 0, lines: 0, places: Vec::new() };
        let (mut step, mut passed) = (1, 0_usize);
        walk(&Walk { path: data, stage: "rows", reporter, cancel }, look, |seen| {
            for place in seen.places {
                if passed.is_multiple_of(step) {
                    let (row, line) = (index.rows + place.row, index.lines + place.line);
                    index.places.push(Place { row, line, ..place });
                }
                passed += 1;
            }
            index.rows += seen.rows;
            index.lines += seen.lines;
            if index.places.len() >= most {
                let mut at = 0;
                index.places.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
                step *= 2;
            }
            Ok(())
        })?;
        Ok(index)
    }

    /// The index that is kept at `path` if it is the data's, else a new one, which is then kept there.
    pub fn kept(data: &Path, path: &Path, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<Self> {
        if let Some(index) = Self::load(path).ok().filter(|index| index.fits(data)) {
            return Ok(index);
        }
        let index = Self::build(data, reporter, cancel)?;
        index.save(path)?;
        Ok(index)
    }

    /// Keeps it; the file appears whole or not at all.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let mut bytes = Vec::with_capacity(HEAD + self.places.len() * PLACE + HASH);
        bytes.extend_from_slice(MAGIC);
        let head = [self.stamp.bytes, self.stamp.changed, self.rows, self.lines, self.places.len() as u64];
        let places = self.places.iter().flat_map(|place| [place.row, place.line, place.offset]);
        head.into_iter().chain(places).for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        write_atomic(path, &bytes)
    }

    /// Reads what [`RowIndex::save`] kept; refused with [`Code::InputInvalid`] where it is damaged or of another version.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let invalid =
            || coded(Code::InputInvalid).with("what", path.display()).with("why", "it is not an index of rows");
        let (mut bytes, most) = (Vec::new(), HEAD + PLACES * PLACE + HASH);
        let unreadable = || coded(Code::FileUnreadable).with("path", path.display());
        open(path)?.take(most as u64 + 1).read_to_end(&mut bytes).code(unreadable)?;
        let (kept, hash) = bytes.split_last_chunk::<HASH>().with_context(invalid)?;
        let numbers = kept.strip_prefix(MAGIC).with_context(invalid)?;
        if bytes.len() > most || Sha256::digest(kept)[..] != hash[..] {
            bail!(invalid());
        }
        let (numbers, rest) = numbers.as_chunks::<8>();
        let numbers: Vec<u64> = numbers.iter().map(|&eight| u64::from_le_bytes(eight)).collect();
        let (&[bytes, changed, rows, lines, count], places) = numbers.split_first_chunk().with_context(invalid)?;
        let (places, odd) = places.as_chunks::<3>();
        let places: Vec<Place> = places.iter().map(|&[row, line, offset]| Place { row, line, offset }).collect();
        let ordered = places.is_sorted_by(|a, b| a.row < b.row && a.line < b.line && a.offset < b.offset);
        if !rest.is_empty() || !odd.is_empty() || places.len() as u64 != count || !ordered {
            bail!(invalid());
        }
        Ok(Self { stamp: Stamp { bytes, changed }, rows, lines, places })
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the file is, by its size and time, the one that was walked over.
    pub fn fits(&self, data: &Path) -> bool {
        Stamp::of(data).is_ok_and(|stamp| stamp == self.stamp)
    }

    /// Rows from a number (from 0) on, fewer at the end. At most a megabyte of each is read, and 32 MB of all in full.
    /// Refused with [`Code::InputInvalid`] where the file is not the one that was walked over any more.
    pub fn read(&self, data: &Path, from: u64, count: usize) -> anyhow::Result<Vec<IndexedRow>> {
        let (mut rows, mut together) = (Vec::new(), 0);
        let at = self.places.partition_point(|place| place.row <= from);
        let Some(&place) = at.checked_sub(1).and_then(|at| self.places.get(at)) else { return Ok(rows) };
        let mut lines = Lines::at(data, self, place)?;
        let last = from.saturating_add(count as u64).min(self.rows);
        while lines.row < last {
            let wanted = if lines.row < from { BRIEF } else { HELD };
            let Some((line, long)) = lines.next(if together > TOGETHER { BRIEF } else { wanted })? else { break };
            if lines.row > from {
                let text = String::from_utf8_lossy(without_half(&lines.buffer, long)).into_owned();
                together += text.len();
                rows.push(IndexedRow { number: lines.row - 1, line: line + 1, text, cut: long });
            }
        }
        Ok(rows)
    }

    /// The number of the row on a line (1-based), or of the next one; how many rows there are where none follows.
    pub fn row_of_line(&self, data: &Path, line: u64) -> anyhow::Result<u64> {
        let line = line.saturating_sub(1);
        let at = self.places.partition_point(|place| place.line <= line);
        let Some(&place) = at.checked_sub(1).and_then(|at| self.places.get(at)) else { return Ok(0) };
        let mut lines = Lines::at(data, self, place)?;
        while let Some((found, _)) = lines.next(BRIEF)? {
            if found >= line {
                return Ok(lines.row - 1);
            }
        }
        Ok(self.rows)
    }
}

/// Reads the rows after a place.
struct Lines<'a> {
    path: &'a Path,
    input: BufReader<File>,
    /// The next one's.
    row: u64,
    line: u64,
    buffer: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn at(path: &'a Path, index: &RowIndex, place: Place) -> anyhow::Result<Self> {
        if !index.fits(path) {
            let why = "it changed since its rows were counted";
            bail!(coded(Code::InputInvalid).with("what", path.display()).with("why", why));
        }
        let mut input = BufReader::with_capacity(1 << 16, open(path)?);
        let unreadable = || coded(Code::FileUnreadable).with("path", path.display());
        input.seek(SeekFrom::Start(place.offset)).code(unreadable)?;
        let mark = b"\xEF\xBB\xBF";
        if place.offset == 0 && input.fill_buf().code(unreadable)?.starts_with(mark) {
            input.consume(mark.len());
        }
        Ok(Self { path, input, row: place.row, line: place.line, buffer: Vec::new() })
    }

    /// The number (from 0) of the next row's line, which is in the buffer up to about `most` bytes, and whether it is longer.
    fn next(&mut self, most: usize) -> anyhow::Result<Option<(u64, bool)>> {
        let unreadable = || coded(Code::FileUnreadable).with("path", self.path.display());
        loop {
            let length = line(&mut self.input, &mut self.buffer).code(unreadable)?;
            let Some(length) = length else { return Ok(None) };
            self.line += 1;
            if length > HELD as u64 || !blank(&self.buffer) {
                self.row += 1;
                self.buffer.truncate(most);
                let long = length > self.buffer.len() as u64;
                if !long && self.buffer.ends_with(b"\r") {
                    self.buffer.pop();
                }
                return Ok(Some((self.line - 1, long)));
            }
        }
    }
}

/// Reads a line, holds [`HELD`] bytes of it, and tells its length without the line feed; nothing at the end.
fn line(input: &mut impl BufRead, buffer: &mut Vec<u8>) -> std::io::Result<Option<u64>> {
    buffer.clear();
    let (mut length, mut any) = (0, false);
    loop {
        let read = input.fill_buf()?;
        if read.is_empty() {
            return Ok(any.then_some(length));
        }
        any = true;
        let end = memchr::memchr(b'\n', read);
        let piece = &read[..end.unwrap_or(read.len())];
        buffer.extend_from_slice(&piece[..piece.len().min(HELD - buffer.len())]);
        length += piece.len() as u64;
        let used = piece.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some(length));
        }
    }
}

/// Without the bytes of a character that was cut through.
fn without_half(bytes: &[u8], cut: bool) -> &[u8] {
    let lead = (1..=3).find(|&back| bytes.len() >= back && bytes[bytes.len() - back] & 0xC0 != 0x80);
    let Some(back) = lead.filter(|_| cut) else { return bytes };
    let whole = match bytes[bytes.len() - back] {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 1,
    };
    if whole > back { &bytes[..bytes.len() - back] } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_base::Silent;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with(bytes: &[u8]) -> Self {
            let folder = Self(tempfile::tempdir().expect("a temporary folder can be made"));
            write_atomic(&folder.data(), bytes).expect("and written");
            folder
        }

        fn data(&self) -> std::path::PathBuf {
            self.0.path().join("a.jsonl")
        }
    }

    fn build(data: &Path) -> RowIndex {
        RowIndex::build(data, &Silent, &Cancel::default()).expect("the file can be read")
    }

    /// A file of everything that is hard, and its rows as they are found by splitting the whole of it.
    fn hard() -> (Vec<u8>, Vec<(u64, Vec<u8>)>) {
        let mut bytes = b"\xEF\xBB\xBFfirst\r\n\n \t\r\n\xE3\x80\x80\n\xFF\xFE not text\n".to_vec();
        for number in 0..900_u32 {
            bytes.extend_from_slice(
                format!("{{\"n\":{number},\"t\":\"{}\"}}\n", "行".repeat(number as usize % 700)).as_bytes(),
            );
            if number % 7 == 0 {
                bytes.extend_from_slice(b"\n");
            }
        }
        bytes.extend_from_slice(" last, without a line feed".as_bytes());
        let rows = bytes[3..].split(|&byte| byte == b'\n').enumerate();
        let rows = rows.map(|(at, line)| (at as u64 + 1, line.strip_suffix(b"\r").unwrap_or(line).to_vec()));
        let said = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| line.trim().is_empty());
        let rows = rows.filter(|(_, line)| !said(line)).collect();
        (bytes, rows)
    }

    #[test]
    fn every_row_is_found_by_its_number_and_by_its_line() {
        let (bytes, rows) = hard();
        let folder = Folder::with(&bytes);
        let index = build(&folder.data());
        assert_eq!(index.rows(), rows.len() as u64);
        assert!(index.places.len() > 10, "there are some places: {}", index.places.len());
        for (from, count) in
            [(0, 3), (0, 2_000), (63, 2), (64, 1), (500, 200), (901, 5), (902, 1), (u64::MAX, 1), (5, 0)]
        {
            let read = index.read(&folder.data(), from, count).expect("readable");
            let wanted: Vec<_> =
                rows.iter().enumerate().skip(usize::try_from(from).expect("small")).take(count).collect();
            assert_eq!(read.len(), wanted.len(), "{from}, {count}");
            for (row, (number, (line, text))) in read.iter().zip(wanted) {
                assert_eq!((row.number, row.line, row.cut), (number as u64, *line, false));
                assert_eq!(row.text, String::from_utf8_lossy(text));
            }
        }
        for line in (0..1_100).chain([u64::MAX]) {
            let wanted = rows.iter().position(|(known, _)| *known >= line).unwrap_or(rows.len());
            assert_eq!(index.row_of_line(&folder.data(), line).expect("readable"), wanted as u64, "line {line}");
        }
    }

    #[test]
    fn of_very_many_rows_fewer_places_are_held_and_all_are_still_found() {
        let (bytes, rows) = hard();
        let folder = Folder::with(&bytes);
        let index = RowIndex::build_within(&folder.data(), 8, &Silent, &Cancel::default()).expect("readable");
        assert!((2..8).contains(&index.places.len()), "{}", index.places.len());
        for (number, (line, _)) in rows.iter().enumerate().step_by(37) {
            let read = index.read(&folder.data(), number as u64, 1).expect("readable");
            assert_eq!((read[0].number, read[0].line), (number as u64, *line));
            assert_eq!(index.row_of_line(&folder.data(), *line).expect("readable"), number as u64);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_a_row_that_is_cut_between_characters() {
        let mut bytes = b"a\n".to_vec();
        bytes.extend("字".repeat((17 << 20) / 3).into_bytes());
        bytes.extend_from_slice(b"\nb\n");
        bytes.extend("x字".repeat(HELD / 4 + 1).into_bytes());
        bytes.extend_from_slice(b"\nc");
        let folder = Folder::with(&bytes);
        let index = build(&folder.data());
        let rows = index.read(&folder.data(), 0, 9).expect("readable");
        let told: Vec<_> = rows.iter().map(|row| (row.number, row.line, row.text.chars().next(), row.cut)).collect();
        let wanted = [(0, 1, Some('a'), false), (1, 2, Some('字'), true), (2, 3, Some('b'), false)];
        assert_eq!(told[..3], wanted);
        assert_eq!(told[3..], [(3, 4, Some('x'), true), (4, 5, Some('c'), false)]);
        assert!(rows.iter().all(|row| row.text.len() <= HELD && !row.text.contains('\u{FFFD}')), "no half characters");
        assert!(rows[1].text.len() > HELD - 4, "as much as is allowed");
    }

    #[test]
    fn it_is_kept_and_refused_where_it_is_damaged_or_the_file_is_another_one() {
        let (bytes, _) = hard();
        let folder = Folder::with(&bytes);
        let (data, kept) = (folder.data(), folder.0.path().join("a.rows"));
        let index = RowIndex::kept(&data, &kept, &Silent, &Cancel::default()).expect("built and kept");
        assert_eq!(RowIndex::load(&kept).expect("it was kept"), index);
        let good = std::fs::read(&kept).expect("readable");
        for at in [0, 9, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            write_atomic(&kept, &bad).expect("written");
            RowIndex::load(&kept).expect_err("one bit is enough");
        }
        for short in [0, 7, HEAD, good.len() - 1] {
            write_atomic(&kept, &good[..short]).expect("written");
            RowIndex::load(&kept).expect_err("half a file is none");
        }
        write_atomic(&kept, &good).expect("written");
        write_atomic(&data, b"one\ntwo\n").expect("written");
        assert!(!index.fits(&data));
        index.read(&data, 0, 1).expect_err("these would be other rows");
        let anew = RowIndex::kept(&data, &kept, &Silent, &Cancel::default()).expect("built anew");
        assert_eq!((anew.rows(), RowIndex::load(&kept).expect("kept").rows()), (2, 2));
    }

    #[test]
    fn an_empty_file_has_no_rows() {
        for bytes in [&b""[..], b"\n\n", b"\xEF\xBB\xBF"] {
            let folder = Folder::with(bytes);
            let index = build(&folder.data());
            assert_eq!((index.rows(), index.row_of_line(&folder.data(), 3).expect("readable")), (0, 0));
            assert!(index.read(&folder.data(), 0, 10).expect("readable").is_empty());
        }
    }
}
