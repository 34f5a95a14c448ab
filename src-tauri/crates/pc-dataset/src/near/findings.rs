//! Rows that repeat, contradict or give away others, as findings: over rows that the check read on its own walk, so that
//! the file is not read once more. Deliberately absent: quoting what the rows say.

use std::path::Path;

use pc_base::{Cancel, Reporter};

use super::leaks::given_away;
use super::{Compare, Held, HeldKind, Index, NearOptions, SketchedRow};
use crate::finding::{FindingCode as Code, Found};

/// Few words separate two different questions, so they have to be alike by this much at least.
const QUESTIONS_ALIKE: f64 = 0.9;

/// The rows of one file, for both comparisons.
pub(crate) struct Near {
    rows: Index,
    questions: Index,
    threshold: f64,
}

impl Near {
    /// For a file whose rows are pushed in their order.
    pub fn new(path: &Path, options: &NearOptions) -> Self {
        let (mut rows, mut questions) = (Index::new(Compare::Row), Index::new(Compare::Question));
        rows.file(path);
        questions.file(path);
        Self { rows, questions, threshold: options.threshold }
    }

    /// Takes in the next row, on a line counted from 1 whose first byte is at `offset`.
    pub fn push(&mut self, sketched: &SketchedRow, line: u64, offset: u64) -> anyhow::Result<()> {
        self.rows.push(sketched, line, offset)?;
        self.questions.push(sketched, line, offset)
    }

    /// Hands over all findings, those of each code in the file's order.
    pub fn find(
        mut self,
        held: &[Held],
        (reporter, cancel): (&dyn Reporter, &Cancel),
        mut take: impl FnMut(Found),
    ) -> anyhow::Result<()> {
        self.duplicates((reporter, cancel), &mut take)?;
        self.contradictions((reporter, cancel), &mut take)?;
        if held.is_empty() {
            return Ok(());
        }
        let thresholds = (self.threshold, self.threshold.max(QUESTIONS_ALIKE));
        let indexes = (&mut self.rows, &mut self.questions);
        let (given, _written) = given_away(indexes, held, thresholds, (reporter, cancel))?;
        for given in given {
            let one = &held[given.file];
            let file = one.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let (code, place) = match one.kind {
                HeldKind::Rows => (Code::LeaksValidation, "line"),
                HeldKind::Golden => (Code::LeaksGolden, "number"),
            };
            take(Found { line: given.line, ..Found::new(code, "") }.with("file", file).with(place, given.held_line));
        }
        Ok(())
    }

    fn duplicates(
        &mut self,
        (reporter, cancel): (&dyn Reporter, &Cancel),
        take: &mut impl FnMut(Found),
    ) -> anyhow::Result<()> {
        let groups = self.rows.groups(self.threshold, reporter, cancel)?;
        let line = |row: u32| u64::from(self.rows.marks[row as usize].line);
        for (row, &first) in (0_u32..).zip(&groups.first).filter(|(row, first)| row != *first) {
            // A row in the middle of its group may be there for what comes after it.
            let like = groups.link(row).map_or(first, |link| link.to);
            let code = if groups.exact[row as usize] { Code::DuplicateExact } else { Code::DuplicateNear };
            take(Found { line: line(row), ..Found::new(code, "") }.with("line", line(like)));
        }
        Ok(())
    }

    fn contradictions(
        &mut self,
        (reporter, cancel): (&dyn Reporter, &Cancel),
        take: &mut impl FnMut(Found),
    ) -> anyhow::Result<()> {
        let groups = self.questions.groups(self.threshold.max(QUESTIONS_ALIKE), reporter, cancel)?;
        for (row, &first) in (0_usize..).zip(&groups.first) {
            let (own, other) = (self.questions.marks[row], self.questions.marks[first as usize]);
            if own.answer != other.answer {
                take(
                    Found { line: own.line.into(), ..Found::new(Code::AnswerContradicts, "") }.with("line", other.line),
                );
            }
        }
        Ok(())
    }
}
