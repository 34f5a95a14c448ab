//! Findings while they are gathered: their number by code is exact, and the first thousand of each are kept, so that a noisy
//! code does not hide the others. Deliberately absent: their words.

use crate::finding::{FindingCode, Found, Severity};
use crate::limits::FINDINGS_OF_CODE;

const CODES: usize = FindingCode::ALL.len();

/// Findings of a part of a file, or of all of it.
#[derive(Debug)]
pub(super) struct Kept {
    /// In the order in which they came.
    pub found: Vec<Found>,
    totals: [u64; CODES],
    kept: [u64; CODES],
}

impl Default for Kept {
    fn default() -> Self {
        Self { found: Vec::new(), totals: [0; CODES], kept: [0; CODES] }
    }
}

impl Kept {
    /// Counts a finding and, where there is room, keeps it.
    pub fn add(&mut self, found: Found) {
        self.totals[found.code as usize] += 1;
        self.keep(found);
    }

    fn keep(&mut self, found: Found) {
        let kept = &mut self.kept[found.code as usize];
        if *kept < FINDINGS_OF_CODE {
            *kept += 1;
            self.found.push(found);
        }
    }

    /// Takes in what the next part gave, whose lines are counted from behind line `before`.
    pub fn merge(&mut self, part: Self, before: u64) {
        self.totals.iter_mut().zip(part.totals).for_each(|(all, new)| *all += new);
        part.found.into_iter().for_each(|found| self.keep(Found { line: before + found.line, ..found }));
    }

    /// Each code with its number, those that never came left out.
    pub fn totals(&self) -> impl Iterator<Item = (FindingCode, u64)> {
        FindingCode::ALL.iter().copied().zip(self.totals).filter(|(_, total)| *total > 0)
    }

    /// Of all that were counted: how many there are, and how many of them are errors.
    pub fn sums(&self) -> (u64, u64) {
        let errors = self.totals().filter(|(code, _)| code.severity() == Severity::Error);
        (self.totals.iter().sum(), errors.map(|(_, total)| total).sum())
    }
}
