//! The one place through which every call goes: authentication, time limits, retries, bounded answers, errors with the
//! request's id. Deliberately absent: what is called.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use pc_protocol::ErrorText;
use reqwest::header::{HeaderMap, HeaderName, LOCATION};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;

use crate::error::{CloudError, ErrorKind, Hint};
use crate::network::{Network, is_loopback};
use crate::retry::{Repeat, wait};

/// The most that an answer may have; larger ones are streams or files, which are bounded elsewhere.
const LARGEST_ANSWER: usize = 16 << 20;
/// The most that is read of an error.
const LARGEST_ERROR: usize = 1 << 20;
/// From a hub to where its files lie.
const MOST_REDIRECTS: usize = 5;

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
    /// Nothing leaves the end open, as for transfers; silence is limited all the same.
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
        self.client.request(method, self.url(segments, &[]))
    }

    /// An address below the root.
    pub(crate) fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.root.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            for segment in segments {
                // These two are no names but ways: `.` and `..` would be walked.
                path.push(if matches!(*segment, "." | "..") { "%2E" } else { segment });
            }
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// A request whose query is sent as it is given.
    pub(crate) fn request_with_query(&self, method: Method, segments: &[&str], query: &str) -> RequestBuilder {
        let mut url = if segments.is_empty() { self.root.clone() } else { self.url(segments, &[]) };
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        self.client.request(method, url)
    }

    /// The tries of one call. Each caller loops by itself: a future that holds a borrowing async closure is not known to be
    /// `Send`.
    pub(crate) fn tries(&self, repeat: Repeat) -> Tries<'_> {
        self.tries_of(repeat, &self.network)
    }

    /// The same with another patience.
    pub(crate) fn tries_of<'a>(&self, repeat: Repeat, network: &'a Network) -> Tries<'a> {
        Tries { network, repeat, tried: 1 }
    }

    /// One try; an answer with an error status is an error.
    pub(crate) async fn once(&self, kind: Kind, request: RequestBuilder) -> Result<Response, Box<CloudError>> {
        let response = self.sent(kind, request, &AtomicU64::new(0)).await?;
        self.good(kind, response).await
    }

    /// One try of a request with a long body: patient as long as `sent`, its bytes so far, grows.
    pub(crate) async fn once_sending(
        &self,
        kind: Kind,
        request: RequestBuilder,
        sent: &AtomicU64,
    ) -> Result<Response, Box<CloudError>> {
        let response = self.sent(kind, request, sent).await?;
        self.good(kind, response).await
    }

    /// One try of a request that carries no key, so that it may go where it is sent: to TLS only, and from this machine
    /// nowhere else.
    pub(crate) async fn followed(
        &self,
        kind: Kind,
        mut url: Url,
        headers: &[(HeaderName, String)],
    ) -> Result<Response, Box<CloudError>> {
        for _ in 0..=MOST_REDIRECTS {
            let request = self.client.get(url.clone());
            let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            let response = self.sent(kind, request, &AtomicU64::new(0)).await?;
            if !response.status().is_redirection() {
                return self.good(kind, response).await;
            }
            let to = response.headers().get(LOCATION).and_then(|to| url.join(to.to_str().ok()?).ok());
            let to = to.filter(|to| may_follow(&self.root, to));
            url = to.ok_or_else(|| self.garbled(kind.operation, "it sends elsewhere, to where nobody may follow"))?;
        }
        Err(self.garbled(kind.operation, "it sends from one place to the next without end"))
    }

    /// The answer's head. Silence is limited here and in [`Self::chunk`]: a limit of the client's would count from the begin
    /// of a request, however long its body is under way.
    async fn sent(&self, kind: Kind, request: RequestBuilder, sent: &AtomicU64) -> Result<Response, Box<CloudError>> {
        let request = match kind.limit {
            Some(limit) => request.timeout(limit),
            None => request,
        };
        let mut answer = std::pin::pin!(request.send());
        let mut seen = 0;
        loop {
            let waited = tokio::time::timeout(self.network.idle_timeout, &mut answer).await;
            let now = sent.load(Ordering::Relaxed);
            match waited {
                Ok(done) => return done.map_err(|error| CloudError::of_transport(kind.operation, &self.host, &error)),
                Err(_) if now > seen => seen = now,
                Err(_) => return Err(self.silent(kind)),
            }
        }
    }

    /// What comes next of an answer; nothing at its end.
    pub(crate) async fn chunk(&self, kind: Kind, response: &mut Response) -> Result<Option<Bytes>, Box<CloudError>> {
        let chunk = tokio::time::timeout(self.network.idle_timeout, response.chunk()).await;
        let chunk = chunk.map_err(|_| self.silent(kind))?;
        chunk.map_err(|error| CloudError::of_transport(kind.operation, &self.host, &error))
    }

    fn silent(&self, kind: Kind) -> Box<CloudError> {
        let why = format!("nothing came for {} s", self.network.idle_timeout.as_secs());
        CloudError::new(ErrorKind::TimedOut, kind.operation, &self.host, why)
    }

    /// The answer, unless its status is an error.
    async fn good(&self, kind: Kind, response: Response) -> Result<Response, Box<CloudError>> {
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
            match self.chunk(kind, &mut response).await? {
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

/// Whether an answer from below a root may send on to an address. Other machines must not reach into this one.
fn may_follow(root: &Url, to: &Url) -> bool {
    let here = |url: &Url| url.host_str().is_some_and(is_loopback);
    let named = !to.username().is_empty() || to.password().is_some();
    !named && if here(root) { here(to) && to.scheme().starts_with("http") } else { to.scheme() == "https" && !here(to) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_out_of_tls_or_into_this_machine() {
        let follow = |root: &str, to: &str| may_follow(&root.parse().unwrap(), &to.parse().unwrap());
        assert!(follow("https://hub.example", "https://files.example/a?sign=1"));
        assert!(follow("http://127.0.0.1:1", "http://127.0.0.1:2/a"));
        for bad in
            ["http://files.example/a", "https://localhost/a", "http://127.0.0.1/a", "ftp://a", "https://u:p@f.example"]
        {
            assert!(!follow("https://hub.example", bad), "{bad}");
        }
        assert!(!follow("http://127.0.0.1:1", "https://files.example/a"), "a test stays on its machine");
    }
}
