//! Rotary position embedding (arXiv 2104.09864), with halves paired as Hugging Face pairs them.
//! Deliberately absent: how the frequencies come about, which is the model's configuration.

use candle_core::{Result, Tensor};

use super::vector::{each_row, edit};

/// Cosines and sines for every position up to the longest row: `[positions, head_dim / 2]` each.
pub(crate) struct RotaryTable {
    cos: Vec<f32>,
    sin: Vec<f32>,
    half: usize,
}

impl RotaryTable {
    pub(crate) fn new(inv_freq: &[f32], positions: usize) -> Self {
        let angles = || (0..positions).flat_map(|p| inv_freq.iter().map(move |f| p as f32 * f));
        Self { cos: angles().map(f32::cos).collect(), sin: angles().map(f32::sin).collect(), half: inv_freq.len() }
    }
}

/// Turns each head of `[tokens, heads * head_dim]` by its token's position, in place; `back` turns the other way,
/// which is both the inverse and the derivative.
pub(crate) fn rotate(x: &Tensor, table: &RotaryTable, positions: &[u32], back: bool) -> Result<()> {
    let (width, half) = (x.dim(1)?, table.half);
    let sign = if back { -1.0 } else { 1.0 };
    edit(x, |values| {
        each_row(values, width, |token, row| {
            let at = positions[token] as usize * half;
            let (cos, sin) = (&table.cos[at..at + half], &table.sin[at..at + half]);
            for head in row.chunks_exact_mut(2 * half) {
                let (first, second) = head.split_at_mut(half);
                for (((a, b), c), s) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                    let (x, y, s) = (*a, *b, *s * sign);
                    *a = x * c - y * s;
                    *b = y * c + x * s;
                }
            }
        });
    })
}
