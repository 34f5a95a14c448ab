//! Numbers as people read them: bytes, time, money, instants. The same in both languages but for words of time.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pc_app::api::Money;
use pc_base::Language;

/// In powers of 1000, three digits: `253 MB`, `1.07 GB`.
pub fn bytes(count: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (count as f64, 0);
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {}", units[unit])
}

/// With a comma a thousand: `33,570`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `8.4 s`, `3 min 05 s`, `2 h 07 min`.
pub fn duration(time: Duration, language: Language) -> String {
    let words = match language {
        Language::English => ["s", "min", "h"],
        Language::Chinese => ["秒", "分", "小时"],
    };
    let seconds = time.as_secs_f64().round() as u64;
    if time.as_secs_f64() < 59.95 {
        let decimals = if time.as_secs_f64() < 0.95 { 2 } else { 1 };
        return format!("{:.decimals$} {}", time.as_secs_f64(), words[0]);
    }
    if seconds < 3600 {
        return format!("{} {} {:02} {}", seconds / 60, words[1], seconds % 60, words[0]);
    }
    format!("{} {} {:02} {}", seconds / 3600, words[2], seconds % 3600 / 60, words[1])
}

/// A short clock for what is left: `0:07`, `12:30`, `1:02:03`.
pub fn clock(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes}:{rest:02}") }
}

/// `¥0.0671`; another currency by its code. The digits are the ones that came, never rounded again.
pub fn money(money: &Money) -> String {
    match money.currency.as_str() {
        "CNY" => format!("¥{}", money.amount),
        other => format!("{} {other}", money.amount),
    }
}

/// An instant of the wire in the machine's zone; text that is none stays as it came.
pub fn instant(rfc3339: &str) -> String {
    let local = |time: Timestamp| time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string();
    rfc3339.parse().map_or_else(|_| rfc3339.to_owned(), local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_three_digits_and_their_unit() {
        let shown: Vec<String> = [0, 999, 1_000, 253_113_024, 999_600, 1_072_000_000].map(bytes).into();
        assert_eq!(shown, ["0 B", "999 B", "1.00 kB", "253 MB", "1.00 MB", "1.07 GB"]);
        assert_eq!([0, 999, 1_000, 33_570_123].map(count), ["0", "999", "1,000", "33,570,123"]);
    }

    #[test]
    fn times_change_their_unit_where_the_smaller_one_stops_to_matter() {
        let english = |seconds: f64| duration(Duration::from_secs_f64(seconds), Language::English);
        assert_eq!([0.128, 8.44, 59.97, 3_725.0].map(english), ["0.13 s", "8.4 s", "1 min 00 s", "1 h 02 min"]);
        assert_eq!(duration(Duration::from_secs(185), Language::Chinese), "3 分 05 秒");
        assert_eq!([7, 750, 3_723].map(clock), ["0:07", "12:30", "1:02:03"]);
    }

    #[test]
    fn money_is_shown_as_it_came() {
        let money_of =
            |amount: &str, currency: &str| money(&Money { amount: amount.into(), currency: currency.into() });
        assert_eq!(money_of("0.067140", "CNY"), "¥0.067140", "no digit is lost and none is made up");
        assert_eq!(money_of("1.5", "USD"), "1.5 USD");
    }
}
