//! Accepted drafts as rows to train on, with where each came from beside them. Deliberately absent: what makes them a version.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use pc_base::Cancel;
use pc_dataset::{Message, Role};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Content;

/// A draft that becomes a row.
#[derive(Debug)]
pub(crate) struct Kept {
    pub content: Content,
    pub edited: bool,
}

/// Writes rows and their provenance behind what the two files hold already; how many. Equal ones are written once.
pub(crate) fn write_kept(
    kept: &[Kept],
    (model, how): (&str, &str),
    (rows, provenance): (&Path, &Path),
    cancel: &Cancel,
) -> Result<u64> {
    let (mut rows, mut sources) = (behind(rows)?, behind(provenance)?);
    let (mut written, mut count) = (HashSet::new(), 0);
    for one in kept {
        cancel.check()?;
        let mut messages = one.content.before.clone();
        messages.push(Message::new(Role::User, one.content.question.as_str()));
        messages.push(Message::new(Role::Assistant, one.content.answer.as_str()));
        let line = json!({ "messages": messages }).to_string();
        let row = hex::encode(Sha256::digest(&line));
        if !written.insert(row.clone()) {
            continue;
        }
        let source = json!({"row": row, "how": how, "model": model, "place": one.content.place, "edited": one.edited});
        writeln!(rows, "{line}").context("writing rows")?;
        writeln!(sources, "{source}").context("writing rows")?;
        count += 1;
    }
    for file in [rows, sources] {
        file.into_inner().map_err(std::io::IntoInnerError::into_error).context("writing rows")?;
    }
    Ok(count)
}

/// A file at its end, which is the end of a line.
fn behind(path: &Path) -> Result<BufWriter<File>> {
    let what = || format!("writing {}", path.display());
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path).with_context(what)?;
    let mut ends = true;
    if file.seek(SeekFrom::End(0)).with_context(what)? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1)).with_context(what)?;
        file.read_exact(&mut last).with_context(what)?;
        ends = last == *b"\n";
    }
    let mut out = BufWriter::new(file);
    if !ends {
        out.write_all(b"\n").with_context(what)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_testkit::Home;

    #[test]
    fn rows_stand_behind_what_was_there_and_each_names_where_it_came_from() {
        let home = Home::new();
        let rows = home.file("rows.jsonl", r#"{"messages":[]}"#);
        let sources = home.root().join("sources.jsonl");
        let kept = |question: &str, edited| {
            let content =
                Content { question: question.into(), answer: "a".into(), place: "p".into(), ..Content::default() };
            Kept { content, edited }
        };
        let all = [kept("one", false), kept("two", true), kept("one", false)];
        let count = write_kept(&all, ("m", "drafted"), (&rows, &sources), &Cancel::default()).unwrap();
        assert_eq!(count, 2, "an equal one is written once");
        let (rows, sources) = (std::fs::read_to_string(rows).unwrap(), std::fs::read_to_string(sources).unwrap());
        let lines: Vec<&str> = rows.lines().collect();
        assert!(lines.len() == 3 && lines[0] == r#"{"messages":[]}"#, "{rows}");
        for (row, source) in lines[1..].iter().zip(sources.lines()) {
            let source: serde_json::Value = serde_json::from_str(source).unwrap();
            assert_eq!(source["row"], hex::encode(Sha256::digest(row)));
            assert_eq!((&source["how"], &source["model"]), (&json!("drafted"), &json!("m")));
            assert_eq!(source["edited"], row.contains("two"));
        }
    }
}
