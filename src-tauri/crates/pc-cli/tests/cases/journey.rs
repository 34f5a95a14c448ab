//! From a file to an answer and its bill, through the table alone.

use serde_json::{Value, json};

use crate::common::{BASE, Console, tune};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_becomes_a_model_that_answers_here_and_in_the_cloud_and_is_billed() {
    let console = Console::open();
    let path = console.rows(30);
    let dataset = uploaded(&console, &path).await;
    let job = trained(&console, &dataset).await;
    let model = taken_home(&console, &job).await;
    answers_here(&console, &model).await;
    let key = served(&console, &model).await;
    billed(&console).await;
    assert!(!console.has_said(&key), "the key is in no answer but the one that was asked for it");
    console.close().await;
}

async fn uploaded(console: &Console, path: &str) -> String {
    let (report, _) = console.stream("dataset_check", json!({ "path": path })).await;
    assert_eq!((&report["rows"], &report["good_rows"]), (&json!(30), &json!(30)));
    let errors = report["findings"].as_array().unwrap().iter().filter(|found| found["severity"] == "error").count();
    assert_eq!(errors, 0, "rows that are somewhat alike are warned of: {report}");
    let (row, events) = console.stream("dataset_upload", json!({"path": path, "description": "d"})).await;
    assert!(events.iter().any(|event| event["stage"] == "upload"), "its progress is told: {events:?}");
    assert_eq!((&row["rows"], &row["sha256"]), (&json!(30), &report["sha256"]), "what was counted is kept");
    let list = console.call("dataset_list", json!({})).await;
    assert_eq!(list, json!([row]));
    row["id"].as_str().unwrap().to_owned()
}

async fn trained(console: &Console, dataset: &str) -> String {
    let estimate = console.call("tune_estimate", tune(dataset)).await;
    assert_eq!(estimate["tokens_low"], estimate["tokens_high"], "the tokenizer is here, so tokens are counted");
    assert!(estimate["tokens_low"].as_u64() > Some(0) && estimate["seconds_low"].is_null(), "{estimate}");
    let mut changes = console.app.changes();
    let started = console.call("tune_start", tune(dataset)).await;
    let job = json!({ "job_id": started["job_id"] });
    let (done, events) = console.stream("tune_watch", job.clone()).await;
    assert_eq!(done["status"], "SUCCEEDED", "{done}");
    let steps: Vec<u64> = events
        .iter()
        .flat_map(|event| event["metrics"].as_array().unwrap().iter().filter_map(|metric| metric["step"].as_u64()))
        .collect();
    let metrics = console.call("tune_metrics", job.clone()).await;
    let all: Vec<u64> =
        metrics["metrics"].as_array().unwrap().iter().filter_map(|metric| metric["step"].as_u64()).collect();
    assert_eq!(steps, all, "each step is told once, in order");
    assert_eq!((&done["step"], &done["total_steps"]), (&json!(16), &json!(16)), "30 rows by 4, twice");
    let epochs = estimate["tokens_low"].as_u64().unwrap() * 2;
    assert_eq!(done["tokens"], epochs, "the estimate counts what is trained and billed");
    assert!(changes.try_recv().is_ok(), "what changed was broadcast");
    let again = console.call("tune_estimate", tune(dataset)).await;
    assert!(again["seconds_high"].as_u64().is_some(), "now the speed is known: {again}");
    let logs = console.call("tune_logs", json!({"job_id": started["job_id"], "offset": 0})).await;
    assert!(logs["total"].as_u64() >= Some(16));
    started["job_id"].as_str().unwrap().to_owned()
}

async fn taken_home(console: &Console, job: &str) -> String {
    let (row, _) = console.stream("model_pull", json!({ "job_id": job })).await;
    assert_eq!((&row["origin"], &row["base_model"], &row["job_id"]), (&json!("tuned"), &json!(BASE), &json!(job)));
    let (again, _) = console.stream("model_pull", json!({ "job_id": job })).await;
    assert_eq!(again, row, "it is here once");
    let tune = console.call("tune_get", json!({ "job_id": job })).await;
    assert_eq!((&tune["pulled"], &tune["output_model"]), (&json!(true), &row["model"]), "one name from job to model");
    let model = row["model"].as_str().unwrap().to_owned();
    let (row, _) = console.stream("model_convert", json!({"model": model, "quant": "f32"})).await;
    assert_eq!(row["formats"][0]["quant"], "f32");
    assert!(row["formats"][0]["bytes"].as_u64() > Some(0));
    model
}

fn ask(target: &Value) -> Value {
    json!({"target": target, "messages": [{"role": "user", "content": "几点退房？"}], "max_tokens": 8,
        "temperature": 0.0, "top_p": 1.0, "seed": null})
}

async fn answers_here(console: &Console, model: &str) {
    for name in [BASE, model] {
        let target = json!({"kind": "local", "model": name, "quant": "f32"});
        let (done, events) = console.stream("chat_send", ask(&target)).await;
        let text: String = events.iter().filter_map(|event| event["text"].as_str()).collect();
        assert_eq!(done["text"], text, "the stream is the answer");
        assert!(done["output_tokens"].as_u64() > Some(0) && done["input_tokens"].as_u64() > Some(0), "{done}");
    }
}

/// Deploys and asks the cloud; answers the key.
async fn served(console: &Console, model: &str) -> String {
    let create = json!({"model_name": model, "name": "front desk", "plan": "lora"});
    let row = console.call("deployment_create", create).await;
    assert_eq!(row["status"], "RUNNING", "{row}");
    assert_eq!(console.call("deployment_list", json!({})).await, json!([row]));
    let target = json!({"kind": "cloud", "deployed_model": row["deployed_model"]});
    let (done, _) = console.stream("chat_send", ask(&target)).await;
    assert!(done["output_tokens"].as_u64() > Some(0), "{done}");
    drafted(console, &target).await;
    let key = console.app.call("deployment_key", json!({}), pc_base::Language::English).await.unwrap();
    key["api_key"].as_str().unwrap().to_owned()
}

/// What a model of a few thousand weights says of a document is nonsense: told once, and no draft.
async fn drafted(console: &Console, target: &Value) {
    let path =
        console.home.file("handbook.md", "# 早餐\n早餐从六点半开始，到十点结束，在二楼餐厅。\n").display().to_string();
    let from = json!({"from": "documents", "path": path});
    let wanted = json!({"from": from, "target": target, "each": 1, "limit": 5, "instruction": ""});
    let (made, _) = console.stream("proposal_draft", wanted).await;
    assert_eq!((&made["made"], &made["failed_total"], &made["batch"]), (&json!(0), &json!(1), &json!("")), "{made}");
    assert_eq!(console.call("proposal_list", json!({})).await, json!([]));
}

async fn billed(console: &Console) {
    let before = console.call("usage_get", json!({"month": null})).await;
    assert_eq!((&before["synced_at"], &before["lines"]), (&Value::Null, &json!([])), "nothing before the first sync");
    let synced = console.call("usage_sync", json!({})).await;
    assert_eq!(synced["lines"], 3, "training, input and output: {synced}");
    let month = console.call("usage_get", json!({"month": null})).await;
    assert!(month["training_tokens"].as_u64() > Some(0) && month["output_tokens"].as_u64() > Some(0), "{month}");
    console.call("usage_sync", json!({})).await;
    let again = console.call("usage_get", json!({"month": null})).await;
    assert_eq!(again["total"], month["total"], "a second sync replaces and does not add");
    let overview = console.call("overview_get", json!({})).await;
    assert_eq!((&overview["datasets"], &overview["deployments"]), (&json!(1), &json!(1)));
    assert_eq!(overview["month_cost"], month["total"]);
}
