//! Fine-tunes: from created to succeeded, cancelled, failed and resumed; logs, checkpoints and the result's weights.

mod common;

use std::sync::atomic::Ordering;

use common::{Cloud, SmallEngine, WEIGHTS, holding, request};
use pc_server::Profile;
use serde_json::{Value, json};

#[tokio::test]
async fn a_job_succeeds_and_its_result_can_be_taken_home() {
    let cloud = Cloud::new();
    let job = cloud.tune(&cloud.dataset().await).await;
    let path = format!("/api/v1/fine-tunes/{job}");
    let done = cloud.until(&path, "SUCCEEDED").await;
    assert!(job.starts_with("ft-202611241000-") && job.len() == 20, "ft-yyyyMMddHHmm-4: {job}");
    assert_eq!(done["usage"], 1000, "usage is a number of tokens");
    assert_eq!(done["finetuned_output"], format!("tiny-{job}"));
    for field in ["modifier", "creator", "user_identity", "group", "end_time", "training_datasets", "max_output_cnt"] {
        assert!(done.get(field).is_some(), "{field} is declared, so it is always there");
    }
    let (_, logs) = cloud.call("GET", &format!("{path}/logs?offset=1&line=1"), Value::Null).await;
    assert!(
        logs["output"]["logs"][0].as_str().unwrap().starts_with("{'loss': 2.0, "),
        "the style of the trainer: {logs}"
    );
    let (_, logs) = cloud.call("GET", &format!("{path}/logs"), Value::Null).await;
    let lines = logs["output"]["logs"].as_array().unwrap();
    assert_eq!(lines.last().unwrap(), "##FT_COMPLETE##");
    assert!(lines.contains(&json!("training usage 1000")));
    assert_eq!(cloud.call("GET", &format!("{path}/logs?offset=999"), Value::Null).await.1["output"]["logs"], json!([]));

    let weights = format!("/api/v1/extensions/fine-tunes/{job}/weights");
    let (_, manifest) = cloud.call("GET", &weights, Value::Null).await;
    assert_eq!(manifest["base_model"], "tiny");
    let file = &manifest["files"][1];
    assert_eq!((&file["name"], &file["bytes"]), (&json!("adapter_model.safetensors"), &json!(WEIGHTS.len())));
    let key = format!("Bearer {}", cloud.keys.api_key.expose());
    let get = || request("GET", &format!("{weights}/adapter_model.safetensors")).header("authorization", &key);
    let (status, _, bytes) = cloud.send(get().body("".into()).unwrap()).await;
    assert_eq!((status.as_u16(), bytes.as_slice()), (200, WEIGHTS));
    let (status, headers, bytes) = cloud.send(get().header("range", "bytes=8-").body("".into()).unwrap()).await;
    assert_eq!((status.as_u16(), bytes.as_slice()), (206, &WEIGHTS[8..]));
    assert_eq!(headers["content-range"], format!("bytes 8-{}/{}", WEIGHTS.len() - 1, WEIGHTS.len()));
    assert_eq!(cloud.send(get().header("range", "bytes=999-").body("".into()).unwrap()).await.0, 416);
    assert!(holding(cloud.dir.path(), b"Osmanthus").is_empty(), "no training text stays open on disk");
    assert!(holding(cloud.dir.path(), WEIGHTS).is_empty(), "no weights stay open on disk");

    let (_, deleted) = cloud.call("DELETE", &path, Value::Null).await;
    assert_eq!(deleted["output"]["status"], "success");
    assert_eq!(cloud.call("GET", &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_job_and_its_result_have_names_of_their_own_for_people() {
    let cloud = Cloud::new();
    let mut asked = json!({"model": "tiny", "training_file_ids": [cloud.dataset().await], "job_name": "Monday"});
    asked["hyper_parameters"] = json!({"n_epochs": 1, "batch_size": 8, "max_length": 64});
    for (model_name, shown) in [(json!("Front desk"), "Front desk"), (Value::Null, "Monday")] {
        asked["model_name"] = model_name;
        let (_, job) = cloud.call("POST", "/api/v1/fine-tunes", asked.clone()).await;
        assert_eq!(job["output"]["job_name"], "Monday");
        let path = format!("/api/v1/fine-tunes/{}", job["output"]["job_id"].as_str().unwrap());
        cloud.until(&path, "SUCCEEDED").await;
        let (_, list) = cloud.call("GET", &format!("{path}/checkpoints"), Value::Null).await;
        let last = list["output"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["model_display_name"], shown, "the result's own name, else the job's");
    }
}

#[tokio::test]
async fn a_checkpoint_is_published_as_a_model_of_its_own() {
    let cloud = Cloud::new();
    let job = cloud.tune(&cloud.dataset().await).await;
    let path = format!("/api/v1/fine-tunes/{job}");
    cloud.until(&path, "SUCCEEDED").await;
    let (_, list) = cloud.call("GET", &format!("{path}/checkpoints"), Value::Null).await;
    let list = list["output"].as_array().unwrap().clone();
    assert_eq!((&list[0]["checkpoint"], &list[0]["status"]), (&json!("checkpoint-1"), &json!("PENDING")));
    assert_eq!(list[1]["status"], "SUCCEEDED", "the last one is the result");
    let (_, published) = cloud.call("GET", &format!("{path}/export/checkpoint-1?model_name=early"), Value::Null).await;
    assert_eq!(published["output"], true);
    let body =
        json!({"model_name": format!("tiny-{job}-checkpoint-1"), "plan": "lora", "name": "early", "capacity": 1});
    let (_, deployed) = cloud.call("POST", "/api/v1/deployments", body).await;
    let id = deployed["output"]["deployed_model"].as_str().unwrap();
    cloud.until(&format!("/api/v1/deployments/{id}"), "RUNNING").await;
    assert_eq!(cloud.call("DELETE", &path, Value::Null).await.1["code"], "Conflict", "a served model stays");
}

#[tokio::test]
async fn one_trains_the_others_wait_and_both_can_be_cancelled() {
    let cloud = Cloud::new();
    cloud.engine.hold.store(true, Ordering::SeqCst);
    let file = cloud.dataset().await;
    let (first, second) = (cloud.tune(&file).await, cloud.tune(&file).await);
    let (first, second) = (format!("/api/v1/fine-tunes/{first}"), format!("/api/v1/fine-tunes/{second}"));
    cloud.until(&first, "RUNNING").await;
    cloud.until(&second, "QUEUING").await;
    assert_eq!(cloud.call("DELETE", &first, Value::Null).await.1["code"], "UnsupportedOperation");
    assert_eq!(cloud.call("POST", &format!("{second}/cancel"), Value::Null).await.1["output"]["status"], "success");
    assert_eq!(cloud.until(&second, "CANCELED").await["usage"], 0);
    assert_eq!(cloud.call("POST", &format!("{first}/cancel"), Value::Null).await.0, 200);
    let ended = cloud.until(&first, "CANCELED").await;
    assert_eq!(ended["usage"], 500, "what was trained before is told");
    assert_eq!(cloud.call("POST", &format!("{first}/cancel"), Value::Null).await.1["code"], "UnsupportedOperation");
    assert_eq!(cloud.engine.trainings.load(Ordering::SeqCst), 1, "the second never began");
}

#[tokio::test]
async fn a_job_goes_on_from_its_checkpoint_after_a_restart() {
    let cloud = Cloud::new();
    cloud.engine.hold.store(true, Ordering::SeqCst);
    let job = cloud.tune(&cloud.dataset().await).await;
    let path = format!("/api/v1/fine-tunes/{job}");
    cloud.until(&path, "RUNNING").await;
    while cloud.call("GET", &format!("{path}/checkpoints"), Value::Null).await.1["output"] == json!([]) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let dir = tokio::task::spawn_blocking(move || cloud.close()).await.unwrap();
    assert!(holding(dir.path(), b"Osmanthus").is_empty(), "training text is closed before the end");
    let cloud = Cloud::open(dir, SmallEngine::default(), Profile::embedded());
    let done = cloud.until(&path, "SUCCEEDED").await;
    assert!(cloud.engine.resumed.load(Ordering::SeqCst), "the engine found its checkpoint");
    assert_eq!(done["usage"], 1000);
}

#[tokio::test]
async fn a_second_program_on_the_folder_is_told_so() {
    let cloud = Cloud::new();
    let options = pc_server::Options {
        data_dir: cloud.dir.path().to_owned(),
        profile: Profile::embedded(),
        prices: pc_server::PriceBook::built_in(),
    };
    let master = pc_secrets::MasterKey::generate();
    let refused = pc_server::State::open(options, master, cloud.engine.clone(), cloud.clock.clone()).err().unwrap();
    assert_eq!(pc_base::Failure::of(&refused, pc_base::Language::English).code, "home_locked");
}

#[tokio::test]
async fn bad_data_fails_the_job_with_its_line_in_the_log() {
    let cloud = Cloud::new();
    let uploaded = cloud.upload("bad.jsonl", &(common::rows() + "{\"text\": 1}\n")).await;
    let file = uploaded["data"]["uploaded_files"][0]["file_id"].as_str().unwrap();
    let path = format!("/api/v1/fine-tunes/{}", cloud.tune(file).await);
    let failed = cloud.until(&path, "FAILED").await;
    assert_eq!(failed["code"], "InvalidData");
    let (_, logs) = cloud.call("GET", &format!("{path}/logs"), Value::Null).await;
    assert!(logs["output"]["logs"].to_string().contains("bad.jsonl, line 3: it has no messages"), "{logs}");
    assert_eq!(cloud.engine.trainings.load(Ordering::SeqCst), 0, "nothing was trained on it");
}

#[tokio::test]
async fn a_dead_worker_fails_one_job_and_the_next_one_runs() {
    let cloud = Cloud::new();
    let file = cloud.dataset().await;
    cloud.engine.dies.store(true, Ordering::SeqCst);
    let failed = cloud.until(&format!("/api/v1/fine-tunes/{}", cloud.tune(&file).await), "FAILED").await;
    assert_eq!(failed["code"], "WorkerDied");
    assert!(failed["message"].as_str().unwrap().contains("killed"), "the reason is told: {failed}");
    cloud.engine.dies.store(false, Ordering::SeqCst);
    cloud.until(&format!("/api/v1/fine-tunes/{}", cloud.tune(&file).await), "SUCCEEDED").await;
}

#[tokio::test]
async fn a_data_set_deleted_while_the_job_waits_fails_it() {
    let cloud = Cloud::new();
    cloud.engine.hold.store(true, Ordering::SeqCst);
    let (kept, deleted) = (cloud.dataset().await, cloud.dataset().await);
    let (first, second) = (cloud.tune(&kept).await, cloud.tune(&deleted).await);
    cloud.until(&format!("/api/v1/fine-tunes/{first}"), "RUNNING").await;
    cloud.call("DELETE", &format!("/api/v1/files/{deleted}"), Value::Null).await;
    cloud.engine.hold.store(false, Ordering::SeqCst);
    assert_eq!(cloud.until(&format!("/api/v1/fine-tunes/{second}"), "FAILED").await["code"], "InvalidData");
    cloud.until(&format!("/api/v1/fine-tunes/{first}"), "SUCCEEDED").await;
}

#[tokio::test]
async fn a_request_that_cannot_be_honoured_is_refused_at_once() {
    let cloud = Cloud::new();
    let file = cloud.dataset().await;
    let refused = async |body: Value| cloud.call("POST", "/api/v1/fine-tunes", body).await;
    let (status, answer) = refused(json!({"model": "nothing", "training_file_ids": [file]})).await;
    assert_eq!((status.as_u16(), &answer["code"]), (404, &json!("ModelNotFound")));
    let (_, answer) = refused(json!({"model": "tiny", "training_file_ids": ["none"]})).await;
    assert_eq!((&answer["code"], &answer["message"]), (&json!("InvalidParameter"), &json!("File not found.")));
    let (_, answer) =
        refused(json!({"model": "tiny", "training_file_ids": [file], "hyper_parameters": {"beta": 1}})).await;
    assert!(answer["message"].as_str().unwrap().contains("beta"), "refused by name: {answer}");
    assert_eq!(refused(json!({"model": "tiny"})).await.0, 400);
    let by_datasets = json!({"model": "tiny", "training_datasets": [{"data_source_type": "file_id", "file_id": file}]});
    let (_, answer) = refused(by_datasets).await;
    assert_eq!(answer["output"]["training_file_ids"], json!([]), "data sets come back as data sets");
    assert_eq!(answer["output"]["training_datasets"][0]["file_id"], file);
}

#[tokio::test]
async fn validations_say_what_was_measured() {
    let cloud = Cloud::new();
    cloud.engine.evaluates.store(true, std::sync::atomic::Ordering::SeqCst);
    let job = cloud.tune(&cloud.dataset().await).await;
    let path = format!("/api/v1/fine-tunes/{job}");
    cloud.until(&path, "SUCCEEDED").await;
    let (status, all) = cloud.call("GET", &format!("{path}/validation-results"), Value::Null).await;
    let measured = json!({"job_id": job, "checkpoint": "checkpoint-1", "step": 1,
        "metrics": {"eval_loss": 1.25, "train_loss": 2.0}});
    assert_eq!((status.as_u16(), &all["output"]), (200, &json!([measured])));
    let (_, one) = cloud.call("GET", &format!("{path}/validation-details/checkpoint-1"), Value::Null).await;
    assert_eq!(one["output"], measured);
    let (_, last) = cloud.call("GET", &format!("{path}/validation-details/checkpoint-2"), Value::Null).await;
    assert_eq!(last["output"]["metrics"], json!({"train_loss": 1.0}), "what was not measured is not told");
    let (status, refused) = cloud.call("GET", &format!("{path}/validation-details/checkpoint-9"), Value::Null).await;
    assert_eq!((status.as_u16(), &refused["code"]), (404, &json!("NotFound")));
    let other = cloud.other();
    assert_eq!(cloud.call_as(&other, "GET", &format!("{path}/validation-results"), Value::Null).await.0, 404);
}
