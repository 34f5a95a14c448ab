//! The vendor's OpenAPI, signed with ACS3: bills (BSS 2017-12-14, RPC style at `/`) and the account's keys, workspaces,
//! models and costs (ModelStudio 2026-02-10, REST style below `/modelstudio`). An AccessKey speaks for an account: it sees
//! all workspaces of the account and nothing of another's.

mod account;
mod bss;
mod costs;
mod keys;
mod listed;
mod models;
mod parameters;
mod rules;
mod signed;
mod workspaces;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State as Shared};
use axum::response::Response;
use axum::routing::{get, post, put};

use crate::caller::blocking;
use crate::refusal::Answer;
use crate::state::State;
use signed::{Admitted, Signed};

/// Both APIs.
pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/", post(bss::act))
        .route("/api/v1/extensions/account", post(account::act))
        .route("/modelstudio/billing/overview", get(costs_overview))
        .route("/modelstudio/billing/trend", get(costs_trend))
        .route("/modelstudio/apikeys", get(key_list).post(key_create))
        .route("/modelstudio/apikeys/{id}", get(key_get).put(key_update).delete(key_delete))
        .route("/modelstudio/apikeys/{id}/enable", put(key_enable))
        .route("/modelstudio/apikeys/{id}/disable", put(key_disable))
        .route("/modelstudio/apikeys/{id}/reset", put(key_reset))
        .route("/modelstudio/workspaces", get(workspace_list).post(workspace_create))
        .route("/modelstudio/workspaces/{id}", axum::routing::delete(workspace_delete))
        .route("/modelstudio/models", get(model_list))
        .route("/modelstudio/models/limits", get(limit_list).post(limit_update))
        .route("/modelstudio/models/permissions", get(permission_list).post(permission_update))
}

/// Admits a request of ModelStudio's API whose action is `action` and answers it off the async threads.
async fn studio(
    state: Arc<State>,
    request: Request,
    action: &'static str,
    answer: impl FnOnce(&Arc<State>, Admitted) -> Answer<Response> + Send + 'static,
) -> Answer<Response> {
    let signed = Signed::read(&state, request).await?;
    blocking(move || {
        let admitted = signed.admitted(&state, signed::STUDIO_VERSION)?;
        admitted.is(action)?;
        answer(&state, admitted)
    })
    .await
}

/// Handlers that differ in nothing but their action and what answers it.
macro_rules! actions {
    ($($name:ident = $action:literal, $answer:path;)+) => {
        $(async fn $name(Shared(state): Shared<Arc<State>>, request: Request) -> Answer<Response> {
            studio(state, request, $action, |state, admitted| $answer(state, admitted)).await
        })+
    };
}

/// The same for one thing, whose id is in the path.
macro_rules! actions_on {
    ($($name:ident = $action:literal, $answer:path;)+) => {
        $(async fn $name(Shared(state): Shared<Arc<State>>, Path(id): Path<String>, request: Request) -> Answer<Response> {
            studio(state, request, $action, move |state, admitted| $answer(state, admitted, &id)).await
        })+
    };
}

actions! {
    costs_overview = "GetBillingOverview", costs::overview;
    costs_trend = "GetBillingTrend", costs::trend;
    key_list = "ListApiKeys", keys::list;
    key_create = "CreateApiKey", keys::create;
    workspace_list = "ListWorkspaces", workspaces::list;
    workspace_create = "CreateWorkspace", workspaces::create;
    model_list = "ListModels", models::list;
    limit_list = "ListModelLimits", rules::limits;
    limit_update = "UpdateModelLimits", rules::limit_update;
    permission_list = "ListModelPermissions", rules::permissions;
    permission_update = "UpdateModelPermissions", rules::permission_update;
}

actions_on! {
    key_get = "GetApiKey", keys::get;
    key_update = "UpdateApiKey", keys::update;
    key_delete = "DeleteApiKey", keys::delete;
    key_enable = "EnableApiKey", keys::enable;
    key_disable = "DisableApiKey", keys::disable;
    key_reset = "ResetApiKey", keys::reset;
    workspace_delete = "DeleteWorkspace", workspaces::delete;
}
