//! `/v1/fine_tuning/checkpoints/{model}/permissions`: lets other projects, which are workspaces of the same account, use a
//! checkpoint's model: ask it and train it further. The holder of the account does it, with its admin key; what a workspace
//! uses of another one's is billed to the workspace that uses it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use pc_protocol::openai::{CreatePermission, Deleted, List, Permission as Shown};
use pc_store::cloud::{Permission, TunedModel, Workspace};
use serde::Deserialize;
use uuid::Uuid;

use crate::caller::{Asked, Auditor, Body, blocking, denied};
use crate::refusal::{Answer, Refusal};
use crate::routes::fine_tune_output::published;
use crate::routes::unix;
use crate::state::State;

use super::{page, size_of};

const OBJECT: &str = "checkpoint.permission";

fn shown(row: &Permission) -> Shown {
    Shown {
        id: row.permission_id.clone(),
        created_at: unix(&row.created_at),
        object: OBJECT.to_owned(),
        project_id: row.workspace_id.clone(),
    }
}

/// The account's workspaces; only an admin key speaks for it.
fn projects(state: &State, auditor: &Auditor) -> Answer<Vec<Workspace>> {
    let Auditor::OfAccount(account) = auditor else {
        return Err(denied("AccessDenied", "Permissions of checkpoints need an admin key."));
    };
    let mut all = state.store.read(|tx| tx.workspaces())?;
    all.retain(|row| row.account == *account);
    Ok(all)
}

/// A model of one of the projects, by its name; a checkpoint that nobody asked yet becomes one.
fn model_of(state: &State, projects: &[Workspace], name: &str) -> Answer<TunedModel> {
    for project in projects {
        if let Some((output, step)) = name.rsplit_once("-checkpoint-") {
            let found = state.store.read(|tx| {
                let Some(job) = tx.job_by_output(&project.id, output)? else { return Ok(None) };
                let row = tx.checkpoints(&job.job_id)?.into_iter().find(|row| row.step.to_string() == step);
                Ok(row.filter(|row| row.status == "PENDING").map(|row| (job, row)))
            })?;
            if let Some((job, row)) = found {
                published(state, job, row, None)?;
            }
        }
        if let Some(model) = state.store.read(|tx| tx.model(&project.id, name))? {
            return Ok(model);
        }
    }
    Err(Refusal::not_found("The checkpoint").on("fine_tuned_model_checkpoint"))
}

/// A permission that is there already stays as it is, so the same request twice is one thing.
pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    auditor: Auditor,
    Path(name): Path<String>,
    Body(asked): Body<CreatePermission>,
) -> Answer<Json<List<Shown>>> {
    blocking(move || {
        let projects = projects(&state, &auditor)?;
        let model = model_of(&state, &projects, &name)?;
        if asked.project_ids.is_empty() || asked.project_ids.len() > 100 {
            return Err(Refusal::invalid("project_ids must name 1 to 100 projects.").on("project_ids"));
        }
        if let Some(unknown) = asked.project_ids.iter().find(|id| !projects.iter().any(|row| row.id == **id)) {
            let message = format!("The project {unknown:.80} does not exist in this account.");
            return Err(Refusal::invalid(message).on("project_ids"));
        }
        let rows = state.store.write(|tx| {
            for workspace_id in &asked.project_ids {
                tx.permission_add(&Permission {
                    permission_id: format!("cp_{}", Uuid::new_v4().simple()),
                    model: model.name.clone(),
                    workspace_id: workspace_id.clone(),
                    created_at: state.now_text(),
                })?;
            }
            tx.permissions(&model.name)
        })?;
        let made: Vec<_> = rows.iter().filter(|row| asked.project_ids.contains(&row.workspace_id)).map(shown).collect();
        let size = made.len();
        Ok(Json(page(made, size, |row| &row.id)))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    after: Option<String>,
    limit: Option<u64>,
    order: Option<String>,
    project_id: Option<String>,
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    auditor: Auditor,
    Path(name): Path<String>,
    Asked(filter): Asked<Filter>,
) -> Answer<Json<List<Shown>>> {
    let size = size_of(filter.limit, 10, 100)? as usize;
    let oldest_first = match filter.order.as_deref() {
        None | Some("descending") => false,
        Some("ascending") => true,
        Some(_) => return Err(Refusal::invalid("order must be ascending or descending.").on("order")),
    };
    blocking(move || {
        let model = model_of(&state, &projects(&state, &auditor)?, &name)?;
        let mut rows = state.store.read(|tx| tx.permissions(&model.name))?;
        if !oldest_first {
            rows.reverse();
        }
        rows.retain(|row| filter.project_id.as_ref().is_none_or(|id| row.workspace_id == *id));
        if let Some(after) = &filter.after {
            let at = rows.iter().position(|row| row.permission_id == *after);
            rows.drain(..=at.ok_or_else(|| Refusal::invalid("after names no permission.").on("after"))?);
        }
        Ok(Json(page(rows.iter().take(size + 1).map(shown).collect(), size, |row| &row.id)))
    })
    .await
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    auditor: Auditor,
    Path((name, id)): Path<(String, String)>,
) -> Answer<Json<Deleted>> {
    blocking(move || {
        let model = model_of(&state, &projects(&state, &auditor)?, &name)?;
        if !state.store.write(|tx| tx.permission_remove(&model.name, &id))? {
            return Err(Refusal::not_found("The permission").on("permission_id"));
        }
        Ok(Json(Deleted { id, object: OBJECT.to_owned(), deleted: true }))
    })
    .await
}
