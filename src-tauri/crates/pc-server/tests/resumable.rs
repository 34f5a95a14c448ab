//! Uploads that go on after a break: at the byte that was acknowledged, whatever ended in between.

mod common;

use std::sync::Arc;

use axum::http::StatusCode;
use common::{Cloud, SmallEngine, holding, request, rows};
use md5::Md5;
use pc_server::Profile;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const UPLOADS: &str = "/api/v1/extensions/uploads";

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

async fn begun(cloud: &Cloud, text: &str) -> String {
    let body = json!({"name": "../a.jsonl", "bytes": text.len(), "description": "a set", "md5": md5(text.as_bytes())});
    let (status, made) = cloud.call("POST", UPLOADS, body).await;
    assert_eq!((status.as_u16(), &made["data"]["offset"]), (200, &json!(0)), "{made}");
    made["data"]["upload_id"].as_str().unwrap().to_owned()
}

async fn append(cloud: &Cloud, id: &str, offset: usize, piece: &str) -> (StatusCode, Value) {
    append_with(cloud, id, offset, piece, &sha256(piece.as_bytes())).await
}

async fn append_with(cloud: &Cloud, id: &str, offset: usize, piece: &str, hash: &str) -> (StatusCode, Value) {
    let request = request("PUT", &format!("{UPLOADS}/{id}?offset={offset}&sha256={hash}"))
        .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
        .body(piece.to_owned().into())
        .unwrap();
    let (status, _, bytes) = cloud.send(request).await;
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn whoever_broke_off_is_told_to_send_again_wherever_it_was() {
    let cloud = Cloud::new();
    let id = begun(&cloud, &rows()).await;
    let form = "--b\r\ncontent-disposition: form-data; name=\"files\"; filename=\"a\"\r\n\r\nhalf of";
    for (method, path, kind, half) in [
        ("PUT", format!("{UPLOADS}/{id}?offset=0"), "application/octet-stream", "half of"),
        ("POST", "/api/v1/files".to_owned(), "multipart/form-data; boundary=b", form),
        ("POST", "/v1/files".to_owned(), "multipart/form-data; boundary=b", form),
        ("POST", "/api/v1/fine-tunes".to_owned(), "application/json", "{\"model\": "),
    ] {
        let broken = [Ok(half), Err(std::io::Error::other("the line is dead"))];
        let request = request(method, &path)
            .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
            .header("content-type", kind)
            .body(axum::body::Body::from_stream(futures_util::stream::iter(broken)))
            .unwrap();
        let (status, headers, bytes) = cloud.send(request).await;
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!((status.as_u16(), headers.get("x-should-retry").is_some()), (400, true), "{path}: {text}");
    }
    assert_eq!(append(&cloud, &id, 0, "whole").await.1["data"]["offset"], 5, "and it can");
}

#[tokio::test]
async fn a_file_comes_in_pieces_over_a_restart_and_is_trained_on() {
    let cloud = Cloud::new();
    let text = rows();
    let id = begun(&cloud, &text).await;
    let (first, rest) = text.split_at(100);
    let (second, third) = rest.split_at(57);
    assert_eq!(append(&cloud, &id, 0, first).await.1["data"]["offset"], 100);
    assert!(holding(cloud.dir.path(), b"breakfast").is_empty(), "a piece is sealed as it arrives");
    let cloud = Cloud::open(cloud.close(), SmallEngine::default(), Profile::embedded());
    let (_, found) = cloud.call("GET", &format!("{UPLOADS}/{id}"), Value::Null).await;
    assert_eq!(found["data"]["offset"], 100, "what was acknowledged is there after a restart");
    assert_eq!(append(&cloud, &id, 100, second).await.0, 200);
    let finish = format!("{UPLOADS}/{id}/finish");
    assert_eq!(cloud.call("POST", &finish, json!({})).await.0, 409, "there is more to come");
    assert_eq!(append(&cloud, &id, 157, third).await.0, 200);
    let (status, file) = cloud.call("POST", &finish, json!({"sha256": sha256(text.as_bytes())})).await;
    assert_eq!((status.as_u16(), &file["data"]["md5"]), (200, &json!(md5(text.as_bytes()))), "{file}");
    assert_eq!((&file["data"]["size"], &file["data"]["name"]), (&json!(text.len()), &json!("../a.jsonl")));
    let (_, same) = cloud.call("POST", &finish, json!({})).await;
    assert_eq!(same["data"], file["data"], "a finish whose answer was lost can be asked again");
    let file = file["data"]["file_id"].as_str().unwrap();
    let content = format!("/api/v1/extensions/files/{file}/content");
    let whole = request("GET", &content).header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()));
    assert_eq!(cloud.send(whole.body("".into()).unwrap()).await.2, text.as_bytes());
    let part = request("GET", &content)
        .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
        .header("range", "bytes=98-160");
    let (status, _, bytes) = cloud.send(part.body("".into()).unwrap()).await;
    assert_eq!((status.as_u16(), bytes.as_slice()), (206, &text.as_bytes()[98..161]), "over the borders of pieces");
    let job = cloud.tune(file).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let before = cloud.blobs();
    cloud.call("DELETE", &format!("/api/v1/files/{file}"), Value::Null).await;
    assert_eq!(cloud.blobs(), before - 3, "a file goes with all its pieces");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let cloud = Cloud::new();
    let text = rows();
    let id = begun(&cloud, &text).await;
    let offset = async || cloud.call("GET", &format!("{UPLOADS}/{id}"), Value::Null).await.1["data"]["offset"].clone();
    assert_eq!(append(&cloud, &id, 5, "abc").await.0, 409, "a gap");
    assert_eq!(append_with(&cloud, &id, 0, "abc", &sha256(b"abd")).await.0, 400, "damaged on the way");
    assert_eq!(append_with(&cloud, &id, 0, "abc", "../x").await.0, 400, "no hash");
    assert_eq!(append(&cloud, &id, 0, "").await.0, 400, "nothing");
    assert_eq!(append(&cloud, &id, 0, &"x".repeat(text.len() + 1)).await.0, 413, "more than was announced");
    assert_eq!(offset().await, 0);
    assert_eq!(append(&cloud, &id, 0, &text[..10]).await.0, 200);
    assert_eq!(append(&cloud, &id, 0, &text[..10]).await.0, 409, "a piece whose answer was lost is not taken twice");
    assert_eq!(offset().await, 10);
    let other = cloud.other();
    for (method, path) in [("GET", String::new()), ("DELETE", String::new()), ("POST", "/finish".to_owned())] {
        let (status, _) = cloud.call_as(&other, method, &format!("{UPLOADS}/{id}{path}"), json!({})).await;
        assert_eq!(status, 404, "{method}: a foreign upload does not exist");
    }
    for body in [
        json!({"name": "", "bytes": 1}),
        json!({"name": "a", "bytes": 0}),
        json!({"name": "a", "bytes": -1}),
        json!({"name": "a", "bytes": 1, "md5": "x"}),
        json!({"name": "a", "bytes": 1, "purpose": "x"}),
    ] {
        assert_eq!(cloud.call("POST", UPLOADS, body.clone()).await.0, 400, "{body}");
    }
    let large = json!({"name": "a", "bytes": 1_u64 << 40});
    assert_eq!(cloud.call("POST", UPLOADS, large).await.1["code"], "BadRequest.TooLarge");
    assert_eq!(cloud.blobs(), 1, "of all that was refused nothing stays");
}

#[tokio::test]
async fn a_wrong_whole_is_removed_a_cancelled_one_too_and_one_that_nobody_goes_on_with_ends() {
    let profile = Profile { files: 2, ..Profile::embedded() };
    let cloud = Cloud::open(Arc::new(tempfile::tempdir().unwrap()), SmallEngine::default(), profile);
    let (wrong, cancelled) = (begun(&cloud, "abc").await, begun(&cloud, "abc").await);
    let third = json!({"name": "a", "bytes": 3});
    let (_, refused) = cloud.call("POST", UPLOADS, third.clone()).await;
    assert_eq!(refused["code"], "BadRequest.TooMany", "what is on its way counts");
    append(&cloud, &wrong, 0, "abd").await;
    let (status, refused) = cloud.call("POST", &format!("{UPLOADS}/{wrong}/finish"), json!({})).await;
    assert_eq!(status, 400, "{refused}");
    append(&cloud, &cancelled, 0, "ab").await;
    assert_eq!(cloud.call("DELETE", &format!("{UPLOADS}/{cancelled}"), Value::Null).await.0, 200);
    for gone in [&wrong, &cancelled] {
        assert_eq!(cloud.call("GET", &format!("{UPLOADS}/{gone}"), Value::Null).await.0, 404);
    }
    assert_eq!(cloud.blobs(), 0);
    let (_, made) = cloud.call("POST", UPLOADS, third).await;
    let left = made["data"]["upload_id"].as_str().unwrap().to_owned();
    append(&cloud, &left, 0, "ab").await;
    cloud.clock.advance(jiff::SignedDuration::from_hours(23));
    assert_eq!(append(&cloud, &left, 2, "c").await.0, 200, "every piece puts the end off");
    cloud.clock.advance(jiff::SignedDuration::from_hours(25));
    assert_eq!(cloud.call("GET", &format!("{UPLOADS}/{left}"), Value::Null).await.0, 404);
    let file = cloud.dataset().await;
    // A job wakes the thread that tidies up.
    for expected in [5, 9] {
        let job = cloud.tune(&file).await;
        cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
        let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while cloud.blobs() != expected {
            assert!(
                std::time::Instant::now() < until,
                "{} blobs instead of the file's and the results'",
                cloud.blobs()
            );
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_appends_at_a_time() {
    let cloud = Arc::new(Cloud::new());
    let text = "x".repeat(1 << 20);
    let id = begun(&cloud, &text).await;
    let tries = (0..8).map(|_| {
        let (cloud, id, text) = (cloud.clone(), id.clone(), text.clone());
        tokio::spawn(async move { append(&cloud, &id, 0, &text).await.0.as_u16() })
    });
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, [409; 7].as_slice()), "{statuses:?}");
}
