//! Documents that are built to fill the memory: each is refused in bounded memory and time, and those that only look like it are read.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use pc_base::{Failure, Language};

use super::tests::{file, fixture, split};

/// Spaces, of which nothing is drawn.
fn spaces(megabytes: usize, mut packer: impl Write) {
    (0..megabytes).for_each(|_| packer.write_all(&[b' '; 1 << 20]).expect("memory can be written"));
}

fn deflated(megabytes: usize) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    spaces(megabytes, &mut packer);
    packer.finish().expect("memory can be written")
}

/// A page whose contents, each with a dictionary of its own, are drawn one after the other.
fn pdf(contents: &[(&str, &[u8])]) -> Vec<u8> {
    let list: String = (0..contents.len()).map(|at| format!("{} 0 R ", at + 5)).collect();
    let mut out = b"%PDF-1.7\n".to_vec();
    let heads = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 4 0 R>>>>/Contents[{list}]>>"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    let mut places = Vec::new();
    for head in &heads {
        places.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n{head}\nendobj\n", places.len()).as_bytes());
    }
    for (dictionary, bytes) in contents {
        places.push(out.len());
        let head = format!("{} 0 obj\n<<{dictionary}/Length {}>>\nstream\n", places.len(), bytes.len());
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\nendstream\nendobj\n");
    }
    let start = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes());
    places.iter().for_each(|place| out.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes()));
    let end = format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", places.len() + 1);
    out.extend_from_slice(end.as_bytes());
    out
}

const WORDS: &[u8] = b"BT /F 12 Tf 72 700 Td (Breakfast begins at six.) Tj ET";

fn code(name: &str, bytes: &[u8]) -> String {
    let (_dir, path) = file(name, bytes);
    split(&path, 100, 0)
        .map_or_else(|error| Failure::of(&error, Language::English).code, |(found, _)| found[0].text.clone())
}

#[test]
fn a_pdf_is_read_through_every_filter_of_old() {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer.write_all(WORDS).expect("memory can be written");
    let flate = packer.finish().expect("memory can be written");
    let mut twice = ZlibEncoder::new(Vec::new(), Compression::best());
    twice.write_all(&flate).expect("memory can be written");
    let twice = twice.finish().expect("memory can be written");
    let hex = format!("{}>", hex::encode(&flate));
    let runs = [&[WORDS.len() as u8 - 1][..], WORDS, &[128]].concat();
    for (dictionary, bytes) in [
        ("", WORDS),
        ("/Filter/FlateDecode", &flate),
        ("/Filter[/FlateDecode/FlateDecode]", &twice),
        ("/Filter[/ASCIIHexDecode/FlateDecode]", hex.as_bytes()),
        ("/Filter/RunLengthDecode", &runs),
    ] {
        assert_eq!(code("a.pdf", &pdf(&[(dictionary, bytes)])), "Breakfast begins at six.", "{dictionary}");
    }
}

#[test]
fn streams_of_a_pdf_that_swell_are_refused_before_they_are_unpacked() {
    let bomb = deflated(130);
    let mut nested = ZlibEncoder::new(Vec::new(), Compression::best());
    nested.write_all(&bomb).expect("memory can be written");
    let nested = nested.finish().expect("memory can be written");
    // The reader goes on behind a block whose length is wrong, where an ordinary decoder ends.
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
    spaces(130, &mut packer);
    let rest = packer.finish().expect("memory can be written");
    let damaged = [&[0x78, 0x9c, 0, 1, 0, 9, 9, b' '][..], &rest].concat();
    let runs = [129, b' '].repeat(2 << 20);
    let hex = format!("{}>", hex::encode(&bomb));
    for (dictionary, bytes) in [
        ("/Filter/FlateDecode", bomb.as_slice()),
        ("/Filter[/FlateDecode/FlateDecode]", &nested),
        ("/Filter[/ASCIIHexDecode/FlateDecode]", hex.as_bytes()),
        ("/Filter/FlateDecode", &damaged),
        ("/Filter/RunLengthDecode", &runs),
        // Its own dictionary does not say what it is, another one in the file might.
        ("/Subtype/Image/Filter 4 0 R", &bomb),
    ] {
        assert_eq!(code("a.pdf", &pdf(&[("", WORDS), (dictionary, bytes)])), "source_swells", "{dictionary}");
    }
    let part = deflated(110);
    let parts: Vec<(&str, &[u8])> = (0..5).map(|_| ("/Filter/FlateDecode", part.as_slice())).collect();
    assert_eq!(code("a.pdf", &pdf(&parts)), "source_swells", "each alone is allowed, all together are not");
}

#[test]
fn brackets_without_end_do_not_exhaust_the_stack() {
    let (deep, allowed) = ("[".repeat(200_000), "[".repeat(8_000));
    let told = ["Breakfast begins at six.", "Breakfast begins at six.\n\na", "source_damaged", "document_no_text"];
    for contents in [deep.as_bytes(), allowed.as_bytes(), "q ".repeat(500_000).as_bytes(), b"BT (a) Tj"] {
        let answer = code("a.pdf", &pdf(&[("", WORDS), ("", contents)]));
        assert!(told.contains(&answer.as_str()), "{answer}");
    }
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer.write_all(deep.as_bytes()).expect("memory can be written");
    let packed = packer.finish().expect("memory can be written");
    let hidden = pdf(&[("", WORDS), ("/Filter/FlateDecode", &packed)]);
    assert_eq!(code("a.pdf", &hidden), "source_damaged", "brackets in a stream are found, too");
    let mut whole = pdf(&[("", WORDS)]);
    let at = whole.windows(8).position(|w| w == b"/Catalog").expect("it has one") - 5;
    whole.splice(at..at, format!("/Deep {deep}").into_bytes());
    let answer = code("a.pdf", &whole);
    assert!(told.contains(&answer.as_str()), "{answer}");
}

/// A PDF of one page whose font is this.
fn with_font(font: &str) -> Vec<u8> {
    let whole = String::from_utf8(pdf(&[("", WORDS)])).expect("it is text");
    // Places in the table are wrong by now, so that the reader looks for the objects itself.
    whole.replace("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>", font).into_bytes()
}

#[test]
fn a_font_has_no_more_characters_than_there_are() {
    // Found by fuzzing: the reader wrote down a width for each of four thousand million characters.
    let composite = |widths: &str| {
        let descendant = format!(
            "<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>{widths}>>"
        );
        with_font(&format!("<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[{descendant}]>>"))
    };
    assert_eq!(code("a.pdf", &composite("/W[0 4000000000 500]")), "source_damaged");
    assert_eq!(code("a.pdf", &composite("/W2[1[500 0 0]2 4000000000 500 0 0]")), "source_damaged");
    let simple =
        "<</Type/Font/Subtype/TrueType/BaseFont/Helvetica/FirstChar 4000000000/LastChar 4000000001/Widths[500 500]>>";
    assert_eq!(code("a.pdf", &with_font(simple)), "source_damaged");
    let ordinary = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/FirstChar 32/LastChar 33/Widths[500 500]/Encoding/WinAnsiEncoding>>";
    assert_eq!(code("a.pdf", &with_font(ordinary)), "Breakfast begins at six.");
}

#[test]
fn one_wide_row_does_not_fill_up_a_million_short_ones() {
    let table = format!("<table><tr>{}</tr>{}</table>", "<td>a".repeat(20_000), "<tr><td>b</tr>".repeat(20_000));
    let (_dir, path) = file("a.html", table.as_bytes());
    let (found, _) = split(&path, 100, 0).expect("it is a document");
    assert!(found.iter().map(|passage| passage.text.len()).sum::<usize>() < 1 << 20, "it is as large as what it says");
}

#[test]
fn html_is_the_same_wherever_it_is_cut_for_the_tokenizer() {
    let page = format!("<p>{}</p><h1>&#x4F4F;宿&amp;</h1><p>\r\nx</p>", "早餐 &lt;b&gt;".repeat(100_000));
    let (_dir, path) = file("a.html", page.as_bytes());
    let (found, _) = split(&path, 2_000_000, 0).expect("it is a document");
    let wanted = "早餐 <b>".repeat(100_000);
    assert_eq!(
        (found[0].text == wanted, found[1].text.as_str(), found[1].heading.as_slice()),
        (true, "x", ["住宿&".to_owned()].as_slice())
    );
}

#[test]
fn a_word_document_says_no_more_than_it_states() {
    let whole = std::fs::read(fixture("guide.docx")).expect("the fixture is there");
    let mut changed = whole.clone();
    // Every size in its directory becomes one, as if little were in it.
    for at in (0..whole.len() - 46).filter(|&at| whole[at..].starts_with(b"PK\x01\x02")) {
        changed[at + 24..at + 28].copy_from_slice(&1_u32.to_le_bytes());
    }
    assert_eq!(code("a.docx", &changed), "source_damaged");
}
