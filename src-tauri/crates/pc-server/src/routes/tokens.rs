//! `POST /api/v1/tokens`: keys that live for minutes, for programs that cannot keep a secret.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, State as Shared};
use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use pc_protocol::Token;
use serde::Deserialize;

use crate::caller::{Asked, Reader, blocking};
use crate::intake::{Begun, Sent};
use crate::refusal::{Answer, Refusal};
use crate::state::{State, text_of};

#[derive(Deserialize)]
pub(super) struct Life {
    expire_in_seconds: Option<i64>,
}

/// It opens what the key opens that asked for it, and ends with it at the latest.
pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    reader: Reader,
    uri: OriginalUri,
    headers: HeaderMap,
    Asked(life): Asked<Life>,
) -> Answer<Json<Token>> {
    let seconds = life.expire_in_seconds.unwrap_or(60);
    if !(1..=1800).contains(&seconds) {
        return Err(Refusal::invalid("expire_in_seconds must be from 1 to 1800."));
    }
    // By the key, because another one's token would open other things.
    let (key, target) = (reader.key.to_string(), uri.to_string());
    let sent = Sent::new(&headers, [target.as_bytes(), key.as_bytes()])?;
    blocking(move || {
        let once = match sent.begin(&state, &reader.caller)? {
            Begun::Again(token) => return Ok(Json(token)),
            Begun::First(once) => once,
        };
        let wanted = state.clock.now() + SignedDuration::from_secs(seconds);
        let latest = reader.ends.map(|end| end.parse::<Timestamp>()).transpose().map_err(anyhow::Error::from)?;
        let end = latest.map_or(wanted, |latest| latest.min(wanted));
        let token = state.token_make(reader.key, &text_of(end), |tx, token| {
            let token = Token { token: token.expose().clone(), expires_at: end.as_second() };
            once.keep(tx, &token).map(|()| token)
        })?;
        Ok(Json(token))
    })
    .await
}
