//! Where a word can be cut in two so that joining the parts one by one gives the same tokens as joining the whole.
//!
//! Why that is exact: a join at a boundary needs a pair in the table whose left token ends with what is left of the boundary
//! and whose right token begins with what is right of it, because tokens are texts and the symbols to both sides of a
//! boundary that was never crossed end and begin there. A boundary that no pair of the whole table fits is never crossed,
//! whatever else stands in the text, and then neither side can see the other. So all pairs are looked at once, at load.
//!
//! Pairs that fit are kept as bits by hash. Two that share a bit make a boundary look crossable that is not: then the part is
//! longer, never wrong.

use super::pairs::spread;

/// Bits for each kind of boundary that may be crossed, so that few share one.
const BITS_EACH: usize = 16;
/// Half a megabyte: it has to stay in the processor's cache.
const MOST_BITS: usize = 1 << 22;

/// Keys that were seen, or look like one that was.
pub(super) struct Sieve {
    words: Vec<u64>,
    shift: u32,
}

impl Sieve {
    fn new(keys: &[u64]) -> Self {
        let bits = (keys.len() * BITS_EACH).next_power_of_two().clamp(1 << 12, MOST_BITS);
        let mut sieve = Self { words: vec![0; bits / 64], shift: 64 - bits.trailing_zeros() };
        for key in keys {
            let bit = sieve.bit(*key);
            sieve.words[bit / 64] |= 1 << (bit % 64);
        }
        sieve
    }

    fn bit(&self, key: u64) -> usize {
        (spread(key) >> self.shift) as usize
    }

    fn may_have(&self, key: u64) -> bool {
        let bit = self.bit(key);
        self.words[bit / 64] >> (bit % 64) & 1 != 0
    }
}

/// Boundaries of a vocabulary.
pub(super) enum Cuts {
    /// Symbols are characters, and a space is the mark `▁`.
    Characters(CharacterCuts),
    /// Symbols are bytes; cut is only between two characters of three bytes, which is where long words are: Chinese has no spaces.
    Bytes(ByteCuts),
}

pub(super) struct CharacterCuts {
    /// Of ASCII characters exactly.
    ascii: Vec<u128>,
    others: Sieve,
}

pub(super) struct ByteCuts {
    /// Pairs of a last and a first byte of which one token is shorter than three bytes.
    short: Vec<u64>,
    /// The last three bytes with the first three.
    long: Sieve,
}

/// The mark that stands for a space.
pub(super) const MARK: char = '▁';

impl CharacterCuts {
    /// From the texts of all pairs.
    pub fn new<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let (mut ascii, mut keys) = (vec![0_u128; 128], Vec::new());
        for (left, right) in pairs {
            let (Some(left), Some(right)) = (left.chars().next_back(), right.chars().next()) else { continue };
            let (left, right) = (seen(left), seen(right));
            match (left.is_ascii(), right.is_ascii()) {
                (true, true) => ascii[left as usize] |= 1 << (right as usize),
                _ => keys.push(Self::key(left, right)),
            }
        }
        keys.sort_unstable();
        keys.dedup();
        Self { ascii, others: Sieve::new(&keys) }
    }

    fn key(left: char, right: char) -> u64 {
        u64::from(u32::from(left)) << 32 | u64::from(u32::from(right))
    }

    fn may_join(&self, left: char, right: char) -> bool {
        match (left.is_ascii(), right.is_ascii()) {
            (true, true) => self.ascii[left as usize] >> (right as usize) & 1 != 0,
            _ => self.others.may_have(Self::key(left, right)),
        }
    }

    fn parts<'a>(&self, word: &'a str, mut see: impl FnMut(&'a str)) {
        let mut characters = word.char_indices().map(|(at, character)| (at, seen(character)));
        let Some((_, mut last)) = characters.next() else { return };
        let mut from = 0;
        for (at, character) in characters {
            if !self.may_join(last, character) {
                see(&word[from..at]);
                from = at;
            }
            last = character;
        }
        see(&word[from..]);
    }
}

/// A space and its mark are one symbol.
fn seen(character: char) -> char {
    if character == MARK { ' ' } else { character }
}

impl ByteCuts {
    /// From the bytes of all pairs.
    pub fn new<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let (mut short, mut keys) = (vec![0_u64; 1024], Vec::new());
        for (left, right) in pairs {
            match (left.last_chunk::<3>(), right.first_chunk::<3>()) {
                (Some(left), Some(right)) => keys.push(Self::key(*left, *right)),
                _ => {
                    if let (Some(left), Some(right)) = (left.last(), right.first()) {
                        let bit = Self::bit(*left, *right);
                        short[bit / 64] |= 1 << (bit % 64);
                    }
                }
            }
        }
        keys.sort_unstable();
        keys.dedup();
        Self { short, long: Sieve::new(&keys) }
    }

    fn key([a, b, c]: [u8; 3], [d, e, f]: [u8; 3]) -> u64 {
        u64::from_le_bytes([a, b, c, 0, d, e, f, 0])
    }

    fn bit(left: u8, right: u8) -> usize {
        usize::from(left) << 8 | usize::from(right)
    }

    fn parts<'a>(&self, word: &'a str, mut see: impl FnMut(&'a str)) {
        let bytes = word.as_bytes();
        let (mut from, mut at) = (0, 0);
        while at + 6 <= bytes.len() {
            // Only the first byte of a character of three bytes looks like this.
            if bytes[at] & 0xf0 != 0xe0 {
                at += 1;
                continue;
            }
            at += 3;
            let (left, right) =
                ([bytes[at - 3], bytes[at - 2], bytes[at - 1]], [bytes[at], bytes[at + 1], bytes[at + 2]]);
            if right[0] & 0xf0 != 0xe0 || self.may_join(left, right) {
                continue;
            }
            see(&word[from..at]);
            from = at;
        }
        see(&word[from..]);
    }

    fn may_join(&self, left: [u8; 3], right: [u8; 3]) -> bool {
        let bit = Self::bit(left[2], right[0]);
        self.short[bit / 64] >> (bit % 64) & 1 != 0 || self.long.may_have(Self::key(left, right))
    }
}

impl Cuts {
    /// Calls with each part in turn; together they are the word.
    pub fn parts<'a>(&self, word: &'a str, see: impl FnMut(&'a str)) {
        match self {
            Self::Characters(cuts) => cuts.parts(word, see),
            Self::Bytes(cuts) => cuts.parts(word, see),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(cuts: &Cuts, word: &'a str) -> Vec<&'a str> {
        let mut parts = Vec::new();
        cuts.parts(word, |part| parts.push(part));
        parts
    }

    #[test]
    fn a_word_is_cut_where_no_pair_of_the_table_fits() {
        let pairs = [("a", "b"), ("▁a", "b"), ("▁", "a"), ("天", "气"), (">", "▁</")];
        let cuts = Cuts::Characters(CharacterCuts::new(pairs.into_iter()));
        assert_eq!(parts(&cuts, "ab ab"), ["ab", " ab"]);
        assert_eq!(parts(&cuts, "a> <▁ab"), ["a", "> ", "<", "▁ab"], "a space is not cut off where a pair crosses it");
        assert_eq!(parts(&cuts, "今天气温"), ["今", "天气", "温"]);
    }

    #[test]
    fn bytes_are_cut_between_characters_alone() {
        let pair = ("天".as_bytes(), "气".as_bytes());
        let cuts = Cuts::Bytes(ByteCuts::new([pair].into_iter()));
        assert_eq!(parts(&cuts, "今天气温ok"), ["今", "天气", "温ok"]);
        let short = ("天".as_bytes(), &"气".as_bytes()[..1]);
        let cuts = Cuts::Bytes(ByteCuts::new([short].into_iter()));
        assert_eq!(parts(&cuts, "今天气"), ["今", "天气"], "half a character may be joined with the one before");
    }
}
