//! Documents of other programs' making (`tests/fixtures/datasets/make.py`), the rules of splitting, and hostile files.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use pc_base::{Failure, Language, Silent};

use super::*;

pub(super) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/datasets").join(name)
}

pub(super) fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path = dir.path().join(name);
    pc_base::write_atomic(&path, bytes).expect("and written");
    (dir, path)
}

pub(super) fn split(
    path: &Path,
    max_chars: usize,
    overlap_chars: usize,
) -> anyhow::Result<(Vec<Passage>, DocumentReport)> {
    let options = PassageOptions { max_chars, overlap_chars };
    let mut found = Vec::new();
    let report = passages(path, &options, &Cancel::default(), &mut |passage| {
        found.push(passage);
        Ok(())
    })?;
    Ok((found, report))
}

fn texts(path: &Path, max_chars: usize) -> Vec<(String, String)> {
    let (found, report) = split(path, max_chars, 0).expect("it is a document");
    assert_eq!(report.passages, found.len() as u64);
    found.into_iter().map(|passage| (passage.heading.join(" > "), passage.text)).collect()
}

fn pair(heading: &str, text: &str) -> (String, String) {
    (heading.to_owned(), text.to_owned())
}

#[test]
fn sentences_stay_whole_and_passages_stay_small() {
    let text = "早餐六点半开始。价格 58.5 元！“可以带走吗？”不可以；见 example.com. Noon is check-out time. 停车免费。"
        .repeat(9);
    let (_dir, path) = file("a.txt", text.as_bytes());
    let (found, _) = split(&path, 60, 0).expect("it is text");
    let joined: String = found.iter().map(|passage| passage.text.as_str()).collect();
    let without = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    assert_eq!(without(&joined), without(&text), "nothing is lost, nothing is twice");
    for passage in &found {
        assert!(passage.text.chars().count() <= 60, "{passage:?}");
        assert!(passage.text.ends_with(['。', '！', '”', '；', '.']), "no sentence is cut: {passage:?}");
        let range: String =
            text.chars().skip(passage.from as usize).take((passage.to - passage.from) as usize).collect();
        assert_eq!(range.trim_end(), passage.text, "the place is right");
    }
    let (overlapping, _) = split(&path, 60, 20).expect("it is text");
    assert!(overlapping.windows(2).all(|two| two[1].from < two[0].to), "each begins with the end of the one before");
    let (_dir, path) = file("b.txt", "字".repeat(250).as_bytes());
    assert_eq!(split(&path, 100, 0).expect("it is text").0.len(), 3, "what has no end anywhere is cut at the limit");
}

#[test]
fn markdown_keeps_headings_tables_and_code() {
    let table = format!("| 项目 | 价格 |\n|---|---|\n{}", "| 早餐 | 58 元 |\n".repeat(20));
    let text = format!("# 手册\n前言。\n## 价格\n{table}\n```\n# no heading\n```\n# 停车\n免费。\n");
    let (_dir, path) = file("a.md", text.as_bytes());
    let found = texts(&path, 50);
    let wanted = [
        pair("手册", "前言。"),
        pair("手册 > 价格", table.trim_end()),
        pair("手册 > 价格", "```\n# no heading\n```"),
        pair("停车", "免费。"),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn html_shows_what_a_reader_sees() {
    let page = "<!DOCTYPE html><html><head><title>x</title><style>p{}</style></head><body><nav>首页</nav><h1>手册 &amp; 价格</h1>\
        <p>早餐<b>六点</b>\n半。<br>周末七点。</p><script>if(a<b){'<p>no</p>'}</script><ul><li>热食<li>咖啡</ul>\
        <table><tr><th>项目<th>价格</tr><tr><td>早餐</td><td>58 元</td></tr></table><footer>版权</footer></body></html>";
    let (_dir, path) = file("a.html", page.as_bytes());
    let wanted = "早餐六点 半。\n周末七点。\n\n- 热食\n\n- 咖啡\n\n| 项目 | 价格 |\n| --- | --- |\n| 早餐 | 58 元 |";
    assert_eq!(texts(&path, 500), [pair("手册 & 价格", wanted)]);
}

#[test]
fn a_word_document_keeps_its_headings_lists_and_tables() {
    let wanted = [
        pair("住客手册 > 早餐", "酒店早餐从六点半开始，到十点结束。住客凭房卡用餐。\n\n自助"),
        pair("住客手册 > 早餐 > 价格", "| 项目 | 价格 |\n| --- | --- |\n| 早餐 | 58 元 |"),
    ];
    let found = texts(&fixture("guide.docx"), 500);
    assert_eq!(
        found.iter().map(|(_, text)| text.replace("- 自助", "自助")).collect::<Vec<_>>(),
        [wanted[0].1.clone(), wanted[1].1.clone()]
    );
    assert!(found[0].0.ends_with("早餐") && found[1].0.ends_with("早餐 > 价格"), "{found:?}");
}

#[test]
fn pdf_text_comes_by_character_maps_and_pages_without_text_are_told() {
    for (name, pages, empty) in [("guide-cmap.pdf", 1, vec![]), ("guide-embedded.pdf", 2, vec![2])] {
        let (found, report) = split(&fixture(name), 500, 0).expect("it is a PDF");
        assert_eq!((report.pages, report.pages_without_text), (pages, empty), "{name}");
        let text = found.iter().map(|passage| passage.text.as_str()).collect::<Vec<_>>().join("\n\n");
        let wanted = "酒店早餐从六点半开始，到十点结束。住客凭房卡用餐。\n\n\
            Check-out is at noon. Late check-out costs 50 yuan an hour.\n\n停车场在地下一层，住客免费停车。";
        assert_eq!(text, wanted, "{name}");
        assert!(found.iter().all(|passage| passage.page == Some(1)));
    }
}

fn write(path: &Path, dir: &Path) -> anyhow::Result<(TextsReport, String, String)> {
    let (out, provenance) = (dir.join("out.jsonl"), dir.join("out.sources.jsonl"));
    let (documents, options) = (documents(path)?, PassageOptions::default());
    let (out, provenance, language) = (out.as_path(), provenance.as_path(), Language::English);
    let job = TextsOf { documents: &documents, options: &options, out, provenance, language };
    let report = write_texts(&job, &Silent, &Cancel::default())?;
    let read = |path: &Path| std::fs::read_to_string(path).expect("it is there");
    let checked = crate::CheckOptions { kind: crate::RowKind::Cpt, ..crate::CheckOptions::default() };
    assert_eq!(crate::check(out, &checked, &Silent, &Cancel::default()).expect("it can be checked").errors_total, 0);
    Ok((report, read(out), read(provenance)))
}

#[test]
fn documents_of_a_folder_are_written_with_their_provenance_and_damaged_ones_are_told() {
    let (dir, out) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    for name in ["guide.docx", "guide-embedded.pdf"] {
        std::fs::copy(fixture(name), dir.path().join(name)).expect("it can be copied");
    }
    let notes = dir.path().join("sub/notes.md");
    std::fs::create_dir(dir.path().join("sub")).expect("a folder");
    pc_base::write_atomic(&notes, "# 停车\n停车免费。\n".as_bytes()).expect("written");
    pc_base::write_atomic(&dir.path().join("bad.pdf"), b"%PDF-1.7\nnothing").expect("written");
    pc_base::write_atomic(&dir.path().join("table.csv"), b"a,b").expect("written");
    let (report, rows, sources) = write(dir.path(), out.path()).expect("it is written");
    assert_eq!((report.rows, report.documents.len(), report.skipped.total), (4, 3, 1), "a table is no document");
    let told = report.skipped.kept[0].sentence(Language::English);
    assert!(told.contains("bad.pdf"), "{told}");
    assert_eq!(report.output_sha256, hex::encode(Sha256::digest(&rows)));
    let mut places = Vec::new();
    for (row, source) in rows.lines().zip(sources.lines()) {
        let source: serde_json::Value = serde_json::from_str(source).expect("JSON");
        assert_eq!(source["row"], hex::encode(Sha256::digest(row)), "each source names its row");
        places.push(source["place"].as_str().expect("a text").to_owned());
    }
    assert_eq!(places.len(), 4);
    assert!(places[0] == "guide-embedded.pdf, page 1" && places[3] == "sub/notes.md, 停车", "{places:?}");
    assert!(!sources.contains(&dir.path().display().to_string()), "no path of this machine");
}

#[test]
fn documents_of_an_archive_are_read_in_place_and_one_that_swells_is_refused() {
    let (dir, out) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let path = dir.path().join("all.zip");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
    let options = zip::write::SimpleFileOptions::default();
    for name in ["guide.docx", "guide-cmap.pdf"] {
        archive.start_file(format!("手册/{name}"), options).expect("a member");
        let bytes = std::fs::read(fixture(name)).expect("the fixture");
        std::io::Write::write_all(&mut archive, &bytes).expect("written");
    }
    archive.start_file("large.txt", options).expect("a member");
    for _ in 0..129 {
        std::io::Write::write_all(&mut archive, &vec![b' '; 1 << 20]).expect("written");
    }
    archive.finish().expect("an archive");
    let (report, _, sources) = write(&path, out.path()).expect("it is written");
    assert_eq!((report.documents.len(), report.skipped.by_code["source_too_large"]), (2, 1));
    assert!(sources.contains("\"place\":\"手册/guide.docx, "), "{sources}");
}

#[test]
fn what_is_no_document_is_refused_and_changed_ones_never_panic() {
    use rand::{Rng as _, SeedableRng as _};
    let code = |name: &str, bytes: &[u8]| {
        let (_dir, path) = file(name, bytes);
        Failure::of(&split(&path, 100, 0).expect_err("it is refused"), Language::English).code
    };
    assert_eq!(code("a.pdf", b"%PDF-1.7\nnothing"), "source_damaged");
    assert_eq!(code("a.txt", b"\x7fELF\0\0\0\0\x01\x02"), "source_unknown");
    assert_eq!(code("a.docx", b"PK\x03\x04 and no more"), "source_damaged");
    let mut draw = rand::rngs::StdRng::seed_from_u64(5);
    for name in ["guide.docx", "guide-cmap.pdf", "guide-embedded.pdf"] {
        let whole = std::fs::read(fixture(name)).expect("the fixture is there");
        for _ in 0..30 {
            let mut bytes = whole.clone();
            for _ in 0..draw.random_range(1..8) {
                let at = draw.random_range(0..bytes.len());
                bytes[at] = draw.random();
            }
            let (_dir, path) = file(name, &bytes);
            let ended = split(&path, 100, 0);
            assert!(
                ended.is_ok() || ended.is_err_and(|error| Failure::of(&error, Language::English).code != "internal"),
                "{name}"
            );
        }
    }
}
