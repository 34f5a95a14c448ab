//! How the learning rate moves over a run: the shapes of Transformers' schedulers, with the arguments that its trainer
//! gives them. Deliberately absent: further arguments.

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
    /// Down to a tenth whenever more than ten evaluations in a row were no better.
    ReduceLrOnPlateau,
}

/// A scheduler over a known number of steps.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    pub kind: Scheduler,
    pub peak: f64,
    pub warmup: u64,
    pub total: u64,
}

impl Schedule {
    /// Warm-up is a share of all steps.
    pub fn new(kind: Scheduler, peak: f64, warmup_ratio: f64, total: u64) -> Self {
        Self { kind, peak, warmup: (total as f64 * warmup_ratio).ceil() as u64, total }
    }

    /// The rate of the update after `done` updates.
    pub fn rate(&self, done: u64) -> f64 {
        if matches!(self.kind, Scheduler::Constant | Scheduler::ReduceLrOnPlateau) {
            return self.peak;
        }
        if done < self.warmup {
            return self.peak * done as f64 / self.warmup as f64;
        }
        let span = self.total.saturating_sub(self.warmup).max(1) as f64;
        let progress = ((done - self.warmup) as f64 / span).min(1.0);
        match self.kind {
            Scheduler::Constant | Scheduler::ConstantWithWarmup | Scheduler::ReduceLrOnPlateau => self.peak,
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

/// What `reduce_lr_on_plateau` remembers: PyTorch's rule with its own patience, threshold and factor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// The best loss so far; nothing before the first.
    best: Option<f64>,
    /// Evaluations since that were no better.
    bad: u32,
    /// What the peak rate is multiplied by.
    pub factor: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { best: None, bad: 0, factor: 1.0 }
    }
}

impl Plateau {
    const PATIENCE: u32 = 10;
    const THRESHOLD: f64 = 1e-4;
    /// A rate that would change by less stays.
    const LEAST_CHANGE: f64 = 1e-8;

    /// Takes an evaluation's loss; `peak` is the rate at the factor 1.
    pub fn see(&mut self, loss: f64, peak: f64) {
        if self.best.is_none_or(|best| loss < best * (1.0 - Self::THRESHOLD)) {
            (self.best, self.bad) = (Some(loss), 0);
            return;
        }
        self.bad += 1;
        if self.bad > Self::PATIENCE {
            self.bad = 0;
            if peak * self.factor * 0.9 > Self::LEAST_CHANGE {
                self.factor *= 0.1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_has_no_warm_up_and_the_others_have() {
        let schedule = Schedule::new(Scheduler::Linear, 1.0, 0.1, 100);
        assert_eq!((schedule.rate(0), schedule.rate(5), schedule.rate(10)), (0.0, 0.5, 1.0), "ten steps of warm-up");
        let constant = Schedule { kind: Scheduler::Constant, ..schedule };
        assert_eq!(constant.rate(0), 1.0);
    }

    #[test]
    fn a_rate_that_is_next_to_nothing_stays() {
        let mut plateau = Plateau::default();
        (0..60).for_each(|_| plateau.see(1.0, 1e-7));
        assert_eq!(plateau.factor, 0.1, "from 1e-8 to 1e-9 is no change that matters");
    }
}
