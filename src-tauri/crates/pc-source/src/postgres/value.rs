//! From the text that PostgreSQL shows of a value to JSON. Deliberately absent: settings that choose the text; the session makes
//! them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};
use tokio_postgres::types::{Kind as Shape, Type};

/// What a column's text is read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    Integer,
    Float,
    /// A date and a time of day; with a zone it is shown in UTC.
    Moment,
    Bytes,
    Json,
    /// What its elements are, and what stands between them.
    Array(Box<Kind>, u8),
}

impl Kind {
    pub fn of(data_type: &Type) -> Self {
        match data_type.kind() {
            Shape::Array(element) => {
                // Only boxes, whose own text has commas, are separated otherwise.
                let between = if *element == Type::BOX { b';' } else { b',' };
                return Self::Array(Box::new(Self::of(element)), between);
            }
            Shape::Domain(base) => return Self::of(base),
            _ => {}
        }
        match *data_type {
            Type::BOOL => Self::Bool,
            Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => Self::Integer,
            Type::FLOAT4 | Type::FLOAT8 => Self::Float,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Self::Moment,
            Type::BYTEA => Self::Bytes,
            Type::JSON | Type::JSONB => Self::Json,
            _ => Self::Text,
        }
    }

    /// Whether a value becomes a tree, which takes many times its text.
    pub fn is_nested(&self) -> bool {
        matches!(self, Self::Json | Self::Array(..))
    }

    /// The value of a text. A text that does not fit its type stays as it is, because it is what the server shows.
    pub fn read(&self, text: &str) -> Value {
        self.try_read(text).unwrap_or_else(|| Value::from(text))
    }

    fn try_read(&self, text: &str) -> Option<Value> {
        match self {
            Self::Text => None,
            Self::Bool => match text {
                "t" => Some(Value::Bool(true)),
                "f" => Some(Value::Bool(false)),
                _ => None,
            },
            Self::Integer => text.parse::<i64>().ok().map(Value::from),
            // What is no number of JSON (NaN, Infinity) stays text.
            Self::Float => text.parse().ok().and_then(Number::from_f64).map(Value::Number),
            Self::Moment => moment(text).map(Value::from),
            Self::Bytes => bytes(text).map(Value::from),
            Self::Json => serde_json::from_str(text).ok(),
            Self::Array(element, between) => array(element, *between, text),
        }
    }
}

/// `2024-05-06 07:08:09.5+00` as `2024-05-06T07:08:09.5Z`. What ISO 8601 has no form for (infinity, years before Christ) stays.
fn moment(text: &str) -> Option<String> {
    let (date, time) = text.split_once(' ')?;
    if date.len() < 10 || time.contains(' ') {
        return None;
    }
    Some(match time.strip_suffix("+00") {
        Some(time) => format!("{date}T{time}Z"),
        None => format!("{date}T{time}"),
    })
}

fn bytes(text: &str) -> Option<String> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |digit: u8| (digit as char).to_digit(16);
    let decoded: Option<Vec<u8>> =
        pairs.iter().map(|&[high, low]| Some((digit(high)? * 16 + digit(low)?) as u8)).collect();
    rest.is_empty().then_some(())?;
    Some(STANDARD.encode(decoded?))
}

/// Dimensions that PostgreSQL's arrays have at most; deeper braces are not an array's text.
const DIMENSIONS: usize = 6;

/// `{1,NULL,"a b"}`, nested, with bounds such as `[0:1]=` in front where they are unusual.
fn array(element: &Kind, between: u8, text: &str) -> Option<Value> {
    let text = if text.starts_with('[') { text.split_once('=')?.1 } else { text };
    let mut reader = Reader { bytes: text.as_bytes(), element, between };
    let value = reader.braces(DIMENSIONS)?;
    reader.bytes.is_empty().then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    element: &'a Kind,
    between: u8,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn braces(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        (self.next()? == b'{').then_some(())?;
        let mut values = Vec::new();
        if self.bytes.first() == Some(&b'}') {
            self.next();
            return Some(Value::Array(values));
        }
        loop {
            values.push(match self.bytes.first()? {
                b'{' => self.braces(depth)?,
                b'"' => self.quoted()?,
                _ => self.bare()?,
            });
            match self.next()? {
                b'}' => return Some(Value::Array(values)),
                byte if byte == self.between => {}
                _ => return None,
            }
        }
    }

    fn quoted(&mut self) -> Option<Value> {
        self.next();
        let mut text = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Some(self.element.read(std::str::from_utf8(&text).ok()?)),
                b'\\' => text.push(self.next()?),
                byte => text.push(byte),
            }
        }
    }

    fn bare(&mut self) -> Option<Value> {
        let end = self.bytes.iter().position(|byte| *byte == self.between || *byte == b'}')?;
        let (text, rest) = self.bytes.split_at(end);
        self.bytes = rest;
        match text {
            b"NULL" => Some(Value::Null),
            text => Some(self.element.read(std::str::from_utf8(text).ok()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn list(element: Kind) -> Kind {
        Kind::Array(Box::new(element), b',')
    }

    #[test]
    fn arrays_are_read_with_their_quotes_bounds_and_dimensions() {
        let texts = list(Kind::Text);
        assert_eq!(
            texts.read(r#"{a,"b c","d\"e\\f",NULL,"NULL","",{}}"#),
            json!(["a", "b c", "d\"e\\f", null, "NULL", "", []])
        );
        assert_eq!(list(Kind::Integer).read("[0:1][2:3]={{1,2},{3,NULL}}"), json!([[1, 2], [3, null]]));
        assert_eq!(list(Kind::Json).read(r#"{"{\"a\": [1]}",null}"#), json!([{"a": [1]}, null]));
        assert_eq!(
            Kind::Array(Box::new(Kind::Text), b';').read("{(1,1),(0,0);(2,2),(0,0)}"),
            json!(["(1,1),(0,0)", "(2,2),(0,0)"])
        );
        assert_eq!(texts.read("{}"), json!([]));
    }

    #[test]
    fn what_is_not_an_array_stays_text_however_deep_or_torn() {
        for text in ["", "{", "{a", "{\"a", "{\"a\\", "{a}b", "[0:1]", "{a,", "}"] {
            assert_eq!(list(Kind::Text).read(text), json!(text));
        }
        let deep = "{".repeat(100_000);
        assert_eq!(list(Kind::Text).read(&deep), json!(deep), "the depth is bounded before the stack is");
    }

    #[test]
    fn moments_take_iso_form_and_what_has_none_stays() {
        for (shown, wanted) in [
            ("2024-05-06 07:08:09.5+00", "2024-05-06T07:08:09.5Z"),
            ("2024-05-06 07:08:09", "2024-05-06T07:08:09"),
            ("infinity", "infinity"),
            ("0044-03-15 00:00:00 BC", "0044-03-15 00:00:00 BC"),
        ] {
            assert_eq!(Kind::Moment.read(shown), json!(wanted));
        }
    }

    #[test]
    fn numbers_are_exact_or_text() {
        assert_eq!(Kind::Integer.read("-9223372036854775808"), json!(i64::MIN));
        assert_eq!(Kind::Float.read("1.1").to_string(), "1.1");
        assert_eq!((Kind::Float.read("NaN"), Kind::Float.read("-Infinity")), (json!("NaN"), json!("-Infinity")));
    }

    #[test]
    fn bytes_become_base64() {
        assert_eq!(Kind::Bytes.read("\\x00ff41"), json!("AP9B"));
        assert_eq!((Kind::Bytes.read("\\x0"), Kind::Bytes.read("\\xzz")), (json!("\\x0"), json!("\\xzz")));
    }
}
