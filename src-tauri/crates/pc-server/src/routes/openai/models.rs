//! `/v1/models`: the catalogue, every result of a fine-tune and every running deployment. A result needs no deployment
//! here: it is served to whoever asks it and goes when it is deleted.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use pc_protocol::CompatibleModel;
use pc_protocol::openai::{Deleted, List};
use pc_store::cloud::TunedModel;

use crate::caller::{Caller, blocking};
use crate::deploying;
use crate::refusal::{Answer, Refusal};
use crate::routes::fine_tune_output::published;
use crate::routes::unix;
use crate::state::State;

use super::page;

pub(super) async fn list(Shared(state): Shared<Arc<State>>, caller: Caller) -> Answer<Json<List<CompatibleModel>>> {
    blocking(move || {
        let rows = all(&state, &caller)?;
        let size = rows.len();
        Ok(Json(page(rows, size, |model| &model.id)))
    })
    .await
}

fn all(state: &State, caller: &Caller) -> Answer<Vec<CompatibleModel>> {
    let row = |id: &str, created: i64, owned_by: &str| CompatibleModel {
        id: id.to_owned(),
        object: "model".to_owned(),
        created,
        owned_by: owned_by.to_owned(),
    };
    let mut rows: Vec<CompatibleModel> = state.engine.bases().iter().map(|base| row(&base.id, 0, "embedded")).collect();
    let (tuned, (deployments, _)) = state
        .store
        .read(|tx| Ok((tx.models_usable(&caller.workspace)?, tx.deployments(&caller.workspace, 0, 10_000)?)))?;
    rows.retain(|base| caller.scope.may_use(&[&base.id]));
    let opens = |model: &TunedModel| caller.scope.may_use(&[&model.name, &model.base_model]);
    rows.extend(
        tuned
            .iter()
            .filter(|model| opens(model))
            .map(|model| row(&model.name, unix(&model.created_at), &model.workspace_id)),
    );
    for deployment in deployments.iter().filter(|deployment| deployment.status == "RUNNING") {
        let names = [&*deployment.deployed_model, &deployment.model_name, &deployment.base_model];
        if caller.scope.may_use(&names) && !rows.iter().any(|known| known.id == deployment.deployed_model) {
            rows.push(row(&deployment.deployed_model, unix(&deployment.created_at), &caller.workspace));
        }
    }
    Ok(rows)
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<CompatibleModel>> {
    blocking(move || {
        let found = all(&state, &caller)?.into_iter().find(|model| model.id == id);
        found.map(Json).ok_or_else(|| Refusal::model_not_found(&id).on("model"))
    })
    .await
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Deleted>> {
    blocking(move || {
        if state.engine.bases().iter().any(|base| base.id == id) {
            let message = "A base model cannot be deleted.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "AccessDenied", message).on("model"));
        }
        let blobs = state.store.write(|tx| {
            let Some(model) = tx.model(&caller.workspace, &id)? else {
                return Ok(Err(Refusal::model_not_found(&id).on("model")));
            };
            let deployments = tx.deployments(&caller.workspace, 0, 10_000)?.0;
            if deployments.iter().any(|row| row.model_name == id) {
                let message = "The model is deployed; delete the deployment first.";
                return Ok(Err(Refusal::new(StatusCode::CONFLICT, "Conflict", message).on("model")));
            }
            if let Err(refusal) = caller.allowed(&[&id, &model.base_model]) {
                return Ok(Err(refusal));
            }
            tx.model_remove(&id)?;
            let shared = tx.models(&caller.workspace)?.iter().any(|other| other.weights == model.weights);
            if shared { Ok(Ok(Vec::new())) } else { tx.artifacts_remove(&model.weights).map(Ok) }
        })??;
        deploying::put_away(&state, &id)?;
        blobs.iter().try_for_each(|blob| state.blobs.destroy(blob))?;
        Ok(Json(Deleted { id, object: "model".to_owned(), deleted: true }))
    })
    .await
}

/// A checkpoint that is asked by its name becomes a model then; what is known already, or nobody's, stays as it is.
pub(in crate::routes) fn publish_asked(state: &State, caller: &Caller, name: &str) -> Answer<()> {
    let Some((output, step)) = name.rsplit_once("-checkpoint-") else { return Ok(()) };
    let found = state.store.read(|tx| {
        let Some(job) = tx.job_by_output(&caller.workspace, output)? else { return Ok(None) };
        let row = tx.checkpoints(&job.job_id)?.into_iter().find(|row| row.step.to_string() == step);
        Ok(row.map(|row| (job, row)))
    })?;
    if let Some((job, row)) = found.filter(|(_, row)| row.status == "PENDING") {
        caller.allowed(&[name, &job.output_model, &job.base_model])?;
        published(state, job, row, None)?;
    }
    Ok(())
}
