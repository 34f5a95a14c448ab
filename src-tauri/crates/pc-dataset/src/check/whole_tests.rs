//! The whole check: what each part finds, in one report.

use std::path::{Path, PathBuf};

use pc_base::Silent;

use super::*;
use crate::near::HeldKind;
use crate::privacy::Rules;

fn row(question: &str, answer: &str) -> String {
    serde_json::json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})
        .to_string()
}

fn file(dir: &Path, name: &str, rows: &[String]) -> PathBuf {
    let path = dir.join(name);
    pc_base::write_atomic(&path, (rows.join("\n") + "\n").as_bytes()).expect("written");
    path
}

const LONG: &str = "早餐从七点开始供应到十点结束，周末延长到十一点，地点在二楼餐厅，儿童半价，请提前预约座位。";

#[test]
fn one_report_names_what_every_part_finds_in_the_files_order() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let rows = [
        row("早餐几点？", LONG),
        row("我的\"电话\"是13812345678，什么时候回电？", "马上。"),
        "{]".into(),
        row("早餐几点?", LONG),
        row("早餐几点？", &LONG.replace("儿童半价", "孩童半价")),
        row("泳池在哪里呢请问一下", "三楼。"),
    ];
    let path = file(dir.path(), "train.jsonl", &rows);
    let validation =
        file(dir.path(), "validation.jsonl", &[row("停车？", "地下。"), row("泳池在哪里呢请问一下", "三楼。")]);
    let golden = dir.path().join("golden.json");
    let text = r#"[{"question":"泳池在哪里呢请问一下","required":[]}]"#;
    pc_base::write_atomic(&golden, text.as_bytes()).expect("written");
    let detector = Detector::new(&Rules::default()).expect("no rules of one's own");
    let held = |path: &Path, kind| Held { path: path.to_owned(), kind };
    let whole_of = |held| {
        let options = WholeOptions {
            detector: Some(&detector),
            near: Some(NearOptions::default()),
            held,
            ..WholeOptions::default()
        };
        whole(&path, &options, &Silent, &Cancel::default()).expect("the file can be read")
    };
    let report = whole_of(vec![held(&validation, HeldKind::Rows)]);
    let named: Vec<_> = report.findings.iter().map(|f| (f.code.name(), f.line, f.at.as_str(), f.column)).collect();
    assert_eq!(
        named,
        [
            ("personal_mobile", 2, "messages[0].content", 8),
            ("line_not_json", 3, "", 0),
            ("duplicate_exact", 4, "", 0),
            ("duplicate_near", 5, "", 0),
            ("answer_contradicts", 5, "", 0),
            ("leaks_validation", 6, "", 0),
        ],
        "a column counts characters of the text, not of its escapes"
    );
    assert!(report.findings.iter().all(|f| !f.message.contains("138")), "no finding quotes what is personal");
    assert_eq!(
        report.findings[5].message,
        "The row gives away line 2 of validation.jsonl, which training must not know."
    );
    let chinese = &report.findings_in(Language::Chinese)[5];
    assert_eq!(chinese.message, "这一行泄露了 validation.jsonl 的第 2 行，而训练不应接触该文件。");
    let areas = [Area::Format, Area::Privacy, Area::Duplicates, Area::Secrets].map(|area| report.total_of(area));
    assert_eq!((areas, report.good_rows), ([1, 1, 4, 0], 5));

    let report = whole_of(vec![held(&golden, HeldKind::Golden)]);
    let last = report.findings.last().map(|f| (f.code.name(), f.line, f.message.as_str()));
    let told = "The row gives away question 1 of golden.json, which training must not know.";
    assert_eq!(last, Some(("leaks_golden", 6, told)));
}

#[test]
fn the_sketches_of_the_checks_own_walk_are_those_that_near_makes_of_the_file() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let mut rows: Vec<_> =
        (0..3_000).map(|i| row(&format!("第 {} 个问题？", i % 900), &format!("{LONG}{}", i % 700))).collect();
    rows.insert(5, String::new());
    // A mark at the beginning moves every offset, and rows are read again by them.
    rows[0] = format!("\u{feff}{}", rows[0]);
    let path = file(dir.path(), "train.jsonl", &rows);
    let near = NearOptions::default();
    let options = WholeOptions { near: Some(near.clone()), ..WholeOptions::default() };
    let report = whole(&path, &options, &Silent, &Cancel::default()).expect("the file can be read");
    let total = |code: &str| report.groups.iter().find(|g| g.code.name() == code).map_or(0, |g| g.total);
    let told = crate::near::duplicates(&path, &near, &Silent, &Cancel::default()).expect("compared");
    assert_eq!((total("duplicate_exact"), total("duplicate_near")), (told.exact_rows, told.near_rows));
    let strict = NearOptions { threshold: 0.9, ..near };
    let told = crate::near::contradictions(&path, &strict, &Silent, &Cancel::default()).expect("compared");
    assert!(told.questions_total > 0 && total("answer_contradicts") > told.questions_total, "{told:?}");
    assert!(total("answer_contradicts") < told.rows_total, "the first answer of a question is not held against itself");
}

#[test]
fn nothing_is_looked_for_that_was_not_asked_for() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path =
        file(dir.path(), "train.jsonl", &[row("我的电话是13812345678", "好。"), row("我的电话是13812345678", "不。")]);
    let report = whole(&path, &WholeOptions::default(), &Silent, &Cancel::default()).expect("the file can be read");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}
