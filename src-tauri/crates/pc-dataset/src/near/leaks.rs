//! Training rows that give a test away: the same as, or nearly the same as, a row of a validation set or a question of
//! a golden set. Each names both places. Deliberately absent: removing them, which is `fix`'s.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pc_base::{Cancel, Code, CodedExt as _, Reporter, coded};
use serde::{Deserialize, Serialize};

use super::contradictions::question_and_answer;
use super::index::read_into;
use super::{Compare, Index, NearOptions, Reader, jaccard};
use crate::Golden;
use crate::lines::Walk;

/// Rows of one group of the held-out sets that a training row is compared with.
const COMPARED: usize = 16;

/// What a held-out file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldKind {
    /// Rows like those of training, one a line.
    Rows,
    /// A golden set: a JSON list of questions.
    Golden,
}

/// A file that training must not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub path: PathBuf,
    pub kind: HeldKind,
}

/// What training gives away.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Leaks {
    /// Training rows that do.
    pub rows_total: u64,
    /// In the training file's order; a row is named with the held-out one that it is most like.
    pub leaks: Vec<Leak>,
    /// Lines of all of them, named or not: what `fix` takes to drop them.
    #[serde(skip)]
    pub lines: Vec<u64>,
}

/// One training row and what it gives away.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leak {
    pub line: u64,
    /// Index into the held-out files.
    pub file: usize,
    /// Line of the held-out row, or 1-based number of the golden question.
    pub held_line: u64,
    /// Whether whole rows are alike, or only their questions.
    pub compare: Compare,
    /// Jaccard similarity of the shingles, in [threshold, 1].
    pub similarity: f64,
    /// The held-out question, cut to 200 characters.
    pub question: String,
}

/// Compares a training file with held-out ones: whole rows with whole rows, and questions with all of them.
/// `options.compare` is not looked at. Refused where a golden set is none.
pub fn leaks(
    training: &Path,
    held: &[Held],
    options: &NearOptions,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<Leaks> {
    let (mut rows, mut questions) = (Index::new(Compare::Row), Index::new(Compare::Question));
    let over = Walk { path: training, stage: "leaks", reporter, cancel };
    read_into(&mut [&mut rows, &mut questions], &over)?;
    let thresholds = (options.threshold, options.threshold);
    let (given, written) = given_away((&mut rows, &mut questions), held, thresholds, (reporter, cancel))?;
    let (mut of_rows, mut of_questions) = (Reader::new(&rows), Reader::new(&questions));
    let mut told = Vec::new();
    for given in given.iter().take(options.shown) {
        let reader = if given.compare == Compare::Row { &mut of_rows } else { &mut of_questions };
        let question = reader.row(given.held_row, |value| question_and_answer(value).0)?;
        let Given { line, file, held_line, compare, similarity, .. } = *given;
        told.push(Leak { line, file, held_line, compare, similarity, question });
    }
    drop(written);
    let lines: Vec<u64> = given.iter().map(|given| given.line).collect();
    Ok(Leaks { rows_total: lines.len() as u64, leaks: told, lines })
}

/// A training row and the held-out one that it is most like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    pub line: u64,
    pub file: usize,
    pub held_line: u64,
    compare: Compare,
    similarity: f64,
    held_row: u32,
}

/// What the training rows, which are all that the two indexes hold so far, give away, by line; with the files that stand
/// in for golden sets, for as long as rows are to be read again. The thresholds are those of rows and of questions.
pub(super) fn given_away(
    (rows, questions): (&mut Index, &mut Index),
    held: &[Held],
    thresholds: (f64, f64),
    (reporter, cancel): (&dyn Reporter, &Cancel),
) -> anyhow::Result<(Vec<Given>, Vec<tempfile::NamedTempFile>)> {
    // A golden set becomes rows with its questions, so that both kinds are read alike.
    let mut written = Vec::new();
    let (mut all, mut whole) = (Vec::new(), Vec::new());
    for (number, one) in held.iter().enumerate() {
        all.push(number);
        let stage = "leaks";
        if one.kind == HeldKind::Golden {
            let file = written_questions(&one.path)?;
            read_into(&mut [&mut *questions], &Walk { path: file.path(), stage, reporter, cancel })?;
            written.push(file);
        } else {
            whole.push(number);
            let over = Walk { path: &one.path, stage, reporter, cancel };
            read_into(&mut [&mut *rows, &mut *questions], &over)?;
        }
    }
    let mut found = BTreeMap::new();
    if !whole.is_empty() {
        pass((rows, &whole), thresholds.0, (reporter, cancel), &mut found)?;
    }
    if !all.is_empty() {
        pass((questions, &all), thresholds.1, (reporter, cancel), &mut found)?;
    }
    Ok((found.into_values().collect(), written))
}

fn written_questions(path: &Path) -> anyhow::Result<tempfile::NamedTempFile> {
    let what = || coded(Code::InputInvalid).with("what", path.display()).with("why", "it is not a golden set");
    let golden: Vec<Golden> = serde_json::from_reader(std::io::BufReader::new(crate::open(path)?)).code(what)?;
    let file = tempfile::NamedTempFile::new().context("making a temporary file")?;
    let mut out = BufWriter::new(&file);
    for one in golden {
        let row = serde_json::json!({"messages": [{"role": "user", "content": one.question}]});
        writeln!(out, "{row}").context("writing a temporary file")?;
    }
    out.flush().context("writing a temporary file")?;
    drop(out);
    Ok(file)
}

/// `numbers` are the held-out files' behind the training file.
fn pass(
    (index, numbers): (&mut Index, &[usize]),
    threshold: f64,
    (reporter, cancel): (&dyn Reporter, &Cancel),
    found: &mut BTreeMap<u64, Given>,
) -> anyhow::Result<()> {
    let groups = index.groups(threshold, reporter, cancel)?;
    let (compare, mut reader) = (index.compare, Reader::new(index));
    for group in groups.list() {
        let border = group.partition_point(|&row| index.file_of(row) == 0);
        let (training, held) = group.split_at(border);
        if training.is_empty() || held.is_empty() {
            continue;
        }
        let mut sets = Vec::new();
        for &row in held.iter().take(COMPARED) {
            sets.push((row, reader.set(row)?));
        }
        for &row in training {
            cancel.check()?;
            let exact = |other: u32| index.marks[other as usize].exact == index.marks[row as usize].exact;
            let equal = held.iter().find(|&&other| exact(other)).map(|&other| (other, 1.0));
            let best = match equal {
                Some(equal) => Some(equal),
                None => {
                    let own = reader.set(row)?;
                    let like = sets.iter().map(|(other, set)| (*other, jaccard(set, &own)));
                    like.max_by(|a, b| a.1.total_cmp(&b.1))
                }
            };
            let Some((held_row, similarity)) = best.filter(|(_, similarity)| *similarity >= threshold) else {
                continue;
            };
            let (line, held_line) = (index.marks[row as usize].line.into(), index.marks[held_row as usize].line.into());
            let file = numbers[index.file_of(held_row) - 1];
            // Whole rows come first: that two are alike says more than that their questions are.
            found.entry(line).or_insert(Given { line, file, held_line, compare, similarity, held_row });
        }
    }
    Ok(())
}
