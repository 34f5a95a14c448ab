//! Pre-tokenizers: the regular expressions with which byte-level tokenizers cut a text into words, as state machines.
//!
//! Each alternative is tried in the order in which the expression has it; the fuzz in `tests/counting.rs` holds them to
//! `tokenizers`, which runs the expressions themselves.

use super::classes::{Classes, LETTER, NUMBER, SPACE};

/// GPT-2's, which the type `ByteLevel` carries.
pub(super) const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// Qwen's from the first to Qwen3.
pub(super) const QWEN: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Llama 3's, and that of GPT-4.
pub(super) const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How a text is cut into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// Not at all.
    Whole,
    Gpt2,
    /// Qwen's and Llama's differ in how many digits are one word.
    Modern {
        digits: usize,
    },
}

impl Split {
    /// The machine for an expression, if it is one of the known ones.
    pub fn of(expression: &str) -> Option<Self> {
        match expression {
            GPT2 => Some(Self::Gpt2),
            QWEN => Some(Self::Modern { digits: 1 }),
            LLAMA3 => Some(Self::Modern { digits: 3 }),
            _ => None,
        }
    }

    /// Calls with each word in turn; together they are the text.
    pub fn words<'a>(self, text: &'a str, mut see: impl FnMut(&'a str)) {
        let reader = Reader { text, classes: Classes::get() };
        let mut from = 0;
        while from < text.len() {
            let end = match self {
                Self::Whole => text.len(),
                Self::Gpt2 => reader.gpt2(from),
                Self::Modern { digits } => reader.modern(from, digits),
            };
            see(&text[from..end]);
            from = end;
        }
    }
}

const WORDY: u8 = LETTER | NUMBER | SPACE;

struct Reader<'a> {
    text: &'a str,
    classes: &'static Classes,
}

impl Reader<'_> {
    /// Character, its classes and where the next one begins; the end of the text is a NUL that ends where it begins.
    fn at(&self, at: usize) -> (char, u8, usize) {
        match self.text.as_bytes().get(at) {
            Some(byte) if byte.is_ascii() => (char::from(*byte), self.classes.of(char::from(*byte)), at + 1),
            Some(_) => {
                let character = self.text[at..].chars().next().unwrap_or_default();
                (character, self.classes.of(character), at + character.len_utf8())
            }
            None => ('\0', 0, at),
        }
    }

    /// End of the run of characters of which this is true.
    fn run(&self, mut at: usize, is: impl Fn(char, u8) -> bool) -> usize {
        loop {
            let (character, classes, next) = self.at(at);
            if next == at || !is(character, classes) {
                return at;
            }
            at = next;
        }
    }

    fn gpt2(&self, from: usize) -> usize {
        if let Some(end) = self.contraction(from, false) {
            return end;
        }
        let (first, classes, next) = self.at(from);
        let (_, second, after) = self.at(next);
        let spaced = first == ' ' && after > next && second & SPACE == 0;
        let (start, class) = if spaced { (next, second & WORDY) } else { (from, classes & WORDY) };
        if class == SPACE {
            return self.spaces(from);
        }
        self.run(start, |_, classes| classes & WORDY == class)
    }

    fn modern(&self, from: usize, digits: usize) -> usize {
        if let Some(end) = self.contraction(from, true) {
            return end;
        }
        let (first, classes, next) = self.at(from);
        let letter = |_: char, classes: u8| classes & LETTER != 0;
        if classes & LETTER != 0 {
            return self.run(next, letter);
        }
        if classes & NUMBER != 0 {
            return self.numbers(next, digits);
        }
        let (_, second, after) = self.at(next);
        if second & LETTER != 0 && !matches!(first, '\r' | '\n') {
            return self.run(after, letter);
        }
        let sign = |_: char, classes: u8| classes & WORDY == 0;
        if classes & SPACE == 0 || (first == ' ' && after > next && second & WORDY == 0) {
            return self.run(self.run(next, sign), |character, _| matches!(character, '\r' | '\n'));
        }
        let end = self.run(from, |_, classes| classes & SPACE != 0);
        match self.text[from..end].rfind(['\r', '\n']) {
            Some(line_end) => from + line_end + 1,
            None => self.spaces(from),
        }
    }

    /// One digit was read; up to so many in all.
    fn numbers(&self, mut at: usize, digits: usize) -> usize {
        for _ in 1..digits {
            let (_, classes, next) = self.at(at);
            if classes & NUMBER == 0 {
                break;
            }
            at = next;
        }
        at
    }

    /// White space but its last character, which belongs to the word behind it, unless there is none or it stands alone.
    fn spaces(&self, from: usize) -> usize {
        let end = self.run(from, |_, classes| classes & SPACE != 0);
        let last = self.text[from..end].char_indices().next_back().map_or(0, |(at, _)| at);
        if end == self.text.len() || last == 0 { end } else { from + last }
    }

    /// `'s` and its like. Whoever ignores case takes the long s for an s, too, as Unicode's case folding does.
    fn contraction(&self, from: usize, any_case: bool) -> Option<usize> {
        let rest = self.text.as_bytes().get(from..)?;
        if rest.first() != Some(&b'\'') {
            return None;
        }
        let letter = |at: usize| {
            let byte = rest.get(at).copied().unwrap_or_default();
            if any_case { byte.to_ascii_lowercase() } else { byte }
        };
        match (letter(1), letter(2)) {
            (b's' | b't' | b'm' | b'd', _) => Some(from + 2),
            (b'r' | b'v', b'e') | (b'l', b'l') => Some(from + 3),
            _ if any_case && rest[1..].starts_with("ſ".as_bytes()) => Some(from + 1 + 'ſ'.len_utf8()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(split: Split, text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        split.words(text, |word| words.push(word));
        words
    }

    #[test]
    fn words_are_cut_as_the_expressions_say() {
        let modern = Split::Modern { digits: 3 };
        assert_eq!(
            words(modern, "I'LL go, 12345 中文\n\n  x  "),
            ["I", "'LL", " go", ",", " ", "123", "45", " 中文", "\n\n", " ", " x", "  "]
        );
        assert_eq!(words(Split::Gpt2, "I'll go  12345!\n x"), ["I", "'ll", " go", " ", " 12345", "!", "\n", " x"]);
        assert_eq!(words(Split::Modern { digits: 1 }, "\t42 ;\r\n"), ["\t", "4", "2", " ;\r\n"]);
    }

    #[test]
    fn an_unknown_expression_has_no_machine() {
        assert_eq!(Split::of(QWEN), Some(Split::Modern { digits: 1 }));
        assert_eq!(Split::of(r"\w+"), None);
    }
}
