//! Formats inside of formats: compression and check sums would keep a fuzzer out of what lies within, so the bytes are put there.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

/// An archive whose members are stored as they are.
pub fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in members {
        archive.start_file(*name, options).expect("memory can be written");
        archive.write_all(bytes).expect("memory can be written");
    }
    archive.finish().expect("memory can be written").into_inner()
}

/// The part that the first byte names gets the rest; the others stay as they are.
fn replaced<'a>(parts: &[(&'a str, &'a [u8])], bytes: &'a [u8]) -> Vec<(&'a str, &'a [u8])> {
    let (which, rest) = bytes.split_first().unwrap_or((&0, bytes));
    let mut parts = parts.to_vec();
    let at = usize::from(*which) % parts.len();
    parts[at].1 = rest;
    parts
}

/// Parts of a workbook that can be replaced; the seeds take the same from real ones.
pub const WORKBOOK: &[(&str, &[u8])] = &[
    ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" s=\"1\"><v>45000.5</v></c></row></sheetData></worksheet>"),
    ("xl/sharedStrings.xml", b"<sst><si><t>question</t></si><si><r><t>ans</t></r><r><t>wer</t></r></si></sst>"),
    ("xl/styles.xml", b"<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy-mm-dd hh:mm\"/></numFmts><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>"),
    ("xl/workbook.xml", b"<workbook><sheets><sheet name=\"s\" r:id=\"rId1\"/></sheets></workbook>"),
    ("xl/_rels/workbook.xml.rels", b"<Relationships><Relationship Id=\"rId1\" Type=\"x/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"x/sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"rId3\" Type=\"x/styles\" Target=\"styles.xml\"/></Relationships>"),
];

/// A workbook with the bytes as one of its parts.
pub fn workbook(bytes: &[u8]) -> Vec<u8> {
    let mut parts = replaced(WORKBOOK, bytes);
    parts.push(("[Content_Types].xml", b"<Types/>"));
    archive(&parts)
}

/// Parts of a Word document that can be replaced.
pub const DOCUMENT: &[(&str, &[u8])] = &[
    ("word/document.xml", b"<w:document><w:body><w:p><w:pPr><w:pStyle w:val=\"1\"/></w:pPr><w:r><w:t>a</w:t></w:r></w:p></w:body></w:document>"),
    ("word/styles.xml", b"<w:styles><w:style w:styleId=\"1\"><w:name w:val=\"heading 1\"/></w:style></w:styles>"),
];

/// A Word document with the bytes as one of its parts.
pub fn document(bytes: &[u8]) -> Vec<u8> {
    let mut parts = replaced(DOCUMENT, bytes);
    parts.push(("[Content_Types].xml", b"<Types/>"));
    archive(&parts)
}

/// An old workbook with the bytes as its stream of records.
pub fn old_workbook(bytes: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("memory can be written");
    file.create_stream("/Workbook").and_then(|mut stream| stream.write_all(bytes)).expect("memory can be written");
    file.into_inner().into_inner()
}

/// A PDF of one page with the bytes as what the page draws, as its font's map to Unicode, as its font, or as what follows its
/// catalogue.
pub fn page(bytes: &[u8]) -> Vec<u8> {
    let (which, rest) = bytes.split_first().unwrap_or((&0, bytes));
    let mut streams: [&[u8]; 3] = [
        b"BT /F 12 Tf 72 700 Td (A question) Tj 0 -14 Td (and its answer.) Tj ET",
        b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <20> <7e> <0020> endbfrange endcmap",
        b"",
    ];
    let mut more: &[u8] = b"";
    match usize::from(*which) % 4 {
        3 => more = rest,
        at => streams[at] = rest,
    }
    let font = if usize::from(*which) % 4 == 2 {
        "/FontDescriptor<</Type/FontDescriptor/FontName/X/Flags 4/FontFile2 7 0 R>>"
    } else {
        ""
    };
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    let mut object = |out: &mut Vec<u8>, head: &str, stream: Option<&[u8]>| {
        places.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n{head}\n", places.len()).as_bytes());
        if let Some(stream) = stream {
            out.extend_from_slice(b"stream\n");
            out.extend_from_slice(stream);
            out.extend_from_slice(b"\nendstream\n");
        }
        out.extend_from_slice(b"endobj\n");
    };
    object(&mut out, "<</Type/Catalog/Pages 2 0 R>>", None);
    object(&mut out, "<</Type/Pages/Kids[3 0 R]/Count 1>>", None);
    let resources = "/Resources<</Font<</F 4 0 R>>/XObject<</X 8 0 R>>>>";
    object(&mut out, &format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]{resources}/Contents 5 0 R>>"), None);
    let widths = "/FirstChar 0/LastChar 255/Encoding/WinAnsiEncoding/ToUnicode 6 0 R";
    object(&mut out, &format!("<</Type/Font/Subtype/TrueType/BaseFont/Helvetica{widths}{font}>>"), None);
    for stream in streams {
        object(&mut out, &format!("<</Length {}>>", stream.len()), Some(stream));
    }
    let form = b"BT /F 9 Tf (in a form) Tj ET /X Do";
    let head = format!("<</Type/XObject/Subtype/Form/BBox[0 0 9 9]{resources}/Length {}>>", form.len());
    object(&mut out, &head, Some(form));
    out.extend_from_slice(more);
    let start = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes());
    for place in &places {
        out.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", places.len() + 1);
    out.extend_from_slice(end.as_bytes());
    out
}
