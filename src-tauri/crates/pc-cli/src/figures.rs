//! Numbers as people read them, the same in both languages.

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

/// A short clock for what is left: `0:07`, `12:30`, `1:02:03`.
pub fn clock(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes}:{rest:02}") }
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
    fn a_clock_shows_hours_only_when_there_are_some() {
        assert_eq!([7, 750, 3_723].map(clock), ["0:07", "12:30", "1:02:03"]);
    }
}
