//! The rows of some files as marks and keys, and the groups that they form: equal texts by their hash, like ones by a
//! shared key and then by their true similarity, for which the two lines are read again. A row costs 24 bytes of mark
//! and 80 of keys, and the keys go to a temporary file, column by column, whenever a quarter of a million rows are held. Deliberately
//! absent: what the groups mean.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pc_base::{Cancel, Code, Progress, Reporter, Unit, coded};
use rayon::prelude::*;

use super::Compare;
use super::shingle::{Shingler, jaccard};
use super::sketch::{BANDS, Sketch};
use crate::json::{Tape, Value};
use crate::judge::Place;
use crate::limits::LINE_BYTES;
use crate::lines::{Walk, walk};
use crate::{open, turns};

/// Rows whose keys are held before they go to disk.
const HELD: usize = 1 << 18;
/// Pairs that were not alike and are remembered.
const FAILED: usize = 1 << 20;
/// Rows of one key that later ones are compared with: a key that very many unlike rows share stays affordable.
const LEADERS: usize = 16;

/// One row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// Of its line in its file.
    offset: u64,
    /// Hash of the compared text.
    pub exact: u64,
    /// Hash of the answer's text.
    pub answer: u32,
    /// 1-based.
    pub line: u32,
}

/// What is compared of a row: the hash of it, and its keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sketched {
    pub exact: u64,
    pub keys: [u32; BANDS],
}

impl Sketched {
    fn of(shingler: Shingler<Sketch>) -> Self {
        let (exact, sketch) = shingler.finish();
        Self { exact, keys: sketch.keys() }
    }
}

/// All that is compared of a row that has a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SketchedRow {
    pub row: Sketched,
    /// What comes before the answer; a row to read on asks nothing.
    pub question: Option<Sketched>,
    /// Hash of the answer's text.
    pub answer: u32,
}

/// Reads a row once for both comparisons: its question is how it begins.
pub(crate) fn sketch_row(row: Value<'_>) -> Option<SketchedRow> {
    let end = turns::answer_place(row);
    let (mut compared, mut answer) = (Shingler::new(Sketch::new()), Shingler::new(|_| {}));
    let (mut any, mut asked, mut question) = (false, false, None);
    turns::each(row, |turn| {
        if Some(turn.place) == end && question.is_none() {
            question = Some((compared.clone(), any));
        }
        any = any || !turn.text.trim().is_empty();
        asked = asked || turn.place != Place::Text;
        compared.border(turn.role.map_or(0, |role| role as u64 + 1));
        compared.text(turn.text);
        if Some(turn.place) == end {
            answer.text(turn.text);
        }
    });
    if !any {
        return None;
    }
    let whole = Sketched::of(compared);
    let question = match question {
        Some((begun, any)) => any.then(|| Sketched::of(begun)),
        None => asked.then_some(whole),
    };
    Some(SketchedRow { row: whole, question, answer: (answer.finish().0 >> 32) as u32 })
}

/// The shingles of the compared part of a row.
fn shingles(row: Value<'_>, compare: Compare, take: impl FnMut(u64)) {
    let end = turns::answer_place(row);
    let (mut compared, mut in_answer) = (Shingler::new(take), false);
    turns::each(row, |turn| {
        in_answer = in_answer || Some(turn.place) == end;
        if compare == Compare::Row || !in_answer {
            compared.text(turn.text);
        }
    });
    compared.finish();
}

/// All keys, by band.
#[derive(Debug)]
struct Keys {
    /// Rows to hold before they go to disk.
    most: usize,
    held: Vec<[u32; BANDS]>,
    /// Rows of each part on disk, and the file.
    parts: Vec<usize>,
    file: Option<File>,
}

impl Keys {
    fn new(most: usize) -> Self {
        Self { most, held: Vec::new(), parts: Vec::new(), file: None }
    }

    fn push(&mut self, keys: [u32; BANDS]) -> anyhow::Result<()> {
        self.held.push(keys);
        if self.held.len() < self.most {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile().context("making a temporary file")?),
        };
        file.seek(SeekFrom::End(0)).context("writing a temporary file")?;
        for band in 0..BANDS {
            let column: Vec<u8> = self.held.iter().flat_map(|keys| keys[band].to_le_bytes()).collect();
            file.write_all(&column).context("writing a temporary file")?;
        }
        self.parts.push(self.held.len());
        self.held.clear();
        Ok(())
    }

    /// One band's keys of all rows, in their order.
    fn band(&mut self, band: usize) -> anyhow::Result<Vec<u32>> {
        let mut all = Vec::with_capacity(self.parts.iter().sum::<usize>() + self.held.len());
        let mut at = 0;
        for &rows in &self.parts {
            let file = self.file.as_mut().context("a part is on disk")?;
            file.seek(SeekFrom::Start(at + (band * rows * 4) as u64)).context("reading a temporary file")?;
            let mut column = vec![0; rows * 4];
            file.read_exact(&mut column).context("reading a temporary file")?;
            all.extend(column.as_chunks::<4>().0.iter().map(|&four| u32::from_le_bytes(four)));
            at += (BANDS * rows * 4) as u64;
        }
        all.extend(self.held.iter().map(|keys| keys[band]));
        Ok(all)
    }
}

/// The rows of some files, in their order.
#[derive(Debug)]
pub(crate) struct Index {
    files: Vec<PathBuf>,
    /// The number of rows before each file's first.
    starts: Vec<usize>,
    pub marks: Vec<Mark>,
    keys: Keys,
    pub compare: Compare,
}

/// A row that is like an earlier one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub row: u32,
    pub to: u32,
    pub similarity: f32,
}

/// Which rows belong together.
#[derive(Debug)]
pub(crate) struct Groups {
    /// Of each row, the first row of its group.
    pub first: Vec<u32>,
    /// Why, sorted by row; equal rows have a similarity of 1 and point at the first of them.
    pub links: Vec<Link>,
    /// Rows whose text equals that of an earlier one.
    pub exact: Vec<bool>,
}

impl Index {
    /// One without rows.
    pub fn new(compare: Compare) -> Self {
        Self { files: Vec::new(), starts: Vec::new(), marks: Vec::new(), keys: Keys::new(HELD), compare }
    }

    /// Reads files; lines that are not rows are passed over.
    pub fn read(
        files: &[PathBuf],
        compare: Compare,
        stage: &str,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> anyhow::Result<Self> {
        let mut index = Self::new(compare);
        for path in files {
            read_into(&mut [&mut index], &Walk { path, stage, reporter, cancel })?;
        }
        Ok(index)
    }

    /// The rows that come next are this file's.
    pub fn file(&mut self, path: &Path) {
        self.files.push(path.to_owned());
        self.starts.push(self.marks.len());
    }

    /// Takes in the next row, on a line counted from 1 whose first byte is at `offset`.
    pub fn push(&mut self, sketched: &SketchedRow, line: u64, offset: u64) -> anyhow::Result<()> {
        let part = match self.compare {
            Compare::Row => Some(sketched.row),
            Compare::Question => sketched.question,
        };
        let Some(Sketched { exact, keys }) = part else { return Ok(()) };
        let line = u32::try_from(line).context("more than 4,294,967,295 lines")?;
        self.marks.push(Mark { offset, exact, answer: sketched.answer, line });
        self.keys.push(keys)
    }

    /// Which of the files a row is of.
    pub fn file_of(&self, row: u32) -> usize {
        self.starts.partition_point(|&start| start <= row as usize) - 1
    }

    /// Groups rows that are alike by at least `threshold`, a true Jaccard similarity; above 1, equal ones only.
    pub fn groups(&mut self, threshold: f64, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<Groups> {
        let mut groups = self.equal();
        if threshold > 1.0 {
            return Ok(groups);
        }
        let mut failed = std::collections::HashSet::new();
        for band in 0..BANDS {
            cancel.check()?;
            let done = Some(BANDS as u64);
            reporter.report(Progress { stage: "compare".into(), done: band as u64, total: done, unit: Unit::Steps });
            let keys = self.keys.band(band)?;
            let mut pairs: Vec<u64> = (0_u64..)
                .zip(&keys)
                .filter(|&(row, &key)| key != 0 && !groups.exact[row as usize])
                .map(|(row, &key)| u64::from(key) << 32 | row)
                .collect();
            drop(keys);
            pairs.par_sort_unstable();
            let runs: Vec<&[u64]> = pairs.chunk_by(|a, b| a >> 32 == b >> 32).filter(|run| run.len() > 1).collect();
            let (known, failed_before) = (&groups.first, &failed);
            let found: Vec<anyhow::Result<Verified>> = runs
                .par_iter()
                .map_init(
                    || Reader::new(self),
                    |reader, run| {
                        let rows: Vec<u32> = run.iter().map(|pair| *pair as u32).collect();
                        reader.cluster(&rows, known, failed_before, threshold, cancel)
                    },
                )
                .collect();
            for verified in found {
                let (links, unlike) = verified?;
                links.into_iter().for_each(|link| groups.join(link));
                if failed.len() < FAILED {
                    failed.extend(unlike);
                }
            }
            groups.flatten();
        }
        groups.links.sort_unstable_by_key(|link| link.row);
        Ok(groups)
    }

    fn equal(&self) -> Groups {
        let rows = self.marks.len() as u32;
        let mut groups = Groups { first: (0..rows).collect(), links: Vec::new(), exact: vec![false; self.marks.len()] };
        let mut order: Vec<u32> = (0..rows).collect();
        order.par_sort_unstable_by_key(|&row| (self.marks[row as usize].exact, row));
        for run in order.chunk_by(|&a, &b| self.marks[a as usize].exact == self.marks[b as usize].exact) {
            for &row in &run[1..] {
                groups.exact[row as usize] = true;
                groups.join(Link { row, to: run[0], similarity: 1.0 });
            }
        }
        groups
    }
}

/// Reads a file once into several indexes.
pub(crate) fn read_into(indexes: &mut [&mut Index], over: &Walk<'_>) -> anyhow::Result<()> {
    indexes.iter_mut().for_each(|index| index.file(over.path));
    let mut lines = 0_u64;
    walk(
        over,
        |part| {
            let mut tape = Tape::default();
            let rows: Vec<_> = part
                .lines()
                .filter_map(|line| {
                    let doc = tape.read(line.text()?).ok()?;
                    Some((line.index, line.offset, sketch_row(doc.value)?))
                })
                .collect();
            (part.count(), rows)
        },
        |(count, rows)| {
            for (at, offset, sketched) in rows {
                for index in indexes.iter_mut() {
                    index.push(&sketched, lines + at + 1, offset)?;
                }
            }
            lines += count;
            Ok(())
        },
    )?;
    Ok(())
}

/// Links, and pairs that are not alike, so that they are not read again for the next band.
type Verified = (Vec<Link>, Vec<(u32, u32)>);

impl Groups {
    fn root(&self, mut row: u32) -> u32 {
        while self.first[row as usize] != row {
            row = self.first[row as usize];
        }
        row
    }

    fn join(&mut self, link: Link) {
        let (a, b) = (self.root(link.row), self.root(link.to));
        if a != b || link.similarity >= 1.0 {
            self.links.push(link);
        }
        self.first[a.max(b) as usize] = a.min(b);
    }

    /// Every row points at its first itself: the least row is always the root, so one pass in order is enough.
    fn flatten(&mut self) {
        for row in 0..self.first.len() {
            self.first[row] = self.first[self.first[row] as usize];
        }
    }

    /// Groups of at least two, each sorted, in the order of their first rows.
    pub fn list(&self) -> Vec<Vec<u32>> {
        let mut order: Vec<u32> = (0..self.first.len() as u32).collect();
        order.retain(|&row| self.first[row as usize] != row);
        let mut firsts: Vec<u32> = order.iter().map(|&row| self.first[row as usize]).collect();
        firsts.sort_unstable();
        firsts.dedup();
        order.extend(firsts);
        order.sort_unstable_by_key(|&row| (self.first[row as usize], row));
        order.chunk_by(|&a, &b| self.first[a as usize] == self.first[b as usize]).map(<[u32]>::to_vec).collect()
    }

    /// Why a row is in its group; nothing for the first.
    pub fn link(&self, row: u32) -> Option<Link> {
        self.links.binary_search_by_key(&row, |link| link.row).ok().map(|at| self.links[at])
    }
}

/// Reads single lines again.
pub(crate) struct Reader<'a> {
    index: &'a Index,
    files: Vec<Option<BufReader<File>>>,
    tape: Tape,
    buffer: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub fn new(index: &'a Index) -> Self {
        let files = index.files.iter().map(|_| None).collect();
        Self { index, files, tape: Tape::default(), buffer: Vec::new() }
    }

    /// Gives a row of the file to `take`; refused with [`Code::FileUnreadable`] when the file changed meanwhile.
    pub fn row<T>(&mut self, row: u32, take: impl FnOnce(Value<'_>) -> T) -> anyhow::Result<T> {
        let number = self.index.file_of(row);
        let path = &self.index.files[number];
        let file = match &mut self.files[number] {
            Some(file) => file,
            empty => empty.insert(BufReader::with_capacity(8 << 10, open(path)?)),
        };
        let read = || -> std::io::Result<()> {
            file.seek(SeekFrom::Start(self.index.marks[row as usize].offset))?;
            self.buffer.clear();
            file.take(LINE_BYTES as u64 + 1).read_until(b'\n', &mut self.buffer)?;
            Ok(())
        }();
        let changed = || anyhow::Error::from(coded(Code::FileUnreadable).with("path", path.display()));
        read.map_err(|_| changed())?;
        let line = std::str::from_utf8(&self.buffer).map_err(|_| changed())?;
        Ok(take(self.tape.read(line.trim()).map_err(|_| changed())?.value))
    }

    /// The shingles of a row, sorted and without repeats.
    pub fn set(&mut self, row: u32) -> anyhow::Result<Vec<u64>> {
        let compare = self.index.compare;
        let mut set = Vec::new();
        self.row(row, |value| shingles(value, compare, |shingle| set.push(shingle)))?;
        set.sort_unstable();
        set.dedup();
        Ok(set)
    }

    /// Compares the rows of one key: each with those that were like none before it.
    fn cluster(
        &mut self,
        rows: &[u32],
        known: &[u32],
        failed: &std::collections::HashSet<(u32, u32)>,
        threshold: f64,
        cancel: &Cancel,
    ) -> anyhow::Result<Verified> {
        let (mut links, mut unlike) = (Vec::new(), Vec::new());
        let mut leaders: Vec<(u32, Option<Vec<u64>>)> = Vec::new();
        for &row in rows {
            cancel.check()?;
            let mut own = None;
            let mut found = leaders.iter().any(|(leader, _)| known[*leader as usize] == known[row as usize]);
            for (leader, set) in &mut leaders {
                if found {
                    break;
                }
                if failed.contains(&(*leader, row)) {
                    continue;
                }
                let own = match &mut own {
                    Some(own) => own,
                    none => none.insert(self.set(row)?),
                };
                let set = match set {
                    Some(set) => set,
                    none => none.insert(self.set(*leader)?),
                };
                let similarity = jaccard(set, own);
                found = similarity >= threshold;
                if found {
                    links.push(Link { row, to: *leader, similarity: similarity as f32 });
                } else {
                    unlike.push((*leader, row));
                }
            }
            if !found && leaders.len() < LEADERS {
                leaders.push((row, own));
            }
        }
        Ok((links, unlike))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_went_to_disk_come_back_in_their_order() {
        let mut keys = Keys::new(7);
        for row in 0..40_u32 {
            keys.push(std::array::from_fn(|band| row * 100 + band as u32)).expect("a temporary file can be written");
        }
        assert_eq!((keys.parts.len(), keys.held.len()), (5, 5), "most are on disk, some are held");
        for band in [0, 3, BANDS - 1] {
            let wanted: Vec<u32> = (0..40).map(|row| row * 100 + band as u32).collect();
            assert_eq!(keys.band(band).expect("readable"), wanted);
        }
        keys.push([1; BANDS]).expect("writing goes on after reading");
        assert_eq!(keys.band(1).expect("readable").len(), 41);
    }
}
