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

use crate::caller::{Asked, Body, Caller, Page, blocking};
use crate::deploying;
use crate::intake::{Begun, Create};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::fine_tunes::{base_of, suffix_of};
use super::with_t;

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
        let base_model = base_of(&state, &caller, &asked.model_name)?;
        let plan = asked.plan.unwrap_or_else(|| "lora".to_owned());
        let capacity = asked.capacity.unwrap_or(1);
        match plan.as_str() {
            "lora" if base_model == asked.model_name => {
                return Err(Refusal::invalid("plan lora serves fine-tuned models only; use mu."));
            }
            "lora" | "mu" => {}
            _ => return Err(Refusal::invalid("plan must be lora or mu.")),
        }
        if capacity == 0 || capacity >= 1000 {
            return Err(Refusal::invalid("capacity must be from 1 to 999."));
        }
        let suffix = asked.suffix.as_deref().map(|text| suffix_of(text, 8)).transpose()?;
        let deployed_model = match suffix {
            Some(suffix) => format!("{}-{suffix}", asked.model_name),
            None if base_model == asked.model_name => format!("{}-{}", asked.model_name, &caller.request_id[..8]),
            None => asked.model_name.clone(),
        };
        let now = state.now_text();
        let row = Deployment {
            name: asked.name.unwrap_or_else(|| deployed_model.clone()).chars().take(120).collect(),
            deployed_model,
            workspace_id: caller.workspace.clone(),
            model_name: asked.model_name,
            base_model,
            plan,
            status: "PENDING".into(),
            capacity,
            created_at: now.clone(),
            modified_at: now,
            ..Deployment::default()
        };
        let taken = state.store.write(|tx| {
            let taken = tx.deployments_all()?.iter().any(|other| other.deployed_model == row.deployed_model);
            if !taken {
                tx.deployment_add(&row)?;
                once.keep(tx, &shown(&row))?;
            }
            Ok(taken)
        })?;
        if taken {
            let message = "This model is deployed already; give another suffix.";
            return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", message));
        }
        let (background, deployed) = (state.clone(), row.clone());
        std::thread::spawn(move || {
            if let Err(error) = deploying::deploy(&background, deployed) {
                tracing::error!(error = format!("{error:#}"), "a deployment cannot be finished");
            }
        });
        Ok(caller.output(shown(&row)))
    })
    .await
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(page): Asked<Page>,
) -> Answer<Json<Output<DeploymentPage>>> {
    let (page_no, page_size, skip) = page.of(50, 200)?;
    blocking(move || {
        let (rows, total) = state.store.read(|tx| tx.deployments(&caller.workspace, skip, page_size))?;
        let deployments = rows.iter().map(shown).collect();
        Ok(caller.output(DeploymentPage { page_no, page_size, total, deployments }))
    })
    .await
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Output<Shown>>> {
    blocking(move || Ok(caller.output(shown(&row_of(&state, &caller, &id)?)))).await
}

fn row_of(state: &State, caller: &Caller, id: &str) -> Answer<Deployment> {
    state.store.read(|tx| tx.deployment(&caller.workspace, id))?.ok_or_else(|| Refusal::not_found("The deployment"))
}

pub(super) async fn scale(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<Scale>,
) -> Answer<Json<Output<Shown>>> {
    if asked.capacity == 0 || asked.capacity >= 1000 {
        return Err(Refusal::invalid("capacity must be from 1 to 999."));
    }
    change(state, caller, id, move |row| {
        row.capacity = asked.capacity;
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
    change(state, caller, id, move |row| {
        if row.plan != "mu" {
            return Err(Refusal::unsupported("Only a deployment with plan mu has limits."));
        }
        if asked.rpm_limit.is_none() && asked.tpm_limit.is_none() {
            return Err(Refusal::invalid("rpm_limit or tpm_limit is required."));
        }
        row.rpm_limit = asked.rpm_limit.map(|limit| limit.min(1 << 40)).or(row.rpm_limit);
        row.tpm_limit = asked.tpm_limit.map(|limit| limit.min(1 << 40)).or(row.tpm_limit);
        Ok(())
    })
    .await
}

/// Changes a row; hours so far are charged by the old capacity first.
async fn change(
    state: Arc<State>,
    caller: Caller,
    id: String,
    edit: impl FnOnce(&mut Deployment) -> Answer<()> + Send + 'static,
) -> Answer<Json<Output<Shown>>> {
    blocking(move || {
        let mut row = row_of(&state, &caller, &id)?;
        let before = row.clone();
        edit(&mut row)?;
        state.store.write(|tx| {
            let mut charged = before;
            state.meter_hours(tx, &mut charged)?;
            row.billed_until = charged.billed_until;
            row.modified_at = state.now_text();
            tx.deployment_update(&row)
        })?;
        Ok(caller.output(shown(&row)))
    })
    .await
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Output<Shown>>> {
    blocking(move || {
        let mut row = row_of(&state, &caller, &id)?;
        state.store.write(|tx| {
            state.meter_hours(tx, &mut row)?;
            tx.deployment_remove(&id)
        })?;
        state.engine.undeploy(&id)?;
        row.status = "DELETING".into();
        Ok(caller.output(shown(&row)))
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
            let seen = blocking(move || Ok((row_of(&state, &caller, &id)?, state.ending.is_cancelled()))).await;
            let Ok((row, ending)) = seen else { return };
            if row.status != status {
                yield Ok(Event::default().data(json!({"output": shown(&row)}).to_string()));
                status = row.status;
            }
            if ending || ["RUNNING", "FAILED", "STOPPED"].contains(&status.as_str()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

fn shown(row: &Deployment) -> Shown {
    let status = DeploymentStatus::from(row.status.as_str());
    Shown {
        deployed_model: row.deployed_model.clone(),
        name: row.name.clone(),
        ready_capacity: if status == DeploymentStatus::Running { row.capacity } else { 0 },
        status,
        model_name: row.model_name.clone(),
        base_model: row.base_model.clone(),
        base_capacity: 1,
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
        message: row.message.clone(),
    }
}
