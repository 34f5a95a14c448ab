//! What the bytes go to. Errors are fine; panics, endless time and memory are not, and what a reader promises is held against what
//! it gave.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pc_base::{Cancel, Language, Silent};
use pc_dataset::map::{Recipe, guess, preview};
use pc_dataset::near::{Held, HeldKind, NearOptions, contradictions, duplicates, leaks};
use pc_dataset::passages::{PassageOptions, passages};
use pc_dataset::privacy::{Detector, Key, Plan, Rules, ScanOptions, StandIns, Way, mask_file, scan_file};
use pc_dataset::read::{ReadOptions, detect, start};
use pc_dataset::split::{Share, SplitOptions, split};
use pc_dataset::{CheckOptions, FindingCode, FixPlan, RowIndex, RowKind, check, fix_file};
use pc_model::{ChatTemplate, Counter, QwenTokens, RenderOptions, RowCounter};
use pc_protocol::receipt::{Receipt, compare};
use serde_json::{Value, json};

use crate::dress;

/// One target.
pub struct Target {
    /// For a kind of file its ending.
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Whether the reader survives panics of a foreign crate.
    pub foreign_panics: bool,
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, foreign_panics: false }
}

const fn tolerant(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, foreign_panics: true }
}

pub const TARGETS: [Target; 31] = [
    target("jsonl", |bytes| rows("jsonl", bytes)),
    target("json", |bytes| rows("json", bytes)),
    target("csv", |bytes| rows("csv", bytes)),
    target("md", |bytes| rows("md", bytes)),
    target("zip", |bytes| rows("zip", bytes)),
    target("xlsx", |bytes| rows("xlsx", bytes)),
    target("sheet", |bytes| rows("xlsx", &dress::workbook(bytes))),
    target("xls", |bytes| rows("xls", bytes)),
    target("biff", |bytes| rows("xls", &dress::old_workbook(bytes))),
    tolerant("parquet", |bytes| rows("parquet", bytes)),
    target("txt", |bytes| document("txt", bytes)),
    target("prose", |bytes| document("md", bytes)),
    target("html", |bytes| document("html", bytes)),
    target("docx", |bytes| document("docx", bytes)),
    target("word", |bytes| document("docx", &dress::document(bytes))),
    tolerant("pdf", |bytes| document("pdf", bytes)),
    tolerant("page", |bytes| document("pdf", &dress::page(bytes))),
    target("mapping", mapping),
    target("recipe", recipe),
    target("tape", tape),
    target("check", checked),
    target("privacy", privacy),
    target("near", near),
    target("fix", fixed),
    target("index", index),
    target("repeat", repeated),
    target("receipt", receipt),
    tolerant("tokenizer", tokenizer),
    target("count", counted),
    target("ranks", ranks),
    target("template", template),
];

fn with_file(ending: &str, bytes: &[u8], work: impl FnOnce(&Path)) {
    let mut file =
        tempfile::Builder::new().suffix(&format!(".{ending}")).tempfile().expect("a temporary file can be made");
    file.write_all(bytes).expect("it can be written");
    work(file.path());
}

fn rows(ending: &str, bytes: &[u8]) {
    with_file(ending, bytes, |path| {
        let options = ReadOptions::default();
        drop(detect(path, &options));
        let Ok(reading) = start(path, &options) else { return };
        let mut errors = 0;
        for row in reading.take(100_000) {
            match row {
                Ok(row) => assert_eq!(row.names.len(), row.values.len(), "every value has a name"),
                Err(_) => errors += 1,
            }
        }
        assert!(errors <= 1, "nothing follows an error");
    });
}

/// Splits a document.
fn document(ending: &str, bytes: &[u8]) {
    let options = PassageOptions { max_chars: 50, overlap_chars: 10 };
    with_file(ending, bytes, |path| {
        let mut from = 0;
        drop(passages(path, &options, &Cancel::default(), &mut |passage| {
            assert!(passage.from >= from && passage.to > passage.from, "passages go forward");
            from = passage.from;
            Ok(())
        }));
    });
}

/// Detects, guesses a recipe, and applies it.
fn mapping(bytes: &[u8]) {
    with_file("jsonl", bytes, |path| {
        if let Ok(found) = detect(path, &ReadOptions::default()) {
            let records = found.records();
            preview(&guess(&records).recipe, &records, "a.jsonl").expect("a guessed recipe is a right one");
        }
    });
}

/// A recipe of any shape on a few rows.
fn recipe(bytes: &[u8]) {
    let Ok(recipe) = serde_json::from_slice::<Recipe>(bytes) else { return };
    let line = json!({"q": " 问 ", "a": "答", "s": "", "h": [{"role": "user", "content": "q"}, {"from": "gpt", "value": "a"}],
        "t": "[]", "who": "x", "id": 1, "time": "2024-01-02 03:04:05"});
    with_file("jsonl", format!("{line}\n{line}\n").as_bytes(), |path| {
        let found = detect(path, &ReadOptions::default()).expect("these rows are right");
        let right = recipe.check(&found.columns, "a.jsonl").is_ok();
        let shown = preview(&recipe, &found.records(), "a.jsonl");
        assert!(shown.is_ok() || !right, "a recipe that fits is applied");
    });
}

/// The parser of the check against the parser of everything else.
fn tape(bytes: &[u8]) {
    let Ok(line) = std::str::from_utf8(bytes) else { return };
    let Ok(parsed) = pc_dataset::json::parse(line) else { return };
    // Numbers beyond a double's range and lone surrogates are judged later by the one, and refused by the other.
    if parsed.lone_surrogate.is_none()
        && let Err(error) = serde_json::from_str::<Value>(line)
    {
        assert!(error.to_string().contains("out of range") || error.to_string().contains("recursion"), "{error}");
    }
}

fn checked(bytes: &[u8]) {
    with_file("jsonl", bytes, |path| {
        for kind in RowKind::ALL {
            let options = CheckOptions { kind, max_length: Some(100), batch_size: Some(2), ..CheckOptions::default() };
            let report = check(path, &options, &Silent, &Cancel::default()).expect("a file that can be read is judged");
            assert!(report.good_rows <= report.rows && report.errors_total <= report.findings_total);
            assert_eq!(report.bytes, bytes.len() as u64, "every byte was looked at");
        }
    });
}

static DETECTOR: LazyLock<Detector> =
    LazyLock::new(|| Detector::new(&Rules::default()).expect("the house's own rules are right"));

/// Looks, and masks in one of the ways.
fn privacy(bytes: &[u8]) {
    let detector = &*DETECTOR;
    let text = String::from_utf8_lossy(bytes);
    let mut end = 0;
    for span in detector.scan(&text) {
        assert!(span.start >= end && span.start < span.end && text.get(span.start..span.end).is_some(), "{span:?}");
        end = span.end;
    }
    with_file("jsonl", bytes, |path| {
        let options = ScanOptions::default();
        let report = scan_file(path, detector, &options, &Silent, &Cancel::default()).expect("any file is looked at");
        // One way for each input, since each makes a detector of its own.
        let ways = [Way::Mask, Way::Remove, Way::Generalise, Way::Pseudonym];
        let way = ways[bytes.len() % ways.len()];
        let out = path.with_extension("masked");
        let (key, mut stand_ins) = (Key([7; 32]), StandIns::default());
        let plan = Plan { otherwise: way, ..Plan::default() };
        let masked = mask_file((path, &out), &plan, (&key, &mut stand_ins), &options, &Silent, &Cancel::default());
        assert_eq!(masked.is_ok(), report.lines_unread == 0, "all that could be looked at is masked");
        if masked.is_ok() {
            rows_stay_rows(bytes, &std::fs::read(&out).expect("the copy is there"), way);
            std::fs::remove_file(&out).expect("it can be removed");
        }
    });
}

fn rows_stay_rows(before: &[u8], after: &[u8], way: Way) {
    let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (before, after) = (lines(before), lines(after));
    assert_eq!(before.len(), after.len(), "lines stay lines");
    for (before, after) in before.iter().zip(&after) {
        let is_row = |line: &[u8]| serde_json::from_slice::<Value>(line).is_ok();
        assert!(!is_row(before) || is_row(after), "{way:?} broke a row: {}", String::from_utf8_lossy(after));
    }
}

fn near(bytes: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path = dir.path().join("a.jsonl");
    std::fs::write(&path, bytes).expect("it can be written");
    let (options, cancel) = (NearOptions::default(), Cancel::default());
    let same = duplicates(&path, &options, &Silent, &cancel).expect("any file can be compared");
    assert!(same.exact_rows + same.near_rows < same.rows.max(1), "the first of a group is no duplicate");
    contradictions(&path, &options, &Silent, &cancel).expect("any file can be compared");
    let held = |kind| [Held { path: path.clone(), kind }];
    leaks(&path, &held(HeldKind::Rows), &options, &Silent, &cancel).expect("any file can be compared");
    drop(leaks(&path, &held(HeldKind::Golden), &options, &Silent, &cancel));
    let share = |name: &str, share| Share { path: PathBuf::from(dir.path()).join(name), share };
    let shares = [share("t.jsonl", 8.0), share("v.jsonl", 2.0)];
    let written = split(&path, &shares, &SplitOptions::default(), &Silent, &cancel).expect("any file can be split");
    let filled = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    assert_eq!(written.iter().map(|one| one.rows).sum::<u64>(), filled as u64, "every line is in one of the sets");
}

/// Repairs all that can be, and leaves out the rest.
fn fixed(bytes: &[u8]) {
    let codes: Vec<FindingCode> =
        FindingCode::ALL.iter().copied().filter(|code| code.fix(Language::English).is_some()).collect();
    with_file("jsonl", bytes, |path| {
        for kind in RowKind::ALL {
            let out = path.with_extension("fixed");
            let plan = FixPlan { codes: codes.clone(), drop_bad: true, kind, ..FixPlan::default() };
            if fix_file((path, &out), &plan, &Silent, &Cancel::default()).is_ok() {
                let options = CheckOptions { kind, ..CheckOptions::default() };
                let report = check(&out, &options, &Silent, &Cancel::default()).expect("it can be read");
                assert_eq!(report.good_rows, report.rows, "no bad row is left: {:?}", report.findings);
                std::fs::remove_file(&out).expect("it can be removed");
            }
        }
    });
}

/// Rows by their numbers, and the bytes as what is kept beside a file.
fn index(bytes: &[u8]) {
    with_file("jsonl", bytes, |path| {
        let index = RowIndex::build(path, &Silent, &Cancel::default()).expect("any file is walked over");
        let rows = index.read(path, 0, usize::MAX).expect("the file is the same");
        assert_eq!(rows.len() as u64, index.rows(), "every row that is counted is there");
        for (number, row) in (0..).zip(&rows) {
            let found = index.row_of_line(path, row.line).expect("the file is the same");
            assert_eq!((row.number, found), (number, number), "a row is found by its number and its line");
        }
        if let Ok(other) = RowIndex::load(path) {
            drop(other.read(path, 0, 10));
        }
    });
}

/// A few bytes over and over again: what takes more time for each of them takes hours for a file.
fn repeated(bytes: &[u8]) {
    let Some((which, unit)) = bytes.split_first().filter(|(_, unit)| (1..=64).contains(&unit.len())) else { return };
    let long = unit.repeat((256 << 10) / unit.len());
    let Ok(text) = std::str::from_utf8(&long) else { return };
    match which % 8 {
        0 => drop(DETECTOR.scan(text)),
        1 => checked(
            json!({"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": text}]})
                .to_string()
                .as_bytes(),
        ),
        2 => drop(pc_dataset::json::parse(text)),
        3 => document("html", &long),
        4 => document("md", &long),
        5 => rows("csv", &long),
        6 => rows("md", &long),
        _ => rows("json", &long),
    }
}

fn receipt(bytes: &[u8]) {
    if let Ok(statement) = Receipt::read(bytes).and_then(|receipt| receipt.verified()) {
        drop(compare(&statement, bytes));
    }
}

fn tokenizer(bytes: &[u8]) {
    let Ok(counter) = Counter::from_json(bytes) else { return };
    if let Ok(tokens) = counter.encode(TEXT) {
        assert_eq!(counter.count(TEXT).ok(), Some(tokens.len()), "a count is the number of tokens");
    }
}

/// A small tokenizer of the kind that is counted without the library.
pub const TOKENIZER: &str = r#"{"version":"1.0","added_tokens":[],"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":true},"post_processor":null,"decoder":null,"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}"#;

/// Tokens of a row of any shape.
fn counted(bytes: &[u8]) {
    static COUNTER: LazyLock<RowCounter> =
        LazyLock::new(|| RowCounter::chatml(Counter::from_json(TOKENIZER.as_bytes()).expect("it is right")));
    if let Ok(row) = serde_json::from_slice(bytes) {
        drop(COUNTER.row(&row));
    }
}

fn ranks(bytes: &[u8]) {
    with_file("tiktoken", bytes, |path| {
        if let Ok(counter) = Counter::from_tiktoken(path, QwenTokens::default()) {
            drop(counter.encode(TEXT));
        }
    });
}

const TEXT: &str = "ab a <s>你好 1234\t\u{1f600} e\u{301}\r\n";

/// A model's own template, which is a program, on a row.
fn template(bytes: &[u8]) {
    let Ok(source) = std::str::from_utf8(bytes) else { return };
    let template = ChatTemplate::new(source, serde_json::Map::new());
    let messages = [json!({"role": "user", "content": "q"}), json!({"role": "assistant", "content": "a"})];
    drop(template.render(&messages, &RenderOptions::default()));
}
