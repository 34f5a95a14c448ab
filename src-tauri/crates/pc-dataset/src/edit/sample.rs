//! A smaller file that looks like the whole: the shares of answer classes, languages and lengths are the same, to a row. Which rows
//! are taken follows from the file and a seed alone. Deliberately absent: likeness of rows; take duplicates out first.

use std::collections::BTreeSet;
use std::path::Path;

use pc_base::{Cancel, Reporter};
use serde::Serialize;

use super::copy::copy;
use super::strata;
use crate::lines::Walk;
use crate::near::mix;

/// What was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SampleReport {
    /// Rows that were taken, and of how many that can be read.
    pub rows: u64,
    pub of: u64,
    /// Of the new file.
    pub bytes: u64,
}

/// Writes a sample of so many rows, all where there are fewer, in the file's order; it appears whole or not at all.
pub fn sample_file(
    (input, output): (&Path, &Path),
    rows: u64,
    seed: u64,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<SampleReport> {
    let mut all = strata::read(input, reporter, cancel)?;
    all.sort_unstable_by_key(|row| (row.stratum, mix(row.hash ^ mix(seed)), row.line));
    let (of, wanted) = (all.len() as u128, u128::from(rows).min(all.len() as u128));
    // Of rows in this order every so-many-th is one: wherever a stratum begins and ends, it gives its share.
    let taken = (0_u128..).zip(&all).filter(|(at, _)| (at + 1) * wanted / of > at * wanted / of);
    let taken: BTreeSet<u64> = taken.map(|(_, row)| u64::from(row.line)).collect();
    let over = Walk { path: input, stage: "sample", reporter, cancel };
    let bytes = copy(&over, output, |line| taken.contains(&line))?;
    Ok(SampleReport { rows: taken.len() as u64, of: of as u64, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_base::Silent;

    fn row(number: usize) -> String {
        let (question, answer) = match number % 10 {
            0..6 => (format!("第{number}位客人的问题是什么"), "是"),
            6..9 => (format!("question number {number} of the guests"), "no"),
            _ => (
                "长".repeat(300) + &number.to_string(),
                "一个长得多的回答，它不是任何一类，因为它太长了，没有人会重复它",
            ),
        };
        serde_json::json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})
            .to_string()
    }

    #[test]
    fn every_stratum_gives_its_share_and_a_seed_gives_one_outcome() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (input, output) = (folder.path().join("a"), folder.path().join("b"));
        let rows: Vec<String> = (0..1_000).map(row).chain(["not a row".to_owned()]).collect();
        pc_base::write_atomic(&input, rows.join("\n").as_bytes()).expect("written");
        let run = |rows, seed| {
            let report = sample_file((&input, &output), rows, seed, &Silent, &Cancel::default()).expect("sampled");
            (report, std::fs::read_to_string(&output).expect("readable"))
        };
        let (report, text) = run(100, 7);
        assert_eq!((report.rows, report.of, report.bytes), (100, 1_000, text.len() as u64));
        let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
        let shares = [(count("\"是\""), 60), (count("\"no\""), 30), (count("长长"), 10)];
        assert!(shares.iter().all(|(is, wanted)| is.abs_diff(*wanted) <= 2), "to a row at each border: {shares:?}");
        let places: Vec<_> = text.lines().map(|line| rows.iter().position(|row| row == line).expect("a row")).collect();
        assert!(places.is_sorted(), "in the file's order, byte for byte");
        assert_eq!(run(100, 7).1, text, "the same seed, the same rows");
        assert_ne!(run(100, 8).1, text, "another seed, other rows");
        assert_eq!((run(5_000, 7).0.rows, run(0, 7).0.rows), (1_000, 0));
    }
}
