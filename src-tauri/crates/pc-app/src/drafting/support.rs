//! Whether what a model wrote stands in the text that it was given: its numbers, and how much of its wording. It is a
//! measure of borrowing and no proof of truth, so a person still judges. Deliberately absent: words for people.

use std::collections::HashSet;

use super::parse::after_number;
use super::prompt::is_han;

/// Fewer pieces than this say nothing about a text.
const FEW: usize = 4;

/// The share of an answer's pieces of wording (two characters of Chinese, a word's beginning elsewhere) that the ground
/// has. Nothing where either is too short, or where they are written in different scripts.
pub(super) fn support(answer: &str, ground: &str) -> Option<f64> {
    let (wanted, given) = (pieces(answer), pieces(ground));
    if wanted.len() < FEW || given.len() < FEW {
        return None;
    }
    let han = |pieces: &HashSet<String>| pieces.iter().filter(|piece| piece.starts_with(is_han)).count();
    let (han_wanted, han_given) = (han(&wanted), han(&given));
    let shares_script =
        (han_wanted * 2 >= wanted.len() && han_given > 0) || (han_wanted * 2 < wanted.len() && han_given < given.len());
    let found = wanted.iter().filter(|piece| given.contains(*piece)).count();
    shares_script.then(|| found as f64 / wanted.len() as f64)
}

fn pieces(text: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut before: Option<char> = None;
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if is_han(c) {
            if let Some(before) = before {
                found.insert([before, c].iter().collect());
            }
            before = Some(c);
        } else {
            before = None;
        }
        if c.is_alphabetic() && !is_han(c) {
            word.extend(c.to_lowercase());
        } else if !word.is_empty() {
            // Words change at their ends; three letters and fewer are mostly glue.
            if word.chars().count() > 3 {
                found.insert(word.chars().take(5).collect());
            }
            word.clear();
        }
    }
    found
}

/// The first number of an answer that none of the grounds has, as it is written there. A number that begins a line of a list, or
/// stands in brackets like one, counts nothing.
pub(super) fn unknown_number(answer: &str, grounds: &[&str]) -> Option<String> {
    let known: HashSet<String> = grounds.iter().flat_map(|ground| known_numbers(ground)).collect();
    answer
        .lines()
        .flat_map(|line| written(after_number(line.trim_start()).unwrap_or(line)))
        .find(|number| !number.in_brackets && !known.contains(&number.value))
        .map(|number| number.value)
}

/// A number in digits.
struct Written {
    /// Without separators of thousands, and without zeros that say nothing.
    value: String,
    in_brackets: bool,
    /// What follows it.
    next: Option<char>,
}

fn written(text: &str) -> Vec<Written> {
    let chars: Vec<char> = text.chars().map(narrow).collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        if !chars[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let from = at;
        let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
        while digit(at) || (matches!(chars.get(at), Some('.' | ',')) && digit(at + 1)) {
            at += 1;
        }
        let raw: String = chars[from..at].iter().collect();
        let next = chars.get(at).copied();
        let in_brackets = from > 0 && chars[from - 1] == '(' && next == Some(')');
        found.extend(plain(&raw).into_iter().map(|value| Written { value, in_brackets, next }));
    }
    found
}

/// `1,200` is one number, `1,2` are two; `3.50` is `3.5`, and `007` is `7`.
fn plain(raw: &str) -> Vec<String> {
    let mut parts = raw.split(',');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let thousands = !rest.is_empty()
        && first.len() <= 3
        && rest.iter().all(|part| part.split('.').next().is_some_and(|whole| whole.len() == 3));
    let numbers = if thousands { vec![raw.replace(',', "")] } else { raw.split(',').map(str::to_owned).collect() };
    numbers.iter().map(|number| shortest(number)).collect()
}

fn shortest(number: &str) -> String {
    let number = match number.split_once('.') {
        // Dates and versions such as 2026.11.25 stay as they are.
        Some((_, fraction)) if !fraction.contains('.') => number.trim_end_matches('0').trim_end_matches('.'),
        _ => number,
    };
    let bare = number.trim_start_matches('0');
    if bare.is_empty() || bare.starts_with('.') { format!("0{bare}") } else { bare.to_owned() }
}

/// Full-width digits and signs as their ASCII twins.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// Every number that a text has, in digits or in words, and the other way to say each hour.
fn known_numbers(text: &str) -> HashSet<String> {
    // Full hours are written with minutes, too.
    let mut known = HashSet::from(["0".to_owned()]);
    for number in written(text) {
        let is_hour = number.next.is_some_and(|next| ":点时 apAP".contains(next));
        if let Some(hour) = number.value.parse::<u64>().ok().filter(|_| is_hour) {
            hours(hour, &mut known);
        }
        known.insert(number.value);
    }
    for value in in_chinese(text) {
        hours(value, &mut known);
        known.insert(value.to_string());
    }
    let lower = text.to_lowercase();
    for word in lower.split(|c: char| !c.is_alphabetic()).filter(|word| word.is_ascii()) {
        if let Some(value) = in_english(word) {
            hours(value, &mut known);
            known.insert(value.to_string());
        }
    }
    for (word, values) in [
        ("半", ["30", "0.5", "50"]),
        ("刻", ["15", "45", "45"]),
        ("half", ["30", "0.5", "50"]),
        ("quarter", ["15", "45", "25"]),
        ("noon", ["12", "12", "12"]),
        ("中午", ["12", "12", "12"]),
        ("正午", ["12", "12", "12"]),
        ("midnight", ["12", "24", "0"]),
        ("午夜", ["12", "24", "0"]),
    ] {
        if lower.contains(word) {
            known.extend(values.map(str::to_owned));
        }
    }
    known
}

fn hours(hour: u64, known: &mut HashSet<String>) {
    match hour {
        1..=12 => known.insert((hour + 12).to_string()),
        13..=24 => known.insert((hour - 12).to_string()),
        _ => false,
    };
}

/// Numbers in Chinese characters, up to 亿; a run of plain digits such as 二零二六 is read as digits.
fn in_chinese(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let mut run = String::new();
    for c in text.chars().chain([' ']) {
        if digit(c).is_some() || unit(c).is_some() {
            run.push(c);
        } else if !run.is_empty() {
            found.extend(chinese(&run));
            run.clear();
        }
    }
    found
}

fn digit(c: char) -> Option<u64> {
    let at = "零一二三四五六七八九".chars().position(|digit| digit == c);
    at.map(|at| at as u64).or(match c {
        '〇' => Some(0),
        '两' => Some(2),
        _ => None,
    })
}

fn unit(c: char) -> Option<u64> {
    Some(match c {
        '十' => 10,
        '百' => 100,
        '千' => 1_000,
        '万' => 10_000,
        '亿' => 100_000_000,
        _ => return None,
    })
}

fn chinese(run: &str) -> Option<u64> {
    if !run.chars().any(|c| unit(c).is_some()) {
        return run.chars().try_fold(0_u64, |sum, c| sum.checked_mul(10)?.checked_add(digit(c)?));
    }
    let (mut total, mut section, mut last) = (0_u64, 0_u64, None);
    for c in run.chars() {
        match unit(c) {
            Some(unit) if unit >= 10_000 => {
                let below = section.checked_add(last.take().unwrap_or(0))?;
                total = total.checked_add(below.max(1).checked_mul(unit)?)?;
                section = 0;
            }
            Some(unit) => section = section.checked_add(last.take().unwrap_or(1) * unit)?,
            None => last = digit(c),
        }
    }
    total.checked_add(section)?.checked_add(last.unwrap_or(0))
}

fn in_english(word: &str) -> Option<u64> {
    const SMALL: [&str; 21] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    const TENS: [&str; 7] = ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let small = SMALL.iter().position(|known| *known == word).map(|at| at as u64);
    let tens = || TENS.iter().position(|known| *known == word).map(|at| at as u64 * 10 + 30);
    small.or_else(tens).or(match word {
        "once" | "first" => Some(1),
        "twice" | "second" => Some(2),
        "third" => Some(3),
        "dozen" => Some(12),
        "hundred" => Some(100),
        "thousand" => Some(1_000),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        let ground = "早餐六点半开始，下午三点退房，押金１，２００元，房费 3.50 元，一百二十间客房，二零二六年开业，Twelve rooms.";
        for known in [
            "6:30",
            "15 点",
            "1200 元",
            "1,200",
            "3.5",
            "120 间",
            "2026 年",
            "12 rooms",
            "1. 押金 1200\n2. 早餐 6 点",
            "(2) 见前台",
            "无",
        ] {
            assert_eq!(unknown_number(known, &[ground]), None, "{known}");
        }
        for (answer, number) in
            [("7:10", "10"), ("押金 500 元", "500"), ("1,201", "1201"), ("0.35%", "0.35"), ("第 18 层", "18")]
        {
            let ground = ground.replace("六点", "七点");
            assert_eq!(unknown_number(answer, &[&ground]).as_deref(), Some(number), "{answer}");
        }
        assert_eq!(unknown_number("押金 500 元", &["a", "押金五百元"]), None, "any of the grounds will do");
    }

    #[test]
    fn chinese_numerals_have_their_value_and_absurd_ones_end() {
        for (run, value) in
            [("十", 10), ("二十五", 25), ("一百零八", 108), ("两千三百", 2_300), ("三万五千", 35_000), ("一〇八", 108)]
        {
            assert_eq!(chinese(run), Some(value), "{run}");
        }
        for run in ["亿", "九九九九九九九九九九九九九九九九九九九九九九", "亿亿亿亿亿亿亿亿亿"]
        {
            let _ended = chinese(&run.repeat(2_000));
        }
    }

    #[test]
    fn support_is_high_for_what_is_there_low_for_what_is_not_and_unknown_across_scripts() {
        let ground = "酒店早餐从六点半开始，到十点结束。住客凭房卡用餐，儿童免费。";
        assert!(support("早餐从六点半开始，凭房卡用餐。", ground).unwrap() > 0.8);
        assert!(support("游泳池位于屋顶，全年开放给会员。", ground).unwrap() < 0.1);
        let english = "Check-out is at noon. Late check-out costs fifty yuan an hour.";
        assert!(support("Late check-out costs fifty yuan for each hour.", english).unwrap() > 0.7);
        assert_eq!(support("You can check out late for fifty yuan.", ground), None);
        assert_eq!(support("是的。", ground), None);
    }
}
