//! One decoder block: attention and feed-forward, each on the residual stream, forward and backward.
//! Deliberately absent: the embedding and the head, which `decoder` owns.

use std::ops::Range;

use anyhow::Result;
use candle_core::{Device, Tensor};
use pc_model::{Config, Weights};

use crate::decoder::norm_gain;
use crate::kernel::{
    Attention, RotaryTable, add, add_to, attend, attend_backward, gate, gate_backward, rms_norm, rms_norm_backward,
    rotate,
};
use crate::linear::{Linear, Pair};
use crate::lora::{PROJECTIONS, projection_shapes};

/// What all blocks share about one packed batch.
pub(crate) struct Shape {
    pub segments: Vec<Range<usize>>,
    pub positions: Vec<u32>,
    pub tables: Vec<RotaryTable>,
    /// Which table each layer uses.
    pub rope_of: Vec<usize>,
}

/// The frozen weights of one block.
pub(crate) struct Block {
    layer: usize,
    attention_norm: Vec<f32>,
    feed_forward_norm: Vec<f32>,
    /// After attention and after feed-forward (Gemma).
    after: Option<[Vec<f32>; 2]>,
    /// Of queries and of keys, per head.
    head_norms: Option<[Vec<f32>; 2]>,
    projections: Vec<Linear>,
}

/// What the backward pass needs; norms and activations are computed again from these.
pub(crate) struct Saved {
    x: Tensor,
    /// Queries and keys before their norms, where there are such.
    raw: Option<[Tensor; 2]>,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    context: Tensor,
    /// Attention's output before its norm, where there is one.
    attended: Option<Tensor>,
    middle: Tensor,
    gate: Tensor,
    up: Tensor,
    /// Feed-forward's output before its norm, where there is one.
    fed: Option<Tensor>,
    /// The low-rank middles in the projections' order.
    lows: Vec<Option<Tensor>>,
}

// Places in `PROJECTIONS`.
const Q: usize = 0;
const K: usize = 1;
const V: usize = 2;
const O: usize = 3;
const GATE: usize = 4;
const UP: usize = 5;
const DOWN: usize = 6;

impl Block {
    pub(crate) fn load(config: &Config, weights: &Weights, layer: usize) -> Result<Self> {
        let prefix = format!("model.layers.{layer}");
        let norm = |name: &str, width: usize| norm_gain(config, weights, &format!("{prefix}.{name}.weight"), width);
        let hidden = config.hidden_size;
        let biased = [config.qkv_bias, config.qkv_bias, config.qkv_bias, config.output_bias];
        let mut projections = Vec::with_capacity(PROJECTIONS.len());
        for (at, (name, (out, input))) in PROJECTIONS.iter().zip(projection_shapes(config)).enumerate() {
            let weight = weights.f32_shaped(&format!("{prefix}.{name}.weight"), &[out, input])?;
            let has_bias = biased.get(at).copied().unwrap_or(config.mlp_bias);
            let bias = has_bias.then(|| weights.f32_shaped(&format!("{prefix}.{name}.bias"), &[out])).transpose()?;
            projections.push(Linear { weight: Tensor::from_vec(weight, (out, input), &Device::Cpu)?, bias });
        }
        let (after, feed_forward_norm) = if config.sandwich_norms {
            let after = [norm("post_attention_layernorm", hidden)?, norm("post_feedforward_layernorm", hidden)?];
            (Some(after), norm("pre_feedforward_layernorm", hidden)?)
        } else {
            (None, norm("post_attention_layernorm", hidden)?)
        };
        let head_norms = if config.qk_norm {
            Some([norm("self_attn.q_norm", config.head_dim)?, norm("self_attn.k_norm", config.head_dim)?])
        } else {
            None
        };
        Ok(Self {
            layer,
            attention_norm: norm("input_layernorm", hidden)?,
            feed_forward_norm,
            after,
            head_norms,
            projections,
        })
    }

    fn attention<'a>(&self, config: &Config, shape: &'a Shape) -> Attention<'a> {
        Attention {
            heads: config.num_heads,
            kv_heads: config.num_kv_heads,
            head_dim: config.head_dim,
            scale: config.attention_scale,
            window: config.layers[self.layer].sliding_window,
            segments: &shape.segments,
        }
    }

    /// The block's output and what its backward pass needs.
    pub(crate) fn forward(
        &self,
        config: &Config,
        shape: &Shape,
        x: &Tensor,
        pairs: Option<&[Pair]>,
    ) -> Result<(Tensor, Saved)> {
        let eps = config.rms_norm_eps as f32;
        let table = &shape.tables[shape.rope_of[self.layer]];
        let mut lows = vec![None; PROJECTIONS.len()];
        let mut project = |which: usize, x: &Tensor| -> Result<Tensor> {
            let (y, low) = self.projections[which].forward(x, pairs.map(|pairs| &pairs[which]))?;
            lows[which] = low;
            Ok(y)
        };
        let normed = rms_norm(x, &self.attention_norm, eps)?;
        let (mut q, mut k, v) = (project(Q, &normed)?, project(K, &normed)?, project(V, &normed)?);
        let raw = match &self.head_norms {
            Some([of_q, of_k]) => {
                let raw = [q, k];
                (q, k) = (rms_norm(&raw[0], of_q, eps)?, rms_norm(&raw[1], of_k, eps)?);
                Some(raw)
            }
            None => None,
        };
        rotate(&q, table, &shape.positions, false)?;
        rotate(&k, table, &shape.positions, false)?;
        let context = attend(&self.attention(config, shape), &q, &k, &v)?;
        let attended = project(O, &context)?;
        let (middle, attended) = self.join(x, attended, 0, eps)?;
        let normed = rms_norm(&middle, &self.feed_forward_norm, eps)?;
        let (gated, up) = (project(GATE, &normed)?, project(UP, &normed)?);
        let fed = project(DOWN, &gate(config.activation, &gated, &up)?)?;
        let (out, fed) = self.join(&middle, fed, 1, eps)?;
        Ok((out, Saved { x: x.clone(), raw, q, k, v, context, attended, middle, gate: gated, up, fed, lows }))
    }

    /// `x + branch`, or `x + norm(branch)` where the family norms after the branch, which is then kept.
    fn join(&self, x: &Tensor, branch: Tensor, which: usize, eps: f32) -> Result<(Tensor, Option<Tensor>)> {
        match &self.after {
            None => Ok((add(x, &branch)?, None)),
            Some(after) => Ok((add(x, &rms_norm(&branch, &after[which], eps)?)?, Some(branch))),
        }
    }

    /// The derivative by the branch that [`Self::join`] added.
    fn join_backward(&self, branch: Option<&Tensor>, which: usize, eps: f32, dy: &Tensor) -> Result<Tensor> {
        match (&self.after, branch) {
            (Some(after), Some(branch)) => Ok(rms_norm_backward(branch, &after[which], eps, dy)?),
            _ => Ok(dy.clone()),
        }
    }

    /// The derivative by the block's input, from that by its output, while the pairs' gradients are added up.
    pub(crate) fn backward(
        &self,
        config: &Config,
        shape: &Shape,
        saved: Saved,
        pairs: &[Pair],
        dy: Tensor,
        gradient: &mut [f32],
    ) -> Result<Tensor> {
        let middle = self.feed_forward_backward(config, &saved, pairs, dy, gradient)?;
        self.attention_backward(config, shape, &saved, pairs, middle, gradient)
    }

    fn feed_forward_backward(
        &self,
        config: &Config,
        saved: &Saved,
        pairs: &[Pair],
        dy: Tensor,
        gradient: &mut [f32],
    ) -> Result<Tensor> {
        let eps = config.rms_norm_eps as f32;
        let mut back = |which: usize, x: &Tensor, dy: &Tensor| self.back(which, x, dy, saved, pairs, gradient);
        let d_fed = self.join_backward(saved.fed.as_ref(), 1, eps, &dy)?;
        let activated = gate(config.activation, &saved.gate, &saved.up)?;
        let d_activated = back(DOWN, &activated, &d_fed)?;
        let (d_gate, d_up) = gate_backward(config.activation, &saved.gate, &saved.up, &d_activated)?;
        let normed = rms_norm(&saved.middle, &self.feed_forward_norm, eps)?;
        let d_normed = back(GATE, &normed, &d_gate)?;
        add_to(&d_normed, &back(UP, &normed, &d_up)?)?;
        let dx = rms_norm_backward(&saved.middle, &self.feed_forward_norm, eps, &d_normed)?;
        add_to(&dx, &dy)?;
        Ok(dx)
    }

    fn attention_backward(
        &self,
        config: &Config,
        shape: &Shape,
        saved: &Saved,
        pairs: &[Pair],
        dy: Tensor,
        gradient: &mut [f32],
    ) -> Result<Tensor> {
        let eps = config.rms_norm_eps as f32;
        let table = &shape.tables[shape.rope_of[self.layer]];
        let mut back = |which: usize, x: &Tensor, dy: &Tensor| self.back(which, x, dy, saved, pairs, gradient);
        let d_attended = self.join_backward(saved.attended.as_ref(), 0, eps, &dy)?;
        let d_context = back(O, &saved.context, &d_attended)?;
        let attention = self.attention(config, shape);
        let (mut d_q, mut d_k, d_v) = attend_backward(&attention, [&saved.q, &saved.k, &saved.v], &d_context)?;
        rotate(&d_q, table, &shape.positions, true)?;
        rotate(&d_k, table, &shape.positions, true)?;
        if let (Some([of_q, of_k]), Some([q, k])) = (&self.head_norms, &saved.raw) {
            d_q = rms_norm_backward(q, of_q, eps, &d_q)?;
            d_k = rms_norm_backward(k, of_k, eps, &d_k)?;
        }
        let normed = rms_norm(&saved.x, &self.attention_norm, eps)?;
        let d_normed = back(Q, &normed, &d_q)?;
        add_to(&d_normed, &back(K, &normed, &d_k)?)?;
        add_to(&d_normed, &back(V, &normed, &d_v)?)?;
        let dx = rms_norm_backward(&saved.x, &self.attention_norm, eps, &d_normed)?;
        add_to(&dx, &dy)?;
        Ok(dx)
    }

    fn back(
        &self,
        which: usize,
        x: &Tensor,
        dy: &Tensor,
        saved: &Saved,
        pairs: &[Pair],
        gradient: &mut [f32],
    ) -> Result<Tensor> {
        let low = saved.lows[which].as_ref().ok_or_else(|| anyhow::anyhow!("the forward pass had no pairs"))?;
        Ok(self.projections[which].backward(x, &pairs[which], low, dy, gradient)?)
    }
}
