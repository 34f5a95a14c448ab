//! Fine-tunes: started, listed, watched, cancelled. A row is the cloud's job and what its log says. Deliberately absent:
//! what one will cost, which is `estimate`.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Result;
use pc_base::{Code, Language, coded};
use pc_cloud::CloudError;
use pc_protocol::{CreateFineTune, FineTune, FineTuneStatus};
use serde_json::{Map, Value, json};

use super::tune_log::TuneLog;
use super::when;
use crate::api::{
    Empty, HyperParameters, JobId, Tag, TrainingType, TuneLogs, TuneLogsRequest, TuneMetrics, TuneRow, TuneStart,
    TuneStatus, TuneWatchEvent,
};
use crate::app::App;
use crate::clouds::Opened;
use crate::live::Live;
use crate::models;
use crate::seen::is_unreachable;
use crate::words::words;

/// Jobs of a page, and lines of a log, at a time.
const JOBS: u64 = 100;
const LINES: u64 = 1000;
/// Codes of failed jobs that have words.
const REASONS: [&str; 7] =
    ["WorkerDied", "OutOfMemory", "DiskFull", "InvalidData", "TrainingDiverged", "ModelUnavailable", "InternalError"];
/// Jobs of a list whose logs are read.
const LOGS: usize = 30;
/// Pages of jobs at most; a list that never ends is a broken one.
const MOST_PAGES: u64 = 20;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often in a row a cloud may be out of reach before a watch gives up: it may be starting again.
const MISSES: u32 = 60;

impl App {
    /// `tune_start`
    pub async fn tune_start(&self, wanted: TuneStart, language: Language) -> Result<TuneRow> {
        if wanted.dataset_ids.is_empty() {
            let why = "at least one is needed";
            return Err(coded(Code::InputInvalid).with("what", "dataset_ids").with("why", why).into());
        }
        let opened = self.selected().await?;
        let create = CreateFineTune {
            model: wanted.model,
            training_file_ids: wanted.dataset_ids,
            hyper_parameters: to_wire(&wanted.hyper_parameters, wanted.training_type),
            training_type: Some(wanted.training_type.name().to_owned()),
            job_name: wanted.name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
            ..CreateFineTune::default()
        };
        let job = opened.cloud.fine_tune_create(&create).await?;
        self.watch_jobs(&opened);
        Ok(row(job, &TuneLog::default(), &self.pulled().await?, language))
    }

    /// `tune_list`
    pub async fn tune_list(&self, _: Empty, language: Language) -> Result<Vec<TuneRow>> {
        self.listed(("tunes", Tag::Tunes), async move |app: App| {
            let opened = app.selected().await?;
            let jobs = all_jobs(&opened).await?;
            if jobs.iter().any(|job| !job.status.is_final()) {
                app.watch_jobs(&opened);
            }
            let pulled = app.pulled().await?;
            let mut rows = Vec::new();
            for (number, job) in jobs.into_iter().enumerate() {
                // Old jobs of a full account would each cost a call; theirs are read when they are looked at.
                let log = if number < LOGS { app.log(&opened, &job).await? } else { TuneLog::default() };
                rows.push(row(job, &log, &pulled, language));
            }
            Ok(rows)
        })
        .await
    }

    /// `tune_get`
    pub async fn tune_get(&self, wanted: JobId, language: Language) -> Result<TuneRow> {
        let opened = self.selected().await?;
        self.tune_row(&opened, &wanted.job_id, language).await.map(|(row, _)| row)
    }

    /// `tune_metrics`
    pub async fn tune_metrics(&self, wanted: JobId, language: Language) -> Result<TuneMetrics> {
        let opened = self.selected().await?;
        let (_, log) = self.tune_row(&opened, &wanted.job_id, language).await?;
        Ok(TuneMetrics { metrics: log.metrics })
    }

    /// `tune_logs`
    pub async fn tune_logs(&self, wanted: TuneLogsRequest, _: Language) -> Result<TuneLogs> {
        let page = self.selected().await?.cloud.fine_tune_logs(&wanted.job_id, wanted.offset, LINES).await?;
        Ok(TuneLogs { total: page.total, lines: page.logs })
    }

    /// `tune_cancel`
    pub async fn tune_cancel(&self, wanted: JobId, language: Language) -> Result<TuneRow> {
        let opened = self.selected().await?;
        opened.cloud.fine_tune_cancel(&wanted.job_id).await?;
        self.tune_row(&opened, &wanted.job_id, language).await.map(|(row, _)| row)
    }

    /// `tune_delete`: in the cloud, with its result; a model that was pulled stays.
    pub async fn tune_delete(&self, wanted: JobId, _: Language) -> Result<Empty> {
        let opened = self.selected().await?;
        opened.cloud.fine_tune_delete(&wanted.job_id).await?;
        self.logs().forget(&opened.id, &wanted.job_id);
        self.blocking(move |app| app.store().write(|tx| tx.seen_remove(&opened.id, &log_name(&wanted.job_id)))).await?;
        Ok(Empty {})
    }

    /// `tune_watch`: until the job has ended. Cancelling ends the watch and not the job.
    pub async fn tune_watch(&self, wanted: JobId, language: Language, live: &Live<TuneWatchEvent>) -> Result<TuneRow> {
        let (mut told, mut shown, mut misses) = (0, Value::Null, 0);
        loop {
            live.cancel.check()?;
            match self.look(&wanted.job_id, language).await {
                Ok((row, log)) => {
                    misses = 0;
                    // A job that went on from a checkpoint tells its steps since then again.
                    told = told.min(log.metrics.last().map_or(0, |metric| metric.step));
                    let metrics: Vec<_> = log.metrics.into_iter().filter(|metric| metric.step > told).collect();
                    told = metrics.last().map_or(told, |metric| metric.step);
                    let now = serde_json::to_value(&row)?;
                    if now != shown || !metrics.is_empty() {
                        shown = now;
                        live.tell(TuneWatchEvent { job: row.clone(), metrics });
                    }
                    if is_final(row.status) {
                        return Ok(row);
                    }
                }
                Err(error) if is_unreachable(&error) && misses < MISSES => misses += 1,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&self, job_id: &str, language: Language) -> Result<(TuneRow, TuneLog)> {
        let opened = self.selected().await?;
        self.tune_row(&opened, job_id, language).await
    }

    async fn tune_row(&self, opened: &Opened, job_id: &str, language: Language) -> Result<(TuneRow, TuneLog)> {
        let job = opened.cloud.fine_tune(job_id).await?;
        let log = self.log(opened, &job).await?;
        Ok((row(job, &log, &self.pulled().await?, language), log))
    }

    /// What a job's log says up to now. Once the job has ended, it is kept, and the speed that it had.
    async fn log(&self, opened: &Opened, job: &FineTune) -> Result<TuneLog> {
        let held = self.logs().of(&opened.id, &job.job_id);
        let mut log = held.lock().await;
        let name = log_name(&job.job_id);
        let ended = job.status.is_final();
        if ended && let Some(kept) = self.seen_text(&opened.id, &name).await? {
            *log = serde_json::from_str(&kept)?;
            return Ok(log.clone());
        }
        loop {
            let page = match opened.cloud.fine_tune_logs(&job.job_id, log.lines, LINES).await {
                Ok(page) => page,
                // A job without a log is still a job.
                Err(error) if CloudError::is_not_found(&error) => break,
                Err(error) => return Err(error),
            };
            page.logs.iter().for_each(|line| log.read(line));
            if page.logs.is_empty() || log.lines >= page.total {
                break;
            }
        }
        if ended {
            log.eta_seconds = None;
            self.keep_log(opened, job, &log).await?;
        }
        Ok(log.clone())
    }

    async fn keep_log(&self, opened: &Opened, job: &FineTune, log: &TuneLog) -> Result<()> {
        let (text, speed) = (serde_json::to_string(log)?, log.speed());
        let speed = speed.filter(|_| job.status == FineTuneStatus::Succeeded);
        let (cloud_id, name, speed_of) =
            (opened.id.clone(), log_name(&job.job_id), speed_name(&opened.id, &job.base_model));
        self.blocking(move |app| {
            let now = app.now();
            app.store().write(|tx| {
                tx.seen_put(&cloud_id, &name, &text, &now)?;
                speed.map_or(Ok(()), |speed| tx.speed_add(&speed_of, speed, &now))
            })
        })
        .await
    }

    /// The jobs whose results are on this machine.
    async fn pulled(&self) -> Result<HashSet<String>> {
        self.blocking(|app| Ok(models::pulled(app.places()))).await
    }

    /// Announces in the background what jobs do, as long as one runs and somebody listens.
    fn watch_jobs(&self, opened: &Opened) {
        if !self.is_watched() || !self.logs().begin_watch(&opened.id) {
            return;
        }
        let (app, opened) = (self.clone(), opened.clone());
        tokio::spawn(async move {
            app.watch(&opened).await;
            app.logs().end_watch(&opened.id);
        });
    }

    async fn watch(&self, opened: &Opened) {
        let (mut before, mut misses) = (None, 0);
        while misses < MISSES && self.is_watched() {
            match opened.cloud.fine_tunes(1, JOBS).await {
                Ok(page) => {
                    misses = 0;
                    let states: Vec<_> = page.jobs.iter().map(|job| (job.job_id.clone(), job.status.clone())).collect();
                    let open = page.jobs.iter().filter(|job| !job.status.is_final()).count();
                    let changed = before.as_ref().is_some_and(|before| *before != states);
                    before = Some(states);
                    if changed {
                        // A job that ended was billed.
                        self.changed(&[Tag::Tunes, Tag::Usage]);
                    } else if open > 0 {
                        self.changed(&[Tag::Tunes]);
                    }
                    if open == 0 {
                        return;
                    }
                }
                Err(_) => misses += 1,
            }
            tokio::time::sleep(LOOK_EVERY * 4).await;
        }
    }
}

fn log_name(job_id: &str) -> String {
    format!("log/{job_id}")
}

/// Under which name the speed of trainings of a model in a cloud is kept.
pub(super) fn speed_name(cloud_id: &str, model: &str) -> String {
    format!("{cloud_id}/{model}")
}

async fn all_jobs(opened: &Opened) -> Result<Vec<FineTune>> {
    let mut jobs = Vec::new();
    for number in 1..=MOST_PAGES {
        let page = opened.cloud.fine_tunes(number, JOBS).await?;
        let last = page.jobs.is_empty();
        jobs.extend(page.jobs);
        if last || jobs.len() as u64 >= page.total {
            break;
        }
    }
    Ok(jobs)
}

fn row(job: FineTune, log: &TuneLog, pulled: &HashSet<String>, language: Language) -> TuneRow {
    let last = log.metrics.last();
    let running = job.status == FineTuneStatus::Running;
    let failed = job.status == FineTuneStatus::Failed;
    TuneRow {
        pulled: pulled.contains(&job.job_id),
        name: if job.job_name.is_empty() { job.job_id.clone() } else { job.job_name.clone() },
        status: status(&job.status),
        dataset_ids: job.training_files(),
        training_type: TrainingType::from_name(&job.training_type),
        hyper_parameters: from_wire(&job.hyper_parameters),
        output_model: job.result().map(str::to_owned),
        tokens: job.usage.unwrap_or_default().max(last.map_or(0, |metric| metric.tokens)),
        step: last.map_or(0, |metric| metric.step),
        total_steps: log.total_steps,
        loss: last.map(|metric| metric.loss),
        tokens_per_second: last.map(|metric| metric.tokens_per_second).filter(|speed| *speed > 0.0),
        eta_seconds: log.eta_seconds.filter(|_| running),
        created_at: when(&job.create_time),
        ended_at: job.end_time.as_deref().map(when),
        reason: failed.then(|| reason(&job, language)),
        job_id: job.job_id,
        model: job.model,
    }
}

/// The cloud's words, which are English; for other readers with what the code means in front.
fn reason(job: &FineTune, language: Language) -> String {
    let code = job.code.clone().unwrap_or_default();
    let message = job.message.clone().filter(|text| !text.is_empty()).unwrap_or_else(|| code.clone());
    let known = REASONS.iter().find(|known| **known == code).copied().unwrap_or("other");
    words(&format!("reason_{known}"), language, &[("message", message)])
}

/// A word that this version does not know is of a job that has not ended.
fn status(status: &FineTuneStatus) -> TuneStatus {
    match status {
        FineTuneStatus::Pending => TuneStatus::Pending,
        FineTuneStatus::Queuing => TuneStatus::Queuing,
        FineTuneStatus::Running | FineTuneStatus::Other(_) => TuneStatus::Running,
        FineTuneStatus::Canceling => TuneStatus::Canceling,
        FineTuneStatus::Succeeded => TuneStatus::Succeeded,
        FineTuneStatus::Failed => TuneStatus::Failed,
        FineTuneStatus::Canceled => TuneStatus::Canceled,
    }
}

fn is_final(status: TuneStatus) -> bool {
    matches!(status, TuneStatus::Succeeded | TuneStatus::Failed | TuneStatus::Canceled)
}

/// The seed of a training where nobody chose one. Clouds do not document the setting, so it is sent only when it was chosen.
const SEED: u64 = 42;

/// Settings of an adapter are refused where there is none, so they stay here then.
fn to_wire(hyper: &HyperParameters, training_type: TrainingType) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| drop(map.insert(name.to_owned(), value));
    put("n_epochs", json!(hyper.n_epochs));
    put("batch_size", json!(hyper.batch_size));
    put("max_length", json!(hyper.max_length));
    // As text, like the documented samples.
    put("learning_rate", json!(format!("{:?}", hyper.learning_rate)));
    if training_type.is_low_rank() {
        put("lora_rank", json!(hyper.lora_rank));
        put("lora_alpha", json!(hyper.lora_alpha));
        put("lora_dropout", json!(hyper.lora_dropout));
    }
    put("lr_scheduler_type", json!(hyper.lr_scheduler_type));
    put("warmup_ratio", json!(hyper.warmup_ratio));
    put("weight_decay", json!(hyper.weight_decay));
    if hyper.seed != SEED {
        put("seed", json!(hyper.seed));
    }
    map
}

/// What a job was given; numbers may be spelled as text, and what is missing was left to the cloud.
fn from_wire(map: &Map<String, Value>) -> HyperParameters {
    let number = |name: &str, default: f64| {
        let value = map.get(name);
        let text = value.and_then(Value::as_str).and_then(|text| text.trim().parse().ok());
        value.and_then(Value::as_f64).or(text).unwrap_or(default)
    };
    let schedule = map.get("lr_scheduler_type").and_then(Value::as_str).unwrap_or("linear").to_lowercase();
    HyperParameters {
        n_epochs: number("n_epochs", 3.0) as u32,
        batch_size: number("batch_size", 16.0) as u32,
        max_length: number("max_length", 8192.0) as u32,
        learning_rate: number("learning_rate", 1e-4),
        lora_rank: number("lora_rank", 8.0) as u32,
        lora_alpha: number("lora_alpha", 16.0) as u32,
        lora_dropout: number("lora_dropout", 0.0),
        lr_scheduler_type: schedule,
        warmup_ratio: number("warmup_ratio", 0.05),
        weight_decay: number("weight_decay", 0.01),
        seed: number("seed", SEED as f64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_from_the_wire_as_they_went() {
        let hyper = HyperParameters {
            n_epochs: 6,
            batch_size: 8,
            max_length: 512,
            learning_rate: 6e-4,
            lora_rank: 16,
            lora_alpha: 32,
            lora_dropout: 0.1,
            lr_scheduler_type: "cosine".to_owned(),
            warmup_ratio: 0.03,
            weight_decay: 0.0,
            seed: 7,
        };
        let usual = TrainingType::EfficientSft;
        assert_eq!(from_wire(&to_wire(&hyper, usual)), hyper);
        assert!(!to_wire(&hyper, TrainingType::Cpt).contains_key("lora_rank"), "there is no adapter");
        assert!(!to_wire(&HyperParameters { seed: SEED, ..hyper }, usual).contains_key("seed"), "an undocumented name");
    }
}
