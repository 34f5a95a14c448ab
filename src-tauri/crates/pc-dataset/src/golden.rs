//! Golden sets: questions with the strings that a right answer must contain; how much of it answers recall;
//! and how close a golden question comes to a training question. Deliberately absent: asking any model.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// One question of a golden set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Golden {
    pub question: String,
    /// Each must be found in the answer, after [`fold`].
    pub required: Vec<String>,
}

/// How many required strings were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    pub found: usize,
    pub required: usize,
}

impl Recall {
    /// The share found, in [0, 1]; nothing required means nothing was missed.
    pub fn share(self) -> f64 {
        if self.required == 0 { 1.0 } else { self.found as f64 / self.required as f64 }
    }
}

/// Full-width forms (U+FF01..U+FF5E) become ASCII, letters small, white space is left out: `２１８ 元` equals `218元`.
/// This is less than Unicode's NFKC on purpose: ligatures and compatibility ideographs stay as they are.
pub fn fold(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).expect("the block maps onto ASCII"),
            other => other,
        })
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Counts the required strings found in the answers; a golden question without an answer finds nothing.
pub fn recall<A: AsRef<str>>(golden: &[Golden], answers: &[A]) -> Recall {
    let mut total = Recall::default();
    for (index, question) in golden.iter().enumerate() {
        let answer = answers.get(index).map(|answer| fold(answer.as_ref())).unwrap_or_default();
        total.required += question.required.len();
        total.found += question.required.iter().filter(|text| answer.contains(&fold(text))).count();
    }
    total
}

/// The set of four-character windows of a folded text; a shorter text is its own only window.
fn grams(text: &str) -> HashSet<[char; 4]> {
    let mut chars: Vec<char> = fold(text).chars().collect();
    chars.resize(chars.len().max(4), '\0');
    chars.windows(4).map(|w| [w[0], w[1], w[2], w[3]]).collect()
}

fn jaccard(a: &HashSet<[char; 4]>, b: &HashSet<[char; 4]>) -> f64 {
    let shared = a.intersection(b).count();
    shared as f64 / (a.len() + b.len() - shared) as f64
}

/// The greatest character-4-gram Jaccard similarity between any golden question and any training question, in
/// [0, 1]: 1 means that a question is in both. Work grows with the product of the two numbers of questions.
pub fn max_jaccard<'a>(golden: &[Golden], training: impl IntoIterator<Item = &'a str>) -> f64 {
    let golden: Vec<_> = golden.iter().map(|g| grams(&g.question)).collect();
    let mut greatest = 0.0_f64;
    for question in training {
        let question = grams(question);
        greatest = golden.iter().map(|g| jaccard(g, &question)).fold(greatest, f64::max);
    }
    greatest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(question: &str, required: &[&str]) -> Golden {
        Golden { question: question.into(), required: required.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn width_case_and_spaces_do_not_hide_a_fact() {
        let set = [golden("q", &["218元", "Wi-Fi"]), golden("r", &["06:40"])];
        let found = recall(&set, &["价格是２１８ 元，含 WI-FI", "at 6:40"]);
        assert_eq!((found.found, found.required), (2, 3), "06:40 is not 6:40: required strings are exact");
        assert_eq!(recall(&set, &["218元 wi-fi"]).found, 2, "a missing answer finds nothing");
    }

    #[test]
    fn similarity_is_one_for_the_same_and_zero_for_strangers() {
        let set = [golden("早餐几点开始？", &[])];
        assert_eq!(max_jaccard(&set, ["早餐几点开始?"]), 1.0, "width does not make a question new");
        assert_eq!(max_jaccard(&set, ["泳池在几楼"]), 0.0);
        // abcdef has abcd bcde cdef, abcdeg has abcd bcde cdeg: two of four are shared.
        assert_eq!(max_jaccard(&[golden("abcdef", &[])], ["abcdeg"]), 0.5);
    }
}
