//! `/v1/fine_tuning/jobs`: the jobs of the native API in OpenAI's words. A paused job waits in the queue; its training
//! stopped where it can go on. What OpenAI's request adds to the native one is kept in the job's request as `openai`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use pc_protocol::openai::{CreateJob, Hyperparameters, Job as Shown, JobError, List, Method, MethodSettings};
use pc_store::cloud::{Job, JobFilter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::caller::{Asked, Caller, blocking};
use crate::intake::{Begun, Create};
use crate::python;
use crate::refusal::{Answer, Refusal};
use crate::routes::fine_tunes::{admitted, stop};
use crate::routes::unix;
use crate::state::State;
use crate::training::results;

use super::job_request::wanted;
use super::{page, size_of};

/// What a request had beyond the native one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Extra {
    pub seed: i64,
    pub method: Method,
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
}

/// What is kept with a job, as far as it is shown here.
#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    training_file_ids: Vec<String>,
    #[serde(default)]
    validation_file_ids: Vec<String>,
    #[serde(default)]
    hyper_parameters: Map<String, Value>,
    openai: Option<Extra>,
}

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Create(asked, sent): Create<CreateJob>,
) -> Answer<Json<Shown>> {
    blocking(move || {
        let once = match sent.begin(&state, &caller)? {
            Begun::Again(job) => return Ok(Json(job)),
            Begun::First(once) => once,
        };
        let (native, extra) = wanted(&state, &caller, asked)?;
        let mut job = admitted(&state, &caller, native).map_err(named)?;
        let mut request: Map<String, Value> = serde_json::from_str(&job.request).map_err(anyhow::Error::from)?;
        request.insert("openai".to_owned(), serde_json::to_value(extra).map_err(anyhow::Error::from)?);
        job.request = Value::Object(request).to_string();
        let line = format!("Created fine-tuning job: {}", job.job_id);
        let shown = shown(&state, &job)?;
        state.store.write(|tx| {
            tx.job_add(&job)?;
            tx.job_log(&job.job_id, &state.now_text(), &[line])?;
            once.keep(tx, &shown)
        })?;
        state.wake();
        Ok(Json(shown))
    })
    .await
}

/// Hyper-parameters are judged under their native names.
fn named(refusal: Refusal) -> Refusal {
    let name = refusal.message.strip_prefix("hyper_parameters.").and_then(|rest| rest.split(' ').next());
    match name.map(|name| if name == "learning_rate" { "learning_rate_multiplier" } else { name }.to_owned()) {
        Some(name) => refusal.on(format!("hyperparameters.{name}")),
        None => refusal,
    }
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(asked): Asked<Vec<(String, String)>>,
) -> Answer<Json<List<Shown>>> {
    let filter = Filter::of(asked)?;
    blocking(move || {
        let mut after = match &filter.after {
            None => i64::MAX,
            Some(id) => {
                let job = state.store.read(|tx| tx.job(&caller.workspace, id))?.filter(|job| caller.sees(job));
                job.ok_or_else(|| Refusal::invalid("after names no job.").on("after"))?.number
            }
        };
        let mut found = Vec::new();
        let (mut skip, size) = (0, filter.size as usize);
        while found.len() <= size {
            let (jobs, _) = state.store.read(|tx| tx.jobs(&caller.workspace, &JobFilter::default(), skip, 200))?;
            skip += jobs.len() as u64;
            let last = jobs.len() < 200;
            for job in jobs {
                // Jobs that come meanwhile move the others on, so some may be seen again.
                if job.number < after {
                    after = job.number;
                    if !caller.sees(&job) {
                        continue;
                    }
                    found.extend(Some(shown(&state, &job)?).filter(|row| filter.fits(row.metadata.as_ref())));
                }
            }
            if last {
                break;
            }
        }
        Ok(Json(page(found, size, |job| &job.id)))
    })
    .await
}

/// Which jobs a list shows. Metadata is asked for as `metadata[key]=value`, or `metadata=null` for jobs without any.
struct Filter {
    after: Option<String>,
    size: u64,
    metadata: Vec<(String, String)>,
    without_metadata: bool,
}

impl Filter {
    fn of(asked: Vec<(String, String)>) -> Answer<Self> {
        let (mut after, mut limit, mut metadata, mut without_metadata) = (None, None, Vec::new(), false);
        for (name, value) in asked {
            let key = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
            match (name.as_str(), key) {
                ("after", _) => after = Some(value),
                ("limit", _) => limit = Some(value.parse().map_err(|_| super::limit_refused(1000))?),
                ("metadata", _) if value == "null" => without_metadata = true,
                (_, Some(key)) => metadata.push((key.to_owned(), value)),
                _ => return Err(Refusal::invalid(format!("{name:.80} is not known.")).on(name)),
            }
        }
        if without_metadata && !metadata.is_empty() {
            return Err(Refusal::invalid("metadata is either null or a filter.").on("metadata"));
        }
        Ok(Self { after, size: size_of(limit, 20, 1000)?, metadata, without_metadata })
    }

    fn fits(&self, metadata: Option<&Map<String, Value>>) -> bool {
        let has = |(key, value): &(String, String)| {
            metadata.is_some_and(|all| all.get(key).is_some_and(|held| held == value))
        };
        (!self.without_metadata || metadata.is_none()) && self.metadata.iter().all(has)
    }
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Shown>> {
    blocking(move || Ok(Json(shown(&state, &job_of(&state, &caller, &id)?)?))).await
}

/// A job of this caller's workspace that its key is for, or 404.
pub(super) fn job_of(state: &State, caller: &Caller, id: &str) -> Answer<Job> {
    let job = state.store.read(|tx| tx.job(&caller.workspace, id))?.filter(|job| caller.sees(job));
    job.ok_or_else(|| Refusal::not_found("The fine-tuning job").on("fine_tuning_job_id"))
}

pub(super) async fn cancel(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Shown>> {
    blocking(move || {
        stop(&state, &job_of(&state, &caller, &id)?).map_err(|refusal| refusal.on("fine_tuning_job_id"))?;
        Ok(Json(shown(&state, &job_of(&state, &caller, &id)?)?))
    })
    .await
}

pub(super) async fn pause(state: Shared<Arc<State>>, caller: Caller, id: Path<String>) -> Answer<Json<Shown>> {
    set_paused(state, caller, id, true).await
}

pub(super) async fn resume(state: Shared<Arc<State>>, caller: Caller, id: Path<String>) -> Answer<Json<Shown>> {
    set_paused(state, caller, id, false).await
}

/// Asked twice it is as good as once; what has ended, or is about to, cannot change any more.
async fn set_paused(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    paused: bool,
) -> Answer<Json<Shown>> {
    blocking(move || {
        let line = format!("The job was {}.", if paused { "paused" } else { "resumed" });
        let changed = state.store.write(|tx| {
            let Some(job) = tx.job(&caller.workspace, &id)?.filter(|job| caller.sees(job)) else {
                return Ok(Some(false));
            };
            if !["PENDING", "QUEUING", "RUNNING"].contains(&job.status.as_str()) {
                return Ok(None);
            }
            if job.paused != paused {
                tx.job_pause(&id, paused)?;
                tx.job_log(&id, &state.now_text(), &[line])?;
            }
            Ok(Some(true))
        })?;
        if changed.is_none() {
            let refused = Refusal::unsupported("The job has ended or is being cancelled.");
            return Err(refused.on("fine_tuning_job_id"));
        }
        let job = job_of(&state, &caller, &id)?;
        if job.paused {
            state.stop_running(&id, true);
        } else {
            state.wake();
        }
        Ok(Json(shown(&state, &job)?))
    })
    .await
}

/// The job in OpenAI's words; of one that the native API made, what can be said of it.
fn shown(state: &State, job: &Job) -> Answer<Shown> {
    let kept: Kept = serde_json::from_str(&job.request).map_err(anyhow::Error::from)?;
    let extra = kept.openai.unwrap_or_else(|| of_native(job, &kept.hyper_parameters));
    let settings = extra.method.supervised.as_ref().or(extra.method.dpo.as_ref());
    let ended = ["SUCCEEDED", "FAILED", "CANCELED"].contains(&job.status.as_str());
    let error = (job.status == "FAILED").then(|| JobError {
        code: job.code.clone().unwrap_or_else(|| "InternalError".to_owned()),
        message: job.message.clone().unwrap_or_default(),
        param: None,
    });
    Ok(Shown {
        id: job.job_id.clone(),
        object: "fine_tuning.job".to_owned(),
        created_at: unix(&job.created_at),
        error,
        fine_tuned_model: (job.status == "SUCCEEDED").then(|| job.output_model.clone()),
        finished_at: job.ended_at.as_deref().map(unix),
        hyperparameters: settings.and_then(|settings| settings.hyperparameters.clone()).unwrap_or_default(),
        model: job.model.clone(),
        organization_id: job.workspace_id.clone(),
        result_files: result_file(state, job)?.into_iter().collect(),
        seed: extra.seed,
        status: status_of(job).to_owned(),
        trained_tokens: job.usage.filter(|_| ended),
        training_file: kept.training_file_ids.into_iter().next().unwrap_or_default(),
        validation_file: kept.validation_file_ids.into_iter().next(),
        estimated_finish: estimated_finish(state, job)?,
        integrations: None,
        metadata: extra.metadata,
        method: Some(extra.method),
    })
}

/// The result file, as long as nobody deleted it.
fn result_file(state: &State, job: &Job) -> anyhow::Result<Option<String>> {
    let id = results::file_id(job);
    Ok(state.store.read(|tx| tx.file(&job.workspace_id, &id))?.map(|file| file.file_id))
}

fn status_of(job: &Job) -> &'static str {
    match job.status.as_str() {
        "SUCCEEDED" => "succeeded",
        "FAILED" => "failed",
        "CANCELED" => "cancelled",
        // OpenAI has no word for a paused job.
        _ if job.paused => "queued",
        "PENDING" => "validating_files",
        "QUEUING" => "queued",
        _ => "running",
    }
}

fn of_native(job: &Job, hyper: &Map<String, Value>) -> Extra {
    let number = |name: &str| hyper.get(name).filter(|value| value.is_number()).cloned();
    let (n_epochs, batch_size, beta) = (number("n_epochs"), number("batch_size"), number("beta"));
    let hyperparameters = Some(Hyperparameters { n_epochs, batch_size, learning_rate_multiplier: None, beta });
    let settings = Some(MethodSettings { hyperparameters });
    let method = if job.training_type.starts_with("dpo") {
        Method { kind: "dpo".to_owned(), dpo: settings, ..Method::default() }
    } else {
        Method { kind: "supervised".to_owned(), supervised: settings, ..Method::default() }
    };
    let seed = hyper.get("seed").and_then(Value::as_i64).unwrap_or(42);
    Extra { seed, method, metadata: None }
}

/// By the last step of a job that runs.
fn estimated_finish(state: &State, job: &Job) -> anyhow::Result<Option<i64>> {
    if job.status != "RUNNING" || job.paused {
        return Ok(None);
    }
    let lines = state.store.read(|tx| tx.job_log_newest(&job.job_id, i64::MAX, 20))?;
    // Of what it did before it was paused or interrupted, nothing can be told.
    let since = lines.iter().take_while(|line| !line.line.starts_with("{'rows'"));
    Ok(since.into_iter().find_map(|line| {
        let left = python::read(&line.line)?.get("eta_seconds")?.as_i64()?;
        Some(unix(&line.created_at) + left)
    }))
}
