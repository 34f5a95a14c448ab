//! Bringing models up and down for serving: as deployments, and at once for whoever asks a result that has none.
//! Deliberately absent: the wire shape of deployments.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pc_base::{Failure, Language};
use pc_store::cloud::{Deployment, TunedModel, Tx};

use crate::engine::DeploySpec;
use crate::state::{State, text_of};

/// Makes a deployment ready and notes how that went. Its hours begin once it runs.
pub(crate) fn deploy(state: &State, mut row: Deployment) -> anyhow::Result<()> {
    let folder = state.work.join(format!("deploy-{}", uuid::Uuid::new_v4().simple()));
    let made = ready(state, &row, &folder);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let now = text_of(state.clock.now());
    // It may have been deleted or scaled meanwhile: only status, mark and message are ours here.
    let Some(current) = state.store.read(|tx| tx.deployment(&row.workspace_id, &row.deployed_model))? else {
        return state.engine.undeploy(&row.served_as());
    };
    if current.capacity == 0 {
        return state.engine.undeploy(&row.served_as());
    }
    row = Deployment { modified_at: now.clone(), ..current };
    match made {
        Ok(()) => {
            row.status = "RUNNING".into();
            row.message = None;
            row.billed_until = row.billed_until.or(Some(now));
        }
        Err(error) => {
            let failure = Failure::of(&error, Language::English);
            tracing::error!(error = format!("{error:#}"), "a deployment failed");
            row.status = "FAILED".into();
            row.message = Some(failure.message);
        }
    }
    state.store.write(|tx| tx.deployment_update(&row))
}

fn ready(state: &State, row: &Deployment, folder: &std::path::Path) -> anyhow::Result<()> {
    let tuned = state.store.read(|tx| tx.model(&row.workspace_id, &row.model_name))?;
    let weights = match tuned {
        Some(model) => {
            state.open_folder(&row.workspace_id, &model.weights, folder)?;
            Some(folder.to_owned())
        }
        None => {
            anyhow::ensure!(row.model_name == row.base_model, "the model {} was deleted", row.model_name);
            None
        }
    };
    let (deployed_model, base_model) = (row.served_as(), row.base_model.clone());
    state.engine.deploy(&DeploySpec { deployed_model, base_model, weights })
}

/// Which results are up without a deployment; each is brought up by whoever asks it first, while others wait for that.
#[derive(Default)]
pub(crate) struct AtOnce(Mutex<HashMap<String, Arc<Mutex<bool>>>>);

impl AtOnce {
    fn slot(&self, model: &str) -> Arc<Mutex<bool>> {
        held(&self.0).entry(model.to_owned()).or_default().clone()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The engine's name for a result that is up without a deployment: no deployment can have it, because ids of models do
/// not begin so.
fn name_of(model: &str) -> String {
    format!("_{model}")
}

/// Makes a result answer without a deployment; answers the engine's name for it.
pub(crate) fn at_once(state: &State, model: &TunedModel) -> anyhow::Result<String> {
    let (name, slot) = (name_of(&model.name), state.at_once.slot(&model.name));
    let mut up = held(&slot);
    if !*up {
        let folder = state.work.join(format!("deploy-{}", uuid::Uuid::new_v4().simple()));
        let opened = state.open_folder(&model.workspace_id, &model.weights, &folder);
        let (base_model, weights) = (model.base_model.clone(), Some(folder.clone()));
        let spec = DeploySpec { deployed_model: name.clone(), base_model, weights };
        let made = opened.and_then(|()| state.engine.deploy(&spec));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        made?;
        *up = true;
    }
    Ok(name)
}

/// The end of that, and of what was kept for it.
pub(crate) fn put_away(state: &State, model: &str) -> anyhow::Result<()> {
    let Some(slot) = held(&state.at_once.0).remove(model) else { return Ok(()) };
    let mut up = held(&slot);
    *up = false;
    state.engine.undeploy(&name_of(model))
}

/// Before anything runs: what was served has to come up again. Its hours begin anew once it does, because the time in
/// which the program was off is not charged.
pub(crate) fn unserved(tx: &Tx<'_>) -> anyhow::Result<()> {
    for mut row in tx.deployments_all()? {
        if ["RUNNING", "PENDING", "UPDATING"].contains(&row.status.as_str()) {
            row.billed_until = None;
            row.status = "PENDING".into();
            tx.deployment_update(&row)?;
        }
    }
    Ok(())
}

/// After a start: brings up what waits for it.
pub(crate) fn bring_up(state: &State) {
    let rows = match state.store.read(|tx| tx.deployments_all()) {
        Ok(rows) => rows,
        Err(error) => return tracing::error!(error = format!("{error:#}"), "deployments cannot be read"),
    };
    for row in rows.into_iter().filter(|row| row.status == "PENDING") {
        if state.ending.is_cancelled() {
            return;
        }
        if let Err(error) = deploy(state, row) {
            tracing::error!(error = format!("{error:#}"), "a deployment cannot be brought up");
        }
    }
}
