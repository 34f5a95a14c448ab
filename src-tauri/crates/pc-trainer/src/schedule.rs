//! How the learning rate moves over a run: the shapes of Transformers' schedulers.
//! Deliberately absent: `reduce_lr_on_plateau`, which would tie the result to when evaluations happen.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// A scheduler by its wire name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheduler {
    Linear,
    /// Power 1, down to 1e-7.
    Polynomial,
    Cosine,
    /// One cycle, as Transformers does without further arguments.
    CosineWithRestarts,
    Constant,
    ConstantWithWarmup,
    InverseSqrt,
}

/// A scheduler over a known number of steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub kind: Scheduler,
    pub peak: f64,
    pub warmup: u64,
    pub total: u64,
}

impl Schedule {
    pub(crate) fn new(kind: Scheduler, peak: f64, warmup_ratio: f64, total: u64) -> Self {
        Self { kind, peak, warmup: (total as f64 * warmup_ratio).ceil() as u64, total }
    }

    /// The rate of the update after `done` updates.
    pub(crate) fn rate(&self, done: u64) -> f64 {
        if self.kind == Scheduler::Constant {
            return self.peak;
        }
        if done < self.warmup {
            return self.peak * done as f64 / self.warmup as f64;
        }
        let span = self.total.saturating_sub(self.warmup).max(1) as f64;
        let progress = ((done - self.warmup) as f64 / span).min(1.0);
        match self.kind {
            Scheduler::Constant | Scheduler::ConstantWithWarmup => self.peak,
            Scheduler::Linear => self.peak * (1.0 - progress),
            Scheduler::Polynomial => {
                let end = 1e-7f64.min(self.peak);
                (self.peak - end) * (1.0 - progress) + end
            }
            Scheduler::Cosine | Scheduler::CosineWithRestarts => self.peak * 0.5 * (1.0 + (PI * progress).cos()),
            Scheduler::InverseSqrt => {
                let scale = if self.warmup > 0 { self.warmup as f64 } else { 10_000.0 };
                self.peak * (scale / (done as f64 - self.warmup as f64 + scale)).sqrt()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_to_its_peak_and_falls_to_nothing() {
        let schedule = Schedule::new(Scheduler::Linear, 1.0, 0.1, 100);
        assert_eq!((schedule.rate(0), schedule.rate(5), schedule.rate(10)), (0.0, 0.5, 1.0), "ten steps of warm-up");
        assert_eq!((schedule.rate(55), schedule.rate(100)), (0.5, 0.0), "half way down, and down");
        let cosine = Schedule { kind: Scheduler::Cosine, ..schedule };
        assert!((cosine.rate(55) - 0.5).abs() < 1e-12, "the cosine is at its half there, too");
        let constant = Schedule { kind: Scheduler::Constant, ..schedule };
        assert_eq!(constant.rate(0), 1.0, "constant has no warm-up");
    }
}
