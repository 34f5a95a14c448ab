//! Files that are wrong, cut, or built to do harm: each is refused, or its bad rows passed over, with a code.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;
use crate::limits::LINE_BYTES;

/// An archive with such members, written by hand so that anything can be put into it: name, bytes, and Unix mode.
fn zip(members: &[(&str, &[u8], u32)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes, mode) in members {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).expect("memory can be written");
        let packed = packer.finish().expect("memory can be written");
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let start = out.len() as u32;
        let mut common = Vec::new();
        common.extend_from_slice(&[20, 0, 0, 8, 8, 0, 0, 0, 0x21, 0x58]);
        common.extend_from_slice(&crc.sum().to_le_bytes());
        common.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        common.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        common.extend_from_slice(&(name.len() as u16).to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&packed);
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(mode << 16).to_le_bytes());
        directory.extend_from_slice(&start.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let start = out.len() as u32;
    let count = (members.len() as u16).to_le_bytes();
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count);
    out.extend_from_slice(&count);
    out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

const FILE: u32 = 0o100_644;

/// A workbook with such parts for strings and sheet.
fn book(strings: &str, sheet: &str) -> Vec<u8> {
    let relations = concat!(
        "<Relationships><Relationship Id=\"a\" Type=\"x/worksheet\" Target=\"sheet.xml\"/>",
        "<Relationship Id=\"b\" Type=\"x/sharedStrings\" Target=\"strings.xml\"/></Relationships>"
    );
    zip(&[
        ("[Content_Types].xml", b"<Types/>", FILE),
        ("xl/workbook.xml", b"<workbook><sheets><sheet name=\"s\" r:id=\"a\"/></sheets></workbook>", FILE),
        ("xl/_rels/workbook.xml.rels", relations.as_bytes(), FILE),
        ("xl/strings.xml", strings.as_bytes(), FILE),
        ("xl/sheet.xml", sheet.as_bytes(), FILE),
    ])
}

fn refused(name: &str, bytes: &[u8]) -> String {
    let (_dir, path) = file(name, bytes);
    refusal(&path, &ReadOptions::default())
}

#[test]
fn what_is_no_text_is_refused_whatever_it_is_called() {
    assert_eq!(refused("a.csv", b"\x7fELF\x02\x01\x01\0\0\0\0\0"), "source_unknown");
    assert_eq!(refused("a.jsonl", b"%PDF-1.7\n"), "source_unknown");
    assert_eq!(refused("a.txt", b""), "source_empty");
    assert_eq!(refused("a.zip", &zip(&[("a.bin", b"x", FILE)])), "source_empty");
    assert_eq!(refused("a.parquet", b"PAR1 and no more"), "source_damaged");
    assert_eq!(refused("a.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and no more"), "source_damaged");
    assert_eq!(refused("a.json", b"[{\"a\":1},{\"a\":"), "source_damaged");
    assert_eq!(refused("a.json", b"{\"a\":[{\"b\":"), "source_damaged");
    let (_dir, path) = file("a.csv", b"a,b\n1,2\n");
    let options = ReadOptions { encoding: Some("klingon".into()), ..ReadOptions::default() };
    assert_eq!(refusal(&path, &options), "encoding_unknown");
}

#[test]
fn archives_that_reach_out_or_hide_others_are_refused() {
    for name in ["../a.csv", "/a.csv", "a/../../b.csv", "C:\\a.csv", "\\\\host\\a.csv", "..\\a.csv", "a\u{1b}.csv"] {
        assert_eq!(refused("a.zip", &zip(&[(name, b"q,a\n", FILE)])), "source_name_unsafe", "{name:?}");
    }
    assert_eq!(refused("a.zip", &zip(&[("a.csv", b"/etc/passwd", 0o120_777)])), "source_name_unsafe", "a link");
    assert_eq!(refused("a.zip", &zip(&[("a.csv", b"q,a\n", FILE), ("b.ZIP", b"", FILE)])), "source_nested");
    let whole = zip(&[("a.csv", b"q,a\n1,2\n", FILE)]);
    for cut in [5, 30, whole.len() - 30, whole.len() - 1] {
        assert_eq!(refused("a.zip", &whole[..cut]), "source_damaged", "cut at {cut}");
    }
    let mut changed = whole;
    changed[14] ^= 1; // Its own header, which is not what counts.
    let directory = changed.windows(4).position(|w| w == b"PK\x01\x02").expect("it has a directory");
    changed[directory + 16] ^= 1;
    assert_eq!(refused("a.zip", &changed), "source_damaged", "the check sum is compared");
}

#[test]
fn a_bomb_ends_where_it_swells() {
    let zeros = vec![b' '; 70 << 20];
    assert_eq!(refused("a.zip", &zip(&[("a.jsonl", &zeros, FILE)])), "source_swells");
    let sheet = format!("<worksheet><sheetData>{}</sheetData></worksheet>", "<row/>".repeat(12 << 20));
    assert_eq!(refused("a.xlsx", &book("<sst/>", &sheet)), "source_swells");
}

/// An archive whose directory names its first member so many times.
fn overlapping(times: u16) -> Vec<u8> {
    let one = zip(&[("a.jsonl", b"{\"a\":1}\n", FILE)]);
    let directory = one.windows(4).position(|w| w == b"PK\x01\x02").expect("it has a directory");
    let end = one.windows(4).position(|w| w == b"PK\x05\x06").expect("it has an end");
    let (entry, mut out) = (&one[directory..end], one[..directory].to_vec());
    for number in 0..times {
        let name = entry.len() - b"a.jsonl".len();
        out.extend_from_slice(&entry[..name]);
        out.extend_from_slice(format!("{number}.jsonl").as_bytes());
    }
    let length = out.len() as u32 - directory as u32;
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&times.to_le_bytes());
    out.extend_from_slice(&times.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(directory as u32).to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

#[test]
fn members_that_share_their_bytes_or_swell_together_are_refused() {
    assert_eq!(refused("a.zip", &overlapping(2)), "source_damaged", "two names for the same bytes");
    // None of them is suspicious alone.
    let zeros = vec![b' '; 60 << 20];
    let one = zip(&[("a.jsonl", &zeros, FILE)]);
    let members: Vec<(String, &[u8])> = (0..5).map(|number| (format!("{number}.jsonl"), zeros.as_slice())).collect();
    let members: Vec<(&str, &[u8], u32)> = members.iter().map(|(name, bytes)| (name.as_str(), *bytes, FILE)).collect();
    assert_eq!(refused("a.zip", &zip(&members)), "source_swells");
    let (_dir, path) = file("a.zip", &one);
    assert_eq!(rows(&path, &ReadOptions::default()).0.len(), 0, "one of them is only long");
}

#[test]
fn a_member_that_states_less_than_it_is_ends_where_it_states() {
    let mut bytes = zip(&[("a.jsonl", &b"{\"a\":1}\n".repeat(10_000), FILE)]);
    let directory = bytes.windows(4).position(|w| w == b"PK\x01\x02").expect("it has a directory");
    bytes[directory + 24..directory + 28].copy_from_slice(&100_u32.to_le_bytes());
    assert_eq!(refused("a.zip", &bytes), "source_damaged");
}

#[test]
fn xml_with_entities_or_without_end_is_refused() {
    let laughs = "<!DOCTYPE lolz [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><sst><si><t>&b;</t></si></sst>";
    assert_eq!(refused("a.xlsx", &book(laughs, "<worksheet/>")), "source_entities");
    assert_eq!(refused("a.xlsx", &book("<sst>", "<worksheet/>")), "source_damaged", "strings that end early");
    let deep = "<a>".repeat(10_000);
    assert_eq!(refused("a.xlsx", &book("<sst/>", &deep)), "row_too_deep");
    let cell = |reference: &str, at: &str| {
        format!(
            "<worksheet><sheetData><row r=\"{at}\"><c r=\"{reference}\" t=\"s\"><v>9</v></c></row></sheetData></worksheet>"
        )
    };
    assert_eq!(refused("a.xlsx", &book("<sst/>", &cell("A1", "1"))), "source_damaged", "a text that is not there");
    assert_eq!(
        refused("a.xlsx", &book("<sst/>", &cell("A1", "99999999999"))),
        "source_damaged",
        "a row that cannot be"
    );
    let huge = format!(
        "<worksheet><sheetData><row><c t=\"str\"><v>{}</v></c></row></sheetData></worksheet>",
        "字x".repeat(12 << 20)
    );
    assert_eq!(refused("a.xlsx", &book("<sst/>", &huge)), "source_damaged", "a cell that no memory should hold");
    let pieces = "<![CDATA[0123456789]]>".repeat(2 << 20);
    let cut = format!("<worksheet><sheetData><row><c t=\"str\"><v>{pieces}</v></c></row></sheetData></worksheet>");
    assert_eq!(refused("a.xlsx", &book("<sst/>", &cut)), "source_damaged", "nor one in small pieces");
    let shared = format!("<sst><si><t>{pieces}</t></si></sst>");
    assert_eq!(refused("a.xlsx", &book(&shared, &cell("A1", "1"))), "source_damaged", "nor a shared text");
    let numbers =
        "<worksheet><sheetData><row r=\"18446744073709551615\"/><row><c><v>1</v></c></row></sheetData></worksheet>";
    assert_eq!(refused("a.xlsx", &book("<sst/>", numbers)), "source_damaged", "a row after the last number");
}

#[test]
fn one_text_in_thousands_of_cells_does_not_swell_a_row() {
    let text = "长".repeat(100_000);
    let strings = format!("<sst><si><t>{text}</t></si><si><t>q</t></si></sst>");
    let cells = "<c t=\"s\"><v>0</v></c>".repeat(16_000);
    let sheet =
        format!("<worksheet><sheetData><row><c t=\"s\"><v>1</v></c></row><row>{cells}</row></sheetData></worksheet>");
    let (_dir, path) = file("a.xlsx", &book(&strings, &sheet));
    let (rows, skips) = rows(&path, &ReadOptions { header: Some(true), ..ReadOptions::default() });
    assert_eq!((rows.len(), skips.by_code.get("row_too_long")), (0, Some(&1)));
}

#[test]
fn a_line_of_hundreds_of_megabytes_is_passed_over() {
    let mut bytes = b"{\"a\":1}\n{\"a\":\"".to_vec();
    bytes.resize(bytes.len() + (300 << 20), b'x');
    bytes.extend_from_slice(b"\"}\n{\"a\":2}\n");
    let (_dir, path) = file("a.jsonl", &bytes);
    let (found, skips) = rows(&path, &ReadOptions::default());
    assert_eq!((found.len(), skips.kept[0].at, skips.kept[0].code.as_str()), (2, 2, "row_too_long"));
    let mut bytes = b"a,b\n1,\"".to_vec();
    bytes.resize(bytes.len() + 2 * LINE_BYTES, b'x');
    let (_dir, path) = file("a.csv", &bytes);
    let (found, skips) = rows(&path, &ReadOptions::default());
    assert_eq!((found.len(), skips.kept[0].at, skips.kept[0].code.as_str()), (0, 2, "row_quote_open"));
}

#[test]
fn depth_and_width_have_an_end() {
    let deep = format!("{{\"a\":{}1{}}}\n{{\"a\":1}}\n", "[".repeat(5_000), "]".repeat(5_000));
    let (_dir, path) = file("a.jsonl", deep.as_bytes());
    let (found, skips) = rows(&path, &ReadOptions::default());
    assert_eq!((found.len(), skips.kept[0].code.as_str()), (1, "row_too_deep"));
    let (_dir, path) = file("a.json", format!("[{}]", "[".repeat(5_000_000)).as_bytes());
    assert_eq!(refusal(&path, &ReadOptions::default()), "source_damaged", "brackets without end are not recursed into");
    let wide = format!("a,b\n{}\n1,2\n", "x,".repeat(1_000_000));
    let (_dir, path) = file("a.csv", wide.as_bytes());
    let (found, skips) = rows(&path, &ReadOptions::default());
    assert_eq!((found.len(), skips.kept[0].code.as_str()), (1, "row_too_many_columns"));
}

#[test]
fn cut_and_changed_files_never_panic() {
    use rand::{Rng as _, SeedableRng as _};
    let mut draw = rand::rngs::StdRng::seed_from_u64(11);
    for name in
        ["book-openpyxl.xlsx", "book.xls", "plain-zstd.parquet", "messages.parquet", "gbk-names.zip", "qa-gb18030.csv"]
    {
        let whole = std::fs::read(fixture(name)).expect("the fixture is there");
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let path = dir.path().join(name);
        for _ in 0..60 {
            let mut bytes = whole.clone();
            if draw.random_bool(0.3) {
                bytes.truncate(draw.random_range(0..bytes.len()));
            }
            for _ in 0..draw.random_range(1..8) {
                let at = draw.random_range(0..bytes.len().max(1));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = draw.random();
                }
            }
            pc_base::write_atomic(&path, &bytes).expect("it is written");
            let Ok(reading) = start(&path, &ReadOptions::default()) else { continue };
            let ends = reading.take(10_000).filter(Result::is_err).count();
            assert!(ends <= 1, "nothing follows an error");
        }
    }
}
