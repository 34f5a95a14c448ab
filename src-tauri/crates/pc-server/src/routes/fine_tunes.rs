//! `/api/v1/fine-tunes`: jobs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use pc_store::cloud::{Job, JobFilter};
use rand::Rng as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::caller::{Asked, Body, Caller, Page, blocking};
use crate::hyper;
use crate::meter::zone;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::spaced;

#[derive(Deserialize)]
pub(super) struct Create {
    model: String,
    #[serde(default)]
    training_file_ids: Value,
    #[serde(default)]
    training_datasets: Option<Vec<Dataset>>,
    #[serde(default)]
    validation_file_ids: Value,
    #[serde(default)]
    validation_datasets: Option<Vec<Dataset>>,
    #[serde(default)]
    hyper_parameters: Option<Map<String, Value>>,
    training_type: Option<String>,
    job_name: Option<String>,
    model_name: Option<String>,
    finetuned_output_suffix: Option<String>,
}

#[derive(Deserialize)]
struct Dataset {
    data_source_type: String,
    file_id: Option<String>,
}

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Body(asked): Body<Create>,
) -> Answer<Json<Value>> {
    blocking(move || {
        let job = admitted(&state, &caller, asked)?;
        state.store.write(|tx| tx.job_add(&job))?;
        state.wake();
        Ok(caller.output(shown(&state, &job)?))
    })
    .await
}

fn admitted(state: &State, caller: &Caller, asked: Create) -> Answer<Job> {
    let training_type = asked.training_type.unwrap_or_else(|| "efficient_sft".to_owned());
    if training_type != "efficient_sft" {
        return Err(Refusal::unsupported(format!(
            "training_type {training_type:.40} is not offered; use efficient_sft."
        )));
    }
    let base_model = base_of(state, caller, &asked.model)?;
    let longest = state.engine.bases().into_iter().find(|base| base.id == base_model).map_or(0, |base| base.max_length);
    let hyper_parameters = asked.hyper_parameters.unwrap_or_default();
    hyper::read(&hyper_parameters, longest)?;
    let training = ids_of(&asked.training_file_ids, asked.training_datasets.as_deref(), "training")?;
    let validation = ids_of(&asked.validation_file_ids, asked.validation_datasets.as_deref(), "validation")?;
    if training.is_empty() {
        return Err(Refusal::invalid("training_file_ids or training_datasets is required."));
    }
    for id in training.iter().chain(&validation) {
        state.store.read(|tx| tx.file(&caller.workspace, id))?.ok_or_else(Refusal::file_not_found)?;
    }
    let mut open = 0;
    for status in ["PENDING", "QUEUING", "RUNNING", "CANCELING"] {
        let filter = JobFilter { status: Some(status.to_owned()), model: None };
        open += state.store.read(|tx| tx.jobs(&caller.workspace, &filter, 0, 1))?.1;
    }
    if open >= state.profile.open_jobs {
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Throttling", "Too many fine-tune jobs are running."));
    }
    let suffix = asked.finetuned_output_suffix.as_deref().map(suffix_of).transpose()?;
    let job_id = new_job_id(state);
    let output_model = match suffix {
        Some(suffix) => format!("{base_model}-{suffix}-{job_id}"),
        None => format!("{base_model}-{job_id}"),
    };
    let name = asked.job_name.or(asked.model_name).unwrap_or_else(|| job_id.clone());
    let request = json!({
        "training_file_ids": training,
        "validation_file_ids": validation,
        "hyper_parameters": hyper_parameters,
        "by_datasets": asked.training_datasets.is_some(),
    });
    Ok(Job {
        name: name.chars().filter(|c| !c.is_control()).take(120).collect(),
        job_id,
        workspace_id: caller.workspace.clone(),
        status: "PENDING".into(),
        model: asked.model,
        base_model,
        output_model,
        training_type,
        request: request.to_string(),
        created_at: state.now_text(),
        ..Job::default()
    })
}

/// The base model of a base or tuned model.
pub(super) fn base_of(state: &State, caller: &Caller, model: &str) -> Answer<String> {
    if state.engine.bases().iter().any(|base| base.id == model) {
        return Ok(model.to_owned());
    }
    let tuned = state.store.read(|tx| tx.model(&caller.workspace, model))?;
    tuned.map(|row| row.base_model).ok_or_else(|| Refusal::model_not_found(model))
}

/// File ids out of either form; one string counts as a list of one, null as none.
fn ids_of(ids: &Value, datasets: Option<&[Dataset]>, what: &str) -> Answer<Vec<String>> {
    let wrong = || Refusal::invalid(format!("{what}_file_ids must be a list of file ids."));
    let mut found = match ids {
        Value::Null => Vec::new(),
        Value::String(id) => vec![id.clone()],
        Value::Array(list) => {
            list.iter().map(|id| id.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    for dataset in datasets.unwrap_or_default() {
        match (&*dataset.data_source_type, &dataset.file_id) {
            ("file_id", Some(id)) => found.push(id.clone()),
            _ => return Err(Refusal::unsupported(format!("{what}_datasets must have data_source_type file_id."))),
        }
    }
    if found.len() > 100 { Err(Refusal::invalid(format!("At most 100 {what} files."))) } else { Ok(found) }
}

/// What may stand inside a model's id.
pub(super) fn suffix_of(text: &str) -> Answer<String> {
    let fits = (1..=8).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if fits {
        Ok(text.to_lowercase())
    } else {
        Err(Refusal::invalid("A suffix has 1 to 8 characters of A-Z, a-z, 0-9, _ and -."))
    }
}

fn new_job_id(state: &State) -> String {
    let digits: String = (0..4).map(|_| char::from_digit(rand::rng().random_range(0..16), 16).unwrap_or('0')).collect();
    format!("ft-{}-{digits}", state.clock.now().to_zoned(zone()).strftime("%Y%m%d%H%M"))
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
) -> Answer<Json<Value>> {
    let (number, size, skip) = asked.page.page()?.of(10, 100)?;
    blocking(move || {
        let filter = JobFilter { model: asked.model, status: asked.status };
        let (jobs, total) = state.store.read(|tx| tx.jobs(&caller.workspace, &filter, skip, size))?;
        let jobs = jobs.iter().map(|job| shown(&state, job)).collect::<Answer<Vec<_>>>()?;
        Ok(caller.output(json!({"page_no": number, "page_size": size, "total": total, "jobs": jobs})))
    })
    .await
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Value>> {
    blocking(move || {
        let job = job_of(&state, &caller, &id)?;
        Ok(caller.output(shown(&state, &job)?))
    })
    .await
}

/// A job of this caller's workspace, or 404.
pub(super) fn job_of(state: &State, caller: &Caller, id: &str) -> Answer<Job> {
    state.store.read(|tx| tx.job(&caller.workspace, id))?.ok_or_else(|| Refusal::not_found("The job"))
}

pub(super) async fn cancel(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Value>> {
    blocking(move || {
        let job = job_of(&state, &caller, &id)?;
        let ended = Job { status: "CANCELED".into(), usage: Some(0), ended_at: Some(state.now_text()), ..job };
        let outcome = state.store.write(|tx| {
            for status in ["PENDING", "QUEUING"] {
                if tx.job_move(&id, status, "CANCELED")? {
                    tx.job_end(&ended)?;
                    return Ok(Some(false));
                }
            }
            Ok(tx.job_move(&id, "RUNNING", "CANCELING")?.then_some(true))
        })?;
        match outcome {
            None => return Err(Refusal::unsupported("The job has ended or is being cancelled already.")),
            Some(false) => {}
            Some(true) => {
                let running = state.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if let Some((_, cancel)) = running.as_ref().filter(|(running, _)| *running == id) {
                    cancel.cancel();
                }
            }
        }
        Ok(caller.output(json!({"status": "success"})))
    })
    .await
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Value>> {
    blocking(move || {
        let job = job_of(&state, &caller, &id)?;
        if !["SUCCEEDED", "FAILED", "CANCELED"].contains(&job.status.as_str()) {
            return Err(Refusal::unsupported("A job in training cannot be deleted; cancel it first."));
        }
        let in_use = state.store.read(|tx| {
            let models: Vec<String> =
                tx.models(&caller.workspace)?.into_iter().filter(|m| m.job_id == id).map(|m| m.name).collect();
            Ok(tx
                .deployments_all()?
                .iter()
                .any(|row| row.workspace_id == caller.workspace && models.contains(&row.model_name)))
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
        blobs.iter().try_for_each(|blob| state.blobs.destroy(blob))?;
        Ok(caller.output(json!({"status": "success"})))
    })
    .await
}

/// The job object, every declared field present.
pub(super) fn shown(state: &State, job: &Job) -> Answer<Value> {
    let request: Value = serde_json::from_str(&job.request).map_err(anyhow::Error::from)?;
    let by_datasets = request["by_datasets"].as_bool() == Some(true);
    let list = |name: &str, as_datasets: bool| -> Value {
        let ids = request[name].as_array().cloned().unwrap_or_default();
        match (as_datasets, by_datasets) {
            (true, true) => ids.into_iter().map(|id| json!({"data_source_type": "file_id", "file_id": id})).collect(),
            (false, false) => ids.into(),
            _ => json!([]),
        }
    };
    let checkpoints = state.store.read(|tx| tx.checkpoints(&job.job_id))?;
    let mut value = json!({
        "job_id": job.job_id,
        "job_name": job.name,
        "status": job.status,
        "model": job.model,
        "base_model": job.base_model,
        "finetuned_output": job.output_model,
        "training_file_ids": list("training_file_ids", false),
        "validation_file_ids": list("validation_file_ids", false),
        "training_datasets": list("training_file_ids", true),
        "validation_datasets": list("validation_file_ids", true),
        "hyper_parameters": request["hyper_parameters"],
        "training_type": job.training_type,
        "create_time": spaced(&job.created_at),
        "end_time": job.ended_at.as_deref().map(spaced),
        "workspace_id": job.workspace_id,
        "user_identity": job.workspace_id,
        "modifier": job.workspace_id,
        "creator": job.workspace_id,
        "group": "llm",
        "usage": job.usage,
        "max_output_cnt": checkpoints.len().max(1),
        "output_cnt": checkpoints.len(),
    });
    if job.status == "FAILED" || job.status == "CANCELED" {
        value["code"] = json!(job.code.clone().unwrap_or_else(|| "Canceled".to_owned()));
        value["message"] = json!(job.message.clone().unwrap_or_else(|| "The job was cancelled.".to_owned()));
    }
    Ok(value)
}
