//! From JSONL files to token rows, and from rows to batches in a reproducible order.
//! Deliberately absent: judging lines, which is done before a training begins.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, coded};
use pc_dataset::{Message, Preference, Row as Conversation, RowsOf, Text};
use pc_model::{ChatTemplate, Family, Learnt, ModelFolder, Tokenizer, TrainingExample, training_example};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::decoder::Packed;
use crate::hyper::TrainingType;
use crate::job::TrainJob;

/// Tokens that go through the model at once; a batch with more is split, since gradients add up.
pub(crate) const TOKENS_AT_ONCE: usize = 1024;

/// One row of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    /// One, or the chosen answer and the rejected one, each after the question.
    pub sequences: Vec<TrainingExample>,
    /// How much a pair counts.
    pub weight: f32,
}

impl Row {
    fn single(sequence: TrainingExample) -> Self {
        Self { sequences: vec![sequence], weight: 1.0 }
    }

    pub(crate) fn tokens(&self) -> usize {
        self.sequences.iter().map(|sequence| sequence.ids.len()).sum()
    }
}

/// The rows of a job.
pub(crate) struct Data {
    pub train: Vec<Row>,
    pub validation: Vec<Row>,
    /// Training rows that `max_length` left out.
    pub dropped: u64,
}

impl Data {
    /// Reads and tokenises all rows; splits validation rows off where the job asks for it and gives no file.
    pub(crate) fn read(job: &TrainJob, model: &ModelFolder, cancel: &Cancel) -> Result<Self> {
        let reader = Reader::new(job.kind, model, job.hyper.max_length)?;
        let (mut train, dropped) = reader.files(&job.data, cancel)?;
        if train.is_empty() {
            let error = if dropped == 0 { coded(Code::DatasetEmpty) } else { coded(Code::TrainingRowsTooLong) };
            return Err(error.with("count", dropped).with("limit", job.hyper.max_length).into());
        }
        let mut validation = reader.files(&job.validation, cancel)?.0;
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
        self.train.iter().map(|row| row.tokens() as u64).sum()
    }

    /// Tokens of the row that has the most, and of the longest sequence.
    pub(crate) fn longest(&self) -> (usize, usize) {
        let rows = || self.train.iter().chain(&self.validation);
        let sequences = rows().flat_map(|row| &row.sequences).map(|sequence| sequence.ids.len());
        (rows().map(Row::tokens).max().unwrap_or(0), sequences.max().unwrap_or(0))
    }

    /// The order of the training rows in an epoch: a function of seed and epoch alone.
    pub(crate) fn order(&self, seed: u64, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        order.shuffle(&mut StdRng::seed_from_u64(seed ^ (epoch + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        order
    }
}

/// What some rows of a file come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Rows that were looked at.
    pub rows: u64,
    /// Those that the limit leaves out.
    pub dropped: u64,
    /// Tokens of an epoch over the others.
    pub tokens: u64,
}

/// Counts the first rows of a file as a training would. A row that cannot be read is the training's to report.
pub fn count_tokens(
    kind: TrainingType,
    model: &ModelFolder,
    path: &Path,
    max_length: u32,
    most: u64,
) -> Result<Counted> {
    let mut counted = Counted::default();
    Reader::new(kind, model, max_length)?.each(path, &mut |rows| {
        if let Ok(rows) = rows {
            counted.rows += 1;
            match rows {
                Some(rows) => counted.tokens += rows.iter().map(|row| row.tokens() as u64).sum::<u64>(),
                None => counted.dropped += 1,
            }
        }
        Ok(counted.rows < most)
    })?;
    Ok(counted)
}

struct Reader {
    kind: TrainingType,
    /// Tokens.
    limit: usize,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    /// What ends a text.
    ends: Option<u32>,
    /// What begins a text, in families whose every text begins so.
    starts: Option<u32>,
}

/// What one line became: rows, or nothing where the limit leaves it out.
type Read = Result<Option<Vec<Row>>>;

impl Reader {
    fn new(kind: TrainingType, model: &ModelFolder, max_length: u32) -> Result<Self> {
        Ok(Self {
            kind,
            limit: max_length as usize,
            tokenizer: model.tokenizer()?,
            // A model that only continues texts needs none.
            template: if kind == TrainingType::Cpt { None } else { Some(model.chat_template()?) },
            ends: model.config.eos.first().copied(),
            starts: model.config.bos.filter(|_| matches!(model.config.family, Family::Gemma3 | Family::Llama)),
        })
    }

    /// Rows of all files, and how many lines were left out.
    fn files(&self, paths: &[PathBuf], cancel: &Cancel) -> Result<(Vec<Row>, u64)> {
        let (mut kept, mut dropped) = (Vec::new(), 0);
        for path in paths {
            let mut number = 0;
            self.each(path, &mut |rows| {
                cancel.check()?;
                number += 1;
                match rows.with_context(|| format!("row {number} of {}", path.display()))? {
                    Some(rows) => kept.extend(rows),
                    None => dropped += 1,
                }
                Ok(true)
            })?;
        }
        Ok((kept, dropped))
    }

    /// Hands out what each line of a file becomes, as long as more is wanted.
    fn each(&self, path: &Path, see: &mut dyn FnMut(Read) -> Result<bool>) -> Result<()> {
        match self.kind {
            TrainingType::Sft | TrainingType::EfficientSft => lines(path, |row| self.conversation(row), see),
            TrainingType::Cpt => lines(path, |row| self.text(&row), see),
            TrainingType::DpoFull | TrainingType::DpoLora => lines(path, |row| self.pair(row), see),
        }
    }

    /// One that is too long is left out.
    fn conversation(&self, row: Conversation) -> Read {
        let example = self.example(&row.messages, row.tools.as_ref(), Learnt::EveryTurn)?;
        if example.ids.len() > self.limit {
            return Ok(None);
        }
        Ok(Some(if learns(&example) { vec![Row::single(example)] } else { Vec::new() }))
    }

    /// Every token is learnt. A long text goes in pieces, so that nothing of it is lost.
    fn text(&self, row: &Text) -> Read {
        let mut ids: Vec<u32> = self.starts.into_iter().collect();
        ids.extend(self.tokenizer.encode(&row.text)?);
        ids.extend(self.ends);
        let piece = |ids: &[u32]| Row::single(TrainingExample { ids: ids.to_vec(), weights: vec![1.0; ids.len()] });
        Ok(Some(ids.chunks(self.limit).filter(|ids| ids.len() > 1).map(piece).collect()))
    }

    /// Answers are cut at the limit; a pair of which nothing is left is left out.
    fn pair(&self, row: Preference) -> Read {
        let answered = |answer: &Message| -> Result<TrainingExample> {
            let messages = [row.messages.as_slice(), std::slice::from_ref(answer)].concat();
            let mut example = self.example(&messages, row.tools.as_ref(), Learnt::LastMessage)?;
            example.ids.truncate(self.limit);
            example.weights.truncate(self.limit);
            Ok(example)
        };
        let sequences = vec![answered(&row.chosen)?, answered(&row.rejected)?];
        let weight = row.chosen.loss_weight.unwrap_or(1.0) as f32;
        let whole = sequences.iter().all(learns);
        Ok(whole.then(|| vec![Row { sequences, weight }]))
    }

    fn example(&self, messages: &[Message], tools: Option<&Value>, learnt: Learnt) -> Result<TrainingExample> {
        let messages = messages.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
        let template = self.template.as_ref().context("conversations need a template")?;
        training_example(&self.tokenizer, template, (&messages, tools), learnt)
    }
}

/// One file's lines as one kind of row each.
fn lines<T: DeserializeOwned>(
    path: &Path,
    read: impl Fn(T) -> Read,
    see: &mut dyn FnMut(Read) -> Result<bool>,
) -> Result<()> {
    for row in RowsOf::open(path)? {
        // A line that is no row ends the reading.
        if !see(read(row?))? {
            break;
        }
    }
    Ok(())
}

/// Whether there is a token to predict.
fn learns(example: &TrainingExample) -> bool {
    example.weights.iter().skip(1).any(|weight| *weight > 0.0)
}

/// Rows that go through the model together.
#[derive(Default)]
pub(crate) struct Piece {
    pub packed: Packed,
    /// Which rows, by the caller's numbers.
    pub rows: Vec<usize>,
}

/// Packs rows one after another into as few pieces of at most [`TOKENS_AT_ONCE`] tokens as their order allows.
pub(crate) fn pack<'a>(rows: impl IntoIterator<Item = (usize, &'a Row)>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (number, row) in rows {
        if pieces.last().is_none_or(|piece| piece.packed.ids.len() + row.tokens() > TOKENS_AT_ONCE) {
            pieces.push(Piece::default());
        }
        let Some(piece) = pieces.last_mut() else { continue };
        row.sequences.iter().for_each(|sequence| piece.packed.push_weighted(&sequence.ids, &sequence.weights));
        piece.rows.push(number);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(length: usize) -> Row {
        Row::single(TrainingExample { ids: vec![7; length], weights: vec![1.0; length] })
    }

    #[test]
    fn packing_loses_no_token_and_no_label() {
        let rows = [row(600), row(500), row(400), row(3000)];
        let pieces = pack(rows.iter().enumerate());
        assert_eq!(
            pieces.iter().map(|p| p.packed.ids.len()).collect::<Vec<_>>(),
            [600, 900, 3000],
            "a long row goes alone"
        );
        assert_eq!(
            pieces.iter().map(|p| p.packed.targets.len()).sum::<usize>(),
            4500 - 4,
            "the first token of a row has nothing before it"
        );
        assert_eq!(pieces[1].rows, [1, 2]);
    }

    #[test]
    fn a_pair_stays_in_one_piece() {
        let pair = Row { sequences: [row(500).sequences, row(400).sequences].concat(), weight: 1.0 };
        let pieces = pack([&pair, &pair].into_iter().enumerate());
        assert_eq!(pieces.iter().map(|p| p.packed.segments.len()).collect::<Vec<_>>(), [2, 2]);
    }
}
