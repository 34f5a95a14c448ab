//! The one place through which every call goes: authentication, time limits, retries, bounded answers, errors with the
//! request's id. Deliberately absent: what is called.

use std::time::Duration;

use jiff::Timestamp;
use pc_protocol::ErrorText;
use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;

use crate::error::{CloudError, ErrorKind, Hint};
use crate::network::Network;
use crate::retry::{Repeat, wait};

/// The most that an answer may have; larger ones are streams or files, which are bounded elsewhere.
const LARGEST_ANSWER: usize = 16 << 20;
/// The most that is read of an error.
const LARGEST_ERROR: usize = 1 << 20;

/// One address and how to get there.
#[derive(Clone)]
pub(crate) struct Transport {
    root: Url,
    pub host: String,
    client: Client,
    pub network: Network,
}

/// A kind of call.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// The name in errors.
    pub operation: &'static str,
    pub repeat: Repeat,
    /// Nothing leaves the end open, as for transfers; their silence is limited all the same.
    pub limit: Option<Duration>,
}

impl Transport {
    pub(crate) fn new(root: &str, network: &Network) -> anyhow::Result<Self> {
        let (root, client) = network.client(root)?;
        let port = root.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", root.host_str().unwrap_or_default());
        Ok(Self { root, host, client, network: network.clone() })
    }

    /// A request below the root. Segments are escaped here, so that no id can leave its place.
    pub(crate) fn request(&self, method: Method, segments: &[&str]) -> RequestBuilder {
        let mut url = self.root.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            for segment in segments {
                // These two are no names but ways: `.` and `..` would be walked.
                path.push(if matches!(*segment, "." | "..") { "%2E" } else { segment });
            }
        }
        self.client.request(method, url)
    }

    /// A request to the root itself, whose query is sent as it is given.
    pub(crate) fn request_with_query(&self, method: Method, query: &str) -> RequestBuilder {
        let mut url = self.root.clone();
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        self.client.request(method, url)
    }

    /// The tries of one call. Each caller loops by itself: a future that holds a borrowing async closure is not known to be
    /// `Send`.
    pub(crate) fn tries(&self, repeat: Repeat) -> Tries<'_> {
        Tries { network: &self.network, repeat, tried: 1 }
    }

    /// One try; an answer with an error status is an error.
    pub(crate) async fn once(&self, kind: Kind, request: RequestBuilder) -> Result<Response, Box<CloudError>> {
        let request = match kind.limit {
            Some(limit) => request.timeout(limit),
            None => request,
        };
        let failed = |error: reqwest::Error| CloudError::of_transport(kind.operation, &self.host, &error);
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let hint = hint_of(response.headers());
        let named = request_id_of(response.headers());
        // An error whose words cannot be read is still an error with a status.
        let body = self.bytes(kind, response, LARGEST_ERROR).await.unwrap_or_default();
        let mut error = CloudError::of_answer(kind.operation, &self.host, status, ErrorText::read(&body), hint);
        error.request_id = error.request_id.or(named);
        Err(error)
    }

    /// A whole answer of at most `limit` bytes.
    async fn bytes(&self, kind: Kind, mut response: Response, limit: usize) -> Result<Vec<u8>, Box<CloudError>> {
        let mut all = Vec::new();
        loop {
            let chunk = response.chunk().await;
            match chunk.map_err(|error| CloudError::of_transport(kind.operation, &self.host, &error))? {
                None => return Ok(all),
                Some(chunk) if all.len() + chunk.len() > limit => {
                    return Err(self.garbled(kind.operation, "the answer is too long"));
                }
                Some(chunk) => all.extend_from_slice(&chunk),
            }
        }
    }

    /// An answer in JSON, repeated where that is safe; `build` makes the request anew for each try.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        kind: Kind,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<T, Box<CloudError>> {
        let mut tries = self.tries(kind.repeat);
        loop {
            let done = match self.once(kind, build()).await {
                Ok(response) => self.read(kind, response).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(answer) => return Ok(answer),
                Err(error) => tries.after(error).await?,
            }
        }
    }

    /// Reads an answer in JSON. An error that came with a good status is an error.
    pub(crate) async fn read<T: DeserializeOwned>(&self, kind: Kind, response: Response) -> Result<T, Box<CloudError>> {
        let (status, named) = (response.status(), request_id_of(response.headers()));
        let body = self.bytes(kind, response, LARGEST_ANSWER).await?;
        let mut error = match (serde_json::from_slice(&body), ErrorText::read(&body)) {
            (Ok(answer), None) => return Ok(answer),
            (_, Some(said)) => CloudError::of_answer(kind.operation, &self.host, status, Some(said), Hint::default()),
            (Err(why), None) => self.garbled(kind.operation, &format!("the answer cannot be read: {why}")),
        };
        error.http_status = Some(status.as_u16());
        error.request_id = error.request_id.or(named);
        Err(error)
    }

    pub(crate) fn garbled(&self, operation: &'static str, why: &str) -> Box<CloudError> {
        CloudError::new(ErrorKind::Garbled, operation, &self.host, why)
    }

    pub(crate) fn cancelled(&self, operation: &'static str) -> Box<CloudError> {
        CloudError::new(ErrorKind::Cancelled, operation, &self.host, "cancelled")
    }
}

/// How often a call was tried.
pub(crate) struct Tries<'a> {
    network: &'a Network,
    repeat: Repeat,
    tried: u32,
}

impl Tries<'_> {
    /// Waits after a failed try until the next one; gives the error back where there is none.
    pub(crate) async fn after(&mut self, error: Box<CloudError>) -> Result<(), Box<CloudError>> {
        let Some(pause) = wait(&error, self.repeat, self.tried, self.network) else { return Err(error) };
        tokio::time::sleep(pause).await;
        self.tried += 1;
        Ok(())
    }
}

pub(crate) fn request_id_of(headers: &HeaderMap) -> Option<String> {
    let found =
        ["x-request-id", "x-acs-request-id", "x-dashscope-request-id"].iter().find_map(|name| headers.get(*name));
    found?.to_str().ok().map(|id| id.chars().take(128).collect())
}

fn hint_of(headers: &HeaderMap) -> Hint {
    let text = |name: &'static str| headers.get(HeaderName::from_static(name))?.to_str().ok();
    let milliseconds = |name| text(name)?.trim().parse().ok().map(Duration::from_millis);
    let seconds = |name| text(name)?.trim().parse().ok().map(Duration::from_secs);
    let after = milliseconds("retry-after-ms")
        .or_else(|| milliseconds("x-acs-retry-after"))
        .or_else(|| seconds("retry-after"))
        .or_else(|| text("retry-after").and_then(until));
    let should = match text("x-should-retry") {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    };
    Hint { after, should, untouched: false }
}

/// The time until an HTTP date; none is left when it has passed.
fn until(date: &str) -> Option<Duration> {
    let date = jiff::fmt::rfc2822::parse(date.trim()).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO))
}
