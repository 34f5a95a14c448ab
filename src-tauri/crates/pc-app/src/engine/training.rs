//! The cloud's side of a training: starts the worker, passes its events on, ends it, and says in words why it died.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, Places, coded};
use pc_server::{Rewards, SaveStrategy, TrainDone, TrainEvent, TrainSpec};
use pc_trainer::{Hyper, TrainJob};

use super::is_whole;
use super::turns::Turns;
use super::worker::{END_PATIENCE, Line};
use crate::hidden;

/// Between two looks whether somebody cancelled.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) fn train(
    places: &Places,
    turns: &Turns,
    spec: &TrainSpec,
    events: &mut dyn FnMut(TrainEvent),
    cancel: &Cancel,
) -> Result<TrainDone> {
    cancel.check()?;
    let mut line = serde_json::to_string(&job(places, spec)?)?;
    line.push('\n');
    let mut child = Running(start()?);
    let mut stdin = child.0.stdin.take().context("its stdin is ours")?;
    let lines = lines(child.0.stdout.take().context("its stdout is ours")?);
    // A worker that is gone already says why below.
    let _ = stdin.write_all(line.as_bytes());
    turns.began(stdin);
    let said = follow(turns, &lines, &mut child.0, events, cancel);
    turns.end();
    match said? {
        Some(Line::Done { tokens, steps }) => Ok(TrainDone { tokens, steps }),
        Some(Line::Failed(report)) if !cancel.is_cancelled() => Err(report.into_error()),
        _ => {
            cancel.check()?;
            Err(coded(Code::WorkerDied).with("why", ended(&mut child.0)?).into())
        }
    }
}

/// The worker does not outlive the call, whatever becomes of the call.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself only has to be taken note of.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start() -> Result<Child> {
    let program = hidden::program()?;
    let mut command = Command::new(&program);
    command.arg(hidden::WORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // A group of its own: ctrl-c in the cloud's terminal is for the cloud, which then lets the worker save its place.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    {
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
        const BELOW_NORMAL_PRIORITY_CLASS: u32 = 0x4000;
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        let flags = CREATE_NEW_PROCESS_GROUP | BELOW_NORMAL_PRIORITY_CLASS | CREATE_NO_WINDOW;
        std::os::windows::process::CommandExt::creation_flags(&mut command, flags);
    }
    command.spawn().with_context(|| format!("starting {}", program.display()))
}

/// Reads on a thread of its own, so that a silent worker does not hold up a cancel.
fn lines(stdout: ChildStdout) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::sync_channel(256);
    std::thread::spawn(move || {
        for text in BufReader::new(stdout).lines() {
            let line = text.ok().and_then(|text| serde_json::from_str(&text).ok());
            if line.is_none_or(|line| sender.send(line).is_err()) {
                return;
            }
        }
    });
    receiver
}

/// Passes events on until the worker's last word, or nothing where it ended without one.
fn follow(
    turns: &Turns,
    lines: &mpsc::Receiver<Line>,
    child: &mut Child,
    events: &mut dyn FnMut(TrainEvent),
    cancel: &Cancel,
) -> Result<Option<Line>> {
    let mut kill_at = None;
    loop {
        match lines.recv_timeout(LOOK_EVERY) {
            Ok(Line::Event(event)) => {
                if let Some(event) = known(event) {
                    events(event);
                }
            }
            Ok(last) => return Ok(Some(last)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if cancel.is_cancelled() {
            // First asked, so that it can write where it stopped; then killed.
            let at = *kill_at.get_or_insert_with(|| {
                turns.end();
                Instant::now() + END_PATIENCE
            });
            if Instant::now() >= at {
                child.kill().context("ending the worker")?;
                return Ok(None);
            }
        }
    }
}

fn known(event: pc_trainer::TrainEvent) -> Option<TrainEvent> {
    use pc_trainer::TrainEvent as Theirs;
    Some(match event {
        Theirs::Started { rows, dropped, tokens_per_epoch, total_steps, resumed_from_step } => {
            TrainEvent::Started { rows, dropped, tokens_per_epoch, total_steps, resumed_from_step }
        }
        Theirs::Step { step, epoch, loss, learning_rate, tokens, tokens_per_second, eta_seconds, rewards } => {
            let rewards = rewards.map(|their| Rewards {
                chosen: their.chosen,
                rejected: their.rejected,
                accuracy: their.accuracy,
                margin: their.margin,
            });
            TrainEvent::Step { step, epoch, loss, learning_rate, tokens, tokens_per_second, eta_seconds, rewards }
        }
        Theirs::Progress { tokens, .. } => TrainEvent::Progress { tokens },
        Theirs::Eval { step, loss } => TrainEvent::Eval { step, loss },
        Theirs::Checkpoint { step, path } => TrainEvent::Checkpoint { step, path },
        // The worker's last word says it.
        Theirs::Finished { .. } => return None,
    })
}

/// The spec in the trainer's words.
fn job(places: &Places, spec: &TrainSpec) -> Result<TrainJob> {
    let wire = &spec.hyper;
    let scheduler = serde_json::from_value(wire.lr_scheduler_type.clone().into());
    let kind = serde_json::from_value(spec.training_type.name().into());
    let hyper = Hyper {
        n_epochs: wire.n_epochs,
        batch_size: wire.batch_size,
        max_length: wire.max_length,
        learning_rate: wire.learning_rate,
        lr_scheduler_type: scheduler.context("the wire's schedules are known")?,
        warmup_ratio: wire.warmup_ratio,
        weight_decay: wire.weight_decay,
        eval_steps: wire.eval_steps,
        logging_steps: wire.logging_steps,
        split: wire.split,
        max_split_val_dataset_sample: wire.max_split_val_dataset_sample,
        lora_rank: wire.lora_rank,
        lora_alpha: wire.lora_alpha,
        lora_dropout: wire.lora_dropout,
        beta: wire.beta,
        save_strategy: match wire.save_strategy {
            SaveStrategy::Epoch => pc_trainer::SaveStrategy::Epoch,
            SaveStrategy::Steps => pc_trainer::SaveStrategy::Steps,
        },
        save_steps: wire.save_steps,
        save_total_limit: wire.save_total_limit,
        seed: wire.seed,
    };
    // A whole model is a base of its own; what is learnt beside it would be of no use without it, so it is merged in.
    let whole = spec.start.as_ref().filter(|start| is_whole(start));
    let base = places.base_model(&spec.base_model);
    Ok(TrainJob {
        kind: kind.context("the wire's types are known")?,
        model_dir: whole.cloned().unwrap_or(base),
        adapter_in: spec.start.clone().filter(|_| whole.is_none()),
        data: spec.data.clone(),
        validation: spec.validation.clone(),
        hyper,
        work_dir: spec.work_dir.clone(),
        out_dir: spec.out_dir.clone(),
        merge: whole.is_some() && spec.training_type.is_low_rank(),
    })
}

/// Waits for the end of a worker that says nothing any more.
fn ended(child: &mut Child) -> Result<String> {
    let until = Instant::now() + END_PATIENCE;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().context("waiting for the worker")? {
            return Ok(why(status));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok("it stopped speaking".to_owned())
}

/// Why a process ended without its last word.
fn why(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            9 => "it was killed by signal 9, which is what the system does when memory runs out".to_owned(),
            15 => "it was ended from outside by signal 15".to_owned(),
            other => format!("it was ended by signal {other}"),
        };
    }
    match status.code() {
        Some(code) => format!("it ended with status {code} and without a result"),
        None => "it ended without a status".to_owned(),
    }
}
