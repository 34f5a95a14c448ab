//! The five training types over the wire: what each is trained on, which settings it has, what becomes of its result.
//! Deliberately absent: the training itself, which the small engine only plays.

mod common;

use std::sync::atomic::Ordering;

use common::{Cloud, rows};
use pc_server::{SaveStrategy, TrainSpec, TrainingType};
use serde_json::{Value, json};

const TEXT: &str = r#"{"text":"Breakfast is at seven, in the Osmanthus room."}"#;
const PAIR: &str = r#"{"messages":[{"role":"user","content":"When?"}],"chosen":{"role":"assistant","content":"At seven."},"rejected":{"role":"assistant","content":"Later."}}"#;

fn good(training_type: &str) -> String {
    match training_type {
        "cpt" => format!("{TEXT}\n"),
        "dpo_full" | "dpo_lora" => format!("{PAIR}\n"),
        _ => rows(),
    }
}

async fn file(cloud: &Cloud, text: &str) -> String {
    let uploaded = cloud.upload("rows.jsonl", text).await;
    uploaded["data"]["uploaded_files"][0]["file_id"].as_str().unwrap().to_owned()
}

async fn asked(cloud: &Cloud, body: Value) -> Value {
    cloud.call("POST", "/api/v1/fine-tunes", body).await.1
}

/// Runs a job of a type to its end; answers it.
async fn trained(cloud: &Cloud, model: &str, training_type: &str, hyper: Value) -> Value {
    let file = file(cloud, &good(training_type)).await;
    let body = json!({"model": model, "training_file_ids": [file], "training_type": training_type,
        "hyper_parameters": hyper});
    let job = asked(cloud, body).await;
    let id = job["output"]["job_id"].as_str().unwrap_or_else(|| panic!("{training_type}: {job}"));
    let done = cloud.until(&format!("/api/v1/fine-tunes/{id}"), "SUCCEEDED").await;
    assert_eq!(done["training_type"], training_type);
    done
}

fn last(cloud: &Cloud) -> TrainSpec {
    cloud.engine.last.lock().unwrap().clone().expect("something was trained")
}

#[tokio::test]
async fn every_type_trains_on_its_own_rows_and_leaves_its_own_form() {
    let cloud = Cloud::new();
    for (training_type, weights, rate) in [
        ("sft", "model.safetensors", 1e-5),
        ("efficient_sft", "adapter_model.safetensors", 1e-4),
        ("cpt", "model.safetensors", 1e-5),
        ("dpo_full", "model.safetensors", 1e-5),
        ("dpo_lora", "adapter_model.safetensors", 1e-4),
    ] {
        let done = trained(&cloud, "tiny", training_type, json!({"n_epochs": 1})).await;
        let spec = last(&cloud);
        assert_eq!((spec.training_type.name(), spec.hyper.learning_rate), (training_type, rate));
        let path = format!("/api/v1/extensions/fine-tunes/{}/weights", done["job_id"].as_str().unwrap());
        let (_, manifest) = cloud.call("GET", &path, Value::Null).await;
        let names: Vec<&str> =
            manifest["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
        assert!(names.contains(&weights), "{training_type}: {names:?}");
    }
}

#[tokio::test]
async fn rows_of_another_type_fail_the_job_with_their_line() {
    let cloud = Cloud::new();
    for (training_type, rows, why) in [
        ("sft", format!("{}{TEXT}\n", rows()), "line 3: it has no messages"),
        ("efficient_sft", rows().replace("}]}", ",\"loss_weight\":2}]}"), "line 1: loss_weight must be above 0"),
        ("efficient_sft", rows().replace("}]}", ",\"weight\":1}]}"), "line 1: a message has the key weight"),
        ("cpt", format!("{TEXT}\n{}", rows()), "line 2: it has no text"),
        ("dpo_lora", format!("{PAIR}\n\n{}", rows()), "line 3: its messages do not end with the user's"),
        ("dpo_full", PAIR.replace("chosen", "taken"), "line 1: it has no chosen answer"),
        ("dpo_full", "{".to_owned(), "line 1: it is not JSON"),
        ("cpt", "\n".to_owned(), "rows.jsonl has no rows"),
    ] {
        let file = file(&cloud, &rows).await;
        let job =
            asked(&cloud, json!({"model": "tiny", "training_file_ids": [file], "training_type": training_type})).await;
        let path = format!("/api/v1/fine-tunes/{}", job["output"]["job_id"].as_str().unwrap());
        let failed = cloud.until(&path, "FAILED").await;
        assert_eq!(failed["code"], "InvalidData", "{training_type}");
        let (_, logs) = cloud.call("GET", &format!("{path}/logs"), Value::Null).await;
        assert!(logs["output"]["logs"].to_string().contains(why), "{training_type} wants {why:?}: {logs}");
    }
    assert_eq!(cloud.engine.trainings.load(Ordering::SeqCst), 0, "nothing was trained on any of it");
}

#[tokio::test]
async fn settings_reach_the_engine_and_what_a_type_has_not_is_refused() {
    let cloud = Cloud::new();
    let hyper = json!({"n_epochs": "2", "batch_size": 4, "max_length": 500, "learning_rate": "1.6e-5",
        "lr_scheduler_type": "Inverse_Sqrt", "warmup_ratio": 0.1, "weight_decay": "0.02", "eval_steps": 5,
        "logging_steps": 3, "split": 0.9, "max_split_val_dataset_sample": 7, "save_strategy": "steps", "save_steps": 10,
        "save_total_limit": 2, "data_augmentation": "false"});
    trained(&cloud, "tiny", "sft", hyper).await;
    let hyper = last(&cloud).hyper;
    assert_eq!((hyper.n_epochs, hyper.batch_size, hyper.max_length, hyper.learning_rate), (2, 4, 500, 1.6e-5));
    assert_eq!((hyper.lr_scheduler_type.as_str(), hyper.warmup_ratio, hyper.weight_decay), ("inverse_sqrt", 0.1, 0.02));
    assert_eq!((hyper.eval_steps, hyper.logging_steps, hyper.split), (5, 3, 0.9));
    assert_eq!((hyper.max_split_val_dataset_sample, hyper.save_total_limit), (7, 2));
    assert_eq!((hyper.save_strategy, hyper.save_steps), (SaveStrategy::Steps, 10));

    let file = file(&cloud, &good("sft")).await;
    for (training_type, name, value) in [
        ("sft", "lora_rank", json!(8)),
        ("cpt", "save_strategy", json!("epoch")),
        ("dpo_lora", "save_steps", json!(10)),
        ("efficient_sft", "beta", json!(0.1)),
        ("efficient_sft", "freeze_vit", json!(false)),
        ("sft", "augmentation_types", json!("mix_v2")),
    ] {
        let body = json!({"model": "tiny", "training_file_ids": [file], "training_type": training_type,
            "hyper_parameters": {name: value}});
        let refused = asked(&cloud, body).await;
        assert_eq!(refused["code"], "InvalidParameter");
        assert!(refused["message"].as_str().unwrap().contains(name), "{training_type}: {refused}");
    }
    let unknown = json!({"model": "tiny", "training_file_ids": [file], "training_type": "rlhf"});
    assert!(asked(&cloud, unknown).await["message"].as_str().unwrap().contains("dpo_full"), "the known ones are named");
}

#[tokio::test]
async fn a_result_of_either_form_is_trained_further() {
    let cloud = Cloud::new();
    let output = |done: Value| done["finetuned_output"].as_str().unwrap().to_owned();
    let first = json!({"lora_rank": 4, "lora_alpha": 12, "lora_dropout": 0.05});
    let adapter = output(trained(&cloud, "tiny", "efficient_sft", first).await);
    assert!(last(&cloud).start.is_none());

    let second = output(trained(&cloud, &adapter, "dpo_lora", json!({})).await);
    let spec = last(&cloud);
    assert_eq!(
        (spec.hyper.lora_rank, spec.hyper.lora_alpha, spec.hyper.lora_dropout),
        (4, 12, 0.05),
        "the first round's"
    );
    assert!(spec.start.is_some() && spec.base_model == "tiny");
    let file = file(&cloud, &good("efficient_sft")).await;
    let other = json!({"model": second, "training_file_ids": [file], "hyper_parameters": {"lora_rank": 8}});
    let refused = asked(&cloud, other).await;
    assert!(refused["message"].as_str().unwrap().contains("lora_rank must repeat"), "also after two rounds: {refused}");

    let whole = output(trained(&cloud, &adapter, "sft", json!({})).await);
    assert_eq!(last(&cloud).training_type, TrainingType::Sft);
    trained(&cloud, &whole, "efficient_sft", json!({"lora_rank": 32})).await;
    assert_eq!(last(&cloud).hyper.lora_rank, 32, "an adapter on a whole model is a new one");
}

#[tokio::test]
async fn a_whole_model_is_served_by_the_hour_only() {
    let cloud = Cloud::new();
    let whole = trained(&cloud, "tiny", "dpo_full", json!({})).await["finetuned_output"].clone();
    let deploy = async |plan: &str| {
        let body = json!({"model_name": whole, "plan": plan, "name": "whole", "capacity": 1});
        cloud.call("POST", "/api/v1/deployments", body).await.1
    };
    let refused = deploy("lora").await;
    assert_eq!(refused["code"], "InvalidParameter", "only adapters share their base: {refused}");
    let deployed = deploy("mu").await;
    let id = deployed["output"]["deployed_model"].as_str().unwrap_or_else(|| panic!("{deployed}"));
    cloud.until(&format!("/api/v1/deployments/{id}"), "RUNNING").await;
}

#[tokio::test]
async fn only_supervised_types_publish_checkpoints() {
    let cloud = Cloud::new();
    for (training_type, code) in [("sft", Value::Null), ("dpo_lora", json!("UnsupportedOperation"))] {
        let done = trained(&cloud, "tiny", training_type, json!({})).await;
        let path = format!("/api/v1/fine-tunes/{}/export/checkpoint-1", done["job_id"].as_str().unwrap());
        assert_eq!(cloud.call("GET", &path, Value::Null).await.1["code"], code, "{training_type}");
    }
}
