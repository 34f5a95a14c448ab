//! The result file of a job that was made through OpenAI's surface: one line a step that was reported or evaluated, with what
//! was measured then. A cell is empty where nothing was: trainings of answers report no accuracy.

use std::collections::BTreeMap;
use std::io::Write as _;

use pc_store::cloud::{Job, StoredFile};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::intake::{Hashes, Sums};
use crate::python;
use crate::state::{State, owner_of};

/// OpenAI's columns; the two names of an accuracy have the same value.
const COLUMNS: &str = "step,train_loss,train_accuracy,train_mean_token_accuracy,valid_loss,valid_mean_token_accuracy\n";

/// The file's id: the same whenever it is asked for, and no other job's.
pub(crate) fn file_id(job: &Job) -> String {
    let digest = Sha256::digest(format!("{}/{}/results", job.job_id, job.number));
    format!("file-{}", &hex::encode(digest)[..24])
}

/// The sealed file and its hashes, to be kept with the job's end; nothing for a job of the native API.
pub(super) fn sealed(state: &State, job: &Job) -> anyhow::Result<Option<(StoredFile, Vec<String>)>> {
    let request: Value = serde_json::from_str(&job.request)?;
    if request.get("openai").is_none() {
        return Ok(None);
    }
    let csv = state.store.read(|tx| Ok(csv(&tx.job_log_like(&job.job_id, "{'")?)))?;
    let mut blob = state.blobs.create(&*state.key(&job.workspace_id)?, &owner_of(&job.workspace_id))?;
    blob.write_all(csv.as_bytes())?;
    let mut hashes = Hashes::of_a_file();
    hashes.update(csv.as_bytes());
    let Sums { md5, crc64, chunks } = hashes.finish();
    let file = StoredFile {
        file_id: file_id(job),
        workspace_id: job.workspace_id.clone(),
        name: "step_metrics.csv".to_owned(),
        purpose: "fine-tune-results".to_owned(),
        bytes: csv.len() as u64,
        md5,
        crc64,
        blob: blob.commit()?,
        created_at: state.now_text(),
        ..StoredFile::default()
    };
    Ok(Some((file, chunks)))
}

/// What a training measured at a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    pub train_loss: Option<f64>,
    /// Of pairs only: the share in which the preferred answer was.
    pub train_accuracy: Option<f64>,
    pub valid_loss: Option<f64>,
}

/// By step, from a job's log; a step that was trained again after a break counts as it was the last time.
pub(crate) fn measured(log: &[String]) -> BTreeMap<u64, Measured> {
    let mut all: BTreeMap<u64, Measured> = BTreeMap::new();
    for fields in log.iter().filter_map(|line| python::read(line)) {
        let number = |fields: &Map<String, Value>, name: &str| fields.get(name).and_then(Value::as_f64);
        let Some(step) = fields.get("step").and_then(Value::as_u64) else { continue };
        let row = all.entry(step).or_default();
        row.train_loss = number(&fields, "loss").or(row.train_loss);
        row.train_accuracy = number(&fields, "rewards/accuracies").or(row.train_accuracy);
        row.valid_loss = number(&fields, "eval_loss").or(row.valid_loss);
    }
    all
}

fn csv(log: &[String]) -> String {
    let cell = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let rows = measured(log).into_iter().map(|(step, row)| {
        let accuracy = cell(row.train_accuracy);
        format!("{step},{},{accuracy},{accuracy},{},\n", cell(row.train_loss), cell(row.valid_loss))
    });
    std::iter::once(COLUMNS.to_owned()).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_one_line_with_what_was_measured_last() {
        let log = [
            "{'rows': 2, 'dropped': 0}",
            "{'loss': 2.5, 'epoch': 0.5, 'step': 1, 'rewards/accuracies': 0.5}",
            "{'loss': 2.0, 'epoch': 1.0, 'step': 2}",
            "{'eval_loss': 1.5, 'step': 2}",
            "{'loss': 1.75, 'epoch': 1.0, 'step': 2}",
            "{'tokens': 7}",
        ];
        let csv = csv(&log.map(str::to_owned));
        assert_eq!(csv, format!("{COLUMNS}1,2.5,0.5,0.5,,\n2,1.75,,,1.5,\n"));
    }
}
