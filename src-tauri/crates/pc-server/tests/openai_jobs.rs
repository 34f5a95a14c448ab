//! OpenAI's fine-tuning jobs over the native table: creating, pausing and going on, events, checkpoints, and the result,
//! which answers without a deployment.

mod common;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::{Cloud, SmallEngine};
use pc_server::{KeyWish, Profile, Scope};
use serde_json::{Value, json};

const JOBS: &str = "/v1/fine_tuning/jobs";

async fn created(cloud: &Cloud, more: Value) -> Value {
    let mut body = json!({"model": "tiny", "training_file": cloud.dataset().await});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, job) = cloud.call("POST", JOBS, body).await;
    assert_eq!(status, 200, "{job}");
    job
}

async fn until(cloud: &Cloud, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let (_, job) = cloud.call("GET", &format!("{JOBS}/{id}"), Value::Null).await;
        if wanted(&job) {
            return job;
        }
        assert!(Instant::now() < until, "{job}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn id_of(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_job_has_openais_shape_and_is_the_native_one() {
    let cloud = Cloud::new();
    let job = created(
        &cloud,
        json!({"suffix": "desk", "seed": 7, "metadata": {"team": "night"},
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1, "batch_size": 2,
                "learning_rate_multiplier": "auto"}}}}),
    )
    .await;
    assert_eq!((&job["object"], &job["status"]), (&json!("fine_tuning.job"), &json!("validating_files")));
    assert_eq!((&job["seed"], &job["fine_tuned_model"], &job["error"]), (&json!(7), &Value::Null, &Value::Null));
    let hyper = json!({"n_epochs": 1, "batch_size": 2, "learning_rate_multiplier": "auto"});
    assert_eq!((&job["hyperparameters"], &job["method"]["supervised"]["hyperparameters"]), (&hyper, &hyper));
    let id = id_of(&job);
    let done = until(&cloud, &id, |job| job["status"] == "succeeded").await;
    assert_eq!(done["trained_tokens"], 1000);
    assert!(done["fine_tuned_model"].as_str().unwrap().contains("-desk-"), "{done}");
    assert!(done["finished_at"].as_i64().is_some());
    let (_, native) = cloud.call("GET", &format!("/api/v1/fine-tunes/{id}"), Value::Null).await;
    assert_eq!(native["output"]["hyper_parameters"], json!({"n_epochs": 1, "batch_size": 2, "seed": 7}));
    let theirs = cloud.tune(&cloud.dataset().await).await;
    let (_, shown) = cloud.call("GET", &format!("{JOBS}/{theirs}"), Value::Null).await;
    assert_eq!(shown["method"]["type"], "supervised", "a native job is shown in these words, too");
    let other = cloud.other();
    assert_eq!(cloud.call_as(&other, "GET", &format!("{JOBS}/{id}"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn lists_go_by_cursor_and_metadata() {
    let cloud = Cloud::new();
    let mut ids = Vec::new();
    for team in ["day", "night", "day"] {
        ids.push(id_of(&created(&cloud, json!({"metadata": {"team": team}})).await));
    }
    let bare = id_of(&created(&cloud, json!({})).await);
    let list = async |query: &str| {
        let (_, page) = cloud.call("GET", &format!("{JOBS}?{query}"), Value::Null).await;
        let rows: Vec<String> = page["data"].as_array().unwrap_or(&Vec::new()).iter().map(id_of).collect();
        (rows, page["has_more"] == true)
    };
    assert_eq!(list("limit=2").await, (vec![bare.clone(), ids[2].clone()], true));
    assert_eq!(list(&format!("limit=2&after={}", ids[2])).await, (vec![ids[1].clone(), ids[0].clone()], false));
    assert_eq!(list("metadata[team]=day&limit=1").await, (vec![ids[2].clone()], true));
    assert_eq!(list(&format!("metadata%5Bteam%5D=day&after={}", ids[2])).await, (vec![ids[0].clone()], false));
    assert_eq!(list("metadata=null").await, (vec![bare], false));
    for (query, param) in [("limit=0", "limit"), ("after=none", "after"), ("colour=red", "colour")] {
        let (status, refused) = cloud.call("GET", &format!("{JOBS}?{query}"), Value::Null).await;
        assert_eq!((status.as_u16(), &refused["error"]["param"]), (400, &json!(param)));
    }
}

#[tokio::test]
async fn a_paused_job_waits_and_goes_on_from_its_checkpoint() {
    let cloud = Cloud::new();
    cloud.engine.hold.store(true, Ordering::SeqCst);
    let id = id_of(&created(&cloud, json!({})).await);
    until(&cloud, &id, |job| job["status"] == "running").await;
    let checkpoints = format!("{JOBS}/{id}/checkpoints");
    let deadline = Instant::now() + Duration::from_secs(10);
    while cloud.call("GET", &checkpoints, Value::Null).await.1["data"] == json!([]) {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (status, paused) = cloud.call("POST", &format!("{JOBS}/{id}/pause"), Value::Null).await;
    assert_eq!((status.as_u16(), &paused["status"]), (200, &json!("queued")), "OpenAI has no word for it");
    // Until its training has stopped; then another job can run.
    let native = format!("/api/v1/fine-tunes/{id}");
    cloud.until(&native, "QUEUING").await;
    cloud.engine.hold.store(false, Ordering::SeqCst);
    let second = id_of(&created(&cloud, json!({})).await);
    until(&cloud, &second, |job| job["status"] == "succeeded").await;
    assert_eq!(cloud.call("GET", &format!("{JOBS}/{id}"), Value::Null).await.1["status"], "queued");
    assert!(!cloud.engine.resumed.load(Ordering::SeqCst));
    cloud.call("POST", &format!("{JOBS}/{id}/resume"), Value::Null).await;
    let done = until(&cloud, &id, |job| job["status"] == "succeeded").await;
    assert_eq!((cloud.engine.resumed.load(Ordering::SeqCst), &done["trained_tokens"]), (true, &json!(1000)));
    let (_, events) = cloud.call("GET", &format!("{JOBS}/{id}/events?limit=100"), Value::Null).await;
    let said: Vec<&str> = events["data"].as_array().unwrap().iter().filter_map(|row| row["message"].as_str()).collect();
    for message in
        ["The job was paused.", "The training was paused.", "Trained tokens so far: 500", "The job was resumed."]
    {
        assert!(said.contains(&message), "{message} is not in {said:?}");
    }
    for what in ["pause", "resume", "cancel"] {
        let (status, refused) = cloud.call("POST", &format!("{JOBS}/{id}/{what}"), Value::Null).await;
        assert_eq!((status.as_u16(), &refused["error"]["param"]), (400, &json!("fine_tuning_job_id")), "{what}");
    }
    assert_eq!(cloud.call("POST", &format!("{JOBS}/ft-none/pause"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_paused_job_stays_so_over_a_restart_and_then_goes_on_where_it_was() {
    let cloud = Cloud::new();
    cloud.engine.hold.store(true, Ordering::SeqCst);
    let id = id_of(&created(&cloud, json!({})).await);
    until(&cloud, &id, |job| job["estimated_finish"].is_i64()).await;
    cloud.call("POST", &format!("{JOBS}/{id}/pause"), Value::Null).await;
    cloud.until(&format!("/api/v1/fine-tunes/{id}"), "QUEUING").await;
    let cloud = Cloud::open(cloud.close(), SmallEngine::default(), Profile::embedded());
    let second = id_of(&created(&cloud, json!({})).await);
    until(&cloud, &second, |job| job["status"] == "succeeded").await;
    assert_eq!(cloud.call("GET", &format!("{JOBS}/{id}"), Value::Null).await.1["status"], "queued");
    cloud.call("POST", &format!("{JOBS}/{id}/resume"), Value::Null).await;
    let done = until(&cloud, &id, |job| job["status"] == "succeeded").await;
    assert!(cloud.engine.resumed.load(Ordering::SeqCst), "its checkpoint outlived the program");
    let model = done["fine_tuned_model"].as_str().unwrap();
    let cloud = Cloud::open(cloud.close(), SmallEngine::default(), Profile::embedded());
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(cloud.call("POST", "/v1/chat/completions", body).await.0, 200, "and so does what answers at once");
}

#[tokio::test]
async fn a_paused_job_that_is_cancelled_is_charged_for_what_it_trained() {
    let cloud = Cloud::new();
    cloud.engine.hold.store(true, Ordering::SeqCst);
    let id = id_of(&created(&cloud, json!({})).await);
    let running = |job: &Value| job["estimated_finish"].is_i64();
    until(&cloud, &id, running).await;
    cloud.call("POST", &format!("{JOBS}/{id}/pause"), Value::Null).await;
    cloud.until(&format!("/api/v1/fine-tunes/{id}"), "QUEUING").await;
    let (_, cancelled) = cloud.call("POST", &format!("{JOBS}/{id}/cancel"), Value::Null).await;
    assert_eq!((&cancelled["status"], &cancelled["trained_tokens"]), (&json!("cancelled"), &json!(500)));
    assert!(!cloud.dir.path().join("work").join(&id).exists(), "its checkpoints are gone");
}

#[tokio::test]
async fn events_are_newest_first_and_carry_the_losses() {
    let cloud = Cloud::new();
    let id = id_of(&created(&cloud, json!({})).await);
    until(&cloud, &id, |job| job["status"] == "succeeded").await;
    let events = async |query: &str| cloud.call("GET", &format!("{JOBS}/{id}/events{query}"), Value::Null).await.1;
    let all = events("?limit=100").await;
    let rows = all["data"].as_array().unwrap();
    assert_eq!(rows.last().unwrap()["message"], format!("Created fine-tuning job: {id}"));
    let metrics: Vec<&Value> = rows.iter().filter(|event| event["type"] == "metrics").collect();
    assert_eq!((&metrics[1]["data"]["train_loss"], &metrics[1]["data"]["step"]), (&json!(2.0), &json!(1)));
    let first = events("?limit=3").await;
    let rest = events(&format!("?limit=100&after={}", first["last_id"].as_str().unwrap())).await;
    let joined: Vec<&Value> = [&first, &rest].iter().flat_map(|page| page["data"].as_array().unwrap()).collect();
    assert_eq!((joined.len(), &first["has_more"]), (rows.len(), &json!(true)));
    assert_eq!(cloud.call("GET", &format!("{JOBS}/{id}/events?after=x"), Value::Null).await.0, 400);
}

#[tokio::test]
async fn results_and_checkpoints_answer_without_a_deployment_until_they_are_deleted() {
    let cloud = Cloud::new();
    let id = id_of(&created(&cloud, json!({})).await);
    let job = until(&cloud, &id, |job| job["status"] == "succeeded").await;
    let model = job["fine_tuned_model"].as_str().unwrap();
    let ask = async |path: &str, model: &str| {
        let body = json!({"model": model, "messages": [{"role": "developer", "content": "hi"}]});
        cloud.call("POST", path, body).await
    };
    let (status, answer) = ask("/v1/chat/completions", model).await;
    assert_eq!((status.as_u16(), &answer["model"]), (200, &json!(model)), "{answer}");
    assert_eq!(ask("/compatible-mode/v1/chat/completions", model).await.0, 404, "there it needs a deployment");
    let (_, list) = cloud.call("GET", &format!("{JOBS}/{id}/checkpoints"), Value::Null).await;
    let rows = list["data"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["step_number"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(
        (&rows[0]["fine_tuned_model_checkpoint"], &rows[1]["metrics"]["train_loss"]),
        (&json!(model), &json!(2.0))
    );
    let first = rows[1]["fine_tuned_model_checkpoint"].as_str().unwrap();
    let scope = Scope { models: Some(vec!["another".into()]), ..Scope::default() };
    let wish = KeyWish { workspace: cloud.keys.workspace.clone(), scope, ..KeyWish::default() };
    let (_, limited) = cloud.state.key_make(&wish).unwrap();
    let body = json!({"model": first, "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(cloud.call_as(limited.expose(), "POST", "/v1/chat/completions", body).await.0, 403);
    let (_, models) = cloud.call("GET", "/v1/models", Value::Null).await;
    assert!(
        !models["data"].as_array().unwrap().iter().any(|row| row["id"] == first),
        "what it may not use it does not make"
    );
    assert_eq!(ask("/v1/chat/completions", first).await.0, 200);
    let other = cloud.other();
    let path = format!("/v1/models/{model}");
    assert_eq!(cloud.call_as(&other, "DELETE", &path, Value::Null).await.0, 404);
    let (_, shown) = cloud.call("GET", &path, Value::Null).await;
    assert_eq!(shown["object"], "model");
    let (_, gone) = cloud.call("DELETE", &path, Value::Null).await;
    assert_eq!(gone, json!({"id": model, "object": "model", "deleted": true}));
    let (status, refused) = ask("/v1/chat/completions", model).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (404, &json!("model_not_found")));
    assert_eq!(ask("/v1/chat/completions", first).await.0, 200, "the checkpoint is a model of its own");
    assert_eq!(cloud.call("DELETE", "/v1/models/tiny", Value::Null).await.0, 403);
    let (status, refused) = cloud.call("GET", "/v1/models/none", Value::Null).await;
    assert_eq!((status.as_u16(), &refused["error"]["param"]), (404, &json!("model")));
}

#[tokio::test]
async fn what_cannot_be_tuned_is_refused_by_its_name() {
    let cloud = Cloud::new();
    let file = cloud.dataset().await;
    let (_, batch) = cloud.form("/v1/files", &[("purpose", "batch")], "file", b"{}").await;
    let with = |more: Value| {
        let mut body = json!({"model": "tiny", "training_file": file});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let long: String = "x".repeat(65);
    for (body, status, param) in [
        (with(json!({"model": "none"})), 404, "model"),
        (with(json!({"training_file": "file-none"})), 400, "training_file"),
        (with(json!({"validation_file": batch["id"]})), 400, "validation_file"),
        (with(json!({"suffix": long})), 400, "suffix"),
        (with(json!({"seed": -1})), 400, "seed"),
        (with(json!({"metadata": {"a": 1}})), 400, "metadata"),
        (with(json!({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]})), 400, "integrations"),
        (with(json!({"method": {"type": "reinforcement"}})), 400, "method.type"),
        (with(json!({"hyperparameters": {"n_epochs": 0}})), 400, "hyperparameters.n_epochs"),
        (
            with(json!({"hyperparameters": {"learning_rate_multiplier": -1}})),
            400,
            "hyperparameters.learning_rate_multiplier",
        ),
        (with(json!({"colour": "red"})), 400, "colour"),
        (json!({"model": "tiny"}), 400, "training_file"),
    ] {
        let (found, refused) = cloud.call("POST", JOBS, body.clone()).await;
        assert_eq!((found.as_u16(), &refused["error"]["param"]), (status, &json!(param)), "{body}: {refused}");
    }
}
