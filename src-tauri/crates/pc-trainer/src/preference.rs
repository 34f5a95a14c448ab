//! Learning from preferences: Direct Preference Optimisation (arXiv 2305.18290) with the sigmoid loss, as TRL computes it.
//! Deliberately absent: other losses, and label smoothing.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What a pair is measured against: how likely its two answers were before the training began.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Logarithms, summed over an answer's tokens.
    pub chosen: f64,
    pub rejected: f64,
    /// How much the pair counts.
    pub weight: f32,
}

/// How a pair stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// `-weight log σ(chosen - rejected)`
    pub loss: f64,
    /// The implicit rewards: β times the gain in logarithmic likelihood.
    pub chosen: f64,
    pub rejected: f64,
    /// The size of the loss' derivative by either likelihood.
    slope: f64,
}

/// Judges a pair by the logarithmic likelihoods of its chosen and its rejected answer; `beta` says how strongly the model is
/// held to the reference.
pub fn judge(reference: &Reference, likelihoods: &[f64], beta: f64) -> Judgement {
    let [chosen, rejected] = [0, 1].map(|at| likelihoods.get(at).copied().unwrap_or(f64::NAN));
    let (chosen, rejected) = (beta * (chosen - reference.chosen), beta * (rejected - reference.rejected));
    let (margin, weight) = (chosen - rejected, f64::from(reference.weight));
    // log(1 + e^-m) without overflow.
    let loss = weight * ((-margin).max(0.0) + (-margin.abs()).exp().ln_1p());
    Judgement { loss, chosen, rejected, slope: weight * beta / (1.0 + margin.exp()) }
}

/// How much each target's own loss counts for the sum of the pairs' losses: more for chosen, less than nothing for rejected.
pub(crate) fn slopes(judgements: &[Judgement], targets_of_rows: &[Range<usize>], factor: f32) -> Vec<f32> {
    let mut weights = vec![0.0; targets_of_rows.last().map_or(0, |range| range.end)];
    for (judgement, rows) in judgements.iter().zip(targets_of_rows.chunks(2)) {
        let slope = judgement.slope as f32 * factor;
        for (range, sign) in rows.iter().zip([1.0, -1.0]) {
            weights[range.clone()].fill(sign * slope);
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    const BETA: f64 = 0.1;

    #[test]
    fn a_pair_that_stands_as_at_the_start_loses_log_two() {
        let reference = Reference { chosen: -20.0, rejected: -30.0, weight: 1.0 };
        let even = judge(&reference, &[-20.0, -30.0], BETA);
        assert!((even.loss - 2f64.ln()).abs() < 1e-12 && (even.slope - BETA / 2.0).abs() < 1e-12);
        let won = judge(&reference, &[-10.0, -40.0], BETA);
        assert!((won.chosen - 1.0).abs() < 1e-12 && (won.rejected + 1.0).abs() < 1e-12, "ten nats are a reward of one");
        assert!((won.loss - (1.0 + (-2f64).exp()).ln()).abs() < 1e-12);
        let lost = judge(&reference, &[-20_020.0, -30.0], BETA);
        assert!(lost.loss.is_finite() && (lost.loss - 2000.0).abs() < 1e-6, "far off, the loss is the margin");
    }

    #[test]
    fn chosen_and_rejected_pull_in_opposite_directions() {
        let judgement = judge(&Reference { chosen: 0.0, rejected: 0.0, weight: 1.0 }, &[0.0, 0.0], BETA);
        assert_eq!(slopes(&[judgement], &[0..2, 2..3], 2.0), [0.1, 0.1, -0.1]);
    }
}
