//! The training loop: resume, steps, evaluation, checkpoints, events. Gradients are clipped at a norm of 1, as
//! Transformers' trainer does. Deliberately absent: throttling of events, processes, and where results are served.

use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, CodedExt as _, coded};
use pc_model::{Adapter, Config, ModelFolder};
use sha2::{Digest as _, Sha256};

use crate::checkpoint::{self, State};
use crate::data::{Data, pack};
use crate::decoder::Decoder;
use crate::hyper::{Hyper, SaveStrategy, invalid};
use crate::job::{TrainEvent, TrainJob, TrainSummary};
use crate::kernel::scramble;
use crate::lora::Parameters;
use crate::memory;
use crate::optimiser::{AdamW, clip};
use crate::schedule::Schedule;

const CLIP_NORM: f64 = 1.0;
/// A kill loses at most this much work.
const RESUME_POINT_EVERY: Duration = Duration::from_secs(30);

/// Trains until done, or goes on from the newest resume point in the job's working folder.
///
/// Errors with a code: `input_invalid` for a setting, `dataset_empty`, `training_rows_too_long`, `memory_short`,
/// `training_diverged`, `cancelled`. After a cancel the same job goes on where it stopped.
pub fn train(job: &TrainJob, events: &mut dyn FnMut(TrainEvent), cancel: &Cancel) -> Result<TrainSummary> {
    job.hyper.check()?;
    let model = ModelFolder::open(&job.model_dir)?;
    let parameters = start_values(job, &model.config)?;
    let data = Data::read(job, &model.tokenizer()?, &model.chat_template()?, cancel)?;
    memory::require(memory::needed(&model.config, parameters.rank, data.longest()))?;
    let fresh = (State::start(fingerprint(job, &model.config)?, job.hyper.seed), AdamW::new(parameters.values.len()));
    let (state, parameters, adam) =
        checkpoint::newest(&job.work_dir, &fresh.0.job, &model.config).unwrap_or((fresh.0, parameters, fresh.1));
    let decoder = Decoder::load(&model.config, &model.weights()?, cancel)?;
    let steps_per_epoch = data.train.len().div_ceil(job.hyper.batch_size as usize) as u64;
    let total = steps_per_epoch * u64::from(job.hyper.n_epochs);
    events(TrainEvent::Started {
        rows: data.train.len() as u64,
        dropped: data.dropped,
        tokens_per_epoch: data.tokens(),
        total_steps: total,
        resumed_from_step: state.step,
    });
    let schedule = Schedule::new(job.hyper.lr_scheduler_type, job.hyper.learning_rate, job.hyper.warmup_ratio, total);
    let gradient = vec![0.0; parameters.values.len()];
    Run { job, decoder, data, parameters, adam, state, gradient, schedule, steps_per_epoch }.finish(events, cancel)
}

fn start_values(job: &TrainJob, config: &Config) -> Result<Parameters> {
    let hyper = &job.hyper;
    let Some(folder) = &job.adapter_in else {
        return Ok(Parameters::fresh(
            config,
            hyper.lora_rank as usize,
            f64::from(hyper.lora_alpha),
            hyper.lora_dropout as f32,
            hyper.seed,
        ));
    };
    let adapter = Adapter::load(folder)?;
    let must = |name: &str, first: f64, now: f64| {
        if (first - now).abs() < 1e-6 {
            Ok(())
        } else {
            Err(invalid(name, &format!("the adapter was trained with {first}")))
        }
    };
    must("lora_rank", adapter.rank as f64, f64::from(hyper.lora_rank))?;
    must("lora_alpha", adapter.alpha, f64::from(hyper.lora_alpha))?;
    must("lora_dropout", adapter.dropout, hyper.lora_dropout)?;
    Parameters::from_adapter(config, &adapter)
}

/// Hash of settings, data and start: two jobs with the same one have the same result.
fn fingerprint(job: &TrainJob, config: &Config) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&job.hyper)?);
    hash.update(format!("{config:?}"));
    let adapter = job.adapter_in.iter().map(|folder| folder.join("adapter_model.safetensors"));
    for path in job.data.iter().chain(&job.validation).cloned().chain(adapter) {
        hash.update(hash_file(&path)?);
    }
    Ok(hex::encode(hash.finalize()))
}

fn hash_file(path: &Path) -> Result<Vec<u8>> {
    let mut file = std::fs::File::open(path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).with_context(|| format!("reading {}", path.display()))? {
            0 => return Ok(hash.finalize().to_vec()),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// A training under way.
struct Run<'a> {
    job: &'a TrainJob,
    decoder: Decoder,
    data: Data,
    parameters: Parameters,
    adam: AdamW,
    state: State,
    gradient: Vec<f32>,
    schedule: Schedule,
    steps_per_epoch: u64,
}

/// What was trained since this process started, for speed and the reported mean.
struct Pace {
    since: Instant,
    tokens: u64,
    resume_point: Instant,
    losses: Vec<f64>,
}

impl Run<'_> {
    fn hyper(&self) -> &Hyper {
        &self.job.hyper
    }

    fn finish(mut self, events: &mut dyn FnMut(TrainEvent), cancel: &Cancel) -> Result<TrainSummary> {
        let now = Instant::now();
        let mut pace = Pace { since: now, tokens: 0, resume_point: now, losses: Vec::new() };
        while self.state.step < self.schedule.total {
            if cancel.is_cancelled() {
                self.write_resume_point()?;
                return Err(coded(Code::Cancelled).into());
            }
            if !self.step(&mut pace, cancel)? {
                continue;
            }
            self.report(&mut pace, events);
            self.evaluate(events, cancel)?;
            self.store(&mut pace, events)?;
        }
        self.adapter().save(&self.job.out_dir)?;
        checkpoint::clear(&self.job.work_dir)?;
        let summary = TrainSummary { tokens: self.state.tokens, steps: self.state.step, loss: self.state.loss };
        events(TrainEvent::Finished { tokens: summary.tokens, steps: summary.steps });
        Ok(summary)
    }

    /// One update from one batch, which goes through the model in pieces whose gradients add up; false when a cancel
    /// came first.
    fn step(&mut self, pace: &mut Pace, cancel: &Cancel) -> Result<bool> {
        let (epoch, at) = (self.state.step / self.steps_per_epoch, (self.state.step % self.steps_per_epoch) as usize);
        let size = self.hyper().batch_size as usize;
        let order = self.data.order(self.hyper().seed, epoch);
        let rows = order.iter().skip(at * size).take(size).map(|row| &self.data.train[*row]);
        let pieces = pack(rows);
        let labelled: usize = pieces.iter().map(|piece| piece.targets.len()).sum();
        let weight = 1.0 / labelled.max(1) as f32;
        self.gradient.fill(0.0);
        let mut sum = 0.0;
        for (number, piece) in pieces.iter().enumerate() {
            if cancel.is_cancelled() {
                // The update is not made: the next start repeats this step from its beginning.
                return Ok(false);
            }
            let key = scramble(self.hyper().seed ^ scramble(self.state.step ^ ((number as u64) << 48)));
            sum += self.decoder.train(&self.parameters, piece, weight, key, &mut self.gradient)?;
        }
        let loss = sum / labelled.max(1) as f64;
        let norm = clip(&mut self.gradient, CLIP_NORM);
        if !loss.is_finite() || !norm.is_finite() {
            return Err(coded(Code::TrainingDiverged).with("step", self.state.step + 1).into());
        }
        let rate = self.schedule.rate(self.state.step);
        self.adam.update(&mut self.parameters.values, &self.gradient, rate, self.job.hyper.weight_decay);
        let tokens: usize = pieces.iter().map(|piece| piece.ids.len()).sum();
        self.state.step += 1;
        self.state.tokens += tokens as u64;
        self.state.loss = loss;
        pace.tokens += tokens as u64;
        pace.losses.push(loss);
        Ok(true)
    }

    fn report(&self, pace: &mut Pace, events: &mut dyn FnMut(TrainEvent)) {
        let step = self.state.step;
        let due = step.is_multiple_of(u64::from(self.hyper().logging_steps)) || step == self.schedule.total;
        if !due {
            return;
        }
        let per_second = pace.tokens as f64 / pace.since.elapsed().as_secs_f64().max(1e-6);
        let all = self.data.tokens() * u64::from(self.hyper().n_epochs);
        events(TrainEvent::Step {
            step,
            epoch: step as f64 / self.steps_per_epoch as f64,
            loss: pace.losses.iter().sum::<f64>() / pace.losses.len() as f64,
            learning_rate: self.schedule.rate(step - 1),
            tokens: self.state.tokens,
            tokens_per_second: per_second,
            eta_seconds: (all.saturating_sub(self.state.tokens) as f64 / per_second).ceil() as u64,
        });
        pace.losses.clear();
    }

    /// Mean loss over the validation rows when it is due.
    fn evaluate(&self, events: &mut dyn FnMut(TrainEvent), cancel: &Cancel) -> Result<()> {
        let (step, every) = (self.state.step, u64::from(self.hyper().eval_steps));
        let due = every > 0 && (step.is_multiple_of(every) || step == self.schedule.total);
        if !due || self.data.validation.is_empty() || cancel.is_cancelled() {
            return Ok(());
        }
        let (mut sum, mut count) = (0.0, 0);
        for piece in pack(&self.data.validation) {
            if cancel.is_cancelled() {
                return Ok(());
            }
            sum += self.decoder.loss(Some(&self.parameters), &piece)?;
            count += piece.targets.len();
        }
        events(TrainEvent::Eval { step, loss: sum / count.max(1) as f64 });
        Ok(())
    }

    /// Stores an adapter where the strategy says so, and a resume point when the last one is old.
    fn store(&self, pace: &mut Pace, events: &mut dyn FnMut(TrainEvent)) -> Result<()> {
        let step = self.state.step;
        let every = match self.hyper().save_strategy {
            SaveStrategy::Epoch => self.steps_per_epoch,
            SaveStrategy::Steps => u64::from(self.hyper().save_steps),
        };
        let due = step.is_multiple_of(every);
        if due {
            let path = self.job.work_dir.join(format!("checkpoint-{step}"));
            self.adapter().save(&path)?;
            self.drop_old_adapters(step, every)?;
            events(TrainEvent::Checkpoint { step, path });
        }
        if due || pace.resume_point.elapsed() >= RESUME_POINT_EVERY {
            self.write_resume_point()?;
            pace.resume_point = Instant::now();
        }
        Ok(())
    }

    fn drop_old_adapters(&self, step: u64, every: u64) -> Result<()> {
        let Some(old) = step.checked_sub(every * u64::from(self.hyper().save_total_limit)).filter(|old| *old > 0)
        else {
            return Ok(());
        };
        let path = self.job.work_dir.join(format!("checkpoint-{old}"));
        if path.is_dir() { Ok(std::fs::remove_dir_all(path)?) } else { Ok(()) }
    }

    fn write_resume_point(&self) -> Result<()> {
        checkpoint::write(&self.job.work_dir, &self.state, &self.parameters, &self.adam)
    }

    fn adapter(&self) -> Adapter {
        self.parameters.to_adapter(self.job.model_dir.file_name().map(|name| name.to_string_lossy().into_owned()))
    }
}
