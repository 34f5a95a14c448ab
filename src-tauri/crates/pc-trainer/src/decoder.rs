//! The parametrised decoder of all four families: frozen weights, packed batches, forward and hand-written backward.
//!
//! `x += attention(norm(x))`, `x += feed_forward(norm(x))`, with the switches of [`Config`]: biases, per-head norms,
//! Gemma's norms after each branch, sliding windows. Deliberately absent: any gradient of a frozen weight, and a
//! key-value cache: answering is the runtime's.

use std::ops::Range;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use pc_base::Cancel;
use pc_model::{Config, Weights};

use crate::block::{Block, Saved, Shape};
use crate::kernel::{Head, RotaryTable, head_loss, rms_norm, rms_norm_backward, rows, view};
use crate::linear::{Pair, pairs};
use crate::lora::{PROJECTIONS, Parameters};

/// Rows of token ids one after another, each seeing only itself.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    pub ids: Vec<u32>,
    /// Where each row begins and ends.
    pub segments: Vec<Range<usize>>,
    /// The places whose next token is learnt, and that token.
    pub places: Vec<u32>,
    pub targets: Vec<u32>,
}

impl Packed {
    /// Adds a row; `labels[t]` says whether token `t` is to be learnt (from what stands before it).
    pub fn push(&mut self, ids: &[u32], labels: &[bool]) {
        let start = self.ids.len();
        self.ids.extend_from_slice(ids);
        self.segments.push(start..self.ids.len());
        for at in 1..ids.len() {
            if labels[at] {
                self.places.push((start + at - 1) as u32);
                self.targets.push(ids[at]);
            }
        }
    }

    /// The place of each token within its row.
    fn positions(&self) -> Vec<u32> {
        self.segments.iter().flat_map(|segment| 0..segment.len() as u32).collect()
    }
}

/// Frozen weights in f32.
pub struct Decoder {
    config: Config,
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
        Ok(Self { config: config.clone(), embedding, head, final_norm, blocks })
    }

    /// The model's shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Logits at every position, `[tokens * vocabulary]`: for tests and small inputs.
    pub fn logits(&self, parameters: Option<&Parameters>, batch: &Packed) -> Result<Vec<f32>> {
        let pairs = parameters.map(|p| pairs(p, None)).transpose()?;
        let last = self.forward(batch, pairs.as_deref(), false)?.last;
        let hidden = rms_norm(&last, &self.final_norm, self.config.rms_norm_eps as f32)?;
        let logits = self.output().logits(&hidden)?;
        Ok(view(&logits)?.to_vec())
    }

    /// Summed loss of the batch's targets, without gradients.
    pub fn loss(&self, parameters: Option<&Parameters>, batch: &Packed) -> Result<f64> {
        let pairs = parameters.map(|p| pairs(p, None)).transpose()?;
        let trace = self.forward(batch, pairs.as_deref(), false)?;
        Ok(self.head_loss(&trace.last, batch, None)?.0)
    }

    /// Summed loss of the batch's targets; adds the gradient of `weight * sum` to the flat `gradient`.
    ///
    /// `key` decides the dropout masks.
    pub fn train(
        &self,
        parameters: &Parameters,
        batch: &Packed,
        weight: f32,
        key: u64,
        gradient: &mut [f32],
    ) -> Result<f64> {
        let pairs = pairs(parameters, Some(key))?;
        let Trace { shape, mut saved, last } = self.forward(batch, Some(&pairs), true)?;
        let (loss, dx) = self.head_loss(&last, batch, Some(weight))?;
        let Some(mut dx) = dx else { return Ok(loss) };
        drop(last);
        for (layer, block) in self.blocks.iter().enumerate().rev() {
            let Some(kept) = saved.pop() else { break };
            let pairs = &pairs[layer * PROJECTIONS.len()..][..PROJECTIONS.len()];
            // Nothing trainable lies before the first block, so its input needs no derivative.
            dx = block.backward(&self.config, &shape, kept, pairs, dx, gradient)?;
        }
        Ok(loss)
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

    /// The loss at the labelled places and its derivative by the last block's output.
    fn head_loss(&self, last: &Tensor, batch: &Packed, weight: Option<f32>) -> Result<(f64, Option<Tensor>)> {
        let (width, eps) = (self.config.hidden_size, self.config.rms_norm_eps as f32);
        let places = || batch.places.iter().map(|place| *place as usize * width);
        let mut chosen = Vec::with_capacity(batch.places.len() * width);
        {
            let last = view(last)?;
            places().for_each(|at| chosen.extend_from_slice(&last[at..at + width]));
        }
        if chosen.is_empty() {
            return Ok((0.0, None));
        }
        let chosen = rows(chosen, width)?;
        let hidden = rms_norm(&chosen, &self.final_norm, eps)?;
        let (loss, derivative) = head_loss(&self.output(), &hidden, &batch.targets, weight)?;
        let Some(derivative) = derivative else { return Ok((loss, None)) };
        let derivative = rms_norm_backward(&chosen, &self.final_norm, eps, &derivative)?;
        let mut dx = vec![0.0; batch.ids.len() * width];
        for (at, row) in places().zip(view(&derivative)?.chunks_exact(width)) {
            dx[at..at + width].copy_from_slice(row);
        }
        Ok((loss, Some(rows(dx, width)?)))
    }
}

/// A norm's gain; Gemma keeps it as the distance from one.
pub(crate) fn norm_gain(config: &Config, weights: &Weights, name: &str, width: usize) -> Result<Vec<f32>> {
    let mut gain = weights.f32_shaped(name, &[width])?;
    if config.norm_plus_one {
        gain.iter_mut().for_each(|g| *g += 1.0);
    }
    Ok(gain)
}
