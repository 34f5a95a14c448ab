//! The floor of the kernels: looking into tensors, walking rows on all threads, vector arithmetic.
//! Deliberately absent: anything that knows a layer.

use std::cell::Cell;
use std::ops::Deref;

use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Result, Storage, Tensor, bail};
use rayon::prelude::*;

/// The values of a contiguous f32 tensor on the processor, without a copy.
pub(crate) struct View<G> {
    guard: G,
    start: usize,
    end: usize,
}

impl<G: Deref<Target = Storage>> Deref for View<G> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &*self.guard {
            Storage::Cpu(CpuStorage::F32(values)) => &values[self.start..self.end],
            _ => &[],
        }
    }
}

/// Looks into a contiguous f32 tensor; any other one is an error.
pub(crate) fn view(tensor: &Tensor) -> Result<View<impl Deref<Target = Storage> + Sync + '_>> {
    let (guard, layout) = tensor.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("the tensor is not contiguous") };
    if !matches!(&*guard, Storage::Cpu(CpuStorage::F32(_))) {
        bail!("the tensor is not f32 on the processor");
    }
    Ok(View { guard, start, end })
}

/// A `[count, width]` tensor of values already in memory; nothing is copied.
pub(crate) fn rows(values: Vec<f32>, width: usize) -> Result<Tensor> {
    let count = values.len() / width;
    Tensor::from_vec(values, (count, width), &Device::Cpu)
}

struct Edit<F>(Cell<Option<F>>);

impl<F: FnOnce(&mut [f32])> InplaceOp1 for Edit<F> {
    fn name(&self) -> &'static str {
        "edit"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets()) else {
            bail!("the tensor is not contiguous f32");
        };
        if let Some(change) = self.0.take() {
            change(&mut values[start..end]);
        }
        Ok(())
    }
}

/// Changes a tensor's values where they lie. Only for tensors that nobody else reads as they were.
pub(crate) fn edit(tensor: &Tensor, change: impl FnOnce(&mut [f32])) -> Result<()> {
    tensor.inplace_op1(&Edit(Cell::new(Some(change))))
}

/// Runs a closure compiled for the widest vectors of this processor.
#[inline(always)]
pub(crate) fn simd<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// `work(row number, row)` for each row of `width` values, on all threads.
pub(crate) fn each_row(values: &mut [f32], width: usize, work: impl Fn(usize, &mut [f32]) + Send + Sync) {
    // Below about 16 thousand values a task costs more to hand over than to do.
    let least = (16_384 / width.max(1)).max(1);
    values.par_chunks_mut(width).with_min_len(least).enumerate().for_each(|(at, row)| simd(|| work(at, row)));
}

const LANES: usize = 16;

/// Sum of `term(i)` over `0..count` with independent lanes, so that it vectorises; the order is always the same.
#[inline(always)]
pub(crate) fn sum(count: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let whole = count / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, total) in lanes.iter_mut().enumerate() {
            *total += term(start + lane);
        }
    }
    let mut total: f32 = lanes.iter().sum();
    for at in whole..count {
        total += term(at);
    }
    total
}

/// Dot product of two slices of one length.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let count = a.len().min(b.len());
    let (a, b) = (&a[..count], &b[..count]);
    sum(count, |i| a[i] * b[i])
}

/// The largest value; minus infinity for none.
#[inline(always)]
pub(crate) fn maximum(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = if *value > *lane { *value } else { *lane };
        }
    }
    lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |a, b| if *b > a { *b } else { a })
}

/// `e^x` without a branch or a call, so that loops over it vectorise; relative error below 2e-7.
///
/// `x = n ln 2 + r` with |r| <= ln 2 / 2; `e^r` by Cephes' polynomial, `2^n` through the exponent's bits.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const MAGIC: f32 = 12_582_912.0; // 1.5 * 2^23: adding it leaves the nearest whole number in the low bits.
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    let exponent = (shifted.to_bits().wrapping_sub(MAGIC.to_bits())).wrapping_add(127) << 23;
    (p * r * r + r + 1.0) * f32::from_bits(exponent)
}

/// `a + b`, element by element.
pub(crate) fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let width = a.dim(1)?;
    let (a, b) = (view(a)?, view(b)?);
    let mut out = vec![0.0; a.len()];
    each_row(&mut out, width, |at, row| {
        let from = at * width..(at + 1) * width;
        for ((out, a), b) in row.iter_mut().zip(&a[from.clone()]).zip(&b[from]) {
            *out = a + b;
        }
    });
    rows(out, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_the_library_function_to_f32_precision() {
        for step in -8600..8700 {
            let x = step as f32 / 100.0;
            let right = f64::from(x).exp();
            let error = (f64::from(exp(x)) - right).abs() / right;
            assert!(error < 3e-7, "e^{x} is off by {error:e}");
        }
    }

    #[test]
    fn sums_and_maxima_see_the_tail_after_the_last_whole_vector() {
        let values: Vec<f32> = (0..37).map(|i| i as f32).collect();
        assert_eq!(dot(&values, &[1.0; 37]), 666.0, "0 + 1 + … + 36");
        assert_eq!(maximum(&values), 36.0, "the largest stands last, beyond two whole vectors");
    }
}
