//! `/api/v1/deployments`: served models.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use pc_protocol::{CreateDeployment, Deployment as Shown, DeploymentPage, DeploymentStatus, Limits, Output, Scale};
use pc_store::cloud::Deployment;
use serde_json::json;

use crate::account::rules::Use;
use crate::caller::{Asked, Body, Caller, Page, blocking};
use crate::deploying;
use crate::intake::{Begun, Create};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::fine_tunes::{base_of, suffix_of};
use super::models::{TEMPLATE, UNIT};
use super::with_t;

/// Most requests or tokens a minute that a limit can be; more is no limit.
const MOST_A_MINUTE: u64 = 1_000_000_000;

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Create(asked, sent): Create<CreateDeployment>,
) -> Answer<Json<Output<Shown>>> {
    blocking(move || {
        let once = match sent.begin(&state, &caller)? {
            Begun::Again(shown) => return Ok(caller.output(shown)),
            Begun::First(once) => once,
        };
        let mut row = wanted(&state, &caller, &asked)?;
        let suffix = asked.suffix.as_deref().map(|text| suffix_of(text, 8)).transpose()?;
        // Whether the name is free is asked in the transaction that takes it.
        let refusal = state.store.write(|tx| {
            let all = tx.deployments_all()?;
            let mut own = all.iter().filter(|other| other.workspace_id == caller.workspace);
            if suffix.is_none() && own.clone().any(|other| other.model_name == row.model_name) {
                return Ok(Some(Refusal::invalid("suffix is required from a model's second deployment on.")));
            }
            row.deployed_model = match &suffix {
                Some(suffix) => format!("{}-{suffix}", row.model_name),
                None if row.base_model == row.model_name => format!("{}-{}", row.model_name, &caller.request_id[..8]),
                None => row.model_name.clone(),
            };
            if own.any(|other| other.deployed_model == row.deployed_model) {
                let message = "This suffix is in use; give another one.";
                return Ok(Some(Refusal::new(StatusCode::CONFLICT, "Conflict", message)));
            }
            if row.name.is_empty() {
                row.name.clone_from(&row.deployed_model);
            }
            row.number = tx.deployment_add(&row)?;
            once.keep(tx, &shown(&state, &row))?;
            Ok(None)
        })?;
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        if row.status == "PENDING" {
            in_background(&state, row.clone());
        }
        Ok(caller.output(shown(&state, &row)))
    })
    .await
}

fn in_background(state: &Arc<State>, row: Deployment) {
    let state = state.clone();
    std::thread::spawn(move || {
        if let Err(error) = deploying::deploy(&state, row) {
            tracing::error!(error = format!("{error:#}"), "a deployment cannot be finished");
        }
    });
}

/// What was asked for, still without its callable name.
fn wanted(state: &State, caller: &Caller, asked: &CreateDeployment) -> Answer<Deployment> {
    let base_model = base_of(state, caller, &asked.model_name)?;
    state.permitted(&caller.workspace, &base_model, Use::Deploy)?;
    // Nothing is charged by the hour that was not asked for by the hour.
    let plan = asked.plan.clone().unwrap_or_else(|| "lora".to_owned());
    match plan.as_str() {
        "lora" if !is_lora(state, caller, &asked.model_name)? => {
            let message = "plan lora serves results of efficient_sft only; ask for plan mu.";
            return Err(Refusal::invalid(message).on("plan"));
        }
        "lora" | "mu" => {}
        _ => return Err(Refusal::invalid("plan must be lora or mu.").on("plan")),
    }
    offered(state, asked, &plan, &base_model)?;
    let capacity = asked.capacity.unwrap_or_else(|| state.prices.of(&base_model).base_capacity);
    let capacity = capacity_of(state, &plan, &base_model, capacity)?;
    let now = state.now_text();
    Ok(Deployment {
        name: asked.name.as_deref().unwrap_or_default().chars().filter(|c| !c.is_control()).take(120).collect(),
        workspace_id: caller.workspace.clone(),
        model_name: asked.model_name.clone(),
        base_model,
        status: if plan == "mu" && capacity == 0 { "STOPPED" } else { "PENDING" }.to_owned(),
        plan,
        capacity,
        rpm_limit: limit_of(asked.rpm_limit, "rpm_limit")?,
        tpm_limit: limit_of(asked.tpm_limit, "tpm_limit")?,
        created_at: now.clone(),
        modified_at: now,
        ..Deployment::default()
    })
}

/// Whether a model is an adapter that efficient_sft made: one on a whole model was merged into it, and shares no base.
fn is_lora(state: &State, caller: &Caller, model: &str) -> Answer<bool> {
    let Some(model) = state.store.read(|tx| tx.model(&caller.workspace, model))? else { return Ok(false) };
    Ok(state.is_lora(&model)?)
}

/// Refuses by name what this cloud does not have, and what the plan does not.
fn offered(state: &State, asked: &CreateDeployment, plan: &str, base_model: &str) -> Answer<()> {
    let refused = |name: &'static str, message: &str| Err(Refusal::invalid(format!("{name} {message}.")).on(name));
    let hourly = [
        ("billing_method", asked.billing_method.is_some()),
        ("deploy_spec", asked.deploy_spec.is_some()),
        ("template_id", asked.template_id.is_some()),
        ("max_context_length", asked.max_context_length.is_some()),
        ("rpm_limit", asked.rpm_limit.is_some()),
        ("tpm_limit", asked.tpm_limit.is_some()),
    ];
    if let Some((name, _)) = hourly.into_iter().find(|(_, given)| *given && plan != "mu") {
        return refused(name, "is for plan mu only");
    }
    let other = |sent: &Option<String>, known: &str| sent.as_deref().is_some_and(|sent| sent != known);
    if other(&asked.billing_method, "POST_PAY") {
        return refused("billing_method", "must be POST_PAY");
    }
    if other(&asked.deploy_spec, UNIT) {
        return refused("deploy_spec", "must be MU1");
    }
    if other(&asked.template_id, TEMPLATE) {
        return refused("template_id", "is not one of the deployable model's");
    }
    if asked.enable_thinking == Some(true) {
        return refused("enable_thinking", "is not offered here");
    }
    let longest = state.engine.bases().into_iter().find(|base| base.id == base_model).map(|base| base.max_length);
    if asked.max_context_length.is_some() && asked.max_context_length != longest {
        return refused("max_context_length", "cannot be another one than the model's own");
    }
    if asked.ptu_capacity.is_some() {
        return refused("ptu_capacity", "is for plan ptu, which is not offered here");
    }
    if other(&asked.model_version, "1.0") {
        return refused("model_version", "is not one of the model's");
    }
    Ok(())
}

/// For mu a multiple of what one instance takes, from 0 (which stops it) to 999; for lora it says nothing.
fn capacity_of(state: &State, plan: &str, base_model: &str, capacity: u64) -> Answer<u64> {
    let one = state.prices.of(base_model).base_capacity;
    if capacity >= 1000 || (plan == "mu" && !capacity.is_multiple_of(one)) {
        let message = format!("capacity must be a multiple of {one} from 0 to 999.");
        return Err(Refusal::invalid(message).on("capacity"));
    }
    Ok(capacity)
}

fn limit_of(sent: Option<u64>, name: &'static str) -> Answer<Option<u64>> {
    match sent {
        Some(limit) if !(1..=MOST_A_MINUTE).contains(&limit) => {
            Err(Refusal::invalid(format!("{name} must be from 1 to {MOST_A_MINUTE}.")).on(name))
        }
        fits => Ok(fits),
    }
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(page): Asked<Page>,
) -> Answer<Json<Output<DeploymentPage>>> {
    let (page_no, page_size, skip) = page.of(50, 200)?;
    blocking(move || {
        let (rows, total) = match caller.scope.models {
            None => state.store.read(|tx| tx.deployments(&caller.workspace, skip, page_size))?,
            Some(_) => {
                let mut rows = state.store.read(|tx| tx.deployments(&caller.workspace, 0, u32::MAX.into()))?.0;
                rows.retain(|row| caller.scope.may_use(&[&row.deployed_model, &row.model_name, &row.base_model]));
                let total = rows.len() as u64;
                (rows.into_iter().skip(skip as usize).take(page_size as usize).collect(), total)
            }
        };
        let deployments = rows.iter().map(|row| shown(&state, row)).collect();
        Ok(caller.output(DeploymentPage { page_no, page_size, total, deployments }))
    })
    .await
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Output<Shown>>> {
    blocking(move || Ok(caller.output(shown(&state, &row_of(&state, &caller, &id)?)))).await
}

/// A deployment of this caller's workspace, or 404; 403 where the key is not for its model.
fn row_of(state: &State, caller: &Caller, id: &str) -> Answer<Deployment> {
    let row = state.store.read(|tx| tx.deployment(&caller.workspace, id))?;
    let row = row.ok_or_else(|| Refusal::not_found("The deployment"))?;
    caller.allowed(&[&row.deployed_model, &row.model_name, &row.base_model])?;
    Ok(row)
}

pub(super) async fn scale(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<Scale>,
) -> Answer<Json<Output<Shown>>> {
    change(state, caller, id, move |state, row| {
        if row.plan != "mu" {
            return Err(Refusal::unsupported("Only a deployment with plan mu has a capacity of its own."));
        }
        if row.status == "FAILED" {
            return Err(Refusal::unsupported("A deployment that failed cannot be scaled; delete it."));
        }
        row.capacity = capacity_of(state, &row.plan, &row.base_model, asked.capacity)?;
        if row.capacity == 0 {
            row.status = "STOPPED".into();
        } else if row.status == "STOPPED" {
            row.status = "PENDING".into();
        }
        Ok(())
    })
    .await
}

pub(super) async fn update(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<Limits>,
) -> Answer<Json<Output<Shown>>> {
    change(state, caller, id, move |_, row| {
        if row.plan != "mu" {
            return Err(Refusal::unsupported("Only a deployment with plan mu has limits."));
        }
        if asked.rpm_limit.is_none() && asked.tpm_limit.is_none() {
            return Err(Refusal::invalid("rpm_limit or tpm_limit is required."));
        }
        row.rpm_limit = limit_of(asked.rpm_limit, "rpm_limit")?.or(row.rpm_limit);
        row.tpm_limit = limit_of(asked.tpm_limit, "tpm_limit")?.or(row.tpm_limit);
        Ok(())
    })
    .await
}

/// Changes a row; hours so far are charged by the old capacity first, and a stopped one's end there. It is shown as
/// UPDATING, although here the change is made by the time of the answer.
async fn change(
    state: Arc<State>,
    caller: Caller,
    id: String,
    edit: impl FnOnce(&State, &mut Deployment) -> Answer<()> + Send + 'static,
) -> Answer<Json<Output<Shown>>> {
    blocking(move || {
        let (before, row) = {
            let mut row = row_of(&state, &caller, &id)?;
            let before = row.clone();
            edit(&state, &mut row)?;
            (before, row)
        };
        let changed = state.store.write(|tx| {
            // It may have come up or gone meanwhile.
            let Some(mut current) = tx.deployment(&caller.workspace, &id)? else { return Ok(None) };
            state.meter_hours(tx, &mut current)?;
            let status = if row.status == before.status { current.status } else { row.status };
            let billed_until = current.billed_until.filter(|_| status == "RUNNING");
            let row = Deployment { status, billed_until, modified_at: state.now_text(), ..row };
            tx.deployment_update(&row)?;
            Ok(Some(row))
        })?;
        let row = changed.ok_or_else(|| Refusal::not_found("The deployment"))?;
        match (before.status.as_str(), row.status.as_str()) {
            (_, "STOPPED") => state.engine.undeploy(&row.served_as())?,
            ("STOPPED", "PENDING") => in_background(&state, row.clone()),
            _ => {}
        }
        let status = if row.status == "RUNNING" { "UPDATING".to_owned() } else { row.status.clone() };
        Ok(caller.output(shown(&state, &Deployment { status, ..row })))
    })
    .await
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Output<Shown>>> {
    blocking(move || {
        row_of(&state, &caller, &id)?;
        let removed = state.store.write(|tx| {
            let Some(mut row) = tx.deployment(&caller.workspace, &id)? else { return Ok(None) };
            state.meter_hours(tx, &mut row)?;
            tx.deployment_remove(row.number)?;
            Ok(Some(row))
        })?;
        let mut row = removed.ok_or_else(|| Refusal::not_found("The deployment"))?;
        state.lately.forget(row.number);
        state.engine.undeploy(&row.served_as())?;
        row.status = "DELETING".into();
        Ok(caller.output(shown(&state, &row)))
    })
    .await
}

/// The deployment whenever its state changes, until it is up, failed or gone.
pub(super) async fn stream(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Sse<impl futures_util::Stream<Item = Result<Event, Infallible>>>> {
    let (first, who, wanted) = (state.clone(), caller.clone(), id.clone());
    blocking(move || row_of(&first, &who, &wanted).map(drop)).await?;
    let events = async_stream::stream! {
        let mut status = String::new();
        loop {
            let (state, caller, id) = (state.clone(), caller.clone(), id.clone());
            let look = move || {
                let row = row_of(&state, &caller, &id)?;
                Ok((shown(&state, &row), row.status, state.ending.is_cancelled()))
            };
            let seen = blocking(look).await;
            let Ok((shown, now, ending)) = seen else { return };
            if now != status {
                yield Ok(Event::default().data(json!({"output": shown}).to_string()));
                status = now;
            }
            if ending || ["RUNNING", "FAILED", "STOPPED"].contains(&status.as_str()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

fn shown(state: &State, row: &Deployment) -> Shown {
    let status = DeploymentStatus::from(row.status.as_str());
    let hourly = row.plan == "mu";
    let longest = state.engine.bases().into_iter().find(|base| base.id == row.base_model).map(|base| base.max_length);
    Shown {
        deployed_model: row.deployed_model.clone(),
        name: row.name.clone(),
        ready_capacity: if matches!(status, DeploymentStatus::Running | DeploymentStatus::Updating) {
            row.capacity
        } else {
            0
        },
        status,
        model_name: row.model_name.clone(),
        base_model: row.base_model.clone(),
        base_capacity: state.prices.of(&row.base_model).base_capacity,
        capacity: row.capacity,
        gmt_create: with_t(&row.created_at),
        gmt_modified: with_t(&row.modified_at),
        workspace_id: row.workspace_id.clone(),
        charge_type: "post_paid".to_owned(),
        plan: row.plan.clone(),
        creator: row.workspace_id.clone(),
        modifier: row.workspace_id.clone(),
        rpm_limit: row.rpm_limit,
        tpm_limit: row.tpm_limit,
        model_unit_spec: hourly.then(|| UNIT.to_owned()),
        enable_thinking: hourly.then_some(false),
        max_context_length: longest.filter(|_| hourly),
        message: row.message.clone(),
    }
}
