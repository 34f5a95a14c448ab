//! Data sets: rows out of every kind of file, mapped to rows to train on; check every line of a JSONL file, read its rows, score a
//! golden set, and the bundled hotel sample. Pure and streaming. Deliberately absent: tokenizers, networks, and holding a whole file in memory.

use std::fs::File;
use std::path::Path;

use anyhow::bail;
use pc_base::{Code, CodedExt as _, coded};

pub mod bench;
mod blocks;
mod check;
mod content;
mod edit;
mod finding;
mod golden;
pub mod json;
mod judge;
pub mod limits;
mod lines;
pub mod map;
pub mod near;
pub mod passages;
pub mod privacy;
pub mod read;
mod record;
mod rows;
pub mod sample;
mod thinking;
mod tools;
mod turns;

pub use check::{CheckOptions, FindingGroup, Report, SampleRow, WholeOptions, check, whole};
pub use content::{Bucket, CountRow, Counter, Histogram, Languages, RowTokens, Stats};
pub use edit::{
    Change, DedupOptions, DedupReport, Diff, Difference, FixPlan, FixReport, FixShown, IndexedRow, RowIndex,
    SampleReport, dedup_file, diff_files, fix_file, fix_preview, sample_file,
};
pub use edit::{provenance, split};
pub use finding::{Area, Finding, FindingCode, Severity};
pub use golden::{Golden, Recall, fold, max_jaccard, recall};
pub use limits::Limits;
pub use record::{Record, Records};
pub use rows::{Message, Preference, Role, Row, RowKind, Rows, RowsOf, Text};

/// Opens a file to read; a folder is refused here because reading one fails later with stranger words.
fn open(path: &Path) -> anyhow::Result<File> {
    if !path.exists() {
        bail!(coded(Code::FileNotFound).with("path", path.display()));
    }
    let unreadable = || coded(Code::FileUnreadable).with("path", path.display());
    let file = File::open(path).code(unreadable)?;
    if !file.metadata().code(unreadable)?.is_file() {
        bail!(unreadable());
    }
    Ok(file)
}
