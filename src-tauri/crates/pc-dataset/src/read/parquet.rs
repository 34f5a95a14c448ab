//! Parquet through its record reader: one row group at a time, page by page; lists and structures become JSON. What the foreign
//! reader does not survive counts as damage to the file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
use ::parquet::record::reader::RowIter;
use ::parquet::record::{Field, Row};
use pc_base::{Code, CodedExt as _};
use serde_json::{Map, Number, Value};

use super::date::date;
use super::input::Held;
use super::{COLUMNS, Input, Notes, ReadOptions};
use crate::Record;

/// Rows decoded at a time: few, because a cell may be a megabyte.
const BATCH: usize = 64;

/// The rows of a file.
pub(super) struct Rows {
    rows: RowIter<'static>,
    names: Arc<[String]>,
    at: u64,
    input: Input,
    ended: bool,
    _held: Held,
}

/// Opens a file. [`Code::SourceDamaged`] where its footer or a page is not right.
pub(super) fn open(input: &Input, options: &ReadOptions, notes: &Notes) -> anyhow::Result<Rows> {
    let held = input.held(options.scratch.as_deref(), notes)?;
    let file = crate::open(held.path())?;
    let opened = catch_unwind(AssertUnwindSafe(|| SerializedFileReader::new(file)));
    let reader = opened.map_err(|_| input.damaged(1))?.code(|| input.damaged(1))?;
    if reader.metadata().file_metadata().schema_descr().num_columns() > COLUMNS {
        return Err(input.coded(Code::RowTooManyColumns).with("line", 1).with("limit", COLUMNS).into());
    }
    let rows = RowIter::from_file_into(Box::new(reader)).with_batch_size(BATCH);
    Ok(Rows { rows, names: [].into(), at: 0, input: input.clone(), ended: false, _held: held })
}

impl Iterator for Rows {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.at += 1;
        let row = match catch_unwind(AssertUnwindSafe(|| self.rows.next())) {
            Ok(None) => None,
            Ok(Some(row)) => Some(row.code(|| self.input.damaged(self.at))),
            Err(_) => Some(Err(self.input.damaged(self.at).into())),
        };
        self.ended = !matches!(row, Some(Ok(_)));
        Some(row?.map(|row| self.record(row)))
    }
}

impl Rows {
    fn record(&mut self, row: Row) -> Record {
        let (names, values): (Vec<String>, Vec<Value>) =
            row.into_columns().into_iter().map(|(name, field)| (name, value(&field))).unzip();
        if *self.names != *names {
            self.names = names.into();
        }
        Record { at: self.at, names: self.names.clone(), values }
    }
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => (*value).into(),
        Field::Byte(value) => (*value).into(),
        Field::Short(value) => (*value).into(),
        Field::Int(value) => (*value).into(),
        Field::Long(value) => (*value).into(),
        Field::UByte(value) => (*value).into(),
        Field::UShort(value) => (*value).into(),
        Field::UInt(value) => (*value).into(),
        Field::ULong(value) => (*value).into(),
        Field::Float16(value) => number(value.to_f64()),
        // The shortest text of the narrow number is what was meant: 0.1, and not 0.10000000149.
        Field::Float(value) => number(value.to_string().parse().unwrap_or(f64::from(*value))),
        Field::Double(value) => number(*value),
        Field::Decimal(_) => field.to_string().into(),
        Field::Str(text) => text.clone().into(),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => text.into(),
            Err(_) => Value::Null,
        },
        Field::Date(days) => day(i64::from(*days)).into(),
        Field::TimeMillis(millis) => clock(i64::from(*millis) * 1_000).into(),
        Field::TimeMicros(micros) => clock(*micros).into(),
        Field::TimestampMillis(millis) => timestamp(millis.saturating_mul(1_000)).into(),
        Field::TimestampMicros(micros) => timestamp(*micros).into(),
        Field::Group(row) => Value::Object(
            row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect::<Map<_, _>>(),
        ),
        Field::ListInternal(list) => Value::Array(list.elements().iter().map(value).collect()),
        Field::MapInternal(map) => {
            let pair = |(key, field): &(Field, Field)| {
                let key = value(key);
                (key.as_str().map_or_else(|| key.to_string(), ToOwned::to_owned), value(field))
            };
            Value::Object(map.entries().iter().map(pair).collect())
        }
    }
}

fn number(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn day(days: i64) -> String {
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}")
}

fn clock(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000);
    let text = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match micros.rem_euclid(1_000_000) {
        0 => text,
        rest => format!("{text}.{rest:06}").trim_end_matches('0').to_owned(),
    }
}

fn timestamp(micros: i64) -> String {
    let of_day = 86_400_000_000;
    format!("{} {}", day(micros.div_euclid(of_day)), clock(micros.rem_euclid(of_day)))
}
