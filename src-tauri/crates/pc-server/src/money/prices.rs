//! The price book: a data file with its date and source. Deliberately absent: what was used (`meter`).

use std::collections::BTreeMap;

use anyhow::Context as _;
use rust_decimal::Decimal;
use serde::Deserialize;

/// Prices of a base model and of everything tuned from it.
#[derive(Clone, Debug, Deserialize)]
pub struct Prices {
    pub training_token: Decimal,
    pub input_token: Decimal,
    pub output_token: Decimal,
    /// For one unit of capacity.
    pub model_unit_hour: Decimal,
    /// Units of capacity that one instance takes: a deployment's capacity is a multiple of it.
    #[serde(default = "one")]
    pub base_capacity: u64,
}

fn one() -> u64 {
    1
}

/// The whole book. Token prices are for `tokens_a_unit` tokens.
#[derive(Clone, Debug, Deserialize)]
pub struct PriceBook {
    /// `YYYY-MM-DD`: since when it holds.
    pub date: String,
    pub source: String,
    /// ISO 4217.
    pub currency: String,
    pub tokens_a_unit: u32,
    default: Prices,
    models: BTreeMap<String, Prices>,
}

impl PriceBook {
    /// From the data file's text.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        serde_json::from_str(text).context("the price book is not valid")
    }

    /// The book that this program was built with.
    pub fn built_in() -> Self {
        Self::read(include_str!("../../data/prices.json")).expect("a test reads it")
    }

    /// The prices of a base model.
    pub fn of(&self, base_model: &str) -> &Prices {
        self.models.get(base_model).unwrap_or(&self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_book_reads_and_prices_a_model_that_it_does_not_name() {
        let book = PriceBook::built_in();
        assert_eq!(book.of("gemma-3-270m").training_token, "0.002".parse().unwrap());
        assert_eq!(book.of("another").training_token, "0.003".parse().unwrap());
        assert_eq!((book.currency.as_str(), book.tokens_a_unit), ("CNY", 1000));
    }
}
