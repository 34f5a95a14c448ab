//! Tokens of letters and digits: codes with check digits, plates, e-mail and network addresses.
//! Deliberately absent: numbers of digits alone, which are `numbers`', and keys, which are `secrets`'.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::checks::{credit_code, hong_kong_check, iban_length, mod97, taiwan_sum};
use super::context::Context;
use super::kinds::{Certainty, Kind, Span};

/// First characters of plates on the mainland.
pub(super) const PLATE_PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/// The word of ASCII letters and digits around a place.
pub(super) fn word(bytes: &[u8], at: usize) -> (usize, usize) {
    let start = bytes[..at].iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |place| place + 1);
    let end =
        bytes[at..].iter().position(|byte| !byte.is_ascii_alphanumeric()).map_or(bytes.len(), |length| at + length);
    (start, end)
}

/// What a word that holds a digit and a letter may be; `at` is its first digit.
pub(super) fn judge(context: &Context<'_>, (start, end): (usize, usize)) -> Option<Span> {
    let token = &context.bytes[start..end];
    if token.len() > 40 || !token.iter().any(u8::is_ascii_uppercase) && token.len() < 15 {
        return None;
    }
    credit(context, token, (start, end))
        .or_else(|| plate(context, token, (start, end)))
        .or_else(|| region(context, token, (start, end)))
        .or_else(|| iban(context, start))
        .or_else(|| papers(context, token, (start, end)))
        .or_else(|| insurance(context, start))
}

fn credit(context: &Context<'_>, token: &[u8], place: (usize, usize)) -> Option<Span> {
    let right = credit_code(token) && context.stands_alone(place, false);
    right.then(|| Span::new(Kind::CreditCode, place, Certainty::Certain, ""))
}

fn plate(context: &Context<'_>, token: &[u8], (start, end): (usize, usize)) -> Option<Span> {
    let plain =
        |bytes: &[u8]| bytes.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() && !matches!(b, b'I' | b'O'));
    // The point between area and number is a character of its own.
    let before = &context.text[..start];
    let (area, number) = match ["·", "•", " ", "-"].iter().find_map(|dot| before.strip_suffix(dot)) {
        Some(rest) if token.len() >= 4 => (rest, token),
        _ => (before, token.get(1..)?),
    };
    let area = if area.len() == before.len() {
        token[0].is_ascii_uppercase().then_some(before)?
    } else {
        area.strip_suffix(|c: char| c.is_ascii_uppercase())?
    };
    let province = area.chars().next_back().filter(|c| PLATE_PROVINCES.contains(*c))?;
    let tail = context.text[end..].chars().next().filter(|c| "挂学警港澳".contains(*c) && number.len() == 4);
    let digits = number.iter().filter(|b| b.is_ascii_digit()).count();
    let electric = number.len() == 6 && digits >= 4 && b"DFABCEGHJK".iter().any(|l| number[0] == *l || number[5] == *l);
    let shape = (number.len() == 5 || electric || tail.is_some()) && digits >= 2 && plain(number);
    let place = (area.len() - province.len_utf8(), end + tail.map_or(0, char::len_utf8));
    let detail = if electric { "new_energy" } else { "" };
    shape.then(|| Span::new(Kind::Plate, place, Certainty::Likely, detail))
}

/// Cards of Hong Kong and Taiwan.
fn region(context: &Context<'_>, token: &[u8], (start, end): (usize, usize)) -> Option<Span> {
    let letters = token.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let digits = &token[letters..];
    if letters == 1 && digits.len() == 9 && digits.iter().all(u8::is_ascii_digit) {
        let right = matches!(digits[0], b'1' | b'2' | b'8' | b'9') && taiwan_sum(token[0], digits) == 0;
        let free = context.stands_alone((start, end), false) && !context.numbered_otherwise(start);
        return (right && free).then(|| Span::new(Kind::RegionalId, (start, end), Certainty::Certain, "taiwan"));
    }
    if !matches!(letters, 1 | 2) || digits.len() < 6 || !digits[..6].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let check = hong_kong_check(&token[..letters], &digits[..6]);
    let rest = &context.bytes[end..];
    let (given, end) = match (digits.len(), rest) {
        (7, _) => (digits[6], end),
        (6, [b'(', given, b')', ..]) => (*given, end + 3),
        (6, [0xEF, 0xBC, 0x88, given, 0xEF, 0xBC, 0x89, ..]) => (*given, end + 7),
        _ => return None,
    };
    let bracket = digits.len() == 6;
    // Q begins nobody's card: stand-ins do.
    let said = bracket || context.before(start, &["香港", "HKID", "Hong Kong", "身份证"]);
    let right = given == check && token[0] != b'Q' && said && context.stands_alone((start, end), false);
    right.then(|| Span::new(Kind::RegionalId, (start, end), Certainty::Certain, "hong_kong"))
}

fn iban(context: &Context<'_>, start: usize) -> Option<Span> {
    let bytes = context.bytes;
    let head = bytes.get(start..start + 4)?;
    if !head[..2].iter().all(u8::is_ascii_uppercase) || !head[2..].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = iban_length(&head[..2])?;
    let (mut compact, mut at) = (Vec::with_capacity(length), start);
    while compact.len() < length {
        match bytes.get(at)? {
            byte if byte.is_ascii_uppercase() || byte.is_ascii_digit() => compact.push(*byte),
            b' ' | b'-' if compact.len() % 4 == 0 => {}
            _ => return None,
        }
        at += 1;
    }
    let right = mod97(&compact) == 1 && context.stands_alone((start, at), false);
    right.then(|| Span::new(Kind::Iban, (start, at), Certainty::Certain, ""))
}

/// Passports and permits: shapes that many codes have, so that only the words before them tell.
fn papers(context: &Context<'_>, token: &[u8], place: (usize, usize)) -> Option<Span> {
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    let permit = matches!(token, [b'H' | b'M', rest @ ..] if matches!(rest.len(), 8 | 10) && digits(rest));
    if permit
        && context.before(place.0, &["通行证", "回乡证", "ravel permit", "ravel Permit", "home return", "Home Return"])
    {
        return Some(Span::new(Kind::TravelPermit, place, Certainty::Likely, "hong_kong_macau"));
    }
    let outward =
        matches!(token, [b'C' | b'W' | b'L' | b'T', rest @ ..] if matches!(rest.len(), 8) && digits(&rest[1..]));
    if outward && context.before(place.0, &["通行证", "ravel permit", "ravel Permit"]) {
        return Some(Span::new(Kind::TravelPermit, place, Certainty::Likely, "mainland"));
    }
    let passport = match token {
        [b'E' | b'G' | b'D' | b'S' | b'P' | b'K' | b'H' | b'M', rest @ ..] if rest.len() == 8 && digits(rest) => true,
        [b'E', letter, rest @ ..] if letter.is_ascii_uppercase() && rest.len() == 7 && digits(rest) => true,
        _ => false,
    };
    (passport && context.before(place.0, &["护照", "assport", "PASSPORT"]))
        .then(|| Span::new(Kind::Passport, place, Certainty::Likely, ""))
}

/// A national insurance number, in pairs or without spaces.
pub(super) fn insurance(context: &Context<'_>, start: usize) -> Option<Span> {
    let (mut compact, mut at) = ([0_u8; 9], start);
    let mut filled = 0;
    while filled < 9 {
        match context.bytes.get(at)? {
            byte if byte.is_ascii_uppercase() || byte.is_ascii_digit() => {
                compact[filled] = *byte;
                filled += 1;
            }
            b' ' if matches!(filled, 2 | 4 | 6 | 8) => {}
            _ => return None,
        }
        at += 1;
    }
    let [a, b, digits @ .., suffix] = &compact;
    let first = a.is_ascii_uppercase() && !b"DFIQUV".contains(a);
    let second = b.is_ascii_uppercase() && !b"DFIOQUV".contains(b);
    let never = [*b"BG", *b"GB", *b"NK", *b"KN", *b"TN", *b"NT", *b"ZZ"].contains(&[*a, *b]);
    let shape = digits.iter().all(u8::is_ascii_digit) && matches!(suffix, b'A'..=b'D');
    let free = context.stands_alone((start, at), false) && !context.numbered_otherwise(start);
    (first && second && !never && shape && free).then(|| Span::new(Kind::Nino, (start, at), Certainty::Likely, ""))
}

/// An address around an `@`.
pub(super) fn email(context: &Context<'_>, at: usize) -> Option<Span> {
    let bytes = context.bytes;
    let local = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-');
    let from = at.saturating_sub(64);
    let mut start = bytes[from..at].iter().rposition(|byte| !local(byte)).map_or(from, |place| from + place + 1);
    while start < at && !bytes[start].is_ascii_alphanumeric() {
        start += 1;
    }
    let host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let mut end = at
        + 1
        + bytes[at + 1..]
            .iter()
            .take(255)
            .position(|byte| !host(byte))
            .unwrap_or_else(|| (bytes.len() - at - 1).min(255));
    while end > at + 1 && !bytes[end - 1].is_ascii_alphanumeric() {
        end -= 1;
    }
    let domain = std::str::from_utf8(bytes.get(at + 1..end)?).ok()?;
    let (name, top) = domain.rsplit_once('.')?;
    let shape = start < at && !name.is_empty() && !domain.contains("..") && (2..=24).contains(&top.len());
    let real = top.bytes().all(|byte| byte.is_ascii_alphabetic()) && !reserved(&domain.to_ascii_lowercase());
    // `//user:word@host` is a connection's, `git@host:path` a repository's, `icon@2x.png` a picture's.
    let left = context.left(start, 80);
    let login = left.rfind("://").is_some_and(|place| !left[place + 3..].contains([' ', '/']));
    let remote = bytes.get(end) == Some(&b':') && matches!(&bytes[start..at], b"git" | b"hg" | b"svn");
    let picture = ["png", "jpg", "jpeg", "gif", "webp", "svg"].iter().any(|kind| top.eq_ignore_ascii_case(kind));
    (shape && real && !login && !remote && !picture)
        .then(|| Span::new(Kind::Email, (start, end), Certainty::Certain, ""))
}

/// Names that RFC 2606 keeps for examples.
fn reserved(domain: &str) -> bool {
    ["example.com", "example.org", "example.net"].contains(&domain)
        || [".example", ".invalid", ".test", ".localhost"].iter().any(|top| domain.ends_with(top))
}

/// Four numbers from a digit on.
pub(super) fn ipv4(context: &Context<'_>, start: usize) -> Option<Span> {
    let bytes = context.bytes;
    let taken = bytes[start..].iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let text = context.text.get(start..start + taken)?.trim_end_matches('.');
    let address: Ipv4Addr = text.parse().ok()?;
    let end = start + text.len();
    let [first, ..] = address.octets();
    let clean = match bytes[..start] {
        [.., b'.' | b'-' | b'_'] => false,
        // `nginx/1.25.3.1`
        [.., near, b'/'] => !near.is_ascii_alphabetic(),
        [.., near] => !near.is_ascii_alphanumeric(),
        [] => true,
    };
    let chapter = context.text[..start].trim_end().ends_with(['第', '§'])
        || context.text[end..].starts_with(['条', '章', '节', '款'])
        || ["ection", "hapter", "rticle", "lause"].iter().any(|word| context.text[..start].trim_end().ends_with(word));
    let on = bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-')
        || bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
    let version = context.before(start, &["版本", "ersion", "release", "Release", "固件", "升级到", "firmware"]);
    (clean && !on && !version && !chapter && !matches!(first, 0 | 127 | 240..))
        .then(|| Span::new(Kind::Ip, (start, end), Certainty::Likely, "v4"))
}

/// A MAC or IPv6 address around its first `:` or `-`.
pub(super) fn colons(context: &Context<'_>, at: usize) -> Option<Span> {
    let bytes = context.bytes;
    let part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let sign = bytes[at];
    let start = bytes[at.saturating_sub(5)..at]
        .iter()
        .rposition(|b| !b.is_ascii_hexdigit())
        .map_or(at.saturating_sub(5), |p| at.saturating_sub(5) + p + 1);
    let clean = start == 0 || !matches!(bytes[start - 1], b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b':' | b'-' | b'_');
    if at == start + 2 && clean {
        let mac = bytes.get(start..start + 17)?;
        let shape = mac.iter().enumerate().all(|(i, b)| if i % 3 == 2 { *b == sign } else { b.is_ascii_hexdigit() });
        let on = bytes.get(start + 17).is_some_and(|b| b.is_ascii_alphanumeric() || *b == sign);
        let real = !mac[..8].eq_ignore_ascii_case(b"fe:ff:ff") && !mac[..8].eq_ignore_ascii_case(b"fe-ff-ff");
        if shape && !on {
            return real.then(|| Span::new(Kind::Mac, (start, start + 17), Certainty::Certain, ""));
        }
    }
    if sign != b':' || !clean {
        return None;
    }
    let end = start + bytes[start..].iter().take(40).take_while(|b| part(b)).count();
    let text = context.text.get(start..end)?;
    let text = if text.ends_with("::") { text } else { text.trim_end_matches(':') };
    let address: Ipv6Addr = text.parse().ok()?;
    let on = match &bytes[start + text.len()..] {
        [b'.', far, ..] => far.is_ascii_alphanumeric(),
        [near, ..] => near.is_ascii_alphanumeric(),
        [] => false,
    };
    let long = text.len() >= 7 && text.matches(':').count() >= 3;
    let real = !address.is_loopback() && !matches!(address.segments(), [0x2001, 0xdb8, ..]);
    (long && real && !on).then(|| Span::new(Kind::Ip, (start, start + text.len()), Certainty::Likely, "v6"))
}
