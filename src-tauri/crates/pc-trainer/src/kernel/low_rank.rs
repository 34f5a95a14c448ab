//! What stands beside a frozen projection: bias, the low-rank term (LoRA, arXiv 2106.09685) and its dropout.
//! Deliberately absent: the large products, which are candle's.

use candle_core::{Result, Tensor};

use super::vector::{each_row, edit, rows, view};

/// `y += scale * low basis` where `low` is `[tokens, rank]` and `basis` `[rank, width]`, in place.
///
/// One pass over `y`: a general product would first write the whole term and then read it again.
pub(crate) fn add_low_rank(y: &Tensor, low: &Tensor, basis: &[f32], scale: f32) -> Result<()> {
    let (width, rank) = (y.dim(1)?, low.dim(1)?);
    let low = view(low)?;
    edit(y, |values| {
        each_row(values, width, |token, row| {
            let factors = &low[token * rank..(token + 1) * rank];
            for (factors, basis) in factors.chunks(4).zip(basis.chunks(4 * width)) {
                add_four(row, factors, basis, scale);
            }
        });
    })
}

#[inline(always)]
fn add_four(row: &mut [f32], factors: &[f32], basis: &[f32], scale: f32) {
    let n = row.len();
    if let [a, b, c, d] = factors {
        let (a, b, c, d) = (a * scale, b * scale, c * scale, d * scale);
        let (first, rest) = basis.split_at(n);
        let (second, rest) = rest.split_at(n);
        let (third, fourth) = rest.split_at(n);
        for ((((y, p), q), r), s) in row.iter_mut().zip(first).zip(second).zip(third).zip(fourth) {
            *y += a * p + b * q + c * r + d * s;
        }
        return;
    }
    for (factor, basis) in factors.iter().zip(basis.chunks(n)) {
        let factor = factor * scale;
        for (y, p) in row.iter_mut().zip(basis) {
            *y += factor * p;
        }
    }
}

/// Adds one bias to every row, in place.
pub(crate) fn add_bias(y: &Tensor, bias: &[f32]) -> Result<()> {
    edit(y, |values| {
        each_row(values, bias.len(), |_, row| {
            row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
        });
    })
}

/// `y += x`, in place.
pub(crate) fn add_to(y: &Tensor, x: &Tensor) -> Result<()> {
    let width = y.dim(1)?;
    let x = view(x)?;
    edit(y, |values| {
        each_row(values, width, |at, row| {
            row.iter_mut().zip(&x[at * width..(at + 1) * width]).for_each(|(y, x)| *y += x);
        });
    })
}

/// `x mask / (1 - rate)`. The mask is a function of the key and the place, so that the backward pass and a
/// resumed run draw the same one without storing it.
pub(crate) fn dropout(x: &Tensor, rate: f32, key: u64) -> Result<Tensor> {
    let width = x.dim(1)?;
    let x = view(x)?;
    let mut out = x.to_vec();
    each_row(&mut out, width, |at, row| mask(row, rate, key, at * width));
    rows(out, width)
}

/// The derivative of [`dropout`] by its input: the same mask on `dx`.
pub(crate) fn dropout_backward(dx: &Tensor, rate: f32, key: u64) -> Result<Tensor> {
    dropout(dx, rate, key)
}

#[inline(always)]
fn mask(row: &mut [f32], rate: f32, key: u64, start: usize) {
    let keep = 1.0 / (1.0 - rate);
    let limit = (f64::from(rate) * 4_294_967_296.0) as u32;
    for (at, value) in row.iter_mut().enumerate() {
        let draw = (scramble(key.wrapping_add((start + at) as u64)) >> 32) as u32;
        *value *= if draw < limit { 0.0 } else { keep };
    }
}

/// SplitMix64's output function: neighbouring inputs give independent-looking outputs.
#[inline(always)]
pub(crate) fn scramble(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_keeps_the_mean_and_repeats_itself() {
        let ones = rows(vec![1.0; 40_000], 100).unwrap();
        let once = view(&dropout(&ones, 0.25, 7).unwrap()).unwrap().to_vec();
        let again = view(&dropout(&ones, 0.25, 7).unwrap()).unwrap().to_vec();
        assert_eq!(once, again, "the mask is a function of the key alone");
        let mean = once.iter().sum::<f32>() / once.len() as f32;
        assert!((mean - 1.0).abs() < 0.01, "dropped values are made up for: {mean}");
    }

    #[test]
    fn the_low_rank_term_is_the_plain_product() {
        let y = rows(vec![1.0; 6], 3).unwrap();
        let low = rows(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0], 5).unwrap();
        let basis: Vec<f32> = (0..15).map(|i| i as f32).collect();
        add_low_rank(&y, &low, &basis, 2.0).unwrap();
        // Row 0, column 0: 1 + 2 * (1*0 + 2*3 + 3*6 + 4*9 + 5*12) = 241.
        assert_eq!(view(&y).unwrap()[0], 241.0, "four factors at a time and the fifth after them");
    }
}
