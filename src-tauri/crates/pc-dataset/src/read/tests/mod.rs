//! Readers on files that other programs wrote (`tests/fixtures/datasets/make.py`), and on hostile ones that are made here.

use std::path::{Path, PathBuf};

use pc_base::{Failure, Language};
use serde_json::{Value, json};

use super::*;

mod hostile;

pub(super) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/datasets").join(name)
}

/// A file of its own in a folder of its own.
pub(super) fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path = dir.path().join(name);
    pc_base::write_atomic(&path, bytes).expect("and written");
    (dir, path)
}

/// All rows as JSON objects with their places, and what was passed over.
pub(super) fn rows(path: &Path, options: &ReadOptions) -> (Vec<(u64, Value)>, Skips) {
    let mut reading = start(path, options).expect("it opens");
    let mut rows = Vec::new();
    for record in reading.by_ref() {
        let record = record.expect("it can be read");
        assert_eq!(record.names.len(), record.values.len(), "every value has a name");
        rows.push((record.at, Value::Object(record.names.iter().cloned().zip(record.values).collect())));
    }
    (rows, reading.notes().skips())
}

fn read(path: &Path) -> Vec<(u64, Value)> {
    let (rows, skips) = rows(path, &ReadOptions::default());
    assert_eq!(skips, Skips::default(), "nothing is passed over");
    rows
}

/// The code of the error that ends opening or reading.
pub(super) fn refusal(path: &Path, options: &ReadOptions) -> String {
    let failed = match start(path, options) {
        Err(error) => Some(error),
        Ok(reading) => reading.filter_map(Result::err).next(),
    };
    Failure::of(&failed.expect("it is refused"), Language::English).code
}

#[test]
fn tables_of_every_encoding_and_delimiter_are_the_same_table() {
    let wanted = [
        (2, json!({"问题": "早餐几点开始？", "答案": "早餐从 6:30 到 10:00。"})),
        (3, json!({"问题": "可以说\"免打扰\"吗？", "答案": "可以，\n请按门边的按钮。"})),
        (5, json!({"问题": "停车收费吗, 每天多少？", "答案": "每天 30 元；住客免费。"})),
    ];
    for (name, encoding, delimiter) in [
        ("qa-utf8.csv", "UTF-8", ','),
        ("qa-utf8-bom.csv", "UTF-8", ';'),
        ("qa-gb18030.csv", "gb18030", ','),
        ("qa-utf16.csv", "UTF-16LE", '\t'),
        ("qa-gbk.txt", "gb18030", '\t'),
    ] {
        let found = detect(&fixture(name), &ReadOptions::default()).expect("it is a table");
        assert_eq!((found.encoding.as_deref(), found.delimiter), (Some(encoding), Some(delimiter)), "{name}");
        assert_eq!((found.columns, found.format), (vec!["问题".to_owned(), "答案".to_owned()], Format::Csv));
        assert_eq!(read(&fixture(name)), wanted, "{name}");
    }
    assert_eq!(
        read(&fixture("qa-big5.csv"))[0],
        (2, json!({"問題": "早餐幾點開始？", "答案": "早餐從六點半到十點。"}))
    );
    assert_eq!(
        read(&fixture("qa-shift-jis.csv"))[1],
        (3, json!({"質問": "駐車場はありますか", "回答": "はい、無料でございます"}))
    );
}

#[test]
fn cells_are_those_of_pythons_reader_on_hundreds_of_strange_texts() {
    let text = std::fs::read_to_string(fixture("csv-answers.json")).expect("the answers are there");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("they are JSON");
    assert!(cases.len() >= 400, "{} cases", cases.len());
    for case in cases {
        let delimiter = case["delimiter"].as_str().expect("a text").as_bytes()[0];
        let text = case["text"].as_str().expect("a text");
        let mut cells = csv::Cells::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())), delimiter);
        let mut rows: Vec<Vec<String>> = Vec::new();
        while let Some(outcome) = cells.next().expect("memory can be read") {
            // A text that ends inside quotes is whole for Python; we have its cells, too, but do not trust them.
            assert!(matches!(outcome, csv::Outcome::Whole | csv::Outcome::QuoteOpen), "{text:?}");
            rows.push(cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
        }
        assert_eq!(json!(rows), case["rows"], "{text:?} at {:?}", delimiter as char);
    }
}

#[test]
fn cells_are_those_of_the_csv_crate_wherever_the_text_is_cut_into_reads() {
    use rand::{Rng as _, SeedableRng as _};
    let mut draw = rand::rngs::StdRng::seed_from_u64(7);
    let pieces = [",", ",", "\"", "\"\"", "\n", "\r\n", "a", "字", " ", "\"b,\nc\""];
    for _ in 0..3_000 {
        let text: String = (0..draw.random_range(1..30)).map(|_| pieces[draw.random_range(0..pieces.len())]).collect();
        let mut theirs = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let theirs: Vec<Vec<String>> = theirs
            .records()
            .map(|row| row.expect("any text can be read").iter().map(ToOwned::to_owned).collect())
            .collect();
        let small =
            std::io::BufReader::with_capacity(draw.random_range(1..5), std::io::Cursor::new(text.clone().into_bytes()));
        let mut cells = csv::Cells::new(Box::new(small), b',');
        let mut ours: Vec<Vec<String>> = Vec::new();
        while cells.next().expect("memory can be read").is_some() {
            ours.push(cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
        }
        assert_eq!(ours, theirs, "{text:?}");
    }
}

#[test]
fn rows_of_another_width_keep_their_line_numbers() {
    let (_dir, path) = file("a.csv", "a,b\n1,2\n\"x\ny\",2,3\n4\n5,6,,\n\"open,\n".as_bytes());
    let (rows, skips) = rows(&path, &ReadOptions::default());
    assert_eq!(
        rows,
        [(2, json!({"a": "1", "b": "2"})), (5, json!({"a": "4", "b": null})), (6, json!({"a": "5", "b": "6"}))]
    );
    let places: Vec<_> = skips.kept.iter().map(|skip| (skip.at, skip.code.as_str())).collect();
    assert_eq!(places, [(3, "row_ragged"), (7, "row_quote_open")]);
    assert!(skips.kept[0].sentence(Language::Chinese).contains("第 3 行：有 3 个单元格，而表头只有 2 列"));
}

#[test]
fn headers_are_told_from_rows() {
    for (text, columns) in [
        ("q,a\n1,2\n", vec!["q", "a"]),
        ("sep=;\nq;a;q\n1;2;3\n", vec!["q", "a", "q_2"]),
        ("几点退房？,12 点前\n早餐呢？,6:30\n", vec!["column_1", "column_2"]),
        ("2024-01-05 10:00:00\t张三\t你好\n2024-01-05 10:01:00\t李四\t在\n", vec!["column_1", "column_2", "column_3"]),
    ] {
        let (_dir, path) = file("a.csv", text.as_bytes());
        assert_eq!(detect(&path, &ReadOptions::default()).expect("it is a table").columns, columns, "{text}");
    }
}

#[test]
fn json_streams_in_every_arrangement() {
    let a = json!({"q": "1", "a": {"x": [1, 2.5, "{]"]}});
    let b = json!({"q": "2\n", "a": null});
    let wanted = [a.clone(), b.clone()];
    for (name, text) in [
        ("lines.jsonl", format!("\u{feff}{a}\r\n\n{b}")),
        ("list.json", format!("[{a},\n {b}]")),
        ("pretty.json", serde_json::to_string_pretty(&wanted).expect("it can be written")),
        ("wrapped.json", format!("{{\"meta\":{{\"n\":2}},\"tags\":[1,2],\"data\":[{a},{b}],\"end\":[{{\"z\":1}}]}}")),
        ("stream.json", format!("{}\n{b}\n", serde_json::to_string_pretty(&a).expect("it can be written"))),
        ("lines.txt", format!("{a}\n{b}\n")),
    ] {
        let (_dir, path) = file(name, text.as_bytes());
        let found: Vec<Value> = read(&path).into_iter().map(|(_, row)| row).collect();
        assert_eq!(found, wanted, "{name}");
    }
    let (_dir, path) = file("one.json", br#"{"messages":[{"role":"user","content":"hi"}]}"#);
    assert_eq!(read(&path).len(), 1, "the turns of a conversation are no rows");
    let (_dir, path) = file("a.json", b"{\"x\":[{\"n\":12345678901234567890}],\"y\":[{\"n\":1.10},{\"n\":2}]}");
    let options = ReadOptions { list: Some("x".into()), ..ReadOptions::default() };
    assert_eq!(rows(&path, &options).0, [(1, json!({"n": "12345678901234567890"}))], "digits are never lost");
    assert_eq!(read(&path)[0], (1, json!({"n": "1.10"})), "a price keeps its zero");
}

#[test]
fn bad_lines_are_passed_over_with_their_numbers() {
    let text = b"{\"a\":1}\n{\"a\":}\n[1]\n\xff{}\n{\"a\":2}\n".to_vec();
    let (_dir, path) = file("a.jsonl", &text);
    let (rows, skips) = rows(&path, &ReadOptions::default());
    assert_eq!(rows.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 5]);
    let places: Vec<_> = skips.kept.iter().map(|skip| (skip.at, skip.code.as_str())).collect();
    assert_eq!(places, [(2, "row_not_json"), (3, "row_not_object"), (4, "row_encoding_wrong")]);
    assert_eq!((skips.total, skips.by_code["row_not_json"]), (3, 1));
}

#[test]
fn a_list_larger_than_a_line_may_be_is_streamed_with_its_line_numbers() {
    let item = json!({"q": "长".repeat(1_000)}).to_string();
    let mut text = String::from("{\"note\":\"[{\",\"data\":[\n");
    for at in 0..6_000 {
        text.push_str(if at == 0 { "" } else { ",\n" });
        text.push_str(&item);
    }
    text.push_str("\n]}");
    assert!(text.len() > crate::limits::LINE_BYTES);
    let (_dir, path) = file("a.json", text.as_bytes());
    let found = read(&path);
    assert_eq!((found.len(), found[0].0, found[5_999].0), (6_000, 2, 6_001));
}

#[test]
fn a_workbook_reads_as_it_looks() {
    let (found, skips) = rows(&fixture("book-openpyxl.xlsx"), &ReadOptions::default());
    let wanted = [
        (
            3,
            json!({"分类": "餐饮", "问题": "早餐几点开始？", "答案": "6:30 开始。", "日期": "2024年1月5日", "金额": "¥1,234.50", "编号": 13_812_345_678_u64}),
        ),
        (
            4,
            json!({"分类": "餐饮", "问题": "可以送餐到房间吗？", "答案": "可以，\n每单 10 元。", "日期": "2024-01-06 18:30", "金额": "25%", "编号": 2}),
        ),
        (
            5,
            json!({"分类": "停车", "问题": "停车收费吗？", "答案": "住客免费。", "日期": null, "金额": null, "编号": true}),
        ),
    ];
    assert_eq!(found, wanted, "a title above and a note beside the table are none of it; merged cells are filled");
    assert_eq!(skips.total, 0);
    let detected = detect(&fixture("book-openpyxl.xlsx"), &ReadOptions::default()).expect("it is a workbook");
    assert_eq!((detected.format, detected.sheets), (Format::Xlsx, vec!["说明".to_owned(), "问答".to_owned()]));
    let options = ReadOptions { sheet: Some("说明书".into()), ..ReadOptions::default() };
    assert_eq!(refusal(&fixture("book-openpyxl.xlsx"), &options), "sheet_unknown");
}

#[test]
fn formulas_give_their_values_and_errors_give_nothing() {
    let wanted = [
        (2, json!({"question": "What does =1+1 give?", "answer": "It gives two.", "length": 13, "day": "2024-02-29"})),
        (3, json!({"question": "Is <b>&amp; kept?", "answer": "Yes, it is.", "length": null, "day": null})),
    ];
    assert_eq!(read(&fixture("book-xlsxwriter.xlsx")), wanted);
}

#[test]
fn an_old_workbook_reads_like_a_table() {
    let found = read(&fixture("book.xls"));
    assert_eq!(
        found[0],
        (2, json!({"问题": "早餐几点开始？", "答案": "早餐从 6:30 到 10:00。", "日期": "2024-01-01"}))
    );
    assert_eq!(found.len(), 3);
}

#[test]
fn parquet_of_every_codec_keeps_every_type() {
    for codec in ["snappy", "zstd", "gzip"] {
        let found = read(&fixture(&format!("plain-{codec}.parquet")));
        let first = json!({"question": "早餐几点？", "answer": "6:30。", "score": 0.1, "day": "2024-01-05",
            "at": "2024-01-05 10:11:12.5", "price": "12.50", "number": 9_007_199_254_740_993_i64});
        let second = json!({"question": "几点退房？", "answer": "12 点前。", "score": 2.5, "day": "1969-12-31",
            "at": "2024-01-05 10:00:00", "price": "-0.05", "number": -1});
        let third = json!({"question": null, "answer": "x", "score": null, "day": null, "at": null, "price": null, "number": null});
        assert_eq!(found, [(1, first), (2, second), (3, third)], "{codec}");
    }
    let found = read(&fixture("messages.parquet"));
    assert_eq!(found[0].1["messages"][1], json!({"role": "assistant", "content": "6:30。"}));
    assert_eq!(found[2].1["messages"], Value::Null);
    assert_eq!(detect(&fixture("messages.parquet"), &ReadOptions::default()).expect("it opens").shape, Shape::Messages);
}

#[test]
fn prose_becomes_paragraphs_and_sections() {
    let (_dir, path) =
        file("a.md", "# 手册 #\n前言。\n\n## 早餐\n6:30 起。\n```\n# 不是标题\n```\n# 停车\n免费。\n".as_bytes());
    let wanted = [
        (2, json!({"heading": "手册", "text": "前言。"})),
        (5, json!({"heading": "手册 > 早餐", "text": "6:30 起。\n```\n# 不是标题\n```"})),
        (10, json!({"heading": "停车", "text": "免费。"})),
    ];
    assert_eq!(read(&path), wanted);
    let (_dir, path) = file("a.txt", "第一段，\n还是第一段。\n\n\n第二段。\n".as_bytes());
    assert_eq!(read(&path), [(1, json!({"text": "第一段，\n还是第一段。"})), (5, json!({"text": "第二段。"}))]);
    let lines: String = (0..100).map(|at| format!("第 {at} 行自成一段。\n")).collect();
    let (_dir, path) = file("b.txt", lines.as_bytes());
    assert_eq!(read(&path).len(), 100, "without blank lines, a line is a paragraph");
}

#[test]
fn a_folder_and_an_archive_give_all_their_files_in_order() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let put =
        |name: &str, text: &str| pc_base::write_atomic(&dir.path().join(name), text.as_bytes()).expect("it is written");
    put("b.jsonl", "{\"q\":\"b\"}\n");
    put("a/x.csv", "q,w\na,1\n");
    put(".hidden.csv", "q,w\nno,1\n");
    put("c.bin", "q,w\nno,1\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).expect("a link can be made");
    let found: Vec<Value> = read(dir.path()).into_iter().map(|(_, row)| row["q"].clone()).collect();
    assert_eq!(found, ["a", "b"]);
    let detected = detect(dir.path(), &ReadOptions::default()).expect("it has files");
    assert_eq!(
        (detected.format, detected.files.len(), detected.columns),
        (Format::Folder, 2, vec!["q".to_owned(), "w".to_owned()])
    );

    let mut reading = start(&fixture("gbk-names.zip"), &ReadOptions::default()).expect("it opens");
    let mut files = Vec::new();
    while let Some(record) = reading.next() {
        record.expect("it can be read");
        files.push(reading.file().rsplit_once("zip/").expect("a member").1.to_owned());
    }
    assert_eq!(files, ["资料/问答一.csv", "资料/问答一.csv", "资料/问答一.csv", "资料/问答二.jsonl"]);
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_made_harmless_on_the_way_out() {
    let cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "a=1", "say \"hi\"", ""];
    let mut writer = CsvWriter::new(Vec::new(), true).expect("memory can be written");
    writer.row(&cells).expect("memory can be written");
    let out = writer.finish().expect("memory can be written");
    let text = String::from_utf8(out).expect("it is UTF-8");
    assert!(text.starts_with("\u{feff}\"'=1+1\",\"'+1\""));
    let mut theirs =
        ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let row = theirs.records().next().expect("a row").expect("it is CSV");
    let wanted: Vec<String> = cells
        .iter()
        .enumerate()
        .map(|(at, cell)| if at < 7 { format!("'{cell}") } else { (*cell).to_owned() })
        .collect();
    assert_eq!(row.iter().collect::<Vec<_>>(), wanted);
}
