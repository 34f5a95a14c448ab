//! Rows to measure over: varied Chinese and English conversations, no two lines alike, of which a tenth hold personal data and
//! one in fifty nearly repeats the one before it; and the same as tables. Deliberately absent: measuring.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use pc_base::Cancel;

use super::personal;

/// Characters and syllables that the words of rows are made of.
const CHINESE: &str = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经\
    客房早餐请问几点预订价格您好海景退行李需服务前台间铁附近票取消";
const ENGLISH: &[&str] = &[
    "ba", "con", "de", "der", "di", "en", "er", "es", "for", "ing", "in", "ka", "li", "ment", "mo", "ne", "o", "per",
    "ra", "re", "ser", "sta", "ta", "tion", "tu", "un", "ver", "vi", "y", "ze",
];
/// Words of each language; a small share of them makes most of a text, as in any language.
const WORDS: usize = 6_000;

/// The words that rows are made of.
struct Vocabulary {
    chinese: Vec<String>,
    english: Vec<String>,
}

impl Vocabulary {
    fn new(next: &mut impl FnMut(usize) -> usize) -> Self {
        let characters: Vec<char> = CHINESE.chars().filter(|c| !c.is_whitespace()).collect();
        let chinese = (0..WORDS).map(|_| (0..1 + next(3)).map(|_| characters[next(characters.len())]).collect());
        let chinese = chinese.collect();
        let english = (0..WORDS).map(|_| (0..1 + next(4)).map(|_| ENGLISH[next(ENGLISH.len())]).collect()).collect();
        Self { chinese, english }
    }

    fn of(&self, chinese: bool) -> &[String] {
        if chinese { &self.chinese } else { &self.english }
    }
}

/// Xorshift (Marsaglia 2003): quick and the same every time, which is all that a bench needs.
fn dice() -> impl FnMut(usize) -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    }
}

/// Writes about `bytes` of rows.
pub(super) fn rows(path: &Path, bytes: u64, cancel: &Cancel) -> anyhow::Result<()> {
    let what = "writing the generated file";
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).context(what)?);
    let (mut written, mut number, mut next) = (0, 0_u64, dice());
    let vocabulary = Vocabulary::new(&mut next);
    let mut line = String::new();
    while written < bytes {
        if number % 4096 == 0 {
            cancel.check()?;
        }
        number += 1;
        // One in fifty is the row before it, said again with one word more at the end.
        if number % 50 == 0 {
            line.truncate(line.len() - "\"}]}\n".len());
            line.push_str(" ok\"}]}\n");
        } else {
            line.clear();
            row(&mut line, number, &vocabulary, &mut next);
        }
        out.write_all(line.as_bytes()).context(what)?;
        written += line.len() as u64;
    }
    out.flush().context(what)
}

/// Writes about `bytes` of a table with a question and an answer a row.
pub(super) fn csv(path: &Path, bytes: u64, cancel: &Cancel) -> anyhow::Result<u64> {
    let what = "writing the generated table";
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).context(what)?);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    out.write_all(b"question,answer\n").context(what)?;
    let written = table(bytes, cancel, |question, answer| {
        writeln!(out, "{},{}", quoted(question), quoted(answer)).context(what)
    })?;
    out.flush().context(what)?;
    Ok(written)
}

/// Writes about `bytes` of text into a workbook's one sheet; gives the bytes of the sheet before it is packed.
pub(super) fn xlsx(path: &Path, bytes: u64, cancel: &Cancel) -> anyhow::Result<u64> {
    let what = "writing the generated workbook";
    let file = BufWriter::with_capacity(1 << 20, File::create(path).context(what)?);
    let mut book = zip::ZipWriter::new(file);
    let packed = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELS),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", SHEETS),
    ];
    for (name, text) in parts {
        book.start_file(name, packed).context(what)?;
        book.write_all(text.as_bytes()).context(what)?;
    }
    book.start_file("xl/worksheets/sheet1.xml", packed.large_file(true)).context(what)?;
    let mut out = BufWriter::with_capacity(1 << 20, book);
    let cell = |text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
    };
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>";
    let mut sum = head.len() as u64;
    out.write_all(head.as_bytes()).context(what)?;
    let mut row = |question: &str, answer: &str| {
        let row = format!("<row>{}{}</row>", cell(question), cell(answer));
        sum += row.len() as u64;
        out.write_all(row.as_bytes()).context(what)
    };
    row("question", "answer")?;
    table(bytes, cancel, row)?;
    out.write_all(b"</sheetData></worksheet>").context(what)?;
    let book = out.into_inner().map_err(std::io::IntoInnerError::into_error).context(what)?;
    book.finish().context(what)?.flush().context(what)?;
    Ok(sum)
}

/// Hands over pairs of texts until there are so many bytes of them; gives their bytes.
fn table(bytes: u64, cancel: &Cancel, mut take: impl FnMut(&str, &str) -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let (mut written, mut next) = (0, dice());
    let vocabulary = Vocabulary::new(&mut next);
    while written < bytes {
        cancel.check()?;
        let chinese = next(2) == 0;
        let words = vocabulary.of(chinese);
        // Tables have no escapes of JSON's.
        let plain = |text: String| text.replace("\\n", "\n").replace("\\\"", "\"");
        let question = plain(sentence(words, chinese, 4 + next(24), &mut next));
        let answer = plain(sentence(words, chinese, 8 + next(64), &mut next));
        take(&question, &answer)?;
        written += (question.len() + answer.len() + 2) as u64;
    }
    Ok(written)
}

fn row(line: &mut String, number: u64, words: &Vocabulary, next: &mut impl FnMut(usize) -> usize) {
    let chinese = next(2) == 0;
    let words = words.of(chinese);
    line.push_str("{\"messages\":[");
    if next(3) == 0 {
        turn(line, "system", if chinese { "你是客服。" } else { "You are the clerk." });
        line.push(',');
    }
    let personal = if next(10) == 0 { personal::sentence(chinese, next) } else { String::new() };
    for pair in 0..=next(3) {
        if pair > 0 {
            line.push(',');
        }
        let question = sentence(words, chinese, 4 + next(24), next);
        let about = if pair == 0 { personal.as_str() } else { "" };
        turn(line, "user", &format!("{number} {question}? {about}"));
        line.push(',');
        turn(line, "assistant", &sentence(words, chinese, 8 + next(64), next));
    }
    line.push_str("]}\n");
}

fn sentence(list: &[String], chinese: bool, words: usize, next: &mut impl FnMut(usize) -> usize) -> String {
    let mut text = String::new();
    for _ in 0..words {
        let common = next(list.len()) * next(list.len()) / list.len();
        text.push_str(&list[common]);
        match next(24) {
            0 => text.push_str("\\n"),
            1 => text.push_str("\\\""),
            2 => text.push_str(&next(10_000).to_string()),
            _ if chinese => {}
            _ => text.push(' '),
        }
    }
    text
}

/// `content` is already escaped.
fn turn(line: &mut String, role: &str, content: &str) {
    line.push_str("{\"role\":\"");
    line.push_str(role);
    line.push_str("\",\"content\":\"");
    line.push_str(content);
    line.push_str("\"}");
}

const TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>\
    <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>\
    </Types>";
const RELS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
    Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
const BOOK: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
    <sheets><sheet name=\"rows\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";
const SHEETS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
    Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
