//! A set split into files: which one a row goes to follows from a seed and what the row says, so that neither another
//! order nor more rows move it, and rows that are nearly the same stay together. Large files are cut at row borders.
//! Deliberately absent: strata, and changing any row.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use pc_base::{Cancel, Code, Reporter, coded};
use serde::{Deserialize, Serialize};

use super::output::{Output, refuse_itself};
use crate::lines::{Walk, walk};
use crate::near::{Compare, Index, mix};

/// One of the sets to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    pub path: PathBuf,
    /// Relative to the sum of all shares; more than 0.
    pub share: f64,
}

/// How to split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitOptions {
    pub seed: u64,
    /// Rows that are at least as similar as this stay together; above 1, equal ones only.
    pub threshold: f64,
    /// Bytes of the largest file; a set that is larger becomes `name.jsonl`, `name-2.jsonl` and so on.
    pub file_bytes: Option<u64>,
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self { seed: 0, threshold: 0.8, file_bytes: None }
    }
}

/// What was written for one share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    pub rows: u64,
    pub bytes: u64,
    pub files: Vec<PathBuf>,
}

/// Splits a file. Lines are copied byte for byte; lines that are no rows go to the first share, where the check names
/// them. Nothing is left behind when it fails; refused with [`Code::InputInvalid`] where a share is not above 0 or an output is
/// the input.
pub fn split(
    input: &Path,
    shares: &[Share],
    options: &SplitOptions,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<Vec<Written>> {
    let invalid = |why: &str| coded(Code::InputInvalid).with("what", "split").with("why", why);
    let sum: f64 = shares.iter().map(|share| share.share).sum();
    if shares.is_empty() || !sum.is_finite() || shares.iter().any(|share| share.share <= 0.0) {
        bail!(invalid("every share must be more than 0"));
    }
    refuse_itself(input, &shares.iter().map(|share| share.path.as_path()).collect::<Vec<_>>())?;
    let sides = sides(input, shares, sum, options, (reporter, cancel))?;
    let mut outputs: Vec<Files> =
        shares.iter().map(|share| Files::new(&share.path, options.file_bytes.unwrap_or(u64::MAX))).collect();
    let (mut lines, mut known) = (0_u64, sides.iter().peekable());
    walk(
        &Walk { path: input, stage: "split", reporter, cancel },
        |part| {
            let bare = |bytes: &[u8]| bytes.trim_ascii().is_empty();
            let kept: Vec<_> =
                part.lines().filter(|line| !bare(line.bytes)).map(|line| (line.index, line.bytes.to_vec())).collect();
            (part.count(), kept)
        },
        |(count, rows)| {
            for (index, bytes) in rows {
                let number = lines + index + 1;
                let side = known.next_if(|(line, _)| u64::from(*line) == number).map_or(0, |(_, side)| *side);
                outputs[side].line(&bytes)?;
            }
            lines += count;
            Ok(())
        },
    )?;
    outputs.into_iter().map(Files::finish).collect()
}

/// The share of every line that is a row, in order.
fn sides(
    input: &Path,
    shares: &[Share],
    sum: f64,
    options: &SplitOptions,
    (reporter, cancel): (&dyn Reporter, &Cancel),
) -> anyhow::Result<Vec<(u32, usize)>> {
    let mut index = Index::read(&[input.to_owned()], Compare::Row, "near", reporter, cancel)?;
    let groups = index.groups(options.threshold, reporter, cancel)?;
    // The least hash of a group stands for it, whichever of its rows comes first.
    let mut least = vec![u64::MAX; index.marks.len()];
    for (mark, &first) in index.marks.iter().zip(&groups.first) {
        least[first as usize] = least[first as usize].min(mark.exact);
    }
    let side = |hash: u64| {
        let mut drawn = (mix(hash ^ mix(options.seed)) >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        shares.iter().position(|share| {
            drawn -= share.share;
            drawn < 0.0
        })
    };
    let of = |row: usize| side(least[groups.first[row] as usize]).unwrap_or(shares.len() - 1);
    Ok(index.marks.iter().enumerate().map(|(row, mark)| (mark.line, of(row))).collect())
}

/// Writes lines to one file after another; they get their names when all is well.
struct Files {
    path: PathBuf,
    limit: u64,
    files: Vec<Output>,
    written: Written,
}

impl Files {
    fn new(path: &Path, limit: u64) -> Self {
        Self { path: path.to_owned(), limit, files: Vec::new(), written: Written::default() }
    }

    fn line(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let length = bytes.len() as u64 + 1;
        let full = |file: &Output| file.bytes > 0 && file.bytes + length > self.limit;
        if self.files.last().is_none_or(full) {
            let stem = self.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let name = match self.files.len() {
                0 => self.path.clone(),
                more => self.path.with_file_name(format!("{stem}-{}.jsonl", more + 1)),
            };
            self.files.push(Output::new(&name)?);
            self.written.files.push(name);
        }
        self.written.rows += 1;
        self.written.bytes += length;
        self.files.last_mut().context("a file is open")?.line(bytes)
    }

    fn finish(self) -> anyhow::Result<Written> {
        self.files.into_iter().try_for_each(Output::finish)?;
        Ok(self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_base::Silent;
    use std::collections::BTreeSet;

    fn row(number: usize, end: &str) -> String {
        let text: String = (0..40)
            .map(|i| char::from_u32(0x4e00 + ((number * 97 + i * i * 31) % 9_000) as u32).expect("Han"))
            .collect();
        serde_json::json!({"messages": [{"role": "user", "content": text + end}, {"role": "assistant", "content": "a"}]}).to_string()
    }

    fn run(rows: &[String], file_bytes: Option<u64>) -> (Vec<Written>, Vec<BTreeSet<String>>) {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let input = dir.path().join("a.jsonl");
        pc_base::write_atomic(&input, rows.join("\n").as_bytes()).expect("written");
        let share = |name: &str, share| Share { path: dir.path().join(name), share };
        let options = SplitOptions { file_bytes, ..SplitOptions::default() };
        let written =
            split(&input, &[share("t.jsonl", 8.0), share("v.jsonl", 2.0)], &options, &Silent, &Cancel::default());
        let written = written.expect("split");
        let read = |path: &PathBuf| std::fs::read_to_string(path).expect("readable");
        let sets = written
            .iter()
            .map(|one| one.files.iter().flat_map(|f| read(f).lines().map(String::from).collect::<Vec<_>>()).collect());
        let sets = sets.collect();
        let small =
            written.iter().flat_map(|one| &one.files).all(|f| read(f).len() as u64 <= file_bytes.unwrap_or(u64::MAX));
        assert!(small, "no file is larger than allowed");
        (written, sets)
    }

    #[test]
    fn a_row_stays_where_it_was_and_like_rows_stay_together() {
        let rows: Vec<String> = (0..200).flat_map(|n| [row(n, ""), row(n, "了")]).collect();
        let (written, sets) = run(&rows, None);
        assert_eq!(written.iter().map(|one| one.rows).sum::<u64>(), 400, "every row is in one of the files");
        assert!((40..130).contains(&written[1].rows), "a fifth, about: {}", written[1].rows);
        assert!(
            rows.chunks(2).all(|pair| sets[1].contains(&pair[0]) == sets[1].contains(&pair[1])),
            "pairs stay together"
        );
        let mut other: Vec<String> = rows.iter().rev().cloned().collect();
        other.extend((200..260).map(|n| row(n, "")));
        let (_, moved) = run(&other, Some(20_000));
        assert!(
            rows.iter().all(|row| moved[1].contains(row) == sets[1].contains(row)),
            "order and more rows move none"
        );
    }
}
