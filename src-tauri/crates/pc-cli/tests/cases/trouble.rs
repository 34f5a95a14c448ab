//! Wrong input, no network, and secrets that must stay where they are.

use std::time::{Duration, Instant};

use pc_app::table::{COMMANDS, Kind};
use pc_testkit::free_port;
use serde_json::{Value, json};

use crate::common::{Console, holding};

/// A cloud at this address, selected.
async fn with_cloud(console: &Console, port: u16) -> String {
    let added = json!({"name": "far", "base_url": format!("http://127.0.0.1:{port}"), "billing_url": null, "region": null,
        "workspace": "llm-1", "api_key": "sk-quite-secret", "access_key_id": "LTAI-quite-secret",
        "access_key_secret": "pair-quite-secret"});
    let row = console.call("cloud_add", added).await;
    console.call("cloud_select", json!({"id": row["id"]})).await;
    row["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_refuses_what_is_no_request_of_its_own() {
    let console = Console::open();
    for row in COMMANDS {
        for wrong in [Value::Null, json!("text"), json!(17)] {
            let answer = match row.kind {
                Kind::stream => console.try_stream(row.name, wrong.clone()).await.0,
                _ => console.try_call(row.name, wrong.clone()).await,
            };
            let failure = answer.expect_err("a wrong request is no request");
            assert_eq!(failure.code, "input_invalid", "{} {wrong}: {failure:?}", row.name);
        }
    }
    assert_eq!(console.try_call("no_such", json!({})).await.unwrap_err().code, "command_unknown");
    assert_eq!(console.try_call("dataset_check", json!({"path": "x"})).await.unwrap_err().code, "internal");
    assert!(console.call("task_list", json!({})).await.as_array().unwrap().is_empty(), "no task stays behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_or_cannot_be_used_has_a_code_of_its_own() {
    let console = Console::open();
    let bad = console.home.file("bad.jsonl", "{\"messages\": []}\nnot json\n").display().to_string();
    let empty = console.home.file("empty.jsonl", "").display().to_string();
    let chat = |model: &str, max: u32| {
        json!({"target": {"kind": "local", "model": model, "quant": "int4"}, "messages": [{"role": "user", "content": "a"}],
            "max_tokens": max, "temperature": 0.0, "top_p": 1.0, "seed": null})
    };
    for (command, request, code) in [
        ("dataset_check", json!({"path": "/no/such/file"}), "file_not_found"),
        ("dataset_upload", json!({"path": bad, "description": null}), "dataset_has_errors"),
        ("dataset_upload", json!({"path": empty, "description": null}), "dataset_empty"),
        ("model_convert", json!({"model": "nobody", "quant": "f32"}), "model_unknown"),
        ("model_convert", json!({"model": "../tiny", "quant": "f32"}), "input_invalid"),
        ("model_import", json!({"path": "/no/such", "adapter": null, "name": null}), "file_not_found"),
        ("catalog_prepare", json!({"model": "gemma-3-270m"}), "licence_not_accepted"),
        ("catalog_prepare", json!({"model": "nobody"}), "model_unknown"),
        ("chat_send", chat("nobody", 8), "model_unknown"),
        ("chat_send", chat("tiny", 0), "input_invalid"),
    ] {
        let failure = console.try_stream(command, request.clone()).await.0.expect_err("it cannot be done");
        assert_eq!(failure.code, code, "{command} {request}: {failure:?}");
    }
    for (command, request, code) in [
        ("settings_set", json!({"language": "tlh", "theme": "dark"}), "input_invalid"),
        ("keychain_choose", json!({"place": "platform"}), "input_invalid"),
        ("storage_clean", json!({"kind": "database"}), "input_invalid"),
        ("cloud_select", json!({"id": "nobody"}), "not_found"),
        ("cloud_remove", json!({"id": "embedded"}), "input_invalid"),
        ("task_cancel", json!({"id": "nobody"}), "not_found"),
        ("model_delete", json!({"model": "nobody"}), "model_unknown"),
        ("licence_get", json!({"model": "nobody"}), "model_unknown"),
        ("usage_get", json!({"month": "yesterday"}), "input_invalid"),
    ] {
        let failure = console.try_call(command, request.clone()).await.expect_err("it cannot be done");
        assert_eq!(failure.code, code, "{command} {request}: {failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_out_of_reach_is_said_soon_and_what_was_seen_stays_readable() {
    let console = Console::open();
    let id = with_cloud(&console, free_port()).await;
    let start = Instant::now();
    for command in ["dataset_list", "tune_list", "deployment_list"] {
        let failure = console.try_call(command, json!({})).await.expect_err("nobody listens there");
        assert_eq!((failure.code.as_str(), failure.retryable), ("network_unreachable", true), "{command}: {failure:?}");
    }
    let health = console.call("cloud_check", json!({ "id": id })).await;
    assert_eq!(health["reachable"], false);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let usage = console.call("usage_get", json!({"month": null})).await;
    assert_eq!(usage["total"]["amount"], "0", "the console's own database needs no network");
    let overview = console.call("overview_get", json!({})).await;
    assert_eq!(overview["models"], 1, "what is on this machine is shown: {overview}");
    assert!(console.call("catalog_list", json!({})).await.as_array().unwrap().len() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_sealed_in_the_home_and_never_come_out() {
    let console = Console::open();
    let id = with_cloud(&console, free_port()).await;
    console.call("cloud_list", json!({})).await;
    let _unreachable = console.try_call("usage_sync", json!({})).await;
    let _unreachable = console.try_call("dataset_list", json!({})).await;
    let refused = json!({"name": "", "base_url": "ftp://x", "billing_url": null, "region": null, "workspace": null,
        "api_key": "sk-quite-secret", "access_key_id": null, "access_key_secret": null});
    assert_eq!(console.try_call("cloud_add", refused).await.unwrap_err().code, "input_invalid");
    for secret in ["sk-quite-secret", "LTAI-quite-secret", "pair-quite-secret"] {
        assert!(!console.has_said(secret), "{secret} was said");
        let found = holding(console.home.root(), secret.as_bytes());
        assert!(found.is_empty(), "{secret} lies open in {found:?}");
    }
    console.call("cloud_remove", json!({ "id": id })).await;
    let list = console.call("cloud_list", json!({})).await;
    assert_eq!((list.as_array().unwrap().len(), &list[0]["selected"]), (1, &json!(true)), "the embedded one is left");
}
