//! Where generated rows came from: a sidecar beside the data with one JSON object a line, which names its row by the SHA-256 (hex) of
//! the row's line without its line feed. When rows change, their entries follow; when rows go, theirs go, too. Deliberately absent:
//! what an entry says otherwise.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::Context as _;
use pc_base::{Cancel, Code, CodedExt as _, coded};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::output::Output;
use crate::open;

/// Carries entries over to a file that was made of another one line by line: its rows are the old file's in their order, without
/// those on `removed` lines (1-based, ascending). Returns how many entries there are; without an old sidecar nothing is written.
pub fn carry(
    (old, new): (&Path, &Path),
    removed: &[u64],
    (from, to): (&Path, &Path),
    cancel: &Cancel,
) -> anyhow::Result<u64> {
    if !from.exists() {
        return Ok(0);
    }
    let (mut entries, mut count) = (read(from)?, 0);
    let (mut olds, mut news, mut out) = (Rows::open(old)?, Rows::open(new)?, Output::new(to)?);
    let mut removed = removed.iter().peekable();
    while let Some((line, before)) = olds.next(cancel)? {
        if removed.next_if(|&&gone| gone == line).is_some() {
            continue;
        }
        let Some((_, after)) = news.next(cancel)? else { break };
        count += write(&mut entries, &before, &after, &mut out)?;
    }
    out.finish()?;
    Ok(count)
}

/// Keeps the entries of the rows that a file still has. Returns how many; without an old sidecar nothing is written.
pub fn keep(data: &Path, (from, to): (&Path, &Path), cancel: &Cancel) -> anyhow::Result<u64> {
    if !from.exists() {
        return Ok(0);
    }
    let (mut entries, mut count) = (read(from)?, 0);
    let (mut rows, mut out) = (Rows::open(data)?, Output::new(to)?);
    while let Some((_, hash)) = rows.next(cancel)? {
        count += write(&mut entries, &hash, &hash, &mut out)?;
    }
    out.finish()?;
    Ok(count)
}

type Entries = HashMap<String, Vec<Map<String, Value>>>;

/// Entries by their rows; a line that is none is passed over.
fn read(path: &Path) -> anyhow::Result<Entries> {
    let mut entries = Entries::new();
    for line in BufReader::new(open(path)?).lines() {
        let line = line.code(|| coded(Code::FileUnreadable).with("path", path.display()))?;
        let Ok(Value::Object(entry)) = serde_json::from_str(&line) else { continue };
        if let Some(row) = entry.get("row").and_then(Value::as_str).map(ToOwned::to_owned) {
            entries.entry(row).or_default().push(entry);
        }
    }
    Ok(entries)
}

/// Writes the entries of a row once, under its new hash.
fn write(entries: &mut Entries, before: &str, after: &str, out: &mut Output) -> anyhow::Result<u64> {
    let found = entries.remove(before).unwrap_or_default();
    let count = found.len() as u64;
    for mut entry in found {
        entry.insert("row".into(), after.into());
        out.line(serde_json::to_string(&entry).context("an entry of JSON")?.as_bytes())?;
    }
    Ok(count)
}

/// Hashes the lines that are not blank, however long they are.
struct Rows<'a> {
    path: &'a Path,
    input: BufReader<File>,
    line: u64,
}

impl<'a> Rows<'a> {
    fn open(path: &'a Path) -> anyhow::Result<Self> {
        Ok(Self { path, input: BufReader::with_capacity(1 << 18, open(path)?), line: 0 })
    }

    /// Line (1-based) and hash of the next one.
    fn next(&mut self, cancel: &Cancel) -> anyhow::Result<Option<(u64, String)>> {
        let unreadable = || coded(Code::FileUnreadable).with("path", self.path.display());
        loop {
            cancel.check()?;
            let (mut hash, mut blank, mut ended, mut any) = (Sha256::new(), true, false, false);
            while !ended {
                let read = self.input.fill_buf().code(unreadable)?;
                if read.is_empty() {
                    break;
                }
                let end = memchr::memchr(b'\n', read);
                let piece = &read[..end.unwrap_or(read.len())];
                hash.update(piece);
                blank = blank && std::str::from_utf8(piece).is_ok_and(|piece| piece.trim().is_empty());
                (any, ended) = (true, end.is_some());
                let used = piece.len() + usize::from(ended);
                self.input.consume(used);
            }
            if !any {
                return Ok(None);
            }
            self.line += 1;
            if !blank {
                return Ok(Some((self.line, hex::encode(hash.finalize()))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(line: &str) -> String {
        hex::encode(Sha256::digest(line))
    }

    #[test]
    fn entries_follow_their_rows_and_go_with_them() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let place = |name: &str| folder.path().join(name);
        let put = |name: &str, text: &str| pc_base::write_atomic(&place(name), text.as_bytes()).expect("written");
        let entry = |row: &str, model: &str| {
            format!("{{\"row\":\"{}\",\"how\":\"drafted\",\"model\":\"{model}\"}}\n", hash(row))
        };
        put("old", "a\n\nb\r\nc\nd");
        put("new", "A\nC\nD\n");
        put("from", &format!("{}nonsense\n{}{}", entry("a", "m"), entry("b\r", "n"), entry("d", "o")));
        let places = (place("from"), place("to"));
        let files = (place("old"), place("new"));
        let moved = |removed: &[u64]| {
            carry((&files.0, &files.1), removed, (&places.0, &places.1), &Cancel::default()).expect("carried")
        };
        assert_eq!(moved(&[3]), 2);
        let told = std::fs::read_to_string(&places.1).expect("readable");
        let rows: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(rows[0]["row"], hash("A"));
        assert_eq!((&rows[1]["row"], &rows[1]["model"]), (&hash("D").into(), &"o".into()));
        put("left", "d\na\n");
        assert_eq!(keep(&place("left"), (&places.0, &places.1), &Cancel::default()).expect("kept"), 2);
        let told = std::fs::read_to_string(&places.1).expect("readable");
        assert!(told.contains(&hash("a")) && !told.contains(&hash("b\r")), "{told}");
        assert_eq!(keep(&files.0, (&place("none"), &place("never")), &Cancel::default()).expect("nothing to do"), 0);
        assert!(!place("never").exists());
    }
}
