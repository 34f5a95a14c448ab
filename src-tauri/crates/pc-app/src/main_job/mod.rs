//! The main job without a window: a partner's file becomes a private model that answers offline, is served and billed.
//! Seven steps over the same commands that a person would give; everything that a cloud does is asked over its wire.
//! Deliberately absent: words for a screen (`pc-cli` has them).

mod bill;
mod event;
mod offline;
mod serve;
mod summary;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, CodedExt as _, Language, coded};
use pc_dataset::{Golden, Role, Row, max_jaccard, sample};
use pc_model::Catalog;
use pc_runtime::{Chat, Options, init_default};

pub use event::{Event, Step, Who};
pub(crate) use offline::offline_main;
pub use summary::{Asked, Billed, Call, Checked, Form, Recalled, Served, Summary, TakenHome, Tuned, Uploaded};

use crate::api::{
    CloudKind, DatasetPath, DatasetReport, DatasetUpload, Empty, HyperParameters, JobId, ModelConvert, ModelPull,
    Quant, Severity, TaskProgress, TrainingType, TuneStart, TuneStatus, TuneWatchEvent,
};
use crate::app::App;
use crate::live::Live;
use crate::{chat, models};

/// The base model unless another is asked for.
pub const MODEL: &str = "gemma-3-270m";

/// Forms that are made and measured.
const FORMS: [Quant; 2] = [Quant::F32, Quant::Int4];

/// Golden questions that both models are shown answering, spread over the set so that both languages are among them.
const SHOWN: usize = 4;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub model: String,
    /// Nothing takes the bundled sample.
    pub file: Option<PathBuf>,
    /// Nothing takes the sample's golden set.
    pub golden: Option<PathBuf>,
}

/// Settings that teach the sample to a small model.
pub fn hyper_parameters() -> HyperParameters {
    let taught = sample::HYPER;
    HyperParameters {
        n_epochs: taught.n_epochs,
        batch_size: taught.batch_size,
        max_length: taught.max_length,
        learning_rate: taught.learning_rate,
        lora_rank: taught.lora_rank,
        lora_alpha: taught.lora_alpha,
        lora_dropout: taught.lora_dropout,
        lr_scheduler_type: taught.lr_scheduler_type.to_owned(),
        warmup_ratio: taught.warmup_ratio,
        weight_decay: taught.weight_decay,
        seed: 42,
    }
}

type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// One run of the job: what every step needs.
struct Run<'a> {
    app: &'a App,
    plan: &'a Plan,
    language: Language,
    tell: Tell,
    cancel: &'a Cancel,
}

impl Run<'_> {
    fn tell(&self, event: Event) {
        (self.tell)(event);
    }

    fn live(&self) -> Live<TaskProgress> {
        let tell = self.tell.clone();
        Live::new(move |progress: TaskProgress| tell(Event::Progress { progress }), self.cancel.clone())
    }

    /// Runs a step and notes how long it took.
    async fn step<T>(
        &self,
        step: Step,
        times: &mut Vec<(Step, f64)>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.cancel.check()?;
        self.tell(Event::Started { step });
        let start = Instant::now();
        let done = work.await?;
        let seconds = start.elapsed().as_secs_f64();
        times.push((step, seconds));
        self.tell(Event::Finished { step, seconds });
        Ok(done)
    }
}

/// Runs all seven steps. Fails at the first that fails, and when the tuned model is not clearly better than the base.
pub async fn run(app: &App, plan: &Plan, language: Language, tell: Tell, cancel: &Cancel) -> Result<Summary> {
    let run = Run { app, plan, language, tell, cancel };
    let start = Instant::now();
    let (file, golden) = begin(&run).await?;
    let mut times = Vec::new();
    let check = run.step(Step::Check, &mut times, check(&run, &file, &golden)).await?;
    let upload = run.step(Step::Upload, &mut times, upload(&run, &file)).await?;
    let tune = run.step(Step::Tune, &mut times, tune(&run, &upload.file_id)).await?;
    let take_home = run.step(Step::TakeHome, &mut times, take_home(&run, &tune.job_id)).await?;
    let ask = run.step(Step::Ask, &mut times, ask(&run, &take_home.model, golden.clone())).await?;
    let question = golden.first().map_or("?", |golden| golden.question.as_str());
    let serve = run.step(Step::Serve, &mut times, serve::serve(&run, &tune.output_model, question)).await?;
    let bill = run.step(Step::Bill, &mut times, bill::bill(&run, &tune, &serve)).await?;
    let model = plan.model.clone();
    let seconds = start.elapsed().as_secs_f64();
    Ok(Summary { model, check, upload, tune, take_home, ask, serve, bill, steps: times, seconds })
}

/// What can be refused is refused before anything is sent or trained.
async fn begin(run: &Run<'_>) -> Result<(PathBuf, Vec<Golden>)> {
    let clouds = run.app.cloud_list(Empty {}, run.language).await?;
    if clouds.iter().any(|cloud| cloud.selected && cloud.kind != CloudKind::Embedded) {
        return Err(coded(Code::EmbeddedCloudNeeded).into());
    }
    let places = run.app.places();
    models::open(places, &run.plan.model)?;
    let golden = match &run.plan.golden {
        None => sample::golden(),
        Some(path) => {
            let text = std::fs::read(path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
            let invalid = || coded(Code::InputInvalid).with("what", path.display()).with("why", "it is no golden set");
            serde_json::from_slice(&text).code(invalid)?
        }
    };
    let file = match &run.plan.file {
        None => run.app.dataset_sample(Empty {}, run.language).await?.path.into(),
        Some(path) => std::path::absolute(path).context("finding the file")?,
    };
    let row = Catalog::bundled().row(&run.plan.model).cloned();
    let folder = places.base_model(&run.plan.model);
    let terms = row.iter().flat_map(|row| &row.licence_files).map(|name| folder.join(name)).collect();
    let keys = run.app.keychain_status(Empty {}, run.language).await?;
    run.tell(Event::Begun {
        home: places.home.clone(),
        key_place: keys.place,
        key_file: keys.key_file.into(),
        model: run.plan.model.clone(),
        licence: row.map(|row| row.licence).unwrap_or_default(),
        terms,
    });
    Ok((file, golden))
}

async fn check(run: &Run<'_>, file: &Path, golden: &[Golden]) -> Result<Checked> {
    let asked = DatasetPath { path: file.display().to_string(), kind: None };
    let report = run.app.dataset_check(asked, run.language, &run.live()).await?;
    refuse_errors(run, &report)?;
    let path = file.to_owned();
    let golden = golden.to_vec();
    let max_jaccard = run.app.blocking(move |_| nearest(&path, &golden)).await?;
    run.tell(Event::Checked {
        rows: report.rows,
        messages: report.messages,
        characters: report.characters,
        bytes: report.bytes,
        sha256: report.sha256.clone(),
    });
    Ok(Checked { file: report.name, rows: report.rows, bytes: report.bytes, sha256: report.sha256, max_jaccard })
}

/// Every error of every line goes to the reader before the file is refused.
fn refuse_errors(run: &Run<'_>, report: &DatasetReport) -> Result<()> {
    let errors: Vec<_> = report.findings.iter().filter(|found| found.severity == Severity::Error).cloned().collect();
    if report.rows == 0 || !errors.is_empty() {
        run.tell(Event::Refused { findings: errors });
        let count = report.rows - report.good_rows;
        let code = if report.rows == 0 { Code::DatasetEmpty } else { Code::DatasetHasErrors };
        return Err(coded(code).with("count", count).into());
    }
    Ok(())
}

fn nearest(file: &Path, golden: &[Golden]) -> Result<f64> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let rows = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str::<Row>);
    let rows = rows.collect::<Result<Vec<_>, _>>().context("reading the rows of a checked file")?;
    let asked = rows.iter().flat_map(|row| &row.messages).filter(|message| message.role == Role::User);
    Ok(max_jaccard(golden, asked.map(|message| message.content.as_str())))
}

async fn upload(run: &Run<'_>, file: &Path) -> Result<Uploaded> {
    let start = Instant::now();
    let wanted = DatasetUpload { path: file.display().to_string(), ..DatasetUpload::default() };
    let row = run.app.dataset_upload(wanted, run.language, &run.live()).await?;
    run.tell(Event::Uploaded { id: row.id.clone(), bytes: row.bytes });
    Ok(Uploaded { file_id: row.id, bytes: row.bytes, seconds: start.elapsed().as_secs_f64() })
}

async fn tune(run: &Run<'_>, file_id: &str) -> Result<Tuned> {
    let wanted = TuneStart {
        model: run.plan.model.clone(),
        dataset_ids: vec![file_id.to_owned()],
        name: None,
        training_type: TrainingType::EfficientSft,
        hyper_parameters: hyper_parameters(),
    };
    let job_id = run.app.tune_start(wanted, run.language).await?.job_id;
    run.tell(Event::Queued { job_id: job_id.clone() });
    let job = || JobId { job_id: job_id.clone() };
    let tell = run.tell.clone();
    let seen = move |event: TuneWatchEvent| tell(Event::Training { event: Box::new(event) });
    let watched = run.app.tune_watch(job(), run.language, &Live::new(seen, run.cancel.clone())).await;
    if run.cancel.is_cancelled() {
        // Nobody waits for it any more, and it would hold up the next run.
        run.app.tune_cancel(job(), run.language).await?;
    }
    let ended = watched?;
    let output_model = match (ended.status, ended.output_model) {
        (TuneStatus::Succeeded, Some(model)) => model,
        (status, _) => {
            let why = ended.reason.unwrap_or_else(|| format!("{status:?}"));
            return Err(coded(Code::CloudRefused).with("why", why.trim_end_matches(['.', '。'])).into());
        }
    };
    let metrics = run.app.tune_metrics(job(), run.language).await?.metrics;
    let (first, last) = metrics.first().zip(metrics.last()).context("a training tells its losses")?;
    let speeds: Vec<f64> = metrics.iter().map(|metric| metric.tokens_per_second).collect();
    let (loss_first, loss_last) = (first.loss, last.loss);
    run.tell(Event::Trained { model: output_model.clone(), tokens: ended.tokens, loss_first, loss_last });
    let tokens_per_second = speeds.iter().sum::<f64>() / speeds.len() as f64;
    let (steps, tokens) = (last.step, ended.tokens);
    Ok(Tuned { job_id, output_model, steps, tokens, tokens_per_second, loss_first, loss_last })
}

async fn take_home(run: &Run<'_>, job_id: &str) -> Result<TakenHome> {
    let row = run.app.model_pull(ModelPull { job_id: job_id.to_owned() }, run.language, &run.live()).await?;
    let sha256 = row.sha256.clone().context("a result that was taken home has a hash")?;
    let adapter_bytes = crate::cases::size(&run.app.places().home.join("models").join(&row.model));
    run.tell(Event::Verified { model: row.model.clone(), sha256: sha256.clone(), bytes: adapter_bytes });
    let mut forms = Vec::new();
    for (who, model) in [(Who::Base, &run.plan.model), (Who::Tuned, &row.model)] {
        for quant in FORMS {
            forms.push(form(run, who, model, quant).await?);
        }
    }
    Ok(TakenHome { model: row.model, sha256, adapter_bytes, forms })
}

/// Converts, and loads what was converted.
async fn form(run: &Run<'_>, who: Who, model: &str, quant: Quant) -> Result<Form> {
    let start = Instant::now();
    let row = run.app.model_convert(ModelConvert { model: model.to_owned(), quant }, run.language, &run.live()).await?;
    let convert_seconds = start.elapsed().as_secs_f64();
    let bytes = row.formats.iter().find(|format| format.quant == quant).map_or(0, |format| format.bytes);
    let dir = chat::form(run.app.places(), model, quant);
    let load = move |_: &App| {
        let start = Instant::now();
        init_default()?;
        Chat::open(&dir, Options::default())?;
        anyhow::Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    let load_ms = run.app.blocking(load).await?;
    run.tell(Event::Converted { who, quant, bytes, seconds: convert_seconds, load_ms });
    Ok(Form { who, quant, bytes, convert_seconds, load_ms })
}

async fn ask(run: &Run<'_>, tuned: &str, golden: Vec<Golden>) -> Result<Asked> {
    let places = run.app.places();
    let named = [(Who::Base, run.plan.model.as_str()), (Who::Tuned, tuned)];
    let forms =
        named.iter().flat_map(|(who, model)| FORMS.map(|quant| (*who, quant, chat::form(places, model, quant))));
    let every = (golden.len() / SHOWN).max(1);
    // An odd step meets both languages where they take turns.
    let prompts = golden.iter().step_by(every | 1).take(SHOWN).map(|golden| golden.question.clone()).collect();
    let request = offline::Request { forms: forms.collect(), prompts, golden };
    let tell = run.tell.clone();
    let asked = offline::ask(&request, &move |event| tell(event), run.cancel).await?;
    asked.verdict()?;
    Ok(asked)
}
