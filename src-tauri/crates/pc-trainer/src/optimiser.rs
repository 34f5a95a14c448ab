//! AdamW with decoupled weight decay (arXiv 1711.05101), and clipping by the gradient's norm. PyTorch's order of
//! operations. Deliberately absent: which weights decay, which is the layout's.

use std::ops::Range;

use rayon::prelude::*;

/// β₁, β₂ and ε are PyTorch's defaults.
const BETAS: (f64, f64) = (0.9, 0.999);
const EPSILON: f32 = 1e-8;
/// Values that one task handles.
const AT_ONCE: usize = 1 << 16;

/// Moments of every parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW {
    /// Updates done.
    pub step: u64,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl AdamW {
    /// For this many parameters, before any update.
    pub fn new(count: usize) -> Self {
        Self { step: 0, first: vec![0.0; count], second: vec![0.0; count] }
    }

    /// `m = β₁ m + (1-β₁) g`, `v = β₂ v + (1-β₂) g²`, `p = p (1 - lr λ) - lr m̂ / (√v̂ + ε)`.
    pub fn update(&mut self, values: &mut [f32], gradient: &[f32], learning_rate: f64, weight_decay: f64) {
        self.step += 1;
        self.apply(0..values.len(), values, gradient, learning_rate, weight_decay);
    }

    /// The same for the part of all parameters that lies at `range`, within a step that the caller has counted.
    pub(crate) fn apply(
        &mut self,
        range: Range<usize>,
        values: &mut [f32],
        gradient: &[f32],
        learning_rate: f64,
        weight_decay: f64,
    ) {
        let correction = |beta: f64| 1.0 - beta.powf(self.step as f64);
        let size = (learning_rate / correction(BETAS.0)) as f32;
        let root = correction(BETAS.1).sqrt() as f32;
        let keep = (1.0 - learning_rate * weight_decay) as f32;
        let (b1, b2) = (BETAS.0 as f32, BETAS.1 as f32);
        let (rest1, rest2) = ((1.0 - BETAS.0) as f32, (1.0 - BETAS.1) as f32);
        let moments = self.first[range.clone()].par_iter_mut().zip(&mut self.second[range]);
        let all = values.par_iter_mut().zip(gradient).zip(moments).with_min_len(AT_ONCE);
        all.for_each(|((value, g), (m, v))| {
            *m = b1 * *m + rest1 * g;
            *v = b2 * *v + rest2 * g * g;
            *value = *value * keep - size * *m / (v.sqrt() / root + EPSILON);
        });
    }
}

/// Scales the gradient so that its Euclidean norm is at most `limit`; answers the norm before.
pub fn clip(gradient: &mut [f32], limit: f64) -> f64 {
    let square = |part: &[f32]| part.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>();
    // The parts are the same on every machine, and so is the order in which they are added.
    let parts: Vec<f64> = gradient.par_chunks(AT_ONCE).map(square).collect();
    let norm = parts.iter().sum::<f64>().sqrt();
    if norm > limit {
        let factor = (limit / (norm + 1e-6)) as f32;
        gradient.par_iter_mut().with_min_len(AT_ONCE).for_each(|g| *g *= factor);
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_update_moves_by_the_learning_rate_against_the_sign() {
        let mut adam = AdamW::new(2);
        let mut values = [1.0, 1.0];
        adam.update(&mut values, &[0.5, -0.001], 0.1, 0.0);
        assert!((values[0] - 0.9).abs() < 1e-5, "bias correction makes the first step the learning rate");
        assert!((values[1] - 1.1).abs() < 1e-4, "whatever the gradient's size");
    }

    #[test]
    fn decay_shrinks_a_parameter_that_has_no_gradient() {
        let mut adam = AdamW::new(1);
        let mut values = [2.0];
        adam.update(&mut values, &[0.0], 0.1, 0.5);
        assert!((values[0] - 1.9).abs() < 1e-6, "2 (1 - 0.1 * 0.5)");
    }

    #[test]
    fn clipping_keeps_the_direction() {
        let mut gradient = [3.0, 4.0];
        assert_eq!(clip(&mut gradient, 1.0), 5.0);
        assert!((gradient[0] - 0.6).abs() < 1e-5 && (gradient[1] - 0.8).abs() < 1e-5, "three fifths, four fifths");
    }
}
