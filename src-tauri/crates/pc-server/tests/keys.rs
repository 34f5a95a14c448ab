//! API keys: what each opens, how it ends, and that rotating what seals the data loses nothing.

mod common;

use common::{Cloud, SmallEngine};
use jiff::SignedDuration;
use pc_server::{KeyWish, Profile, Scope};
use serde_json::{Value, json};

const GENERATION: &str = "/api/v1/services/aigc/text-generation/generation";

fn ask() -> Value {
    json!({"model": "tiny", "input": {"prompt": "hi"}})
}

fn key(cloud: &Cloud, wish: KeyWish) -> String {
    let wish = KeyWish { workspace: cloud.keys.workspace.clone(), ..wish };
    cloud.state.key_make(&wish).unwrap().1.expose().clone()
}

#[tokio::test]
async fn a_key_that_may_read_changes_nothing() {
    let cloud = Cloud::new();
    let file = cloud.dataset().await;
    let reader = key(&cloud, KeyWish { scope: Scope { write: false, ..Scope::default() }, ..KeyWish::default() });
    assert_eq!(cloud.call_as(&reader, "GET", "/api/v1/files", Value::Null).await.0, 200);
    assert_eq!(cloud.call_as(&reader, "GET", &format!("/api/v1/files/{file}"), Value::Null).await.0, 200);
    for (method, path, body) in [
        ("DELETE", format!("/api/v1/files/{file}"), Value::Null),
        ("POST", "/api/v1/fine-tunes".to_owned(), json!({"model": "tiny"})),
        ("POST", GENERATION.to_owned(), ask()),
        ("PUT", "/api/v1/deployments/x/scale".to_owned(), json!({"capacity": 1})),
    ] {
        let (status, refused) = cloud.call_as(&reader, method, &path, body).await;
        assert_eq!((status.as_u16(), &refused["code"]), (403, &json!("AccessDenied")), "{method} {path}");
    }
    let job = cloud.tune(&file).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let publish = format!("/api/v1/fine-tunes/{job}/export/checkpoint-1");
    let (status, refused) = cloud.call_as(&reader, "GET", &publish, Value::Null).await;
    assert_eq!((status.as_u16(), &refused["code"]), (403, &json!("AccessDenied")), "a GET that changes something");
    let (status, refused) = cloud.call_as(&reader, "POST", "/compatible-mode/v1/chat/completions", ask()).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (403, &json!("access_denied")));
    let (status, token) = cloud.call_as(&reader, "POST", "/api/v1/tokens", Value::Null).await;
    assert_eq!(status, 200, "{token}");
    let token = token["token"].as_str().unwrap();
    assert_eq!(cloud.call_as(token, "GET", "/api/v1/files", Value::Null).await.0, 200);
    assert_eq!(cloud.call_as(token, "POST", GENERATION, ask()).await.0, 403, "a token inherits the scope");
}

#[tokio::test]
async fn a_key_for_some_models_opens_what_stems_from_them_and_nothing_else() {
    let cloud = Cloud::new();
    let scope = |models: &[&str]| Scope {
        models: Some(models.iter().map(|model| (*model).to_owned()).collect()),
        ..Scope::default()
    };
    let (tiny, other) = (
        key(&cloud, KeyWish { scope: scope(&["tiny"]), ..KeyWish::default() }),
        key(&cloud, KeyWish { scope: scope(&["another"]), ..KeyWish::default() }),
    );
    let deploy = json!({"model_name": "tiny", "plan": "mu", "suffix": "a"});
    let (_, row) = cloud.call_as(&tiny, "POST", "/api/v1/deployments", deploy.clone()).await;
    let model = row["output"]["deployed_model"].as_str().unwrap().to_owned();
    cloud.until(&format!("/api/v1/deployments/{model}"), "RUNNING").await;
    let deployed = json!({"model": model, "input": {"prompt": "hi"}});
    assert_eq!(cloud.call_as(&tiny, "POST", GENERATION, deployed.clone()).await.0, 200);
    for body in [ask(), deployed] {
        let (status, refused) = cloud.call_as(&other, "POST", GENERATION, body).await;
        assert_eq!((status.as_u16(), &refused["code"]), (403, &json!("Model.AccessDenied")));
    }
    assert_eq!(cloud.call_as(&other, "POST", "/api/v1/deployments", deploy).await.0, 403);
    let path = format!("/api/v1/deployments/{model}");
    assert_eq!(cloud.call_as(&other, "PUT", &format!("{path}/scale"), json!({"capacity": 2})).await.0, 403);
    assert_eq!(cloud.call_as(&other, "DELETE", &path, Value::Null).await.0, 403);
    let job = cloud.tune(&cloud.dataset().await).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let weights = format!("/api/v1/extensions/fine-tunes/{job}/weights");
    assert_eq!(cloud.call_as(&other, "GET", &weights, Value::Null).await.0, 404);
    assert_eq!(cloud.call_as(&tiny, "GET", &weights, Value::Null).await.0, 200);
    let unknown = json!({"model": "nothing", "input": {"prompt": "hi"}});
    let (status, refused) = cloud.call_as(&other, "POST", GENERATION, unknown).await;
    assert_eq!((status.as_u16(), &refused["code"]), (404, &json!("ModelNotFound")), "what is not there is not denied");
}

#[tokio::test]
async fn a_key_for_some_models_has_no_jobs_of_others() {
    let cloud = Cloud::new();
    let scope = |model: &str| Scope { models: Some(vec![model.to_owned()]), ..Scope::default() };
    let (tiny, other) = (
        key(&cloud, KeyWish { scope: scope("tiny"), ..KeyWish::default() }),
        key(&cloud, KeyWish { scope: scope("another"), ..KeyWish::default() }),
    );
    cloud.engine.hold.store(true, std::sync::atomic::Ordering::SeqCst);
    let job = cloud.tune(&cloud.dataset().await).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "RUNNING").await;
    let (native, openai) = ("/api/v1/fine-tunes", "/v1/fine_tuning/jobs");
    for (method, path) in [
        ("GET", format!("{native}/ID")),
        ("GET", format!("{native}/ID/logs")),
        ("GET", format!("{native}/ID/stream")),
        ("GET", format!("{native}/ID/checkpoints")),
        ("GET", format!("{native}/ID/validation-results")),
        ("GET", format!("{native}/ID/validation-details/checkpoint-1")),
        ("GET", format!("{native}/ID/export/checkpoint-1")),
        ("POST", format!("{native}/ID/cancel")),
        ("DELETE", format!("{native}/ID")),
        ("GET", format!("{openai}/ID")),
        ("GET", format!("{openai}/ID/events")),
        ("GET", format!("{openai}/ID/checkpoints")),
        ("POST", format!("{openai}/ID/pause")),
        ("POST", format!("{openai}/ID/resume")),
        ("POST", format!("{openai}/ID/cancel")),
    ] {
        let strip = |mut answer: Value| {
            if let Some(fields) = answer.as_object_mut() {
                fields.remove("request_id");
            }
            answer
        };
        let (status, denied) = cloud.call_as(&other, method, &path.replace("ID", &job), Value::Null).await;
        let (_, never) = cloud.call_as(&other, method, &path.replace("ID", "ft-202601010000-0000"), Value::Null).await;
        assert_eq!((status.as_u16(), strip(denied)), (404, strip(never)), "as what never was: {method} {path}");
    }
    for path in [native, openai] {
        let count = async |key: &str| {
            let (_, list) = cloud.call_as(key, "GET", path, Value::Null).await;
            list["output"]["jobs"].as_array().or(list["data"].as_array()).unwrap().len()
        };
        assert_eq!((count(&tiny).await, count(&other).await), (1, 0), "{path}");
    }
    assert_eq!(cloud.call_as(&other, "GET", "/v1/models/tiny", Value::Null).await.0, 404);
    let cancelled = cloud.call_as(&tiny, "POST", &format!("{native}/{job}/cancel"), Value::Null).await;
    assert_eq!(cancelled.0, 200, "{}", cancelled.1);
    cloud.until(&format!("{native}/{job}"), "CANCELED").await;
}

#[tokio::test]
async fn a_key_ends_with_its_time_and_a_token_with_its_key() {
    let cloud = Cloud::new();
    let end = "2026-11-24T02:10:00.000Z".to_owned();
    let short = key(&cloud, KeyWish { expires_at: Some(end), ..KeyWish::default() });
    let (_, token) = cloud.call_as(&short, "POST", "/api/v1/tokens?expire_in_seconds=1800", Value::Null).await;
    assert_eq!(token["expires_at"], 1_795_486_200, "no longer than its key");
    let token = token["token"].as_str().unwrap().to_owned();
    let opens = async |key: &str| cloud.call_as(key, "GET", "/api/v1/files", Value::Null).await;
    assert_eq!((opens(&short).await.0, opens(&token).await.0), (200.try_into().unwrap(), 200.try_into().unwrap()));
    // A token that makes a token does not live longer by it.
    let (_, second) = cloud.call_as(&token, "POST", "/api/v1/tokens?expire_in_seconds=1800", Value::Null).await;
    assert_eq!(second["expires_at"], 1_795_486_200);
    cloud.clock.advance(SignedDuration::from_secs(600));
    for key in [&short, &token] {
        let (status, refused) = opens(key).await;
        assert_eq!((status.as_u16(), &refused["code"]), (401, &json!("InvalidApiKey")));
    }
    for bad in ["", "sk-", "sk-nothing", "nonsense"] {
        assert_eq!(opens(bad).await.1["code"], "InvalidApiKey", "{bad:?}");
    }
}

#[tokio::test]
async fn only_hashes_of_keys_are_kept() {
    let cloud = Cloud::new();
    let made = key(&cloud, KeyWish::default());
    let (_, token) = cloud.call("POST", "/api/v1/tokens", Value::Null).await;
    let own = cloud.keys.api_key.expose().clone();
    for secret in [made.as_str(), token["token"].as_str().unwrap(), own.as_str(), cloud.keys.access_key_secret.expose()]
    {
        assert!(common::holding(cloud.dir.path(), secret.as_bytes()).is_empty(), "{secret} lies open");
    }
}

#[tokio::test]
async fn a_rotation_leaves_the_old_readable_and_seals_the_new_with_the_new_key() {
    let cloud = Cloud::new();
    let before = cloud.dataset().await;
    let rotated = cloud.state.rotate(None).unwrap();
    assert_eq!((rotated.len(), rotated[0].version), (1, 2));
    let after = cloud.dataset().await;
    assert_eq!(cloud.state.rotate(Some(&cloud.keys.workspace)).unwrap()[0].version, 3);
    assert!(cloud.state.rotate(Some("llm-nobody")).unwrap().is_empty());
    let cloud = Cloud::open(cloud.close(), SmallEngine::default(), Profile::embedded());
    let mut key_ids = Vec::new();
    for file in [&before, &after] {
        let (status, _, text) = cloud
            .send(
                common::request("GET", &format!("/api/v1/extensions/files/{file}/content"))
                    .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
                    .body("".into())
                    .unwrap(),
            )
            .await;
        assert_eq!((status.as_u16(), String::from_utf8(text).unwrap()), (200, common::rows()));
        let (_, list) = cloud.call("GET", &format!("/api/v1/extensions/files/{file}/receipts"), Value::Null).await;
        let id = list["data"]["receipts"][0]["receipt_id"].as_str().unwrap();
        let (_, receipt) = cloud.call("GET", &format!("/api/v1/extensions/receipts/{id}"), Value::Null).await;
        let receipt: pc_protocol::receipt::Receipt = serde_json::from_value(receipt).unwrap();
        key_ids.push(receipt.verified().unwrap().key_id);
    }
    assert_eq!(key_ids[1], rotated[0].key_id);
    assert_ne!(key_ids[0], key_ids[1]);
    let job = cloud.tune(&before).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
}
