//! The training worker: this program again, as a process of its own, so that a cancel is its end, its memory goes back to
//! the system, and its death is one job's failure. The job comes over stdin as one JSON line, then words; a stdin that
//! closes means that the cloud is gone or wants an end. Events go to stdout, one JSON line each.

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, coded};
use pc_trainer::{TrainEvent, TrainJob};
use serde::{Deserialize, Serialize};

use crate::report::Report;

/// Words on stdin: wait between two steps, and go on.
pub(super) const PAUSE: &str = "pause\n";
pub(super) const GO: &str = "go\n";

/// After a wish to end, so long for the step under way and its resume point.
pub(super) const END_PATIENCE: Duration = Duration::from_secs(3);
/// An earlier worker of the same job may still be ending after its cloud was killed.
const LOCK_PATIENCE: Duration = Duration::from_secs(20);

/// A line of the worker's.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Event(TrainEvent),
    Done { tokens: u64, steps: u64 },
    Failed(Report),
}

/// Whether the training shall wait.
#[derive(Default)]
struct Gate {
    paused: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, paused: bool) {
        *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = paused;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(paused, |paused| *paused).unwrap_or_else(PoisonError::into_inner));
    }
}

/// The hidden subcommand.
pub(crate) fn worker_main() -> ExitCode {
    step_back();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("reading the job")?;
        run(&serde_json::from_str(&line).context("the job is not valid")?)
    });
    let outcome = outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(anyhow::anyhow!("the training stopped unexpectedly: {}", text.unwrap_or("no reason given")))
    });
    match outcome {
        Ok(line) => {
            say(&line);
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&Line::Failed(Report::of(&error)));
            ExitCode::from(1)
        }
    }
}

fn run(job: &TrainJob) -> Result<Line> {
    let (cancel, gate) = (Cancel::default(), Arc::new(Gate::default()));
    let (ending, gated) = (cancel.clone(), gate.clone());
    std::thread::spawn(move || listen(&ending, &gated));
    std::fs::create_dir_all(&job.work_dir).context("making the working folder")?;
    let _alone = alone(&job.work_dir.join("worker.lock"), &cancel)?;
    let mut pass = |event| {
        // Without a reader there is nobody to train for.
        if !say(&Line::Event(event)) {
            cancel.cancel();
        }
        gate.pass();
    };
    let done = pc_trainer::train(job, &mut pass, &cancel)?;
    Ok(Line::Done { tokens: done.tokens, steps: done.steps })
}

/// Follows the words on stdin; at its end the training stops at its next step, or with the process.
fn listen(cancel: &Cancel, gate: &Gate) {
    for line in std::io::stdin().lock().lines() {
        match line.as_deref() {
            Ok("pause") => gate.set(true),
            Ok("go") => gate.set(false),
            _ => break,
        }
    }
    cancel.cancel();
    gate.set(false);
    std::thread::sleep(END_PATIENCE);
    std::process::exit(1);
}

/// Two workers in one folder would spoil each other's checkpoints.
fn alone(path: &std::path::Path, cancel: &Cancel) -> Result<std::fs::File> {
    let file = std::fs::File::options().create(true).truncate(false).write(true).open(path);
    let file = file.with_context(|| format!("opening {}", path.display()))?;
    let until = std::time::Instant::now() + LOCK_PATIENCE;
    while file.try_lock().is_err() {
        cancel.check()?;
        if std::time::Instant::now() > until {
            return Err(coded(Code::HomeLocked).with("path", path.display()).into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(file)
}

/// False when nobody reads any more.
fn say(line: &Line) -> bool {
    let Ok(mut text) = serde_json::to_string(line) else { return false };
    text.push('\n');
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// Training gives way to whatever the person does, answers included; where memory runs out, it goes and not the cloud.
fn step_back() {
    #[cfg(unix)]
    let _niceness = rustix::process::nice(10);
    #[cfg(target_os = "linux")]
    if let Ok(mut file) = std::fs::File::options().write(true).open("/proc/self/oom_score_adj") {
        // Where the system does not allow it, everything else still holds.
        let _ = file.write_all(b"500");
    }
}
