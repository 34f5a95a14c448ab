//! The training loop: resume, steps, evaluation, checkpoints, events. Gradients are clipped at a norm of 1, as
//! Transformers' trainer does. Deliberately absent: throttling of events, processes, and where results are served.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, coded, room_for};
use pc_model::ModelFolder;

use crate::checkpoint::{self, State};
use crate::data::{Data, Piece, pack};
use crate::decoder::{Decoder, Objective};
use crate::hyper::{Hyper, SaveStrategy, invalid};
use crate::job::{Rewards, TrainEvent, TrainJob, TrainSummary};
use crate::kernel::scramble;
use crate::learner::{Learner, start_pairs};
use crate::memory::{self, Load};
use crate::optimiser::{AdamW, clip};
use crate::preference::{Judgement, judge};
use crate::references::{References, fingerprint};
use crate::schedule::{Schedule, Scheduler};

const CLIP_NORM: f64 = 1.0;
/// A kill loses at most this much work, or ten times as long as a resume point takes to write.
const RESUME_POINT_EVERY: Duration = Duration::from_secs(30);

/// Trains until done, or goes on from the newest resume point in the job's working folder.
///
/// Errors with a code: `input_invalid` for a setting, `dataset_empty`, `training_rows_too_long`, `memory_short`,
/// `disk_short`, `training_diverged`, `cancelled`. After a cancel the same job goes on where it stopped.
pub fn train(job: &TrainJob, events: &mut dyn FnMut(TrainEvent), cancel: &Cancel) -> Result<TrainSummary> {
    job.hyper.check()?;
    let model = ModelFolder::open(&job.model_dir)?;
    let pairs = start_pairs(job, &model.config)?;
    let data = Data::read(job, &model, cancel)?;
    check_plateau(&job.hyper, &data)?;
    let load = Load { rank: pairs.as_ref().map(|pairs| pairs.rank), longest: data.longest() };
    memory::require(memory::needed(&model.config, &load))?;
    let decoder = Decoder::load(&model.config, &start_weights(job, &model)?, cancel)?;
    let mut learner = Learner { decoder, pairs };
    std::fs::create_dir_all(&job.work_dir).with_context(|| format!("creating {}", job.work_dir.display()))?;
    room_for(&job.work_dir, memory::needed_on_disk(learner.count()))?;
    let name = fingerprint(job, &model.config)?;
    let references = References::of(job, &name, &learner, &data, cancel)?;
    let mut adam = AdamW::new(learner.count());
    let resumed = checkpoint::resume(&job.work_dir, &name, &mut learner, &mut adam)?;
    let state = resumed.unwrap_or_else(|| State::start(name, job.hyper.seed));
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
    let gradient = vec![0.0; learner.count()];
    let run = Run { job, model, learner, data, references, adam, state, gradient, schedule, steps_per_epoch };
    run.finish(events, cancel)
}

/// The frozen weights, or those that every weight is learnt from: an adapter is then merged first.
fn start_weights(job: &TrainJob, model: &ModelFolder) -> Result<pc_model::Weights> {
    let weights = model.weights()?;
    match &job.adapter_in {
        Some(folder) if !job.kind.is_low_rank() => weights.with_adapter(pc_model::Adapter::load(folder)?),
        _ => Ok(weights),
    }
}

/// A rate that follows evaluations needs some.
fn check_plateau(hyper: &Hyper, data: &Data) -> Result<()> {
    let evaluates = hyper.eval_steps > 0 && !data.validation.is_empty();
    if hyper.lr_scheduler_type == Scheduler::ReduceLrOnPlateau && !evaluates {
        return Err(invalid("lr_scheduler_type", "reduce_lr_on_plateau needs eval_steps and validation rows"));
    }
    Ok(())
}

/// A training under way.
struct Run<'a> {
    job: &'a TrainJob,
    model: ModelFolder,
    learner: Learner,
    data: Data,
    references: References,
    adam: AdamW,
    state: State,
    gradient: Vec<f32>,
    schedule: Schedule,
    steps_per_epoch: u64,
}

/// What was trained since this process started, for speed and the reported means.
struct Pace {
    since: Instant,
    tokens: u64,
    resume_point: Instant,
    resume_every: Duration,
    losses: Vec<f64>,
    judgements: Vec<Judgement>,
}

impl Run<'_> {
    fn hyper(&self) -> &Hyper {
        &self.job.hyper
    }

    fn finish(mut self, events: &mut dyn FnMut(TrainEvent), cancel: &Cancel) -> Result<TrainSummary> {
        let now = Instant::now();
        let (losses, judgements) = (Vec::new(), Vec::new());
        let resume_every = RESUME_POINT_EVERY;
        let mut pace = Pace { since: now, tokens: 0, resume_point: now, resume_every, losses, judgements };
        loop {
            if cancel.is_cancelled() {
                self.write_resume_point(&mut pace)?;
                return Err(coded(Code::Cancelled).into());
            }
            if !self.evaluate(events, cancel)? {
                continue;
            }
            if self.state.step >= self.schedule.total {
                break;
            }
            if self.step(&mut pace, cancel)? {
                self.report(&mut pace, events);
                self.store(&mut pace, events)?;
            }
        }
        self.learner.save(self.job, &self.model, &self.job.out_dir)?;
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
        let rows = order.iter().skip(at * size).take(size).map(|row| (*row, &self.data.train[*row]));
        let pieces = pack(rows);
        let factor = 1.0 / self.counted(&pieces) as f32;
        self.gradient.fill(0.0);
        let (mut sum, mut judgements) = (0.0, Vec::new());
        for (number, piece) in pieces.iter().enumerate() {
            if cancel.is_cancelled() {
                // The update is not made: the next start repeats this step from its beginning.
                return Ok(false);
            }
            let key = scramble(self.hyper().seed ^ scramble(self.state.step ^ ((number as u64) << 48)));
            let references = self.references.train(&piece.rows);
            let objective = match &references {
                None => Objective::Likelihood { factor },
                Some(references) => Objective::Preference { factor, beta: self.hyper().beta, references },
            };
            let outcome = self.learner.train(&piece.packed, objective, key, &mut self.gradient)?;
            sum += outcome.loss;
            judgements.extend(outcome.judgements);
        }
        let loss = sum * f64::from(factor);
        let norm = clip(&mut self.gradient, CLIP_NORM);
        if !loss.is_finite() || !norm.is_finite() {
            return Err(coded(Code::TrainingDiverged).with("step", self.state.step + 1).into());
        }
        let (rate, decay) = (self.rate(self.state.step), self.hyper().weight_decay);
        self.learner.update(&mut self.adam, &self.gradient, rate, decay)?;
        let tokens: usize = pieces.iter().map(|piece| piece.packed.ids.len()).sum();
        self.state.step += 1;
        self.state.tokens += tokens as u64;
        self.state.loss = loss;
        pace.tokens += tokens as u64;
        pace.losses.push(loss);
        pace.judgements.extend(judgements);
        Ok(true)
    }

    /// What a loss is the mean over: pairs, or labelled tokens.
    fn counted(&self, pieces: &[Piece]) -> usize {
        let count = |piece: &Piece| {
            if self.job.kind.is_preference() { piece.rows.len() } else { piece.packed.targets.len() }
        };
        pieces.iter().map(count).sum::<usize>().max(1)
    }

    /// The rate of the update after `done` updates.
    fn rate(&self, done: u64) -> f64 {
        self.schedule.rate(done) * self.state.plateau.factor
    }

    fn report(&self, pace: &mut Pace, events: &mut dyn FnMut(TrainEvent)) {
        let (step, tokens) = (self.state.step, self.state.tokens);
        let due = step.is_multiple_of(u64::from(self.hyper().logging_steps)) || step == self.schedule.total;
        if !due {
            return events(TrainEvent::Progress { step, tokens });
        }
        let per_second = pace.tokens as f64 / pace.since.elapsed().as_secs_f64().max(1e-6);
        let all = self.data.tokens() * u64::from(self.hyper().n_epochs);
        events(TrainEvent::Step {
            step,
            epoch: step as f64 / self.steps_per_epoch as f64,
            loss: pace.losses.iter().sum::<f64>() / pace.losses.len() as f64,
            learning_rate: self.rate(step - 1),
            tokens,
            tokens_per_second: per_second,
            eta_seconds: (all.saturating_sub(tokens) as f64 / per_second).ceil() as u64,
            rewards: rewards(&pace.judgements),
        });
        pace.losses.clear();
        pace.judgements.clear();
    }

    /// Mean loss over the validation rows when it is due and this step was not evaluated yet; false when a cancel came first.
    fn evaluate(&mut self, events: &mut dyn FnMut(TrainEvent), cancel: &Cancel) -> Result<bool> {
        let (step, every) = (self.state.step, u64::from(self.hyper().eval_steps));
        let due = every > 0 && step > 0 && (step.is_multiple_of(every) || step == self.schedule.total);
        if !due || self.data.validation.is_empty() || self.state.evaluated == step {
            return Ok(true);
        }
        let pieces = pack(self.data.validation.iter().enumerate());
        let mut sum = 0.0;
        for piece in &pieces {
            if cancel.is_cancelled() {
                return Ok(false);
            }
            sum += match self.references.validation(&piece.rows) {
                None => self.learner.loss(&piece.packed)?,
                Some(references) => {
                    let likelihoods = self.learner.log_likelihoods(&piece.packed)?;
                    let pairs = references.iter().zip(likelihoods.chunks(2));
                    pairs.map(|(reference, two)| judge(reference, two, self.hyper().beta).loss).sum()
                }
            };
        }
        let loss = sum / self.counted(&pieces) as f64;
        self.state.evaluated = step;
        if self.schedule.kind == Scheduler::ReduceLrOnPlateau {
            self.state.plateau.see(loss, self.schedule.peak);
        }
        events(TrainEvent::Eval { step, loss });
        Ok(true)
    }

    /// Stores the weights where the strategy says so, and a resume point when the last one is old.
    fn store(&mut self, pace: &mut Pace, events: &mut dyn FnMut(TrainEvent)) -> Result<()> {
        let step = self.state.step;
        let every = match self.hyper().save_strategy {
            SaveStrategy::Epoch => self.steps_per_epoch,
            SaveStrategy::Steps => u64::from(self.hyper().save_steps),
        };
        // After the last step the result itself is stored.
        let due = every > 0 && step.is_multiple_of(every) && step < self.schedule.total;
        if due {
            let path = self.job.work_dir.join(format!("checkpoint-{step}"));
            self.learner.save(self.job, &self.model, &path)?;
            self.drop_old(step, every)?;
            events(TrainEvent::Checkpoint { step, path });
        }
        if due || pace.resume_point.elapsed() >= pace.resume_every {
            self.write_resume_point(pace)?;
        }
        Ok(())
    }

    fn drop_old(&self, step: u64, every: u64) -> Result<()> {
        let Some(old) = step.checked_sub(every * u64::from(self.hyper().save_total_limit)).filter(|old| *old > 0)
        else {
            return Ok(());
        };
        let path = self.job.work_dir.join(format!("checkpoint-{old}"));
        if path.is_dir() { checkpoint::remove(&path) } else { Ok(()) }
    }

    fn write_resume_point(&mut self, pace: &mut Pace) -> Result<()> {
        let start = Instant::now();
        checkpoint::write(&self.job.work_dir, &self.state, &mut self.learner, &self.adam)?;
        pace.resume_point = Instant::now();
        pace.resume_every = RESUME_POINT_EVERY.max(10 * start.elapsed());
        Ok(())
    }
}

/// Means over pairs, where there are any.
fn rewards(judgements: &[Judgement]) -> Option<Rewards> {
    let mean = |value: &dyn Fn(&Judgement) -> f64| judgements.iter().map(value).sum::<f64>() / judgements.len() as f64;
    (!judgements.is_empty()).then(|| Rewards {
        chosen: mean(&|j| j.chosen),
        rejected: mean(&|j| j.rejected),
        accuracy: mean(&|j| f64::from(u8::from(j.chosen > j.rejected))),
        margin: mean(&|j| j.chosen - j.rejected),
    })
}
