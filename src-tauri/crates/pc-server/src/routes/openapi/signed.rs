//! Admission of a signed request: signature, date and nonce, in this order, so that a nonce is used up only by a request
//! that is otherwise good.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use jiff::{SignedDuration, Timestamp};

use super::parameters::Parameters;
use crate::account::acs3::{self, claim_of, fits};
use crate::caller::bytes_of;
use crate::edge::RequestId;
use crate::intake::Sent;
use crate::refusal::{Answer, Refusal};
use crate::state::{State, text_of};

/// ModelStudio's version.
pub(super) const STUDIO_VERSION: &str = "2026-02-10";

/// How far a request's date may be from the cloud's.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// A request that claims to be signed.
pub(super) struct Signed {
    request_id: String,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// A request whose signature holds.
pub(super) struct Admitted {
    pub request_id: String,
    pub account: i64,
    /// The workspace to which the AccessKey belongs: the account's default one.
    pub workspace: String,
    pub access_key_id: String,
    pub action: String,
    /// Of query and form.
    pub parameters: Parameters,
    /// Its `Idempotency-Key`: the vendor's own package has no token for this.
    pub sent: Sent,
}

impl Admitted {
    /// Whether it asks for the action that this address is for.
    pub fn is(&self, action: &str) -> Answer<()> {
        if self.action == action { Ok(()) } else { Err(no_action()) }
    }
}

/// 404: an action that this API does not have.
pub(super) fn no_action() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "InvalidAction.NotFound", "This action does not exist.")
}

fn bad(code: &'static str, message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, message)
}

impl Signed {
    /// Takes in the whole request.
    pub async fn read(state: &State, request: Request) -> Answer<Self> {
        let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let (method, headers, uri) = (request.method().clone(), request.headers().clone(), request.uri().clone());
        let body = bytes_of(request, state).await?;
        Ok(Self { request_id, method, uri, headers, body })
    }

    /// Verifies it; `version` is that of the API it was sent to.
    pub fn admitted(self, state: &State, version: &str) -> Answer<Admitted> {
        let query = query_of(&self.uri)?;
        let mismatch = || bad("SignatureDoesNotMatch", "The signature does not match.");
        let text = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !self.headers.contains_key(header::AUTHORIZATION) {
            return Err(bad("MissingParameter", "The Authorization header is missing."));
        }
        let claim = claim_of(&self.headers).ok_or_else(mismatch)?;
        let unknown = || {
            let message = "Specified access key is not found.";
            Refusal::new(StatusCode::NOT_FOUND, "InvalidAccessKeyId.NotFound", message)
        };
        let (workspace, secret) = state.access_key(&claim.access_key_id)?.ok_or_else(unknown)?;
        let request = acs3::Signed {
            method: self.method.as_str(),
            path: self.uri.path(),
            query: &query,
            headers: &self.headers,
            body: &self.body,
        };
        if !fits(&claim, secret.expose(), &request) {
            return Err(mismatch());
        }
        let now = state.clock.now();
        let expired = || bad("InvalidTimeStamp.Expired", "The date is too far from now.");
        let date: Timestamp = text("x-acs-date").parse().map_err(|_| expired())?;
        if now.duration_since(date).abs() > WINDOW {
            return Err(expired());
        }
        if text("x-acs-version") != version {
            return Err(bad("InvalidVersion", &format!("The version must be {version}.")));
        }
        let nonce = text("x-acs-signature-nonce");
        let forget = text_of(now - WINDOW * 2);
        let new = state.store.write(|tx| tx.nonce_use(&claim.access_key_id, nonce, &text_of(now), &forget))?;
        if nonce.is_empty() || nonce.len() > 128 || !new {
            return Err(bad("SignatureNonceUsed", "The nonce was used already."));
        }
        let target = self.uri.to_string();
        let parts = [self.method.as_str(), text("x-acs-action"), &target].map(str::as_bytes);
        let sent = Sent::new(&self.headers, parts.into_iter().chain([&*self.body]))?;
        let mut all = query;
        for (name, value) in self.form()? {
            if all.insert(name, value).is_some() {
                return Err(bad("InvalidParameter", "A name is both in the query and in the body."));
            }
        }
        Ok(Admitted {
            request_id: self.request_id.clone(),
            account: workspace.account,
            workspace: workspace.id,
            access_key_id: claim.access_key_id,
            action: text("x-acs-action").to_owned(),
            parameters: Parameters::new(all),
            sent,
        })
    }

    /// Parameters in the body, which is a form or empty.
    fn form(&self) -> Answer<BTreeMap<String, String>> {
        if self.body.is_empty() {
            return Ok(BTreeMap::new());
        }
        let invalid = || bad("InvalidParameter", "The body is not a form.");
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(invalid());
        }
        let text = std::str::from_utf8(&self.body).map_err(|_| invalid())?;
        query_of(&format!("/?{}", text.trim()).parse().map_err(|_| invalid())?)
    }
}

/// The parameters of a query, each named once: a repeated one would be signed once and read once, but not surely the same.
fn query_of(uri: &Uri) -> Answer<BTreeMap<String, String>> {
    let invalid = || bad("InvalidParameter", "The parameters are not valid.");
    let pairs: Query<Vec<(String, String)>> = Query::try_from_uri(uri).map_err(|_| invalid())?;
    let count = pairs.0.len();
    let unique: BTreeMap<String, String> = pairs.0.into_iter().collect();
    if unique.len() == count { Ok(unique) } else { Err(bad("InvalidParameter", "A name is repeated.")) }
}
