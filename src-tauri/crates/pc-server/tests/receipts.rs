//! Receipts: an upload and a deletion each leave one that can be checked without the cloud, and a deletion destroys.

mod common;

use common::{Cloud, SmallEngine, holding, rows};
use jiff::SignedDuration;
use pc_protocol::receipt::{Action, Fault, Receipt, Statement, compare};
use pc_server::Profile;
use serde_json::{Value, json};

async fn about(cloud: &Cloud, file: &str) -> Vec<Receipt> {
    let path = format!("/api/v1/extensions/files/{file}/receipts");
    let (status, list) = cloud.call("GET", &path, Value::Null).await;
    assert_eq!(status, 200, "{list}");
    let mut receipts = Vec::new();
    for entry in list["data"]["receipts"].as_array().unwrap() {
        let path = format!("/api/v1/extensions/receipts/{}", entry["receipt_id"].as_str().unwrap());
        let (_, receipt) = cloud.call("GET", &path, Value::Null).await;
        receipts.push(serde_json::from_value(receipt).unwrap());
    }
    receipts
}

fn stated(receipt: &Receipt) -> Statement {
    receipt.verified().unwrap()
}

#[tokio::test]
async fn both_receipts_hold_and_say_who_what_and_when() {
    let cloud = Cloud::new();
    let (_, found) = cloud.call("GET", "/api/v1/extensions", Value::Null).await;
    assert!(found["capabilities"].as_array().unwrap().contains(&json!("receipts")));
    let file = cloud.dataset().await;
    let upload = stated(&about(&cloud, &file).await[0]);
    assert_eq!((upload.action, upload.bytes), (Action::Upload, rows().len() as u64));
    assert_eq!((upload.name.as_str(), &upload.tenant), ("train.jsonl", &cloud.keys.workspace));
    assert_eq!(upload.time, "2026-11-24T02:00:00.000Z");
    assert!(!upload.api_key_id.is_empty() && upload.key_id.len() == 16);
    assert_eq!(compare(&upload, rows().as_bytes()).unwrap(), Ok(()));
    assert!(matches!(compare(&upload, rows().replace("seven", "nine").as_bytes()).unwrap(), Err(Fault::Length { .. })));
    assert!(matches!(compare(&upload, rows().replace("At", "at").as_bytes()).unwrap(), Err(Fault::Chunk { .. })));

    cloud.clock.advance(SignedDuration::from_secs(60));
    cloud.call("DELETE", &format!("/api/v1/files/{file}"), Value::Null).await;
    let receipts = about(&cloud, &file).await;
    assert_eq!(receipts.len(), 2, "what was stated stays when the file is gone");
    let deletion = stated(&receipts[1]);
    assert_eq!((deletion.action, deletion.time.as_str()), (Action::Deletion, "2026-11-24T02:01:00.000Z"));
    assert_eq!((&deletion.chunks, &deletion.file_id, &deletion.key_id), (&upload.chunks, &file, &upload.key_id));
    assert_eq!(receipts[0].fingerprint, receipts[1].fingerprint, "a workspace signs with one key");
    let other = cloud.other();
    for path in [
        format!("/api/v1/extensions/files/{file}/receipts"),
        format!("/api/v1/extensions/receipts/{}", upload.receipt_id),
    ] {
        assert_ne!(cloud.call_as(&other, "GET", &path, Value::Null).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn nothing_of_a_deleted_file_is_left_and_its_receipts_do_not_lie_open() {
    let cloud = Cloud::new();
    let file = cloud.dataset().await;
    cloud.engine.hold.store(true, std::sync::atomic::Ordering::SeqCst);
    let job = cloud.tune(&file).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "RUNNING").await;
    while holding(cloud.dir.path(), b"Osmanthus").is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let database = pc_store::cloud::CloudStore::open(cloud.dir.path()).unwrap();
    let blob = database.read(|tx| tx.file(&cloud.keys.workspace, &file)).unwrap().unwrap().blob;
    let blob = cloud.dir.path().join("blobs").join(blob);
    assert!(blob.exists());
    cloud.call("DELETE", &format!("/api/v1/files/{file}"), Value::Null).await;
    assert!(holding(cloud.dir.path(), b"Osmanthus").is_empty(), "what lay open for the job is gone, too");
    assert!(!blob.exists());
    let chunk = stated(&about(&cloud, &file).await[1]).chunks[0].clone();
    assert!(holding(cloud.dir.path(), chunk.as_bytes()).is_empty(), "a hash of a small file tells what was in it");
    cloud.engine.hold.store(false, std::sync::atomic::Ordering::SeqCst);
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
}

/// A kill between the first and the second step of a deletion leaves rows like these.
#[tokio::test]
async fn a_deletion_that_was_cut_off_is_carried_out_and_stated_at_the_next_start() {
    let cloud = Cloud::new();
    let file = cloud.dataset().await;
    let key = cloud.keys.api_key.expose().clone();
    // The blob cannot be destroyed while a folder stands in its way, which is where this deletion stops.
    let blob = {
        let database = pc_store::cloud::CloudStore::open(cloud.dir.path()).unwrap();
        database.read(|tx| tx.file(&cloud.keys.workspace, &file)).unwrap().unwrap().blob
    };
    let path = cloud.dir.path().join("blobs").join(&blob);
    let aside = cloud.dir.path().join("aside");
    std::fs::rename(&path, &aside).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(cloud.call("DELETE", &format!("/api/v1/files/{file}"), Value::Null).await.0, 500);
    assert_eq!(about(&cloud, &file).await.len(), 1, "nothing is stated that did not happen");
    std::fs::remove_dir(&path).unwrap();
    std::fs::rename(&aside, &path).unwrap();
    let cloud = Cloud::open(cloud.close(), SmallEngine::default(), Profile::embedded());
    assert_eq!(cloud.keys.api_key.expose(), &key);
    assert!(!path.exists());
    let receipts = about(&cloud, &file).await;
    assert_eq!(stated(&receipts[1]).action, Action::Deletion);
    let (_, gone) = cloud.call("GET", &format!("/api/v1/files/{file}"), Value::Null).await;
    assert_eq!(gone["message"], "File not found.");
}

#[tokio::test]
async fn every_way_to_upload_leaves_a_receipt() {
    let cloud = Cloud::new();
    let text = rows();
    for path in ["/compatible-mode/v1/files", "/v1/files"] {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n\
             --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{text}\r\n--b--\r\n"
        );
        let request = common::request("POST", path)
            .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
            .header("content-type", "multipart/form-data; boundary=b")
            .body(body.into())
            .unwrap();
        let (status, _, answer) = cloud.send(request).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&answer));
        let file: Value = serde_json::from_slice(&answer).unwrap();
        let receipts = about(&cloud, file["id"].as_str().unwrap()).await;
        assert_eq!(compare(&stated(&receipts[0]), text.as_bytes()).unwrap(), Ok(()), "{path}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_any_more_is_destroyed_all_the_same() {
    for (older, gone) in [(true, false), (true, true), (false, true)] {
        let cloud = Cloud::new();
        let file = cloud.dataset().await;
        let database = rusqlite::Connection::open(cloud.dir.path().join("cloud.db")).unwrap();
        if older {
            // A folder from before there were receipts has none of the upload.
            assert_eq!(database.execute("DELETE FROM receipts", []).unwrap(), 1);
        }
        let blob: String = database.query_row("SELECT blob FROM files", [], |row| row.get(0)).unwrap();
        let path = cloud.dir.path().join("blobs").join(blob);
        match gone {
            true => std::fs::remove_file(&path).unwrap(),
            false => pc_base::write_atomic(&path, b"nothing that was ever sealed").unwrap(),
        }
        let (status, answer) = cloud.call("DELETE", &format!("/api/v1/files/{file}"), Value::Null).await;
        assert_eq!(status, 200, "{answer}");
        assert!(!path.exists(), "its bytes are gone");
        let (_, left) = cloud.call("GET", "/api/v1/files", Value::Null).await;
        assert_eq!(left["data"]["total"], 0);
        let deletion = stated(about(&cloud, &file).await.last().unwrap());
        assert_eq!((deletion.action, deletion.bytes), (Action::Deletion, rows().len() as u64));
        assert_eq!((&deletion.file_id, deletion.name.as_str()), (&file, "train.jsonl"));
        assert_eq!(deletion.chunks.is_empty(), older, "hashes are stated where they are known");
        let held = compare(&deletion, rows().as_bytes()).unwrap();
        assert_eq!(matches!(held, Err(Fault::Form(_))), older, "and nothing is held against hashes that are not");
    }
}
