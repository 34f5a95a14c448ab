//! Check digits and issuers' ranges, over ASCII digits and letters. Sources: GB 11643, GB 32100, ISO/IEC 7812 (Luhn),
//! ISO 13616 (IBAN). Deliberately absent: texts; Macau's check digit, whose rule is not published.

/// First two digits of a region (GB/T 2260), with 83 for Taiwan's residents on the mainland.
pub fn province(code: &[u8]) -> bool {
    matches!(
        code.first_chunk::<2>(),
        Some(
            b"11"
                | b"12"
                | b"13"
                | b"14"
                | b"15"
                | b"21"
                | b"22"
                | b"23"
                | b"31"
                | b"32"
                | b"33"
                | b"34"
                | b"35"
                | b"36"
                | b"37"
                | b"41"
                | b"42"
                | b"43"
                | b"44"
                | b"45"
                | b"46"
                | b"50"
                | b"51"
                | b"52"
                | b"53"
                | b"54"
                | b"61"
                | b"62"
                | b"63"
                | b"64"
                | b"65"
                | b"71"
                | b"81"
                | b"82"
                | b"83"
        )
    )
}

/// The value of ASCII digits.
pub fn value(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |all, digit| all.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')))
}

/// Is there such a day?
pub fn day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => 0,
    };
    (1..=last).contains(&day)
}

/// The 18th character for 17 digits (GB 11643, ISO 7064 MOD 11-2).
pub fn resident_check(digits: &[u8]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    b"10X98765432"[(sum % 11) as usize]
}

/// 17 digits and a digit or X, of a real region and day.
pub fn resident18(id: &[u8]) -> bool {
    id.len() == 18
        && id[..17].iter().all(u8::is_ascii_digit)
        && province(id)
        && &id[2..4] != b"99"
        && (1890..=2050).contains(&value(&id[6..10]))
        && day(value(&id[6..10]), value(&id[10..12]), value(&id[12..14]))
        && resident_check(&id[..17]) == id[17].to_ascii_uppercase()
}

/// The form until 1999: no century and no check digit.
pub fn resident15(id: &[u8]) -> bool {
    id.len() == 15 && province(id) && day(1900 + value(&id[6..8]), value(&id[8..10]), value(&id[10..12]))
}

/// ISO/IEC 7812's sum over all digits, modulo 10; right numbers give 0.
pub fn luhn(digits: &[u8]) -> u32 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0') * (1 + at as u32 % 2);
            value / 10 + value % 10
        })
        .sum();
    sum % 10
}

/// Letters and digits of GB 32100, in the order of their values.
pub const CREDIT: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The 18th character for 17; nothing where one is not of the alphabet.
pub fn credit_check(code: &[u8]) -> Option<u8> {
    let (mut sum, mut weight) = (0, 1);
    for byte in code {
        sum += CREDIT.iter().position(|c| c == byte)? * weight;
        weight = weight * 3 % 31;
    }
    Some(CREDIT[(31 - sum % 31) % 31])
}

/// Authorities that register bodies, and the kinds of bodies that each registers (GB 32100, table 1).
fn body_kind(authority: u8, kind: u8) -> bool {
    let kinds: &[u8] = match authority {
        b'1' | b'5' | b'N' => b"1239",
        b'2' | b'4' | b'8' | b'A' => b"19",
        b'3' => b"123459",
        b'6' | b'7' => b"129",
        b'9' => b"123",
        b'Y' => b"1",
        _ => b"",
    };
    kinds.contains(&kind)
}

/// A unified social credit code: authority, kind, region, nine characters of the body's, check.
pub fn credit_code(code: &[u8]) -> bool {
    code.len() == 18
        && body_kind(code[0], code[1])
        && code[2..8].iter().all(u8::is_ascii_digit)
        && (province(&code[2..]) || &code[2..8] == b"100000")
        && credit_check(&code[..17]) == Some(code[17])
}

/// Hong Kong: one or two letters, six digits; gives the check character.
pub fn hong_kong_check(letters: &[u8], digits: &[u8]) -> u8 {
    let letter = |at: usize| u32::from(letters[at] - b'A') + 10;
    let mut sum = if letters.len() == 2 { letter(0) * 9 + letter(1) * 8 } else { 36 * 9 + letter(0) * 8 };
    sum += digits.iter().zip([7, 6, 5, 4, 3, 2]).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum::<u32>();
    match (11 - sum % 11) % 11 {
        10 => b'A',
        check => b'0' + check as u8,
    }
}

/// Taiwan: a letter and nine digits; 0 where the last is right.
pub fn taiwan_sum(letter: u8, digits: &[u8]) -> u32 {
    const VALUES: [u32; 26] =
        [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];
    let value = VALUES[usize::from(letter - b'A')];
    let weights = [8, 7, 6, 5, 4, 3, 2, 1, 1];
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    (value / 10 + value % 10 * 9 + sum) % 10
}

/// The remainder of an IBAN's rearranged number; right ones give 1.
pub fn mod97(iban: &[u8]) -> u32 {
    let (head, body) = iban.split_at(4.min(iban.len()));
    body.iter().chain(head).fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase()) - 55) % 97,
    })
}

/// Length of a country's IBANs, from SWIFT's register.
pub fn iban_length(country: &[u8]) -> Option<usize> {
    const LENGTHS: &[(&str, usize)] = &[
        ("NO", 15),
        ("BE", 16),
        ("DK FI FO GL NL", 18),
        ("MK SI", 19),
        ("AT BA EE KZ LT LU XK", 20),
        ("CH CR HR LI LV", 21),
        ("BG BH DE GB GE IE ME RS", 22),
        ("AE GI IL IQ TL OM", 23),
        ("AD CZ ES MD PK RO SA SE SK TN VG", 24),
        ("LY PT ST", 25),
        ("IS TR", 26),
        ("FR GR IT MC MR SM", 27),
        ("AL AZ BY CY DO GT HU LB PL SV", 28),
        ("BR EG PS QA UA", 29),
        ("JO KW MU", 30),
        ("MT SC", 31),
        ("LC", 32),
    ];
    let country = std::str::from_utf8(country).ok()?;
    LENGTHS.iter().find(|(names, _)| names.split(' ').any(|name| name == country)).map(|(_, length)| *length)
}

/// Three digits that an operator on the mainland hands out; 154 is nobody's, which stand-ins rely on.
pub fn mobile_prefix(digits: &[u8]) -> bool {
    matches!(
        value(&digits[..3]),
        130..=139 | 145..=149 | 150..=153 | 155..=159 | 162 | 165..=167 | 170..=178 | 180..=193 | 195..=199
    )
}

/// Length of the mainland's area code at the start.
pub fn area_code(digits: &[u8]) -> Option<usize> {
    match digits {
        [b'0', b'1', b'0', ..] | [b'0', b'2', b'0'..=b'5' | b'7'..=b'9', ..] => Some(3),
        [b'0', b'3'..=b'9', _, _, ..] => Some(4),
        _ => None,
    }
}

/// The network of a card by its first digits and length.
pub fn card_network(digits: &[u8]) -> Option<&'static str> {
    let (two, four) = (value(&digits[..2]), value(&digits[..4]));
    match (digits.len(), two, four) {
        (16..=19, 62, _) | (16..=19, _, 8100..=8171 | 9558 | 6013) | (19, _, 6228) => Some("union_pay"),
        (13 | 16 | 19, 40..=49, _) => Some("visa"),
        (16, 51..=55, _) | (16, _, 2221..=2720) => Some("mastercard"),
        (15, 34 | 37, _) => Some("american_express"),
        (16, _, 3528..=3589) => Some("jcb"),
        (16, 65, _) | (16, _, 6011 | 6440..=6499) => Some("discover"),
        (14, 36 | 38 | 39, _) | (14, _, 3000..=3059) => Some("diners"),
        _ => None,
    }
}
