//! One job from its sealed files to its sealed result. Training data lies open only in a private folder of `work`, and
//! only while the engine reads it. Deliberately absent: which job is next (`queue`).

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pc_base::{Cancel, Failure, Language, make_private};
use pc_store::cloud::{Checkpoint, Job, TunedModel, Tx};
use serde_json::Value;
use uuid::Uuid;

use crate::engine::{TrainDone, TrainEvent, TrainSpec, TrainingType};
use crate::hyper::{self, Lora, Wanted};
use crate::meter::Event;
use crate::python;
use crate::rows::{Form, copy_checked};
use crate::state::State;
use crate::weights::private_file;

pub(crate) mod results;

/// Why a job cannot go on: the wire's short code and a sentence for its log.
struct Fault {
    code: &'static str,
    message: String,
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        let failure = Failure::of(&error, Language::English);
        let code = match failure.code.as_str() {
            "worker_died" => "WorkerDied",
            "memory_short" => "OutOfMemory",
            "disk_full" | "disk_short" => "DiskFull",
            "disk_read_only" => "DiskReadOnly",
            "input_invalid" | "dataset_empty" | "training_rows_too_long" | "template_invalid" => "InvalidData",
            "training_diverged" => "TrainingDiverged",
            "model_not_prepared" | "model_file_truncated" | "model_file_invalid" | "model_hash_wrong" => {
                "ModelUnavailable"
            }
            _ => "InternalError",
        };
        let detail = failure.detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
        Self { code, message: format!("{}{detail}", failure.message) }
    }
}

/// How a run ended.
enum End {
    Done(TrainDone),
    Cancelled,
    /// It waits in the queue until it is resumed.
    Paused,
    /// The program ends; the job is run again at the next start.
    Interrupted,
    Failed(Fault),
}

/// Runs a job that is RUNNING until it is in a final state, or interrupted.
pub(crate) fn run(state: &State, job: &Job, cancel: &Cancel) -> anyhow::Result<()> {
    let folder = state.work.join(&job.job_id);
    let mut tokens = 0;
    let outcome = train(state, job, &folder, cancel, &mut tokens);
    remove(&folder.join("open"))?;
    let end = match outcome {
        _ if state.ending.is_cancelled() => End::Interrupted,
        Ok(done) => End::Done(done),
        // What cannot be noted stops the engine too, so the flag alone does not say that somebody cancelled.
        Err(_) if is_being_cancelled(state, job)? => End::Cancelled,
        Err(_) if state.is_pausing(&job.job_id) => End::Paused,
        Err(fault) => End::Failed(deleted(state, job)?.unwrap_or(fault)),
    };
    settle(state, job, &folder, end, tokens)
}

/// A deletion takes a file away from under a worker that has not read it yet; then that is why the job failed.
fn deleted(state: &State, job: &Job) -> anyhow::Result<Option<Fault>> {
    let request: Value = serde_json::from_str(&job.request)?;
    for field in ["training_file_ids", "validation_file_ids"] {
        for id in request.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if state.store.read(|tx| tx.file(&job.workspace_id, id))?.is_none() {
                return Ok(Some(gone(id)));
            }
        }
    }
    Ok(None)
}

fn gone(id: &str) -> Fault {
    Fault { code: "InvalidData", message: format!("The file {id} was deleted before the training.") }
}

fn is_being_cancelled(state: &State, job: &Job) -> anyhow::Result<bool> {
    let now = state.store.read(|tx| tx.job(&job.workspace_id, &job.job_id))?;
    Ok(now.is_some_and(|job| job.status == "CANCELING"))
}

fn settle(state: &State, job: &Job, folder: &Path, end: End, tokens: u64) -> anyhow::Result<()> {
    let mut ended = Job { ended_at: Some(state.now_text()), usage: None, ..job.clone() };
    match end {
        End::Interrupted if tokens == 0 => return Ok(()),
        End::Interrupted => {
            return state.store.write(|tx| tx.job_log(&job.job_id, &state.now_text(), &[python::tokens_line(tokens)]));
        }
        End::Paused => {
            let lines = ["The training was paused.".to_owned(), python::tokens_line(tokens)];
            return state.store.write(|tx| {
                tx.job_move(&job.job_id, "RUNNING", "QUEUING")?;
                tx.job_log(&job.job_id, &state.now_text(), if tokens == 0 { &lines[..1] } else { &lines })
            });
        }
        End::Done(done) => return finish(state, ended, folder, done),
        End::Cancelled => {
            ended.status = "CANCELED".into();
            ended.usage = Some(tokens);
            let lines = ["The training was cancelled.".to_owned(), format!("training usage {tokens}")];
            state.store.write(|tx| {
                tx.job_end(&ended)?;
                tx.job_log(&job.job_id, &state.now_text(), &lines)?;
                state.meter(tx, trained(job, tokens))
            })?;
        }
        End::Failed(fault) => {
            ended.status = "FAILED".into();
            ended.code = Some(fault.code.to_owned());
            ended.message = Some(fault.message.clone());
            state.store.write(|tx| {
                tx.job_end(&ended)?;
                tx.job_log(
                    &job.job_id,
                    &state.now_text(),
                    &[format!("The training failed: {}: {}", fault.code, fault.message)],
                )
            })?;
        }
    }
    remove(folder)
}

/// Seals the result; then state, model, checkpoint, log and charge become visible together.
fn finish(state: &State, mut job: Job, folder: &Path, done: TrainDone) -> anyhow::Result<()> {
    let owner = checkpoint_owner(&job.job_id, done.steps);
    let artifacts = state.seal_folder(&job.workspace_id, &owner, &folder.join("result"))?;
    job.status = "SUCCEEDED".into();
    job.usage = Some(done.tokens);
    let created_at = state.now_text();
    let display_name = display_name(&job)?;
    let model = TunedModel {
        name: job.output_model.clone(),
        workspace_id: job.workspace_id.clone(),
        base_model: job.base_model.clone(),
        display_name: display_name.clone(),
        job_id: job.job_id.clone(),
        weights: owner,
        created_at: created_at.clone(),
    };
    let checkpoint = Checkpoint {
        job_id: job.job_id.clone(),
        step: done.steps,
        checkpoint_id: Uuid::new_v4().to_string(),
        status: "SUCCEEDED".into(),
        model_name: job.output_model.clone(),
        display_name,
        created_at,
    };
    let lines = [
        format!("actual training consumed tokens: {}", done.tokens),
        "The final checkpoint was stored.".to_owned(),
        format!("training usage {}", done.tokens),
        "##FT_COMPLETE##".to_owned(),
    ];
    let results = results::sealed(state, &job)?;
    let gone = state.store.write(|tx| {
        let gone = tx.artifacts_remove(&checkpoint_owner(&job.job_id, done.steps))?;
        if let Some((file, chunks)) = results {
            state.file_keep(tx, &file, chunks)?;
        }
        for artifact in &artifacts {
            tx.artifact_put(artifact)?;
        }
        tx.model_add(&model)?;
        tx.checkpoint_put(&checkpoint)?;
        tx.job_log(&job.job_id, &state.now_text(), &lines)?;
        state.meter(tx, trained(&job, done.tokens))?;
        tx.job_end(&job)?;
        Ok(gone)
    })?;
    gone.iter().try_for_each(|blob| state.blobs.destroy(blob))?;
    remove(folder)
}

/// Tokens of a job that is not over, up to the last step that was noted; nothing where it never ran.
pub(crate) fn trained_so_far(tx: &Tx<'_>, job_id: &str) -> anyhow::Result<u64> {
    let lines = tx.job_log_like(job_id, "{'")?;
    let tokens = lines.iter().filter_map(|line| python::read(line)?.get("tokens")?.as_u64());
    Ok(tokens.max().unwrap_or(0).max(tx.job_trained_so_far(job_id)?))
}

/// The result's name for people: the one that was asked for, else the job's.
fn display_name(job: &Job) -> anyhow::Result<String> {
    let request: Value = serde_json::from_str(&job.request)?;
    Ok(request["model_name"].as_str().unwrap_or(&job.name).to_owned())
}

pub(crate) fn trained(job: &Job, tokens: u64) -> Event<'_> {
    Event {
        source: format!("train/{}", job.job_id),
        workspace: &job.workspace_id,
        model: &job.output_model,
        base_model: &job.base_model,
        api_key_id: "",
        item: "training_token",
        quantity: tokens,
    }
}

fn train(state: &State, job: &Job, folder: &Path, cancel: &Cancel, tokens: &mut u64) -> Result<TrainDone, Fault> {
    let request: Value = serde_json::from_str(&job.request).map_err(anyhow::Error::from)?;
    let training_type = TrainingType::from_name(&job.training_type).context("it was admitted with a known type")?;
    let form = Form { training_type, openai: request.get("openai").is_some() };
    let (data, rows) = open_files(state, job, (&request, form), "training_file_ids", folder)?;
    let (validation, _) = open_files(state, job, (&request, form), "validation_file_ids", folder)?;
    if let Some(batch) = request["more_rows_than"].as_u64().filter(|batch| rows <= *batch) {
        let message = format!("The {rows} samples must be more than batch_size, which is {batch}.");
        return Err(Fault { code: "InvalidData", message });
    }
    let base = state.engine.bases().into_iter().find(|base| base.id == job.base_model);
    let base = base.ok_or_else(|| Fault { code: "ModelNotFound", message: format!("{} is gone.", job.base_model) })?;
    let hyper = request.get("hyper_parameters").and_then(Value::as_object).cloned().unwrap_or_default();
    let wanted = Wanted {
        training_type,
        longest: base.max_length,
        validation: !validation.is_empty(),
        // As it was when the job was admitted; older jobs have none.
        split: request["split"].as_f64(),
        first_round: Lora::from_json(&request["lora"]),
    };
    let hyper =
        hyper::read(&hyper, wanted).map_err(|refusal| Fault { code: "InvalidParameter", message: refusal.message })?;
    let start = start(state, job, folder)?;
    let limit = hyper.save_total_limit;
    let (work_dir, out_dir) = (folder.join("checkpoints"), folder.join("result"));
    make_private(&work_dir)?;
    make_private(&out_dir)?;
    let (job_id, base_model) = (job.job_id.clone(), job.base_model.clone());
    let spec = TrainSpec { job_id, base_model, training_type, start, data, validation, hyper, work_dir, out_dir };
    let mut noted = Ok(());
    let done = state.engine.train(
        &spec,
        &mut |event| {
            if let TrainEvent::Step { tokens: trained, .. } | TrainEvent::Progress { tokens: trained } = &event {
                *tokens = *trained;
            }
            if noted.is_ok() {
                noted = note(state, job, &event, limit);
            }
            // What cannot be noted (a full disk) must not be trained on unseen.
            if noted.is_err() {
                cancel.cancel();
            }
        },
        cancel,
    );
    if let Err(error) = noted {
        return Err(error.into());
    }
    Ok(done?)
}

/// Opens the earlier result that the job starts from, where it is one.
fn start(state: &State, job: &Job, folder: &Path) -> Result<Option<PathBuf>, Fault> {
    if job.model == job.base_model {
        return Ok(None);
    }
    let tuned = state.store.read(|tx| tx.model_usable(&job.workspace_id, &job.model))?;
    let deleted = || Fault { code: "ModelNotFound", message: format!("{} was deleted.", job.model) };
    let (tuned, path) = (tuned.ok_or_else(deleted)?, folder.join("open").join("start"));
    state.open_folder(&tuned.workspace_id, &tuned.weights, &path)?;
    Ok(Some(path))
}

/// Opens a job's files for the worker, checking every row; answers how many rows there are, too.
fn open_files(
    state: &State,
    job: &Job,
    (request, form): (&Value, Form),
    field: &str,
    folder: &Path,
) -> Result<(Vec<PathBuf>, u64), Fault> {
    let (mut paths, mut all_rows) = (Vec::new(), 0);
    let open = folder.join("open");
    make_private(&open)?;
    for id in request.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let file = state.store.read(|tx| tx.file(&job.workspace_id, id))?;
        let file = file.ok_or_else(|| gone(id))?;
        let blob = state.contents(&file)?;
        let path = open.join(copy_name(field, paths.len()));
        let copied = copy_checked(blob, std::io::BufWriter::new(private_file(&path)?), form)?;
        let invalid = |message| Fault { code: "InvalidData", message };
        let rows = copied.map_err(|(line, why)| invalid(format!("{}, line {line}: {why}.", file.name)))?;
        if rows == 0 {
            return Err(invalid(format!("{} has no rows.", file.name)));
        }
        paths.push(path);
        all_rows += rows;
    }
    Ok((paths, all_rows))
}

fn copy_name(field: &str, index: usize) -> String {
    format!("{field}-{index}.jsonl")
}

/// Removes what lies open of a file because a job in training reads it. What the worker has read by now it goes on with;
/// a worker that comes later finds that the file was deleted.
pub(crate) fn close_copies(state: &State, workspace: &str, file_id: &str) -> anyhow::Result<()> {
    for job in state.store.read(|tx| tx.jobs_in("RUNNING"))?.into_iter().filter(|job| job.workspace_id == workspace) {
        let request: Value = serde_json::from_str(&job.request)?;
        for field in ["training_file_ids", "validation_file_ids"] {
            let ids = request.get(field).and_then(Value::as_array).into_iter().flatten();
            for (index, _) in ids.enumerate().filter(|(_, id)| id.as_str() == Some(file_id)) {
                let path = state.work.join(&job.job_id).join("open").join(copy_name(field, index));
                match std::fs::remove_file(path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// Puts an event into the log, and an intermediate state into safety; of those that nobody published the last ones are kept.
fn note(state: &State, job: &Job, event: &TrainEvent, limit: u32) -> anyhow::Result<()> {
    if let TrainEvent::Progress { tokens } = event {
        // A step without a line of its own: what it trained is charged all the same, should this process be killed now.
        return state.store.write(|tx| tx.job_trained(&job.job_id, *tokens));
    }
    let Some(line) = python::log_line(event) else { return Ok(()) };
    let TrainEvent::Checkpoint { step, path } = event else {
        return state.store.write(|tx| tx.job_log(&job.job_id, &state.now_text(), &[line]));
    };
    let owner = checkpoint_owner(&job.job_id, *step);
    let artifacts = match state.seal_folder(&job.workspace_id, &owner, path) {
        // A worker that is far ahead has dropped it under its own limit: newer ones follow.
        Err(error) if is_gone(&error) => {
            return state.store.write(|tx| tx.job_log(&job.job_id, &state.now_text(), &[line]));
        }
        sealed => sealed?,
    };
    let checkpoint = Checkpoint {
        job_id: job.job_id.clone(),
        step: *step,
        checkpoint_id: Uuid::new_v4().to_string(),
        status: "PENDING".into(),
        created_at: state.now_text(),
        ..Checkpoint::default()
    };
    let gone = state.store.write(|tx| {
        // A training that goes on after a break comes by again; what was published meanwhile stays as it is.
        if tx.checkpoints(&job.job_id)?.iter().any(|row| row.step == *step && row.status != "PENDING") {
            return Ok(artifacts.iter().map(|artifact| artifact.blob.clone()).collect());
        }
        let mut gone = tx.artifacts_remove(&owner)?;
        for artifact in &artifacts {
            tx.artifact_put(artifact)?;
        }
        tx.checkpoint_put(&checkpoint)?;
        tx.job_log(&job.job_id, &state.now_text(), &[line])?;
        let unpublished = tx.checkpoints(&job.job_id)?.into_iter().filter(|row| row.status == "PENDING");
        for old in unpublished.rev().skip(limit as usize) {
            tx.checkpoint_remove(&job.job_id, old.step)?;
            gone.extend(tx.artifacts_remove(&checkpoint_owner(&job.job_id, old.step))?);
        }
        Ok(gone)
    })?;
    gone.iter().try_for_each(|blob| state.blobs.destroy(blob))
}

fn is_gone(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::NotFound)
}

/// Who owns the files of a job's state after some steps.
pub(crate) fn checkpoint_owner(job_id: &str, step: u64) -> String {
    format!("{job_id}/step/{step}")
}

pub(crate) fn remove(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
