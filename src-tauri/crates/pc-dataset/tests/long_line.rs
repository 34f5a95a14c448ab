//! A single line of a gigabyte before everything that reads: the row is passed over or the file refused, and the memory stays where
//! it was. Alone in its program, because memory is counted for the whole of it. The file is a hole but for its ends, so it costs no
//! disk.

#![cfg(unix)]

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use pc_base::{Cancel, Failure, Language, Silent};
use pc_dataset::near::{NearOptions, duplicates};
use pc_dataset::passages::{PassageOptions, passages};
use pc_dataset::privacy::{Detector, Rules, ScanOptions, scan_file};
use pc_dataset::read::{ReadOptions, start};
use pc_dataset::{CheckOptions, check};

const LINE: u64 = 1 << 30;
/// Megabytes by which the peak may rise: a line of sixteen is held, by some of the readers several times.
const RISE: u64 = 250;

/// Megabytes that the process has held at most, where the system tells it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

/// `head`, two megabytes of letters, nothing up to a gigabyte, `tail`.
fn write(path: &Path, head: &str, tail: &str) {
    let mut file = File::create(path).expect("it can be created");
    file.write_all(head.as_bytes()).and_then(|()| file.write_all(&[b'x'; 2 << 20])).expect("it can be written");
    file.seek(SeekFrom::Start(LINE)).expect("it can be longer");
    file.write_all(tail.as_bytes()).expect("it can be written");
}

/// Rows that were read, and the codes of those passed over or of the end.
fn rows(path: &Path) -> (usize, Vec<String>) {
    let mut reading = match start(path, &ReadOptions::default()) {
        Ok(reading) => reading,
        Err(error) => return (0, vec![Failure::of(&error, Language::English).code]),
    };
    let (mut count, mut codes) = (0, Vec::new());
    for row in reading.by_ref() {
        match row {
            Ok(_) => count += 1,
            Err(error) => codes.push(Failure::of(&error, Language::English).code),
        }
    }
    codes.extend(reading.notes().skips().by_code.into_keys());
    (count, codes)
}

#[test]
fn a_line_of_a_gigabyte_is_passed_over_by_every_reader() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let at = |name: &str| dir.path().join(name);
    let good = r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}"#;
    write(&at("a.jsonl"), &format!("{good}\n{{\"text\":\""), &format!("\"}}\n{good}\n"));
    write(&at("a.json"), "[{\"q\":\"1\"},{\"q\":\"", "\"},{\"q\":\"2\"}]");
    write(&at("a.csv"), "q,a\n1,2\n3,\"", "\"\n4,5\n");
    write(&at("a.txt"), "first\n\n", "\n\nlast\n");
    write(&at("a.md"), "# first\n\ntext\n\n# ", "\n\nlast\n");
    let before = peak();
    let report = check(&at("a.jsonl"), &CheckOptions::default(), &Silent, &Cancel::default()).expect("it is judged");
    assert_eq!((report.rows, report.good_rows), (3, 2));
    assert!(report.findings.iter().any(|finding| finding.line == 2), "{:?}", report.findings);
    let detector = Detector::new(&Rules::default()).expect("the house's own rules are right");
    let seen = scan_file(&at("a.jsonl"), &detector, &ScanOptions::default(), &Silent, &Cancel::default());
    assert_eq!(seen.expect("it is looked at").lines_unread, 1);
    let same = duplicates(&at("a.jsonl"), &NearOptions::default(), &Silent, &Cancel::default());
    assert_eq!(same.expect("it is compared").exact_rows, 1);
    assert_eq!(rows(&at("a.jsonl")), (2, vec!["row_too_long".to_owned()]));
    for name in ["a.json", "a.csv", "a.txt", "a.md"] {
        let (count, codes) = rows(&at(name));
        let told = |code: &String| {
            ["row_too_long", "source_damaged", "source_unknown", "row_quote_open"].contains(&code.as_str())
        };
        assert!(count <= 3 && !codes.is_empty() && codes.iter().all(told), "{name}: {count} rows, {codes:?}");
    }
    let document = passages(&at("a.txt"), &PassageOptions::default(), &Cancel::default(), &mut |_| Ok(()));
    let error = document.expect_err("no document is as long");
    assert_eq!(Failure::of(&error, Language::English).code, "source_too_large");
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before < RISE, "the peak rose by {} MB", after - before);
    }
}
