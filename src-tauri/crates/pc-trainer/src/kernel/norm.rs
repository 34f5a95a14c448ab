//! Root mean square norm (arXiv 1910.07467) and its derivative by its input; that by the gain is in `outer`.
//! Deliberately absent: norms of other kinds.

use candle_core::{Result, Tensor};

use super::vector::{dot, each_row, rows, sum, view};

/// `y = x g / sqrt(mean(x²) + eps)` for each row of `gain.len()` values; the shape stays.
///
/// A `[tokens, heads * head_dim]` tensor with a gain of `head_dim` is normalised head by head.
pub(crate) fn rms_norm(x: &Tensor, gain: &[f32], eps: f32) -> Result<Tensor> {
    let (width, n) = (x.dim(1)?, gain.len());
    let x = view(x)?;
    let mut out = vec![0.0; x.len()];
    each_row(&mut out, n, |at, row| {
        let x = &x[at * n..(at + 1) * n];
        let inverse = inverse_rms(x, eps);
        for ((y, x), g) in row.iter_mut().zip(x).zip(gain) {
            *y = x * inverse * g;
        }
    });
    rows(out, width)
}

/// `dx = i (g dy) - x i³ sum(g dy x) / n`, where `i` is the row's inverse root mean square.
pub(crate) fn rms_norm_backward(x: &Tensor, gain: &[f32], eps: f32, dy: &Tensor) -> Result<Tensor> {
    let (width, n) = (x.dim(1)?, gain.len());
    let (x, dy) = (view(x)?, view(dy)?);
    let mut out = vec![0.0; x.len()];
    each_row(&mut out, n, |at, row| {
        let (x, dy) = (&x[at * n..(at + 1) * n], &dy[at * n..(at + 1) * n]);
        let inverse = inverse_rms(x, eps);
        let along = sum(n, |i| gain[i] * dy[i] * x[i]) * inverse * inverse * inverse / n as f32;
        for (((dx, x), dy), g) in row.iter_mut().zip(x).zip(dy).zip(gain) {
            *dx = g * dy * inverse - x * along;
        }
    });
    rows(out, width)
}

#[inline(always)]
pub(super) fn inverse_rms(x: &[f32], eps: f32) -> f32 {
    1.0 / (dot(x, x) / x.len() as f32 + eps).sqrt()
}
