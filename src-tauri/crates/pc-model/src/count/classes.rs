//! What a character is to a pre-tokenizer: letter, number, white space; and whether NFC can leave it alone.
//!
//! The classes come from the very crates that `tokenizers` asks, so that both know the same version of Unicode. For NFC that is
//! Unicode 9: marks that are younger stay where they are, while Python, and so `dashscope`, puts them in order.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex_syntax::hir::{Class, HirKind};
use unicode_normalization_alignments::{IsNormalized, UnicodeNormalization as _, char as unicode, is_nfc_quick};

pub(super) const LETTER: u8 = 1;
pub(super) const NUMBER: u8 = 2;
pub(super) const SPACE: u8 = 4;
/// NFC neither changes it nor joins it with what is before it (Unicode Standard Annex 15, section 9).
const INERT: u8 = 8;

const PAGE: usize = 256;
const PAGES: usize = 0x11_0000 / PAGE;

/// Two levels, equal pages kept once.
pub(super) struct Classes {
    index: Vec<u16>,
    pages: Vec<[u8; PAGE]>,
}

impl Classes {
    /// Made once a process, in some ten milliseconds.
    pub fn get() -> &'static Self {
        static CLASSES: OnceLock<Classes> = OnceLock::new();
        CLASSES.get_or_init(Self::make)
    }

    fn make() -> Self {
        let mut flat = vec![0_u8; PAGES * PAGE];
        for (pattern, class) in [(r"\p{L}", LETTER), (r"\p{N}", NUMBER), (r"\s", SPACE)] {
            for (from, to) in ranges(pattern) {
                flat[from as usize..=to as usize].iter_mut().for_each(|classes| *classes |= class);
            }
        }
        for (code, classes) in flat.iter_mut().enumerate() {
            let Some(character) = char::from_u32(code as u32) else { continue };
            let quick = matches!(is_nfc_quick(std::iter::once(character)), IsNormalized::Yes);
            if quick && unicode::canonical_combining_class(character) == 0 {
                *classes |= INERT;
            }
        }
        let mut classes = Self { index: Vec::with_capacity(PAGES), pages: Vec::new() };
        for page in flat.as_chunks::<PAGE>().0 {
            let known = classes.pages.iter().position(|known| known == page);
            classes.index.push(known.unwrap_or(classes.pages.len()) as u16);
            if known.is_none() {
                classes.pages.push(*page);
            }
        }
        classes
    }

    pub fn of(&self, character: char) -> u8 {
        let code = character as usize;
        self.pages[self.index[code / PAGE] as usize][code % PAGE]
    }

    /// The text in Unicode's composed form.
    pub fn nfc<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if text.is_ascii() || text.chars().all(|character| self.of(character) & INERT != 0) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.nfc().map(|(character, _)| character).collect())
    }
}

/// Code points of a class as a regular expression means it.
fn ranges(pattern: &str) -> Vec<(u32, u32)> {
    match regex_syntax::parse(pattern).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect()
        }
        _ => unreachable!("the three patterns are Unicode classes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_has_the_class_that_a_regular_expression_gives_it() {
        let classes = Classes::get();
        for (pattern, class) in [(r"\p{L}", LETTER), (r"\p{N}", NUMBER), (r"\s", SPACE)] {
            let ranges = ranges(pattern);
            for character in '\0'..=char::MAX {
                let code = u32::from(character);
                let at = ranges.partition_point(|(_, to)| *to < code);
                let within = ranges.get(at).is_some_and(|(from, _)| *from <= code);
                assert_eq!(classes.of(character) & class != 0, within, "{pattern} {character:?}");
            }
        }
        assert_eq!(classes.of('中') & (LETTER | NUMBER | SPACE), LETTER);
        assert_eq!(classes.of('Ⅷ') & (LETTER | NUMBER | SPACE), NUMBER);
        assert_eq!(classes.of('\u{3000}') & (LETTER | NUMBER | SPACE), SPACE);
    }

    #[test]
    fn composing_is_done_where_it_changes_something() {
        let classes = Classes::get();
        for text in
            ["plain", "中文，", "e\u{301}", "\u{1100}\u{1161}\u{11a8}", "か\u{3099}", "\u{212b}", "a\u{323}\u{307}"]
        {
            let want: String = text.nfc().map(|(character, _)| character).collect();
            assert_eq!(classes.nfc(text), want, "{text:?}");
        }
        assert!(matches!(classes.nfc("中文 text"), Cow::Borrowed(_)), "nothing is copied for nothing");
        assert_eq!(classes.nfc("e\u{301}"), "é");
    }
}
