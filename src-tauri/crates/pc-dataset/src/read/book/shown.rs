//! Numbers as a sheet shows them: the number formats of ECMA-376 (part 1, 18.8.30 and 18.8.31) as far as data have them. Formats
//! that only change how a whole number looks to an accountant (fractions, exponents, colours, conditions) show the plain number.

use std::collections::HashMap;
use std::sync::Arc;

use quick_xml::events::Event;
use serde_json::{Number, Value};

use crate::read::date::{date, days};
use crate::read::xml::{Xml, attribute};

/// Cells' styles of a workbook; more do not count.
pub(super) const STYLES: usize = 100_000;
/// Formats of a workbook's own, and bytes of one: programs allow some hundreds, of 255 characters.
const FORMATS: usize = 4_096;
const FORMAT_BYTES: usize = 1_024;

/// How a style shows a number.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shown {
    General,
    Date(Vec<Piece>),
    Decimal { before: String, after: String, decimals: usize, thousands: bool, percent: bool },
}

/// A piece of a date.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Words(String),
    Year(usize),
    Month(usize),
    Day(usize),
    Weekday(usize),
    Hour(usize),
    Minute(usize),
    Second(usize),
    /// Digits behind the second's point.
    Fraction(usize),
    Noon,
    /// Hours, minutes or seconds since the beginning.
    Elapsed(char),
}

/// The formats of a workbook, each understood once, however many styles name it.
#[derive(Default)]
pub(super) struct Formats(HashMap<u16, Arc<Shown>>);

impl Formats {
    /// Takes a format of the workbook's own.
    pub fn add(&mut self, id: u16, code: &str) {
        if self.0.len() < FORMATS && code.len() <= FORMAT_BYTES {
            self.0.insert(id, Arc::new(parse(code)));
        }
    }

    /// The format of a number.
    pub fn of(&self, id: u16) -> Arc<Shown> {
        match self.0.get(&id) {
            Some(shown) => shown.clone(),
            None => Arc::new(parse(built_in(id))),
        }
    }
}

/// The formats of a workbook's cell styles, by the style's number.
pub(super) fn styles(xml: &mut Xml) -> anyhow::Result<Vec<Arc<Shown>>> {
    let (mut formats, mut styles, mut inside) = (Formats::default(), Vec::new(), false);
    loop {
        match xml.event()? {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "numFmt" => {
                    if let (Some(id), Some(code)) = (attribute(&tag, "numFmtId"), attribute(&tag, "formatCode")) {
                        id.parse().into_iter().for_each(|id| formats.add(id, &code));
                    }
                }
                "cellXfs" => inside = true,
                "xf" if inside && styles.len() < STYLES => {
                    let id = attribute(&tag, "numFmtId").and_then(|id| id.parse().ok());
                    styles.push(formats.of(id.unwrap_or_default()));
                }
                _ => {}
            },
            Event::End(tag) if tag.local_name().as_ref() == "cellXfs" => inside = false,
            Event::Eof => return Ok(styles),
            _ => {}
        }
    }
}

/// The formats that workbooks name by number only. Those that follow the system's language show dates as ISO 8601 has them.
pub(super) fn built_in(id: u16) -> &'static str {
    match id {
        1 => "0",
        2 => "0.00",
        3 | 37 | 38 => "#,##0",
        4 | 39 | 40 => "#,##0.00",
        9 => "0%",
        10 => "0.00%",
        14 | 30 => "yyyy-mm-dd",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 => "h:mm",
        21 => "h:mm:ss",
        22 => "yyyy-mm-dd hh:mm",
        27 | 36 | 50 | 52 | 57 => "yyyy\"年\"m\"月\"",
        28 | 29 | 51 | 53 | 54 | 58 => "m\"月\"d\"日\"",
        31 => "yyyy\"年\"m\"月\"d\"日\"",
        32 => "h\"时\"mm\"分\"",
        33 => "h\"时\"mm\"分\"ss\"秒\"",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mm:ss.0",
        _ => "",
    }
}

/// Understands a format's code: its first section only, since the others are for negative numbers, zero and text.
pub(super) fn parse(code: &str) -> Shown {
    if code.to_lowercase().starts_with("general") {
        return Shown::General;
    }
    let (mut pieces, mut digits, mut percent, mut odd) = (Vec::new(), String::new(), false, false);
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ';' => break,
            '"' => words(&mut pieces, &chars.by_ref().take_while(|&c| c != '"').collect::<String>()),
            '\\' | '!' => words(&mut pieces, &chars.next().map(String::from).unwrap_or_default()),
            '_' | '*' => drop(chars.next()),
            '[' => {
                let inner: String = chars.by_ref().take_while(|&c| c != ']').collect();
                let lower = inner.to_lowercase();
                match lower.chars().next() {
                    Some(unit @ ('h' | 'm' | 's')) if lower.chars().all(|c| c == unit) => {
                        pieces.push(Piece::Elapsed(unit))
                    }
                    Some('$') => words(&mut pieces, inner[1..].split('-').next().unwrap_or_default()),
                    _ => {}
                }
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'a' | 'A' | '上' => {
                let mut run = 1;
                let low = c.to_ascii_lowercase();
                while chars.next_if(|next| next.to_ascii_lowercase() == low).is_some() {
                    run += 1;
                }
                match low {
                    'a' | '上' if run < 3 => {
                        // AM/PM, A/P, 上午/下午.
                        while chars.next_if(|next| "mMpP/午下".contains(*next)).is_some() {}
                        pieces.push(Piece::Noon);
                    }
                    'a' => pieces.push(Piece::Weekday(run)),
                    'y' => pieces.push(Piece::Year(run)),
                    'm' => pieces.push(minute_or_month(&pieces, run)),
                    'd' if run > 2 => pieces.push(Piece::Weekday(run)),
                    'd' => pieces.push(Piece::Day(run)),
                    'h' => pieces.push(Piece::Hour(run)),
                    _ => {
                        before_seconds(&mut pieces);
                        pieces.push(Piece::Second(run));
                    }
                }
            }
            '.' if matches!(pieces.last(), Some(Piece::Second(_))) => {
                let mut run = 0;
                while chars.next_if_eq(&'0').is_some() {
                    run += 1;
                }
                pieces.push(if run > 0 { Piece::Fraction(run) } else { Piece::Words(".".into()) });
            }
            '0' | '#' | '?' | '.' | ',' if !pieces.iter().any(is_time) => digits.push(c),
            '%' => percent = true,
            'E' | 'e' | '@' => odd = true,
            other => words(&mut pieces, &other.to_string()),
        }
    }
    if pieces.iter().any(is_time) {
        return Shown::Date(pieces);
    }
    if odd || digits.is_empty() || (digits.contains('?') && code.contains('/')) {
        return Shown::General;
    }
    decimal(code, &digits, percent)
}

/// A format with digits; the words before and behind them are found anew, since their places matter here.
fn decimal(code: &str, digits: &str, percent: bool) -> Shown {
    let section = code.split(';').next().unwrap_or_default();
    let first = section.find(['0', '#', '?']).unwrap_or(section.len());
    let last = section.rfind(['0', '#', '?']).map_or(section.len(), |at| at + 1);
    let plain = |part: &str| {
        let mut pieces = Vec::new();
        let mut chars = part.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' | '%' => {}
                '_' | '*' => drop(chars.next()),
                '\\' => words(&mut pieces, &chars.next().map(String::from).unwrap_or_default()),
                '[' => {
                    let inner: String = chars.by_ref().take_while(|&c| c != ']').collect();
                    if let Some(symbol) = inner.strip_prefix('$') {
                        words(&mut pieces, symbol.split('-').next().unwrap_or_default());
                    }
                }
                other => words(&mut pieces, &other.to_string()),
            }
        }
        pieces
            .into_iter()
            .map(|piece| if let Piece::Words(text) = piece { text } else { String::new() })
            .collect::<String>()
    };
    Shown::Decimal {
        before: plain(&section[..first]).trim_start().to_owned(),
        after: plain(&section[last..]).trim_end().to_owned(),
        decimals: digits
            .split_once('.')
            .map_or(0, |(_, behind)| behind.chars().filter(|c| matches!(c, '0' | '#')).count()),
        thousands: digits.split('.').next().unwrap_or_default().contains(','),
        percent,
    }
}

fn words(pieces: &mut Vec<Piece>, more: &str) {
    match pieces.last_mut() {
        Some(Piece::Words(text)) => text.push_str(more),
        _ => pieces.push(Piece::Words(more.to_owned())),
    }
}

fn is_time(piece: &Piece) -> bool {
    !matches!(piece, Piece::Words(_))
}

/// An `m` behind hours means minutes.
fn minute_or_month(pieces: &[Piece], run: usize) -> Piece {
    match pieces.iter().rev().find(|piece| is_time(piece)) {
        Some(Piece::Hour(_) | Piece::Elapsed('h')) if run < 3 => Piece::Minute(run),
        _ => Piece::Month(run),
    }
}

/// An `m` before seconds means minutes, too.
fn before_seconds(pieces: &mut [Piece]) {
    if let Some(piece) = pieces.iter_mut().rev().find(|piece| is_time(piece))
        && let Piece::Month(run) = *piece
    {
        *piece = Piece::Minute(run);
    }
}

impl Shown {
    /// A number as this format shows it; without a format it stays a number.
    pub fn show(&self, number: f64, from_1904: bool) -> Value {
        match self {
            Self::General => general(number),
            Self::Date(pieces) => time(pieces, number, from_1904).map_or_else(|| general(number), Value::String),
            Self::Decimal { before, after, decimals: 0, thousands: false, percent: false }
                if before.is_empty() && after.is_empty() && number.fract() == 0.0 =>
            {
                general(number)
            }
            Self::Decimal { before, after, decimals, thousands, percent } => {
                let scaled = if *percent { number * 100.0 } else { number };
                let plain = format!("{:.*}", (*decimals).min(30), scaled.abs());
                let (whole, behind) =
                    plain.split_once('.').map_or((plain.as_str(), None), |(whole, behind)| (whole, Some(behind)));
                let mut text = String::new();
                if scaled < 0.0 {
                    text.push('-');
                }
                text.push_str(before);
                for (at, digit) in whole.chars().enumerate() {
                    if *thousands && at > 0 && (whole.len() - at) % 3 == 0 {
                        text.push(',');
                    }
                    text.push(digit);
                }
                if let Some(behind) = behind {
                    text.push('.');
                    text.push_str(behind);
                }
                if *percent {
                    text.push('%');
                }
                Value::String(text + after)
            }
        }
    }
}

fn general(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9.0e15 {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// The date of a serial number: days since the end of 1899, where Excel has a 29 February 1900 that never was.
fn serial_date(serial: f64, from_1904: bool) -> Option<(i64, i64)> {
    if !(0.0..2_958_466.0).contains(&serial) {
        return None;
    }
    // A tenth of a millisecond is more than a float's error and less than what anybody shows.
    let ticks = (serial * 86_400_000.0).round() as i64;
    let (whole, rest) = (ticks.div_euclid(86_400_000), ticks.rem_euclid(86_400_000));
    let start = if from_1904 { days(1904, 1, 1) } else { days(1899, 12, 30) + i64::from(whole < 60) };
    Some((start + whole, rest))
}

fn time(pieces: &[Piece], serial: f64, from_1904: bool) -> Option<String> {
    let (day, mut millis) = serial_date(serial, from_1904)?;
    let shows_fraction = pieces.iter().any(|piece| matches!(piece, Piece::Fraction(_)));
    if !shows_fraction {
        millis = (millis + 500) / 1_000 * 1_000;
    }
    let (day, millis) = (day + millis / 86_400_000, millis % 86_400_000);
    let (year, month, of_month) = date(day);
    let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
    let noon = pieces.contains(&Piece::Noon);
    let padded = |value: i64, run: usize| format!("{value:0width$}", width = run.min(2));
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Words(words) => text.push_str(words),
            Piece::Year(1 | 2) => text.push_str(&format!("{:02}", year % 100)),
            Piece::Year(_) => text.push_str(&format!("{year:04}")),
            Piece::Month(run @ (1 | 2)) => text.push_str(&padded(month, *run)),
            Piece::Month(run) => text
                .push_str(&MONTHS[month as usize - 1][..if *run == 3 { 3 } else { MONTHS[month as usize - 1].len() }]),
            Piece::Day(run) => text.push_str(&padded(of_month, *run)),
            Piece::Weekday(run) => text.push_str(&weekday(day, *run)),
            Piece::Hour(run) => text.push_str(&padded(if noon { (hour + 11) % 12 + 1 } else { hour }, *run)),
            Piece::Minute(run) => text.push_str(&padded(minute, *run)),
            Piece::Second(run) => text.push_str(&padded(second, *run)),
            Piece::Fraction(run) => text.push_str(&format!(".{:03}", millis % 1_000)[..=(*run).min(3)]),
            Piece::Noon => text.push_str(if hour < 12 { "AM" } else { "PM" }),
            Piece::Elapsed(unit) => {
                let seconds = (serial * 86_400.0).round() as i64;
                text.push_str(
                    &match unit {
                        'h' => seconds / 3_600,
                        'm' => seconds / 60,
                        _ => seconds,
                    }
                    .to_string(),
                );
            }
        }
    }
    Some(text)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `d` in English, `a` in Chinese; which of them was written is told by its length, since three and four are all there are.
fn weekday(day: i64, run: usize) -> String {
    let names = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    let name = names[day.rem_euclid(7) as usize];
    if run == 3 { name[..3].to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, number: f64) -> String {
        match parse(code).show(number, false) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    #[test]
    fn numbers_look_as_excel_shows_them() {
        // Each right side is what Excel displays for the format and the number.
        let noon = 45_296.5;
        for (code, number, wanted) in [
            ("yyyy-mm-dd", 45_296.0, "2024-01-05"),
            ("yyyy/m/d h:mm", noon, "2024/1/5 12:00"),
            ("yyyy\"年\"m\"月\"d\"日\";@", noon, "2024年1月5日"),
            ("[$-F800]dddd, mmmm dd, yyyy", noon, "Friday, January 05, 2024"),
            ("h:mm:ss AM/PM", 0.75, "6:00:00 PM"),
            ("mm:ss", 0.001, "01:26"),
            ("[h]:mm", 1.5, "36:00"),
            ("m/d/yy", 1.0, "1/1/00"),
            ("0.00", 2.71900, "2.72"),
            ("#,##0.00", -1234567.891, "-1,234,567.89"),
            ("\"¥\"#,##0", 9_876.0, "¥9,876"),
            ("[$€-407]#,##0.0", 12.0, "€12.0"),
            ("0%", 0.256, "26%"),
            ("0.0\"元\"", 2.5, "2.5元"),
            ("0", 13_812_345_678.0, "13812345678"),
            ("General", 0.1, "0.1"),
            ("@", 7.0, "7"),
        ] {
            assert_eq!(shown(code, number), wanted, "{code}");
        }
    }

    #[test]
    fn a_number_that_is_no_date_stays_a_number() {
        assert_eq!(shown("yyyy-mm-dd", -1.0), "-1");
        assert_eq!(shown("yyyy-mm-dd", 1.0e300), "1e+300");
        assert_eq!(parse("yyyy-mm-dd").show(0.0, true), "1904-01-01");
        assert_eq!(parse("yyyy-mm-dd").show(f64::INFINITY, false), Value::Null);
    }
}
