//! Causal attention over rows that lie one after another in one batch (block-diagonal, so that no token is padding),
//! with grouped key-value heads (arXiv 2305.13245) and an optional sliding window.
//!
//! The probabilities are computed again in the backward pass rather than kept: they grow with the square of the
//! length. Deliberately absent: projections, norms and rotary, which are the caller's.

use std::ops::Range;

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::vector::{dot, each_row, edit, exp, maximum, rows, simd, sum, view};

/// The shape of one layer's attention over one packed batch.
pub(crate) struct Attention<'a> {
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    /// Multiplies the scores.
    pub scale: f32,
    /// How many positions a token sees, its own included.
    pub window: Option<usize>,
    /// Where each row of the batch begins and ends.
    pub segments: &'a [Range<usize>],
}

/// One row of the batch with one key-value head: its group of query heads is stacked, `[group * length, head_dim]`.
struct Block {
    q: Tensor,
    k: Tensor,
    v: Tensor,
    probabilities: Tensor,
}

impl Attention<'_> {
    fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// All pairs of a row and a key-value head: the units of parallel work.
    fn blocks(&self) -> Vec<(Range<usize>, usize)> {
        self.segments.iter().flat_map(|s| (0..self.kv_heads).map(|head| (s.clone(), head))).collect()
    }

    /// Copies some neighbouring heads of a row, stacked head by head.
    fn gather(&self, x: &[f32], width: usize, segment: &Range<usize>, heads: Range<usize>) -> Result<Tensor> {
        let d = self.head_dim;
        let mut out = Vec::with_capacity(segment.len() * heads.len() * d);
        for head in heads {
            for token in segment.clone() {
                out.extend_from_slice(&x[token * width + head * d..][..d]);
            }
        }
        rows(out, d)
    }

    fn block(&self, q: &[f32], k: &[f32], v: &[f32], segment: &Range<usize>, head: usize) -> Result<Block> {
        let (q_width, kv_width) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
        let q = self.gather(q, q_width, segment, head * self.group()..(head + 1) * self.group())?;
        let k = self.gather(k, kv_width, segment, head..head + 1)?;
        let v = self.gather(v, kv_width, segment, head..head + 1)?;
        let probabilities = q.matmul(&k.t()?)?;
        self.softmax(&probabilities)?;
        Ok(Block { q, k, v, probabilities })
    }

    /// Masked softmax of stacked score rows, in place.
    fn softmax(&self, scores: &Tensor) -> Result<()> {
        let length = scores.dim(1)?;
        edit(scores, |values| {
            each_row(values, length, |at, row| {
                let end = at % length + 1;
                let start = self.window.map_or(0, |window| end.saturating_sub(window));
                row[..start].fill(0.0);
                row[end..].fill(0.0);
                let seen = &mut row[start..end];
                let top = maximum(seen);
                seen.iter_mut().for_each(|s| *s = exp((*s - top) * self.scale));
                let inverse = 1.0 / sum(seen.len(), |i| seen[i]);
                seen.iter_mut().for_each(|s| *s *= inverse);
            });
        })
    }

    /// Puts stacked heads back to their places in `[tokens, heads * head_dim]`.
    fn scatter(&self, out: &mut [f32], width: usize, segment: &Range<usize>, heads: Range<usize>, x: &[f32]) {
        let d = self.head_dim;
        for (at, row) in x.chunks_exact(d).enumerate() {
            let (head, token) = (heads.start + at / segment.len(), segment.start + at % segment.len());
            out[token * width + head * d..][..d].copy_from_slice(row);
        }
    }
}

/// `softmax(scale q kᵀ + mask) v`; `q` is `[tokens, heads * head_dim]`, `k` and `v` `[tokens, kv_heads * head_dim]`.
pub(crate) fn attend(shape: &Attention<'_>, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    let width = q.dim(1)?;
    let (q, k, v) = (view(q)?, view(k)?, view(v)?);
    let done = shape
        .blocks()
        .into_par_iter()
        .map(|(segment, head)| {
            let block = shape.block(&q, &k, &v, &segment, head)?;
            Ok((segment, head, block.probabilities.matmul(&block.v)?))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut out = vec![0.0; q.len()];
    for (segment, head, context) in &done {
        let heads = head * shape.group()..(head + 1) * shape.group();
        shape.scatter(&mut out, width, segment, heads, &view(context)?);
    }
    rows(out, width)
}

/// The derivatives of [`attend`] by `q`, `k` and `v`.
///
/// With `P` the probabilities: `dV = Pᵀ dO`, `dP = dO Vᵀ`, `dS = scale P (dP - rowsum(P dP))`, `dQ = dS K`,
/// `dK = dSᵀ Q`. The sum over a group's query heads comes from their being stacked.
pub(crate) fn attend_backward(
    shape: &Attention<'_>,
    [q, k, v]: [&Tensor; 3],
    d_out: &Tensor,
) -> Result<(Tensor, Tensor, Tensor)> {
    let (q_width, kv_width) = (q.dim(1)?, k.dim(1)?);
    let (q, k, v, d_out) = (view(q)?, view(k)?, view(v)?, view(d_out)?);
    let done = shape
        .blocks()
        .into_par_iter()
        .map(|(segment, head)| {
            let Block { q, k, v, probabilities } = shape.block(&q, &k, &v, &segment, head)?;
            let d_out = shape.gather(&d_out, q_width, &segment, head * shape.group()..(head + 1) * shape.group())?;
            let d_v = probabilities.t()?.matmul(&d_out)?;
            let d_scores = d_out.matmul(&v.t()?)?;
            softmax_backward(&probabilities, &d_scores, shape.scale)?;
            Ok((segment, head, d_scores.matmul(&k)?, d_scores.t()?.matmul(&q)?, d_v))
        })
        .collect::<Result<Vec<_>>>()?;
    let (mut d_q, mut d_k, mut d_v) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
    for (segment, head, block_q, block_k, block_v) in &done {
        let heads = head * shape.group()..(head + 1) * shape.group();
        shape.scatter(&mut d_q, q_width, segment, heads, &view(block_q)?);
        shape.scatter(&mut d_k, kv_width, segment, *head..head + 1, &view(block_k)?);
        shape.scatter(&mut d_v, kv_width, segment, *head..head + 1, &view(block_v)?);
    }
    Ok((rows(d_q, q_width)?, rows(d_k, kv_width)?, rows(d_v, kv_width)?))
}

/// Turns the derivative by the probabilities into that by the scores, in place.
fn softmax_backward(probabilities: &Tensor, d: &Tensor, scale: f32) -> Result<()> {
    let width = d.dim(1)?;
    let p = view(probabilities)?;
    edit(d, |values| {
        for (row, p) in values.chunks_exact_mut(width).zip(p.chunks_exact(width)) {
            simd(|| {
                let along = dot(row, p);
                row.iter_mut().zip(p).for_each(|(d, p)| *d = scale * p * (*d - along));
            });
        }
    })
}
