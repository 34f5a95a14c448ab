//! From MySQL's binary values to JSON. Deliberately absent: `TINYINT(1)` as a boolean, which only a convention says it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column, Value as Cell};
use serde_json::{Number, Value};

/// The character set that says: these are bytes.
const BINARY: u16 = 63;
/// The number of decimals that says: as many as there are.
const NOT_FIXED: u8 = 31;

/// What a column's values are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bytes,
    /// So many bits.
    Bits(u32),
    Json,
    Date,
    /// Digits after the second.
    DateTime(u8),
    /// The same, in UTC.
    Timestamp(u8),
    Time(u8),
    Number,
}

impl Kind {
    pub fn of(column: &Column) -> Self {
        use ColumnType as T;
        let decimals = column.decimals();
        match column.column_type() {
            T::MYSQL_TYPE_BIT => Self::Bits(column.column_length()),
            T::MYSQL_TYPE_JSON => Self::Json,
            T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => Self::Date,
            T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => Self::DateTime(decimals),
            T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => Self::Timestamp(decimals),
            T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => Self::Time(decimals),
            T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL | T::MYSQL_TYPE_ENUM | T::MYSQL_TYPE_SET => Self::Text,
            T::MYSQL_TYPE_GEOMETRY | T::MYSQL_TYPE_VECTOR => Self::Bytes,
            other if other.is_numeric_type() => Self::Number,
            _ if column.character_set() == BINARY => Self::Bytes,
            _ => Self::Text,
        }
    }

    /// Whether a value becomes a tree, which takes many times its text.
    pub fn is_nested(self) -> bool {
        self == Self::Json
    }

    /// The value of a cell; nothing for text that is not UTF-8.
    pub fn read(self, cell: Cell) -> Option<Value> {
        Some(match (self, cell) {
            (_, Cell::NULL) => Value::Null,
            (_, Cell::Int(number)) => number.into(),
            (_, Cell::UInt(number)) => number.into(),
            // The shortest digits that mean this single-precision number, not those of its double.
            (_, Cell::Float(number)) => float(number.to_string().parse().unwrap_or(f64::NAN)),
            (_, Cell::Double(number)) => float(number),
            (kind, Cell::Date(year, month, day, hour, minute, second, micro)) => {
                let date = format!("{year:04}-{month:02}-{day:02}");
                let (decimals, zone) = match kind {
                    Self::Date => return Some(date.into()),
                    Self::Timestamp(decimals) => (decimals, "Z"),
                    Self::DateTime(decimals) => (decimals, ""),
                    _ => (NOT_FIXED, ""),
                };
                format!("{date}T{hour:02}:{minute:02}:{second:02}{}{zone}", fraction(micro, decimals)).into()
            }
            (kind, Cell::Time(negative, days, hours, minutes, seconds, micro)) => {
                let sign = if negative { "-" } else { "" };
                let hours = u64::from(days) * 24 + u64::from(hours);
                let decimals = if let Self::Time(decimals) = kind { decimals } else { NOT_FIXED };
                format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(micro, decimals)).into()
            }
            (Self::Bytes, Cell::Bytes(bytes)) => STANDARD.encode(bytes).into(),
            (Self::Bits(length), Cell::Bytes(bytes)) => bits(&bytes, length).into(),
            (Self::Json, Cell::Bytes(bytes)) => match serde_json::from_slice(&bytes) {
                Ok(value) => value,
                Err(_) => String::from_utf8(bytes).ok()?.into(),
            },
            (_, Cell::Bytes(bytes)) => String::from_utf8(bytes).ok()?.into(),
        })
    }
}

/// What is no number of JSON becomes text.
fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
}

fn fraction(micro: u32, decimals: u8) -> String {
    match decimals {
        0 => String::new(),
        1..=6 => format!(".{micro:06}")[..=usize::from(decimals)].to_owned(),
        _ if micro == 0 => String::new(),
        _ => format!(".{micro:06}"),
    }
}

/// The last `length` bits, highest first.
fn bits(bytes: &[u8], length: u32) -> String {
    let all: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let surplus = all.len().saturating_sub(length as usize);
    all[surplus..].to_owned()
}

/// The type's name, as a definition of the column would say it.
pub(super) fn name(column: &Column) -> String {
    use ColumnType as T;
    let flags = column.flags();
    if flags.contains(ColumnFlags::ENUM_FLAG) {
        return "enum".into();
    }
    if flags.contains(ColumnFlags::SET_FLAG) {
        return "set".into();
    }
    let bytes = column.character_set() == BINARY;
    let name = match column.column_type() {
        T::MYSQL_TYPE_TINY => "tinyint",
        T::MYSQL_TYPE_SHORT => "smallint",
        T::MYSQL_TYPE_INT24 => "mediumint",
        T::MYSQL_TYPE_LONG => "int",
        T::MYSQL_TYPE_LONGLONG => "bigint",
        T::MYSQL_TYPE_FLOAT => "float",
        T::MYSQL_TYPE_DOUBLE => "double",
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => "decimal",
        T::MYSQL_TYPE_NULL => "null",
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => "date",
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => "time",
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => "datetime",
        T::MYSQL_TYPE_YEAR => "year",
        T::MYSQL_TYPE_BIT => "bit",
        T::MYSQL_TYPE_JSON => "json",
        T::MYSQL_TYPE_GEOMETRY => "geometry",
        T::MYSQL_TYPE_VECTOR => "vector",
        T::MYSQL_TYPE_TINY_BLOB | T::MYSQL_TYPE_BLOB | T::MYSQL_TYPE_MEDIUM_BLOB | T::MYSQL_TYPE_LONG_BLOB => {
            if bytes {
                "blob"
            } else {
                "text"
            }
        }
        T::MYSQL_TYPE_STRING => {
            if bytes {
                "binary"
            } else {
                "char"
            }
        }
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING => {
            if bytes {
                "varbinary"
            } else {
                "varchar"
            }
        }
        _ => "unknown",
    };
    let signless = flags.contains(ColumnFlags::UNSIGNED_FLAG) && column.column_type() != T::MYSQL_TYPE_YEAR;
    if signless && Kind::of(column) == Kind::Number { format!("{name} unsigned") } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn moments_show_as_many_decimals_as_their_column_has() {
        let moment = Cell::Date(2024, 5, 6, 7, 8, 9, 120_000);
        assert_eq!(Kind::DateTime(0).read(moment.clone()), Some(json!("2024-05-06T07:08:09")));
        assert_eq!(Kind::DateTime(3).read(moment.clone()), Some(json!("2024-05-06T07:08:09.120")));
        assert_eq!(Kind::Timestamp(31).read(moment.clone()), Some(json!("2024-05-06T07:08:09.120000Z")));
        assert_eq!(
            Kind::Date.read(Cell::Date(0, 0, 0, 0, 0, 0, 0)),
            Some(json!("0000-00-00")),
            "as the server shows it"
        );
        assert_eq!(Kind::Time(2).read(Cell::Time(true, 34, 22, 59, 59, 990_000)), Some(json!("-838:59:59.99")));
    }

    #[test]
    fn single_precision_keeps_its_digits() {
        assert_eq!(Kind::Number.read(Cell::Float(1.1)).unwrap().to_string(), "1.1");
        assert_eq!(Kind::Number.read(Cell::Float(16_777_216.0)).unwrap().to_string(), "16777216.0");
        assert_eq!(Kind::Number.read(Cell::Double(f64::NAN)), Some(json!("NaN")));
    }

    #[test]
    fn bits_are_shown_from_the_highest() {
        assert_eq!(Kind::Bits(5).read(Cell::Bytes(vec![0b10110])), Some(json!("10110")));
        assert_eq!(Kind::Bits(10).read(Cell::Bytes(vec![0b10, 0b1])), Some(json!("1000000001")));
    }

    #[test]
    fn text_that_is_not_utf8_is_no_value() {
        assert_eq!(Kind::Text.read(Cell::Bytes(vec![0xff])), None);
        assert_eq!(Kind::Json.read(Cell::Bytes(b"{\"a\":[1]}".to_vec())), Some(json!({"a": [1]})));
    }
}
