//! A fake cloud: one function answers every request and is told how many there were before.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use futures_util::StreamExt as _;
use pc_base::{Code, Coded, Secret};
use pc_cloud::{Billing, Cloud, CloudError, Endpoint, Network};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    /// Path and query.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

pub struct Fake {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Where clients look for extensions before they create something. A fake cloud has none, and does not count the question.
const EXTENSIONS: &str = "/api/v1/extensions";

impl Fake {
    pub async fn start(answer: impl Fn(usize, &Seen) -> Response + Clone + Send + Sync + 'static) -> Self {
        Self::paced(Duration::ZERO, answer).await
    }

    /// One that pauses before it reads on in a body, as a slow line does.
    pub async fn paced(
        pause: Duration,
        answer: impl Fn(usize, &Seen) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted: Arc<Mutex<Vec<Seen>>> = seen.clone();
        let router = Router::new().fallback(move |request: Request| {
            let (answer, noted) = (answer.clone(), noted.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = read(body, pause).await;
                let (method, target, headers) = (parts.method, parts.uri.to_string(), parts.headers);
                let seen = Seen { method, target, headers, body };
                if seen.target == EXTENSIONS {
                    return with(404, &[("x-request-id", "r-7")], "<html>no such page</html>");
                }
                let before = {
                    let mut noted = noted.lock().unwrap();
                    noted.push(seen.clone());
                    noted.len() - 1
                };
                answer(before, &seen)
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen }
    }

    pub fn endpoint(&self) -> Endpoint {
        let secret = |text: &str| Arc::new(Secret::new(text.to_owned()));
        Endpoint {
            base_url: self.url.clone(),
            api_key: secret("sk-test"),
            workspace: None,
            billing: Some(Billing {
                url: self.url.clone(),
                access_key_id: "LTAItest".into(),
                access_key_secret: secret("test"),
            }),
        }
    }

    pub fn cloud(&self) -> Cloud {
        Cloud::new(self.endpoint(), &quick()).unwrap()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

async fn read(body: Body, pause: Duration) -> Bytes {
    let (mut all, mut chunks) = (Vec::new(), body.into_data_stream());
    while let Some(Ok(chunk)) = chunks.next().await {
        tokio::time::sleep(pause).await;
        all.extend_from_slice(&chunk);
    }
    all.into()
}

/// Short waits, so that a test of repetitions takes milliseconds; long limits, because a busy machine is no fault.
pub fn quick() -> Network {
    Network { first_wait: Duration::from_millis(2), ..Network::default() }
}

/// Gives up soon, for tests of silence.
pub fn impatient() -> Network {
    Network { call_timeout: Duration::from_millis(500), idle_timeout: Duration::from_millis(500), ..quick() }
}

pub fn json(status: u16, body: &str) -> Response {
    with(status, &[("content-type", "application/json")], body)
}

pub fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

/// The program's code and the typed error of a failure.
pub fn told(error: &anyhow::Error) -> (Code, CloudError) {
    let coded: &Coded = error.downcast_ref().unwrap_or_else(|| panic!("no code: {error:?}"));
    (coded.code, CloudError::of(error).unwrap_or_else(|| panic!("no typed error: {error:?}")).clone())
}

/// A page with no files: the smallest good answer.
pub const EMPTY_PAGE: &str = r#"{"request_id":"r","data":{"total":0,"page_no":1,"page_size":10,"files":[]}}"#;
