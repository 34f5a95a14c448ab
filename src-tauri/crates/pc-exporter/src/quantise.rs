//! Block-wise quantisation of weights in the layout of ONNX Runtime's `MatMulNBits`.
//!
//! Each row is cut into blocks; a weight is `(q - zero_point) * scale` with a scale, and for 4 bits a zero point, of
//! its block. Scales are searched for the least squared error, since plain rounding over the full range harms small
//! models. Deliberately absent: calibration with activations.

use rayon::prelude::*;

/// How a matrix is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    F32,
    /// Symmetric around 128, one f32 scale a block.
    Bits8 {
        block: usize,
    },
    /// One f32 scale and one 4-bit zero point a block.
    Bits4 {
        block: usize,
    },
}

impl Precision {
    /// The same precision with the largest block that divides `columns`; f32 where none does.
    pub fn fitted(self, columns: usize) -> Self {
        let fit = |block: usize| [128, 64, 32, 16].into_iter().find(|b| *b <= block && columns.is_multiple_of(*b));
        match self {
            Self::F32 => Self::F32,
            Self::Bits8 { block } => fit(block).map_or(Self::F32, |block| Self::Bits8 { block }),
            Self::Bits4 { block } => fit(block).map_or(Self::F32, |block| Self::Bits4 { block }),
        }
    }
}

/// A quantised matrix.
pub struct Blocks {
    pub bits: usize,
    pub block: usize,
    /// `[rows, blocks a row, block * bits / 8]`, the first weight in the low bits.
    pub data: Vec<u8>,
    /// `[rows, blocks a row]`
    pub scales: Vec<f32>,
    /// `[rows, ceil(blocks a row * bits / 8)]`, packed like `data`; nothing means the middle of the range.
    pub zero_points: Option<Vec<u8>>,
}

/// Quantises `weights` of `columns` a row to 8 bits; `block` divides `columns`.
pub fn to_8_bits(weights: &[f32], block: usize) -> Blocks {
    let mut data = vec![0; weights.len()];
    let mut scales = vec![0.0; weights.len() / block];
    let blocks = weights.par_chunks(block).zip(data.par_chunks_mut(block)).zip(scales.par_iter_mut());
    blocks.with_min_len(256).for_each(|((weights, data), scale)| {
        let largest = weights.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
        *scale = largest / 127.0;
        let inverse = if *scale > 0.0 { scale.recip() } else { 0.0 };
        for (byte, weight) in data.iter_mut().zip(weights) {
            *byte = ((weight * inverse).round() + 128.0) as u8;
        }
    });
    Blocks { bits: 8, block, data, scales, zero_points: None }
}

/// Quantises `weights` of `columns` a row to 4 bits; `block` divides `columns`.
pub fn to_4_bits(weights: &[f32], columns: usize, block: usize) -> Blocks {
    let per_row = columns / block;
    let zero_bytes = per_row.div_ceil(2);
    let rows = weights.len() / columns;
    let mut data = vec![0; weights.len() / 2];
    let mut scales = vec![0.0; rows * per_row];
    let mut zero_points = vec![0; rows * zero_bytes];
    weights
        .par_chunks(columns)
        .zip(data.par_chunks_mut(columns / 2))
        .zip(scales.par_chunks_mut(per_row).zip(zero_points.par_chunks_mut(zero_bytes)))
        .for_each(|((weights, data), (scales, zero_points))| {
            for (at, weights) in weights.chunks(block).enumerate() {
                let (scale, zero) = best_grid(weights);
                scales[at] = scale;
                zero_points[at / 2] |= (zero as u8) << (at % 2 * 4);
                for (byte, pair) in data[at * block / 2..].iter_mut().zip(weights.chunks(2)) {
                    *byte = nearest(pair[0], scale, zero) as u8 | (nearest(pair[1], scale, zero) as u8) << 4;
                }
            }
        });
    Blocks { bits: 4, block, data, scales, zero_points: Some(zero_points) }
}

fn nearest(weight: f32, scale: f32, zero: f32) -> f32 {
    (weight / scale + zero).round().clamp(0.0, 15.0)
}

/// Scale and zero point of one block: the full range and ranges cut at both ends are tried, with each zero point near
/// the range's own, and the scale of each is refitted to the integers that it gave.
fn best_grid(weights: &[f32]) -> (f32, f32) {
    let (low, high) = weights.iter().fold((0.0_f32, 0.0_f32), |(low, high), w| (low.min(*w), high.max(*w)));
    if high - low < f32::MIN_POSITIVE * 64.0 {
        return (1.0, 8.0);
    }
    let mut best = (f32::INFINITY, 1.0, 8.0);
    for cut in 0..10 {
        let range = (high - low) * (1.0 - 0.035 * cut as f32);
        let scale = range / 15.0;
        let middle = (-low * range / (high - low) / scale).round();
        for zero in [middle - 1.0, middle, middle + 1.0] {
            if !(0.0..=15.0).contains(&zero) {
                continue;
            }
            let refitted = refit(weights, scale, zero);
            for scale in [scale, refitted] {
                let error = squared_error(weights, scale, zero);
                if error < best.0 {
                    best = (error, scale, zero);
                }
            }
        }
    }
    (best.1, best.2)
}

/// The scale with the least squared error for the integers that `scale` gives.
fn refit(weights: &[f32], scale: f32, zero: f32) -> f32 {
    let (mut dot, mut square) = (0.0, 0.0);
    for weight in weights {
        let steps = nearest(*weight, scale, zero) - zero;
        dot += steps * weight;
        square += steps * steps;
    }
    if dot > 0.0 && square > 0.0 { dot / square } else { scale }
}

fn squared_error(weights: &[f32], scale: f32, zero: f32) -> f32 {
    let error = |weight: &f32| weight - (nearest(*weight, scale, zero) - zero) * scale;
    weights.iter().map(|weight| error(weight) * error(weight)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 37 % 101) as f32 / 50.0 - 1.0).powi(3) * 0.1).collect()
    }

    fn restored(blocks: &Blocks, columns: usize) -> Vec<f32> {
        let per_row = columns / blocks.block;
        let value = |at: usize| {
            let (row, block) = (at / columns, at % columns / blocks.block);
            let scale = blocks.scales[row * per_row + block];
            let (q, zero) = match &blocks.zero_points {
                None => (blocks.data[at], 128),
                Some(zeros) => (
                    blocks.data[at / 2] >> (at % 2 * 4) & 15,
                    zeros[row * per_row.div_ceil(2) + block / 2] >> (block % 2 * 4) & 15,
                ),
            };
            (f32::from(q) - f32::from(zero)) * scale
        };
        (0..blocks.data.len() * 8 / blocks.bits).map(value).collect()
    }

    fn error(weights: &[f32], other: &[f32]) -> f32 {
        weights.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum()
    }

    #[test]
    fn eight_bits_stay_within_half_a_step_of_every_weight() {
        let weights = wave(3 * 64);
        let blocks = to_8_bits(&weights, 32);
        for (at, (weight, back)) in weights.iter().zip(restored(&blocks, 64)).enumerate() {
            assert!((weight - back).abs() <= blocks.scales[at / 32] * 0.501, "rounding is to the nearest step");
        }
    }

    #[test]
    fn searched_four_bits_err_less_than_the_plain_range() {
        let weights = wave(5 * 96);
        let blocks = to_4_bits(&weights, 96, 32);
        let found = error(&weights, &restored(&blocks, 96));
        let plain: f32 = weights
            .chunks(32)
            .map(|block| {
                let (low, high) = block.iter().fold((0.0_f32, 0.0_f32), |(l, h), w| (l.min(*w), h.max(*w)));
                let scale = (high - low) / 15.0;
                squared_error(block, scale, (-low / scale).round())
            })
            .sum();
        assert!(found < plain, "the plain grid is one of those tried: {found} < {plain}");
    }

    #[test]
    fn a_block_of_zeros_stays_zero() {
        assert!(
            restored(&to_4_bits(&[0.0; 32], 32, 32), 32).iter().all(|w| *w == 0.0),
            "no division by an empty range"
        );
        assert!(restored(&to_8_bits(&[0.0; 32], 32), 32).iter().all(|w| *w == 0.0), "no division by an empty range");
    }
}
