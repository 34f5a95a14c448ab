//! Who may be heavy: one conversion at a time, and while it runs the training waits between two steps.

use std::io::Write as _;
use std::process::ChildStdin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::worker::{GO, PAUSE};

/// The conversion's turn, and the training worker that gives way to it.
#[derive(Default)]
pub(super) struct Turns {
    conversion: Mutex<()>,
    worker: Mutex<Worker>,
}

#[derive(Default)]
struct Worker {
    stdin: Option<ChildStdin>,
    paused: bool,
}

impl Turns {
    /// Runs a conversion when no other runs.
    pub fn convert<T>(&self, work: impl FnOnce() -> T) -> T {
        let _turn = self.conversion.lock().unwrap_or_else(PoisonError::into_inner);
        let _waiting = Waiting::begin(self);
        work()
    }

    /// The worker has begun; dropping its stdin tells it to end.
    pub fn began(&self, stdin: ChildStdin) {
        let mut worker = self.worker();
        worker.stdin = Some(stdin);
        if worker.paused {
            worker.say(PAUSE);
        }
    }

    /// Tells the worker to end, or forgets one that has.
    pub fn end(&self) {
        self.worker().stdin = None;
    }

    fn pause(&self, paused: bool) {
        let mut worker = self.worker();
        worker.paused = paused;
        worker.say(if paused { PAUSE } else { GO });
    }

    fn worker(&self) -> MutexGuard<'_, Worker> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The training waits for as long as this lives, which is not for ever even where a conversion breaks off.
struct Waiting<'a>(&'a Turns);

impl<'a> Waiting<'a> {
    fn begin(turns: &'a Turns) -> Self {
        turns.pause(true);
        Self(turns)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.pause(false);
    }
}

impl Worker {
    fn say(&mut self, word: &str) {
        if let Some(stdin) = &mut self.stdin {
            // A worker that has just ended hears nothing any more, and that is noticed elsewhere.
            let _ = stdin.write_all(word.as_bytes());
        }
    }
}
