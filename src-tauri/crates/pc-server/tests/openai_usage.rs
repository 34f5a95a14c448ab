//! OpenAI's usage and costs: buckets, groups, filters and pages over the usage records, exact, and whose they are.

mod common;

use common::Cloud;
use jiff::SignedDuration;
use pc_server::{KeyWish, Scope};
use serde_json::{Value, json};

const USAGE: &str = "/v1/organization/usage/completions";
const COSTS: &str = "/v1/organization/costs";
/// The cloud's clock at its start.
const START: i64 = 1_795_485_600;

async fn asked(cloud: &Cloud, path: &str) -> Value {
    cloud.call_as(cloud.keys.admin_api_key.expose(), "GET", path, Value::Null).await.1
}

async fn answer(cloud: &Cloud, key: &str, n: u32) {
    let body = json!({"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "n": n});
    assert_eq!(cloud.call_as(key, "POST", "/v1/chat/completions", body).await.0, 200);
}

/// Two answers in the first minute, one a day later.
async fn used() -> Cloud {
    let cloud = Cloud::new();
    let key = cloud.keys.api_key.expose().clone();
    answer(&cloud, &key, 1).await;
    answer(&cloud, &key, 2).await;
    cloud.clock.advance(SignedDuration::from_hours(24));
    answer(&cloud, &key, 1).await;
    cloud
}

#[tokio::test]
async fn tokens_and_requests_are_in_the_bucket_of_their_time() {
    let cloud = used().await;
    let page = asked(&cloud, &format!("{USAGE}?start_time={START}&group_by[]=model")).await;
    assert_eq!((&page["object"], page["data"].as_array().unwrap().len()), (&json!("page"), 2));
    let first = &page["data"][0];
    assert_eq!(
        (&first["object"], &first["start_time"], &first["end_time"]),
        (&json!("bucket"), &json!(START), &json!(START + 86_400))
    );
    let result = &first["results"][0];
    assert_eq!(result["object"], "organization.usage.completions.result");
    assert_eq!((&result["input_tokens"], &result["output_tokens"]), (&json!(10), &json!(9)), "a question is read once");
    assert_eq!((&result["num_model_requests"], &result["model"]), (&json!(2), &json!("tiny")));
    assert_eq!((&result["project_id"], &result["batch"]), (&Value::Null, &Value::Null), "not asked for");
    assert_eq!(page["data"][1]["results"][0]["input_tokens"], 5);
    let minutes =
        asked(&cloud, &format!("{USAGE}?start_time={START}&bucket_width=1m&limit=2&group_by=project_id")).await;
    assert_eq!(minutes["data"][0]["results"][0]["project_id"], cloud.keys.workspace);
    assert_eq!((&minutes["data"][1]["results"], &minutes["has_more"]), (&json!([]), &json!(true)));
}

#[tokio::test]
async fn pages_join_without_a_gap_and_filters_leave_out() {
    let cloud = used().await;
    let mut path = format!("{USAGE}?start_time={START}&end_time={}&limit=1", START + 2 * 86_400 + 100);
    let (mut starts, base) = (Vec::new(), path.clone());
    loop {
        let page = asked(&cloud, &path).await;
        starts.push((
            page["data"][0]["start_time"].as_i64().unwrap() - START,
            page["data"][0]["end_time"].as_i64().unwrap() - START,
        ));
        let Some(next) = page["next_page"].as_str() else { break };
        path = format!("{base}&page={next}");
    }
    assert_eq!(starts, [(0, 86_400), (86_400, 172_800), (172_800, 172_900)]);
    for (filter, count) in
        [("models[]=none", 0), ("models[]=tiny", 1), ("batch=true", 0), ("batch=false", 1), ("user_ids=u", 0)]
    {
        let page = asked(&cloud, &format!("{USAGE}?start_time={START}&{filter}")).await;
        assert_eq!(page["data"][0]["results"].as_array().unwrap().len(), count, "{filter}");
    }
}

#[tokio::test]
async fn costs_are_exact_and_add_up_to_the_bill() {
    let cloud = used().await;
    let job = cloud.tune(&cloud.dataset().await).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let page = asked(&cloud, &format!("{COSTS}?start_time={START}&group_by=line_item")).await;
    let results: Vec<&Value> =
        page["data"].as_array().unwrap().iter().flat_map(|b| b["results"].as_array().unwrap()).collect();
    let of = |item: &str| results.iter().find(|row| row["line_item"].as_str().unwrap().ends_with(item)).unwrap();
    let trained = of("training_tokens");
    assert_eq!((&trained["quantity"], &trained["quantity_unit"]), (&json!(1000), &json!("tokens")));
    assert_eq!(trained["amount"], json!({"value": 0.003, "currency": "cny"}), "a thousand tokens at the book's price");
    let all = asked(&cloud, &format!("{COSTS}?start_time={START}")).await;
    assert_eq!(all["data"][0]["results"][0]["line_item"], Value::Null);
    let only = asked(&cloud, &format!("{COSTS}?start_time={START}&line_items[]=tiny,%20input_tokens")).await;
    assert_eq!(only["data"][0]["results"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_account_is_seen_with_its_admin_key_and_a_workspace_with_a_key_that_may_do_everything() {
    let cloud = used().await;
    let path = format!("{USAGE}?start_time={START}");
    let (_, own) = cloud.call("GET", &path, Value::Null).await;
    assert_eq!(own["data"][0]["results"][0]["input_tokens"], 10, "a workspace's own key sees the workspace's");
    for scope in
        [Scope { write: false, ..Scope::default() }, Scope { models: Some(vec!["tiny".into()]), ..Scope::default() }]
    {
        let wish = KeyWish { workspace: cloud.keys.workspace.clone(), scope, ..KeyWish::default() };
        let (_, key) = cloud.state.key_make(&wish).unwrap();
        let (status, refused) = cloud.call_as(key.expose(), "GET", &path, Value::Null).await;
        assert_eq!((status.as_u16(), &refused["error"]["code"]), (403, &json!("access_denied")));
    }
    assert_eq!(cloud.call_as("sk-none", "GET", &path, Value::Null).await.0, 401);
    let admin = cloud.keys.admin_api_key.expose();
    for (method, path) in [("GET", "/v1/models"), ("GET", "/api/v1/files"), ("POST", "/api/v1/tokens")] {
        assert_eq!(cloud.call_as(admin, method, path, Value::Null).await.0, 403, "{path}");
    }
    let other = cloud.state.workspace_add("other").unwrap();
    let other = cloud.state.credentials_of(&other, None).unwrap();
    let theirs = cloud.call_as(other.admin_api_key.expose(), "GET", &path, Value::Null).await.1;
    assert_eq!(theirs["data"][0]["results"], json!([]), "another account's usage is not seen");
    for (query, param) in [
        ("limit=5", "start_time"),
        ("start_time=x", "start_time"),
        ("start_time=9223372036854775807", "start_time"),
        ("start_time=1&limit=32", "limit"),
        ("start_time=1&bucket_width=2d", "bucket_width"),
        ("start_time=1&group_by=colour", "group_by"),
        ("start_time=5&end_time=5", "end_time"),
        ("start_time=1&page=page_2", "page"),
        ("start_time=1&colour=red", "colour"),
    ] {
        let refused = asked(&cloud, &format!("{USAGE}?{query}")).await;
        assert_eq!(refused["error"]["param"], param, "{query}: {refused}");
    }
    let refused = asked(&cloud, &format!("{COSTS}?start_time=1&bucket_width=1h")).await;
    assert_eq!(refused["error"]["param"], "bucket_width");
}
