//! Who calls, and what was sent: the bearer key, bounded JSON bodies, pages, work on blocking threads.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, OriginalUri, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use pc_base::Secret;
use pc_protocol::{Data, Output};
use pc_store::cloud::{Job, Whose};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::account::access::Scope;
use crate::account::keys::Found;
use crate::edge::RequestId;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// A caller whose key was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub workspace: String,
    /// By which bills name the key.
    pub api_key_id: String,
    pub request_id: String,
    pub scope: Arc<Scope>,
}

/// A caller who asks for no change, whatever the method: a key that may only read is good enough.
pub(crate) struct Reader {
    pub caller: Caller,
    /// The key's number, and its end (RFC 3339) where it has one.
    pub key: i64,
    pub ends: Option<String>,
}

impl Caller {
    /// The native envelope.
    pub fn output<T>(&self, output: T) -> Json<Output<T>> {
        Json(Output { request_id: self.request_id.clone(), output })
    }

    /// The files API's envelope.
    pub fn data<T>(&self, data: T) -> Json<Data<T>> {
        Json(Data { request_id: self.request_id.clone(), data })
    }
}

impl Caller {
    /// Refuses a key that may only read; asked by itself where a GET changes something.
    pub fn may_write(&self) -> Answer<()> {
        if self.scope.write {
            return Ok(());
        }
        Err(Refusal::new(StatusCode::FORBIDDEN, "AccessDenied", "This key may only read."))
    }

    /// Whether the key is for a job's model: the one it starts from, its base model, or its result. A job of another one is to
    /// this key as one that never was.
    pub fn sees(&self, job: &Job) -> bool {
        self.scope.may_use(&[&job.model, &job.base_model, &job.output_model])
    }

    /// Refuses a model that the key is not for; by its own name, that it was deployed from, and its base model's. Asked only
    /// about models that this workspace has, so a refusal tells nothing of another's.
    pub fn allowed(&self, names: &[&str]) -> Answer<()> {
        if self.scope.may_use(names) {
            return Ok(());
        }
        let message = format!("This key does not open the model {}.", names.first().copied().unwrap_or_default());
        Err(Refusal::new(StatusCode::FORBIDDEN, "Model.AccessDenied", message))
    }
}

/// The key that came with a request, whatever it opens, and the request's id.
async fn bearer(parts: &Parts, state: &Arc<State>) -> Answer<(Found, String)> {
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let sent = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = sent.and_then(|text| text.strip_prefix("Bearer ")).ok_or_else(Refusal::key)?;
    let key = Secret::new(key.trim().to_owned());
    let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let state = state.clone();
    let found = blocking(move || Ok(state.key_found(key.expose())?)).await?.ok_or_else(Refusal::key)?;
    // Without a socket there is no address, and nobody but this program itself who could call.
    if from.is_some_and(|address| !found.scope.may_come_from(address)) {
        return Err(denied("AccessDenied", "This key does not open anything from this address."));
    }
    Ok((found, request_id))
}

pub(crate) fn denied(code: &'static str, message: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, code, message)
}

impl FromRequestParts<Arc<State>> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Answer<Self> {
        let (found, request_id) = bearer(parts, state).await?;
        if found.admin {
            return Err(denied("AccessDenied", "An admin key opens usage and costs only."));
        }
        let asked = parts.headers.get("x-dashscope-workspace").and_then(|v| v.to_str().ok());
        if asked.is_some_and(|workspace| workspace != found.workspace) {
            return Err(denied("Workspace.AccessDenied", "This key does not open that workspace."));
        }
        let path = parts.extensions.get::<OriginalUri>().map_or(parts.uri.path(), |uri| uri.path());
        state.rates.call(&state.profile, &found.workspace, &parts.method, path, state.clock.now().as_second())?;
        let (api_key_id, scope) = (found.number.to_string(), Arc::new(found.scope));
        let caller = Caller { workspace: found.workspace, api_key_id, request_id, scope };
        Ok(Self { caller, key: found.number, ends: found.expires_at })
    }
}

/// Who may see what was used and what it cost.
pub(crate) enum Auditor {
    /// With an admin key, which opens nothing else.
    OfAccount(i64),
    /// With a key of the workspace's that is limited in nothing.
    OfWorkspace(String),
}

impl FromRequestParts<Arc<State>> for Auditor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Answer<Self> {
        let (found, _) = bearer(parts, state).await?;
        if !found.admin {
            let whole = found.scope.write && found.scope.models.is_none();
            let limited =
                || denied("AccessDenied", "Usage and costs need an admin key, or one that may do everything.");
            return if whole { Ok(Self::OfWorkspace(found.workspace)) } else { Err(limited()) };
        }
        let state = state.clone();
        blocking(move || {
            let workspace = state.store.read(|tx| tx.workspace(&found.workspace))?.ok_or_else(Refusal::key)?;
            Ok(Self::OfAccount(workspace.account))
        })
        .await
    }
}

impl Auditor {
    pub fn whose(&self) -> Whose<'_> {
        match self {
            Self::OfAccount(account) => Whose::Account(*account),
            Self::OfWorkspace(workspace) => Whose::Workspace(workspace),
        }
    }
}

impl FromRequestParts<Arc<State>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Answer<Self> {
        let Reader { caller, .. } = Reader::from_request_parts(parts, state).await?;
        if !parts.method.is_safe() {
            caller.may_write()?;
        }
        Ok(caller)
    }
}

/// A JSON body of at most the profile's size, refused in our shape.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<State>> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<State>) -> Answer<Self> {
        let bytes = bytes_of(request, state).await?;
        parsed(&bytes).map(Self)
    }
}

/// Reads JSON; a field that is missing or unknown is named.
pub(crate) fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|error| unreadable(&error))
}

/// The same of a value whose fields were looked at before.
pub(crate) fn read<T: DeserializeOwned>(value: serde_json::Value) -> Answer<T> {
    serde_json::from_value(value).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    let named = ["missing field `", "unknown field `"].iter().find_map(|start| text.strip_prefix(start));
    let param = named.and_then(|rest| rest.split_once('`')).map(|(name, _)| name.to_owned());
    // Parameters of the wrong type are refused by their name, see pc-protocol's `sampling`.
    let param = param.or_else(|| text.split_once(" is outside of its range").map(|(name, _)| name.to_owned()));
    Refusal { param, ..Refusal::invalid(format!("The body is not valid: {text}.")) }
}

/// The whole body, of at most the profile's size.
pub(crate) async fn bytes_of(request: Request, state: &State) -> Answer<Bytes> {
    let limit = state.profile.body_bytes;
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(Refusal::too_large(limit));
    }
    let (mut all, mut chunks) = (BytesMut::new(), request.into_body().into_data_stream());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::broke_off())?;
        if all.len() + chunk.len() > limit {
            return Err(Refusal::too_large(limit));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}

/// Query parameters in our shape.
pub(crate) struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<State>> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<State>) -> Answer<Self> {
        let query = Query::try_from_uri(&parts.uri);
        query.map(|Query(value)| Self(value)).map_err(|error| Refusal::invalid(error.body_text()))
    }
}

/// `page_no` from 1 and `page_size`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Page {
    page_no: Option<u64>,
    page_size: Option<u64>,
}

impl Page {
    /// Number, size and rows to skip; refuses what is outside.
    pub fn of(self, default: u64, most: u64) -> Answer<(u64, u64, u64)> {
        let (number, size) = (self.page_no.unwrap_or(1), self.page_size.unwrap_or(default));
        if number == 0 || number > 1_000_000 {
            return Err(Refusal::invalid("page_no must be at least 1."));
        }
        if size == 0 || size > most {
            return Err(Refusal::invalid(format!("page_size must be from 1 to {most}.")));
        }
        Ok((number, size, (number - 1) * size))
    }
}

/// Runs what blocks (database, files, engine) off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(error) => Err(Refusal::internal(&error.into())),
    }
}
