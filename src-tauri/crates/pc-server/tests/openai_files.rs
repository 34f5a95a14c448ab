//! OpenAI's files and uploads in parts: cursors, content, ends, order and hash of parts, and what each error names.

mod common;

use common::{Cloud, holding, request};
use jiff::SignedDuration;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

async fn file(cloud: &Cloud, purpose: &str, text: &str) -> Value {
    let (status, file) = cloud.form("/v1/files", &[("purpose", purpose)], "file", text.as_bytes()).await;
    assert_eq!(status, 200, "{file}");
    file
}

fn blobs(cloud: &Cloud) -> usize {
    std::fs::read_dir(cloud.dir.path().join("blobs")).unwrap().count() - 1
}

#[tokio::test]
async fn a_list_is_walked_by_cursor_in_either_order() {
    let cloud = Cloud::new();
    let mut ids = Vec::new();
    for purpose in ["fine-tune", "batch", "fine-tune", "assistants"] {
        ids.push(file(&cloud, purpose, "x").await["id"].as_str().unwrap().to_owned());
    }
    let list = async |query: &str| cloud.call("GET", &format!("/v1/files{query}"), Value::Null).await.1;
    let names = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = list("?limit=3").await;
    assert_eq!(
        (names(&first), &first["has_more"]),
        (vec![ids[3].clone(), ids[2].clone(), ids[1].clone()], &json!(true))
    );
    let second = list(&format!("?limit=3&after={}", ids[1])).await;
    assert_eq!((names(&second), &second["has_more"]), (vec![ids[0].clone()], &json!(false)));
    assert_eq!(names(&list("?order=asc&limit=2").await), ids[..2]);
    assert_eq!(names(&list("?purpose=fine-tune").await), [ids[2].clone(), ids[0].clone()]);
    for (query, param) in [("?limit=0", "limit"), ("?order=up", "order"), ("?after=file-none", "after")] {
        let refused = list(query).await;
        assert_eq!(refused["error"]["param"], param, "{refused}");
    }
}

#[tokio::test]
async fn content_comes_back_and_a_file_goes_at_its_end() {
    let cloud = Cloud::new();
    let (_, kept) = cloud
        .form(
            "/v1/files",
            &[("purpose", "user_data"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "3600")],
            "file",
            b"breakfast at seven",
        )
        .await;
    assert_eq!(kept["expires_at"].as_i64().unwrap() - kept["created_at"].as_i64().unwrap(), 3600);
    let batch = file(&cloud, "batch", "x").await;
    assert_eq!(batch["expires_at"].as_i64().unwrap() - batch["created_at"].as_i64().unwrap(), 30 * 24 * 3600);
    assert_eq!(file(&cloud, "fine-tune", "x").await["expires_at"], Value::Null, "all others stay");
    let path = format!("/v1/files/{}", kept["id"].as_str().unwrap());
    let asked = request("GET", &format!("{path}/content"))
        .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
        .body(axum::body::Body::empty())
        .unwrap();
    let (_, headers, bytes) = cloud.send(asked).await;
    assert_eq!(
        (bytes.as_slice(), &headers["content-length"]),
        (b"breakfast at seven".as_slice(), &"18".parse().unwrap())
    );
    let other = cloud.other();
    assert_eq!(cloud.call_as(&other, "GET", &format!("{path}/content"), Value::Null).await.0, 404, "no other tenant");
    cloud.clock.advance(SignedDuration::from_hours(1));
    let (status, gone) = cloud.call("GET", &path, Value::Null).await;
    assert_eq!((status.as_u16(), &gone["error"]["param"]), (404, &json!("id")));
    assert_eq!(blobs(&cloud), 2, "its bytes are gone with it");
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_says_why_and_leaves_nothing() {
    let cloud = Cloud::new();
    for (texts, param) in [
        (vec![], "purpose"),
        (vec![("purpose", "fun")], "purpose"),
        (vec![("purpose", "batch"), ("colour", "red")], "colour"),
        (vec![("purpose", "batch"), ("expires_after[seconds]", "3600")], "expires_after.anchor"),
        (
            vec![("purpose", "batch"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "60")],
            "expires_after.seconds",
        ),
    ] {
        let (status, refused) = cloud.form("/v1/files", &texts, "file", b"x").await;
        assert_eq!((status.as_u16(), &refused["error"]["param"]), (400, &json!(param)), "{refused}");
    }
    let (_, refused) = cloud.form("/v1/files", &[("purpose", "batch")], "files", b"x").await;
    assert_eq!(refused["error"]["param"], "file");
    assert_eq!(blobs(&cloud), 0);
}

async fn begun(cloud: &Cloud, bytes: usize) -> String {
    let body = json!({"bytes": bytes, "filename": "a.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune"});
    let (status, upload) = cloud.call("POST", "/v1/uploads", body).await;
    assert_eq!((status.as_u16(), &upload["status"]), (200, &json!("pending")), "{upload}");
    assert_eq!(upload["expires_at"].as_i64().unwrap() - upload["created_at"].as_i64().unwrap(), 3600);
    format!("/v1/uploads/{}", upload["id"].as_str().unwrap())
}

async fn part(cloud: &Cloud, upload: &str, text: &str) -> String {
    let (status, part) = cloud.form(&format!("{upload}/parts"), &[], "data", text.as_bytes()).await;
    assert_eq!((status.as_u16(), &part["object"]), (200, &json!("upload.part")), "{part}");
    part["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn parts_become_a_file_in_the_order_that_is_asked_for() {
    let cloud = Cloud::new();
    let upload = begun(&cloud, 18).await;
    let (second, first) = (part(&cloud, &upload, "at seven").await, part(&cloud, &upload, "breakfast ").await);
    assert!(holding(cloud.dir.path(), b"breakfast").is_empty(), "parts are sealed, too");
    let complete = format!("{upload}/complete");
    let md5 = hex::encode(Md5::digest(b"breakfast at seven"));
    for (body, param) in [
        (json!({"part_ids": []}), "part_ids"),
        (json!({"part_ids": [first]}), "part_ids"),
        (json!({"part_ids": [first, first]}), "part_ids"),
        (json!({"part_ids": [first, "part_none"]}), "part_ids"),
        (json!({"part_ids": [second, first], "md5": md5}), "md5"),
        (json!({"md5": md5}), "part_ids"),
    ] {
        let (status, refused) = cloud.call("POST", &complete, body).await;
        assert_eq!((status.as_u16(), &refused["error"]["param"]), (400, &json!(param)), "{refused}");
    }
    assert_eq!(blobs(&cloud), 2, "what was refused left nothing");
    let (status, done) = cloud.call("POST", &complete, json!({"part_ids": [first, second], "md5": md5})).await;
    assert_eq!((status.as_u16(), &done["status"], &done["file"]["bytes"]), (200, &json!("completed"), &json!(18)));
    assert_eq!(blobs(&cloud), 2, "the parts are the file");
    let content = format!("/v1/files/{}/content", done["file"]["id"].as_str().unwrap());
    let (_, text) = cloud.call("GET", &content, Value::Null).await;
    assert_eq!(text, json!("breakfast at seven"));
    let path = format!("/api/v1/files/{}", done["file"]["id"].as_str().unwrap());
    assert_eq!(cloud.call("GET", &path, Value::Null).await.1["data"]["md5"], md5, "every API has the file");
    let (status, over) = cloud.form(&format!("{upload}/parts"), &[], "data", b"x").await;
    assert_eq!((status.as_u16(), &over["error"]["param"]), (400, &json!("upload_id")));
    assert_eq!(cloud.call("POST", &format!("{upload}/cancel"), Value::Null).await.0, 400);
    cloud.call("DELETE", &content.replace("/content", ""), Value::Null).await;
    assert_eq!(blobs(&cloud), 0, "and go with it");
}

#[tokio::test]
async fn an_upload_that_is_cancelled_or_an_hour_old_destroys_its_parts() {
    let cloud = Cloud::new();
    let (cancelled, late) = (begun(&cloud, 9).await, begun(&cloud, 9).await);
    for upload in [&cancelled, &late] {
        part(&cloud, upload, "breakfast").await;
        let (status, more) = cloud.form(&format!("{upload}/parts"), &[], "data", b"x").await;
        assert_eq!((status.as_u16(), &more["error"]["param"]), (400, &json!("data")), "more than was announced");
    }
    let other = cloud.other();
    assert_eq!(cloud.call_as(&other, "POST", &format!("{late}/cancel"), Value::Null).await.0, 404);
    let (_, upload) = cloud.call("POST", &format!("{cancelled}/cancel"), Value::Null).await;
    assert_eq!((&upload["status"], blobs(&cloud)), (&json!("cancelled"), 1));
    cloud.clock.advance(SignedDuration::from_hours(1));
    let (_, refused) = cloud.call("POST", &format!("{late}/complete"), json!({"part_ids": ["x"]})).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("expired"), "{refused}");
    assert_eq!(blobs(&cloud), 0);
    for (body, param) in [
        (json!({"bytes": 0, "filename": "a", "mime_type": "text/plain", "purpose": "batch"}), "bytes"),
        (json!({"bytes": 9_000_000_000_u64, "filename": "a", "mime_type": "text/plain", "purpose": "batch"}), "bytes"),
        (json!({"bytes": 1, "filename": "a", "mime_type": "text/plain", "purpose": "fun"}), "purpose"),
        (json!({"bytes": 1, "filename": "", "mime_type": "text/plain", "purpose": "batch"}), "filename"),
        (json!({"bytes": 1, "mime_type": "text/plain", "purpose": "batch"}), "filename"),
    ] {
        let (status, refused) = cloud.call("POST", "/v1/uploads", body).await;
        assert_eq!((status.as_u16(), &refused["error"]["param"]), (400, &json!(param)), "{refused}");
    }
}

#[tokio::test]
async fn parts_outlive_a_restart_and_go_with_their_hour() {
    let cloud = Cloud::new();
    let upload = begun(&cloud, 9).await;
    let first = part(&cloud, &upload, "breakfast").await;
    let cloud = Cloud::open(cloud.close(), Default::default(), pc_server::Profile::embedded());
    let (status, done) = cloud.call("POST", &format!("{upload}/complete"), json!({"part_ids": [first]})).await;
    assert_eq!((status.as_u16(), &done["status"]), (200, &json!("completed")), "{done}");
}
