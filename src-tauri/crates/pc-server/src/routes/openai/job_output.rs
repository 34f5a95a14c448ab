//! Events and checkpoints of a job: its log, read back, the newest first. Every checkpoint answers by its name at once.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use pc_protocol::openai::{Checkpoint as Shown, CheckpointMetrics, Event, List};
use pc_store::cloud::{Checkpoint, Job, LogLine};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::caller::{Asked, Caller, blocking};
use crate::python;
use crate::refusal::{Answer, Refusal};
use crate::routes::unix;
use crate::state::State;

use super::jobs::job_of;
use super::{page, size_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    after: Option<String>,
    limit: Option<u64>,
}

pub(super) async fn events(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(cursor): Asked<Cursor>,
) -> Answer<Json<List<Event>>> {
    let size = size_of(cursor.limit, 20, 1000)?;
    let before = match &cursor.after {
        None => i64::MAX,
        Some(id) => {
            let number = id.strip_prefix("ftevent-").and_then(|digits| digits.parse().ok());
            number.ok_or_else(|| Refusal::invalid("after names no event.").on("after"))?
        }
    };
    blocking(move || {
        job_of(&state, &caller, &id)?;
        let lines = state.store.read(|tx| tx.job_log_newest(&id, before, size + 1))?;
        Ok(Json(page(lines.iter().map(event).collect(), size as usize, |event| &event.id)))
    })
    .await
}

fn event(line: &LogLine) -> Event {
    let (kind, message, data) = match python::read(&line.line) {
        None => ("message", line.line.clone(), None),
        Some(fields) => read(fields),
    };
    let level = match line.line.as_str() {
        text if text.starts_with("The training failed") => "error",
        text if text.starts_with("The training was interrupted") => "warn",
        _ => "info",
    };
    Event {
        id: format!("ftevent-{}", line.number),
        object: "fine_tuning.job.event".to_owned(),
        created_at: unix(&line.created_at),
        level: level.to_owned(),
        message,
        kind: kind.to_owned(),
        data,
    }
}

/// The fields of a line, those that OpenAI has words for under these.
fn read(mut fields: Map<String, Value>) -> (&'static str, String, Option<Map<String, Value>>) {
    let step = fields.get("step").and_then(Value::as_u64).unwrap_or(0);
    for (native, word, shown) in [("loss", "train_loss", "training"), ("eval_loss", "valid_loss", "validation")] {
        if let Some(loss) = fields.remove(native) {
            let message = format!("Step {step}: {shown} loss={:.4}", loss.as_f64().unwrap_or(f64::NAN));
            fields.insert(word.to_owned(), loss);
            return ("metrics", message, Some(fields));
        }
    }
    let message = match fields.get("tokens").and_then(Value::as_u64) {
        Some(tokens) => format!("Trained tokens so far: {tokens}"),
        None => "Fine-tuning job started".to_owned(),
    };
    ("message", message, Some(fields))
}

pub(super) async fn checkpoints(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(cursor): Asked<Cursor>,
) -> Answer<Json<List<Shown>>> {
    let size = size_of(cursor.limit, 10, 1000)? as usize;
    blocking(move || {
        let job = job_of(&state, &caller, &id)?;
        let (rows, train, valid) = state.store.read(|tx| {
            Ok((tx.checkpoints(&id)?, tx.job_log_like(&id, "{'loss'")?, tx.job_log_like(&id, "{'eval_loss'")?))
        })?;
        let (train, valid) = (by_step(&train, "loss"), by_step(&valid, "eval_loss"));
        let mut newest: Vec<&Checkpoint> = rows.iter().rev().collect();
        if let Some(after) = &cursor.after {
            let at = newest.iter().position(|row| row.checkpoint_id == *after);
            let at = at.ok_or_else(|| Refusal::invalid("after names no checkpoint.").on("after"))?;
            newest.drain(..=at);
        }
        let shown = newest.into_iter().take(size + 1).map(|row| {
            let (step, train_loss, valid_loss) = (row.step, train.get(&row.step), valid.get(&row.step));
            let metrics = CheckpointMetrics { step, train_loss: train_loss.copied(), valid_loss: valid_loss.copied() };
            shown(&job, row, metrics)
        });
        Ok(Json(page(shown.collect(), size, |row| &row.id)))
    })
    .await
}

/// The last value of each step.
fn by_step(lines: &[String], name: &str) -> HashMap<u64, f64> {
    let value = |line: &String| {
        let fields = python::read(line)?;
        Some((fields.get("step")?.as_u64()?, fields.get(name)?.as_f64()?))
    };
    lines.iter().filter_map(value).collect()
}

fn shown(job: &Job, row: &Checkpoint, metrics: CheckpointMetrics) -> Shown {
    let asked_as = || format!("{}-checkpoint-{}", job.output_model, row.step);
    Shown {
        id: row.checkpoint_id.clone(),
        object: "fine_tuning.job.checkpoint".to_owned(),
        created_at: unix(&row.created_at),
        fine_tuned_model_checkpoint: if row.model_name.is_empty() { asked_as() } else { row.model_name.clone() },
        fine_tuning_job_id: job.job_id.clone(),
        step_number: row.step,
        metrics,
    }
}
