//! The gated feed-forward's activation, `h = act(g) u` (SwiGLU and GeGLU, arXiv 2002.05202), and its derivative.
//!
//! Both activations are `g σ(s(g))`: SiLU with `s = g`, tanh-GELU with `s = 2 √(2/π) (g + 0.044715 g³)`, because
//! `(1 + tanh z) / 2 = σ(2z)`. Deliberately absent: other activations.

use candle_core::{Result, Tensor};
use pc_model::Activation;

use super::vector::{each_row, exp, rows, view};

const TWICE_ROOT: f32 = 1.595_769; // 2 √(2/π)
const CUBIC: f32 = 0.044_715;

/// `s(g)` and its derivative.
#[inline(always)]
fn inner(kind: Activation, g: f32) -> (f32, f32) {
    match kind {
        Activation::Silu => (g, 1.0),
        Activation::GeluTanh => {
            let square = g * g * CUBIC;
            (TWICE_ROOT * g * (1.0 + square), TWICE_ROOT * (1.0 + 3.0 * square))
        }
    }
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `act(gate) up`, element by element.
pub(crate) fn gate(kind: Activation, gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    let width = gate.dim(1)?;
    let (gate, up) = (view(gate)?, view(up)?);
    let mut out = vec![0.0; gate.len()];
    each_row(&mut out, width, |at, row| {
        let from = at * width..(at + 1) * width;
        for ((h, g), u) in row.iter_mut().zip(&gate[from.clone()]).zip(&up[from]) {
            *h = g * sigmoid(inner(kind, *g).0) * u;
        }
    });
    rows(out, width)
}

/// The derivatives of [`gate`] by the gate and by the up projection.
pub(crate) fn gate_backward(kind: Activation, gate: &Tensor, up: &Tensor, dh: &Tensor) -> Result<(Tensor, Tensor)> {
    let width = gate.dim(1)?;
    let (gate, up, dh) = (view(gate)?, view(up)?, view(dh)?);
    let (mut d_gate, mut d_up) = (vec![0.0; gate.len()], vec![0.0; gate.len()]);
    each_row(&mut d_gate, width, |at, row| {
        let from = at * width..(at + 1) * width;
        for (((dg, g), u), dh) in row.iter_mut().zip(&gate[from.clone()]).zip(&up[from.clone()]).zip(&dh[from]) {
            let (s, slope) = inner(kind, *g);
            let open = sigmoid(s);
            *dg = dh * u * (open + g * open * (1.0 - open) * slope);
        }
    });
    each_row(&mut d_up, width, |at, row| {
        let from = at * width..(at + 1) * width;
        for ((du, g), dh) in row.iter_mut().zip(&gate[from.clone()]).zip(&dh[from]) {
            *du = dh * g * sigmoid(inner(kind, *g).0);
        }
    });
    Ok((rows(d_gate, width)?, rows(d_up, width)?))
}
