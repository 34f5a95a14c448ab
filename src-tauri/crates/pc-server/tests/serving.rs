//! Deployments and answers: native and OpenAI-compatible, whole and streamed.

mod common;

use common::{Cloud, request};
use serde_json::{Value, json};

const NATIVE: &str = "/api/v1/services/aigc/text-generation/generation";

async fn deployed(cloud: &Cloud) -> String {
    let job = cloud.tune(&cloud.dataset().await).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let body =
        json!({"model_name": format!("tiny-{job}"), "plan": "lora", "name": "desk", "capacity": 1, "suffix": "desk"});
    let (status, row) = cloud.call("POST", "/api/v1/deployments", body).await;
    assert_eq!((status.as_u16(), &row["output"]["status"]), (200, &json!("PENDING")));
    for field in ["base_capacity", "ready_capacity", "charge_type", "creator", "modifier", "gmt_create", "workspace_id"]
    {
        assert!(row["output"].get(field).is_some(), "{field} is declared, so it is always there");
    }
    let id = row["output"]["deployed_model"].as_str().unwrap().to_owned();
    assert_eq!(id, format!("tiny-{job}-desk"));
    cloud.until(&format!("/api/v1/deployments/{id}"), "RUNNING").await;
    id
}

async fn frames(cloud: &Cloud, path: &str, body: Value) -> String {
    let request = request("POST", path)
        .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
        .header("x-dashscope-sse", "enable");
    let (_, headers, bytes) = cloud.send(request.body(body.to_string().into()).unwrap()).await;
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    String::from_utf8(bytes).unwrap()
}

/// The payloads of a stream's frames.
fn payloads(text: &str, prefix: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix(prefix)?).ok()).collect()
}

#[tokio::test]
async fn a_deployment_answers_natively_in_both_formats() {
    let cloud = Cloud::new();
    let model = deployed(&cloud).await;
    let input = json!({"messages": [{"role": "user", "content": "When is breakfast?"}]});
    let body = json!({"model": model, "input": input, "parameters": {"result_format": "message"}});
    let (status, answer) = cloud.call("POST", NATIVE, body).await;
    assert_eq!(status, 200, "{answer}");
    let choice = &answer["output"]["choices"][0];
    assert_eq!(choice["message"], json!({"role": "assistant", "content": "Breakfast is at seven."}));
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(answer["usage"], json!({"input_tokens": 5, "output_tokens": 3, "total_tokens": 8}));
    let (_, answer) = cloud.call("POST", NATIVE, json!({"model": model, "input": {"prompt": "hi"}})).await;
    assert_eq!(answer["output"], json!({"text": "Breakfast is at seven.", "finish_reason": "stop"}));
}

#[tokio::test]
async fn native_frames_are_incremental_or_whole() {
    let cloud = Cloud::new();
    let body = |incremental: bool| {
        json!({"model": "tiny", "input": {"messages": [{"role": "user", "content": "hi"}]},
            "parameters": {"result_format": "message", "incremental_output": incremental}})
    };
    let text = frames(&cloud, NATIVE, body(true)).await;
    assert!(text.starts_with("id:1\nevent:result\n:HTTP_STATUS/200\ndata:{\"output\""), "byte for byte: {text}");
    let content = |frame: &Value| frame["output"]["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    let all: Vec<Value> = payloads(&text, "data:");
    assert_eq!(all.iter().map(content).collect::<String>(), "Breakfast is at seven.");
    assert_eq!(all[0]["output"]["choices"][0]["finish_reason"], "null", "a string while unfinished");
    let last = all.last().unwrap();
    assert_eq!(
        (&last["output"]["choices"][0]["finish_reason"], &last["usage"]["total_tokens"]),
        (&json!("stop"), &json!(8))
    );
    assert!(all.iter().all(|frame| frame.get("code").is_none()), "a code would read as an error");
    let whole = payloads(&frames(&cloud, NATIVE, body(false)).await, "data:");
    assert_eq!(content(&whole[1]), "Breakfast is at ", "each frame repeats what came before");
    assert_eq!(content(whole.last().unwrap()), "Breakfast is at seven.");
}

#[tokio::test]
async fn an_error_in_a_stream_says_so_in_every_known_way() {
    let cloud = Cloud::new();
    let body = json!({"model": "tiny", "input": {"prompt": "hi"}, "parameters": {"max_tokens": 13}});
    let text = frames(&cloud, NATIVE, body).await;
    assert!(text.contains("event:error\nstatus:400\n"), "{text}");
    assert_eq!(payloads(&text, "data:")[0]["code"], "InvalidParameter");
}

#[tokio::test]
async fn chat_completions_have_the_openai_shape() {
    let cloud = Cloud::new();
    let model = deployed(&cloud).await;
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}], "n": 2, "seed": 1});
    for path in ["/v1/chat/completions", "/compatible-mode/v1/chat/completions"] {
        let (_, answer) = cloud.call("POST", path, body.clone()).await;
        assert_eq!(answer["object"], "chat.completion");
        assert_eq!(answer["choices"].as_array().unwrap().len(), 2);
        assert_eq!(answer["choices"][1]["message"]["content"], "Breakfast is at seven.");
        assert_eq!(answer["usage"], json!({"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}));
    }
    body["n"] = json!(1);
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let text = frames(&cloud, "/v1/chat/completions", body).await;
    assert!(text.ends_with("data: [DONE]\n\n"));
    let chunks = payloads(&text, "data: ");
    let content: String = chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(content, "Breakfast is at seven.");
    let last = chunks.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(8)));
    let (_, models) = cloud.call("GET", "/v1/models", Value::Null).await;
    let ids: Vec<&str> = models["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(ids[0], "tiny");
    assert!(
        ids.contains(&model.as_str()) && ids.len() == 3,
        "{ids:?}: the result is there with and without deployment"
    );
    let (_, models) = cloud.call("GET", "/compatible-mode/v1/models", Value::Null).await;
    assert_eq!(models["data"].as_array().unwrap().len(), 2, "only what was deployed can be called here");
}

#[tokio::test]
async fn parameters_outside_of_their_range_are_refused_by_name() {
    let cloud = Cloud::new();
    for (name, value) in [
        ("temperature", json!(-1)),
        ("top_p", json!(0)),
        ("top_k", json!(-1)),
        ("n", json!(5)),
        ("max_tokens", json!(0)),
        ("presence_penalty", json!(3)),
        ("repetition_penalty", json!(0)),
        ("seed", json!(-1)),
        ("stop", json!({})),
    ] {
        let body = json!({"model": "tiny", "input": {"prompt": "hi"}, "parameters": {name: value}});
        let (status, refused) = cloud.call("POST", NATIVE, body).await;
        assert_eq!(status, 400, "{name}");
        assert!(refused["message"].as_str().unwrap().contains(name), "{refused}");
    }
    let (status, refused) = cloud.call("POST", NATIVE, json!({"model": "none", "input": {"prompt": "hi"}})).await;
    assert_eq!((status.as_u16(), &refused["code"]), (404, &json!("ModelNotFound")));
    let (_, refused) = cloud.call("POST", "/v1/chat/completions", json!({"model": "tiny", "messages": []})).await;
    assert_eq!(refused["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn a_deployment_is_scaled_limited_and_deleted() {
    let cloud = Cloud::new();
    let (_, row) =
        cloud.call("POST", "/api/v1/deployments", json!({"model_name": "tiny", "plan": "mu", "suffix": "a"})).await;
    let path = format!("/api/v1/deployments/{}", row["output"]["deployed_model"].as_str().unwrap());
    cloud.until(&path, "RUNNING").await;
    let (status, taken) =
        cloud.call("POST", "/api/v1/deployments", json!({"model_name": "tiny", "plan": "mu", "suffix": "a"})).await;
    assert_eq!((status.as_u16(), &taken["code"]), (409, &json!("Conflict")));
    let (_, refused) = cloud.call("POST", "/api/v1/deployments", json!({"model_name": "tiny", "plan": "lora"})).await;
    assert_eq!(refused["code"], "InvalidParameter", "a base model has no adapter to share");
    let (_, scaled) = cloud.call("PUT", &format!("{path}/scale"), json!({"capacity": 2, "deployed_model": "x"})).await;
    assert_eq!(scaled["output"]["capacity"], 2);
    assert_eq!(scaled["output"]["status"], "UPDATING");
    assert_eq!(cloud.call("PUT", &format!("{path}/scale"), json!({"capacity": 1000})).await.0, 400);
    let (_, limited) = cloud.call("PUT", &format!("{path}/update"), json!({"rpm_limit": 60})).await;
    assert_eq!(limited["output"]["rpm_limit"], 60);
    assert_eq!(cloud.call("PUT", &format!("{path}/update"), json!({})).await.0, 400);
    assert_eq!(cloud.call("DELETE", &path, Value::Null).await.1["output"]["status"], "DELETING");
    assert_eq!(cloud.call("GET", &path, Value::Null).await.1["code"], "NotFound");
}
