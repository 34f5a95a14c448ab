//! Chat under `/v1`: what a question may have, log probabilities, streams, and what is refused by its name.

mod common;

use common::{Cloud, request};
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";

fn asked(more: Value) -> Value {
    let mut body = json!({"model": "tiny", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn log_probabilities_come_with_bytes_and_alternatives() {
    let cloud = Cloud::new();
    let (_, answer) = cloud.call("POST", CHAT, asked(json!({"logprobs": true, "top_logprobs": 1}))).await;
    let content = answer["choices"][0]["logprobs"]["content"].as_array().unwrap();
    assert_eq!(content.len(), 3);
    let expected = json!({"token": "is at ", "logprob": -0.25, "bytes": "is at ".as_bytes(),
        "top_logprobs": [{"token": "is at ", "logprob": -0.25, "bytes": "is at ".as_bytes()}]});
    assert_eq!(content[1], expected);
    let (_, answer) = cloud.call("POST", CHAT, asked(json!({}))).await;
    assert_eq!(answer["choices"][0]["logprobs"], Value::Null);
    let request = request("POST", CHAT)
        .header("authorization", format!("Bearer {}", cloud.keys.api_key.expose()))
        .body(asked(json!({"logprobs": true, "stream": true, "n": 2})).to_string().into())
        .unwrap();
    let text = String::from_utf8(cloud.send(request).await.2).unwrap();
    let chunks = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let tokens = chunks.filter(|chunk| chunk["choices"][0]["logprobs"]["content"].is_array()).count();
    assert_eq!(tokens, 6, "each piece of text has its own");
    assert!(text.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn fields_that_change_nothing_are_let_through() {
    let cloud = Cloud::new();
    for more in [
        json!({"tools": null, "response_format": {"type": "text"}, "store": false, "user": "u", "service_tier": "auto"}),
        json!({"max_completion_tokens": 5, "frequency_penalty": 1.5, "presence_penalty": -2, "temperature": 2}),
        json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "stop": ["a", "b"]}),
        json!({"top_k": 5, "repetition_penalty": 1.1, "enable_thinking": false, "logit_bias": {"5": -100}}),
        json!({"modalities": ["text"], "tool_choice": "none", "metadata": {"a": "b"}}),
    ] {
        let (status, answer) = cloud.call("POST", CHAT, asked(more.clone())).await;
        assert_eq!(status, 200, "{more}: {answer}");
    }
}

#[tokio::test]
async fn what_is_not_served_is_refused_by_its_name_on_both_surfaces() {
    let cloud = Cloud::new();
    let tool = json!([{"type": "function", "function": {"name": "f"}}]);
    for (more, param) in [
        (json!({"tools": tool}), "tools"),
        (json!({"response_format": {"type": "json_object"}}), "response_format"),
        (json!({"store": true}), "store"),
        (json!({"reasoning_effort": "high"}), "reasoning_effort"),
        (json!({"audio": {"voice": "a", "format": "wav"}}), "audio"),
        (json!({"enable_search": true}), "enable_search"),
        (json!({"colour": "red"}), "colour"),
        (json!({"top_logprobs": 2}), "top_logprobs"),
        (json!({"logprobs": true, "top_logprobs": 21}), "top_logprobs"),
        (json!({"logit_bias": {"5": 101}}), "logit_bias"),
        (json!({"logit_bias": {"x": 1}}), "logit_bias"),
        (json!({"stream_options": {"include_usage": true}}), "stream_options"),
        (json!({"frequency_penalty": 3}), "frequency_penalty"),
        (json!({"temperature": "hot"}), "temperature"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": [{"role": "robot", "content": "x"}]}), "messages[0].role"),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}),
            "messages[0].content",
        ),
    ] {
        for path in [CHAT, "/compatible-mode/v1/chat/completions"] {
            let (status, refused) = cloud.call("POST", path, asked(more.clone())).await;
            assert_eq!((status.as_u16(), &refused["error"]["param"]), (400, &json!(param)), "{more}: {refused}");
        }
    }
    let (_, refused) = cloud.call("POST", CHAT, json!({"model": "tiny"})).await;
    assert_eq!(refused["error"]["param"], "messages");
    for (name, value) in [("n", json!(5)), ("temperature", json!(2))] {
        let path = "/compatible-mode/v1/chat/completions";
        assert_eq!(cloud.call("POST", path, asked(json!({name: value}))).await.0, 400, "{name}: Model Studio's range");
        assert_eq!(cloud.call("POST", CHAT, asked(json!({name: value}))).await.0, 200, "{name}: OpenAI's range");
    }
}

#[tokio::test]
async fn a_stream_that_cannot_begin_has_the_status_of_its_error() {
    let cloud = Cloud::new();
    let (status, refused) = cloud.call("POST", CHAT, asked(json!({"stream": true, "max_tokens": 13}))).await;
    assert_eq!((status.as_u16(), &refused["error"]["type"]), (400, &json!("invalid_request_error")), "{refused}");
}
