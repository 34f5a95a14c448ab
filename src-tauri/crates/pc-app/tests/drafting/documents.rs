//! Documents as a data set of passages.

use pc_app::api::{DatasetKind, DocumentImport, MadeBy, ProposalSource};
use pc_base::{Cancel, Language};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{Desk, code, good, silent};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_become_a_data_set_whose_rows_say_where_they_stand_and_are_drafted_from() {
    let desk = Desk::new(good).await;
    let import = |path: String| DocumentImport { path, name: "handbook".into(), max_chars: None };
    let cancel = Cancel::default();
    let path = desk.home.root().join("in").display().to_string();
    let row = desk.app.document_import(import(path), Language::Chinese, &silent(&cancel)).await.unwrap();
    assert_eq!((row.kind, row.made, row.rows, row.version), (DatasetKind::Cpt, MadeBy::Passages, 3, 1));
    let text = std::fs::read_to_string(&row.path).unwrap();
    let sidecar = desk.home.places.home.join(format!("datasets/{}-1.provenance.jsonl", row.dataset));
    let sources = std::fs::read_to_string(sidecar).unwrap();
    for (line, source) in text.lines().zip(sources.lines()) {
        let source: Value = serde_json::from_str(source).unwrap();
        assert_eq!(
            (source["row"].as_str(), source["how"].as_str()),
            (Some(&*hex::encode(Sha256::digest(line))), Some("passage"))
        );
    }
    assert_eq!(sources.lines().count(), 3);

    let from = ProposalSource::Rows { dataset: row.dataset.clone(), version: 1 };
    let made = desk.draft(from, &cancel).await.unwrap();
    assert_eq!((made.made, made.failed_total), (4, 0), "{:?}", made.failed);
    let drafts = desk.list().await;
    assert_eq!(drafts[0].place, "手册.md，早餐", "a text keeps the place of its passage");
    assert!(drafts[0].ground.starts_with("早餐\n\n早餐从六点半开始"), "{}", drafts[0].ground);

    let nothing = desk.home.file("none/empty.md", "\n").display().to_string();
    let refused = desk.app.document_import(import(nothing), Language::English, &silent(&cancel)).await.unwrap_err();
    assert_eq!(code(&refused), "source_empty");
    let left = std::fs::read_dir(desk.home.places.home.join("datasets")).unwrap();
    let scratch = left.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(".new-")).count();
    assert_eq!(scratch, 0, "nothing half-made stays");
}
