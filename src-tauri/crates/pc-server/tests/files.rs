//! Uploads over both APIs: kept sealed, listed, isolated, destroyed; limits and bad bodies.

mod common;

use std::sync::Arc;

use common::{Cloud, SmallEngine, holding, request, rows};
use pc_server::Profile;
use serde_json::{Value, json};

#[tokio::test]
async fn an_uploaded_file_is_listed_sealed_and_destroyed() {
    let cloud = Cloud::new();
    let uploaded = cloud.upload("../../etc/a.jsonl", &rows()).await;
    assert_eq!(uploaded["data"]["failed_uploads"], json!([]));
    let id = uploaded["data"]["uploaded_files"][0]["file_id"].as_str().unwrap();
    let (_, found) = cloud.call("GET", &format!("/api/v1/files/{id}"), Value::Null).await;
    let file = &found["data"];
    assert_eq!(file["name"], "../../etc/a.jsonl", "a name is shown as it came, and is never a path");
    assert_eq!(file["size"], rows().len());
    assert_eq!(file["purpose"], "fine-tune", "no purpose means fine-tune, because the SDK sends none");
    assert_eq!(file["description"], "a set");
    assert_eq!(file["gmt_create"], "2026-11-24 10:00:00", "times are the cloud's, UTC+8");
    for field in ["id", "md5", "url", "region", "user_id", "api_key_id"] {
        assert!(file.get(field).is_some(), "{field} is declared, so it is always there");
    }
    assert!(holding(cloud.dir.path(), b"Osmanthus").is_empty(), "no plain text lies in the data folder");
    let (_, list) = cloud.call("GET", "/api/v1/files?page_no=1&page_size=10", Value::Null).await;
    assert_eq!(list["data"]["total"], 1);
    let (status, gone) = cloud.call("DELETE", &format!("/api/v1/files/{id}"), Value::Null).await;
    assert_eq!((status.as_u16(), gone.as_object().unwrap().len()), (200, 1), "only the request id comes back");
    assert_eq!(
        std::fs::read_dir(cloud.dir.path().join("blobs")).unwrap().count(),
        1,
        "only the folder for unfinished ones"
    );
    let (status, missing) = cloud.call("GET", &format!("/api/v1/files/{id}"), Value::Null).await;
    assert_eq!(
        (status.as_u16(), &missing["code"], &missing["message"]),
        (400, &json!("InvalidParameter"), &json!("File not found."))
    );
}

#[tokio::test]
async fn the_compatible_api_shows_the_same_files_flat() {
    let cloud = Cloud::new();
    let rows = rows();
    let (status, file) =
        cloud.form("/compatible-mode/v1/files", &[("purpose", "fine-tune")], "file", rows.as_bytes()).await;
    assert_eq!((status.as_u16(), &file["object"], &file["status"]), (200, &json!("file"), &json!("processed")));
    let path = format!("/compatible-mode/v1/files/{}", file["id"].as_str().unwrap());
    assert_eq!(cloud.call("GET", &path, Value::Null).await.1["filename"], "a.jsonl");
    assert_eq!(cloud.call("GET", "/v1/files", Value::Null).await.1["data"].as_array().unwrap().len(), 1);
    assert_eq!(cloud.call("DELETE", &path, Value::Null).await.1["deleted"], true);
    let (status, missing) = cloud.call("GET", &path, Value::Null).await;
    assert_eq!((status.as_u16(), &missing["error"]["type"]), (404, &json!("invalid_request_error")));
}

#[tokio::test]
async fn the_compatible_api_has_purposes_limits_and_times_of_its_own() {
    let profile = Profile { extract_bytes: 4, batch_bytes: 8, ..Profile::embedded() };
    let cloud = Cloud::open(Arc::new(tempfile::tempdir().unwrap()), SmallEngine::default(), profile);
    let path = "/compatible-mode/v1/files";
    let mut ids = Vec::new();
    for (purpose, bytes, status) in [
        ("file-extract", "1234", 200),
        ("file-extract", "12345", 413),
        ("batch", "12345", 200),
        ("batch", "123456789", 413),
    ] {
        let (found, file) = cloud.form(path, &[("purpose", purpose)], "file", bytes.as_bytes()).await;
        assert_eq!(found, status, "{file}");
        ids.extend(file["id"].as_str().map(str::to_owned));
        cloud.clock.advance(jiff::SignedDuration::from_secs(10));
    }
    assert!(ids[0].starts_with("file-fe-") && ids[1].starts_with("file-batch-"), "{ids:?}");
    for (texts, param) in [
        (vec![("purpose", "batch"), ("descriptions", "a set")], "descriptions"),
        (vec![("purpose", "batch"), ("colour", "red")], "colour"),
        (vec![("purpose", "assistants")], "purpose"),
        (vec![], "purpose"),
    ] {
        let (status, refused) = cloud.form(path, &texts, "file", b"1").await;
        assert_eq!((status.as_u16(), &refused["error"]["param"]), (400, &json!(param)), "{refused}");
    }
    let (_, all) = cloud.call("GET", path, Value::Null).await;
    let between = all["data"][1]["created_at"].as_i64().unwrap() + 5;
    for (query, expected) in [
        (format!("create_after={between}"), &ids[1]),
        (format!("create_before={between}"), &ids[0]),
        (format!("after={}", ids[1]), &ids[0]),
        ("purpose=batch".to_owned(), &ids[1]),
    ] {
        let (_, page) = cloud.call("GET", &format!("{path}?{query}"), Value::Null).await;
        assert_eq!((page["data"].as_array().unwrap().len(), &page["data"][0]["id"]), (1, &json!(expected)), "{query}");
    }
    assert_eq!(cloud.call("GET", &format!("{path}?limit=2001"), Value::Null).await.0, 400);
    let (_, content) = cloud.call("GET", &format!("{path}/{}/content", ids[0]), Value::Null).await;
    assert_eq!(content, json!(1234));
    for (method, gone) in [("POST", "/compatible-mode/v1/uploads"), ("GET", "/compatible-mode/v1/fine_tuning/jobs")] {
        assert_eq!(cloud.call(method, gone, Value::Null).await.0, 404, "{gone} is OpenAI's own");
    }
}

#[tokio::test]
async fn a_file_over_the_limit_is_told_in_the_answer_and_not_kept() {
    let profile = Profile { file_bytes: 10, ..Profile::embedded() };
    let cloud = Cloud::open(Arc::new(tempfile::tempdir().unwrap()), SmallEngine::default(), profile);
    let answer = cloud.upload("a.jsonl", &rows()).await;
    assert_eq!(answer["data"]["failed_uploads"][0]["code"], "BadRequest.TooLarge");
    assert_eq!(answer["data"]["uploaded_files"], json!([]));
    assert_eq!(cloud.call("GET", "/api/v1/files", Value::Null).await.1["data"]["total"], 0);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let cloud = Cloud::new();
    let body = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a\"\r\n\r\nOsmanthus";
    let request = request("POST", "/api/v1/files")
        .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body.into())
        .unwrap();
    assert_eq!(cloud.send(request).await.0, 400);
    assert_eq!(cloud.call("GET", "/api/v1/files", Value::Null).await.1["data"]["total"], 0);
    assert_eq!(std::fs::read_dir(cloud.dir.path().join("blobs/unfinished")).unwrap().count(), 0);
}

#[tokio::test]
async fn tenants_do_not_see_each_others_things() {
    let cloud = Cloud::new();
    let (file, other) = (cloud.dataset().await, cloud.other());
    let job = cloud.tune(&file).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let path = format!("/api/v1/files/{file}");
    assert_eq!(cloud.call_as(&other, "GET", &path, Value::Null).await.0, 400);
    assert_eq!(cloud.call_as(&other, "DELETE", &path, Value::Null).await.0, 400);
    assert_eq!(cloud.call_as(&other, "GET", "/api/v1/files", Value::Null).await.1["data"]["total"], 0);
    for end in ["", "/logs", "/checkpoints", "/stream"] {
        let (status, _) = cloud.call_as(&other, "GET", &format!("/api/v1/fine-tunes/{job}{end}"), Value::Null).await;
        assert_eq!(status, 404, "{end} of another tenant's job does not exist");
    }
    let weights = format!("/api/v1/extensions/fine-tunes/{job}/weights");
    assert_eq!(cloud.call_as(&other, "GET", &weights, Value::Null).await.0, 404);
    let body = json!({"model": format!("tiny-{job}"), "input": {"prompt": "hi"}});
    let generation = "/api/v1/services/aigc/text-generation/generation";
    assert_eq!(cloud.call_as(&other, "POST", generation, body).await.1["code"], "ModelNotFound");
    let body = json!({"model": "tiny", "training_file_ids": [file]});
    assert_eq!(cloud.call_as(&other, "POST", "/api/v1/fine-tunes", body).await.1["message"], "File not found.");
    assert_eq!(cloud.call("GET", &path, Value::Null).await.0, 200, "the owner's is untouched");
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_in_the_apis_own_shape() {
    let profile = Profile { body_bytes: 100, ..Profile::embedded() };
    let cloud = Cloud::open(Arc::new(tempfile::tempdir().unwrap()), SmallEngine::default(), profile);
    let (status, refused) = cloud.call("POST", "/api/v1/fine-tunes", json!("x".repeat(200))).await;
    assert_eq!((status.as_u16(), &refused["code"]), (413, &json!("BadRequest.TooLarge")));
    let (status, refused) = cloud.call("POST", "/api/v1/fine-tunes", json!({"model": 1})).await;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!("InvalidParameter")));
    let (status, refused) = cloud.call_as("sk-wrong", "GET", "/api/v1/files", Value::Null).await;
    assert_eq!((status.as_u16(), &refused["code"]), (401, &json!("InvalidApiKey")));
    let (status, refused) = cloud.call_as("sk-wrong", "GET", "/v1/models", Value::Null).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (401, &json!("invalid_api_key")));
    let (status, refused) = cloud.call("GET", "/api/v1/nowhere", Value::Null).await;
    assert_eq!((status.as_u16(), &refused["code"]), (404, &json!("NotFound")));
    let (status, refused) = cloud.call("PATCH", "/api/v1/files", Value::Null).await;
    assert_eq!((status.as_u16(), &refused["code"]), (405, &json!("MethodNotAllowed")));
    assert_eq!(cloud.call("GET", "/api/v1/files?page_size=0", Value::Null).await.0, 400);
    assert_eq!(cloud.call("GET", "/api/v1/files?page_no=x", Value::Null).await.1["code"], "InvalidParameter");
}

#[tokio::test]
async fn only_this_machines_names_and_pages_are_served() {
    let cloud = Cloud::new();
    let key = format!("Bearer {}", cloud.keys.api_key.expose());
    let foreign =
        axum::http::Request::get("/api/v1/files").header("host", "evil.example").header("authorization", &key);
    assert_eq!(cloud.send(foreign.body("".into()).unwrap()).await.0, 403);
    let page = request("GET", "/api/v1/files").header("authorization", &key).header("origin", "https://evil.example");
    assert_eq!(cloud.send(page.body("".into()).unwrap()).await.0, 403);
    let page = request("GET", "/api/v1/files").header("authorization", &key).header("origin", "http://localhost:5173");
    assert_eq!(cloud.send(page.body("".into()).unwrap()).await.0, 200);
}

#[tokio::test]
async fn a_short_lived_key_ends() {
    let cloud = Cloud::new();
    let (_, token) = cloud.call("POST", "/api/v1/tokens?expire_in_seconds=60", Value::Null).await;
    let key = token["token"].as_str().unwrap();
    assert_eq!(cloud.call_as(key, "GET", "/api/v1/files", Value::Null).await.0, 200);
    cloud.clock.advance(jiff::SignedDuration::from_secs(61));
    assert_eq!(cloud.call_as(key, "GET", "/api/v1/files", Value::Null).await.0, 401);
}
