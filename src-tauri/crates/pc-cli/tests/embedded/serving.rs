//! Deployed and base models over both APIs: answers, streams, a restart, and what is left after the end.

use serde_json::{Value, json};

use crate::common::{BASE, Http, Served, data, home, until};

fn chat(model: &str, stream: bool) -> Value {
    let messages = json!([{"role": "user", "content": "几点退房？"}]);
    let mut body = json!({"model": model, "messages": messages, "max_tokens": 12, "temperature": 0, "stream": stream});
    if stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

fn answer(http: &Http, model: &str) -> String {
    let answer = http.call("POST", "/compatible-mode/v1/chat/completions", &chat(model, false));
    assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() > 5, "{answer}");
    assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() > 0, "{answer}");
    answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

#[test]
fn a_tuned_model_is_deployed_answers_both_apis_and_comes_up_again() {
    let home = home();
    let cloud = Served::start(&home);
    let http = &cloud.http;
    let job = http.tune(4, 1000);
    let done = http.until(&format!("/api/v1/fine-tunes/{job}"), &["FAILED", "SUCCEEDED"]);
    assert_eq!(done["status"], "SUCCEEDED", "{:#?}", http.logs(&job));
    let tuned = done["finetuned_output"].as_str().unwrap();
    http.call("POST", "/api/v1/deployments", &json!({"model_name": tuned, "plan": "lora"}));
    let path = format!("/api/v1/deployments/{tuned}");
    assert_eq!(http.until(&path, &["RUNNING", "FAILED"])["status"], "RUNNING");

    let compatible = answer(http, tuned);
    assert_ne!(compatible, answer(http, BASE), "the deployed one answers with what it learnt");
    let native = json!({"model": tuned, "input": {"messages": [{"role": "user", "content": "几点退房？"}]},
        "parameters": {"result_format": "message", "max_tokens": 12, "temperature": 0}});
    let native = http.call("POST", "/api/v1/services/aigc/text-generation/generation", &native);
    assert_eq!(native["output"]["choices"][0]["message"]["content"], compatible.as_str(), "both APIs ask one model");

    let body = chat(tuned, true).to_string();
    let (status, stream) =
        http.send("POST", "/compatible-mode/v1/chat/completions", "application/json", body.as_bytes());
    let pieces = stream.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let streamed: String =
        pieces.filter_map(|piece| piece["choices"][0]["delta"]["content"].as_str().map(ToOwned::to_owned)).collect();
    assert_eq!((status, &streamed), (200, &compatible), "the pieces make the whole: {stream}");
    assert!(stream.trim_end().ends_with("data: [DONE]"), "{stream}");

    cloud.end();
    let cloud = Served::start(&home);
    cloud.http.until(&path, &["RUNNING"]);
    assert_eq!(answer(&cloud.http, tuned), compatible, "a restart brings it up as it was");

    // The number tells it from another workspace's deployment of the same name.
    let kept = data(&home).join("cloud/onnx/deployed").join(format!("{tuned}.1"));
    assert!(kept.is_dir(), "converted once, kept while it is deployed");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = kept.parent().unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "weights that lie open do so for their owner only");
    }
    cloud.http.call("DELETE", &path, &Value::Null);
    assert!(!kept.exists(), "and destroyed with the deployment");
    let body = chat(tuned, false).to_string();
    let (status, _) =
        cloud.http.send("POST", "/compatible-mode/v1/chat/completions", "application/json", body.as_bytes());
    assert_eq!(status, 404, "nobody answers for what is gone");
    cloud.end();
}

#[cfg(target_os = "linux")]
#[test]
fn a_conversion_goes_first_and_the_training_goes_on_after_it() {
    let home = home();
    let cloud = Served::start(&home);
    let done = cloud.http.tune(1, 1000);
    let done = cloud.http.until(&format!("/api/v1/fine-tunes/{done}"), &["FAILED", "SUCCEEDED"]);
    let job = cloud.http.tune(200, 1000);
    cloud.http.until_logged(&job, "'loss'");
    let tuned = done["finetuned_output"].as_str().unwrap();
    cloud.http.call("POST", "/api/v1/deployments", &json!({"model_name": tuned, "plan": "lora"}));
    let path = format!("/api/v1/deployments/{tuned}");
    assert_eq!(
        cloud.http.until(&path, &["RUNNING", "FAILED"])["status"],
        "RUNNING",
        "a training holds up no deployment"
    );
    answer(&cloud.http, tuned);
    let logged = cloud.http.logs(&job).len();
    until("the training's next step", || (cloud.http.logs(&job).len() > logged).then_some(()));
    cloud.end();
}

#[test]
fn many_ask_at_once_and_a_question_that_is_too_long_is_refused_by_name() {
    let home = home();
    let cloud = Served::start(&home);
    let first = answer(&cloud.http, BASE);
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..6).map(|_| scope.spawn(|| answer(&cloud.http, BASE))).collect();
        for one in asked {
            assert_eq!(one.join().unwrap(), first, "one after the other, none mixed with another");
        }
    });
    let mut long = chat(BASE, false);
    long["messages"][0]["content"] = "退房".repeat(20_000).into();
    let (status, refused) = cloud.http.send(
        "POST",
        "/compatible-mode/v1/chat/completions",
        "application/json",
        long.to_string().as_bytes(),
    );
    assert_eq!(status, 400, "{refused}");
    assert!(refused.contains("tokens"), "it says what is too long: {refused}");
    cloud.end();
}
