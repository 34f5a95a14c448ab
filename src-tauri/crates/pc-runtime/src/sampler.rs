//! Choice of the next token from logits: penalties, temperature, top-k, top-p; greedy without temperature.
//!
//! Repetition penalty is CTRL's (arXiv 1909.05858); top-p is nucleus sampling (1904.09751).
//! Deliberately absent: beams and grammars.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

/// How an answer is drawn. The default is greedy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    pub max_tokens: usize,
    /// Zero is greedy.
    pub temperature: f32,
    pub top_p: f32,
    /// Zero is all.
    pub top_k: usize,
    /// One is none; applies to the prompt's and the answer's tokens.
    pub repetition_penalty: f32,
    /// Taken once from every token of the answer so far.
    pub presence_penalty: f32,
    /// Taken from a token of the answer as often as it occurs.
    pub frequency_penalty: f32,
    /// The same seed draws the same answer; nothing draws anew.
    pub seed: Option<u64>,
    /// Texts that end the answer before them.
    pub stop: Vec<String>,
    /// Added to the logits of tokens.
    pub bias: HashMap<u32, f32>,
    /// Report the log probability of every token and of so many alternatives, which costs passes over the vocabulary.
    pub logprobs: Option<usize>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            max_tokens: 512,
            temperature: 0.0,
            top_p: 1.0,
            top_k: 0,
            repetition_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            seed: None,
            stop: Vec::new(),
            bias: HashMap::new(),
            logprobs: None,
        }
    }
}

/// Draws the tokens of one answer.
pub struct Sampler<'a> {
    sampling: &'a Sampling,
    random: StdRng,
    /// How often each token occurs in the answer; zero for those of the prompt only.
    seen: HashMap<u32, usize>,
    logits: Vec<f32>,
}

impl<'a> Sampler<'a> {
    pub fn new(sampling: &'a Sampling, prompt: &[u32]) -> Self {
        let random = sampling.seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
        Self { sampling, random, seen: prompt.iter().map(|id| (*id, 0)).collect(), logits: Vec::new() }
    }

    /// The next token.
    pub fn next(&mut self, logits: &[f32]) -> u32 {
        self.logits.clear();
        self.logits.extend_from_slice(logits);
        self.penalise();
        let id = if self.sampling.temperature > 0.0 { self.draw() } else { argmax(&self.logits) };
        *self.seen.entry(id).or_default() += 1;
        id
    }

    fn penalise(&mut self) {
        let Sampling { repetition_penalty, presence_penalty, frequency_penalty, .. } = *self.sampling;
        for (id, count) in &self.seen {
            let Some(logit) = self.logits.get_mut(*id as usize) else { continue };
            if repetition_penalty > 0.0 {
                *logit *= if *logit > 0.0 { repetition_penalty.recip() } else { repetition_penalty };
            }
            if *count > 0 {
                *logit -= presence_penalty + frequency_penalty * *count as f32;
            }
        }
        for (id, bias) in &self.sampling.bias {
            if let Some(logit) = self.logits.get_mut(*id as usize) {
                *logit += bias;
            }
        }
    }

    fn draw(&mut self) -> u32 {
        let mut candidates: Vec<u32> = (0..self.logits.len() as u32).collect();
        let logits = &self.logits;
        let descending = |a: &u32, b: &u32| logits[*b as usize].total_cmp(&logits[*a as usize]);
        let kept = if self.sampling.top_k == 0 { candidates.len() } else { self.sampling.top_k.min(candidates.len()) };
        if kept < candidates.len() {
            candidates.select_nth_unstable_by(kept, descending);
            candidates.truncate(kept);
        }
        let largest = logits[argmax(logits) as usize];
        let weight = |id: u32| ((logits[id as usize] - largest) / self.sampling.temperature).exp();
        // Tokens this unlikely never reach a nucleus and are not worth sorting.
        candidates.retain(|id| weight(*id) > 1e-9);
        candidates.sort_unstable_by(descending);
        let weights: Vec<f32> = candidates.iter().map(|id| weight(*id)).collect();
        let all: f32 = weights.iter().sum();
        let mut nucleus = 0.0;
        let mut count = 0;
        for weight in &weights {
            nucleus += weight;
            count += 1;
            if nucleus >= self.sampling.top_p * all {
                break;
            }
        }
        let mut left = self.random.random::<f32>() * nucleus;
        for (id, weight) in candidates.iter().zip(&weights).take(count) {
            left -= weight;
            if left <= 0.0 {
                return *id;
            }
        }
        candidates.first().copied().unwrap_or_else(|| argmax(logits))
    }
}

/// The first of the largest.
pub fn argmax(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (id, logit) in logits.iter().enumerate() {
        if *logit > best.1 {
            best = (id as u32, *logit);
        }
    }
    best.0
}

/// Natural log of the softmax's denominator.
pub fn log_sum_exp(logits: &[f32]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    largest + logits.iter().map(|logit| (logit - largest).exp()).sum::<f32>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 4] = [1.0, 3.0, 2.9, -4.0];

    fn draws(sampling: &Sampling, count: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(sampling, &[]);
        (0..count).map(|_| sampler.next(&LOGITS)).collect()
    }

    #[test]
    fn greedy_takes_the_largest_and_survives_broken_numbers() {
        assert_eq!(draws(&Sampling::default(), 2), [1, 1], "no temperature, no chance");
        assert_eq!(argmax(&[f32::NAN, 1.0, f32::NAN]), 1, "a NaN is never the largest");
    }

    #[test]
    fn a_seed_draws_the_same_answer_and_top_k_bounds_it() {
        let sampling = Sampling { temperature: 1.0, top_k: 2, seed: Some(7), ..Sampling::default() };
        let first = draws(&sampling, 64);
        assert_eq!(first, draws(&sampling, 64), "the seed fixes every draw");
        assert!(first.iter().all(|id| [1, 2].contains(id)), "only the two likeliest are left");
        assert!(first.contains(&1) && first.contains(&2), "both are nearly as likely");
    }

    #[test]
    fn a_small_nucleus_is_the_likeliest_token() {
        let sampling = Sampling { temperature: 1.0, top_p: 0.3, seed: Some(1), ..Sampling::default() };
        assert!(draws(&sampling, 32).iter().all(|id| *id == 1), "its share alone exceeds 0.3");
    }

    #[test]
    fn penalties_move_on_to_the_next_token() {
        let presence = Sampling { presence_penalty: 0.5, ..Sampling::default() };
        assert_eq!(draws(&presence, 2), [1, 2], "3.0 falls to 2.5, below 2.9");
        let bias = Sampling { bias: HashMap::from([(1, -100.0), (9, 1.0)]), ..Sampling::default() };
        assert_eq!(draws(&bias, 1), [2], "the likeliest is out, and a token that does not exist changes nothing");
        let frequency = Sampling { frequency_penalty: 0.06, ..Sampling::default() };
        assert_eq!(draws(&frequency, 4), [1, 1, 2, 1], "each occurrence counts");
        let repetition = Sampling { repetition_penalty: 1.5, ..Sampling::default() };
        assert_eq!(Sampler::new(&repetition, &[1]).next(&LOGITS), 2, "the prompt's tokens count too");
    }

    #[test]
    fn log_probabilities_sum_to_one() {
        let all = log_sum_exp(&LOGITS);
        let sum: f32 = LOGITS.iter().map(|logit| (logit - all).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "softmax is normalised");
    }
}
