//! What goes wrong inside: every API answers it in its own shape, with the request's id and nothing of the inside in it, and
//! the next request finds the cloud as it was.

mod common;

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use common::{Call, Cloud};
use serde_json::{Value, json};

const GENERATION: &str = "/api/v1/services/aigc/text-generation/generation";

/// A 500 in the shape of the API that was called, whose words tell nothing.
fn is_internal(path: &str, (status, answer): (StatusCode, Value)) {
    assert_eq!(status, 500, "{path}: {answer}");
    let text = answer.to_string();
    for inside in ["table", "sqlite", "inner", "weights", "panic", "bug", "engine", "files_", ".rs"] {
        assert!(!text.contains(inside), "{path} tells {inside}: {text}");
    }
    assert_eq!(
        answer["request_id"].as_str().or(answer["RequestId"].as_str()).map(str::len),
        Some(36),
        "{path}: {answer}"
    );
    let (code, message) = match answer.get("error") {
        Some(error) => {
            assert_eq!(error["type"], "server_error", "{path}");
            (&error["code"], &error["message"])
        }
        None => (answer.get("code").unwrap_or(&answer["Code"]), answer.get("message").unwrap_or(&answer["Message"])),
    };
    assert!(code == "InternalError" || code == "internal_error", "{path}: {answer}");
    assert_eq!(message, "An internal error occurred.", "{path}");
}

async fn studio(cloud: &Cloud, path: &str, action: &str) -> (StatusCode, Value) {
    let (keys, version) = (&cloud.keys, "2026-02-10");
    cloud.signed(Call { keys, method: "GET", path, version, action, query: "" }).await
}

#[tokio::test]
async fn a_panic_is_an_internal_error_in_the_shape_of_each_api() {
    let cloud = Cloud::new();
    cloud.engine.panics.store(true, Ordering::SeqCst);
    for path in ["/api/v1/models", "/compatible-mode/v1/models", "/v1/models"] {
        is_internal(path, cloud.call("GET", path, Value::Null).await);
    }
    is_internal("studio", studio(&cloud, "/modelstudio/models", "ListModels").await);
    let body = json!({"model": "tiny", "training_file_ids": ["x"]});
    is_internal("fine-tunes", cloud.call("POST", "/api/v1/fine-tunes", body).await);
    cloud.engine.panics.store(false, Ordering::SeqCst);
    for path in ["/api/v1/models", "/compatible-mode/v1/models", "/v1/models"] {
        assert_eq!(cloud.call("GET", path, Value::Null).await.0, 200, "nothing is left of it");
    }
}

#[tokio::test]
async fn an_engine_that_fails_is_an_internal_error() {
    let cloud = Cloud::new();
    let native = json!({"model": "tiny", "input": {"prompt": "hi"}, "parameters": {"max_tokens": 11}});
    is_internal(GENERATION, cloud.call("POST", GENERATION, native).await);
    for path in ["/compatible-mode/v1/chat/completions", "/v1/chat/completions"] {
        let chat = json!({"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 11});
        is_internal(path, cloud.call("POST", path, chat).await);
    }
}

#[tokio::test]
async fn a_store_that_fails_is_an_internal_error() {
    let cloud = Cloud::new();
    let file = cloud.dataset().await;
    let damaged = rusqlite::Connection::open(cloud.dir.path().join("cloud.db")).unwrap();
    let rename = |from: &str, to: &str| damaged.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
    rename("files", "files_away");
    rename("usage_records", "usage_away");
    for (method, path) in [
        ("GET", "/api/v1/files".to_owned()),
        ("GET", format!("/api/v1/files/{file}")),
        ("DELETE", format!("/api/v1/files/{file}")),
        ("GET", "/compatible-mode/v1/files".to_owned()),
        ("GET", "/v1/files".to_owned()),
        ("GET", format!("/v1/files/{file}/content")),
    ] {
        is_internal(&path, cloud.call(method, &path, Value::Null).await);
    }
    let bill = Call {
        keys: &cloud.keys,
        method: "POST",
        path: "/",
        version: "2017-12-14",
        action: "QueryBillOverview",
        query: "BillingCycle=2026-11",
    };
    is_internal("bss", cloud.signed(bill).await);
    rename("files_away", "files");
    rename("usage_away", "usage_records");
    assert_eq!(cloud.call("GET", &format!("/api/v1/files/{file}"), Value::Null).await.0, 200, "it is still there");
}
