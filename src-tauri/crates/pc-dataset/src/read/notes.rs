//! What is noted while rows stream by: bytes read, and rows that were passed over with their place and reason.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pc_base::{Code, Coded, Language};
use serde::{Deserialize, Serialize};

/// Rows beyond this many are counted, not kept.
const KEPT: usize = 1_000;

/// A row that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    pub file: String,
    /// 1-based line or row.
    pub at: u64,
    /// A [`Code::name`].
    pub code: String,
    /// What the code's words name; `path` and `line` are among them.
    pub values: BTreeMap<String, String>,
}

impl Skipped {
    /// Notes a reason; `path` and `line` are added to its values.
    pub(crate) fn new(file: &str, at: u64, why: Coded) -> Self {
        let why = why.with("path", file).with("line", at);
        let values = why.values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { file: file.to_owned(), at, code: why.code.name().to_owned(), values }
    }

    /// The whole sentence, with file and line.
    pub fn sentence(&self, language: Language) -> String {
        match Code::from_name(&self.code) {
            Some(code) => Coded::revived(code, &self.values).sentence(language),
            None => self.code.clone(),
        }
    }
}

/// All rows that were passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skips {
    pub total: u64,
    /// How many for each code.
    pub by_code: BTreeMap<String, u64>,
    /// The first thousand.
    pub kept: Vec<Skipped>,
}

impl Skips {
    pub(crate) fn add(&mut self, skipped: Skipped) {
        self.total += 1;
        *self.by_code.entry(skipped.code.clone()).or_default() += 1;
        if self.kept.len() < KEPT {
            self.kept.push(skipped);
        }
    }
}

/// Shared by the readers and their caller; clones are the same notes.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    bytes: AtomicU64,
    skips: Mutex<Skips>,
}

impl Notes {
    /// Bytes read from the disk so far.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// What was passed over so far.
    pub fn skips(&self) -> Skips {
        self.lock().clone()
    }

    pub(crate) fn skip(&self, file: &str, at: u64, why: Coded) {
        self.lock().add(Skipped::new(file, at, why));
    }

    /// Counts what is read through it.
    pub(crate) fn counting<R: Read>(&self, inner: R) -> Counting<R> {
        Counting { inner, notes: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Skips> {
        self.0.skips.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads, and counts.
pub(crate) struct Counting<R> {
    inner: R,
    notes: Notes,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.notes.0.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: Seek> Seek for Counting<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}
