//! What a job puts out: its log, the log as a stream, its checkpoints and their publishing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::response::sse::{Event, KeepAlive, Sse};
use pc_protocol::{Checkpoint as Shown, CheckpointStatus, LogPage, Output};
use pc_store::cloud::{Checkpoint, Job, TunedModel};
use serde::Deserialize;
use serde_json::json;

use crate::caller::{Asked, Caller, blocking};
use crate::engine::TrainingType;
use crate::refusal::{Answer, Refusal};
use crate::state::State;
use crate::training::checkpoint_owner;

use super::fine_tunes::{job_of, shown as shown_job};

#[derive(Deserialize)]
pub(super) struct Lines {
    offset: Option<u64>,
    line: Option<u64>,
}

pub(super) async fn logs(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(lines): Asked<Lines>,
) -> Answer<Json<Output<LogPage>>> {
    let (skip, take) = (lines.offset.unwrap_or(0).min(1 << 40), lines.line.unwrap_or(100));
    if take == 0 || take > 1000 {
        return Err(Refusal::invalid("line must be from 1 to 1000."));
    }
    blocking(move || {
        job_of(&state, &caller, &id)?;
        let (logs, total) = state.store.read(|tx| tx.job_log_lines(&id, skip, take))?;
        Ok(caller.output(LogPage { total, logs }))
    })
    .await
}

/// The job whenever its state changes, and its log lines as they come, until the job has ended.
pub(super) async fn stream(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Sse<impl futures_util::Stream<Item = Result<Event, Infallible>>>> {
    let (first, who, wanted) = (state.clone(), caller.clone(), id.clone());
    blocking(move || job_of(&first, &who, &wanted).map(drop)).await?;
    let events = async_stream::stream! {
        let (mut skip, mut status) = (0, String::new());
        loop {
            let (state, caller, id) = (state.clone(), caller.clone(), id.clone());
            let seen = blocking(move || {
                let job = job_of(&state, &caller, &id)?;
                let (lines, _) = state.store.read(|tx| tx.job_log_lines(&id, skip, 200))?;
                let shown = shown_job(&state, &job)?;
                Ok((job.status, shown, lines, state.ending.is_cancelled()))
            })
            .await;
            let Ok((now, job, lines, ending)) = seen else { return };
            for line in &lines {
                yield Ok(Event::default().data(json!({"log": line}).to_string()));
            }
            skip += lines.len() as u64;
            if now != status {
                yield Ok(Event::default().data(json!({"output": job}).to_string()));
                status = now;
            }
            let ended = ["SUCCEEDED", "FAILED", "CANCELED"].contains(&status.as_str()) && lines.is_empty();
            if ended || ending {
                return;
            }
            if lines.len() < 200 {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        }
    };
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

pub(super) async fn checkpoints(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Output<Vec<Shown>>>> {
    blocking(move || {
        job_of(&state, &caller, &id)?;
        let checkpoints = state.store.read(|tx| tx.checkpoints(&id))?;
        Ok(caller.output(checkpoints.iter().map(shown).collect()))
    })
    .await
}

fn shown(row: &Checkpoint) -> Shown {
    let checkpoint = format!("checkpoint-{}", row.step);
    Shown {
        create_time: row.created_at.clone(),
        full_name: format!("{}-{checkpoint}", row.job_id),
        job_id: row.job_id.clone(),
        checkpoint,
        step: row.step,
        model_name: row.model_name.clone(),
        model_display_name: row.display_name.clone(),
        status: CheckpointStatus::from(row.status.as_str()),
        checkpoint_id: row.checkpoint_id.clone(),
        expire_time: String::new(),
    }
}

#[derive(Deserialize)]
pub(super) struct Publish {
    model_name: Option<String>,
}

/// Makes a model of a checkpoint. A GET that changes something, because the real cloud has it so.
pub(super) async fn publish(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path((id, checkpoint)): Path<(String, String)>,
    Asked(asked): Asked<Publish>,
) -> Answer<Json<Output<bool>>> {
    blocking(move || {
        let job = job_of(&state, &caller, &id)?;
        caller.may_write()?;
        if !TrainingType::from_name(&job.training_type).is_some_and(TrainingType::has_checkpoints) {
            return Err(Refusal::unsupported("Only checkpoints of sft and efficient_sft can be published."));
        }
        let rows = state.store.read(|tx| tx.checkpoints(&id))?;
        let row = rows.into_iter().find(|row| format!("checkpoint-{}", row.step) == checkpoint);
        let row = row.ok_or_else(|| Refusal::not_found("The checkpoint"))?;
        if row.status != "SUCCEEDED" {
            published(&state, job, row, asked.model_name.as_deref())?;
        }
        Ok(caller.output(true))
    })
    .await
}

/// Makes a model of a checkpoint that is none yet.
pub(super) fn published(state: &State, job: Job, mut row: Checkpoint, shown: Option<&str>) -> anyhow::Result<()> {
    row.status = "SUCCEEDED".into();
    row.model_name = format!("{}-checkpoint-{}", job.output_model, row.step);
    let shown: String = shown.unwrap_or_default().chars().filter(|c| !c.is_control()).take(120).collect();
    row.display_name = if shown.is_empty() { row.model_name.clone() } else { shown };
    let model = TunedModel {
        name: row.model_name.clone(),
        workspace_id: job.workspace_id,
        base_model: job.base_model,
        display_name: row.display_name.clone(),
        weights: checkpoint_owner(&job.job_id, row.step),
        job_id: job.job_id,
        created_at: state.now_text(),
    };
    state.store.write(|tx| {
        // Whoever asked at the same time has made it already.
        if tx.model(&model.workspace_id, &model.name)?.is_none() {
            tx.model_add(&model)?;
        }
        tx.checkpoint_put(&row)
    })
}
