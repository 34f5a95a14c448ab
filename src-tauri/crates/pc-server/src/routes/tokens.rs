//! `POST /api/v1/tokens`: keys that live for minutes, for programs that cannot keep a secret.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use jiff::SignedDuration;
use pc_base::Secret;
use pc_protocol::Token;
use rand::Rng as _;
use serde::Deserialize;

use crate::caller::{Asked, Caller, blocking};
use crate::refusal::{Answer, Refusal};
use crate::state::{State, text_of};

#[derive(Deserialize)]
pub(super) struct Life {
    expire_in_seconds: Option<i64>,
}

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(life): Asked<Life>,
) -> Answer<Json<Token>> {
    let seconds = life.expire_in_seconds.unwrap_or(60);
    if !(1..=1800).contains(&seconds) {
        return Err(Refusal::invalid("expire_in_seconds must be from 1 to 1800."));
    }
    blocking(move || {
        let token = format!("st-{}", hex::encode(rand::rng().random::<[u8; 24]>()));
        let end = state.clock.now() + SignedDuration::from_secs(seconds);
        state.api_key_add(&caller.workspace, &Secret::new(token.clone()), Some(text_of(end)))?;
        Ok(Json(Token { token, expires_at: end.as_second() }))
    })
    .await
}
