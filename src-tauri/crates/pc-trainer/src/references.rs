//! What a job is known by, and for pairs of answers how likely the model found each before the training: computed once, and
//! kept beside the resume points, because the model that could say it is gone by then.
//! Deliberately absent: a second model in memory.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, CodedExt as _, coded, write_atomic};
use pc_model::Config;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::data::{Data, Row, pack};
use crate::job::TrainJob;
use crate::learner::Learner;
use crate::preference::Reference;

const FILE: &str = "references.json";

/// Of all pairs, in the order of the rows; nothing where no pairs are trained.
#[derive(Serialize, Deserialize)]
pub(crate) struct References {
    job: String,
    train: Option<Vec<Reference>>,
    validation: Option<Vec<Reference>>,
}

impl References {
    /// Computes them with the model as it is before its first step, unless they are kept.
    pub(crate) fn of(job: &TrainJob, name: &str, learner: &Learner, data: &Data, cancel: &Cancel) -> Result<Self> {
        if !job.kind.is_preference() {
            return Ok(Self { job: name.to_owned(), train: None, validation: None });
        }
        let path = job.work_dir.join(FILE);
        let kept = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        if let Some(kept) = kept.filter(|kept| kept.job == name) {
            return Ok(kept);
        }
        let train = Some(measured(learner, &data.train, cancel)?);
        let validation = Some(measured(learner, &data.validation, cancel)?);
        let references = Self { job: name.to_owned(), train, validation };
        write_atomic(&path, &serde_json::to_vec(&references)?)?;
        Ok(references)
    }

    pub(crate) fn train(&self, rows: &[usize]) -> Option<Vec<Reference>> {
        Some(of_rows(self.train.as_ref()?, rows))
    }

    pub(crate) fn validation(&self, rows: &[usize]) -> Option<Vec<Reference>> {
        Some(of_rows(self.validation.as_ref()?, rows))
    }
}

fn of_rows(all: &[Reference], rows: &[usize]) -> Vec<Reference> {
    rows.iter().map(|row| all[*row]).collect()
}

fn measured(learner: &Learner, rows: &[Row], cancel: &Cancel) -> Result<Vec<Reference>> {
    let mut references = Vec::with_capacity(rows.len());
    for piece in pack(rows.iter().enumerate()) {
        cancel.check()?;
        let found = learner.log_likelihoods(&piece.packed)?;
        let pairs = piece.rows.iter().zip(found.chunks(2));
        references.extend(pairs.map(|(row, two)| Reference {
            chosen: two[0],
            rejected: two[1],
            weight: rows[*row].weight,
        }));
    }
    Ok(references)
}

/// Hash of settings, data and start: two jobs with the same one have the same result.
pub(crate) fn fingerprint(job: &TrainJob, config: &Config) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&(job.kind, &job.hyper))?);
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
