//! `Idempotency-Key`: a creating request that is sent again with its key is answered as the first time and does nothing.
//! Thing and key are written in one transaction, so that no crash comes between them. A key holds for two days; a request
//! that was refused does not use it up.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{FromRequest, OriginalUri, Request};
use axum::http::{HeaderMap, StatusCode};
use pc_secrets::{open, seal};
use pc_store::cloud::{Answered, Tx};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::caller::{Caller, bytes_of, parsed};
use crate::refusal::{Answer, Refusal};
use crate::state::{State, owner_of};

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

/// Keys of requests that are being worked on.
#[derive(Default)]
pub(crate) struct Claims(Mutex<HashSet<(String, String)>>);

impl Claims {
    fn held(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key as it was sent, if one was, and what was asked with it.
pub(crate) struct Sent {
    key: Option<String>,
    fingerprint: String,
}

/// Whether a request is to be carried out, or was already.
pub(crate) enum Begun<T> {
    First(Once),
    Again(T),
}

/// The right to carry a request out; until it is dropped nobody else has it.
pub(crate) struct Once(Option<Claim>);

struct Claim {
    state: Arc<State>,
    row: Answered,
}

impl Sent {
    /// The parts are everything in which two requests can differ.
    pub fn new<'a>(headers: &HeaderMap, parts: impl IntoIterator<Item = &'a [u8]>) -> Answer<Self> {
        let key = headers.get(HEADER).map(|value| value.to_str().unwrap_or("").trim().to_owned());
        if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > LONGEST) {
            return Err(Refusal::invalid(format!("Idempotency-Key must have 1 to {LONGEST} ASCII characters.")));
        }
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Ok(Self { key, fingerprint: hex::encode(digest.finalize()) })
    }

    /// 409 while the same key is being worked on, 422 where it was used for something else. Blocks.
    pub fn begin<T: DeserializeOwned>(self, state: &Arc<State>, caller: &Caller) -> Answer<Begun<T>> {
        self.begin_in(state, &caller.workspace)
    }

    /// The same for whoever speaks for an account, by its default workspace.
    pub fn begin_in<T: DeserializeOwned>(self, state: &Arc<State>, workspace: &str) -> Answer<Begun<T>> {
        let Some(key) = self.key else { return Ok(Begun::First(Once(None))) };
        let id = (workspace.to_owned(), key.clone());
        if !state.claims.held().insert(id) {
            let message = "A request with this Idempotency-Key is being worked on.";
            return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", message).again(1));
        }
        let row = Answered {
            workspace_id: workspace.to_owned(),
            key,
            fingerprint: self.fingerprint,
            answer: Vec::new(),
            created_at: state.now_text(),
        };
        let claim = Claim { state: state.clone(), row };
        let Some(before) = state.store.read(|tx| tx.answered(&claim.row.workspace_id, &claim.row.key))? else {
            return Ok(Begun::First(Once(Some(claim))));
        };
        if before.fingerprint != claim.row.fingerprint {
            let message = "This Idempotency-Key was used for another request.";
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "InvalidParameter", message));
        }
        let plain = open(&*state.key(workspace)?, &claim.identity(), &before.answer)?;
        let answer = serde_json::from_slice(&plain).map_err(anyhow::Error::from)?;
        Ok(Begun::Again(answer))
    }
}

impl Once {
    /// Keeps the answer, in the transaction that carries the request out.
    pub fn keep(&self, tx: &Tx<'_>, answer: &impl Serialize) -> anyhow::Result<()> {
        let Some(claim) = &self.0 else { return Ok(()) };
        // Sealed, because it may be what a model said.
        let plain = serde_json::to_vec(answer)?;
        let answer = seal(&*claim.state.key(&claim.row.workspace_id)?, &claim.identity(), &plain);
        tx.answered_add(&Answered { answer, ..claim.row.clone() })
    }

    /// A name for what the request costs: with a key the same for every try, so that it is charged once.
    pub fn source<'a>(&'a self, request_id: &'a str) -> std::borrow::Cow<'a, str> {
        match &self.0 {
            None => request_id.into(),
            Some(claim) => format!("{}/{}", claim.row.workspace_id, claim.row.key).into(),
        }
    }
}

impl Claim {
    /// What the sealed answer is bound to.
    fn identity(&self) -> String {
        format!("{}/answered/{}", owner_of(&self.row.workspace_id), self.row.key)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let id = (std::mem::take(&mut self.row.workspace_id), std::mem::take(&mut self.row.key));
        self.state.claims.held().remove(&id);
    }
}

/// The JSON body of a creating request, and its key. Bounded and refused as [`crate::caller::Body`].
pub(crate) struct Create<T>(pub T, pub Sent);

impl<T: DeserializeOwned> FromRequest<Arc<State>> for Create<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<State>) -> Answer<Self> {
        let uri = request.extensions().get::<OriginalUri>().map_or(request.uri(), |uri| &uri.0);
        let (path, headers) = (uri.path().to_owned(), request.headers().clone());
        let bytes = bytes_of(request, state).await?;
        let body = parsed(&bytes)?;
        Ok(Self(body, Sent::new(&headers, [path.as_bytes(), &bytes])?))
    }
}
