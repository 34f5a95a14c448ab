//! A text as a set of shingles (Broder 1997): three neighbouring units, where a unit is one character of a script
//! that is written without spaces (Chinese characters, kana, hangul) or one word of any other. Case, width and
//! punctuation make no unit different. Deliberately absent: estimates, which are `sketch`'s.

/// Units of a shingle.
const WINDOW: usize = 3;
/// Odd multipliers of a 64-bit mix (Steele, Lea and Flood 2014, SplitMix).
const A: u64 = 0x9e37_79b9_7f4a_7c15;
const B: u64 = 0xbf58_476d_1ce4_e5b9;
const C: u64 = 0x94d0_49bb_1331_11eb;

/// Spreads a word over all its bits.
#[inline]
pub(crate) fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(B);
    word = (word ^ (word >> 27)).wrapping_mul(C);
    word ^ (word >> 31)
}

/// Full-width forms become ASCII.
#[inline]
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// Scripts in which a character is a unit.
#[inline]
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// What is left out of the exact hash: white space and what no one sees.
#[inline]
fn unseen(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{00ad}')
}

/// What becomes of shingles, one by one.
pub(crate) trait Sink {
    /// Takes the hash of one.
    fn take(&mut self, shingle: u64);
}

impl<F: FnMut(u64)> Sink for F {
    #[inline]
    fn take(&mut self, shingle: u64) {
        self(shingle);
    }
}

/// Reads texts into the hash of all that is seen of them and, handed over one by one, the hashes of their shingles. A copy
/// made between two texts goes on by itself.
#[derive(Clone)]
pub(crate) struct Shingler<S> {
    sink: S,
    exact: u64,
    word: u64,
    in_word: bool,
    /// The last units.
    units: [u64; WINDOW],
    count: usize,
}

impl<S: Sink> Shingler<S> {
    pub fn new(sink: S) -> Self {
        Self { sink, exact: A, word: 0, in_word: false, units: [0; WINDOW], count: 0 }
    }

    #[inline]
    fn unit(&mut self, unit: u64) {
        self.units.rotate_left(1);
        self.units[WINDOW - 1] = unit;
        self.count += 1;
        if self.count >= WINDOW {
            let shingle = self.shingle();
            self.sink.take(shingle);
        }
    }

    #[inline]
    fn shingle(&self) -> u64 {
        let [a, b, c] = self.units;
        mix(a.wrapping_mul(A) ^ b.wrapping_mul(B).rotate_left(21) ^ c.wrapping_mul(C).rotate_left(42))
    }

    #[inline]
    fn end_word(&mut self) {
        if self.in_word {
            self.in_word = false;
            self.unit(self.word);
        }
    }

    #[inline]
    fn part_of_word(&mut self, c: u64) {
        self.word = if self.in_word { (self.word.rotate_left(5) ^ c).wrapping_mul(A) } else { c.wrapping_mul(A) };
        self.in_word = true;
    }

    #[inline]
    fn seen(&mut self, c: u64) {
        self.exact = (self.exact.rotate_left(5) ^ c).wrapping_mul(A);
    }

    /// One text; the next one is a neighbour, but never the same word.
    pub fn text(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_ascii() {
                let small = c.to_ascii_lowercase() as u64;
                if c.is_ascii_alphanumeric() {
                    self.part_of_word(small);
                    self.seen(small);
                } else {
                    self.end_word();
                    if !c.is_ascii_whitespace() {
                        self.seen(small);
                    }
                }
            } else {
                self.other(narrow(c));
            }
        }
        self.end_word();
    }

    fn other(&mut self, c: char) {
        if stands_alone(c) {
            self.end_word();
            self.unit(mix(c as u64));
            self.seen(c as u64);
        } else if unseen(c) {
            if c.is_whitespace() {
                self.end_word();
            }
        } else {
            let letter = c.is_alphanumeric();
            if !letter {
                self.end_word();
            }
            for small in c.to_lowercase() {
                self.seen(small as u64);
                if letter {
                    self.part_of_word(small as u64);
                }
            }
        }
    }

    /// A border between texts that the exact hash keeps apart, such as who speaks.
    pub fn border(&mut self, kind: u64) {
        self.seen(0x11_0000 + kind);
    }

    /// The exact hash, and where the shingles went. A text with fewer units than a shingle needs is one shingle.
    pub fn finish(mut self) -> (u64, S) {
        if (1..WINDOW).contains(&self.count) {
            let shingle = self.shingle();
            self.sink.take(shingle);
        }
        (mix(self.exact), self.sink)
    }
}

/// The true Jaccard similarity of two sets, each sorted and without repeats, in [0, 1]; nothing is like nothing.
pub(crate) fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut at, mut shared) = (0, 0_usize);
    for item in a {
        while b.get(at).is_some_and(|other| other < item) {
            at += 1;
        }
        shared += usize::from(b.get(at) == Some(item));
    }
    let all = a.len() + b.len() - shared;
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (u64, Vec<u64>) {
        let mut all = Vec::new();
        let mut shingler = Shingler::new(|shingle| all.push(shingle));
        shingler.text(text);
        let (exact, _) = shingler.finish();
        all.sort_unstable();
        all.dedup();
        (exact, all)
    }

    #[test]
    fn width_case_and_spaces_do_not_make_a_text_new_but_a_mark_does() {
        assert_eq!(read("早餐 ７点, Wi-Fi OK").0, read("早餐7点,wi-fi ok\u{200b}").0);
        assert_ne!(read("早餐7点").0, read("早餐8点").0);
        assert_ne!(read("几点?").0, read("几点!").0, "the exact hash sees punctuation");
        assert_eq!(read("几点开门?").1, read("几点开门!").1, "shingles do not");
    }

    #[test]
    fn similarity_counts_shared_shingles_of_characters_and_of_words() {
        // 早餐几 餐几点 几点开 against 早餐几 餐几点 几点关: two of four.
        assert!((jaccard(&read("早餐几点开").1, &read("早餐几点关").1) - 0.5).abs() < 1e-9);
        // Four words make two shingles; the last word differs: one of three.
        assert!((jaccard(&read("we serve it daily").1, &read("We serve it, now").1) - 1.0 / 3.0).abs() < 1e-9);
        assert!((jaccard(&read("hi").1, &read("HI!").1) - 1.0).abs() < 1e-9, "a short text is its own shingle");
        assert!(jaccard(&read("").1, &read("!").1).abs() < 1e-9, "nothing is like nothing");
    }
}
