//! One projection, forward and backward: frozen with a LoRA pair beside it, or learnt itself.
//!
//! With `z = drop(x) Aᵀ`: `y = x Wᵀ + bias + s z Bᵀ`. Backward of the pair: `dB = s dyᵀ z`, `dz = s dy B`,
//! `dA = dzᵀ drop(x)`, `dx = dy W + mask(dz A)`; of the projection: `dW = dyᵀ x`, `dbias = sum dy`, `dx = dy W`.
//! Deliberately absent: merging the pair into `W`.

use candle_core::{Device, Result, Tensor};

use crate::kernel::{add_bias, add_low_rank, add_outer, add_rows, add_to, dropout, dropout_backward, view};
use crate::layout::ProjectionPlace;
use crate::lora::{Parameters, Slot};

/// A projection `[out, in]`.
pub(crate) struct Linear {
    pub weight: Tensor,
    pub bias: Option<Vec<f32>>,
}

/// A pair made ready for products, for one step.
pub(crate) struct Pair {
    slot: Slot,
    /// `[rank, in]`
    a: Tensor,
    /// `[out, rank]`
    b: Tensor,
    a_values: Vec<f32>,
    /// `[rank, out]`: the transposed `B`, for the fused sum.
    b_transposed: Vec<f32>,
    scaling: f32,
    dropout: f32,
    key: u64,
}

/// Every pair of a step. `key` decides the dropout masks; nothing turns dropout off (evaluation).
pub(crate) fn pairs(parameters: &Parameters, key: Option<u64>) -> Result<Vec<Pair>> {
    let rank = parameters.rank;
    let one = |(number, slot): (usize, &Slot)| {
        let (a, b) = (&parameters.values[slot.a.clone()], &parameters.values[slot.b.clone()]);
        let mut b_transposed = vec![0.0; b.len()];
        for (row, values) in b.chunks_exact(rank).enumerate() {
            values.iter().enumerate().for_each(|(k, value)| b_transposed[k * slot.rows + row] = *value);
        }
        Ok(Pair {
            slot: slot.clone(),
            a: Tensor::from_slice(a, (rank, slot.columns), &Device::Cpu)?,
            b: Tensor::from_slice(b, (slot.rows, rank), &Device::Cpu)?,
            a_values: a.to_vec(),
            b_transposed,
            scaling: parameters.scaling(),
            dropout: if key.is_some() { parameters.dropout } else { 0.0 },
            key: key.unwrap_or(0).wrapping_add((number as u64) << 40),
        })
    };
    parameters.slots.iter().enumerate().map(one).collect()
}

impl Linear {
    /// `[tokens, in]` to `[tokens, out]`; also the low-rank middle `z`, which the backward pass wants.
    pub(crate) fn forward(&self, x: &Tensor, pair: Option<&Pair>) -> Result<(Tensor, Option<Tensor>)> {
        let y = x.matmul(&self.weight.t()?)?;
        if let Some(bias) = &self.bias {
            add_bias(&y, bias)?;
        }
        let Some(pair) = pair else { return Ok((y, None)) };
        let low = pair.input(x)?.matmul(&pair.a.t()?)?;
        add_low_rank(&y, &low, &pair.b_transposed, pair.scaling)?;
        Ok((y, Some(low)))
    }

    /// `dx`, while the projection's own gradients are added to the flat `gradient`.
    pub(crate) fn backward_whole(
        &self,
        x: &Tensor,
        place: &ProjectionPlace,
        dy: &Tensor,
        gradient: &mut [f32],
    ) -> Result<Tensor> {
        add_outer(&mut gradient[place.weight.clone()], dy, x)?;
        if let Some(bias) = &place.bias {
            add_rows(&mut gradient[bias.clone()], dy)?;
        }
        dy.matmul(&self.weight)
    }

    /// `dx`, while the pair's gradients are added to the flat `gradient`.
    pub(crate) fn backward(
        &self,
        x: &Tensor,
        pair: &Pair,
        low: &Tensor,
        dy: &Tensor,
        gradient: &mut [f32],
    ) -> Result<Tensor> {
        let dx = dy.matmul(&self.weight)?;
        // `zᵀ dy` is `dBᵀ`: this order reads `dy` row by row.
        let d_b = low.t()?.matmul(dy)?;
        let rows = pair.slot.rows;
        let into = &mut gradient[pair.slot.b.clone()];
        let rank = into.len() / rows;
        for (k, line) in view(&d_b)?.chunks_exact(rows).enumerate() {
            line.iter().enumerate().for_each(|(row, value)| into[row * rank + k] += pair.scaling * value);
        }
        let d_low = dy.matmul(&pair.b)?;
        let d_a = d_low.t()?.matmul(&pair.input(x)?)?;
        let into = &mut gradient[pair.slot.a.clone()];
        into.iter_mut().zip(view(&d_a)?.iter()).for_each(|(sum, value)| *sum += pair.scaling * value);
        if pair.dropout > 0.0 {
            let through = dropout_backward(&d_low.matmul(&pair.a)?, pair.dropout, pair.key)?;
            add_to(&dx, &(through * f64::from(pair.scaling))?)?;
        } else {
            add_low_rank(&dx, &d_low, &pair.a_values, pair.scaling)?;
        }
        Ok(dx)
    }
}

impl Pair {
    fn input(&self, x: &Tensor) -> Result<Tensor> {
        if self.dropout > 0.0 { dropout(x, self.dropout, self.key) } else { Ok(x.clone()) }
    }
}
