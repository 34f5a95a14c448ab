//! Parameters of an action, taken one after the other; what is left at the end is refused by name, so none is ignored.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::http::StatusCode;
use jiff::civil::Date;
use serde::de::DeserializeOwned;

use crate::refusal::{Answer, Refusal};

/// Those that nobody has taken yet.
pub(super) struct Parameters(BTreeMap<String, String>);

/// 400 `MissingParameter`.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "MissingParameter", format!("{name} is mandatory for this action."))
}

/// 400 `InvalidParameter`, with what it must be.
pub(super) fn invalid(name: &str, must: &str) -> Refusal {
    Refusal::invalid(format!("The parameter {name} is not valid: {must}."))
}

impl Parameters {
    pub fn new(all: BTreeMap<String, String>) -> Self {
        Self(all)
    }

    /// All that is asked but size and token of the page: what a token is bound to.
    pub fn question(&self, account: i64, action: &str, page: [&str; 2]) -> String {
        let asked: Vec<_> = self.0.iter().filter(|(name, _)| !page.contains(&name.as_str())).collect();
        format!("{account}/{action}/{asked:?}")
    }

    /// A text; an empty one is as good as none.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|text| !text.is_empty())
    }

    /// A text that must be there.
    pub fn needed(&mut self, name: &str) -> Answer<String> {
        self.text(name).ok_or_else(|| missing(name))
    }

    /// `true` or `false`, in any case: the vendor's Python client writes `True`.
    pub fn flag(&mut self, name: &str) -> Answer<Option<bool>> {
        let read = |text: String| match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(invalid(name, "it is true or false")),
        };
        self.text(name).map(read).transpose()
    }

    /// A whole number within bounds.
    pub fn number<N: FromStr + PartialOrd + std::fmt::Display>(
        &mut self,
        name: &str,
        least: N,
        most: N,
    ) -> Answer<Option<N>> {
        let read = |text: String| {
            let fits = text.parse().ok().filter(|n| *n >= least && *n <= most);
            fits.ok_or_else(|| invalid(name, &format!("it is a whole number from {least} to {most}")))
        };
        self.text(name).map(read).transpose()
    }

    /// One of some words.
    pub fn word(&mut self, name: &str, words: &[&'static str]) -> Answer<Option<&'static str>> {
        let read = |text: String| {
            let found = words.iter().find(|word| **word == text).copied();
            found.ok_or_else(|| invalid(name, &format!("it is one of {}", words.join(", "))))
        };
        self.text(name).map(read).transpose()
    }

    /// JSON in text.
    pub fn json<T: DeserializeOwned>(&mut self, name: &str) -> Answer<Option<T>> {
        let read = |text: String| serde_json::from_str(&text).map_err(|_| invalid(name, "its JSON has another form"));
        self.text(name).map(read).transpose()
    }

    /// A list flattened to `name.1`, `name.2`, …
    pub fn list(&mut self, name: &str) -> Vec<String> {
        (1..=200).map_while(|n| self.0.remove(&format!("{name}.{n}"))).collect()
    }

    /// Whether any parameter is `name` or below it.
    pub fn has(&self, name: &str) -> bool {
        let below = format!("{name}.");
        self.0.keys().any(|key| key == name || key.starts_with(&below))
    }

    /// Refuses what is left.
    pub fn done(self) -> Answer<()> {
        match self.0.into_iter().find(|(_, value)| !value.is_empty()) {
            None => Ok(()),
            Some((name, _)) => Err(invalid(&format!("{name:.80}"), "this action has none of this name")),
        }
    }
}

/// A month, `2026-11` or, as some clients write it, `202611`.
pub(super) fn month(name: &str, text: &str) -> Answer<Date> {
    let wrong = || invalid(name, "it is a month, YYYY-MM");
    let spread = match text.len() {
        6 if text.is_ascii() => format!("{}-{}", &text[..4], &text[4..]),
        _ => text.to_owned(),
    };
    let first = (spread.len() == 7).then(|| format!("{spread}-01").parse().ok()).flatten();
    first.ok_or_else(wrong)
}

/// A day, `2026-11-24` or `20261124`.
pub(super) fn day(name: &str, text: &str) -> Answer<Date> {
    let wrong = || invalid(name, "it is a day, YYYY-MM-DD");
    let spread = match text.len() {
        8 if text.is_ascii() => format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]),
        _ => text.to_owned(),
    };
    (spread.len() == 10).then(|| spread.parse().ok()).flatten().ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Parameters {
        Parameters::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_nobody_takes_is_refused_by_name() {
        let mut all = of(&[("A", "True"), ("N", "7"), ("L.1", "x"), ("L.2", "y"), ("Odd", "1"), ("Empty", "")]);
        assert_eq!((all.flag("A").unwrap(), all.number("N", 1, 9).unwrap()), (Some(true), Some(7)));
        assert!(all.has("L") && !all.has("M"));
        assert_eq!(all.list("L"), ["x", "y"]);
        assert!(all.done().unwrap_err().message.contains("Odd"));
    }

    #[test]
    fn each_kind_is_held_to_its_form() {
        let mut all = of(&[("F", "yes"), ("N", "10"), ("W", "c"), ("J", "{")]);
        assert_eq!(all.needed("X").unwrap_err().code, "MissingParameter");
        assert_eq!(all.flag("F").unwrap_err().code, "InvalidParameter");
        assert!(all.number("N", 1, 9).is_err() && all.word("W", &["a", "b"]).is_err());
        assert!(all.json::<Vec<u8>>("J").is_err());
    }

    #[test]
    fn dates_have_two_forms_and_no_other() {
        assert_eq!(month("m", "202602").unwrap(), month("m", "2026-02").unwrap());
        assert_eq!(day("d", "20260228").unwrap(), day("d", "2026-02-28").unwrap());
        for bad in ["", "2026-13", "2026", "2026-1", "2026-02-01", "26-02-1", "２６０１１１"] {
            assert!(month("m", bad).is_err(), "{bad}");
        }
        for bad in ["2026-02-30", "2026-2-1", "20260230", "2026-02"] {
            assert!(day("d", bad).is_err(), "{bad}");
        }
    }
}
