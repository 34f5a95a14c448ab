//! Sorting more than memory holds: what is beyond a bound goes into sorted runs in nameless files, which are merged in the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Bytes held before a run is written.
const HELD: usize = 64 << 20;
/// Runs merged at a time; each has a file and a buffer.
const RUNS: usize = 64;

/// An entry: what it is sorted by, and what it carries. Equal keys come out in any order, so keys end with a number.
type Entry = (Vec<u8>, Vec<u8>);

/// Takes entries, and gives them back in the order of their keys' bytes.
pub(super) struct Sorter {
    scratch: PathBuf,
    held: Vec<Entry>,
    bytes: usize,
    limit: usize,
    runs: Vec<File>,
}

impl Sorter {
    /// Spills into a folder, which exists.
    pub fn new(scratch: &Path) -> Self {
        Self { scratch: scratch.to_owned(), held: Vec::new(), bytes: 0, limit: HELD, runs: Vec::new() }
    }

    /// Takes one entry.
    pub fn add(&mut self, key: Vec<u8>, payload: Vec<u8>) -> anyhow::Result<()> {
        self.bytes += key.len() + payload.len() + 64;
        self.held.push((key, payload));
        if self.bytes > self.limit {
            self.held.sort_unstable();
            let held = std::mem::take(&mut self.held);
            self.bytes = 0;
            let run = self.write(held.into_iter().map(Ok))?;
            self.runs.push(run);
            if self.runs.len() >= RUNS {
                let merged = Merge::new(std::mem::take(&mut self.runs))?;
                let run = self.write(merged)?;
                self.runs.push(run);
            }
        }
        Ok(())
    }

    fn write(&self, entries: impl Iterator<Item = anyhow::Result<Entry>>) -> anyhow::Result<File> {
        let mut out = BufWriter::with_capacity(1 << 18, tempfile::tempfile_in(&self.scratch).context("sorting")?);
        for entry in entries {
            let (key, payload) = entry?;
            out.write_all(&(key.len() as u32).to_le_bytes())
                .and_then(|()| out.write_all(&(payload.len() as u32).to_le_bytes()))
                .and_then(|()| out.write_all(&key))
                .and_then(|()| out.write_all(&payload))
                .context("sorting")?;
        }
        let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error).context("sorting")?;
        file.seek(SeekFrom::Start(0)).context("sorting")?;
        Ok(file)
    }

    /// All entries in order.
    pub fn finish(mut self) -> anyhow::Result<Box<dyn Iterator<Item = anyhow::Result<Entry>>>> {
        self.held.sort_unstable();
        if self.runs.is_empty() {
            return Ok(Box::new(self.held.into_iter().map(Ok)));
        }
        let held = std::mem::take(&mut self.held);
        let last = self.write(held.into_iter().map(Ok))?;
        self.runs.push(last);
        Ok(Box::new(Merge::new(self.runs)?))
    }
}

/// Merges runs.
struct Merge {
    runs: Vec<BufReader<File>>,
    /// The first entry of each run.
    heads: BinaryHeap<Reverse<(Entry, usize)>>,
}

impl Merge {
    fn new(files: Vec<File>) -> anyhow::Result<Self> {
        let runs = files.into_iter().map(|file| BufReader::with_capacity(1 << 18, file)).collect();
        let mut merge = Self { runs, heads: BinaryHeap::new() };
        for at in 0..merge.runs.len() {
            merge.advance(at)?;
        }
        Ok(merge)
    }

    fn advance(&mut self, at: usize) -> anyhow::Result<()> {
        let run = &mut self.runs[at];
        let mut sizes = [0; 8];
        if run.read(&mut sizes[..1]).context("sorting")? == 0 {
            return Ok(());
        }
        run.read_exact(&mut sizes[1..]).context("sorting")?;
        let size =
            |from: usize| u32::from_le_bytes([sizes[from], sizes[from + 1], sizes[from + 2], sizes[from + 3]]) as usize;
        let (mut key, mut payload) = (vec![0; size(0)], vec![0; size(4)]);
        run.read_exact(&mut key).and_then(|()| run.read_exact(&mut payload)).context("sorting")?;
        self.heads.push(Reverse(((key, payload), at)));
        Ok(())
    }
}

impl Iterator for Merge {
    type Item = anyhow::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((entry, at)) = self.heads.pop()?;
        Some(self.advance(at).map(|()| entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_runs_come_out_as_one_order_and_nothing_is_lost() {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let mut sorter = Sorter { limit: 2_000, ..Sorter::new(dir.path()) };
        let mut wanted: Vec<Entry> = Vec::new();
        // A full cycle of a linear congruence visits every number once, in an order that is far from sorted.
        let mut number = 7_u32;
        for _ in 0..8_192 {
            number = (number * 1_021 + 5) % 8_192;
            let entry = (number.to_be_bytes().to_vec(), vec![number as u8; (number % 40) as usize]);
            wanted.push(entry.clone());
            sorter.add(entry.0, entry.1).expect("the folder can be written");
        }
        assert!(
            sorter.runs.len() > 1 && sorter.runs.len() < RUNS,
            "runs were merged on the way: {}",
            sorter.runs.len()
        );
        wanted.sort_unstable();
        let sorted: Vec<Entry> =
            sorter.finish().expect("it merges").collect::<anyhow::Result<_>>().expect("all is read back");
        assert!(sorted == wanted);
        assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 0, "runs have no names");
    }
}
