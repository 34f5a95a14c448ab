//! What every request passes: its id, the check of Host and Origin, the shape of errors, the count of open requests.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use pc_protocol::{CompatibleErrorBody, NativeErrorBody, RpcErrorBody};
use uuid::Uuid;

use crate::connections::timely;
use crate::refusal::Refusal;
use crate::state::State;

/// The id of a request, in every answer's body and `x-request-id`.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub String);

/// The outermost layer.
pub(crate) async fn edge(Shared(state): Shared<Arc<State>>, mut request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let path = request.uri().path().to_owned();
    let open = OpenRequest::begin(state.clone());
    let (silence, late) = (Duration::from_secs(state.profile.silence_seconds), Arc::new(AtomicBool::new(false)));
    let request = request.map(|body| timely(body, silence, late.clone()));
    let fits = admitted(request.headers(), request.uri()).and_then(|()| bounded(&state, &request));
    let response = match fits {
        Err(refusal) => refusal.into_response(),
        Ok(()) => AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "An internal error occurred.")
                .into_response()
        }),
    };
    drop(open);
    let response = match late.load(Ordering::Relaxed) && response.status().is_client_error() {
        true => Refusal::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeOut", "The request stood still for too long.")
            .into_response(),
        false => response,
    };
    let mut response = shaped(response, &path, &id);
    let value = HeaderValue::from_str(&id).expect("a UUID is ASCII");
    response.headers_mut().insert("x-request-id", value);
    response
}

/// Counts a request while it is handled and notes its time; an idle process may end.
struct OpenRequest(Arc<State>);

impl OpenRequest {
    fn begin(state: Arc<State>) -> Self {
        state.open_requests.fetch_add(1, Ordering::Relaxed);
        state.touch();
        Self(state)
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.open_requests.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}

/// Within the limits that hold for whoever calls: of the head, and of what is being worked on.
fn bounded(state: &State, request: &Request) -> Result<(), Refusal> {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    let head = headers.sum::<usize>() + request.uri().to_string().len();
    let limit = state.profile.header_bytes;
    if head > limit {
        let message = format!("Address and headers exceed {limit} bytes.");
        return Err(Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "BadRequest.TooLarge", message));
    }
    if state.open_requests.load(Ordering::Relaxed) > state.profile.open_requests {
        let message = "Too many requests are being worked on.";
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Throttling", message));
    }
    Ok(())
}

/// Only names of this machine: a page in a browser that resolves its own name to this address is refused.
fn admitted(headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
    let refused =
        |what: &str| Refusal::new(StatusCode::FORBIDDEN, "AccessDenied", format!("{what} is not allowed here."));
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).or(uri.authority().map(|a| a.as_str()));
    if !host.is_some_and(loopback) {
        return Err(refused("This host name"));
    }
    match headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("")) {
        None => Ok(()),
        Some(origin) => {
            let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            if host.is_some_and(loopback) { Ok(()) } else { Err(refused("This origin")) }
        }
    }
}

fn loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => authority.split(':').next().unwrap_or(""),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Gives refusals, and answers of the router itself (404, 405), the body of the API that was called.
fn shaped(response: Response, path: &str, id: &str) -> Response {
    let refusal = match response.extensions().get::<Refusal>() {
        Some(refusal) => refusal.clone(),
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "This method is not allowed here.")
        }
        None => return response,
    };
    let (mut parts, _) = response.into_parts();
    let text = body(&refusal, path, id).expect("text serialises");
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    let after = refusal.after.or((refusal.status == StatusCode::TOO_MANY_REQUESTS).then_some(1));
    if let Some(after) = after {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
        // Some of these statuses are final elsewhere; clients that know this header need not guess.
        parts.headers.insert("x-should-retry", HeaderValue::from_static("true"));
    }
    Response::from_parts(parts, Body::from(text))
}

fn body(refusal: &Refusal, path: &str, id: &str) -> serde_json::Result<String> {
    let (code, message, request_id) = (refusal.code.to_owned(), refusal.message.clone(), id.to_owned());
    if path == "/" || path.starts_with("/modelstudio/") {
        let host = if path == "/" { "business.aliyuncs.com" } else { "modelstudio.cn-beijing.aliyuncs.com" };
        let (host_id, recommend) = (host.to_owned(), String::new());
        serde_json::to_string(&RpcErrorBody { request_id, host_id, code, message, recommend })
    } else if path.starts_with("/v1/") || path.starts_with("/compatible-mode/") {
        let body = CompatibleErrorBody { error: refusal.compatible_error(), request_id: Some(request_id) };
        serde_json::to_string(&body)
    } else {
        serde_json::to_string(&NativeErrorBody { request_id, code, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for good in ["127.0.0.1:80", "localhost", "LOCALHOST:1", "[::1]:80", "127.9.9.9"] {
            assert!(loopback(good), "{good}");
        }
        for bad in ["example.com", "127.0.0.1.example.com", "", "[::2]:80", "localhost.example.com:80", "0.0.0.0"] {
            assert!(!loopback(bad), "{bad}");
        }
    }
}
