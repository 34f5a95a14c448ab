//! Money and quantities as exact decimals. On this wire an amount is a JSON number in one place and text, even with
//! thousands separators, in another; it is read from the digits that were sent, never by way of a float.

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
use serde_json::value::RawValue;

/// Longer texts are no amount that anybody is billed.
const LONGEST: usize = 64;

/// The decimal of sent digits: `0.024`, `5e-6`, `"1,234.50"`.
pub(crate) fn read(sent: &str) -> Option<Decimal> {
    let digits = sent.trim().trim_matches('"').trim();
    if digits.is_empty() || digits.len() > LONGEST {
        return None;
    }
    let plain: String = digits.chars().filter(|c| *c != ',').collect();
    Decimal::from_str_exact(&plain).or_else(|_| Decimal::from_scientific(&plain)).ok()
}

/// For `serde(with)`: a JSON number. Null and the empty text are zero.
pub(crate) mod number {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(amount: &Decimal, to: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(amount.normalize().to_string()).map_err(S::Error::custom)?.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
        Ok(maybe(from)?.unwrap_or_default())
    }
}

/// For `serde(with)`: text.
pub(crate) mod text {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(amount: &Decimal, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(amount)
    }

    pub(crate) use super::number::deserialize;
}

/// For `serde(with)`: text, empty where there is nothing.
pub(crate) mod maybe_text {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(amount: &Option<Decimal>, to: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => to.collect_str(&amount.normalize()),
            None => to.serialize_str(""),
        }
    }

    pub(crate) use super::maybe as deserialize;
}

/// For `serde(with)`: a JSON number, null where there is nothing.
pub(crate) mod maybe_number {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(amount: &Option<Decimal>, to: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => super::number::serialize(amount, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) use super::maybe as deserialize;
}

pub(crate) fn maybe<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Decimal>, D::Error> {
    let raw = Box::<RawValue>::deserialize(from)?;
    match raw.get().trim() {
        "null" | r#""""# => Ok(None),
        sent => read(sent).map(Some).ok_or_else(|| D::Error::custom("this is not an amount")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Row {
        #[serde(with = "number")]
        amount: Decimal,
    }

    fn of(json: &str) -> Option<String> {
        let row: Row = serde_json::from_str(&format!(r#"{{"amount": {json}}}"#)).ok()?;
        Some(row.amount.to_string())
    }

    #[test]
    fn digits_are_kept_as_they_were_sent() {
        for (sent, read) in [
            ("0.024", "0.024"),
            ("5e-6", "0.000005"),
            ("1E2", "100"),
            (r#""1,234,567.89""#, "1234567.89"),
            ("0.1234567890123456789012345678", "0.1234567890123456789012345678"),
            ("-3", "-3"),
            ("null", "0"),
            (r#""""#, "0"),
        ] {
            assert_eq!(of(sent).as_deref(), Some(read), "{sent}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_and_not_read_as_zero() {
        for bad in [r#""free""#, "[]", "{}", "true", "1e999", r#""1.2.3""#, &"9".repeat(65)] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_amount_is_written_as_a_number_with_all_its_digits() {
        let row = Row { amount: "0.00000012345678901234".parse().unwrap() };
        assert_eq!(serde_json::to_string(&row).unwrap(), r#"{"amount":0.00000012345678901234}"#);
    }
}
