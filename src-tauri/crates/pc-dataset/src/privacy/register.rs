//! The register of stand-ins: which one stands for which original. It grows to millions, so every text is held once and found
//! by its hash. Deliberately absent: how a stand-in is derived, and keeping the register, which its caller seals.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use serde::{Deserialize, Serialize, Serializer};

use super::stand_ins::{Key, derive, half};
use super::{Kind, Span};

/// Stand-ins so far. Serialised it is the way back to people: seal it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<Entry>")]
pub struct StandIns {
    entries: Vec<Entry>,
    /// Of everything below.
    state: RandomState,
    /// Originals, as compared.
    originals: Index,
    /// Stand-ins, as compared.
    taken: Index,
    /// Stand-ins as written.
    written: Index,
    /// What Chinese names begin with: none is the beginning of another, or nobody knew where one ends in running text.
    beginnings: HashSet<Box<str>>,
}

/// One stand-in as written, and what it stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub kind: Kind,
    pub stand_in: Box<str>,
    pub original: Box<str>,
    /// Which derivation was free.
    number: u32,
}

/// Places of entries by a hash; whoever meets an occupied place goes to the next one. Nothing is ever removed.
#[derive(Clone, Debug, Default)]
struct Index(HashMap<u64, u32>);

impl Index {
    fn find(&self, hash: u64, mut same: impl FnMut(usize) -> bool) -> Option<usize> {
        let chain = (0..).map_while(|step| self.0.get(&hash.wrapping_add(step)));
        chain.map(|place| *place as usize).find(|place| same(*place))
    }

    fn add(&mut self, mut hash: u64, place: usize) {
        while self.0.contains_key(&hash) {
            hash = hash.wrapping_add(1);
        }
        self.0.insert(hash, place as u32);
    }
}

impl Serialize for StandIns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

impl From<Vec<Entry>> for StandIns {
    fn from(entries: Vec<Entry>) -> Self {
        let mut all = Self::default();
        entries.into_iter().for_each(|entry| all.add(entry));
        all
    }
}

impl StandIns {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What a written stand-in stands for.
    pub(super) fn behind(&self, written: &str) -> Option<&Entry> {
        let same = |place: usize| &*self.entries[place].stand_in == written;
        self.written.find(self.state.hash_one(written), same).map(|place| &self.entries[place])
    }

    /// The stand-in for a find.
    pub(super) fn of(&mut self, key: &Key, span: &Span, text: &str) -> String {
        let original = compared(span.kind, text);
        let hash = self.state.hash_one((span.kind, &original));
        let same = |place: usize| {
            let entry = &self.entries[place];
            entry.kind == span.kind && compared(entry.kind, &entry.original) == original
        };
        let known = self.originals.find(hash, same);
        let mut number = known.map_or(0, |place| self.entries[place].number);
        loop {
            let written = derive(key, span, text, &original, number);
            match self.behind(&written) {
                Some(entry) if entry.kind == span.kind && &*entry.original == text => return written,
                // Two ways of writing one original may meet in one stand-in (`A` and `a`): it would not be known which
                // to restore.
                None if self.is_free(span, &original, &written) => {
                    let kind = span.kind;
                    self.add(Entry { kind, stand_in: written.clone().into(), original: text.into(), number });
                    return written;
                }
                _ => number += 1,
            }
        }
    }

    /// Nobody else's, and a Chinese name neither begins another one nor with one.
    fn is_free(&self, span: &Span, original: &str, written: &str) -> bool {
        let plain = compared(span.kind, written);
        let theirs = |place: usize| {
            let entry = &self.entries[place];
            compared(entry.kind, &entry.stand_in) == plain
                && (entry.kind, compared(entry.kind, &entry.original).as_str()) != (span.kind, original)
        };
        if self.taken.find(self.state.hash_one(&plain), theirs).is_some() {
            return false;
        }
        let chinese = span.kind == Kind::Name && !written.is_ascii();
        !chinese || !self.beginnings.contains(written) && beginnings(written).all(|part| self.behind(part).is_none())
    }

    fn add(&mut self, entry: Entry) {
        let place = self.entries.len();
        self.originals.add(self.state.hash_one((entry.kind, &compared(entry.kind, &entry.original))), place);
        self.taken.add(self.state.hash_one(compared(entry.kind, &entry.stand_in)), place);
        self.written.add(self.state.hash_one(&*entry.stand_in), place);
        if entry.kind == Kind::Name && !entry.stand_in.is_ascii() {
            self.beginnings.extend(beginnings(&entry.stand_in).map(Box::from));
        }
        self.entries.push(entry);
    }
}

/// The text's beginnings, itself not included.
fn beginnings(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().skip(1).map(|(end, _)| &text[..end])
}

/// What makes two ways of writing the same number, code or address the same.
fn compared(kind: Kind, text: &str) -> String {
    let plain = text.chars().map(half);
    match kind {
        Kind::Name | Kind::Address | Kind::Custom => text.to_owned(),
        Kind::Email | Kind::Ip => plain.flat_map(char::to_lowercase).collect(),
        Kind::Mobile => {
            let digits: Vec<char> = plain.filter(char::is_ascii_digit).collect();
            digits[digits.len().saturating_sub(11)..].iter().collect()
        }
        _ => plain.filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect(),
    }
}
