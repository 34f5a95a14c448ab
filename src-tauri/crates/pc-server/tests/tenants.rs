//! Workspaces are tenants: over every route, what belongs to another looks exactly like what never was.

mod common;

use std::sync::atomic::Ordering;

use axum::body::Body;
use common::{Cloud, request};
use serde_json::{Value, json};

/// Every route with an id in it, and which kind of id that is.
const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "/api/v1/files/{}", "file"),
    ("DELETE", "/api/v1/files/{}", "file"),
    ("GET", "/compatible-mode/v1/files/{}", "file"),
    ("GET", "/compatible-mode/v1/files/{}/content", "file"),
    ("DELETE", "/compatible-mode/v1/files/{}", "file"),
    ("GET", "/v1/files/{}", "file"),
    ("GET", "/v1/files/{}/content", "file"),
    ("DELETE", "/v1/files/{}", "file"),
    ("GET", "/api/v1/extensions/files/{}/content", "file"),
    ("GET", "/api/v1/extensions/files/{}/receipts", "file"),
    ("GET", "/api/v1/extensions/receipts/{}", "receipt"),
    ("GET", "/api/v1/fine-tunes/{}", "job"),
    ("DELETE", "/api/v1/fine-tunes/{}", "job"),
    ("POST", "/api/v1/fine-tunes/{}/cancel", "job"),
    ("GET", "/api/v1/fine-tunes/{}/logs", "job"),
    ("GET", "/api/v1/fine-tunes/{}/stream", "job"),
    ("GET", "/api/v1/fine-tunes/{}/checkpoints", "job"),
    ("GET", "/api/v1/fine-tunes/{}/export/checkpoint-1", "job"),
    ("GET", "/api/v1/fine-tunes/{}/validation-results", "job"),
    ("GET", "/api/v1/fine-tunes/{}/validation-details/checkpoint-1", "job"),
    ("GET", "/api/v1/extensions/fine-tunes/{}/weights", "job"),
    ("GET", "/api/v1/extensions/fine-tunes/{}/weights/adapter_config.json", "job"),
    ("GET", "/v1/fine_tuning/jobs/{}", "job"),
    ("POST", "/v1/fine_tuning/jobs/{}/cancel", "job"),
    ("POST", "/v1/fine_tuning/jobs/{}/pause", "job"),
    ("POST", "/v1/fine_tuning/jobs/{}/resume", "job"),
    ("GET", "/v1/fine_tuning/jobs/{}/events", "job"),
    ("GET", "/v1/fine_tuning/jobs/{}/checkpoints", "job"),
    ("GET", "/api/v1/deployments/{}", "deployment"),
    ("DELETE", "/api/v1/deployments/{}", "deployment"),
    ("PUT", "/api/v1/deployments/{}/scale", "deployment"),
    ("PUT", "/api/v1/deployments/{}/update", "deployment"),
    ("GET", "/api/v1/deployments/{}/stream", "deployment"),
    ("GET", "/v1/models/{}", "model"),
    ("DELETE", "/v1/models/{}", "model"),
    ("GET", "/api/v1/extensions/uploads/{}", "resumable"),
    ("PUT", "/api/v1/extensions/uploads/{}?offset=0&sha256=HASH", "resumable"),
    ("POST", "/api/v1/extensions/uploads/{}/finish", "resumable"),
    ("DELETE", "/api/v1/extensions/uploads/{}", "resumable"),
    ("POST", "/v1/uploads/{}/cancel", "upload"),
    ("POST", "/v1/uploads/{}/complete", "upload"),
];

/// Bodies that name a thing instead, and where.
fn bodies(id: &str) -> Vec<(&'static str, &'static str, Value)> {
    let hyper = json!({"n_epochs": 1, "batch_size": 8, "max_length": 512});
    let native = "/api/v1/services/aigc/text-generation/generation";
    let messages = json!([{"role": "user", "content": "hi"}]);
    vec![
        ("file", "/api/v1/fine-tunes", json!({"model": "tiny", "training_file_ids": [id], "hyper_parameters": hyper})),
        ("file", "/v1/fine_tuning/jobs", json!({"model": "tiny", "training_file": id})),
        ("model", "/api/v1/fine-tunes", json!({"model": id, "training_file_ids": ["x"], "hyper_parameters": hyper})),
        ("model", "/api/v1/deployments", json!({"model_name": id, "plan": "lora", "capacity": 1})),
        ("model", "/v1/chat/completions", json!({"model": id, "messages": messages})),
        ("deployment", native, json!({"model": id, "input": {"messages": messages}})),
        ("deployment", "/compatible-mode/v1/chat/completions", json!({"model": id, "messages": messages})),
    ]
}

struct Things(Vec<(&'static str, String)>);

impl Things {
    fn of(&self, kind: &str) -> &str {
        &self.0.iter().find(|(known, _)| *known == kind).unwrap_or_else(|| panic!("a {kind} is there")).1
    }
}

/// One of everything that has an id.
async fn things(cloud: &Cloud) -> Things {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let file = cloud.dataset().await;
    let job = cloud.tune(&file).await;
    let done = cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let model = text(&done["finetuned_output"]);
    let body = json!({"model_name": model, "plan": "lora", "capacity": 1});
    let (_, row) = cloud.call("POST", "/api/v1/deployments", body).await;
    let deployment = text(&row["output"]["deployed_model"]);
    cloud.until(&format!("/api/v1/deployments/{deployment}"), "RUNNING").await;
    let (_, list) = cloud.call("GET", &format!("/api/v1/extensions/files/{file}/receipts"), Value::Null).await;
    let receipt = text(&list["data"]["receipts"][0]["receipt_id"]);
    let body = json!({"name": "a.jsonl", "bytes": 5});
    let (_, resumable) = cloud.call("POST", "/api/v1/extensions/uploads", body).await;
    let resumable = text(&resumable["data"]["upload_id"]);
    let body = json!({"filename": "a.jsonl", "bytes": 5, "purpose": "fine-tune", "mime_type": "text/plain"});
    let (_, upload) = cloud.call("POST", "/v1/uploads", body).await;
    let upload = text(&upload["id"]);
    Things(vec![
        ("file", file),
        ("job", job),
        ("model", model),
        ("deployment", deployment),
        ("receipt", receipt),
        ("resumable", resumable),
        ("upload", upload),
    ])
}

/// An id of the same shape that never was.
fn unknown(id: &str) -> String {
    let turned = |c: char| if c.is_ascii_digit() { char::from(b'0' + (c as u8 - b'0' + 3) % 10) } else { c };
    id.chars().map(turned).collect()
}

/// Status and body, with the request's id and the thing's taken out.
async fn answer(cloud: &Cloud, key: &str, method: &str, path: &str, body: &Value, id: &str) -> (u16, String) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = request(method, path).header("authorization", format!("Bearer {key}"));
    let request = request.header("content-type", "application/json").body(body).unwrap();
    let (status, headers, bytes) = cloud.send(request).await;
    let request_id = headers["x-request-id"].to_str().unwrap().to_owned();
    let text = String::from_utf8_lossy(&bytes).replace(&request_id, "REQUEST").replace(id, "THING");
    (status.as_u16(), text)
}

#[tokio::test]
async fn another_workspaces_things_look_like_things_that_never_were() {
    let cloud = Cloud::new();
    let (things, other) = (things(&cloud).await, cloud.other());
    let trained = cloud.engine.trainings.load(Ordering::SeqCst);
    let hash = "0".repeat(64);
    let mut asked: Vec<(String, String, String, Value)> = Vec::new();
    for (method, path, kind) in ROUTES {
        let body = match (*method, *path) {
            ("PUT", path) if path.ends_with("scale") => json!({"capacity": 1}),
            ("PUT", path) if path.ends_with("update") => json!({"rpm_limit": 1}),
            (_, path) if path.ends_with("finish") => json!({"sha256": hash}),
            (_, path) if path.ends_with("complete") => json!({"part_ids": ["part_1"]}),
            _ => Value::Null,
        };
        asked.push(((*method).to_owned(), path.replace("HASH", &hash), (*kind).to_owned(), body));
    }
    for (method, path, kind, body) in asked {
        let (id, never) = (things.of(&kind), unknown(things.of(&kind)));
        let theirs = answer(&cloud, &other, &method, &path.replace("{}", id), &body, id).await;
        let nobodys = answer(&cloud, &other, &method, &path.replace("{}", &never), &body, &never).await;
        assert_eq!(theirs, nobodys, "{method} {path}");
        let missing = theirs.0 == 404 || (theirs.0 == 400 && theirs.1.contains("File not found."));
        assert!(missing, "{method} {path}: {theirs:?}");
    }
    for ((kind, path, body), (_, _, other_body)) in ["file", "model", "deployment"].iter().flat_map(|kind| {
        let (id, never) = (things.of(kind).to_owned(), unknown(things.of(kind)));
        let wanted = |id: &str| bodies(id).into_iter().filter(|(of, ..)| of == kind).collect::<Vec<_>>();
        wanted(&id).into_iter().zip(wanted(&never))
    }) {
        let id = things.of(kind);
        let theirs = answer(&cloud, &other, "POST", path, &body, id).await;
        let nobodys = answer(&cloud, &other, "POST", path, &other_body, &unknown(id)).await;
        assert_eq!(theirs, nobodys, "POST {path} {kind}");
        assert!([400, 404].contains(&theirs.0), "POST {path}: {theirs:?}");
    }
    assert_eq!(cloud.engine.trainings.load(Ordering::SeqCst), trained, "nothing of it was carried out");
}

#[tokio::test]
async fn lists_hold_ones_own_only_and_the_owner_still_has_everything() {
    let cloud = Cloud::new();
    let (things, other) = (things(&cloud).await, cloud.other());
    for (path, list) in [
        ("/api/v1/files", "/data/files"),
        ("/compatible-mode/v1/files", "/data"),
        ("/v1/files", "/data"),
        ("/api/v1/fine-tunes", "/output/jobs"),
        ("/v1/fine_tuning/jobs", "/data"),
        ("/api/v1/deployments", "/output/deployments"),
    ] {
        let (_, theirs) = cloud.call_as(&other, "GET", path, Value::Null).await;
        assert_eq!(theirs.pointer(list), Some(&json!([])), "{path}: {theirs}");
        let (_, own) = cloud.call("GET", path, Value::Null).await;
        assert_eq!(own.pointer(list).and_then(Value::as_array).map(Vec::len), Some(1), "{path}: {own}");
    }
    for path in ["/api/v1/deployments/models", "/v1/models", "/compatible-mode/v1/models"] {
        let (_, theirs) = cloud.call_as(&other, "GET", path, Value::Null).await;
        assert!(!theirs.to_string().contains(things.of("job")), "{path}: {theirs}");
    }
    let (_, refused) = cloud.call_as(&other, "POST", "/api/v1/tokens", Value::Null).await;
    let token = refused["token"].as_str().unwrap();
    let (_, theirs) = cloud.call_as(token, "GET", "/api/v1/files", Value::Null).await;
    assert_eq!(theirs["data"]["total"], 0, "a token is its key's workspace's");
}

/// Prints how long both take; what is asserted is only that both are answered alike, because a busy machine is no fault.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
async fn the_time_of_an_answer_is_printed_for_what_is_anothers_and_for_what_never_was() {
    let cloud = Cloud::new();
    let (file, other) = (cloud.dataset().await, cloud.other());
    let job = cloud.tune(&file).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let never = (uuid::Uuid::new_v4().to_string(), "ft-202601010000-0000".to_owned());
    for (kind, path, foreign, never) in [
        ("file", "/api/v1/files/", &file, &never.0),
        ("job", "/api/v1/fine-tunes/", &job, &never.1),
        ("job", "/v1/fine_tuning/jobs/", &job, &never.1),
    ] {
        let (mut times, mut answers) = ([Vec::new(), Vec::new()], std::collections::BTreeSet::new());
        for _ in 0..200 {
            for (index, id) in [foreign, never].into_iter().enumerate() {
                let began = std::time::Instant::now();
                answers.insert(answer(&cloud, &other, "GET", &format!("{path}{id}"), &Value::Null, id).await);
                times[index].push(began.elapsed());
            }
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        let [foreign, never] = times.map(|mut all| {
            all.sort_unstable();
            all[all.len() / 2]
        });
        println!("{kind} at {path}: median of 200: another's {foreign:?}, none {never:?}");
    }
}
