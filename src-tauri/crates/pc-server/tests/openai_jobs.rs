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

#[tokio::test]
async fn a_succeeded_job_has_a_result_file_with_what_it_measured() {
    let cloud = Cloud::new();
    let id = id_of(&created(&cloud, json!({})).await);
    let job = until(&cloud, &id, |job| job["status"] == "succeeded").await;
    let files = job["result_files"].as_array().unwrap();
    assert_eq!(files.len(), 1, "{job}");
    let file = files[0].as_str().unwrap();
    let (_, shown) = cloud.call("GET", &format!("/v1/files/{file}"), Value::Null).await;
    assert_eq!((&shown["purpose"], &shown["status"]), (&json!("fine-tune-results"), &json!("processed")));
    let (status, csv) = cloud.call("GET", &format!("/v1/files/{file}/content"), Value::Null).await;
    let columns = "step,train_loss,train_accuracy,train_mean_token_accuracy,valid_loss,valid_mean_token_accuracy";
    assert_eq!((status.as_u16(), csv), (200, json!(format!("{columns}\n1,2,,,,\n2,1,,,,\n"))));
    assert_eq!(shown["bytes"], columns.len() + 17);
    let (_, list) = cloud.call("GET", "/v1/files?purpose=fine-tune-results", Value::Null).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let other = cloud.other();
    assert_eq!(cloud.call_as(&other, "GET", &format!("/v1/files/{file}/content"), Value::Null).await.0, 404);
    assert_eq!(cloud.call("DELETE", &format!("/v1/files/{file}"), Value::Null).await.0, 200);
    let (_, job) = cloud.call("GET", &format!("{JOBS}/{id}"), Value::Null).await;
    assert_eq!(job["result_files"], json!([]), "one that was deleted is not promised");
}

#[tokio::test]
async fn a_checkpoint_is_shared_with_another_project_of_the_account_and_no_one_else() {
    let cloud = Cloud::new();
    let id = id_of(&created(&cloud, json!({})).await);
    until(&cloud, &id, |job| job["status"] == "succeeded").await;
    let (_, list) = cloud.call("GET", &format!("{JOBS}/{id}/checkpoints"), Value::Null).await;
    let checkpoint = list["data"][1]["fine_tuned_model_checkpoint"].as_str().unwrap();
    let account = cloud.state.own_account().unwrap();
    let project = cloud.state.workspace_add_to(account, "second").unwrap().id;
    let member = cloud.state.credentials_of(&project, None).unwrap().api_key.expose().clone();
    let stranger = cloud.state.workspace_add("stranger").unwrap();
    let strange = cloud.state.credentials_of(&stranger, None).unwrap();
    let admin = cloud.keys.admin_api_key.expose();
    let path = format!("/v1/fine_tuning/checkpoints/{checkpoint}/permissions");
    let asked = async |key: &str| {
        let body = json!({"model": checkpoint, "messages": [{"role": "user", "content": "hi"}]});
        cloud.call_as(key, "POST", "/v1/chat/completions", body).await.0.as_u16()
    };
    assert_eq!(asked(&member).await, 404);
    let share = |project: &str| json!({"project_ids": [project]});
    assert_eq!(cloud.call("POST", &path, share(&project)).await.0, 403, "it needs the account's admin key");
    let theirs = strange.admin_api_key.expose();
    assert_eq!(cloud.call_as(theirs, "POST", &path, share(&stranger)).await.0, 404, "of another account");
    let (status, refused) = cloud.call_as(admin, "POST", &path, share(&stranger)).await;
    assert_eq!((status.as_u16(), &refused["error"]["param"]), (400, &json!("project_ids")));
    let (status, made) = cloud.call_as(admin, "POST", &path, share(&project)).await;
    assert_eq!(status, 200, "{made}");
    let row = &made["data"][0];
    assert_eq!((&row["object"], &row["project_id"]), (&json!("checkpoint.permission"), &json!(project)));
    let (_, again) = cloud.call_as(admin, "POST", &path, share(&project)).await;
    assert_eq!(made["data"], again["data"], "the same twice is one thing");
    assert_eq!((asked(&member).await, asked(strange.api_key.expose()).await), (200, 404));
    // Its own project has to be among the models that it may train further, too.
    let uploaded = cloud.upload_as(&member, "/api/v1/files", "files", "a.jsonl", &common::rows()).await.1;
    let file = uploaded["data"]["uploaded_files"][0]["file_id"].as_str().unwrap();
    let further = json!({"model": checkpoint, "training_file_ids": [file], "training_type": "efficient_sft"});
    let (status, job) = cloud.call_as(&member, "POST", "/api/v1/fine-tunes", further).await;
    assert_eq!(status, 200, "{job}");
    let job = format!("/api/v1/fine-tunes/{}", job["output"]["job_id"].as_str().unwrap());
    let ends = Instant::now() + Duration::from_secs(10);
    loop {
        let (_, seen) = cloud.call_as(&member, "GET", &job, Value::Null).await;
        if seen["output"]["status"] == "SUCCEEDED" {
            break;
        }
        assert!(Instant::now() < ends && seen["output"]["status"] != "FAILED", "{seen}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let models = cloud.call_as(&member, "GET", "/v1/models", Value::Null).await.1;
    assert!(models["data"].as_array().unwrap().iter().any(|row| row["id"] == checkpoint));
    assert_eq!(cloud.call_as(&member, "DELETE", &format!("/v1/models/{checkpoint}"), Value::Null).await.0, 404);
    for (query, count) in [("", 1), ("?order=ascending", 1), (&*format!("?project_id={stranger}"), 0)] {
        let (_, list) = cloud.call_as(admin, "GET", &format!("{path}{query}"), Value::Null).await;
        assert_eq!(list["data"].as_array().map(Vec::len), Some(count), "{query}: {list}");
    }
    let one = format!("{path}/{}", row["id"].as_str().unwrap());
    let (status, gone) = cloud.call_as(admin, "DELETE", &one, Value::Null).await;
    assert_eq!((status.as_u16(), &gone["deleted"]), (200, &json!(true)));
    assert_eq!(cloud.call_as(admin, "DELETE", &one, Value::Null).await.0, 404);
    assert_eq!(asked(&member).await, 404, "what was withdrawn is closed");
}

#[tokio::test]
async fn steps_without_a_line_of_their_own_are_charged_although_the_process_was_killed() {
    let cloud = Cloud::new();
    cloud.engine.hold.store(true, Ordering::SeqCst);
    cloud.engine.unlogged.store(123, Ordering::SeqCst);
    let id = id_of(&created(&cloud, json!({})).await);
    until(&cloud, &id, |job| job["estimated_finish"].is_i64()).await;
    // What the database holds now is all that is left after a kill.
    let killed = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let database = rusqlite::Connection::open(cloud.dir.path().join("cloud.db")).unwrap();
    let trained = || database.query_row("SELECT trained FROM jobs", [], |row| row.get::<_, u64>(0)).unwrap();
    let ends = Instant::now() + Duration::from_secs(10);
    while trained() < 623 {
        assert!(Instant::now() < ends);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    database.execute("VACUUM INTO ?1", [killed.path().join("cloud.db").to_str().unwrap()]).unwrap();
    // Paused, so that it does not begin anew before it is cancelled.
    let copy = rusqlite::Connection::open(killed.path().join("cloud.db")).unwrap();
    assert_eq!(copy.execute("UPDATE jobs SET paused = 1", []).unwrap(), 1);
    drop(copy);
    let after = Cloud::open(killed, SmallEngine { hold: true.into(), ..SmallEngine::default() }, Profile::embedded());
    let (_, cancelled) = after.call("POST", &format!("{JOBS}/{id}/cancel"), Value::Null).await;
    assert_eq!(cancelled["trained_tokens"], 623, "to the last step that was known");
}
