//! Rows that say the same: exact duplicates by the hash of their normalised text, near duplicates by MinHash and
//! locality-sensitive hashing with the true similarity of every candidate (`shingle`, `sketch`, `index` state the
//! method); and what follows from them: answers that contradict each other and training rows that give a test away.
//! The outcome depends on the file alone. Deliberately absent: changing any row, which is `fix`'s.

mod contradictions;
mod findings;
mod index;
mod leaks;
mod shingle;
mod sketch;
#[cfg(test)]
mod tests;

use std::path::Path;

use pc_base::{Cancel, Reporter};
use serde::{Deserialize, Serialize};

pub use contradictions::{Contradiction, Contradictions, OneAnswer, contradictions};
pub(crate) use findings::Near;
pub(crate) use index::{Index, Reader, SketchedRow, sketch_row};
pub use leaks::{Held, HeldKind, Leak, Leaks, leaks};
pub(crate) use shingle::{jaccard, mix};

/// Which text of a row is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Everything that is said in it.
    #[default]
    Row,
    /// What comes before the last answer.
    Question,
}

/// How near duplicates are looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearOptions {
    pub compare: Compare,
    /// Least Jaccard similarity of shingles, in (0, 1]; below 0.5 the method misses many. Above 1, equal rows only.
    pub threshold: f64,
    /// Groups (contradictions, leaks) to name; all are counted.
    pub shown: usize,
}

impl Default for NearOptions {
    fn default() -> Self {
        Self { compare: Compare::Row, threshold: 0.8, shown: 1_000 }
    }
}

/// Members of one group that are named.
const MEMBERS: usize = 100;

/// Groups of rows that are alike.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Duplicates {
    /// Rows that have a text.
    pub rows: u64,
    /// Rows whose normalised text an earlier row has.
    pub exact_rows: u64,
    /// Further rows that are like an earlier one.
    pub near_rows: u64,
    pub groups_total: u64,
    /// In the file's order.
    pub groups: Vec<Group>,
}

/// Rows that are alike, each with one before it, the first excepted.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    pub rows_total: u64,
    /// The first of them.
    pub rows: Vec<Member>,
}

/// One row of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    pub line: u64,
    /// The earlier line that it is like; 0 for the first of a group.
    pub like: u64,
    /// The Jaccard similarity of their shingles, 1 for the first.
    pub similarity: f64,
    /// Whether the normalised texts are equal.
    pub exact: bool,
}

/// Finds duplicates and near duplicates. Memory grows by about 60 bytes a row, whatever the rows' length, and about
/// 200 MB at a million rows.
pub fn duplicates(
    path: &Path,
    options: &NearOptions,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<Duplicates> {
    let mut index = Index::read(&[path.to_owned()], options.compare, "near", reporter, cancel)?;
    let groups = index.groups(options.threshold, reporter, cancel)?;
    let exact_rows = groups.exact.iter().filter(|&&exact| exact).count() as u64;
    let list = groups.list();
    let beyond: u64 = list.iter().map(|group| group.len() as u64 - 1).sum();
    let member = |row: u32| {
        let link = groups.link(row);
        Member {
            line: index.marks[row as usize].line.into(),
            like: link.map_or(0, |link| index.marks[link.to as usize].line.into()),
            similarity: link.map_or(1.0, |link| f64::from(link.similarity)),
            exact: groups.exact[row as usize],
        }
    };
    let group = |rows: &Vec<u32>| Group {
        rows_total: rows.len() as u64,
        rows: rows.iter().take(MEMBERS).map(|&row| member(row)).collect(),
    };
    Ok(Duplicates {
        rows: index.marks.len() as u64,
        exact_rows,
        near_rows: beyond - exact_rows,
        groups_total: list.len() as u64,
        groups: list.iter().take(options.shown).map(group).collect(),
    })
}
