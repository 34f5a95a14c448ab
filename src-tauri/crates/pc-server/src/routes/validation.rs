//! What a job measured on its validation rows: all evaluations, and what there is of one checkpoint. Read back from the log,
//! so they say what the training really did.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use pc_protocol::{Output, ValidationMetrics, ValidationResult};

use crate::caller::{Caller, blocking};
use crate::refusal::{Answer, Refusal};
use crate::state::State;
use crate::training::results::{Measured, measured};

use super::fine_tunes::job_of;

/// Every evaluation, in the order of the steps.
pub(super) async fn results(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Output<Vec<ValidationResult>>>> {
    blocking(move || {
        job_of(&state, &caller, &id)?;
        let (log, stored) = state.store.read(|tx| Ok((tx.job_log_like(&id, "{'")?, tx.checkpoints(&id)?)))?;
        let evaluated = measured(&log).into_iter().filter(|(_, row)| row.valid_loss.is_some());
        let shown = evaluated.map(|(step, row)| {
            let named = stored.iter().any(|checkpoint| checkpoint.step == step);
            shown(&id, if named { format!("checkpoint-{step}") } else { String::new() }, step, &row)
        });
        Ok(caller.output(shown.collect()))
    })
    .await
}

/// What was measured at a checkpoint; a loss of its own only where an evaluation fell on it.
pub(super) async fn details(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path((id, checkpoint)): Path<(String, String)>,
) -> Answer<Json<Output<ValidationResult>>> {
    blocking(move || {
        job_of(&state, &caller, &id)?;
        let (log, stored) = state.store.read(|tx| Ok((tx.job_log_like(&id, "{'")?, tx.checkpoints(&id)?)))?;
        let row = stored.iter().find(|row| format!("checkpoint-{}", row.step) == checkpoint);
        let step = row.ok_or_else(|| Refusal::not_found("The checkpoint"))?.step;
        let row = measured(&log).remove(&step).unwrap_or_default();
        Ok(caller.output(shown(&id, checkpoint, step, &row)))
    })
    .await
}

fn shown(job_id: &str, checkpoint: String, step: u64, row: &Measured) -> ValidationResult {
    let Measured { train_loss, train_accuracy, valid_loss } = *row;
    let metrics = ValidationMetrics { eval_loss: valid_loss, train_loss, train_accuracy };
    ValidationResult { job_id: job_id.to_owned(), checkpoint, step, metrics }
}
