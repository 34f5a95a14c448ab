//! Deployments: their rules, their limits, and the hours that they owe.

mod common;

use std::sync::Arc;

use axum::http::StatusCode;
use common::{Cloud, SmallEngine};
use jiff::SignedDuration;
use pc_server::{PriceBook, Profile};
use serde_json::{Value, json};

const DEPLOYMENTS: &str = "/api/v1/deployments";
const GENERATION: &str = "/api/v1/services/aigc/text-generation/generation";

async fn created(cloud: &Cloud, body: Value) -> String {
    let (status, row) = cloud.call("POST", DEPLOYMENTS, body).await;
    assert_eq!(status, 200, "{row}");
    let path = format!("{DEPLOYMENTS}/{}", row["output"]["deployed_model"].as_str().unwrap());
    cloud.until(&path, "RUNNING").await;
    path
}

/// Seconds of model units that are charged so far, by day.
fn charged(cloud: &Cloud) -> Vec<(String, u64)> {
    let database = pc_store::cloud::CloudStore::open(cloud.dir.path()).unwrap();
    let whose = pc_store::cloud::Whose::Workspace(&cloud.keys.workspace);
    let groups = database.read(|tx| tx.usage_groups(whose, "2026-01-01", "2026-12-31")).unwrap();
    let hours = groups.into_iter().filter(|group| group.item == "model_unit_hour");
    hours.map(|group| (group.day, group.quantity)).collect()
}

async fn ask(cloud: &Cloud, path: &str) -> (StatusCode, Value) {
    let model = path.rsplit('/').next().unwrap();
    cloud.call("POST", GENERATION, json!({"model": model, "input": {"prompt": "hi"}})).await
}

#[tokio::test]
async fn capacity_comes_in_multiples_of_what_an_instance_takes() {
    let book = r#"{"date": "2026-11-24", "source": "a test", "currency": "CNY", "tokens_a_unit": 1000, "models": {},
        "default": {"training_token": "1", "input_token": "1", "output_token": "1", "model_unit_hour": "1", "base_capacity": 2}}"#;
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let cloud = Cloud::priced(dir, SmallEngine::default(), Profile::embedded(), PriceBook::read(book).unwrap());
    let asked = |capacity: u64| json!({"model_name": "tiny", "plan": "mu", "capacity": capacity, "suffix": "a"});
    for bad in [1, 3, 1000, 1002] {
        let (status, refused) = cloud.call("POST", DEPLOYMENTS, asked(bad)).await;
        assert_eq!((status.as_u16(), &refused["code"]), (400, &json!("InvalidParameter")), "{bad}");
    }
    let path = created(&cloud, asked(4)).await;
    let (_, row) = cloud.call("GET", &path, Value::Null).await;
    let row = &row["output"];
    assert_eq!((&row["base_capacity"], &row["capacity"], &row["ready_capacity"]), (&json!(2), &json!(4), &json!(4)));
    assert_eq!((&row["model_unit_spec"], &row["max_context_length"]), (&json!("MU1"), &json!(512)));
    assert_eq!(cloud.call("PUT", &format!("{path}/scale"), json!({"capacity": 5})).await.0, 400);
    let (_, models) = cloud.call("GET", "/api/v1/deployments/models?version=v1.0", Value::Null).await;
    assert_eq!(models["output"]["models"][0]["base_capacity"], 2);
}

#[tokio::test]
async fn a_second_deployment_needs_a_suffix_and_another_workspace_is_not_in_its_way() {
    let cloud = Cloud::new();
    let mu = |suffix: Value| json!({"model_name": "tiny", "plan": "mu", "suffix": suffix});
    created(&cloud, mu(json!("a"))).await;
    let (status, refused) = cloud.call("POST", DEPLOYMENTS, mu(Value::Null)).await;
    assert_eq!(status, 400, "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("suffix"), "{refused}");
    let (status, refused) = cloud.call("POST", DEPLOYMENTS, mu(json!("A"))).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("Conflict")), "a suffix is written in one case");
    for bad in ["", "123456789", "a/b", "ä"] {
        assert_eq!(cloud.call("POST", DEPLOYMENTS, mu(json!(bad))).await.0, 400, "{bad:?}");
    }
    let other = cloud.other();
    let (status, row) = cloud.call_as(&other, "POST", DEPLOYMENTS, mu(json!("a"))).await;
    assert_eq!(status, 200, "a name that is taken elsewhere says nothing here: {row}");
}

#[tokio::test]
async fn what_this_cloud_does_not_have_is_refused_by_name() {
    let cloud = Cloud::new();
    for (name, value) in [
        ("billing_method", json!("PRE_PAY")),
        ("deploy_spec", json!("MU5")),
        ("template_id", json!("another")),
        ("enable_thinking", json!(true)),
        ("max_context_length", json!(100)),
        ("rpm_limit", json!(0)),
        ("tpm_limit", json!(2_000_000_000_u64)),
        ("ptu_capacity", json!({"input_tpm": 1})),
        ("model_version", json!("9")),
        ("plan", json!("ptu")),
    ] {
        let mut body = json!({"model_name": "tiny", "plan": "mu", "suffix": "a"});
        body[name] = value;
        let (status, refused) = cloud.call("POST", DEPLOYMENTS, body).await;
        assert_eq!(status, 400, "{name}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains(name), "{name}: {refused}");
    }
    let body = json!({"model_name": "tiny", "plan": "mu", "suffix": "a", "billing_method": "POST_PAY",
        "deploy_spec": "MU1", "template_id": "embedded", "max_context_length": 512, "enable_thinking": false, "capacity": 1});
    created(&cloud, body).await;
}

#[tokio::test]
async fn requests_and_tokens_a_minute_are_held() {
    let cloud = Cloud::new();
    let path = created(&cloud, json!({"model_name": "tiny", "plan": "mu", "suffix": "a", "rpm_limit": 2})).await;
    assert_eq!(ask(&cloud, &path).await.0, 200);
    assert_eq!(ask(&cloud, &path).await.0, 200);
    let (status, refused) = ask(&cloud, &path).await;
    assert_eq!((status.as_u16(), &refused["code"]), (429, &json!("Throttling.RateQuota")));
    cloud.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(ask(&cloud, &path).await.0, 200, "a minute later");
    // An answer takes eight tokens.
    let (_, row) = cloud.call("PUT", &format!("{path}/update"), json!({"rpm_limit": 100, "tpm_limit": 9})).await;
    assert_eq!((&row["output"]["rpm_limit"], &row["output"]["tpm_limit"]), (&json!(100), &json!(9)));
    cloud.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(ask(&cloud, &path).await.0, 200);
    assert_eq!(ask(&cloud, &path).await.0, 200, "one token is left");
    let (status, refused) = ask(&cloud, &path).await;
    assert_eq!((status.as_u16(), &refused["code"]), (429, &json!("Throttling.AllocationQuota")));
    let (_, refused) = cloud.call("PUT", &format!("{path}/update"), json!({"rpm_limit": 0})).await;
    assert_eq!(refused["code"], "InvalidParameter");
}

#[tokio::test]
async fn hours_run_from_running_to_stopped_each_second_on_its_own_day() {
    let cloud = Cloud::new();
    let path = created(&cloud, json!({"model_name": "tiny", "plan": "mu", "suffix": "a"})).await;
    // 10:00 in the bill's zone: 14 hours to midnight, then one more.
    cloud.clock.advance(SignedDuration::from_hours(15));
    let (_, row) = cloud.call("PUT", &format!("{path}/scale"), json!({"capacity": 0})).await;
    assert_eq!((&row["output"]["status"], &row["output"]["ready_capacity"]), (&json!("STOPPED"), &json!(0)));
    let stopped = [("2026-11-24".to_owned(), 14 * 3600), ("2026-11-25".to_owned(), 3600)];
    assert_eq!(charged(&cloud), stopped);
    assert_eq!(ask(&cloud, &path).await.1["code"], "ModelUnavailable");
    cloud.clock.advance(SignedDuration::from_hours(5));
    cloud.call("PUT", &format!("{path}/scale"), json!({"capacity": 3})).await;
    cloud.until(&path, "RUNNING").await;
    assert_eq!(charged(&cloud), stopped, "what is stopped costs nothing");
    cloud.clock.advance(SignedDuration::from_secs(10));
    cloud.call("DELETE", &path, Value::Null).await;
    assert_eq!(charged(&cloud)[1].1, 3630);
    cloud.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(charged(&cloud)[1].1, 3630, "nor what is gone");
}

#[tokio::test]
async fn the_time_in_which_the_program_is_off_is_not_charged() {
    let cloud = Cloud::new();
    let path = created(&cloud, json!({"model_name": "tiny", "plan": "mu", "suffix": "a", "capacity": 2})).await;
    cloud.clock.advance(SignedDuration::from_secs(100));
    let dir = cloud.close();
    // Two hours later.
    let (time, book) = ("2026-11-24T04:01:40Z", PriceBook::built_in());
    let cloud = Cloud::at(time, dir, SmallEngine::default(), Profile::embedded(), book);
    cloud.until(&path, "RUNNING").await;
    assert_eq!(charged(&cloud), [("2026-11-24".to_owned(), 200)], "up to the orderly end, and nothing since");
    cloud.clock.advance(SignedDuration::from_secs(7));
    cloud.call("DELETE", &path, Value::Null).await;
    assert_eq!(charged(&cloud)[0].1, 214, "and again from when it serves");
}
