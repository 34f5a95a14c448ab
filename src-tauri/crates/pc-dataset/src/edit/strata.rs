//! Rows by what they are like as a whole: a short answer's text, the language, the length; and a conversation's id where a row has
//! one. Rows in the order of their strata, and within one by a hash, divide evenly wherever they are cut. Deliberately absent:
//! which rows are alike, which is `near`'s.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use pc_base::{Cancel, Reporter};

use crate::json::{Tape, Value};
use crate::lines::{Walk, walk};
use crate::turns;

/// Answers up to this many characters are classes.
const LABEL: usize = 20;
/// Names under which rows say which conversation they are of.
const IDS: &[&str] = &[
    "conversation_id",
    "conversationId",
    "conv_id",
    "session_id",
    "sessionId",
    "dialog_id",
    "dialogue_id",
    "chat_id",
    "thread_id",
];

/// One row that can be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stratified {
    /// 1-based.
    pub line: u32,
    /// Orders rows by answer class, language and length.
    pub stratum: u64,
    /// Of the line.
    pub hash: u64,
    /// Of the conversation's id; 0 where there is none.
    pub conversation: u64,
}

/// A hash that is the same on every machine.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// Reads the rows of a file; a row costs 32 bytes.
pub(super) fn read(path: &Path, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<Vec<Stratified>> {
    let (mut rows, mut before) = (Vec::new(), 0_u64);
    walk(
        &Walk { path, stage: "sample", reporter, cancel },
        |part| {
            let mut tape = Tape::default();
            let rows = part.lines().filter_map(|line| {
                let text = line.text()?;
                let doc = tape.read(text).ok()?;
                let (stratum, conversation) = (stratum(doc.value)?, conversation(doc.value));
                Some((line.index, Stratified { line: 0, stratum, hash: hash(text.as_bytes()), conversation }))
            });
            (part.count(), rows.collect::<Vec<_>>())
        },
        |(count, found)| {
            for (index, row) in found {
                rows.push(Stratified { line: u32::try_from(before + index + 1)?, ..row });
            }
            before += count;
            Ok(())
        },
    )?;
    Ok(rows)
}

/// Nothing of a row that says nothing.
fn stratum(row: Value<'_>) -> Option<u64> {
    let end = turns::answer_place(row);
    let (mut han, mut latin, mut characters, mut answer) = (0_u64, 0_u64, 0_u64, None);
    turns::each(row, |turn| {
        for c in turn.text.chars() {
            characters += 1;
            latin += u64::from(c.is_ascii_alphabetic());
            // A Chinese character says about as much as three letters.
            han += u64::from(('\u{3400}'..='\u{9fff}').contains(&c)) * 3;
        }
        if answer.is_none() && Some(turn.place) == end {
            answer = Some(turn.text);
        }
    });
    let language: u64 = match (han * 5 > (han + latin) * 4, latin * 5 > (han + latin) * 4) {
        (true, _) => 1,
        (_, true) => 2,
        _ => 3,
    };
    let short = answer.map(str::trim).filter(|answer| answer.chars().nth(LABEL).is_none());
    let class = short.map_or(0, |answer| hash(answer.as_bytes()) >> 32);
    (characters > 0).then(|| class << 16 | language << 8 | u64::from(characters.ilog2()))
}

fn conversation(row: Value<'_>) -> u64 {
    let id = IDS.iter().find_map(|key| row.get(key)).and_then(|id| id.text().or(id.number()));
    id.filter(|id| !id.is_empty()).map_or(0, |id| hash(id.as_bytes()).max(1))
}
