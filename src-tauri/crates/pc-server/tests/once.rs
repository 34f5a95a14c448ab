//! Creating requests that are sent again with their `Idempotency-Key`: one thing, one charge.

mod common;

use common::{Call, Cloud, request, rows};
use serde_json::{Value, json};

/// Sends a body with a key.
async fn keyed(cloud: &Cloud, path: &str, key: &str, kind: &str, body: &str) -> (u16, Value) {
    let request = request("POST", path)
        .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
        .header("content-type", kind)
        .header("idempotency-key", key)
        .body(body.to_owned().into())
        .unwrap();
    let (status, _, bytes) = cloud.send(request).await;
    (status.as_u16(), serde_json::from_slice(&bytes).unwrap())
}

async fn posted(cloud: &Cloud, path: &str, key: &str, body: Value) -> (u16, Value) {
    keyed(cloud, path, key, "application/json", &body.to_string()).await
}

fn form(part: &str, text: &str) -> String {
    let purpose = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n";
    format!(
        "{purpose}--b\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"a.jsonl\"\r\n\r\n{text}\r\n--b--\r\n"
    )
}

#[tokio::test]
async fn a_file_is_stored_once_and_the_key_serves_nothing_else() {
    let cloud = Cloud::new();
    for (path, part, id) in
        [("/api/v1/files", "files", "/data/uploaded_files/0/file_id"), ("/compatible-mode/v1/files", "file", "/id")]
    {
        let kind = "multipart/form-data; boundary=b";
        let (_, first) = keyed(&cloud, path, part, kind, &form(part, &rows())).await;
        let (status, again) = keyed(&cloud, path, part, kind, &form(part, &rows())).await;
        assert_eq!((status, first.pointer(id)), (200, again.pointer(id)), "{first} {again}");
        assert!(first.pointer(id).is_some_and(Value::is_string), "{first}");
        assert_eq!(keyed(&cloud, path, part, kind, &form(part, "{}\n")).await.0, 422, "another body");
    }
    assert_eq!(cloud.call("GET", "/api/v1/files", Value::Null).await.1["data"]["total"], 2, "one a path");
    let blobs = std::fs::read_dir(cloud.dir.path().join("blobs")).unwrap().count();
    assert_eq!(blobs, 2 + 1, "what came again is not kept; the third is the folder for unfinished ones");
    let job = json!({"model": "tiny", "training_file_ids": ["x"]});
    assert_eq!(posted(&cloud, "/api/v1/fine-tunes", "files", job).await.0, 422, "another path");
    let (status, refused) = posted(&cloud, "/api/v1/fine-tunes", &"k".repeat(256), json!({"model": "tiny"})).await;
    assert_eq!((status, &refused["code"]), (400, &json!("InvalidParameter")), "a key is bounded");
}

#[tokio::test]
async fn a_job_and_a_deployment_are_made_once_even_across_a_restart() {
    let cloud = Cloud::new();
    let job = json!({"model": "tiny", "training_file_ids": [cloud.dataset().await], "hyper_parameters": {}});
    let (_, first) = posted(&cloud, "/api/v1/fine-tunes", "job", job.clone()).await;
    let id = first["output"]["job_id"].as_str().unwrap().to_owned();
    cloud.until(&format!("/api/v1/fine-tunes/{id}"), "SUCCEEDED").await;
    let deploy = json!({"model_name": format!("tiny-{id}"), "plan": "lora", "suffix": "a"});
    let (_, made) = posted(&cloud, "/api/v1/deployments", "deploy", deploy.clone()).await;
    let (status, same) = posted(&cloud, "/api/v1/deployments", "deploy", deploy.clone()).await;
    assert_eq!((status, &made["output"]), (200, &same["output"]), "no conflict with itself");
    let cloud = Cloud::open(cloud.close(), common::SmallEngine::default(), pc_server::Profile::embedded());
    let (status, again) = posted(&cloud, "/api/v1/fine-tunes", "job", job.clone()).await;
    assert_eq!((status, &again["output"]), (200, &first["output"]), "the answer of the first time, not of now");
    assert_eq!(cloud.call("GET", "/api/v1/fine-tunes", Value::Null).await.1["output"]["total"], 1);
    assert_eq!(posted(&cloud, "/api/v1/deployments", "deploy", deploy).await.1["output"], made["output"]);
    cloud.clock.advance(jiff::SignedDuration::from_hours(25));
    assert_eq!(
        posted(&cloud, "/api/v1/fine-tunes", "job", job).await.1["output"],
        first["output"],
        "a day is not enough"
    );
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key_up_and_tenants_do_not_share_keys() {
    let cloud = Cloud::new();
    let file = cloud.dataset().await;
    let body = |file: &str| json!({"model": "tiny", "training_file_ids": [file], "hyper_parameters": {}});
    assert_eq!(posted(&cloud, "/api/v1/fine-tunes", "k", body("gone")).await.0, 400);
    assert_eq!(posted(&cloud, "/api/v1/fine-tunes", "k", body(&file)).await.0, 200);
    let other = request("POST", "/api/v1/extensions/uploads")
        .header("authorization", format!("Bearer {}", cloud.other()))
        .header("idempotency-key", "k")
        .body(json!({"name": "a", "bytes": 3}).to_string().into())
        .unwrap();
    assert_eq!(cloud.send(other).await.0, 200, "another tenant's key is another key");
}

#[tokio::test]
async fn an_answer_is_given_again_and_charged_once() {
    let cloud = Cloud::new();
    let native = "/api/v1/services/aigc/text-generation/generation";
    let body = json!({"model": "tiny", "input": {"prompt": "hi"}});
    let (_, first) = posted(&cloud, native, "g", body.clone()).await;
    let (status, again) = posted(&cloud, native, "g", body.clone()).await;
    assert_eq!((status, &first["output"], &first["usage"]), (200, &again["output"], &again["usage"]));
    let chat = json!({"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "n": 2, "stream": true});
    for _ in 0..3 {
        let request = request("POST", "/v1/chat/completions")
            .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
            .header("idempotency-key", "c");
        let (status, _, bytes) = cloud.send(request.body(chat.to_string().into()).unwrap()).await;
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(status, 200, "{text}");
        assert_eq!(text.matches("seven.").count(), 2, "{text}");
    }
    let folder = cloud.dir.path();
    assert!(common::holding(folder, b"Breakfast is at seven").is_empty(), "what a model said is not kept in plain");
    cloud.state.end();
    let db = std::fs::read(folder.join("cloud.db-wal")).unwrap();
    let sources = |name: &str| db.windows(name.len()).filter(|w| *w == name.as_bytes()).count();
    assert!(sources("generate/llm-") > 0, "charges are named after the key");
}

#[tokio::test]
async fn keys_workspaces_and_tokens_are_made_once() {
    let cloud = Cloud::new();
    let made = async |path: &str, action: &str, query: &str, once: &str| {
        let (keys, version) = (&cloud.keys, "2026-02-10");
        cloud.signed_once(Call { keys, method: "POST", path, version, action, query }, once).await
    };
    let (path, action) = ("/modelstudio/apikeys", "CreateApiKey");
    let (status, first) = made(path, action, "description=desk", "k").await;
    assert_eq!(status, 200, "{first}");
    let (_, second) = made(path, action, "description=desk", "k").await;
    assert_eq!(
        (&first["apiKey"], first["apiKey"]["apiKeyValue"].as_str().map(str::len)),
        (&second["apiKey"], Some(51))
    );
    assert_ne!(first["requestId"], second["requestId"]);
    let (status, refused) = made(path, action, "description=other", "k").await;
    assert_eq!(status, 422, "{refused}");
    let (_, third) = made(path, action, "description=desk", "l").await;
    assert_ne!(first["apiKey"], third["apiKey"]);
    let (path, action) = ("/modelstudio/workspaces", "CreateWorkspace");
    let (_, first) = made(path, action, "workspaceName=night", "w").await;
    let (_, second) = made(path, action, "workspaceName=night", "w").await;
    assert!(first["workspace"]["workspaceId"].is_string() && first["workspace"] == second["workspace"], "{first}");
    assert_eq!(made(path, action, "workspaceName=night", "k").await.0, 422, "another request's key");

    let (_, first) = posted(&cloud, "/api/v1/tokens", "t", json!({})).await;
    let (_, second) = posted(&cloud, "/api/v1/tokens", "t", json!({})).await;
    assert!(first["token"].is_string() && first == second, "{first} {second}");
    assert_eq!(posted(&cloud, "/api/v1/tokens?expire_in_seconds=7", "t", json!({})).await.0, 422);
}
