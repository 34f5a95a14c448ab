//! A set split into files: which one a row goes to follows from a seed and what the row says, so that neither another
//! order nor more rows move it; or, stratified, so that all sides look alike. Rows that are nearly the same, or of one conversation,
//! stay together. Large files are cut at row borders. Deliberately absent: changing any row.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use pc_base::{Cancel, Code, Reporter, coded};
use serde::{Deserialize, Serialize};

use super::output::{Output, refuse_itself};
use super::strata::{self, Stratified};
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
    /// Whether the shares of answer classes, languages and lengths are kept alike on all sides, as far as rows that stay together
    /// allow. Then more rows may move others.
    #[serde(default)]
    pub stratified: bool,
    /// Bytes of the largest file; a set that is larger becomes `name.jsonl`, `name-2.jsonl` and so on.
    pub file_bytes: Option<u64>,
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self { seed: 0, threshold: 0.8, stratified: false, file_bytes: None }
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
    let rows = strata::read(input, reporter, cancel)?;
    let mut first = groups.first;
    join_conversations(&index.marks.iter().map(|mark| mark.line).collect::<Vec<_>>(), &rows, &mut first);
    // The least hash of a group stands for it, whichever of its rows comes first.
    let mut least = vec![u64::MAX; index.marks.len()];
    for (mark, &first) in index.marks.iter().zip(&first) {
        least[first as usize] = least[first as usize].min(mark.exact);
    }
    let fractions: Vec<f64> = shares.iter().map(|share| share.share / sum).collect();
    let drawn = |hash: u64| mix(hash ^ mix(options.seed));
    let of: Vec<usize> = if options.stratified {
        let strata = rows.iter().map(|row| (row.line, row.stratum)).collect();
        even(&index.marks.iter().map(|mark| mark.line).collect::<Vec<_>>(), &strata, &first, &fractions, |group| {
            drawn(least[group as usize])
        })
    } else {
        let side = |hash: u64| {
            let mut drawn = (drawn(hash) >> 11) as f64 / (1_u64 << 53) as f64;
            let side = fractions.iter().position(|fraction| {
                drawn -= fraction;
                drawn < 0.0
            });
            side.unwrap_or(shares.len() - 1)
        };
        first.iter().map(|&group| side(least[group as usize])).collect()
    };
    Ok(index.marks.iter().zip(of).map(|(mark, side)| (mark.line, side)).collect())
}

/// Rows that name one conversation become one group.
fn join_conversations(lines: &[u32], rows: &[Stratified], first: &mut [u32]) {
    let mut named: Vec<(u64, u32)> = rows
        .iter()
        .filter(|row| row.conversation != 0)
        .filter_map(|row| Some((row.conversation, lines.binary_search(&row.line).ok()? as u32)))
        .collect();
    named.sort_unstable();
    for run in named.chunk_by(|a, b| a.0 == b.0) {
        for pair in run.windows(2) {
            let (a, b) = (root(first, pair[0].1), root(first, pair[1].1));
            first[a.max(b) as usize] = a.min(b);
        }
    }
    // The least row is always the root, so one pass in order is enough.
    for row in 0..first.len() {
        first[row] = first[first[row] as usize];
    }
}

fn root(first: &[u32], mut row: u32) -> u32 {
    while first[row as usize] != row {
        row = first[row as usize];
    }
    row
}

/// The side of every row: groups in the order of their strata, each to the side that lacks most rows by then.
fn even(
    lines: &[u32],
    strata: &BTreeMap<u32, u64>,
    first: &[u32],
    fractions: &[f64],
    drawn: impl Fn(u32) -> u64,
) -> Vec<usize> {
    let mut sizes = vec![0_u32; first.len()];
    first.iter().for_each(|&group| sizes[group as usize] += 1);
    let mut groups: Vec<u32> = (0..first.len() as u32).filter(|&row| first[row as usize] == row).collect();
    let stratum = |group: u32| strata.get(&lines[group as usize]).copied().unwrap_or_default();
    groups.sort_by_cached_key(|&group| (stratum(group), drawn(group), group));
    let (mut lacks, mut sides) = (vec![0.0; fractions.len()], vec![0; first.len()]);
    for group in groups {
        let size = f64::from(sizes[group as usize]);
        lacks.iter_mut().zip(fractions).for_each(|(lack, fraction)| *lack += size * fraction);
        let most = (0..lacks.len()).max_by(|&a, &b| lacks[a].total_cmp(&lacks[b]).then(b.cmp(&a))).unwrap_or(0);
        lacks[most] -= size;
        sides[group as usize] = most;
    }
    first.iter().map(|&group| sides[group as usize]).collect()
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

    #[test]
    fn conversations_stay_together_and_strata_are_alike_on_both_sides() {
        let with_id = |number: usize, id: String, answer: &str| {
            let mut row: serde_json::Value = serde_json::from_str(&row(number, "")).expect("JSON");
            row["conversation_id"] = id.into();
            row["messages"][1]["content"] = answer.into();
            row.to_string()
        };
        let rows: Vec<String> =
            (0..600).map(|n| with_id(n, format!("c{}", n / 3), if n % 12 < 9 { "是" } else { "否" })).collect();
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let input = dir.path().join("a.jsonl");
        pc_base::write_atomic(&input, rows.join("\n").as_bytes()).expect("written");
        let run = |seed| {
            let share = |name: &str, share| Share { path: dir.path().join(name), share };
            let options = SplitOptions { seed, stratified: true, ..SplitOptions::default() };
            let shares = [share("t.jsonl", 0.8), share("v.jsonl", 0.2)];
            split(&input, &shares, &options, &Silent, &Cancel::default()).expect("split");
            let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("readable");
            (read("t.jsonl"), read("v.jsonl"))
        };
        let (training, validation) = run(5);
        let count = |text: &str, answer: &str| text.lines().filter(|line| line.contains(answer)).count();
        assert_eq!(training.lines().count() + validation.lines().count(), 600);
        let (yes, no) = (count(&validation, "\"是\""), count(&validation, "\"否\""));
        assert!(yes.abs_diff(90) <= 6 && no.abs_diff(30) <= 6, "a fifth of each, to two conversations: {yes}, {no}");
        let ids = |text: &str| -> BTreeSet<String> {
            let id = |line: &str| {
                serde_json::from_str::<serde_json::Value>(line).expect("JSON")["conversation_id"].to_string()
            };
            text.lines().map(id).collect()
        };
        assert!(ids(&training).is_disjoint(&ids(&validation)), "no conversation is on both sides");
        assert_eq!(run(5), (training.clone(), validation), "the same seed, the same sides");
        assert_ne!(run(6).0, training, "another seed, other sides");
    }
}
