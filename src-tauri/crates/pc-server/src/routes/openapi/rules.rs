//! ModelStudio's limits and permissions of a workspace, by base model.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use pc_protocol::studio::{
    ModelLimit, ModelLimitRow, ModelLimits, ModelPermissionRow, ModelPermissions, Nothing, Permissions, StudioAnswer,
};
use pc_store::cloud::ModelRule;
use serde::Deserialize;

use super::listed::{Names, page};
use super::parameters::{Parameters, invalid, missing};
use super::signed::Admitted;
use crate::account::rules::{Use, granted};
use crate::engine::BaseModel;
use crate::refusal::Answer;
use crate::state::State;

const PAGE: Names = Names { size: "maxResults", token: "nextToken", most: 200, downwards: false };
/// Seconds over which use is counted here, at most.
const LONGEST: u64 = 60;

/// One of the account's workspaces; its default one where none is named.
fn workspace_of(state: &State, account: i64, own: &str, asked: Option<String>) -> Answer<String> {
    let id = asked.unwrap_or_else(|| own.to_owned());
    let found = state.store.read(|tx| tx.workspace(&id))?.filter(|row| row.account == account);
    found.map(|row| row.id).ok_or_else(super::workspaces::not_found)
}

/// The base models that a filter wants, in the order of their ids.
fn wanted(state: &State, model: Option<&str>, name: Option<&str>) -> Vec<BaseModel> {
    let mut bases = state.engine.bases();
    bases.retain(|base| model.is_none_or(|id| base.id == id) && name.is_none_or(|part| base.name.contains(part)));
    bases.sort_by(|a, b| a.id.cmp(&b.id));
    bases
}

fn known(state: &State, name: &str, model: &str) -> Answer<()> {
    let found = state.engine.bases().iter().any(|base| base.id == model);
    if found { Ok(()) } else { Err(invalid(name, &format!("there is no model {model:.80}"))) }
}

fn limit(requests: Option<(u64, u64)>, usage: Option<(u64, u64)>) -> ModelLimit {
    ModelLimit {
        request_limit: requests.map(|(limit, _)| limit),
        request_limit_period: requests.map(|(_, period)| period),
        usage_limit: usage.map(|(limit, _)| limit),
        usage_limit_field: usage.map(|_| "total_tokens".to_owned()),
        usage_limit_period: usage.map(|(_, period)| period),
        async_user_concurrency_limit: None,
        async_user_queue_limit: None,
    }
}

pub(super) fn limits(state: &State, admitted: Admitted) -> Answer<Response> {
    let Admitted { request_id, account, workspace, action, mut parameters, .. } = admitted;
    let question = parameters.question(account, &action, [PAGE.size, PAGE.token]);
    let workspace = workspace_of(state, account, &workspace, parameters.text("workspaceId"))?;
    let (model, name) = (parameters.text("model"), parameters.text("name"));
    let profile = &state.profile;
    let of_all = limit(
        profile.model_requests_a_minute.map(|limit| (limit, 60)),
        profile.model_tokens_a_minute.map(|limit| (limit, 60)),
    );
    let mut rows = Vec::new();
    for base in wanted(state, model.as_deref(), name.as_deref()) {
        let rule = state.store.read(|tx| tx.model_rule(&workspace, &base.id))?;
        let own = rule.requests.or(rule.usage).is_some();
        let row = ModelLimitRow {
            name: base.name,
            workspace_id: workspace.clone(),
            model_limit: of_all.clone(),
            workspace_limit: own.then(|| limit(rule.requests, rule.usage)),
            model: base.id.clone(),
        };
        rows.push((base.id, row));
    }
    let page = page(state, &mut parameters, &PAGE, &question, rows)?;
    parameters.done()?;
    let (max_results, next_token, total_count) = (page.size as u64, page.next, page.total);
    let body = ModelLimits { limits: page.rows, error_message: String::new(), max_results, next_token, total_count };
    Ok(Json(StudioAnswer::success(request_id, body)).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Limit {
    model: String,
    operation_type: Option<String>,
    request_limit: Option<u64>,
    request_limit_period: Option<u64>,
    usage_limit: Option<u64>,
    usage_limit_period: Option<u64>,
}

pub(super) fn limit_update(state: &State, admitted: Admitted) -> Answer<Response> {
    const NAME: &str = "workspaceLimits";
    let Admitted { request_id, account, workspace, mut parameters, .. } = admitted;
    let asked = Some(parameters.needed("workspaceId")?);
    let workspace = workspace_of(state, account, &workspace, asked)?;
    let sent: Vec<Limit> = parameters.json(NAME)?.ok_or_else(|| missing(NAME))?;
    parameters.done()?;
    let pair = |limit: Option<u64>, period: Option<u64>| match (limit, period.unwrap_or(LONGEST)) {
        (None, _) => Ok(None),
        (Some(0), _) => Err(invalid(NAME, "a limit is at least 1")),
        (Some(limit), period @ 1..=LONGEST) => Ok(Some((limit, period))),
        _ => Err(invalid(NAME, "a period has 1 to 60 seconds")),
    };
    let mut rules = Vec::new();
    for limit in sent {
        known(state, NAME, &limit.model)?;
        let rule = match limit.operation_type.as_deref().unwrap_or("OVERLAY") {
            "OVERLAY" => (
                pair(limit.request_limit, limit.request_limit_period)?,
                pair(limit.usage_limit, limit.usage_limit_period)?,
            ),
            "DELETE" => (None, None),
            _ => return Err(invalid(NAME, "operationType is OVERLAY or DELETE")),
        };
        rules.push((limit.model, rule));
    }
    state.store.write(|tx| {
        for (model, (requests, usage)) in &rules {
            let rule = ModelRule { requests: *requests, usage: *usage, ..tx.model_rule(&workspace, model)? };
            tx.model_rule_put(&workspace, model, &rule)?;
        }
        Ok(())
    })?;
    Ok(Json(StudioAnswer::success(request_id, Nothing {})).into_response())
}

pub(super) fn permissions(state: &State, admitted: Admitted) -> Answer<Response> {
    let Admitted { request_id, account, workspace, action, mut parameters, .. } = admitted;
    let question = parameters.question(account, &action, [PAGE.size, PAGE.token]);
    let asked = Some(parameters.needed("workspaceId")?);
    let workspace = workspace_of(state, account, &workspace, asked)?;
    let only = parameters.word("authorizationScope", &["AUTHORIZED", "AUTHORIZABLE"])? == Some("AUTHORIZED");
    let what = match parameters.word("modelAction", &["INFERENCE", "FINE_TUNE", "DEPLOY"])? {
        Some("FINE_TUNE") => Use::FineTune,
        Some("DEPLOY") => Use::Deploy,
        _ => Use::Inference,
    };
    let filter = filter_of(&mut parameters)?;
    let mut rows = Vec::new();
    for base in wanted(state, filter.0.as_deref(), filter.1.as_deref()) {
        let (rule, of_all) =
            state.store.read(|tx| Ok((tx.model_rule(&workspace, &base.id)?, tx.model_rule(&workspace, "")?)))?;
        if only && !granted(&rule, &of_all, what) {
            continue;
        }
        let permissions = Permissions {
            inference: granted(&rule, &of_all, Use::Inference),
            fine_tune: granted(&rule, &of_all, Use::FineTune),
            deploy: granted(&rule, &of_all, Use::Deploy),
        };
        rows.push((base.id.clone(), ModelPermissionRow { model: base.id, name: base.name, permissions }));
    }
    let page = page(state, &mut parameters, &PAGE, &question, rows)?;
    parameters.done()?;
    let (max_results, next_token, total_count) = (page.size as u64, page.next, page.total);
    let body = ModelPermissions { list: page.rows, error_message: String::new(), max_results, next_token, total_count };
    Ok(Json(StudioAnswer::success(request_id, body)).into_response())
}

/// A model's id and a part of a name, flattened or as JSON.
fn filter_of(parameters: &mut Parameters) -> Answer<(Option<String>, Option<String>)> {
    #[derive(Default, Deserialize)]
    struct Filter {
        model: Option<String>,
        name: Option<String>,
    }
    let whole: Filter = parameters.json("filter")?.unwrap_or_default();
    Ok((parameters.text("filter.model").or(whole.model), parameters.text("filter.name").or(whole.name)))
}

pub(super) fn permission_update(state: &State, admitted: Admitted) -> Answer<Response> {
    let Admitted { request_id, account, workspace, mut parameters, .. } = admitted;
    let asked = Some(parameters.needed("workspaceId")?);
    let workspace = workspace_of(state, account, &workspace, asked)?;
    let all = parameters.word("accessAllEntities", &["OPEN", "CLOSE", "KEEP"])?.unwrap_or("KEEP");
    let mut grants = Vec::new();
    for n in 1..=200 {
        let at = |field: &str| format!("models.{n}.{field}");
        let Some(model) = parameters.text(&at("model")) else { break };
        known(state, "models", &model)?;
        let rule = ModelRule {
            inference: parameters.flag(&at("inference"))?,
            fine_tune: parameters.flag(&at("fineTune"))?,
            deploy: parameters.flag(&at("deploy"))?,
            ..ModelRule::default()
        };
        grants.push((model, rule));
    }
    parameters.done()?;
    state.store.write(|tx| {
        if all != "KEEP" {
            let open = Some(all == "OPEN");
            tx.model_grants_clear(&workspace)?;
            let rule = ModelRule { inference: open, fine_tune: open, deploy: open, ..tx.model_rule(&workspace, "")? };
            tx.model_rule_put(&workspace, "", &rule)?;
        }
        for (model, grant) in &grants {
            let kept = tx.model_rule(&workspace, model)?;
            let rule = ModelRule {
                inference: grant.inference.or(kept.inference),
                fine_tune: grant.fine_tune.or(kept.fine_tune),
                deploy: grant.deploy.or(kept.deploy),
                ..kept
            };
            tx.model_rule_put(&workspace, model, &rule)?;
        }
        Ok(())
    })?;
    Ok(Json(StudioAnswer::success(request_id, Nothing {})).into_response())
}
