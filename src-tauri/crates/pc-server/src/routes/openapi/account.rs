//! `POST /api/v1/extensions/account`: keys with their whole scope, workspaces, rotation. Signed, because whoever holds only
//! an API key must not make others.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use pc_base::{Code, Coded};
use pc_protocol::Data;
use pc_protocol::account::{KeyRow, NewKey, VERSION, WorkspaceRow, action};
use serde::Serialize;

use super::parameters::Parameters;
use super::signed::{Admitted, Signed, no_action};
use crate::caller::blocking;
use crate::intake::Begun;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

pub(super) async fn act(Shared(state): Shared<Arc<State>>, request: Request) -> Answer<Response> {
    let signed = Signed::read(&state, request).await?;
    blocking(move || {
        let Admitted { request_id: id, account, access_key_id, action, mut parameters, workspace: own, sent } =
            signed.admitted(&state, VERSION)?;
        match action.as_str() {
            action::CREATE_KEY => {
                let wanted = new_key(parameters)?;
                match sent.begin_in(&state, &own)? {
                    Begun::Again(key) => said::<KeyRow>(id, Ok(key)),
                    Begun::First(once) => said(
                        id,
                        state.account_key_create_then(account, wanted, &access_key_id, |tx, key| once.keep(tx, key)),
                    ),
                }
            }
            action::LIST_KEYS => {
                parameters.done()?;
                said(id, state.account_keys(account))
            }
            action::REVOKE_KEY => {
                let key = parameters.number("id", 0, i64::MAX)?.ok_or_else(|| super::parameters::missing("id"))?;
                parameters.done()?;
                said(id, state.account_key_revoke(account, key))
            }
            action::CREATE_WORKSPACE => {
                let name = parameters.needed("name")?;
                parameters.done()?;
                match sent.begin_in(&state, &own)? {
                    Begun::Again(row) => said::<WorkspaceRow>(id, Ok(row)),
                    Begun::First(once) => {
                        said(id, state.account_workspace_create_then(account, &name, |tx, row| once.keep(tx, row)))
                    }
                }
            }
            action::LIST_WORKSPACES => {
                parameters.done()?;
                said(id, state.account_workspaces(account))
            }
            action::ROTATE => {
                let workspace = parameters.text("workspace");
                parameters.done()?;
                said(id, state.account_rotate(account, workspace.as_deref()))
            }
            _ => Err(no_action()),
        }
    })
    .await
}

fn new_key(mut parameters: Parameters) -> Answer<NewKey> {
    let wanted = NewKey {
        workspace: parameters.text("workspace"),
        description: parameters.text("description").unwrap_or_default(),
        access: parameters.text("access"),
        models: parameters.list("models"),
        addresses: parameters.list("addresses"),
        expires_at: parameters.text("expires_at"),
    };
    parameters.done()?;
    Ok(wanted)
}

fn said<T: Serialize>(request_id: String, outcome: anyhow::Result<T>) -> Answer<Response> {
    match outcome {
        Ok(data) => Ok(Json(Data { request_id, data }).into_response()),
        Err(error) => Err(match error.downcast_ref::<Coded>() {
            Some(coded) if coded.code == Code::InputInvalid => Refusal::invalid(coded.to_string()),
            Some(coded) if coded.code == Code::NotFound => {
                Refusal::new(StatusCode::NOT_FOUND, "NotFound", coded.to_string())
            }
            _ => Refusal::internal(&error),
        }),
    }
}
