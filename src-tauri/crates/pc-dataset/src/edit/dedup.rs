//! Rows that say the same again are left out: equal ones, ones that are nearly the same, other answers to a question, and rows that
//! give a held-out file away. Of each group the first row stays, and all bytes that stay are the input's. Deliberately absent: how
//! likeness is found, which is `near`'s.

use std::collections::BTreeMap;
use std::path::Path;

use pc_base::{Cancel, Reporter};
use serde::Serialize;

use super::copy::copy;
use crate::lines::Walk;
use crate::near::{Compare, Held, Index, NearOptions, leaks};

/// What is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct DedupOptions {
    /// Least similarity in (0, 1]; above 1, equal rows only.
    pub threshold: f64,
    /// Whether of rows with the same question only the first stays, whatever the others answer.
    pub one_answer: bool,
    /// Files whose rows must not be in this one.
    pub held: Vec<Held>,
}

impl Default for DedupOptions {
    fn default() -> Self {
        Self { threshold: 0.8, one_answer: false, held: Vec::new() }
    }
}

/// What was left out, each row for one reason only: the first of these that holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DedupReport {
    /// Rows that give a held-out file away.
    pub leaked: u64,
    /// Rows whose normalised text an earlier row has.
    pub exact: u64,
    /// Further rows that are like an earlier one.
    pub near: u64,
    /// Further rows whose question an earlier row has.
    pub answers: u64,
    /// Lines (1-based) of all of them, in order.
    pub removed_lines: Vec<u64>,
    /// Of the new file.
    pub bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Leaked,
    Exact,
    Near,
    Answer,
}

/// Writes a copy without such rows; it appears whole or not at all. Lines that are no rows stay, for the check to name.
pub fn dedup_file(
    (input, output): (&Path, &Path),
    options: &DedupOptions,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<DedupReport> {
    let mut gone: BTreeMap<u64, Why> = BTreeMap::new();
    if !options.held.is_empty() {
        let near = NearOptions { threshold: options.threshold.min(1.0), shown: 0, ..NearOptions::default() };
        let lines = leaks(input, &options.held, &near, reporter, cancel)?.lines;
        gone.extend(lines.into_iter().map(|line| (line, Why::Leaked)));
    }
    alike(input, Compare::Row, options.threshold, (reporter, cancel), &mut gone)?;
    if options.one_answer {
        alike(input, Compare::Question, f64::INFINITY, (reporter, cancel), &mut gone)?;
    }
    let over = Walk { path: input, stage: "dedup", reporter, cancel };
    let bytes = copy(&over, output, |line| !gone.contains_key(&line))?;
    let count = |why: Why| gone.values().filter(|&&other| other == why).count() as u64;
    Ok(DedupReport {
        leaked: count(Why::Leaked),
        exact: count(Why::Exact),
        near: count(Why::Near),
        answers: count(Why::Answer),
        removed_lines: gone.into_keys().collect(),
        bytes,
    })
}

/// Of each group of rows that are alike, all but the first that is still there.
fn alike(
    input: &Path,
    compare: Compare,
    threshold: f64,
    (reporter, cancel): (&dyn Reporter, &Cancel),
    gone: &mut BTreeMap<u64, Why>,
) -> anyhow::Result<()> {
    let mut index = Index::read(&[input.to_owned()], compare, "near", reporter, cancel)?;
    let groups = index.groups(threshold, reporter, cancel)?;
    for group in groups.list() {
        let line = |row: u32| u64::from(index.marks[row as usize].line);
        let there: Vec<u32> = group.into_iter().filter(|&row| !gone.contains_key(&line(row))).collect();
        for &row in there.iter().skip(1) {
            let why = match compare {
                Compare::Question => Why::Answer,
                Compare::Row if groups.exact[row as usize] => Why::Exact,
                Compare::Row => Why::Near,
            };
            gone.insert(line(row), why);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::near::HeldKind;
    use pc_base::Silent;

    fn row(question: &str, answer: &str) -> String {
        serde_json::json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})
            .to_string()
    }

    #[test]
    fn the_first_of_each_stays_and_each_row_goes_for_one_reason() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let place = |name: &str| folder.path().join(name);
        let long = "请问酒店的早餐几点开始供应，自助餐厅在几楼，需要提前预约吗，儿童是否免费，可以带走吗";
        let rows = [
            row(long, "七点到十点，在二楼。"),
            "no row".to_owned(),
            row(&format!("{long} "), "七点到十点， 在二楼。"),
            row(&format!("您好，{long}"), "七点到十点，在二楼。"),
            row("几点退房", "中午十二点"),
            String::new(),
            row("几点退房", "下午两点可以延迟退房"),
            row("有没有停车场", "有，免费"),
            row("健身房在哪里", "三楼"),
        ];
        pc_base::write_atomic(&place("a"), rows.join("\r\n").as_bytes()).expect("written");
        pc_base::write_atomic(&place("held"), row("有没有停车场", "有，免费").as_bytes()).expect("written");
        let held = vec![Held { path: place("held"), kind: HeldKind::Rows }];
        let options = DedupOptions { threshold: 0.7, one_answer: true, held };
        let report = dedup_file((&place("a"), &place("b")), &options, &Silent, &Cancel::default()).expect("done");
        let figures = (report.leaked, report.exact, report.near, report.answers);
        assert_eq!((figures, report.removed_lines), ((1, 1, 1, 1), vec![3, 4, 7, 8]));
        let left = [&rows[0], &rows[1], &rows[4], &rows[5], &rows[8]].map(String::as_str).join("\r\n");
        assert_eq!(std::fs::read_to_string(place("b")).expect("readable"), left, "bytes that stay are the input's");
        assert_eq!(report.bytes, left.len() as u64);
        let strict = DedupOptions { threshold: 2.0, ..DedupOptions::default() };
        let report = dedup_file((&place("a"), &place("c")), &strict, &Silent, &Cancel::default()).expect("done");
        assert_eq!(report.removed_lines, [3], "equal rows only");
    }
}
