//! Streamed answers that go wrong.

use std::convert::Infallible;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::StreamExt as _;
use pc_base::{Cancel, Code};
use pc_cloud::{Answer, Cloud, ErrorKind};
use pc_protocol::{ChatRequest, Generation, Message, SamplingParameters};

use crate::fake::{Fake, impatient, json, quick, told, with};

fn native() -> Generation {
    Generation::chat("m", vec![Message::new("user", "hi")], SamplingParameters::default())
}

fn compatible() -> ChatRequest {
    let messages = vec![Message::new("user", "hi")];
    let sampling = SamplingParameters::default();
    ChatRequest { model: "m".into(), messages, sampling, ..ChatRequest::default() }
}

fn stream(text: &str) -> Response {
    with(200, &[("content-type", "text/event-stream;charset=UTF-8"), ("x-request-id", "r-head")], text)
}

async fn native_of(text: &'static str) -> (anyhow::Result<Answer>, String) {
    let fake = Fake::start(move |_, _| stream(text)).await;
    let mut heard = String::new();
    let answer = fake.cloud().generate_stream(&native(), |text| heard.push_str(text), &Cancel::default()).await;
    (answer, heard)
}

async fn compatible_of(text: &'static str) -> (anyhow::Result<Answer>, String) {
    let fake = Fake::start(move |_, _| stream(text)).await;
    let mut heard = String::new();
    let answer = fake.cloud().chat_stream(&compatible(), |text| heard.push_str(text), &Cancel::default()).await;
    (answer, heard)
}

const HALF: &str = "id:1\nevent:result\n:HTTP_STATUS/200\ndata:{\"output\":{\"choices\":[{\"finish_reason\":\"null\",\
    \"message\":{\"role\":\"assistant\",\"content\":\"he\"}}]},\"request_id\":\"r\"}\n\n";

#[tokio::test]
async fn a_stream_that_ends_before_the_answer_is_an_error_and_what_came_was_heard() {
    let (answer, heard) = native_of(HALF).await;
    let (code, typed) = told(&answer.unwrap_err());
    assert_eq!((code, typed.kind, heard.as_str()), (Code::NetworkUnreachable, ErrorKind::Unreachable, "he"));
    let half = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"he\"},\"finish_reason\":null}]}\n\n";
    let (answer, heard) = compatible_of(half).await;
    assert!(told(&answer.unwrap_err()).1.retryable);
    assert_eq!(heard, "he");
    let (answer, _) = native_of("").await;
    assert_eq!(told(&answer.unwrap_err()).0, Code::NetworkUnreachable);
}

#[tokio::test]
async fn an_error_inside_of_a_stream_has_the_clouds_words_in_each_form() {
    for (text, code, status) in [
        (
            "id:1\nevent:error\nstatus:429\n:HTTP_STATUS/429\ndata:{\"code\":\"Throttling\",\"message\":\"m\",\"request_id\":\"r\"}\n\n",
            Code::CloudBusy,
            Some(429),
        ),
        (
            "data:{\"code\":\"DataInspectionFailed\",\"message\":\"m\",\"request_id\":\"r\"}\n\n",
            Code::CloudRefused,
            Some(400),
        ),
        ("data:{\"error\":{\"message\":\"m\",\"code\":\"x\"},\"request_id\":\"r\"}\n\n", Code::CloudRefused, Some(400)),
        ("event:error\ndata:m\n\n", Code::CloudRefused, Some(400)),
    ] {
        let (answer, _) = native_of(text).await;
        let (found, typed) = told(&answer.unwrap_err());
        assert_eq!((found, typed.http_status, typed.message.as_str()), (code, status, "m"), "{text}");
        assert!(typed.request_id.is_some());
    }
    let (answer, _) = compatible_of(
        "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
    )
    .await;
    let (_, typed) = told(&answer.unwrap_err());
    assert_eq!((typed.message.as_str(), typed.request_id.as_deref()), ("m", Some("r-head")));
}

#[tokio::test]
async fn frames_that_are_none_and_answers_that_are_no_stream_are_refused() {
    for text in ["data:not json\n\n", "data:{\"request_id\":\"r\"}\n\n", "data:[1]\n\n"] {
        let (answer, _) = native_of(text).await;
        assert_eq!(told(&answer.unwrap_err()).1.kind, ErrorKind::Garbled, "{text}");
    }
    let endless: &'static str = Box::leak(format!("data:{}", "x".repeat(9 << 20)).into_boxed_str());
    assert!(told(&native_of(endless).await.0.unwrap_err()).1.message.contains("too long"));
    let whole =
        Fake::start(|_, _| json(200, r#"{"request_id":"r","output":{"text":"hi","finish_reason":"stop"}}"#)).await;
    let error = whole.cloud().generate_stream(&native(), |_| (), &Cancel::default()).await.unwrap_err();
    assert_eq!(told(&error).1.kind, ErrorKind::Garbled, "it asked for a stream");
    let refused = Fake::start(|_, _| json(200, r#"{"request_id":"r","code":"Arrearage","message":"m"}"#)).await;
    let error = refused.cloud().generate_stream(&native(), |_| (), &Cancel::default()).await.unwrap_err();
    assert_eq!(told(&error).1.cloud_code.as_deref(), Some("Arrearage"));
}

#[tokio::test]
async fn heartbeats_thinking_and_other_answers_are_told_from_the_text() {
    let text = ": ping\n\ndata:{\"output\":{\"choices\":[{\"index\":1,\"finish_reason\":\"null\",\"message\":{\"content\":\"other\"}}]}}\n\n\
        data:{\"output\":{\"choices\":[{\"finish_reason\":\"null\",\"message\":{\"content\":\"\",\"reasoning_content\":\"hm\"}}]}}\n\n\
        data:{\"output\":{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":\"hello\"}}]},\
        \"usage\":{\"input_tokens\":5,\"output_tokens\":\"2\",\"total_tokens\":7}}\n\n";
    let (answer, heard) = native_of(text).await;
    let answer = answer.unwrap();
    assert_eq!((answer.text.as_str(), answer.reasoning.as_str(), heard.as_str()), ("hello", "hm", "hello"));
    assert_eq!((answer.input_tokens, answer.output_tokens), (5, 2));
}

/// A stream whose first frame comes at once and whose second never does.
fn stalled() -> Response {
    let first = futures_util::stream::iter([Ok::<_, Infallible>(Bytes::from_static(HALF.as_bytes()))]);
    let body = Body::from_stream(first.chain(futures_util::stream::pending()));
    Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
}

#[tokio::test]
async fn a_cancel_ends_an_answer_at_once_and_silence_ends_it_in_time() {
    let fake = Fake::start(|_, _| stalled()).await;
    let cancel = Cancel::default();
    let begun = Instant::now();
    let stop = |_: &str| cancel.cancel();
    let error = fake.cloud().generate_stream(&native(), stop, &cancel).await.unwrap_err();
    assert_eq!(told(&error).0, Code::Cancelled);
    assert!(begun.elapsed() < quick().idle_timeout, "it did not wait for the time limit");
    let hasty = Cloud::new(fake.endpoint(), &impatient()).unwrap();
    let error = hasty.generate_stream(&native(), |_| (), &Cancel::default()).await.unwrap_err();
    assert_eq!((told(&error).1.kind, fake.count()), (ErrorKind::TimedOut, 2), "and it is not asked again");
    let gone = Cancel::default();
    gone.cancel();
    let error = fake.cloud().chat_stream(&compatible(), |_| (), &gone).await.unwrap_err();
    assert_eq!(told(&error).0, Code::Cancelled);
}
