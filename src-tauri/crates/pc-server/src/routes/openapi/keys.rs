//! ModelStudio's API keys of an account. A value is told once, when it is made or reset; afterwards it is masked, because
//! only its hash is kept. The key that the program derives for itself can be seen and not changed: it would come back.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use pc_protocol::studio::{KeyAuth, ModelScope, Nothing, OneKey, StudioAnswer, StudioKey, StudioKeys};
use pc_store::cloud::{ApiKey, Workspace};

use super::listed::{Names, page};
use super::parameters::{Parameters, invalid};
use super::signed::Admitted;
use crate::account::access::{Scope, is_network};
use crate::account::keys::{KeyWish, hash_of, of_account, random_key};
use crate::intake::Begun;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// Most entries of a scope's lists.
const MOST: usize = 100;
/// Every address, in both families: what an empty list becomes.
const EVERYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "ApiKey.NotFound", "The API key does not exist.")
}

fn done(request_id: String) -> Response {
    Json(StudioAnswer::success(request_id, Nothing {})).into_response()
}

/// Milliseconds since 1970.
pub(super) fn millis(kept: &str) -> i64 {
    kept.parse().map(Timestamp::as_millisecond).unwrap_or(0)
}

fn shown(key: &ApiKey, workspace: &Workspace) -> StudioKey {
    StudioKey {
        api_key_id: key.number,
        api_key_value: "sk-****".to_owned(),
        auth: KeyAuth {
            kind: if key.models.is_none() && key.addresses.is_empty() { "All" } else { "Custom" }.to_owned(),
            access_ips: key.addresses.clone(),
            model_access_scope: ModelScope {
                allow_all_models: key.models.is_none(),
                accessible_models: key.models.clone().unwrap_or_default(),
            },
        },
        created_by: key.created_by.clone(),
        description: key.description.clone(),
        disabled: u64::from(key.disabled),
        gmt_create: millis(&key.created_at),
        workspace_id: workspace.id.clone(),
        workspace_name: workspace.name.clone(),
    }
}

/// What a request says about a scope; nothing where it says nothing.
fn scope_of(parameters: &mut Parameters, write: bool) -> Answer<Option<Scope>> {
    if !parameters.has("auth") {
        return Ok(None);
    }
    let custom = match parameters.word("auth.type", &["All", "Custom"])? {
        Some(kind) => kind == "Custom",
        None => return Err(invalid("auth.type", "it is All or Custom")),
    };
    let mut addresses = parameters.list("auth.accessIps");
    let models = parameters.list("auth.modelAccessScope.accessibleModels");
    let all_models = parameters.flag("auth.modelAccessScope.allowAllModels")?.unwrap_or(models.is_empty());
    if let Some(bad) = addresses.iter().find(|text| !is_network(text)) {
        return Err(invalid("auth.accessIps", &format!("{bad:.60} is no address or network")));
    }
    if addresses.len() > MOST || models.len() > MOST || models.iter().any(|model| model.len() > 200) {
        return Err(invalid("auth", "it lists at most 100 addresses and 100 models"));
    }
    if !custom {
        return Ok(Some(Scope { write, ..Scope::default() }));
    }
    if addresses.is_empty() {
        addresses = EVERYWHERE.map(str::to_owned).to_vec();
    }
    Ok(Some(Scope { write, models: (!all_models).then_some(models), addresses }))
}

fn description_of(parameters: &mut Parameters) -> Answer<Option<String>> {
    let text = parameters.text("description");
    match text {
        Some(text) if text.chars().count() > 200 || text.chars().any(char::is_control) => {
            Err(invalid("description", "it is plain text of at most 200 characters"))
        }
        fits => Ok(fits),
    }
}

/// One of the account's workspaces; its default one where none is named.
fn workspace_of(state: &State, admitted: &Admitted, asked: Option<String>) -> Answer<Workspace> {
    let id = asked.unwrap_or_else(|| admitted.workspace.clone());
    let found = state.store.read(|tx| tx.workspace(&id))?.filter(|row| row.account == admitted.account);
    found.ok_or_else(super::workspaces::not_found)
}

pub(super) fn create(state: &Arc<State>, mut admitted: Admitted) -> Answer<Response> {
    let said = |request_id, api_key| Json(StudioAnswer::success(request_id, OneKey { api_key })).into_response();
    let asked = admitted.parameters.text("workspaceId");
    let description = description_of(&mut admitted.parameters)?.unwrap_or_default();
    let scope = scope_of(&mut admitted.parameters, true)?.unwrap_or_default();
    let workspace = workspace_of(state, &admitted, asked)?;
    admitted.parameters.done()?;
    let once = match admitted.sent.begin_in(state, &admitted.workspace)? {
        Begun::Again(api_key) => return Ok(said(admitted.request_id, api_key)),
        Begun::First(once) => once,
    };
    let (id, created_by) = (workspace.id.clone(), admitted.access_key_id);
    let wish = KeyWish { workspace: id, description, scope, expires_at: None, created_by };
    let api_key = state.key_make_then(&wish, |tx, row, value| {
        let api_key = StudioKey { api_key_value: value.expose().clone(), ..shown(row, &workspace) };
        once.keep(tx, &api_key).map(|()| api_key)
    })?;
    Ok(said(admitted.request_id, api_key))
}

pub(super) fn list(state: &State, admitted: Admitted) -> Answer<Response> {
    let Admitted { request_id, account, action, mut parameters, .. } = admitted;
    let mut names = Names { size: "maxResults", token: "nextToken", most: 100, downwards: true };
    let question = parameters.question(account, &action, [names.size, names.token]);
    let wanted = parameters.number("apiKeyId", 0, i64::MAX)?;
    let (described, workspace) = (parameters.text("description"), parameters.text("workspaceId"));
    let by_time = parameters.word("orderBy", &["apiKeyId", "gmtCreate"])? == Some("gmtCreate");
    names.downwards = parameters.word("order", &["DESC", "ASC"])? != Some("ASC");
    let mut rows = state.keys_of(account)?;
    rows.retain(|(key, its)| {
        wanted.is_none_or(|number| key.number == number)
            && described.as_ref().is_none_or(|part| key.description.contains(part.as_str()))
            && workspace.as_ref().is_none_or(|id| its.id == *id)
    });
    let place = |key: &ApiKey| {
        let time = if by_time { key.created_at.as_str() } else { "" };
        format!("{time}/{:020}", key.number)
    };
    let mut rows: Vec<_> = rows.into_iter().map(|(key, its)| (place(&key), shown(&key, &its))).collect();
    rows.sort_by(|(a, _), (b, _)| if names.downwards { b.cmp(a) } else { a.cmp(b) });
    let page = page(state, &mut parameters, &names, &question, rows)?;
    parameters.done()?;
    let (max_results, next_token, total_count) = (page.size as u64, page.next, page.total);
    let keys = StudioKeys { api_keys: page.rows, max_results, next_token, total_count };
    Ok(Json(StudioAnswer::success(request_id, keys)).into_response())
}

pub(super) fn get(state: &State, admitted: Admitted, id: &str) -> Answer<Response> {
    admitted.parameters.done()?;
    let number = number_of(id)?;
    let found = state.keys_of(admitted.account)?.into_iter().find(|(key, _)| key.number == number);
    let (key, workspace) = found.ok_or_else(not_found)?;
    let api_key = shown(&key, &workspace);
    Ok(Json(StudioAnswer::success(admitted.request_id, OneKey { api_key })).into_response())
}

/// An id that is no number names no key.
fn number_of(id: &str) -> Answer<i64> {
    id.parse().map_err(|_| not_found())
}

/// Changes a key of the account that is not the program's own.
fn change(state: &State, account: i64, id: &str, edit: impl FnOnce(&mut ApiKey)) -> Answer<ApiKey> {
    let number = number_of(id)?;
    let own = || Refusal::unsupported("This is the program's own key, which comes back; it cannot be changed.");
    state.store.write(|tx| {
        let Some(mut row) = of_account(tx, account, number)? else { return Ok(Err(not_found())) };
        if row.own {
            return Ok(Err(own()));
        }
        edit(&mut row);
        tx.api_key_update(&row)?;
        Ok(Ok(row))
    })?
}

pub(super) fn update(state: &State, admitted: Admitted, id: &str) -> Answer<Response> {
    let Admitted { request_id, account, mut parameters, .. } = admitted;
    let description = description_of(&mut parameters)?;
    let scope = scope_of(&mut parameters, true)?;
    parameters.done()?;
    change(state, account, id, |row| {
        if let Some(description) = description {
            row.description = description;
        }
        if let Some(scope) = scope {
            // Reading or writing is not this API's to say, so it stays.
            row.models = scope.models;
            row.addresses = scope.addresses;
        }
    })?;
    Ok(done(request_id))
}

pub(super) fn enable(state: &State, admitted: Admitted, id: &str) -> Answer<Response> {
    switch(state, admitted, id, false)
}

pub(super) fn disable(state: &State, admitted: Admitted, id: &str) -> Answer<Response> {
    switch(state, admitted, id, true)
}

fn switch(state: &State, admitted: Admitted, id: &str, disabled: bool) -> Answer<Response> {
    admitted.parameters.done()?;
    change(state, admitted.account, id, |row| row.disabled = disabled)?;
    Ok(done(admitted.request_id))
}

/// A new value under the same number; the old one is refused from now on.
pub(super) fn reset(state: &State, admitted: Admitted, id: &str) -> Answer<Response> {
    admitted.parameters.done()?;
    let value = random_key("sk-");
    let row = change(state, admitted.account, id, |row| row.hash = hash_of(value.expose()))?;
    let (api_key_value, workspace_id) = (value.expose().clone(), row.workspace_id);
    let api_key = StudioKey { api_key_id: row.number, api_key_value, workspace_id, ..StudioKey::default() };
    Ok(Json(StudioAnswer::success(admitted.request_id, OneKey { api_key })).into_response())
}

pub(super) fn delete(state: &State, admitted: Admitted, id: &str) -> Answer<Response> {
    admitted.parameters.done()?;
    let row = change(state, admitted.account, id, |row| row.disabled = true)?;
    state.key_revoke(admitted.account, row.number)?;
    Ok(done(admitted.request_id))
}
