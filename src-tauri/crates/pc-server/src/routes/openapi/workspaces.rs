//! ModelStudio's workspaces of an account.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use pc_protocol::studio::{
    FailReason, OneWorkspace, StudioAnswer, StudioWorkspace, StudioWorkspaces, WorkspaceDeleted,
};
use pc_store::cloud::Workspace;

use super::bss::REGION;
use super::keys::millis;
use super::listed::{Names, page};
use super::parameters::invalid;
use super::signed::Admitted;
use crate::intake::Begun;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// 404, for what is another account's too.
pub(super) fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "WorkSpaceNotFound", "The workspace does not exist.")
}

fn shown(row: &Workspace) -> StudioWorkspace {
    StudioWorkspace {
        // Every workspace of this cloud is reached at the one address that it listens on.
        api_host: String::new(),
        gmt_create: millis(&row.created_at),
        region: REGION.to_owned(),
        service_site: REGION.to_owned(),
        workspace_id: row.id.clone(),
        workspace_name: row.name.clone(),
    }
}

pub(super) fn create(state: &Arc<State>, admitted: Admitted) -> Answer<Response> {
    let Admitted { request_id, account, mut parameters, workspace: own, sent, .. } = admitted;
    let name = parameters.needed("workspaceName")?;
    if name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(invalid("workspaceName", "it is plain text of at most 64 characters"));
    }
    parameters.word("serviceSite", &[REGION])?;
    parameters.done()?;
    let workspace = match sent.begin_in(state, &own)? {
        Begun::Again(workspace) => workspace,
        Begun::First(once) => state.workspace_add_then(account, &name, |tx, row| {
            let workspace = shown(row);
            once.keep(tx, &workspace).map(|()| workspace)
        })?,
    };
    Ok(Json(StudioAnswer::success(request_id, OneWorkspace { workspace })).into_response())
}

pub(super) fn list(state: &State, admitted: Admitted) -> Answer<Response> {
    let Admitted { request_id, account, action, mut parameters, .. } = admitted;
    let names = Names { size: "maxResults", token: "nextToken", most: 100, downwards: true };
    let question = parameters.question(account, &action, [names.size, names.token]);
    let (id, name) = (parameters.text("workspaceId"), parameters.text("workspaceName"));
    let mut rows = state.store.read(|tx| tx.workspaces())?;
    rows.retain(|row| {
        row.account == account
            && id.as_ref().is_none_or(|id| row.id == *id)
            && name.as_ref().is_none_or(|part| row.name.contains(part.as_str()))
    });
    let mut rows: Vec<_> = rows.iter().map(|row| (format!("{}/{}", row.created_at, row.id), shown(row))).collect();
    rows.sort_by(|(a, _), (b, _)| b.cmp(a));
    let page = page(state, &mut parameters, &names, &question, rows)?;
    parameters.done()?;
    let (max_results, next_token, total_count) = (page.size as u64, page.next, page.total);
    let body = StudioWorkspaces { workspaces: page.rows, max_results, next_token, total_count };
    Ok(Json(StudioAnswer::success(request_id, body)).into_response())
}

/// One that holds anything stays; what its keys once sealed is unreadable once it is gone.
pub(super) fn delete(state: &State, admitted: Admitted, id: &str) -> Answer<Response> {
    admitted.parameters.done()?;
    let found = state.store.read(|tx| tx.workspace(id))?.filter(|row| row.account == admitted.account);
    found.ok_or_else(not_found)?;
    let reasons = if id == admitted.workspace {
        vec![FailReason { reason: "It is the account's default workspace.".into(), resource_type: "workspace".into() }]
    } else {
        let held = state.workspace_end(id)?.into_iter();
        held.map(|kind| FailReason { reason: format!("It holds {kind}."), resource_type: kind.to_owned() }).collect()
    };
    let body = WorkspaceDeleted { is_deleted: reasons.is_empty(), fail_reasons: reasons };
    Ok(Json(StudioAnswer::success(admitted.request_id, body)).into_response())
}
