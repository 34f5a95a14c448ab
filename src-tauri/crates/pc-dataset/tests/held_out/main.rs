//! Personal data and secrets in writing that the rules were not made from: chats, forms, tables, mail, logs and JSON within texts,
//! in Chinese and English, full of numbers that are nobody's. The figures are printed; the floors are what must hold.
//! Deliberately absent: the detector's own code: check digits are computed here from the standards' words.

#![expect(clippy::print_stdout, reason = "the figures are what this is for")]

mod kinds;
mod nothing;
mod people;
mod texts;
mod written;

use std::collections::BTreeMap;

use pc_dataset::privacy::{Detector, Kind, Rules};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use texts::Text;

/// True, found, and wrongly found.
#[derive(Default)]
struct Tally {
    all: u32,
    hits: u32,
    wrong: u32,
    /// The first misses and wrong finds, to be read where a floor breaks.
    seen: Vec<String>,
}

impl Tally {
    fn recall(&self) -> f64 {
        f64::from(self.hits) / f64::from(self.all.max(1))
    }

    fn precision(&self) -> f64 {
        f64::from(self.hits) / f64::from((self.hits + self.wrong).max(1))
    }

    fn see(&mut self, text: &str, place: (usize, usize), what: &str) {
        if self.seen.iter().filter(|line| line.trim_start().starts_with(what)).count() < 6 {
            let (mut from, mut to) = (place.0.saturating_sub(40), (place.1 + 40).min(text.len()));
            while !text.is_char_boundary(from) {
                from -= 1;
            }
            while !text.is_char_boundary(to) {
                to += 1;
            }
            let (part, around) = (&text[place.0..place.1], &text[from..to]);
            self.seen.push(format!("  {what} {part:?} in {around:?}"));
        }
    }
}

/// Structured kinds count where kind and both ends are right.
fn exactly(texts: &[Text]) -> BTreeMap<Kind, Tally> {
    let detector = Detector::new(&Rules::default()).expect("no own rules");
    let mut tally: BTreeMap<Kind, Tally> = BTreeMap::new();
    for text in texts {
        let found = detector.scan(&text.text);
        for &(kind, start, end) in &text.truth {
            let counts = tally.entry(kind).or_default();
            counts.all += 1;
            if found.iter().any(|span| (span.kind, span.start, span.end) == (kind, start, end)) {
                counts.hits += 1;
            } else {
                counts.see(&text.text, (start, end), "missed");
            }
        }
        for span in found {
            if !text.truth.contains(&(span.kind, span.start, span.end)) {
                let counts = tally.entry(span.kind).or_default();
                counts.wrong += 1;
                counts.see(&text.text, (span.start, span.end), "wrong");
            }
        }
    }
    tally
}

/// Names and addresses count as found where at least half of their bytes are, and as wrong where nothing of them is true.
fn about(texts: &[Text]) -> BTreeMap<Kind, Tally> {
    let detector = Detector::new(&Rules::default()).expect("no own rules");
    let mut tally: BTreeMap<Kind, Tally> = BTreeMap::new();
    let shared = |a: (usize, usize), b: (usize, usize)| a.1.min(b.1).saturating_sub(a.0.max(b.0));
    for text in texts {
        let found: Vec<_> = detector
            .scan(&text.text)
            .into_iter()
            .filter(|span| matches!(span.kind, Kind::Name | Kind::Address))
            .collect();
        let truth: Vec<_> =
            text.truth.iter().filter(|true_one| matches!(true_one.0, Kind::Name | Kind::Address)).collect();
        for &&(kind, start, end) in &truth {
            let counts = tally.entry(kind).or_default();
            counts.all += 1;
            let of_kind = found.iter().filter(|span| span.kind == kind);
            let covered: usize = of_kind.map(|span| shared((span.start, span.end), (start, end))).sum();
            if covered * 2 >= end - start {
                counts.hits += 1;
            } else {
                counts.see(&text.text, (start, end), "missed");
            }
        }
        for span in &found {
            let place = (span.start, span.end);
            if !truth.iter().any(|known| known.0 == span.kind && shared(place, (known.1, known.2)) > 0) {
                let counts = tally.entry(span.kind).or_default();
                counts.wrong += 1;
                counts.see(&text.text, place, "wrong");
            }
        }
    }
    tally
}

fn shown(tally: &BTreeMap<Kind, Tally>, kinds: &[Kind]) -> String {
    let mut lines = vec![format!("{:<15} {:>5} {:>8} {:>10}", "kind", "true", "recall", "precision")];
    for kind in kinds {
        if let Some(counts) = tally.get(kind) {
            let (recall, precision) = (counts.recall(), counts.precision());
            lines.push(format!("{:<15} {:>5} {recall:>8.4} {precision:>10.4}", kind.name(), counts.all));
            lines.extend(counts.seen.iter().cloned());
        }
    }
    lines.join("\n")
}

/// Kinds whose shape, check digit or issuer tells them.
const STRUCTURED: &[Kind] = &[
    Kind::ResidentId,
    Kind::Mobile,
    Kind::Landline,
    Kind::BankCard,
    Kind::PaymentCard,
    Kind::CreditCode,
    Kind::Passport,
    Kind::TravelPermit,
    Kind::RegionalId,
    Kind::Plate,
    Kind::Email,
    Kind::Ip,
    Kind::Mac,
    Kind::Iban,
    Kind::Ssn,
    Kind::Nino,
    Kind::VendorKey,
    Kind::PrivateKey,
    Kind::Token,
    Kind::Connection,
];

#[test]
fn structured_kinds_hold_098_on_writing_that_the_rules_were_not_made_from() {
    let mut rng = StdRng::seed_from_u64(20_261_125);
    let texts: Vec<Text> = (0..6_000).map(|_| texts::any(&mut rng)).collect();
    let tally = exactly(&texts);
    println!("{}", shown(&tally, STRUCTURED));
    for kind in STRUCTURED {
        let counts = &tally[kind];
        assert!(counts.all >= 150, "{}: only {} are in the set", kind.name(), counts.all);
        let (recall, precision) = (counts.recall(), counts.precision());
        assert!(recall >= 0.98 && precision >= 0.98, "{}: {recall:.4} {precision:.4}", kind.name());
    }
}

/// Passwords are told by the word before them and by nothing else; names and addresses by their neighbours. The floors are what is
/// measured, rounded down. The rules were mended by what this set showed (names were 0.57 and addresses 0.66 before, and seven
/// structured kinds below their floor), so it flatters them by now: other people's writing has names without any word around
/// them, of which this set has one in ten.
#[test]
fn names_addresses_and_passwords_are_measured_as_they_are() {
    let mut rng = StdRng::seed_from_u64(1_125);
    let texts: Vec<Text> = (0..6_000).map(|_| texts::any(&mut rng)).collect();
    let (near, exact) = (about(&texts), exactly(&texts));
    println!("at least half of it:\n{}", shown(&near, &[Kind::Name, Kind::Address]));
    println!("both ends:\n{}", shown(&exact, &[Kind::Name, Kind::Address, Kind::Password, Kind::Entropy]));
    for (kind, recall, precision) in [(Kind::Name, 0.88, 0.98), (Kind::Address, 0.98, 0.98)] {
        let counts = &near[&kind];
        assert!(counts.all >= 1_000, "{}: {}", kind.name(), counts.all);
        assert!(
            counts.recall() >= recall && counts.precision() >= precision,
            "{}: {:.4} {:.4}",
            kind.name(),
            counts.recall(),
            counts.precision()
        );
    }
}

/// What a person wrote and no rule was made from: the honest figure, on few sentences.
#[test]
fn sentences_by_hand_are_measured_as_they_are() {
    let texts = written::all();
    let (near, exact) = (about(&texts), exactly(&texts));
    println!("by hand, at least half of it:\n{}", shown(&near, &[Kind::Name, Kind::Address]));
    println!("by hand, both ends:\n{}", shown(&exact, Kind::ALL));
    let structured =
        |count: fn(&Tally) -> u32| -> u32 { STRUCTURED.iter().filter_map(|kind| exact.get(kind)).map(count).sum() };
    let (all, hits, wrong) = (structured(|t| t.all), structured(|t| t.hits), structured(|t| t.wrong));
    println!("structured: {hits} of {all}, {wrong} wrong");
    assert!(hits == all && wrong <= 1, "{hits} of {all}, {wrong} wrong");
    for (kind, recall, precision) in [(Kind::Name, 0.3, 0.95), (Kind::Address, 0.95, 0.95)] {
        let (found, right) = (near[&kind].recall(), near[&kind].precision());
        assert!(found >= recall && right >= precision, "{}: {found:.4} {right:.4}", kind.name());
    }
}
