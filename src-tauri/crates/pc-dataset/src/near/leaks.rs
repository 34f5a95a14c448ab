//! Training rows that give a test away: the same as, or nearly the same as, a row of a validation set or a question of
//! a golden set. Each names both places. Deliberately absent: removing them, which is `fix`'s.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pc_base::{Cancel, Code, CodedExt as _, Reporter, coded};
use serde::{Deserialize, Serialize};

use super::contradictions::question_and_answer;
use super::{Compare, Index, NearOptions, Reader, jaccard};
use crate::Golden;

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
    // A golden set becomes rows with its questions, so that both kinds are read alike; it lives as long as this call.
    let mut written = Vec::new();
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    for (number, one) in held.iter().enumerate() {
        if one.kind == HeldKind::Golden {
            let file = questions(&one.path)?;
            all.push((number, file.path().to_owned()));
            written.push(file);
        } else {
            all.push((number, one.path.clone()));
            rows.push((number, one.path.clone()));
        }
    }
    let mut found = std::collections::BTreeMap::new();
    for (compare, files) in [(Compare::Row, rows), (Compare::Question, all)] {
        if !files.is_empty() {
            pass((training, &files), compare, options, (reporter, cancel), &mut found)?;
        }
    }
    let lines: Vec<u64> = found.keys().copied().collect();
    let leaks = found.into_values().take(options.shown).collect();
    Ok(Leaks { rows_total: lines.len() as u64, leaks, lines })
}

fn questions(path: &Path) -> anyhow::Result<tempfile::NamedTempFile> {
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

fn pass(
    (training, held_files): (&Path, &[(usize, PathBuf)]),
    compare: Compare,
    options: &NearOptions,
    (reporter, cancel): (&dyn Reporter, &Cancel),
    found: &mut std::collections::BTreeMap<u64, Leak>,
) -> anyhow::Result<()> {
    let files: Vec<PathBuf> =
        std::iter::once(training.to_owned()).chain(held_files.iter().map(|(_, path)| path.clone())).collect();
    let mut index = Index::read(&files, compare, "leaks", reporter, cancel)?;
    let groups = index.groups(options.threshold, reporter, cancel)?;
    let mut reader = Reader::new(&index);
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
            let own = reader.set(row)?;
            let exact = |other: u32| index.marks[other as usize].exact == index.marks[row as usize].exact;
            let equal = held.iter().find(|&&other| exact(other)).map(|&other| (other, 1.0));
            let like = sets.iter().map(|(other, set)| (*other, jaccard(set, &own)));
            let best = equal.or_else(|| like.max_by(|a, b| a.1.total_cmp(&b.1)));
            let Some((other, similarity)) = best.filter(|(_, similarity)| *similarity >= options.threshold) else {
                continue;
            };
            let question = reader.row(other, |value| question_and_answer(value).0)?;
            let leak = Leak {
                line: index.marks[row as usize].line.into(),
                file: held_files[index.file_of(other) - 1].0,
                held_line: index.marks[other as usize].line.into(),
                compare,
                similarity,
                question,
            };
            // Whole rows come first: that two are alike says more than that their questions are.
            found.entry(leak.line).or_insert(leak);
        }
    }
    Ok(())
}
