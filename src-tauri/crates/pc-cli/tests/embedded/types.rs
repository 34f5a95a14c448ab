//! Every training type through its worker to a model that answers, with a cancel and a kill on the way.
//! Deliberately absent: how well a tiny model learns, which `pc-trainer` holds.

use pc_testkit::tiny_rows;
use serde_json::{Value, json};

use crate::common::{BASE, Served, children, data, holding, home, signal};

const WORKER: &str = "hidden-training-worker";

fn lines(training_type: &str, count: usize) -> String {
    let text = |n: usize| format!("{{\"text\":\"Room {n} has breakfast at seven.\"}}\n");
    let pair = |n: usize| {
        let answer = |text: &str| json!({"role": "assistant", "content": text});
        let asked = json!([{"role": "user", "content": format!("Breakfast in room {n}?")}]);
        json!({"messages": asked, "chosen": answer("At seven."), "rejected": answer("No.")}).to_string() + "\n"
    };
    match training_type {
        "cpt" => (0..count).map(text).collect(),
        "dpo_full" | "dpo_lora" => (0..count).map(pair).collect(),
        _ => tiny_rows(count),
    }
}

fn short() -> Value {
    json!({"n_epochs": 1, "batch_size": 2, "max_length": 256, "learning_rate": "1e-3"})
}

fn done(cloud: &Served, job: &str) -> Value {
    let done = cloud.http.until(&format!("/api/v1/fine-tunes/{job}"), &["FAILED", "SUCCEEDED"]);
    assert_eq!(done["status"], "SUCCEEDED", "{done} {:#?}", cloud.http.logs(job));
    done
}

/// Serves a model by the hour, asks it, and stops serving it.
fn answers(cloud: &Served, model: &str) {
    let body = json!({"model_name": model, "plan": "mu", "name": "types", "capacity": 1});
    let deployed = cloud.http.call("POST", "/api/v1/deployments", &body);
    let name = deployed["output"]["deployed_model"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/deployments/{name}");
    let up = cloud.http.until(&path, &["RUNNING", "FAILED"]);
    assert_eq!(up["status"], "RUNNING", "{up}");
    let ask = json!({"model": name, "input": {"messages": [{"role": "user", "content": "Breakfast?"}]},
        "parameters": {"max_tokens": 4, "result_format": "message"}});
    let said = cloud.http.call("POST", "/api/v1/services/aigc/text-generation/generation", &ask);
    assert!(said["usage"]["output_tokens"].as_u64() > Some(0), "{said}");
    cloud.http.call("DELETE", &path, &Value::Null);
}

#[test]
fn every_type_ends_as_a_model_that_answers() {
    let home = home();
    let cloud = Served::start(&home);
    for training_type in ["sft", "efficient_sft", "cpt", "dpo_full", "dpo_lora"] {
        let job = cloud.http.tune_on(BASE, training_type, &lines(training_type, 6), &short());
        let model = done(&cloud, &job)["finetuned_output"].as_str().unwrap().to_owned();
        answers(&cloud, &model);
        let logs = cloud.http.logs(&job).join("\n");
        assert_eq!(logs.contains("'rewards/margins'"), training_type.starts_with("dpo"), "{training_type}: {logs}");
    }
    assert!(holding(&data(&home), b"has breakfast at seven").is_empty(), "no row of the data lies open");
    cloud.end();
}

#[test]
fn a_whole_model_is_trained_further_with_an_adapter_that_is_merged_into_it() {
    let home = home();
    let cloud = Served::start(&home);
    let first = cloud.http.tune_on(BASE, "sft", &lines("sft", 6), &short());
    let whole = done(&cloud, &first)["finetuned_output"].as_str().unwrap().to_owned();
    let second = cloud.http.tune_on(&whole, "dpo_lora", &lines("dpo_lora", 4), &short());
    let model = done(&cloud, &second)["finetuned_output"].as_str().unwrap().to_owned();
    let manifest = cloud.http.get(&format!("/api/v1/extensions/fine-tunes/{second}/weights"));
    let names = manifest["files"].to_string();
    assert!(names.contains("model.safetensors") && names.contains("tokenizer.json"), "{names}");
    answers(&cloud, &model);
    cloud.end();
}

#[test]
fn training_of_every_weight_is_cancelled_and_goes_on_after_a_kill() {
    let home = home();
    let cloud = Served::start(&home);
    let long = json!({"n_epochs": 200, "batch_size": 1, "max_length": 256, "logging_steps": 7});
    let job = cloud.http.tune_on(BASE, "sft", &lines("sft", 30), &long);
    cloud.http.until_logged(&job, "'loss'");
    let path = format!("/api/v1/fine-tunes/{job}");
    cloud.http.call("POST", &format!("{path}/cancel"), &Value::Null);
    let ended = cloud.http.until(&path, &["CANCELED", "FAILED", "SUCCEEDED"]);
    assert!(ended["status"] == "CANCELED" && ended["usage"].as_u64() > Some(0), "{ended}");

    let hyper = json!({"n_epochs": 6, "batch_size": 1, "max_length": 256, "save_steps": 5, "save_total_limit": 3});
    let job = cloud.http.tune_on(BASE, "sft", &lines("sft", 30), &hyper);
    cloud.http.until_logged(&job, "checkpoint-10");
    signal("KILL", cloud.child.id());
    drop(cloud);
    let cloud = Served::start(&home);
    done(&cloud, &job);
    let logs = cloud.http.logs(&job);
    let resumed = logs.iter().filter_map(|line| line.split_once("'resumed_from_step': ")?.1.strip_suffix('}'));
    let starts: Vec<u64> = resumed.map(|step| step.parse().unwrap()).collect();
    assert!(starts.len() == 2 && starts[1] >= 5, "it goes on where it had saved: {logs:#?}");
    let listed = cloud.http.get(&format!("/api/v1/fine-tunes/{job}/checkpoints"))["output"].clone();
    let waiting = listed.as_array().unwrap().iter().filter(|row| row["status"] == "PENDING").count();
    assert_eq!(waiting, 3, "the limit holds in the cloud, too: {listed}");
    assert!(children(cloud.child.id(), WORKER).is_empty());
    cloud.end();
}
