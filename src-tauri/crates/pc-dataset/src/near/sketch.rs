//! MinHash with one permutation (Li, Owen and Zhang 2012): each shingle is hashed once, the hash says in which of
//! [`BINS`] bins it falls and what it is worth there, and each bin keeps its least. Empty bins borrow from bins that a
//! universal hash picks (optimal densification, Shrivastava 2017), so that the estimate stays unbiased for short texts.
//! [`BANDS`] bands of [`ROWS`] bins are the keys of locality-sensitive hashing (Indyk and Motwani 1998): two texts of
//! similarity s share a key with probability 1 - (1 - s^6)^20, that is 0.998 at 0.8, 0.27 at 0.5 and 0.01 at 0.3.
//! Deliberately absent: the true similarity, which `shingle` computes for whoever shares a key.

use std::sync::LazyLock;

use super::shingle::{Sink, mix};

/// Bins, which take the place of permutations.
pub const BINS: usize = BANDS * ROWS;
/// Keys of a text.
pub const BANDS: usize = 20;
/// Bins of a key.
pub const ROWS: usize = 6;

const EMPTY: u32 = u32::MAX;

/// Attempts to borrow that are looked up.
const KNOWN: usize = 48;

/// From which bin an empty one borrows at its attempt, counted from 1.
fn lender(bin: usize, attempt: usize) -> usize {
    (((mix(((bin as u64) << 32) | attempt as u64) >> 32) * BINS as u64) >> 32) as usize
}

/// The first attempts of each bin; a short text makes many.
static LENDERS: LazyLock<Box<[[u8; KNOWN]]>> =
    LazyLock::new(|| (0..BINS).map(|bin| std::array::from_fn(|at| lender(bin, at + 1) as u8)).collect());

/// The least of each bin.
#[derive(Clone, Debug)]
pub(crate) struct Sketch([u32; BINS]);

impl Sketch {
    pub fn new() -> Self {
        Self([EMPTY; BINS])
    }

    /// Takes a shingle; the order does not matter, nor do repeats.
    #[inline]
    pub fn add(&mut self, shingle: u64) {
        // The upper half picks the bin by a multiplication instead of a remainder, the lower half is the value.
        let bin = (((shingle >> 32) * BINS as u64) >> 32) as usize;
        let value = (shingle as u32) & (EMPTY - 1);
        let least = &mut self.0[bin];
        *least = (*least).min(value);
    }

    /// The keys, once all shingles are in; zeros where none came.
    pub fn keys(mut self) -> [u32; BANDS] {
        if self.densify() { self.bands() } else { [0; BANDS] }
    }

    /// Fills the empty bins; false where no shingle came at all.
    pub fn densify(&mut self) -> bool {
        if self.0.iter().all(|&value| value == EMPTY) {
            return false;
        }
        let given = self.0;
        for (bin, value) in self.0.iter_mut().enumerate().filter(|(_, value)| **value == EMPTY) {
            let known = LENDERS[bin].iter().map(|&from| usize::from(from));
            let later = (KNOWN + 1..).map(|attempt| lender(bin, attempt));
            let lent = known.chain(later).map(|from| given[from]).find(|lent| *lent != EMPTY);
            *value = lent.unwrap_or(EMPTY);
        }
        true
    }

    /// The share of equal bins of two filled sketches: the estimate of the Jaccard similarity.
    #[cfg(test)]
    pub fn estimate(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count() as f64 / BINS as f64
    }

    /// The keys of a filled sketch; which band a key belongs to is part of it.
    pub fn bands(&self) -> [u32; BANDS] {
        std::array::from_fn(|band| {
            let rows = &self.0[band * ROWS..(band + 1) * ROWS];
            let key = rows.iter().fold(band as u64 + 1, |key, &value| mix(key ^ u64::from(value)));
            (key >> 32) as u32
        })
    }
}

impl Sink for Sketch {
    #[inline]
    fn take(&mut self, shingle: u64) {
        self.add(shingle);
    }
}

#[cfg(test)]
mod tests {
    use super::super::shingle::jaccard;
    use super::*;

    fn sketch(set: &[u64]) -> Sketch {
        let mut sketch = Sketch::new();
        set.iter().for_each(|&shingle| sketch.add(shingle));
        assert!(sketch.densify(), "a set has a sketch");
        sketch
    }

    #[test]
    fn the_estimate_is_unbiased_for_short_and_long_texts_and_as_exact_as_its_bins_allow() {
        for size in [8_u64, 30, 120, 1_000] {
            for share in [0.2, 0.5, 0.8, 0.9] {
                let (mut sum, mut squares, mut truth) = (0.0, 0.0, 0.0);
                let trials = 400;
                for trial in 0..trials {
                    // Two sets of one size whose intersection gives about the wanted similarity.
                    let shared = (size as f64 * 2.0 * share / (1.0 + share)).round() as u64;
                    let item = |side: u64, i: u64| mix(trial << 40 | side << 32 | i);
                    let set = |side: u64| -> Vec<u64> {
                        let mut set: Vec<_> = (0..size).map(|i| item(if i < shared { 0 } else { side }, i)).collect();
                        set.sort_unstable();
                        set
                    };
                    let (a, b) = (set(1), set(2));
                    truth = jaccard(&a, &b);
                    let error = sketch(&a).estimate(&sketch(&b)) - truth;
                    sum += error;
                    squares += error * error;
                }
                let (bias, deviation) = (sum / trials as f64, (squares / trials as f64).sqrt());
                // A bin is a coin with the chance `truth`; borrowed bins of short texts are less than independent.
                let coins = (truth * (1.0 - truth) / (BINS as f64).min(size as f64)).sqrt();
                assert!(bias.abs() < 0.02, "size {size}, similarity {truth}: bias {bias}");
                assert!(deviation < 2.0 * coins + 0.01, "size {size}, similarity {truth}: deviation {deviation}");
            }
        }
    }

    #[test]
    fn nothing_has_no_sketch_and_order_and_repeats_change_none() {
        assert!(!Sketch::new().densify());
        let (a, b) = (sketch(&[mix(1), mix(2), mix(3)]), sketch(&[mix(3), mix(1), mix(2), mix(1)]));
        assert_eq!(a.bands(), b.bands());
    }
}
