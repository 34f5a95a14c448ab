//! The same question, or one that is nearly the same, with different answers. Deliberately absent: which answer is
//! right.

use std::path::Path;

use pc_base::{Cancel, Reporter};
use serde::Serialize;

use super::{Compare, Index, NearOptions, Reader};
use crate::turns;

/// Answers of one question that are told.
const ANSWERS: usize = 20;
/// Characters of a text that is told.
const SHOWN: usize = 200;

/// Questions that are answered in different ways.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Contradictions {
    pub questions_total: u64,
    /// Rows that answer them.
    pub rows_total: u64,
    /// In the file's order.
    pub questions: Vec<Contradiction>,
}

/// One question.
#[derive(Clone, Debug, Serialize)]
pub struct Contradiction {
    /// As the first row puts it: its last turn before the answer, cut to 200 characters.
    pub question: String,
    /// Different answers; their normalised texts count.
    pub answers_total: u64,
    /// The first row of each.
    pub answers: Vec<OneAnswer>,
}

/// One way to answer.
#[derive(Clone, Debug, Serialize)]
pub struct OneAnswer {
    pub line: u64,
    /// Cut to 200 characters.
    pub answer: String,
    /// Whether the question is the first row's, word for word.
    pub same_question: bool,
}

/// Finds contradicting answers. Rows without a question, such as plain texts, take no part; `options.compare` is not
/// looked at. A threshold of 0.9 or more suits questions, since few words separate two different ones.
pub fn contradictions(
    path: &Path,
    options: &NearOptions,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<Contradictions> {
    let mut index = Index::read(&[path.to_owned()], Compare::Question, "near", reporter, cancel)?;
    let groups = index.groups(options.threshold, reporter, cancel)?;
    let mut told = Contradictions::default();
    let mut reader = Reader::new(&index);
    for group in groups.list() {
        let mut seen = std::collections::HashSet::new();
        let different: Vec<u32> =
            group.iter().copied().filter(|&row| seen.insert(index.marks[row as usize].answer)).collect();
        if different.len() < 2 {
            continue;
        }
        told.questions_total += 1;
        told.rows_total += group.len() as u64;
        if told.questions.len() >= options.shown {
            continue;
        }
        cancel.check()?;
        let first = index.marks[group[0] as usize].exact;
        let answers = different.iter().take(ANSWERS).map(|&row| {
            let mark = index.marks[row as usize];
            let answer = reader.row(row, |value| question_and_answer(value).1)?;
            Ok(OneAnswer { line: mark.line.into(), answer, same_question: mark.exact == first })
        });
        let answers = answers.collect::<anyhow::Result<Vec<_>>>()?;
        let question = reader.row(group[0], |value| question_and_answer(value).0)?;
        told.questions.push(Contradiction { question, answers_total: different.len() as u64, answers });
    }
    Ok(told)
}

/// The last turn before the answer, and the answer, to look at.
pub(super) fn question_and_answer(row: crate::json::Value<'_>) -> (String, String) {
    let end = turns::answer_place(row);
    let (mut question, mut answer, mut answered) = ("", "", false);
    turns::each(row, |turn| {
        if Some(turn.place) == end && !answered {
            (answer, answered) = (turn.text, true);
        } else if !answered {
            question = turn.text;
        }
    });
    (cut(question), cut(answer))
}

pub(super) fn cut(text: &str) -> String {
    text.char_indices().nth(SHOWN).map_or(text.to_owned(), |(end, _)| format!("{}…", &text[..end]))
}
