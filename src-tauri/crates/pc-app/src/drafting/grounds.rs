//! What is drafted from: passages of documents, texts of a data set, or conversations to put in other words. At most as many as
//! are asked about are held. Deliberately absent: asking.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use pc_base::{Cancel, Code, Coded, CodedExt as _, Language, coded};
use pc_dataset::passages::{PassageOptions, documents, passages_of};
use pc_dataset::{Message, Role, Row, RowKind, RowsOf, Text};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{Ground, Notes, Task};
use crate::api::VersionId;
use crate::words::words;

/// Letters below which a passage says nothing that could be asked about: a heading, a page number.
const LETTERS: usize = 12;
/// Longer conversations are no ground for paraphrases: a model would not see the question.
const CONVERSATION: usize = 6_000;
/// Lines of a sidecar are short; a longer one is none of ours.
const SIDECAR_LINE: u64 = 1 << 20;

/// Where grounds come from.
#[derive(Clone, Debug)]
pub(crate) enum From {
    Documents(PathBuf),
    /// A file of rows; its version where it has one, and where the provenance of its rows is noted.
    Rows {
        path: PathBuf,
        name: String,
        parent: Option<VersionId>,
        provenance: Option<PathBuf>,
    },
}

impl From {
    /// What it is called for people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Documents(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            Self::Rows { name, .. } => name.clone(),
        }
    }
}

/// Up to `limit` grounds, in order. [`Code::DraftGroundMissing`] where there is none.
pub(super) fn grounds(
    from: &From,
    limit: usize,
    language: Language,
    notes: &mut Notes,
    cancel: &Cancel,
) -> Result<Vec<Ground>> {
    let found = match from {
        From::Documents(path) => of_documents(path, limit, language, notes, cancel)?,
        From::Rows { path, name, provenance, .. } => {
            let found = match kind_of(path)? {
                RowKind::Cpt => of_texts(path, name, limit, language, cancel)?,
                RowKind::Sft => of_conversations(path, name, limit, notes, cancel)?,
                RowKind::Dpo => Vec::new(),
            };
            placed(found, provenance.as_deref())?
        }
    };
    if found.is_empty() {
        bail!(coded(Code::DraftGroundMissing).with("source", from.name()));
    }
    Ok(found.into_iter().map(|(ground, _)| ground).collect())
}

/// A ground with the hash of the row that it is of.
type Found = (Ground, String);

fn of_documents(
    path: &Path,
    limit: usize,
    language: Language,
    notes: &mut Notes,
    cancel: &Cancel,
) -> Result<Vec<Found>> {
    let (all, options) = (documents(path)?, PassageOptions::default());
    let mut found = Vec::new();
    for document in &all {
        let read = passages_of(document, &options, cancel, &mut |passage| {
            if found.len() >= limit {
                bail!(Enough);
            }
            if says_something(&passage.text) {
                let (text, place) = (passage.whole(), passage.place(language));
                found.push((Ground { text, place, task: Task::Ask }, String::new()));
            }
            Ok(())
        });
        match read {
            Ok(_) => {}
            Err(error) if error.is::<Enough>() => break,
            Err(error) => {
                let why = error.downcast_ref::<Coded>().filter(|why| why.code != Code::Cancelled);
                let Some(why) = why.filter(|_| all.len() > 1) else { return Err(error) };
                notes.add(why.clone().with("path", document.name()).sentence(language));
            }
        }
    }
    Ok(found)
}

/// Ends reading once there is enough.
#[derive(Debug)]
struct Enough;

impl std::fmt::Display for Enough {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("there are passages enough")
    }
}

impl std::error::Error for Enough {}

fn says_something(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).nth(LETTERS - 1).is_some()
}

/// By the first row: a file of this program's holds one kind.
fn kind_of(path: &Path) -> Result<RowKind> {
    #[derive(Deserialize)]
    struct Shape {
        #[serde(default)]
        text: Option<serde_json::Value>,
        #[serde(default)]
        chosen: Option<serde_json::Value>,
    }
    match RowsOf::<Shape>::open(path)?.next().transpose()? {
        Some(Shape { chosen: Some(_), .. }) => Ok(RowKind::Dpo),
        Some(Shape { text: Some(_), .. }) => Ok(RowKind::Cpt),
        _ => Ok(RowKind::Sft),
    }
}

fn of_texts(path: &Path, name: &str, limit: usize, language: Language, cancel: &Cancel) -> Result<Vec<Found>> {
    let (mut rows, mut found) = (RowsOf::<Text>::open(path)?, Vec::new());
    while let Some(Text { text }) = rows.next().transpose()?.filter(|_| found.len() < limit) {
        cancel.check()?;
        if says_something(&text) {
            let place = line_of(name, rows.line(), language);
            // The line as the program writes it: what a sidecar names it by.
            let row = hash(&serde_json::json!({ "text": text }).to_string());
            found.push((Ground { text, place, task: Task::Ask }, row));
        }
    }
    Ok(found)
}

fn of_conversations(path: &Path, name: &str, limit: usize, notes: &mut Notes, cancel: &Cancel) -> Result<Vec<Found>> {
    let (mut rows, mut found) = (RowsOf::<Row>::open(path)?, Vec::new());
    let language = notes.language;
    while let Some(row) = rows.next().transpose()?.filter(|_| found.len() < limit) {
        cancel.check()?;
        let place = line_of(name, rows.line(), language);
        match conversation(row) {
            Some((text, task)) => found.push((Ground { text, place, task }, String::new())),
            None => notes.add(words("draft_row_passed", language, &[("place", place)])),
        }
    }
    Ok(found)
}

/// A conversation that ends with a question and its answer; nothing of one that calls tools or is too long to be shown whole.
fn conversation(row: Row) -> Option<(String, Task)> {
    let mut before = row.messages;
    let (answer, question) = (before.pop()?, before.pop()?);
    let told = |message: &Message| message.tool_calls.is_some() || message.role == Role::Tool;
    let fits = answer.role == Role::Assistant && question.role == Role::User && row.tools.is_none();
    if !fits || before.iter().any(told) || told(&answer) || question.content.trim().is_empty() {
        return None;
    }
    let mut text = String::new();
    for message in before.iter().chain([&question, &answer]) {
        text += &format!("{}: {}\n", message.role.name(), message.content.trim());
    }
    let text = text.trim_end().to_owned();
    let task = Task::Rephrase { before, question: question.content, answer: answer.content };
    (text.chars().count() <= CONVERSATION).then_some((text, task))
}

fn line_of(name: &str, line: u64, language: Language) -> String {
    match language {
        Language::English => format!("{name}, line {line}"),
        Language::Chinese => format!("{name}，第 {line} 行"),
    }
}

fn hash(line: &str) -> String {
    hex::encode(Sha256::digest(line))
}

/// Texts that were passages of documents keep their own place, where the sidecar of their version knows it.
fn placed(mut found: Vec<Found>, provenance: Option<&Path>) -> Result<Vec<Found>> {
    #[derive(Deserialize)]
    struct Entry {
        row: String,
        #[serde(default)]
        place: Option<String>,
    }
    let Some(path) = provenance.filter(|path| path.exists()) else { return Ok(found) };
    let mut wanted: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, (_, row)) in found.iter().enumerate().filter(|(_, (_, row))| !row.is_empty()) {
        wanted.entry(row.clone()).or_default().push(at);
    }
    let file = std::fs::File::open(path).code(|| coded(Code::FileUnreadable).with("path", path.display()))?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while !wanted.is_empty() {
        line.clear();
        let read = std::io::Read::take(&mut reader, SIDECAR_LINE).read_until(b'\n', &mut line);
        if read.context("reading where rows came from")? == 0 {
            break;
        }
        let Ok(entry) = serde_json::from_slice::<Entry>(&line) else { continue };
        for at in wanted.remove(&entry.row).into_iter().flatten() {
            if let Some(place) = &entry.place {
                found[at].0.place.clone_from(place);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_testkit::Home;
    use serde_json::json;

    fn rows(home: &Home, rows: &[serde_json::Value]) -> PathBuf {
        let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
        home.file("rows.jsonl", lines.join("\n"))
    }

    fn read(path: PathBuf, provenance: Option<PathBuf>, limit: usize) -> (Result<Vec<Ground>>, Notes) {
        let from = From::Rows { path, name: "desk".into(), parent: None, provenance };
        let mut notes = Notes::new(Language::English);
        (grounds(&from, limit, Language::English, &mut notes, &Cancel::default()), notes)
    }

    #[test]
    fn documents_of_a_folder_become_passages_up_to_the_limit_and_damaged_ones_are_told() {
        let home = Home::new();
        home.file("in/a.md", "# 早餐\n早餐从六点半开始，到十点结束，在二楼餐厅。\n# 二\n短。\n# 停车\n住客免费停车，车位在地下一层，先到先得。\n");
        home.file("in/bad.pdf", "%PDF-1.7\nnothing");
        let from = From::Documents(home.root().join("in"));
        let mut notes = Notes::new(Language::English);
        let all =
            |limit, notes: &mut Notes| grounds(&from, limit, Language::Chinese, notes, &Cancel::default()).unwrap();
        let found = all(9, &mut notes);
        let places: Vec<&str> = found.iter().map(|ground| ground.place.as_str()).collect();
        assert_eq!(places, ["a.md，早餐", "a.md，停车"], "what says nothing is passed over");
        assert!(notes.total == 1 && notes.kept[0].contains("bad.pdf"), "{:?}", notes.kept);
        assert_eq!(all(1, &mut notes).len(), 1);
    }

    #[test]
    fn texts_keep_the_place_that_their_sidecar_knows() {
        let home = Home::new();
        let (one, two) =
            (json!({"text": "早餐从六点半开始，到十点结束。"}), json!({"text": "住客免费停车，先到先得，不预留。"}));
        let entry = json!({"row": hash(&two.to_string()), "how": "passage", "place": "guide.pdf, page 2"});
        let sidecar = home.file("sidecar.jsonl", format!("no json\n{entry}\n"));
        let (found, _) = read(rows(&home, &[one, two]), Some(sidecar), 5);
        let places: Vec<String> = found.unwrap().into_iter().map(|ground| ground.place).collect();
        assert_eq!(places, ["desk, line 1", "guide.pdf, page 2"]);
    }

    #[test]
    fn only_conversations_that_end_with_an_answer_are_put_in_other_words() {
        let home = Home::new();
        let turn = |role: &str, content: &str| json!({"role": role, "content": content});
        let good = json!({"messages": [turn("system", "s"), turn("user", "Hi"), turn("assistant", "Hello"),
            turn("user", "When is breakfast?"), turn("assistant", "At seven.")]});
        let open = json!({"messages": [turn("user", "Hi")]});
        let calls = json!({"messages": [turn("user", "Hi"), {"role": "assistant", "content": "", "tool_calls": []}]});
        let (found, notes) = read(rows(&home, &[good, open, calls]), None, 5);
        let found = found.unwrap();
        let Task::Rephrase { before, question, .. } = &found[0].task else { panic!("{found:?}") };
        assert_eq!((found.len(), before.len(), question.as_str()), (1, 3, "When is breakfast?"));
        assert!(found[0].text.ends_with("user: When is breakfast?\nassistant: At seven."), "{}", found[0].text);
        assert_eq!(notes.total, 2);
        let (nothing, _) = read(rows(&home, &[json!({"messages": [], "chosen": {}, "rejected": {}})]), None, 5);
        let failure = pc_base::Failure::of(&nothing.unwrap_err(), Language::English);
        assert_eq!(failure.code, "draft_ground_missing", "pairs of answers are no ground");
    }
}
