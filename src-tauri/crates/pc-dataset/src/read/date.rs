//! Days and times without a calendar library: what people write in tables into seconds, and day numbers into dates. The proleptic
//! Gregorian calendar throughout (Hinnant, "chrono-compatible low-level date algorithms").

/// Days from 1970-01-01 to a date.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date so many days from 1970-01-01: year, month, day.
pub(crate) fn date(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// A date and time as people write them, in seconds from 1970-01-01: `2024-01-05 10:11:12`, `2024/1/5 10:11`,
/// `2024年1月5日 10时11分`, `20240105`, with `T`, fractions, `Z` and offsets. Nothing for all else.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.len() > 48 || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut rest = text;
    let (year, month, day) = if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        rest = "";
        (text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?)
    } else {
        let year = number(&mut rest, &['-', '/', '.', '年'])?;
        let month = number(&mut rest, &['-', '/', '.', '月'])?;
        (year, month, digits(&mut rest)?)
    };
    if !(1_000..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    rest = rest.strip_prefix(['日', '号']).unwrap_or(rest).trim_start();
    rest = rest.strip_prefix(['T', 't']).unwrap_or(rest).trim_start();
    Some(days(year, month, day) as f64 * 86_400.0 + clock(rest)?)
}

/// A time of day, and an offset behind it, in seconds.
fn clock(mut rest: &str) -> Option<f64> {
    if rest.is_empty() {
        return Some(0.0);
    }
    let afternoon = ["下午", "晚上", "PM ", "pm "].iter().find_map(|word| rest.strip_prefix(word));
    let morning = ["上午", "早上", "凌晨", "AM ", "am "].iter().find_map(|word| rest.strip_prefix(word));
    rest = afternoon.or(morning).unwrap_or(rest).trim_start();
    let mut hour = number(&mut rest, &[':', '时', '点'])?;
    let minute = digits(&mut rest)?;
    rest = rest.strip_prefix([':', '分']).unwrap_or(rest);
    let mut second = 0.0;
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        second = rest[..end].parse().ok()?;
        rest = rest[end..].strip_prefix('秒').unwrap_or(&rest[end..]);
    }
    let rest = rest.trim();
    let late = afternoon.is_some() || rest.eq_ignore_ascii_case("pm");
    if late && hour < 12 {
        hour += 12;
    }
    if hour > 24 || minute > 59 || second >= 61.0 {
        return None;
    }
    let offset = match rest {
        "" | "Z" | "z" => 0,
        word if word.eq_ignore_ascii_case("am") || word.eq_ignore_ascii_case("pm") => 0,
        zone => {
            let sign = if zone.starts_with('+') { 1 } else { -1 };
            let mut zone = zone.strip_prefix(['+', '-'])?;
            let hours = zone.get(..2)?.parse::<i64>().ok()?;
            zone = zone[2..].strip_prefix(':').unwrap_or(&zone[2..]);
            sign * (hours * 3_600 + if zone.is_empty() { 0 } else { zone.parse::<i64>().ok()? * 60 })
        }
    };
    Some((hour * 3_600 + minute * 60 - offset) as f64 + second)
}

fn digits(rest: &mut &str) -> Option<i64> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let value = rest[..end].parse().ok().filter(|_| end <= 4)?;
    *rest = &rest[end..];
    Some(value)
}

fn number(rest: &mut &str, ends: &[char]) -> Option<i64> {
    let value = digits(rest)?;
    *rest = rest.strip_prefix(ends)?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_each_others_inverse_over_leap_years_and_centuries() {
        assert_eq!((days(1970, 1, 1), days(2000, 3, 1), days(1900, 1, 1)), (0, 11_017, -25_567));
        for day in (-800_000..800_000).step_by(97) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day, "{year}-{month}-{of_month}");
        }
    }

    #[test]
    fn times_as_people_write_them_are_the_same_time() {
        let wanted = Some(1_704_449_472.0);
        for text in [
            "2024-01-05 10:11:12",
            "2024/1/5 10:11:12",
            "2024年1月5日 10时11分12秒",
            "2024-01-05T18:11:12+08:00",
            "2024.1.5 上午10:11:12",
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
        assert_eq!(seconds("2024-01-05 下午3:04"), seconds("2024-01-05 15:04:00"));
        for text in ["13812345678", "10:11", "2024-13-01", "1.2.3", "第1章", "2024年", "2024-01-05 hello"] {
            assert_eq!(seconds(text), None, "{text} is no time");
        }
    }
}
