//! The command table over loopback HTTP, so that the UI runs in an ordinary browser: for development and for tests, and
//! absent from release builds. Deliberately absent: anything that the window could not do as well.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path as Named, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use pc_base::{Cancel, Code, CodedExt as _, Failure, Kind, Language, coded};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::app::App;

const BODY_BYTES: usize = 8 << 20;

/// What the UI may load and reach: its own files and this program. The same as in the window's configuration, so that what
/// a browser shows is what the window shows. Scripts and style sheets come from files only.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; \
                       img-src 'self' data: blob:; font-src 'self'; connect-src 'self' ipc: http://ipc.localhost; \
                       worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                       object-src 'none'";

struct Host {
    app: App,
    token: String,
    ui: PathBuf,
    authority: String,
}

/// Serves until the future is dropped; `ready` gets the address to open, token included. Port 0 takes a free one.
pub async fn serve(app: App, port: u16, ui: &Path, ready: impl FnOnce(&str)) -> Result<()> {
    let in_use = || coded(Code::PortInUse).with("port", port);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.code(in_use)?;
    let authority = listener.local_addr().context("asking for the address")?.to_string();
    let token = Uuid::new_v4().simple().to_string();
    ready(&format!("http://{authority}/#token={token}"));
    let host = Host { app, token, ui: ui.to_owned(), authority };
    axum::serve(listener, router(host)).await.context("serving")
}

fn router(host: Host) -> Router {
    let host = Arc::new(host);
    let commands = Router::new()
        .route("/rpc/{command}", post(rpc))
        .route("/stream/{command}", post(stream))
        .route("/changed", get(changed))
        .layer(axum::middleware::from_fn_with_state(host.clone(), authorised));
    Router::new()
        .merge(commands)
        .fallback(get(file))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(axum::middleware::from_fn_with_state(host.clone(), admitted))
        .with_state(host)
}

/// Only this very address may be asked, and only by a page that came from it: no other site's page, and no name that
/// somebody lets resolve to this machine.
async fn admitted(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let mut response = match comes_from_here(request.headers(), &host.authority) {
        true => next.run(request).await,
        false => StatusCode::FORBIDDEN.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn comes_from_here(headers: &HeaderMap, authority: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let origin = text(header::ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(authority));
    text(header::HOST) == Some(authority) && origin
}

async fn authorised(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if sent.and_then(|text| text.strip_prefix("Bearer ")) != Some(&host.token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

fn language_of(headers: &HeaderMap) -> Language {
    let sent = headers.get("x-partner-language").and_then(|value| value.to_str().ok());
    Language::from_locale(sent.unwrap_or_default())
}

fn request_of(body: &Bytes, language: Language) -> Result<Value, Failure> {
    let invalid = || coded(Code::InputInvalid).with("what", "request").with("why", "JSON");
    serde_json::from_slice(body).code(invalid).map_err(|error| Failure::of(&error, language))
}

async fn rpc(
    State(host): State<Arc<Host>>,
    Named(command): Named<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let language = language_of(&headers);
    let answer = match request_of(&body, language) {
        Ok(request) => host.app.call(&command, request, language).await,
        Err(failure) => Err(failure),
    };
    answer.map_or_else(|failure| refused(&failure), |answer| axum::Json(answer).into_response())
}

fn refused(failure: &Failure) -> Response {
    let status = match failure.kind() {
        Kind::User => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Ours => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, axum::Json(failure)).into_response()
}

async fn stream(
    State(host): State<Arc<Host>>,
    Named(command): Named<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let language = language_of(&headers);
    let request = match request_of(&body, language) {
        Ok(request) => request,
        Err(failure) => return refused(&failure),
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(run_stream(host, command, request, language, sender));
    lines("application/x-ndjson", receiver)
}

/// Runs a stream until its end, or until nobody reads its answer.
async fn run_stream(
    host: Arc<Host>,
    command: String,
    request: Value,
    language: Language,
    sender: mpsc::UnboundedSender<String>,
) {
    let (cancel, events) = (Cancel::default(), sender.clone());
    // A reader that has gone is seen below.
    let told = move |event: Value| drop(events.send(format!("{}\n", json!({ "event": event }))));
    let work = host.app.stream(&command, request, language, told, cancel.clone());
    tokio::pin!(work);
    let end = tokio::select! {
        end = &mut work => end,
        () = sender.closed() => {
            cancel.cancel();
            work.await
        }
    };
    let last = match end {
        Ok(answer) => json!({ "done": answer }),
        Err(failure) => json!({ "error": failure }),
    };
    drop(sender.send(format!("{last}\n")));
}

async fn changed(State(host): State<Arc<Host>>) -> Response {
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut changes = host.app.changes();
    // The first line makes the browser see that it is connected.
    drop(sender.send(": connected\n\n".to_owned()));
    tokio::spawn(async move {
        loop {
            let tags = tokio::select! {
                tags = changes.recv() => tags,
                () = sender.closed() => return,
            };
            let tags = match tags {
                Ok(tags) => tags,
                Err(RecvError::Lagged(_)) => crate::api::Tag::ALL.to_vec(),
                Err(RecvError::Closed) => return,
            };
            drop(sender.send(format!("data:{}\n\n", json!({ "tags": tags }))));
        }
    });
    lines("text/event-stream", receiver)
}

fn lines(kind: &'static str, mut receiver: mpsc::UnboundedReceiver<String>) -> Response {
    let stream = futures_util::stream::poll_fn(move |context| {
        receiver.poll_recv(context).map(|line| line.map(Ok::<_, std::convert::Infallible>))
    });
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(stream)).into_response()
}

/// A file of the built UI; an address without an ending is a page of the UI itself.
async fn file(State(host): State<Arc<Host>>, uri: Uri) -> Response {
    let Some(wanted) = plain_path(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let path = match wanted.extension() {
        Some(_) => host.ui.join(&wanted),
        None => host.ui.join("index.html"),
    };
    // A link in the folder must not lead out of it either.
    let inside = match (path.canonicalize(), host.ui.canonicalize()) {
        (Ok(path), Ok(ui)) => path.starts_with(ui),
        _ => false,
    };
    match tokio::fs::read(&path).await {
        Ok(bytes) if inside => ([(header::CONTENT_TYPE, kind_of(&path))], bytes).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The path below the folder, where it is made of plain names only.
fn plain_path(path: &str) -> Option<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let relative = Path::new(path.strip_prefix('/')?);
    let names = relative.components().all(|part| matches!(part, Component::Normal(_)));
    (path.chars().all(plain) && names).then(|| relative.to_owned())
}

fn kind_of(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript",
        "css" => "text/css",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_below_the_folder_are_files() {
        assert_eq!(plain_path("/assets/a-1.js"), Some(PathBuf::from("assets/a-1.js")));
        assert_eq!(plain_path("/"), Some(PathBuf::new()));
        for bad in ["/../secret", "/a/../../b", "//etc/passwd", "/%2e%2e/a", "/a\\b", "a", "/./a"] {
            assert_eq!(plain_path(bad), None, "{bad}");
        }
    }
}
