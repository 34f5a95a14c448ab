//! Which calls are repeated, how often, after how long; and answers that are none.

use std::time::{Duration, Instant};

use pc_base::Code;
use pc_cloud::{Cloud, ErrorKind};
use pc_protocol::CreateFineTune;

use crate::fake::{EMPTY_PAGE, Fake, impatient, json, quick, told, with};

const BUSY: &str = r#"{"request_id":"r-9","code":"Throttling.RateQuota","message":"Too fast."}"#;

#[tokio::test]
async fn a_throttled_call_waits_as_long_as_it_is_told_and_succeeds() {
    let fake = Fake::start(|before, _| match before {
        0 => with(429, &[("retry-after", "1")], BUSY),
        _ => json(200, EMPTY_PAGE),
    });
    let fake = fake.await;
    let begun = Instant::now();
    assert_eq!(fake.cloud().files(1, 10).await.unwrap().total, 0);
    assert!(begun.elapsed() >= Duration::from_secs(1), "the cloud asked for a second");
    assert_eq!(fake.count(), 2);
    let fake = Fake::start(|before, _| match before {
        0 => with(503, &[("retry-after-ms", "300")], ""),
        _ => json(200, EMPTY_PAGE),
    });
    let (fake, begun) = (fake.await, Instant::now());
    fake.cloud().files(1, 10).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300), "in milliseconds too");
}

#[tokio::test]
async fn a_cloud_that_stays_busy_is_given_up_with_its_own_words() {
    let fake = Fake::start(|_, _| json(429, BUSY)).await;
    let (code, typed) = told(&fake.cloud().files(1, 10).await.unwrap_err());
    assert_eq!((code, typed.kind, typed.retryable), (Code::CloudBusy, ErrorKind::Busy, true));
    let facts = (typed.http_status, typed.cloud_code.as_deref(), typed.request_id.as_deref(), typed.operation);
    assert_eq!(facts, (Some(429), Some("Throttling.RateQuota"), Some("r-9"), "file_list"));
    assert_eq!(fake.count(), 4, "one try and three repetitions");
    let patient = Fake::start(|_, _| with(429, &[("retry-after", "3600")], BUSY)).await;
    patient.cloud().files(1, 10).await.unwrap_err();
    assert_eq!(patient.count(), 1, "an hour is the user's to wait");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_costs_money_is_not_sent_twice() {
    let create = CreateFineTune { model: "m".into(), ..CreateFineTune::default() };
    for status in [500, 502, 503, 504] {
        let fake = Fake::start(move |_, _| json(status, "{}")).await;
        let (code, typed) = told(&fake.cloud().fine_tune_create(&create).await.unwrap_err());
        assert_eq!((code, typed.http_status, fake.count()), (Code::CloudBusy, Some(status), 1), "{status}");
    }
    let turned_away = Fake::start(|_, _| json(429, BUSY)).await;
    turned_away.cloud().fine_tune_create(&create).await.unwrap_err();
    assert_eq!(turned_away.count(), 4, "what was turned away at the door had no effect");
    let silent = Fake::start(|_, _| {
        std::thread::sleep(Duration::from_secs(2));
        json(200, "{}")
    });
    let silent = silent.await;
    let (code, typed) =
        told(&Cloud::new(silent.endpoint(), &impatient()).unwrap().fine_tune_create(&create).await.unwrap_err());
    assert_eq!((code, typed.kind), (Code::NetworkUnreachable, ErrorKind::TimedOut));
    assert_eq!(silent.count(), 1, "it may have arrived");
}

#[tokio::test]
async fn a_cloud_may_say_that_repeating_is_of_no_use() {
    let fake = Fake::start(|_, _| with(503, &[("x-should-retry", "false")], "")).await;
    let (_, typed) = told(&fake.cloud().files(1, 10).await.unwrap_err());
    assert!(!typed.retryable);
    assert_eq!(fake.count(), 1);
    let fake = Fake::start(|_, _| with(409, &[("x-should-retry", "true")], "")).await;
    fake.cloud().files(1, 10).await.unwrap_err();
    assert_eq!(fake.count(), 4, "or that it is");
}

#[tokio::test]
async fn a_cloud_that_is_not_there_is_named() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = closed.local_addr().unwrap().to_string();
    drop(closed);
    let fake = Fake::start(|_, _| json(200, EMPTY_PAGE)).await;
    let endpoint = pc_cloud::Endpoint { base_url: format!("http://{host}"), ..fake.endpoint() };
    let error = Cloud::new(endpoint, &quick()).unwrap().files(1, 10).await.unwrap_err();
    let failure = pc_base::Failure::of(&error, pc_base::Language::English);
    assert_eq!((failure.code.as_str(), failure.retryable), ("network_unreachable", true));
    assert!(failure.message.contains(&host), "{}", failure.message);
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused_and_not_repeated() {
    for (body, why) in [
        ("<html>Welcome to the hotel network</html>", "cannot be read"),
        ("", "cannot be read"),
        (r#"{"request_id":"r","data":{}}"#, "files"),
        (r#"{"request_id":"r","data":{"files":[{"name":"no id"}]}}"#, "file_id"),
        (r#"{"data":{"files":"#, "cannot be read"),
    ] {
        let fake = Fake::start(move |_, _| json(200, body)).await;
        let (code, typed) = told(&fake.cloud().files(1, 10).await.unwrap_err());
        assert_eq!((code, typed.kind, typed.retryable), (Code::CloudRefused, ErrorKind::Garbled, false), "{body}");
        assert!(typed.message.contains(why), "{body}: {}", typed.message);
        assert_eq!(fake.count(), 1);
    }
    let endless = Fake::start(|_, _| json(200, &"[".repeat(17 << 20))).await;
    let error = endless.cloud().files(1, 10).await.unwrap_err();
    assert!(told(&error).1.message.contains("too long"), "{error:?}");
}

#[tokio::test]
async fn an_error_with_a_good_status_is_an_error() {
    let fake = Fake::start(|_, _| json(200, r#"{"request_id":"r-2","code":"Arrearage","message":"Pay first."}"#)).await;
    let (code, typed) = told(&fake.cloud().files(1, 10).await.unwrap_err());
    assert_eq!((code, typed.cloud_code.as_deref()), (Code::CloudRefused, Some("Arrearage")));
    assert_eq!((typed.request_id.as_deref(), typed.message.as_str()), (Some("r-2"), "Pay first."));
}

#[tokio::test]
async fn a_key_does_not_follow_to_another_host() {
    let thief = Fake::start(|_, _| json(200, EMPTY_PAGE)).await;
    let place = thief.url.clone();
    let fake = Fake::start(move |_, _| with(302, &[("location", &place)], "")).await;
    let (code, typed) = told(&fake.cloud().files(1, 10).await.unwrap_err());
    assert_eq!((code, typed.http_status, thief.count()), (Code::CloudRefused, Some(302), 0));
}

#[tokio::test]
async fn key_and_workspace_go_with_every_call_and_a_cloud_without_extensions_has_none() {
    let fake = Fake::start(|_, _| with(404, &[("x-request-id", "r-7")], "<html>no such page</html>")).await;
    let endpoint = pc_cloud::Endpoint { workspace: Some("llm-1".into()), ..fake.endpoint() };
    let cloud = Cloud::new(endpoint, &quick()).unwrap();
    assert_eq!(cloud.capabilities().await.unwrap(), [""; 0]);
    let (_, typed) = told(&cloud.fine_tune("j").await.unwrap_err());
    assert_eq!(typed.request_id.as_deref(), Some("r-7"), "a page of a proxy has an id in its head at most");
    let seen = &fake.seen()[0];
    assert_eq!(
        (&seen.headers["authorization"], &seen.headers["x-dashscope-workspace"]),
        (&"Bearer sk-test".parse().unwrap(), &"llm-1".parse().unwrap())
    );
}
