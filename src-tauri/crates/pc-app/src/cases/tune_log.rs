//! A job's log lines read as steps: Python-dict text, as the cloud's trainer prints it, is the only documented source of a
//! loss curve. Deliberately absent: fetching, and jobs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::api::TuneMetric;

/// What a log has said so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TuneLog {
    /// Lines that were read.
    pub lines: u64,
    /// 0 while not known.
    pub total_steps: u64,
    pub eta_seconds: Option<u64>,
    pub metrics: Vec<TuneMetric>,
}

impl TuneLog {
    /// Takes the next line in; most say nothing about steps.
    pub(crate) fn read(&mut self, line: &str) {
        self.lines += 1;
        let Some(fields) = fields(line) else { return };
        let whole = |name: &str| fields.get(name).filter(|value| **value >= 0.0).map(|value| *value as u64);
        if let Some(total) = whole("total_steps") {
            self.total_steps = total;
        }
        // What came after the checkpoint is trained again, and said again.
        if let Some(step) = whole("resumed_from_step") {
            self.metrics.retain(|metric| metric.step <= step);
        }
        let Some(loss) = fields.get("loss").copied().filter(|loss| loss.is_finite()) else { return };
        let number = |name: &str| fields.get(name).copied().filter(|value| value.is_finite()).unwrap_or_default();
        // A trainer that does not number its steps reports each one once.
        let step = whole("step").unwrap_or(self.metrics.last().map_or(0, |metric| metric.step) + 1);
        self.metrics.retain(|metric| metric.step < step);
        self.eta_seconds = whole("eta_seconds");
        self.metrics.push(TuneMetric {
            step,
            loss,
            epoch: number("epoch"),
            learning_rate: number("learning_rate"),
            tokens: whole("tokens").unwrap_or_default(),
            tokens_per_second: number("tokens_per_second"),
        });
    }

    /// The middle speed, which one disturbance does not move; nothing where none was told.
    pub(crate) fn speed(&self) -> Option<f64> {
        let mut speeds: Vec<f64> =
            self.metrics.iter().map(|m| m.tokens_per_second).filter(|speed| *speed > 0.0).collect();
        speeds.sort_by(f64::total_cmp);
        speeds.get(speeds.len() / 2).copied()
    }
}

/// The numbers of a line `{'loss': 1.25, 'epoch': 0.5}`; nothing for any other line.
fn fields(line: &str) -> Option<HashMap<&str, f64>> {
    let inner = line.trim().strip_prefix('{')?.strip_suffix('}')?;
    let pair = |part| -> Option<(&str, f64)> {
        let (name, value): (&str, &str) = str::split_once(part, ':')?;
        Some((name.trim().trim_matches(['\'', '"']), value.trim().trim_matches(['\'', '"']).parse().ok()?))
    };
    Some(inner.split(',').filter_map(pair).collect())
}

type Key = (String, String);

/// Logs by cloud and job, so that each line is fetched once; and the clouds whose jobs are watched now.
#[derive(Default)]
pub(crate) struct Logs(Mutex<HashMap<Key, Arc<tokio::sync::Mutex<TuneLog>>>>, Mutex<HashSet<String>>);

impl Logs {
    /// The log of a job; whoever holds it fetches what is missing.
    pub(crate) fn of(&self, cloud_id: &str, job_id: &str) -> Arc<tokio::sync::Mutex<TuneLog>> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logs.entry((cloud_id.to_owned(), job_id.to_owned())).or_default().clone()
    }

    /// Whether the caller is to watch this cloud's jobs, because nobody does.
    pub(crate) fn begin_watch(&self, cloud_id: &str) -> bool {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).insert(cloud_id.to_owned())
    }

    pub(crate) fn end_watch(&self, cloud_id: &str) {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).remove(cloud_id);
    }

    pub(crate) fn forget(&self, cloud_id: &str, job_id: &str) {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logs.remove(&(cloud_id.to_owned(), job_id.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> TuneLog {
        let mut log = TuneLog::default();
        lines.iter().for_each(|line| log.read(line));
        log
    }

    #[test]
    fn steps_are_read_and_other_lines_are_counted() {
        let log = read(&[
            "{'rows': 30, 'dropped': 0, 'tokens_per_epoch': 900, 'total_steps': 12, 'resumed_from_step': 0}",
            "{'loss': 1.25, 'learning_rate': 1e-05, 'epoch': 0.5, 'step': 1, 'tokens': 300, 'tokens_per_second': 44.4, 'eta_seconds': 9}",
            "{'eval_loss': 1.0, 'step': 1}",
            "checkpoint-1 was stored.",
            "{'loss': nan, 'step': 2}",
            "{broken",
            "{}",
            "",
            "{'loss': }",
        ]);
        assert_eq!((log.lines, log.total_steps, log.metrics.len(), log.eta_seconds), (9, 12, 1, Some(9)));
        let metric = &log.metrics[0];
        assert_eq!((metric.step, metric.loss, metric.learning_rate, metric.tokens), (1, 1.25, 1e-5, 300));
        assert_eq!(log.speed(), Some(44.4));
    }

    #[test]
    fn steps_after_the_checkpoint_of_a_resumed_job_count_once() {
        let step = |number: u64, loss: f64| format!("{{'loss': {loss}, 'step': {number}}}");
        let mut log = TuneLog::default();
        (1..=5).for_each(|number| log.read(&step(number, 1.0)));
        log.read("{'rows': 1, 'total_steps': 9, 'resumed_from_step': 3}");
        assert_eq!(log.metrics.len(), 3);
        log.read(&step(4, 0.5));
        assert_eq!(log.metrics.iter().map(|metric| metric.step).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn a_trainer_without_numbers_is_counted() {
        let log = read(&["{'loss': 2.0, 'epoch': 0.1}", "{'loss': 1.5, 'epoch': 0.2}"]);
        assert_eq!(log.metrics.iter().map(|metric| metric.step).collect::<Vec<_>>(), [1, 2]);
    }
}
