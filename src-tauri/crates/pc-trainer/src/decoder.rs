//! The parametrised decoder of all four families: its weights, packed batches, forward and hand-written backward.
//!
//! `x += attention(norm(x))`, `x += feed_forward(norm(x))`, with the switches of [`Config`]: biases, per-head norms,
//! Gemma's norms after each branch, sliding windows. Deliberately absent: a key-value cache: answering is the runtime's.

use std::ops::Range;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use pc_base::Cancel;
use pc_model::{Config, Weights};

use crate::block::{Block, Learnt, Saved, Shape};
use crate::kernel::{
    Head, LossBackward, RotaryTable, add_gain, edit, head_loss, losses, rms_norm, rms_norm_backward, rows, view,
};
use crate::layout::{Layout, Place};
use crate::linear::{Pair, pairs};
use crate::lora::{PROJECTIONS, Parameters};
use crate::optimiser::AdamW;
use crate::preference::{Judgement, Reference, judge, slopes};

/// Rows of token ids one after another, each seeing only itself.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    pub ids: Vec<u32>,
    /// Where each row begins and ends.
    pub segments: Vec<Range<usize>>,
    /// The places whose next token is learnt, that token, and how much its loss counts.
    pub places: Vec<u32>,
    pub targets: Vec<u32>,
    pub weights: Vec<f32>,
}

impl Packed {
    /// Adds a row; `labels[t]` says whether token `t` is to be learnt (from what stands before it).
    pub fn push(&mut self, ids: &[u32], labels: &[bool]) {
        let weights: Vec<f32> = labels.iter().map(|label| f32::from(u8::from(*label))).collect();
        self.push_weighted(ids, &weights);
    }

    /// The same with how much each token's loss counts; one with 0 is not learnt.
    pub fn push_weighted(&mut self, ids: &[u32], weights: &[f32]) {
        let start = self.ids.len();
        self.ids.extend_from_slice(ids);
        self.segments.push(start..self.ids.len());
        for at in 1..ids.len() {
            if weights[at] > 0.0 {
                self.places.push((start + at - 1) as u32);
                self.targets.push(ids[at]);
                self.weights.push(weights[at]);
            }
        }
    }

    /// Which of the targets belong to each row.
    pub(crate) fn targets_of_rows(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        let of_row = |segment: &Range<usize>| {
            let ahead = self.places[start..].iter().take_while(|place| (**place as usize) < segment.end).count();
            start += ahead;
            start - ahead..start
        };
        self.segments.iter().map(of_row).collect()
    }

    /// The place of each token within its row.
    fn positions(&self) -> Vec<u32> {
        self.segments.iter().flat_map(|segment| 0..segment.len() as u32).collect()
    }
}

/// What a step changes.
#[derive(Clone, Copy)]
pub enum Change<'a> {
    /// The pairs beside frozen weights; `key` decides the dropout masks.
    Pairs { parameters: &'a Parameters, key: u64 },
    /// Every weight.
    Whole,
}

/// What a step makes smaller.
#[derive(Clone, Copy)]
pub enum Objective<'a> {
    /// `factor` times the sum of the labelled tokens' losses, each by its weight.
    Likelihood { factor: f32 },
    /// `factor` times the sum of the pairs' losses. Rows come in pairs: the chosen one, then the rejected one.
    Preference { factor: f32, beta: f64, references: &'a [Reference] },
}

/// What a step found before it changed anything.
pub struct Outcome {
    /// Sum over labelled tokens, or over pairs; `factor` is not in it.
    pub loss: f64,
    /// One a pair.
    pub judgements: Vec<Judgement>,
}

/// Weights in f32.
pub struct Decoder {
    config: Config,
    layout: Layout,
    /// `[vocabulary, hidden]`
    embedding: Tensor,
    /// Nothing where the head is the embedding.
    head: Option<Tensor>,
    final_norm: Vec<f32>,
    blocks: Vec<Block>,
}

/// What the forward pass keeps for the backward one.
struct Trace {
    shape: Shape,
    saved: Vec<Saved>,
    /// Before the last norm, `[tokens, hidden]`.
    last: Tensor,
}

impl Decoder {
    /// Reads every weight; stops between layers when cancelled.
    pub fn load(config: &Config, weights: &Weights, cancel: &Cancel) -> Result<Self> {
        let (vocabulary, hidden) = (config.vocab_size, config.hidden_size);
        let table = |name: &str| -> Result<Tensor> {
            let values = weights.f32_shaped(name, &[vocabulary, hidden])?;
            Ok(Tensor::from_vec(values, (vocabulary, hidden), &Device::Cpu)?)
        };
        let embedding = table("model.embed_tokens.weight")?;
        let head = (!config.tie_word_embeddings).then(|| table("lm_head.weight")).transpose()?;
        let mut blocks = Vec::with_capacity(config.num_layers);
        for layer in 0..config.num_layers {
            cancel.check()?;
            blocks.push(Block::load(config, weights, layer)?);
        }
        let final_norm = norm_gain(config, weights, "model.norm.weight", hidden)?;
        Ok(Self { config: config.clone(), layout: Layout::new(config), embedding, head, final_norm, blocks })
    }

    /// The model's shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where each weight lies in a flat vector of all.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Logits at every position, `[tokens * vocabulary]`: for tests and small inputs.
    pub fn logits(&self, parameters: Option<&Parameters>, batch: &Packed) -> Result<Vec<f32>> {
        let pairs = parameters.map(|p| pairs(p, None)).transpose()?;
        let last = self.forward(batch, pairs.as_deref(), false)?.last;
        let hidden = rms_norm(&last, &self.final_norm, self.config.rms_norm_eps as f32)?;
        let logits = self.output().logits(&hidden)?;
        Ok(view(&logits)?.to_vec())
    }

    /// Weighted sum of the losses of the batch's targets, without gradients.
    pub fn loss(&self, parameters: Option<&Parameters>, batch: &Packed) -> Result<f64> {
        Ok(weighted(&self.losses(parameters, batch)?, batch))
    }

    /// The logarithm of how likely the learnt part of each row is, without gradients.
    pub fn log_likelihoods(&self, parameters: Option<&Parameters>, batch: &Packed) -> Result<Vec<f64>> {
        Ok(likelihoods(&self.losses(parameters, batch)?, batch))
    }

    fn losses(&self, parameters: Option<&Parameters>, batch: &Packed) -> Result<Vec<f64>> {
        let pairs = parameters.map(|p| pairs(p, None)).transpose()?;
        let trace = self.forward(batch, pairs.as_deref(), false)?;
        if batch.places.is_empty() {
            return Ok(Vec::new());
        }
        let chosen = self.chosen(&trace.last, batch)?;
        let hidden = rms_norm(&chosen, &self.final_norm, self.config.rms_norm_eps as f32)?;
        Ok(losses(&self.output(), &hidden, &batch.targets)?)
    }

    /// The loss of a batch; adds the objective's gradient to the flat `gradient`, which has the layout of the change.
    pub fn train(
        &self,
        change: Change<'_>,
        batch: &Packed,
        objective: Objective<'_>,
        gradient: &mut [f32],
    ) -> Result<Outcome> {
        let pairs = match change {
            Change::Pairs { parameters, key } => Some(pairs(parameters, Some(key))?),
            Change::Whole => None,
        };
        let Trace { shape, mut saved, last } = self.forward(batch, pairs.as_deref(), true)?;
        let (outcome, dx) = self.head_backward(&last, batch, objective, pairs.is_none(), gradient)?;
        let Some(mut dx) = dx else { return Ok(outcome) };
        drop(last);
        for (layer, block) in self.blocks.iter().enumerate().rev() {
            let Some(kept) = saved.pop() else { break };
            let learnt = match &pairs {
                Some(pairs) => Learnt::Pairs(&pairs[layer * PROJECTIONS.len()..][..PROJECTIONS.len()]),
                None => Learnt::Whole(&self.layout.blocks[layer]),
            };
            dx = block.backward(&self.config, &shape, &kept, &learnt, &dx, gradient)?;
        }
        if pairs.is_none() {
            self.embed_backward(&batch.ids, &dx, gradient)?;
        }
        Ok(outcome)
    }

    /// Every weight in the order of the layout, as the files have it.
    pub fn each(&self, mut see: impl FnMut(&Place, &[f32]) -> Result<()>) -> Result<()> {
        let mut places = self.layout.places.iter();
        let mut next = || places.next().ok_or_else(|| anyhow::anyhow!("the layout is too short"));
        see(next()?, &view(&self.embedding)?)?;
        if let Some(head) = &self.head {
            see(next()?, &view(head)?)?;
        }
        let plain = |gain: &[f32]| gain.iter().map(|g| g - self.gain_offset()).collect::<Vec<f32>>();
        for block in &self.blocks {
            for gain in block.norms.iter().flatten() {
                see(next()?, &plain(gain))?;
            }
            for linear in &block.projections {
                see(next()?, &view(&linear.weight)?)?;
                if let Some(bias) = &linear.bias {
                    see(next()?, bias)?;
                }
            }
        }
        see(next()?, &plain(&self.final_norm))
    }

    /// Every weight as it is kept, to be changed where it lies.
    pub(crate) fn each_mut(&mut self, mut change: impl FnMut(&Place, &mut [f32])) -> Result<()> {
        let mut places = self.layout.places.iter();
        let mut next = || places.next().ok_or_else(|| anyhow::anyhow!("the layout is too short"));
        for table in std::iter::once(&self.embedding).chain(&self.head) {
            let place = next()?;
            edit(table, |values| change(place, values))?;
        }
        for block in &mut self.blocks {
            for gain in block.norms.iter_mut().flatten() {
                change(next()?, gain);
            }
            for linear in &mut block.projections {
                let place = next()?;
                edit(&linear.weight, |values| change(place, values))?;
                if let Some(bias) = &mut linear.bias {
                    change(next()?, bias);
                }
            }
        }
        change(next()?, &mut self.final_norm);
        Ok(())
    }

    /// One update of every weight.
    pub fn update(&mut self, adam: &mut AdamW, gradient: &[f32], learning_rate: f64, weight_decay: f64) -> Result<()> {
        adam.step += 1;
        self.each_mut(|place, values| {
            let decay = if place.decays { weight_decay } else { 0.0 };
            adam.apply(place.range.clone(), values, &gradient[place.range.clone()], learning_rate, decay);
        })
    }

    fn gain_offset(&self) -> f32 {
        if self.config.norm_plus_one { 1.0 } else { 0.0 }
    }

    fn output(&self) -> Head<'_> {
        Head { weight: self.head.as_ref().unwrap_or(&self.embedding), softcap: self.config.logit_softcap }
    }

    fn forward(&self, batch: &Packed, pairs: Option<&[Pair]>, keep: bool) -> Result<Trace> {
        let shape = self.shape(batch);
        let mut x = self.embed(&batch.ids)?;
        let mut saved = Vec::new();
        for (layer, block) in self.blocks.iter().enumerate() {
            let pairs = pairs.map(|pairs| &pairs[layer * PROJECTIONS.len()..][..PROJECTIONS.len()]);
            let (out, kept) = block.forward(&self.config, &shape, &x, pairs)?;
            x = out;
            if keep {
                saved.push(kept);
            }
        }
        Ok(Trace { shape, saved, last: x })
    }

    fn shape(&self, batch: &Packed) -> Shape {
        let longest = batch.segments.iter().map(Range::len).max().unwrap_or(0);
        let mut ropes = Vec::new();
        let mut tables = Vec::new();
        let rope_of = self.config.layers.iter().map(|layer| {
            ropes.iter().position(|rope| *rope == layer.rope).unwrap_or_else(|| {
                ropes.push(layer.rope);
                tables.push(RotaryTable::new(&layer.rope.inv_freq(self.config.head_dim), longest));
                ropes.len() - 1
            })
        });
        let rope_of = rope_of.collect();
        Shape { segments: batch.segments.clone(), positions: batch.positions(), tables, rope_of }
    }

    fn embed(&self, ids: &[u32]) -> Result<Tensor> {
        let width = self.config.hidden_size;
        let table = view(&self.embedding)?;
        let mut values = Vec::with_capacity(ids.len() * width);
        for id in ids {
            ensure!((*id as usize) < self.config.vocab_size, "token {id} is outside the model's vocabulary");
            values.extend_from_slice(&table[*id as usize * width..][..width]);
        }
        if let Some(scale) = self.config.embed_scale {
            values.iter_mut().for_each(|value| *value *= scale);
        }
        Ok(rows(values, width)?)
    }

    /// The last block's output at the labelled places.
    fn chosen(&self, last: &Tensor, batch: &Packed) -> Result<Tensor> {
        let width = self.config.hidden_size;
        let last = view(last)?;
        let mut chosen = Vec::with_capacity(batch.places.len() * width);
        batch.places.iter().for_each(|place| chosen.extend_from_slice(&last[*place as usize * width..][..width]));
        Ok(rows(chosen, width)?)
    }

    /// The loss at the labelled places and its derivative by the last block's output.
    fn head_backward(
        &self,
        last: &Tensor,
        batch: &Packed,
        objective: Objective<'_>,
        whole: bool,
        gradient: &mut [f32],
    ) -> Result<(Outcome, Option<Tensor>)> {
        if batch.places.is_empty() {
            return Ok((Outcome { loss: 0.0, judgements: Vec::new() }, None));
        }
        let (width, eps) = (self.config.hidden_size, self.config.rms_norm_eps as f32);
        let chosen = self.chosen(last, batch)?;
        let hidden = rms_norm(&chosen, &self.final_norm, eps)?;
        let (weights, judgements) = match objective {
            Objective::Likelihood { factor } => {
                (batch.weights.iter().map(|weight| weight * factor).collect(), Vec::new())
            }
            Objective::Preference { factor, beta, references } => {
                // How steep a pair's loss is shows only when both of its rows are known.
                let found = likelihoods(&losses(&self.output(), &hidden, &batch.targets)?, batch);
                ensure!(found.len() == 2 * references.len(), "rows must come in pairs");
                let pairs = references.iter().zip(found.chunks(2));
                let judgements: Vec<_> = pairs.map(|(reference, two)| judge(reference, two, beta)).collect();
                (slopes(&judgements, &batch.targets_of_rows(), factor), judgements)
            }
        };
        let head = whole.then(|| &mut gradient[self.layout.head.clone()]);
        let backward = LossBackward { weights: &weights, head };
        let (losses, derivative) = head_loss(&self.output(), &hidden, &batch.targets, Some(backward))?;
        let loss = match objective {
            Objective::Likelihood { .. } => weighted(&losses, batch),
            Objective::Preference { .. } => judgements.iter().map(|judgement| judgement.loss).sum(),
        };
        let outcome = Outcome { loss, judgements };
        let Some(derivative) = derivative else { return Ok((outcome, None)) };
        if whole {
            add_gain(&mut gradient[self.layout.final_norm.clone()], &chosen, eps, &derivative)?;
        }
        let derivative = rms_norm_backward(&chosen, &self.final_norm, eps, &derivative)?;
        let mut dx = vec![0.0; batch.ids.len() * width];
        for (place, row) in batch.places.iter().zip(view(&derivative)?.chunks_exact(width)) {
            dx[*place as usize * width..][..width].copy_from_slice(row);
        }
        Ok((outcome, Some(rows(dx, width)?)))
    }

    /// The gradient of the rows of the embedding that the batch looked up.
    fn embed_backward(&self, ids: &[u32], dx: &Tensor, gradient: &mut [f32]) -> Result<()> {
        let (width, scale) = (self.config.hidden_size, self.config.embed_scale.unwrap_or(1.0));
        let table = &mut gradient[self.layout.embedding.clone()];
        for (id, row) in ids.iter().zip(view(dx)?.chunks_exact(width)) {
            let into = &mut table[*id as usize * width..][..width];
            into.iter_mut().zip(row).for_each(|(sum, dx)| *sum += scale * dx);
        }
        Ok(())
    }
}

fn weighted(losses: &[f64], batch: &Packed) -> f64 {
    losses.iter().zip(&batch.weights).map(|(loss, weight)| loss * f64::from(*weight)).sum()
}

fn likelihoods(losses: &[f64], batch: &Packed) -> Vec<f64> {
    batch.targets_of_rows().into_iter().map(|targets| -losses[targets].iter().sum::<f64>()).collect()
}

/// A norm's gain; Gemma keeps it as the distance from one.
pub(crate) fn norm_gain(config: &Config, weights: &Weights, name: &str, width: usize) -> Result<Vec<f32>> {
    let mut gain = weights.f32_shaped(name, &[width])?;
    if config.norm_plus_one {
        gain.iter_mut().for_each(|g| *g += 1.0);
    }
    Ok(gain)
}
