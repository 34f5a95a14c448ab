//! Byte pair encoding (Sennrich et al. 2016, arXiv 1508.07909) of a short piece of text: the pair of neighbours with the
//! lowest rank is joined, the leftmost first among equals, until no pair is in the table.
//!
//! A short piece is searched again after each join, a long one keeps its candidates in a heap: `O(n log n)` for a run of any
//! length. Deliberately absent: cutting a text into pieces.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Symbols up to which searching all of them is quicker than a heap.
const SHORT: usize = 40;
/// No pair, or no symbol.
pub(super) const NONE: u32 = u32::MAX;
const EMPTY: u64 = u64::MAX;

#[derive(Clone, Copy)]
struct Slot {
    pair: u64,
    rank: u32,
    joined: u32,
}

/// Pairs of ids with their rank and what they become: open addressing, at most half full.
pub(super) struct Pairs {
    slots: Vec<Slot>,
    shift: u32,
}

const fn key(left: u32, right: u32) -> u64 {
    ((left as u64) << 32) | right as u64
}

/// Spreads bits over the whole word; what is used are the upper ones.
pub(super) const fn spread(bits: u64) -> u64 {
    let mixed = (bits ^ (bits >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

impl Pairs {
    /// Room for this many pairs.
    pub fn with_room(pairs: usize) -> Self {
        let size = (pairs * 2).next_power_of_two().max(16);
        Self { slots: vec![Slot { pair: EMPTY, rank: NONE, joined: NONE }; size], shift: 64 - size.trailing_zeros() }
    }

    /// A pair that is there already gets the new rank, as `tokenizers` does it.
    pub fn insert(&mut self, (left, right): (u32, u32), rank: u32, joined: u32) {
        let at = self.find(key(left, right));
        self.slots[at] = Slot { pair: key(left, right), rank, joined };
    }

    fn find(&self, pair: u64) -> usize {
        let mut at = (spread(pair) >> self.shift) as usize;
        loop {
            let found = self.slots[at].pair;
            if found == pair || found == EMPTY {
                return at;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Rank and result; both [`NONE`] for what is not joined.
    fn get(&self, left: u32, right: u32) -> (u32, u32) {
        let slot = &self.slots[self.find(key(left, right))];
        (slot.rank, slot.joined)
    }

    /// Joins until nothing can be joined; `work.ids` goes in as symbols and comes out as tokens.
    pub fn merge(&self, work: &mut Work) {
        if work.ids.len() > SHORT { self.merge_long(work) } else { self.merge_short(work) }
    }

    fn merge_short(&self, Work { ids, found, .. }: &mut Work) {
        found.clear();
        found.extend(ids.windows(2).map(|pair| self.get(pair[0], pair[1])));
        loop {
            let mut best = (NONE, 0);
            for (at, (rank, _)) in found.iter().enumerate() {
                if *rank < best.0 {
                    best = (*rank, at);
                }
            }
            let (rank, at) = best;
            if rank == NONE {
                return;
            }
            ids[at] = found[at].1;
            ids.remove(at + 1);
            found.remove(at);
            if let Some(next) = found.get_mut(at) {
                *next = self.get(ids[at], ids[at + 1]);
            }
            if at > 0 {
                found[at - 1] = self.get(ids[at - 1], ids[at]);
            }
        }
    }

    fn merge_long(&self, Work { ids, links, heap, .. }: &mut Work) {
        links.clear();
        links.extend((0..ids.len()).map(|at| (at.wrapping_sub(1), at + 1)));
        heap.clear();
        let ranked = |left, right, at| match self.get(left, right).0 {
            NONE => None,
            rank => Some(Reverse((rank, at))),
        };
        heap.extend(ids.windows(2).enumerate().filter_map(|(at, pair)| ranked(pair[0], pair[1], at)));
        while let Some(Reverse((rank, at))) = heap.pop() {
            let right = links[at].1;
            if ids[at] == NONE || right >= ids.len() {
                continue;
            }
            // A candidate whose neighbours grew since is no longer true: a longer pair is another token of another rank.
            let (now, joined) = self.get(ids[at], ids[right]);
            if now != rank {
                continue;
            }
            (ids[at], ids[right]) = (joined, NONE);
            let next = links[right].1;
            links[at].1 = next;
            if next < ids.len() {
                links[next].0 = at;
                heap.extend(ranked(joined, ids[next], at));
            }
            let before = links[at].0;
            if before < ids.len() {
                heap.extend(ranked(ids[before], joined, before));
            }
        }
        ids.retain(|id| *id != NONE);
    }
}

/// Memory that is used again from piece to piece.
#[derive(Default)]
pub(super) struct Work {
    pub ids: Vec<u32>,
    found: Vec<(u32, u32)>,
    links: Vec<(usize, usize)>,
    heap: BinaryHeap<Reverse<(u32, usize)>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_piece_is_joined_like_a_short_one() {
        let mut pairs = Pairs::with_room(64);
        // Every pair of the first symbols becomes one, and pairs of those again, in an order that is not that of ids.
        let table = [(0, 1), (1, 0), (0, 0), (2, 3), (4, 5), (5, 4), (6, 2), (7, 0), (8, 8), (3, 4)];
        for (id, pair) in (4..).zip(table) {
            pairs.insert(pair, (id * 7) % 11, id);
        }
        let mut state = 1_u32;
        for length in 0..300 {
            let mut symbol = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) % 4
            };
            let symbols: Vec<u32> = (0..length).map(|_| symbol()).collect();
            let (mut short, mut long) = (Work::default(), Work::default());
            (short.ids, long.ids) = (symbols.clone(), symbols);
            pairs.merge_short(&mut short);
            pairs.merge_long(&mut long);
            assert_eq!(short.ids, long.ids, "{length} symbols");
        }
    }
}
