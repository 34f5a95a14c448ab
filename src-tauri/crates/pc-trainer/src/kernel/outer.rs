//! Gradients of weights that are themselves learnt: sums over tokens, added where they lie in the flat gradient.
//! Deliberately absent: derivatives by inputs, which stand beside their forward functions.

use candle_core::{Result, Tensor, bail};
use gemm::{Parallelism, gemm};
use rayon::prelude::*;

use super::norm::inverse_rms;
use super::vector::view;

/// Rows whose sums one task makes; fixed, so that the order of additions is the same on every machine.
const ROWS_AT_ONCE: usize = 512;

/// `into += dyᵀ x`, where `dy` is `[tokens, out]`, `x` `[tokens, in]` and `into` `[out, in]`: the gradient of a projection.
///
/// The product is added in place: a model's gradients do not fit into memory twice.
pub(crate) fn add_outer(into: &mut [f32], dy: &Tensor, x: &Tensor) -> Result<()> {
    let ((tokens, out), (same, input)) = (dy.dims2()?, x.dims2()?);
    let (dy, x) = (view(dy)?, view(x)?);
    if same != tokens || into.len() != out * input || dy.len() != tokens * out || x.len() != tokens * input {
        bail!("the gradient's shape is not that of its factors");
    }
    let threads = rayon::current_num_threads();
    let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
    #[expect(unsafe_code, reason = "candle's products cannot add to memory that is there already")]
    // SAFETY: the lengths were compared with the sizes above; `into` is borrowed alone, the factors are only read.
    unsafe {
        gemm(
            out,
            input,
            tokens,
            into.as_mut_ptr(),
            1,
            input as isize,
            true,
            dy.as_ptr(),
            out as isize,
            1,
            x.as_ptr(),
            1,
            input as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            parallelism,
        );
    }
    Ok(())
}

/// `into += sum of dy's rows`: the gradient of a bias.
pub(crate) fn add_rows(into: &mut [f32], dy: &Tensor) -> Result<()> {
    let width = into.len();
    let dy = view(dy)?;
    add_sums(into, dy.len() / width, |at, sums| {
        sums.iter_mut().zip(&dy[at * width..]).for_each(|(sum, dy)| *sum += dy);
    });
    Ok(())
}

/// `into += sum over rows of dy x i`, with `i` the row's inverse root mean square: the gradient of a norm's gain.
pub(crate) fn add_gain(into: &mut [f32], x: &Tensor, eps: f32, dy: &Tensor) -> Result<()> {
    let width = into.len();
    let (x, dy) = (view(x)?, view(dy)?);
    add_sums(into, dy.len() / width, |at, sums| {
        let (x, dy) = (&x[at * width..(at + 1) * width], &dy[at * width..(at + 1) * width]);
        let inverse = inverse_rms(x, eps);
        sums.iter_mut().zip(x).zip(dy).for_each(|((sum, x), dy)| *sum += dy * x * inverse);
    });
    Ok(())
}

/// Adds up what `add` makes of each row, some rows a task.
fn add_sums(into: &mut [f32], rows: usize, add: impl Fn(usize, &mut [f32]) + Sync) {
    let width = into.len();
    let parts: Vec<Vec<f32>> = (0..rows.div_ceil(ROWS_AT_ONCE))
        .into_par_iter()
        .map(|part| {
            let mut sums = vec![0.0; width];
            (part * ROWS_AT_ONCE..rows.min((part + 1) * ROWS_AT_ONCE)).for_each(|row| add(row, &mut sums));
            sums
        })
        .collect();
    for part in parts {
        into.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::vector::rows;
    use super::*;

    #[test]
    fn products_and_sums_are_added_to_what_is_there() {
        let dy = rows(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3).unwrap();
        let x = rows(vec![1.0, 10.0, 2.0, 20.0], 2).unwrap();
        let mut into = vec![100.0; 6];
        add_outer(&mut into, &dy, &x).unwrap();
        // First row of the sum: dy's first column (1, 4) on x: 1*1 + 4*2 = 9 and 1*10 + 4*20 = 90.
        assert_eq!(into, [109.0, 190.0, 112.0, 220.0, 115.0, 250.0]);
        let mut bias = vec![1.0; 3];
        add_rows(&mut bias, &dy).unwrap();
        assert_eq!(bias, [6.0, 8.0, 10.0]);
        assert!(add_outer(&mut into[..5], &dy, &x).is_err(), "a wrong length is refused before memory is touched");
    }
}
