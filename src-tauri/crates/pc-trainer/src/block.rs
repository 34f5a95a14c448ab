//! One decoder block: attention and feed-forward, each on the residual stream, forward and backward.
//! Deliberately absent: the embedding and the head, which `decoder` owns.

use std::ops::Range;

use anyhow::Result;
use candle_core::{Device, Tensor};
use pc_model::{Config, Weights};

use crate::decoder::norm_gain;
use crate::kernel::{
    Attention, RotaryTable, add, add_gain, add_to, attend, attend_backward, gate, gate_backward, rms_norm,
    rms_norm_backward, rotate,
};
use crate::layout::{BlockPlaces, config_bias};
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

/// The weights of one block.
pub(crate) struct Block {
    layer: usize,
    /// In the order of [`norm_name`]; nothing where the family has no such norm.
    pub norms: Vec<Option<Vec<f32>>>,
    pub projections: Vec<Linear>,
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

/// What a backward pass learns of a block.
pub(crate) enum Learnt<'a> {
    /// The pairs beside frozen projections.
    Pairs(&'a [Pair]),
    /// Every weight, each at its place in the gradient.
    Whole(&'a BlockPlaces),
}

// Places in `PROJECTIONS`.
const Q: usize = 0;
const K: usize = 1;
const V: usize = 2;
const O: usize = 3;
const GATE: usize = 4;
const UP: usize = 5;
const DOWN: usize = 6;

/// How many norms a block can have.
pub(crate) const NORMS: usize = 6;
const BEFORE_ATTENTION: usize = 0;
const BEFORE_FEED_FORWARD: usize = 1;
// On the branch before it is joined (Gemma).
const AFTER_ATTENTION: usize = 2;
const AFTER_FEED_FORWARD: usize = 3;
// Per head.
const OF_QUERIES: usize = 4;
const OF_KEYS: usize = 5;

/// A norm's name in the files and its width, where the family has it.
pub(crate) fn norm_name(config: &Config, which: usize) -> Option<(&'static str, usize)> {
    let (hidden, head) = (config.hidden_size, config.head_dim);
    let name = match (which, config.sandwich_norms) {
        (BEFORE_ATTENTION, _) => "input_layernorm",
        (BEFORE_FEED_FORWARD, true) => "pre_feedforward_layernorm",
        (BEFORE_FEED_FORWARD, false) | (AFTER_ATTENTION, true) => "post_attention_layernorm",
        (AFTER_FEED_FORWARD, true) => "post_feedforward_layernorm",
        (OF_QUERIES, _) if config.qk_norm => return Some(("self_attn.q_norm", head)),
        (OF_KEYS, _) if config.qk_norm => return Some(("self_attn.k_norm", head)),
        _ => return None,
    };
    Some((name, hidden))
}

impl Block {
    pub(crate) fn load(config: &Config, weights: &Weights, layer: usize) -> Result<Self> {
        let prefix = format!("model.layers.{layer}");
        let norm = |which: usize| {
            let named = norm_name(config, which);
            named.map(|(name, width)| norm_gain(config, weights, &format!("{prefix}.{name}.weight"), width)).transpose()
        };
        let mut projections = Vec::with_capacity(PROJECTIONS.len());
        for (at, (name, (out, input))) in PROJECTIONS.iter().zip(projection_shapes(config)).enumerate() {
            let weight = weights.f32_shaped(&format!("{prefix}.{name}.weight"), &[out, input])?;
            let has_bias = config_bias(config, at);
            let bias = has_bias.then(|| weights.f32_shaped(&format!("{prefix}.{name}.bias"), &[out])).transpose()?;
            projections.push(Linear { weight: Tensor::from_vec(weight, (out, input), &Device::Cpu)?, bias });
        }
        Ok(Self { layer, norms: (0..NORMS).map(norm).collect::<Result<_>>()?, projections })
    }

    /// A norm that the family has.
    fn norm(&self, which: usize, x: &Tensor, eps: f32) -> Result<Option<Tensor>> {
        Ok(self.norms[which].as_ref().map(|gain| rms_norm(x, gain, eps)).transpose()?)
    }

    /// A norm that every family has.
    fn normed(&self, which: usize, x: &Tensor, eps: f32) -> Result<Tensor> {
        self.norm(which, x, eps)?.ok_or_else(|| anyhow::anyhow!("the block lacks a norm"))
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
        let normed = self.normed(BEFORE_ATTENTION, x, eps)?;
        let (mut q, mut k, v) = (project(Q, &normed)?, project(K, &normed)?, project(V, &normed)?);
        let mut raw = None;
        if let (Some(of_q), Some(of_k)) = (self.norm(OF_QUERIES, &q, eps)?, self.norm(OF_KEYS, &k, eps)?) {
            raw = Some([q, k]);
            (q, k) = (of_q, of_k);
        }
        rotate(&q, table, &shape.positions, false)?;
        rotate(&k, table, &shape.positions, false)?;
        let context = attend(&self.attention(config, shape), &q, &k, &v)?;
        let attended = project(O, &context)?;
        let (middle, attended) = self.join(x, attended, AFTER_ATTENTION, eps)?;
        let normed = self.normed(BEFORE_FEED_FORWARD, &middle, eps)?;
        let (gated, up) = (project(GATE, &normed)?, project(UP, &normed)?);
        let fed = project(DOWN, &gate(config.activation, &gated, &up)?)?;
        let (out, fed) = self.join(&middle, fed, AFTER_FEED_FORWARD, eps)?;
        Ok((out, Saved { x: x.clone(), raw, q, k, v, context, attended, middle, gate: gated, up, fed, lows }))
    }

    /// `x + branch`, or `x + norm(branch)` where the family norms after the branch, which is then kept.
    fn join(&self, x: &Tensor, branch: Tensor, which: usize, eps: f32) -> Result<(Tensor, Option<Tensor>)> {
        match self.norm(which, &branch, eps)? {
            None => Ok((add(x, &branch)?, None)),
            Some(normed) => Ok((add(x, &normed)?, Some(branch))),
        }
    }

    /// The derivative by the block's input, from that by its output, while the gradients of what is learnt are added up.
    pub(crate) fn backward(
        &self,
        config: &Config,
        shape: &Shape,
        saved: &Saved,
        learnt: &Learnt<'_>,
        dy: &Tensor,
        gradient: &mut [f32],
    ) -> Result<Tensor> {
        let mut back = Backward { block: self, saved, learnt, eps: config.rms_norm_eps as f32, gradient };
        let middle = back.feed_forward(config, dy)?;
        back.attention(config, shape, &middle)
    }
}

/// The backward pass of one block.
struct Backward<'a> {
    block: &'a Block,
    saved: &'a Saved,
    learnt: &'a Learnt<'a>,
    eps: f32,
    gradient: &'a mut [f32],
}

impl Backward<'_> {
    fn feed_forward(&mut self, config: &Config, dy: &Tensor) -> Result<Tensor> {
        let saved = self.saved;
        let d_fed = self.branch(AFTER_FEED_FORWARD, saved.fed.as_ref(), dy)?;
        let activated = gate(config.activation, &saved.gate, &saved.up)?;
        let d_activated = self.projection(DOWN, &activated, &d_fed)?;
        let (d_gate, d_up) = gate_backward(config.activation, &saved.gate, &saved.up, &d_activated)?;
        let normed = self.block.normed(BEFORE_FEED_FORWARD, &saved.middle, self.eps)?;
        let d_normed = self.projection(GATE, &normed, &d_gate)?;
        add_to(&d_normed, &self.projection(UP, &normed, &d_up)?)?;
        let dx = self.norm(BEFORE_FEED_FORWARD, &saved.middle, &d_normed)?;
        add_to(&dx, dy)?;
        Ok(dx)
    }

    fn attention(&mut self, config: &Config, shape: &Shape, dy: &Tensor) -> Result<Tensor> {
        let saved = self.saved;
        let table = &shape.tables[shape.rope_of[self.block.layer]];
        let d_attended = self.branch(AFTER_ATTENTION, saved.attended.as_ref(), dy)?;
        let d_context = self.projection(O, &saved.context, &d_attended)?;
        let attention = self.block.attention(config, shape);
        let (mut d_q, mut d_k, d_v) = attend_backward(&attention, [&saved.q, &saved.k, &saved.v], &d_context)?;
        rotate(&d_q, table, &shape.positions, true)?;
        rotate(&d_k, table, &shape.positions, true)?;
        if let Some([q, k]) = &saved.raw {
            d_q = self.norm(OF_QUERIES, q, &d_q)?;
            d_k = self.norm(OF_KEYS, k, &d_k)?;
        }
        let normed = self.block.normed(BEFORE_ATTENTION, &saved.x, self.eps)?;
        let d_normed = self.projection(Q, &normed, &d_q)?;
        add_to(&d_normed, &self.projection(K, &normed, &d_k)?)?;
        add_to(&d_normed, &self.projection(V, &normed, &d_v)?)?;
        let dx = self.norm(BEFORE_ATTENTION, &saved.x, &d_normed)?;
        add_to(&dx, dy)?;
        Ok(dx)
    }

    /// The derivative by the branch that [`Block::join`] added.
    fn branch(&mut self, which: usize, branch: Option<&Tensor>, dy: &Tensor) -> Result<Tensor> {
        branch.map_or_else(|| Ok(dy.clone()), |branch| self.norm(which, branch, dy))
    }

    fn norm(&mut self, which: usize, x: &Tensor, dy: &Tensor) -> Result<Tensor> {
        let Some(gain) = &self.block.norms[which] else { return Ok(dy.clone()) };
        if let Learnt::Whole(places) = self.learnt
            && let Some(place) = &places.norms[which]
        {
            add_gain(&mut self.gradient[place.clone()], x, self.eps, dy)?;
        }
        Ok(rms_norm_backward(x, gain, self.eps, dy)?)
    }

    fn projection(&mut self, which: usize, x: &Tensor, dy: &Tensor) -> Result<Tensor> {
        let linear = &self.block.projections[which];
        match self.learnt {
            Learnt::Whole(places) => Ok(linear.backward_whole(x, &places.projections[which], dy, self.gradient)?),
            Learnt::Pairs(pairs) => {
                let low = self.saved.lows[which].as_ref();
                let low = low.ok_or_else(|| anyhow::anyhow!("the forward pass had no pairs"))?;
                Ok(linear.backward(x, &pairs[which], low, dy, self.gradient)?)
            }
        }
    }
}
