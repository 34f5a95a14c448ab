//! Counts of a size over any number of rows in bounded memory: exact below 16, then eight buckets for every doubling,
//! so that a quantile is off by at most an eighth. Number, sum, least and greatest are exact. Deliberately absent: samples.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// Sizes below this have a bucket each.
const EXACT: u64 = 16;

/// Counts by size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: u64,
    least: u64,
    greatest: u64,
}

/// One bucket that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// The least size that falls in it, and the greatest.
    pub from: u64,
    pub to: u64,
    pub count: u64,
}

fn bucket_of(size: u64) -> usize {
    if size < EXACT {
        return size as usize;
    }
    let power = size.ilog2();
    (EXACT + u64::from(power - 4) * 8 + ((size >> (power - 3)) & 7)) as usize
}

fn from_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < EXACT {
        return bucket;
    }
    let power = 4 + (bucket - EXACT) / 8;
    (8 + (bucket - EXACT) % 8) << (power - 3)
}

impl Histogram {
    /// One more of this size.
    pub fn add(&mut self, size: u64) {
        let bucket = bucket_of(size);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.least = if self.total == 0 { size } else { self.least.min(size) };
        self.greatest = self.greatest.max(size);
        self.total += 1;
        self.sum += size;
    }

    /// All of another one's.
    pub fn merge(&mut self, other: &Self) {
        if other.total == 0 {
            return;
        }
        self.counts.resize(self.counts.len().max(other.counts.len()), 0);
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, more)| *own += more);
        self.least = if self.total == 0 { other.least } else { self.least.min(other.least) };
        self.greatest = self.greatest.max(other.greatest);
        self.total += other.total;
        self.sum += other.sum;
    }

    /// How many were counted, and their sum.
    pub fn total(&self) -> (u64, u64) {
        (self.total, self.sum)
    }

    /// The least size that a share of all, in [0, 1], does not exceed, to an eighth; nothing of none.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let wanted = ((share * self.total as f64).ceil() as u64).max(1);
        let mut before = 0;
        let bucket = self.counts.iter().position(|count| {
            before += count;
            before >= wanted
        })?;
        Some((from_of(bucket + 1) - 1).min(self.greatest))
    }

    /// The buckets that are not empty, in order.
    pub fn buckets(&self) -> Vec<Bucket> {
        let all = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        all.map(|(at, &count)| Bucket { from: from_of(at), to: from_of(at + 1) - 1, count }).collect()
    }
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut shape = to.serialize_struct("Histogram", 8)?;
        shape.serialize_field("total", &self.total)?;
        shape.serialize_field("sum", &self.sum)?;
        shape.serialize_field("least", &self.least)?;
        shape.serialize_field("greatest", &self.greatest)?;
        shape.serialize_field("median", &self.quantile(0.5))?;
        shape.serialize_field("p95", &self.quantile(0.95))?;
        shape.serialize_field("p99", &self.quantile(0.99))?;
        shape.serialize_field("buckets", &self.buckets())?;
        shape.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_meet_without_gap_and_quantiles_are_off_by_an_eighth_at_most() {
        for size in (0..5_000).chain([u64::from(u32::MAX), 1 << 40]) {
            let bucket = bucket_of(size);
            assert!(from_of(bucket) <= size && size < from_of(bucket + 1), "{size} is in its bucket");
        }
        let (mut whole, mut half) = (Histogram::default(), Histogram::default());
        (1..=500).for_each(|size| whole.add(size));
        (501..=1_000).for_each(|size| half.add(size));
        whole.merge(&half);
        assert_eq!(whole.total(), (1_000, 500_500));
        for (share, truth) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = whole.quantile(share).expect("there are some") as f64;
            assert!(found >= truth && found <= truth * 1.125, "{share}: {found}");
        }
        assert_eq!(Histogram::default().quantile(0.5), None);
    }
}
