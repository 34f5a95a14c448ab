//! Counts of parts that came before, because words repeat: a table of fixed size for each thread, in which a new part takes
//! the place of an old one.

use super::pairs::{Work, spread};

/// Bytes of a part that is remembered.
const LONGEST: usize = 26;
/// Two megabytes a thread.
const SLOTS: usize = 1 << 16;

/// 32 bytes: half a line of the processor's cache.
#[derive(Clone, Copy)]
struct Slot {
    /// The counter's number; 0 for an empty slot.
    owner: u32,
    length: u8,
    /// A part has no more tokens than bytes.
    tokens: u8,
    text: [u8; LONGEST],
}

/// What a thread keeps.
#[derive(Default)]
pub(super) struct Cache {
    slots: Vec<Slot>,
    pub work: Work,
}

impl Cache {
    /// The part's number of tokens, remembered or counted.
    pub fn count(&mut self, owner: u32, part: &str, count: impl FnOnce(&mut Work) -> usize) -> usize {
        let bytes = part.as_bytes();
        if bytes.len() > LONGEST {
            return count(&mut self.work);
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, Slot { owner: 0, length: 0, tokens: 0, text: [0; LONGEST] });
        }
        let slot = &mut self.slots[hash(bytes, owner) as usize % SLOTS];
        if slot.owner == owner && usize::from(slot.length) == bytes.len() && slot.text[..bytes.len()] == *bytes {
            return usize::from(slot.tokens);
        }
        let tokens = count(&mut self.work);
        if let (Ok(length), Ok(tokens)) = (u8::try_from(bytes.len()), u8::try_from(tokens)) {
            slot.text[..bytes.len()].copy_from_slice(bytes);
            (slot.owner, slot.length, slot.tokens) = (owner, length, tokens);
        }
        tokens
    }
}

fn hash(bytes: &[u8], owner: u32) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = u64::from(owner) << 32 | bytes.len() as u64;
    for word in words {
        hash = spread(hash ^ u64::from_le_bytes(*word));
    }
    let last = rest.iter().fold(0_u64, |last, byte| last << 8 | u64::from(*byte));
    spread(hash ^ last) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_belongs_to_its_counter_and_its_text() {
        let mut cache = Cache::default();
        assert_eq!(cache.count(1, "word", |_| 2), 2);
        assert_eq!(cache.count(1, "word", |_| panic!("it is remembered")), 2);
        assert_eq!(cache.count(2, "word", |_| 3), 3, "another counter has other tokens");
        assert_eq!(cache.count(1, "ward", |_| 4), 4);
        let long = "x".repeat(LONGEST + 1);
        assert_eq!((cache.count(1, &long, |_| 5), cache.count(1, &long, |_| 6)), (5, 6), "too long to be kept");
    }
}
