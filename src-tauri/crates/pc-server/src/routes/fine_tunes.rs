//! `/api/v1/fine-tunes`: jobs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use pc_protocol::time::zone;
use pc_protocol::{CreateFineTune, DatasetSource, Done, FineTune, FineTunePage, FineTuneStatus, Output};
use pc_store::cloud::{Job, JobFilter};
use rand::Rng as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::account::rules::Use;
use crate::caller::{Asked, Caller, Page, blocking};
use crate::engine::TrainingType;
use crate::hyper::{self, Lora, Wanted};
use crate::intake::{Begun, Create};
use crate::refusal::{Answer, Refusal};
use crate::state::State;
use crate::{deploying, training};

use super::spaced;

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Create(asked, sent): Create<CreateFineTune>,
) -> Answer<Json<Output<FineTune>>> {
    blocking(move || {
        let once = match sent.begin(&state, &caller)? {
            Begun::Again(shown) => return Ok(caller.output(shown)),
            Begun::First(once) => once,
        };
        let job = admitted(&state, &caller, asked)?;
        let shown = shown(&state, &job)?;
        state.store.write(|tx| {
            tx.job_add(&job)?;
            once.keep(tx, &shown)
        })?;
        state.wake();
        Ok(caller.output(shown))
    })
    .await
}

pub(super) fn admitted(state: &State, caller: &Caller, asked: CreateFineTune) -> Answer<Job> {
    let training_type = type_of(asked.training_type.as_deref())?;
    if asked.finetuned_output.is_some() {
        return Err(Refusal::invalid("finetuned_output cannot be chosen; use finetuned_output_suffix or model_name."));
    }
    let base_model = base_of(state, caller, &asked.model)?;
    state.permitted(&caller.workspace, &base_model, Use::FineTune)?;
    trainable(state, &base_model, training_type)?;
    let longest = longest_of(state, &base_model);
    let hyper_parameters = asked.hyper_parameters;
    let training = ids_of(asked.training_file_ids, asked.training_datasets.as_deref(), "training")?;
    let validation = ids_of(asked.validation_file_ids, asked.validation_datasets.as_deref(), "validation")?;
    if training.is_empty() {
        return Err(Refusal::invalid("training_file_ids or training_datasets is required."));
    }
    let first_round = if training_type.is_low_rank() { adapter_of(state, caller, &asked.model)? } else { None };
    let split = state.profile.tuning.split;
    let wanted = Wanted { training_type, longest, validation: !validation.is_empty(), split, first_round };
    let hyper = hyper::admit(&hyper_parameters, wanted, &state.profile.tuning)?;
    files_fit(state, caller, training_type, [&training, &validation])?;
    let mut open = 0;
    for status in ["PENDING", "QUEUING", "RUNNING", "CANCELING"] {
        let filter = JobFilter { status: Some(status.to_owned()), model: None };
        open += state.store.read(|tx| tx.jobs(&caller.workspace, &filter, 0, 1))?.1;
    }
    let succeeded = JobFilter { status: Some("SUCCEEDED".to_owned()), model: None };
    let kept = open + state.store.read(|tx| tx.jobs(&caller.workspace, &succeeded, 0, 1))?.1;
    if open >= state.profile.open_jobs || state.profile.kept_jobs.is_some_and(|most| kept >= most) {
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Throttling", "Too many fine-tune jobs are running."));
    }
    let suffix = asked.finetuned_output_suffix.as_deref().map(|text| suffix_of(text, 64)).transpose()?;
    let job_id = new_job_id(state)?;
    let output_model = match suffix {
        Some(suffix) => format!("{base_model}-{suffix}-{job_id}"),
        None => format!("{base_model}-{job_id}"),
    };
    let plain = |name: String| name.chars().filter(|c| !c.is_control()).take(120).collect::<String>();
    let model_name = asked.model_name.map(plain);
    let name = asked.job_name.map(plain).or(model_name.clone()).unwrap_or_else(|| job_id.clone());
    let request = json!({
        "training_file_ids": training,
        "validation_file_ids": validation,
        "hyper_parameters": hyper_parameters,
        "by_datasets": asked.training_datasets.is_some(),
        "lora": Lora::of(&hyper).to_json(),
        "split": hyper.split,
        "more_rows_than": state.profile.tuning.more_rows_than_a_batch.then_some(hyper.batch_size),
        "model_name": model_name,
    });
    Ok(Job {
        name,
        job_id,
        workspace_id: caller.workspace.clone(),
        status: "PENDING".into(),
        model: asked.model,
        base_model,
        output_model,
        training_type: training_type.name().to_owned(),
        request: request.to_string(),
        created_at: state.now_text(),
        ..Job::default()
    })
}

/// The longest sequence that a base model takes.
pub(super) fn longest_of(state: &State, base_model: &str) -> u64 {
    state.engine.bases().into_iter().find(|base| base.id == base_model).map_or(0, |base| base.max_length)
}

/// Whether the catalogue lets a base model be trained in a way.
fn trainable(state: &State, base_model: &str, training_type: TrainingType) -> Answer<()> {
    match state.profile.tuning.training_types.get(base_model) {
        Some(types) if !types.iter().any(|name| name == training_type.name()) => {
            let message = format!("{base_model} can be trained by {} only.", types.join(", "));
            Err(Refusal::unsupported(message).on("training_type"))
        }
        _ => Ok(()),
    }
}

/// Whether files are there, and no more and no larger than a job of the type may have.
fn files_fit(state: &State, caller: &Caller, training_type: TrainingType, given: [&[String]; 2]) -> Answer<()> {
    let limits = state.profile.tuning.training_files.get(training_type.name());
    for ids in given {
        if let Some(limits) = limits.filter(|limits| ids.len() > limits.files) {
            return Err(Refusal::invalid(format!("{} takes at most {} files.", training_type.name(), limits.files)));
        }
        for id in ids {
            let file = state.store.read(|tx| tx.file(&caller.workspace, id))?.ok_or_else(Refusal::file_not_found)?;
            if let Some(limits) = limits.filter(|limits| file.bytes > limits.file_bytes) {
                let message = format!("{} takes files of at most {} bytes.", training_type.name(), limits.file_bytes);
                return Err(Refusal::invalid(message));
            }
        }
    }
    Ok(())
}

/// Clients that name no type mean LoRA.
fn type_of(name: Option<&str>) -> Answer<TrainingType> {
    let name = name.unwrap_or(TrainingType::EfficientSft.name());
    TrainingType::from_name(name).ok_or_else(|| {
        let known = TrainingType::ALL.map(TrainingType::name).join(", ");
        Refusal::unsupported(format!("training_type must be one of {known}.")).on("training_type")
    })
}

/// The shape of the adapter that a tuned model is; nothing for a base model, and for one that is whole.
fn adapter_of(state: &State, caller: &Caller, model: &str) -> Answer<Option<Lora>> {
    let Some(tuned) = state.store.read(|tx| tx.model_usable(&caller.workspace, model))? else { return Ok(None) };
    if state.is_whole(&tuned.weights)? {
        return Ok(None);
    }
    let job = state.store.read(|tx| tx.job(&tuned.workspace_id, &tuned.job_id))?;
    let request = job.and_then(|job| serde_json::from_str::<Value>(&job.request).ok()).unwrap_or_default();
    Ok(Lora::from_json(&request["lora"]))
}

/// The base model of a base or tuned model that the key is for.
pub(super) fn base_of(state: &State, caller: &Caller, model: &str) -> Answer<String> {
    let base = if state.engine.bases().iter().any(|base| base.id == model) {
        model.to_owned()
    } else {
        let tuned = state.store.read(|tx| tx.model_usable(&caller.workspace, model))?;
        tuned.map(|row| row.base_model).ok_or_else(|| Refusal::model_not_found(model))?
    };
    caller.allowed(&[model, &base])?;
    Ok(base)
}

/// File ids out of either form.
fn ids_of(ids: Vec<String>, datasets: Option<&[DatasetSource]>, what: &str) -> Answer<Vec<String>> {
    let mut found = ids;
    for dataset in datasets.unwrap_or_default() {
        match (&*dataset.data_source_type, &dataset.file_id) {
            ("file_id", Some(id)) => found.push(id.clone()),
            _ => return Err(Refusal::unsupported(format!("{what}_datasets must have data_source_type file_id."))),
        }
    }
    if found.len() > 100 { Err(Refusal::invalid(format!("At most 100 {what} files."))) } else { Ok(found) }
}

/// What may stand inside a model's id.
pub(super) fn suffix_of(text: &str, most: usize) -> Answer<String> {
    let fits =
        (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if fits {
        Ok(text.to_lowercase())
    } else {
        Err(Refusal::invalid(format!("A suffix has 1 to {most} characters of A-Z, a-z, 0-9, _ and -.")))
    }
}

/// Four digits beside the minute are few: one that another job has, whosever it is, is drawn again.
fn new_job_id(state: &State) -> anyhow::Result<String> {
    let minute = state.clock.now().to_zoned(zone()).strftime("%Y%m%d%H%M").to_string();
    loop {
        let id = format!("ft-{minute}-{:04x}", rand::rng().random_range(0..0x1_0000));
        if !state.store.read(|tx| tx.job_id_taken(&id))? {
            return Ok(id);
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Filter {
    model: Option<String>,
    status: Option<String>,
    #[serde(flatten)]
    page: PageText,
}

/// Flattened numbers of a query arrive as text.
#[derive(Deserialize)]
struct PageText {
    page_no: Option<String>,
    page_size: Option<String>,
}

impl PageText {
    fn page(&self) -> Answer<Page> {
        let fields =
            json!({"page_no": number(self.page_no.as_deref())?, "page_size": number(self.page_size.as_deref())?});
        serde_json::from_value(fields).map_err(|_| Refusal::invalid("page_no and page_size must be whole numbers."))
    }
}

fn number(text: Option<&str>) -> Answer<Option<u64>> {
    let wrong = || Refusal::invalid("page_no and page_size must be whole numbers.");
    text.map(|text| text.parse().map_err(|_| wrong())).transpose()
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(asked): Asked<Filter>,
) -> Answer<Json<Output<FineTunePage>>> {
    let (page_no, page_size, skip) = asked.page.page()?.of(10, 100)?;
    blocking(move || {
        let filter = JobFilter { model: asked.model, status: asked.status };
        let (jobs, total) = match caller.scope.models {
            None => state.store.read(|tx| tx.jobs(&caller.workspace, &filter, skip, page_size))?,
            Some(_) => {
                let mut jobs = state.store.read(|tx| tx.jobs(&caller.workspace, &filter, 0, u32::MAX.into()))?.0;
                jobs.retain(|job| caller.sees(job));
                let total = jobs.len() as u64;
                (jobs.into_iter().skip(skip as usize).take(page_size as usize).collect(), total)
            }
        };
        let jobs = jobs.iter().map(|job| shown(&state, job)).collect::<Answer<Vec<_>>>()?;
        Ok(caller.output(FineTunePage { page_no, page_size, total, jobs }))
    })
    .await
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Output<FineTune>>> {
    blocking(move || {
        let job = job_of(&state, &caller, &id)?;
        Ok(caller.output(shown(&state, &job)?))
    })
    .await
}

/// A job of this caller's workspace that its key is for, or 404.
pub(super) fn job_of(state: &State, caller: &Caller, id: &str) -> Answer<Job> {
    let job = state.store.read(|tx| tx.job(&caller.workspace, id))?.filter(|job| caller.sees(job));
    job.ok_or_else(|| Refusal::not_found("The job"))
}

pub(super) async fn cancel(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Output<Done>>> {
    blocking(move || {
        let job = job_of(&state, &caller, &id)?;
        stop(&state, &job)?;
        Ok(caller.output(Done::success()))
    })
    .await
}

/// Cancels a job wherever it is. One that waits after it has run before is charged for what it trained.
pub(super) fn stop(state: &State, job: &Job) -> Answer<()> {
    let id = &job.job_id;
    let tokens = state.store.read(|tx| training::trained_so_far(tx, id))?;
    let ended = Job { status: "CANCELED".into(), usage: Some(tokens), ended_at: Some(state.now_text()), ..job.clone() };
    let outcome = state.store.write(|tx| {
        for status in ["PENDING", "QUEUING"] {
            if tx.job_move(id, status, "CANCELED")? {
                tx.job_end(&ended)?;
                state.meter(tx, training::trained(&ended, tokens))?;
                return Ok(Some(false));
            }
        }
        Ok(tx.job_move(id, "RUNNING", "CANCELING")?.then_some(true))
    })?;
    match outcome {
        None => return Err(Refusal::unsupported("The job has ended or is being cancelled already.")),
        Some(false) => training::remove(&state.work.join(id))?,
        Some(true) => state.stop_running(id, false),
    }
    Ok(())
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Output<Done>>> {
    blocking(move || {
        let job = job_of(&state, &caller, &id)?;
        if !["SUCCEEDED", "FAILED", "CANCELED"].contains(&job.status.as_str()) {
            return Err(Refusal::unsupported("A job in training cannot be deleted; cancel it first."));
        }
        let (in_use, models) = state.store.read(|tx| {
            let models: Vec<String> =
                tx.models(&caller.workspace)?.into_iter().filter(|m| m.job_id == id).map(|m| m.name).collect();
            let deployed = tx.deployments_all()?;
            let used = |row: &pc_store::cloud::Deployment| {
                row.workspace_id == caller.workspace && models.contains(&row.model_name)
            };
            Ok((deployed.iter().any(used), models))
        })?;
        if in_use {
            let message = "The job's model is deployed; delete the deployment first.";
            return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", message));
        }
        let blobs = state.store.write(|tx| {
            tx.models_remove(&id)?;
            let blobs = tx.artifacts_remove(&id)?;
            tx.job_remove(&id)?;
            Ok(blobs)
        })?;
        models.iter().try_for_each(|model| deploying::put_away(&state, model))?;
        blobs.iter().try_for_each(|blob| state.blobs.destroy(blob))?;
        Ok(caller.output(Done::success()))
    })
    .await
}

/// What of the request is kept with the job, as the table has it.
#[derive(Deserialize)]
struct Kept {
    training_file_ids: Vec<String>,
    validation_file_ids: Vec<String>,
    hyper_parameters: Map<String, Value>,
    by_datasets: bool,
}

/// The job object, every declared field present.
pub(super) fn shown(state: &State, job: &Job) -> Answer<FineTune> {
    let kept: Kept = serde_json::from_str(&job.request).map_err(anyhow::Error::from)?;
    // The form in which files were given is the one in which they come back.
    let split = |ids: Vec<String>| match kept.by_datasets {
        true => (Vec::new(), ids.into_iter().map(DatasetSource::file).collect()),
        false => (ids, Vec::new()),
    };
    let (training_file_ids, training_datasets) = split(kept.training_file_ids);
    let (validation_file_ids, validation_datasets) = split(kept.validation_file_ids);
    let checkpoints = state.store.read(|tx| tx.checkpoints(&job.job_id))?.len() as u64;
    let status = FineTuneStatus::from(job.status.as_str());
    let failed = matches!(status, FineTuneStatus::Failed | FineTuneStatus::Canceled);
    let said = |text: &Option<String>, or: &str| failed.then(|| text.clone().unwrap_or_else(|| or.to_owned()));
    Ok(FineTune {
        job_id: job.job_id.clone(),
        job_name: job.name.clone(),
        status,
        model: job.model.clone(),
        base_model: job.base_model.clone(),
        finetuned_output: Some(job.output_model.clone()),
        training_file_ids,
        validation_file_ids,
        training_datasets,
        validation_datasets,
        hyper_parameters: kept.hyper_parameters,
        training_type: job.training_type.clone(),
        create_time: spaced(&job.created_at),
        end_time: job.ended_at.as_deref().map(spaced),
        workspace_id: job.workspace_id.clone(),
        user_identity: job.workspace_id.clone(),
        modifier: job.workspace_id.clone(),
        creator: job.workspace_id.clone(),
        group: "llm".to_owned(),
        usage: job.usage,
        max_output_cnt: checkpoints.max(1),
        output_cnt: checkpoints,
        code: said(&job.code, "Canceled"),
        message: said(&job.message, "The job was cancelled."),
    })
}
