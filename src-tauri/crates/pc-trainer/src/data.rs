//! From ChatML files to token rows, and from rows to batches in a reproducible order.
//! Deliberately absent: judging lines, which is `pc_dataset::check`'s part before an upload.

use std::path::Path;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, coded};
use pc_dataset::Rows;
use pc_model::{ChatTemplate, Tokenizer, TrainingExample, training_example};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use crate::decoder::Packed;
use crate::hyper::Hyper;
use crate::job::TrainJob;

/// Tokens that go through the model at once; a batch with more is split, since gradients add up.
pub(crate) const TOKENS_AT_ONCE: usize = 1024;

/// The rows of a job.
pub(crate) struct Data {
    pub train: Vec<TrainingExample>,
    pub validation: Vec<TrainingExample>,
    /// Training rows that were longer than `max_length`.
    pub dropped: u64,
}

impl Data {
    /// Reads and tokenises all rows; splits validation rows off where the job asks for it and gives no file.
    pub(crate) fn read(
        job: &TrainJob,
        tokenizer: &Tokenizer,
        template: &ChatTemplate,
        cancel: &Cancel,
    ) -> Result<Self> {
        let read = |files: &[std::path::PathBuf]| -> Result<(Vec<TrainingExample>, u64)> {
            let (mut kept, mut dropped) = (Vec::new(), 0);
            for path in files {
                dropped += read_file(path, &job.hyper, (tokenizer, template), cancel, &mut kept)?;
            }
            Ok((kept, dropped))
        };
        let (mut train, dropped) = read(&job.data)?;
        if train.is_empty() {
            let error = if dropped == 0 { coded(Code::DatasetEmpty) } else { coded(Code::TrainingRowsTooLong) };
            return Err(error.with("count", dropped).with("limit", job.hyper.max_length).into());
        }
        let mut validation = read(&job.validation)?.0;
        if job.validation.is_empty() && job.hyper.split < 1.0 {
            train.shuffle(&mut StdRng::seed_from_u64(job.hyper.seed));
            let share = ((train.len() as f64) * (1.0 - job.hyper.split)).round() as usize;
            let count = share.min(job.hyper.max_split_val_dataset_sample as usize).min(train.len() - 1);
            validation = train.split_off(train.len() - count);
        }
        Ok(Self { train, validation, dropped })
    }

    /// Tokens of one epoch.
    pub(crate) fn tokens(&self) -> u64 {
        self.train.iter().map(|row| row.ids.len() as u64).sum()
    }

    /// The longest row of all.
    pub(crate) fn longest(&self) -> usize {
        self.train.iter().chain(&self.validation).map(|row| row.ids.len()).max().unwrap_or(0)
    }

    /// The order of the training rows in an epoch: a function of seed and epoch alone.
    pub(crate) fn order(&self, seed: u64, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        order.shuffle(&mut StdRng::seed_from_u64(seed ^ (epoch + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        order
    }
}

fn read_file(
    path: &Path,
    hyper: &Hyper,
    (tokenizer, template): (&Tokenizer, &ChatTemplate),
    cancel: &Cancel,
    kept: &mut Vec<TrainingExample>,
) -> Result<u64> {
    let mut dropped = 0;
    for (number, row) in Rows::open(path)?.enumerate() {
        cancel.check()?;
        let messages = row?.messages.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
        let example = training_example(tokenizer, template, &messages)
            .with_context(|| format!("row {} of {}", number + 1, path.display()))?;
        if example.ids.len() > hyper.max_length as usize {
            dropped += 1;
        } else if example.labels.iter().skip(1).any(|label| *label) {
            kept.push(example);
        }
    }
    Ok(dropped)
}

/// Packs rows one after another into as few pieces of at most [`TOKENS_AT_ONCE`] tokens as their order allows.
pub(crate) fn pack<'a>(rows: impl IntoIterator<Item = &'a TrainingExample>) -> Vec<Packed> {
    let mut pieces: Vec<Packed> = Vec::new();
    for row in rows {
        match pieces.last_mut() {
            Some(last) if last.ids.len() + row.ids.len() <= TOKENS_AT_ONCE => last.push(&row.ids, &row.labels),
            _ => {
                let mut piece = Packed::default();
                piece.push(&row.ids, &row.labels);
                pieces.push(piece);
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_no_token_and_no_label() {
        let row = |length: usize| TrainingExample { ids: vec![7; length], labels: vec![true; length] };
        let rows = [row(600), row(500), row(400), row(3000)];
        let pieces = pack(&rows);
        assert_eq!(pieces.iter().map(|p| p.ids.len()).collect::<Vec<_>>(), [600, 900, 3000], "a long row goes alone");
        assert_eq!(
            pieces.iter().map(|p| p.targets.len()).sum::<usize>(),
            4500 - 4,
            "the first token of a row has nothing before it"
        );
    }
}
