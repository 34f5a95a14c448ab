//! Uploads that end in the middle, with the console that began them, and go on in the next one.

use pc_app::App;
use pc_base::{Cancel, Language, SystemClock};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::common::Console;

/// Rows of some megabytes: shorter files are sent anew as quickly.
fn long_file(console: &Console, name: &str) -> String {
    let row = |n: u32| {
        let (question, answer) = (format!("{n}?"), format!("{n} ").repeat(400));
        json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})
            .to_string()
    };
    let rows: Vec<String> = (10_000..16_000).map(row).collect();
    console.home.file(name, rows.join("\n") + "\n").display().to_string()
}

/// Uploads until some megabytes have arrived, and ends as a console does that is closed.
async fn left(console: &Console, path: &str) {
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let told = move |event: Value| {
        if event["stage"] == "upload" && event["done"].as_u64() > Some(5_000_000) {
            stop.cancel();
        }
    };
    let wanted = json!({"path": path, "description": "spring", "bytes_per_second": 20_000_000});
    let answer = console.app.stream("dataset_upload", wanted, Language::English, told, cancel).await;
    assert_eq!(answer.unwrap_err().code, "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_console_goes_on_with_what_was_left_or_throws_it_away() {
    let console = Console::open();
    assert_eq!(console.call("upload_list", json!({})).await, json!([]));
    let path = long_file(&console, "long.jsonl");
    let mut changes = console.app.changes();
    left(&console, &path).await;
    assert!(changes.try_recv().is_ok(), "a page that shows them hears of it");
    let keychain = pc_app::Keychain::KeyFile(console.home.places.key_file.clone());
    let next = App::open_with(console.home.places.clone(), keychain, Arc::new(SystemClock)).unwrap();
    let next = Console { app: next, ..console };
    let rows = next.call("upload_list", json!({})).await;
    let arrived = rows[0]["arrived"].as_u64().unwrap();
    assert!(arrived >= 4_000_000, "what was acknowledged is there: {rows}");
    assert_eq!(
        (&rows[0]["name"], &rows[0]["kind"], &rows[0]["description"], rows[0]["path"].as_str()),
        (&json!("long.jsonl"), &json!("sft"), &json!("spring"), Some(path.as_str()))
    );
    let (row, events) = next.stream("dataset_upload", json!({ "path": path, "description": "spring" })).await;
    let sent: Vec<u64> = events.iter().filter(|e| e["stage"] == "upload").filter_map(|e| e["done"].as_u64()).collect();
    assert!(sent.iter().all(|done| *done >= arrived), "nothing is sent again: {:?}", sent.first());
    assert_eq!((row["name"].as_str(), row["rows"].as_u64()), (Some("long.jsonl"), Some(6_000)));
    assert_eq!(next.call("upload_list", json!({})).await, json!([]));
    assert_eq!(next.call("dataset_list", json!({})).await.as_array().unwrap().len(), 1);

    let other = long_file(&next, "other.jsonl");
    left(&next, &other).await;
    let rows = next.call("upload_list", json!({})).await;
    next.call("upload_discard", json!({ "upload_id": rows[0]["upload_id"] })).await;
    assert_eq!(next.call("upload_list", json!({})).await, json!([]));
    let bad = json!({ "path": other, "hours": "at night" });
    assert_eq!(next.try_stream("dataset_upload", bad).await.0.unwrap_err().code, "input_invalid");
    next.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_uploaded_under_its_name_and_the_library_knows_where_it_is() {
    let console = Console::open();
    let path = console.rows(12);
    let kept = json!({"path": path, "name": "Hotel 客服", "kind": "sft"});
    let (version, _) = console.stream("source_import", kept).await;
    let wanted = json!({"dataset": version["dataset"], "version": 1, "description": "spring"});
    let (row, events) = console.stream("version_upload", wanted.clone()).await;
    assert_eq!((&row["name"], &row["rows"]), (&json!("Hotel-v1.jsonl"), &json!(12)), "what a cloud's names may have");
    assert_eq!(row["sha256"], version["sha256"], "the bytes that were kept were sent");
    assert!(events.iter().any(|event| event["stage"] == "upload"));
    let detail = console.call("library_get", json!({"dataset": version["dataset"]})).await;
    assert_eq!(detail["uploads"][0]["file_id"], row["id"]);
    assert_eq!(detail["uploads"][0]["receipt"], row["receipt"], "the receipt is shown with the version");
    assert!(row["receipt"].as_str().is_some_and(|path| std::path::Path::new(path).is_file()));
    assert_eq!(console.call("library_list", json!({})).await[0]["uploaded_to"].as_array().map(Vec::len), Some(1));
    console.call("dataset_delete", json!({"id": row["id"]})).await;
    let detail = console.call("library_get", json!({"dataset": version["dataset"]})).await;
    assert_eq!(
        (&detail["uploads"], &detail["versions"][0]["rows"]),
        (&json!([]), &json!(12)),
        "the version stays here"
    );
    let broken = console.home.file("broken.jsonl", "{broken\n").display().to_string();
    let kept = json!({"path": broken, "name": "broken", "kind": "sft"});
    let (version, _) = console.stream("source_import", kept).await;
    let wanted = json!({"dataset": version["dataset"], "version": 1});
    let refused = console.try_stream("version_upload", wanted).await.0.unwrap_err();
    assert_eq!(refused.code, "dataset_has_errors", "nothing is sent that the cloud would refuse");
    console.close().await;
}
