//! Reading scalars that real answers write in more than one way: numbers as text, null for absent, text for numbers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A scalar of any kind, its digits as they were sent.
enum Scalar {
    Absent,
    Text(String),
    Number(String),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number or null")
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Absent)
    }

    fn visit_none<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Absent)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Err(A::Error::custom("a list where one value belongs"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Err(A::Error::custom("an object where one value belongs"))
    }
}

/// Text, or a number's digits; null is the empty text.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(maybe_text(from)?.unwrap_or_default())
}

/// The same; null is nothing.
pub(crate) fn maybe_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Scalar::deserialize(from)? {
        Scalar::Absent => None,
        Scalar::Text(text) | Scalar::Number(text) => Some(text),
    })
}

/// A whole number that is not negative, as a number or as text; null and empty text are 0.
pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(maybe_count(from)?.unwrap_or(0))
}

/// The same; null and empty text are nothing.
pub(crate) fn maybe_count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let digits = match Scalar::deserialize(from)? {
        Scalar::Absent => return Ok(None),
        Scalar::Text(text) | Scalar::Number(text) => text,
    };
    let digits = digits.trim();
    if digits.is_empty() {
        return Ok(None);
    }
    let whole = digits.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b == b'0')).map_or(digits, |(w, _)| w);
    whole.parse().map(Some).map_err(|_| D::Error::custom("a whole number was expected"))
}

/// Anything; null is the default.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A list of texts; one text is a list of one, null is none.
pub(crate) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    from.deserialize_any(TextsVisitor)
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_unit<E>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_none<E>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_str<E>(self, value: &str) -> Result<Vec<String>, E> {
        Ok(vec![value.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
        let mut all = Vec::new();
        while let Some(text) = seq.next_element()? {
            all.push(text);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Row {
        #[serde(deserialize_with = "text")]
        text: String,
        #[serde(deserialize_with = "maybe_text")]
        maybe_text: Option<String>,
        #[serde(deserialize_with = "count")]
        count: u64,
        #[serde(deserialize_with = "maybe_count")]
        maybe_count: Option<u64>,
        #[serde(deserialize_with = "texts")]
        texts: Vec<String>,
        #[serde(deserialize_with = "or_default")]
        list: Vec<u8>,
    }

    fn read(json: &str) -> Result<Row, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_way_of_writing_a_scalar_reads_the_same() {
        for json in [r#"{"count": 12}"#, r#"{"count": "12"}"#, r#"{"count": 12.0}"#, r#"{"count": " 12 "}"#] {
            assert_eq!(read(json).unwrap().count, 12, "{json}");
        }
        for json in ["{}", r#"{"count": null, "text": null, "texts": null, "list": null, "maybe_count": ""}"#] {
            assert_eq!(read(json).unwrap(), Row::default(), "{json}: null is as good as absent");
        }
        assert_eq!(read(r#"{"text": 123}"#).unwrap().text, "123");
        assert_eq!(read(r#"{"maybe_text": true}"#).unwrap().maybe_text.as_deref(), Some("true"));
        assert_eq!(read(r#"{"texts": "a"}"#).unwrap().texts, ["a"], "the official client sends one text for a list");
    }

    #[test]
    fn what_is_no_such_scalar_is_refused() {
        for json in [r#"{"count": -1}"#, r#"{"count": 1.5}"#, r#"{"count": "many"}"#, r#"{"count": 1e99}"#] {
            assert!(read(json).is_err(), "{json}");
        }
        for json in [r#"{"text": []}"#, r#"{"text": {"a": 1}}"#, r#"{"texts": [1]}"#, r#"{"texts": {}}"#] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
