//! Numbers: digits, half or full width, in groups with single separators between them, and what they may be.
//! Deliberately absent: tokens that begin with letters, which are `tokens`'.

use super::checks::{area_code, card_network, credit_code, luhn, mobile_prefix, resident15, resident18, value};
use super::context::Context;
use super::kinds::{Certainty, Kind, Span};

/// Digits of a run that are looked at; nothing that is found has more.
const DIGITS: usize = 40;

/// Digits in groups.
pub(super) struct Run {
    pub digits: Vec<u8>,
    /// Bytes of each digit in the text.
    places: Vec<(usize, usize)>,
    /// First digit of each group, and the separator before it (0 for none).
    groups: Vec<(usize, u8)>,
    /// Where reading goes on.
    pub end: usize,
}

/// The digit at a place and its length in bytes.
pub(super) fn digit(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match bytes.get(at..)? {
        [byte @ b'0'..=b'9', ..] => Some((*byte, 1)),
        [0xEF, 0xBC, byte @ 0x90..=0x99, ..] => Some((byte - 0x90 + b'0', 3)),
        _ => None,
    }
}

/// A separator, as its plain sign, and its length.
fn separator(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match bytes.get(at..)? {
        [byte @ (b' ' | b'-' | b'.'), ..] => Some((*byte, 1)),
        [b')', b' ' | b'-', ..] => Some((b')', 2)),
        [b')', ..] => Some((b')', 1)),
        [0xC2, 0xA0, ..] => Some((b' ', 2)),
        [0xE3, 0x80, 0x80, ..] => Some((b' ', 3)),
        [0xEF, 0xBC, 0x8D, ..] | [0xE2, 0x80, 0x90..=0x95, ..] => Some((b'-', 3)),
        [0xEF, 0xBC, 0x89, ..] => Some((b')', 3)),
        _ => None,
    }
}

impl Run {
    /// Reads on from a digit.
    pub fn read(bytes: &[u8], start: usize) -> Self {
        let mut run = Self { digits: Vec::new(), places: Vec::new(), groups: vec![(0, 0)], end: start };
        let mut at = start;
        loop {
            while let Some((digit, length)) = digit(bytes, at) {
                if run.digits.len() < DIGITS {
                    run.digits.push(digit);
                    run.places.push((at, at + length));
                }
                at += length;
            }
            run.end = at;
            let next = separator(bytes, at).filter(|(_, length)| digit(bytes, at + length).is_some());
            let Some((sign, length)) = next.filter(|_| run.digits.len() < DIGITS && run.groups.len() < 12) else {
                return run;
            };
            run.groups.push((run.digits.len(), sign));
            at += length;
        }
    }

    fn group_end(&self, group: usize) -> usize {
        self.groups.get(group + 1).map_or(self.digits.len(), |group| group.0)
    }

    fn sizes(&self, first: usize, last: usize) -> Vec<usize> {
        (first..=last).map(|group| self.group_end(group) - self.groups[group].0).collect()
    }

    fn bytes(&self, first: usize, last: usize) -> (usize, usize) {
        (self.places[self.groups[first].0].0, self.places[self.group_end(last) - 1].1)
    }
}

/// All that a run may be.
pub(super) fn judge(context: &Context<'_>, run: &Run, found: &mut Vec<Span>) {
    let groups = run.groups.len();
    let mut first = 0;
    while first < groups {
        let hit = (first..groups).rev().find_map(|last| window(context, run, first, last).map(|span| (last, span)));
        first = match hit {
            Some((last, span)) => {
                found.push(span);
                last + 1
            }
            None => first + 1,
        };
    }
}

/// What the groups `first..=last` are together.
fn window(context: &Context<'_>, run: &Run, first: usize, last: usize) -> Option<Span> {
    let digits = &run.digits[run.groups[first].0..run.group_end(last)];
    if !(6..=19).contains(&digits.len())
        || digits.len() < run.digits.len() && first == last && run.digits.len() == DIGITS
    {
        return None;
    }
    let place = run.bytes(first, last);
    let sizes = run.sizes(first, last);
    let seps: Vec<u8> = run.groups[first + 1..=last].iter().map(|group| group.1).collect();
    if !context.stands_alone(place, first > 0) {
        return resident_x(context, digits, place, &seps);
    }
    let spaced = seps.iter().all(|&sep| sep == b' ' || sep == b'-');
    resident_x(context, digits, place, &seps)
        .or_else(|| if spaced { resident(context, digits, place) } else { None })
        .or_else(|| mobile(context, digits, place, &sizes, &seps))
        .or_else(|| (sizes.len() == 1).then(|| credit(context, digits, place)).flatten())
        .or_else(|| if spaced { card(context, digits, place, &sizes) } else { None })
        .or_else(|| landline(context, digits, place, &sizes, &seps))
        .or_else(|| social(context, digits, place, &sizes, &seps))
        .or_else(|| numbered(context, digits, place, &sizes))
}

/// An ID whose check character is X stands behind 17 digits.
fn resident_x(context: &Context<'_>, digits: &[u8], place: (usize, usize), seps: &[u8]) -> Option<Span> {
    let mark = match context.bytes.get(place.1..)? {
        [b'X' | b'x', ..] => 1,
        [0xEF, 0xBC, 0xB8, ..] | [0xEF, 0xBD, 0x98, ..] => 3,
        _ => return None,
    };
    let end = place.1 + mark;
    let free = context.stands_alone((place.0, end), false) && seps.iter().all(|&sep| sep == b' ' || sep == b'-');
    let id = [digits, b"X"].concat();
    (free && resident18(&id)).then(|| Span::new(Kind::ResidentId, (place.0, end), Certainty::Certain, "18"))
}

/// A credit code that happens to hold no letter.
fn credit(context: &Context<'_>, digits: &[u8], place: (usize, usize)) -> Option<Span> {
    (credit_code(digits) && !context.numbered_otherwise(place.0))
        .then(|| Span::new(Kind::CreditCode, place, Certainty::Certain, ""))
}

fn resident(context: &Context<'_>, digits: &[u8], place: (usize, usize)) -> Option<Span> {
    if resident18(digits) {
        return Some(Span::new(Kind::ResidentId, place, Certainty::Certain, "18"));
    }
    // 15 digits bear no check: a card that passes its own, or a number that is called something else, is not one.
    let old = resident15(digits) && !context.numbered_otherwise(place.0);
    let said = context.before(place.0, &["身份证", "证件号", "ID card", "resident ID", "ID number", "ID No"]);
    let card = card_network(digits).is_some() && luhn(digits) == 0;
    (old && (said || !card))
        .then(|| Span::new(Kind::ResidentId, place, if said { Certainty::Certain } else { Certainty::Possible }, "15"))
}

fn mobile(context: &Context<'_>, digits: &[u8], place: (usize, usize), sizes: &[usize], seps: &[u8]) -> Option<Span> {
    let alike = seps.windows(2).all(|pair| pair[0] == pair[1]) && seps.iter().all(|&sep| sep != b')');
    let (bare, start) = match (digits.len(), sizes) {
        (11, [11] | [3, 4, 4] | [3, 8] | [4, 3, 4] | [4, 4, 3] | [7, 4]) if alike => (digits, place.0),
        (13, [2, 11] | [2, 3, 4, 4]) if digits.starts_with(b"86") => (&digits[2..], context.plus(place.0)?),
        (13, [13]) if digits.starts_with(b"86") => (&digits[2..], context.plus(place.0)?),
        (15, [15] | [4, 11] | [4, 3, 4, 4]) if digits.starts_with(b"0086") => (&digits[4..], place.0),
        _ => return None,
    };
    let real = mobile_prefix(bare) && bare[3..].iter().any(|digit| *digit != bare[3]);
    // An amount of money.
    let money = context.text[place.1..].trim_start().starts_with(['元', '円']);
    (real && !money && !context.numbered_otherwise(start))
        .then(|| Span::new(Kind::Mobile, (start, place.1), Certainty::Likely, ""))
}

fn card(context: &Context<'_>, digits: &[u8], place: (usize, usize), sizes: &[usize]) -> Option<Span> {
    let (last, others) = sizes.split_last()?;
    let shape = sizes.len() == 1
        || others.iter().all(|&size| size == 4) && *last <= 4
        || matches!(sizes, [4, 6, 4 | 5] | [6, 13])
        || others.iter().all(|&size| size == 4) && *last == 7;
    if digits.len() < 13 || !shape || luhn(digits) != 0 || digits.iter().all(|digit| *digit == digits[0]) {
        return None;
    }
    let network = card_network(digits)?;
    let named = context.before(place.0, &["卡号", "银行卡", "账号", "card", "储蓄卡", "信用卡", "Card"]);
    if context.numbered_otherwise(place.0) && !named {
        return None;
    }
    let kind = if network == "union_pay" { Kind::BankCard } else { Kind::PaymentCard };
    Some(Span::new(kind, place, if named { Certainty::Certain } else { Certainty::Likely }, network))
}

fn landline(context: &Context<'_>, digits: &[u8], place: (usize, usize), sizes: &[usize], seps: &[u8]) -> Option<Span> {
    let called =
        ["电话", "座机", "热线", "传真", "拨打", "致电", "Tel", "tel", "phone", "Phone", "Fax", "fax", "call", "Call"];
    if matches!(sizes, [3, 3, 4] | [3, 4, 3] | [10])
        && (digits.starts_with(b"400") || digits.starts_with(b"800"))
        && digits[3] != b'0'
    {
        let sure = sizes.len() > 1 && seps.iter().all(|&sep| sep == b'-');
        return (sure || context.before(place.0, &called))
            .then(|| Span::new(Kind::Landline, place, Certainty::Likely, "service"));
    }
    // With the country's number the area's loses its 0.
    let (abroad, local) = match digits {
        [b'8', b'6', rest @ ..] if sizes.first() == Some(&2) => (true, rest),
        _ => (false, digits),
    };
    let full = if abroad && local.first() != Some(&b'0') { [b"0", local].concat() } else { local.to_vec() };
    let area = area_code(&full)?;
    let length = full.len() - area;
    let opened = context.bytes[..place.0].ends_with(b"(") || context.text[..place.0].ends_with('（');
    let split =
        sizes.len() >= 2 && (sizes[usize::from(abroad)] + usize::from(abroad && local.first() != Some(&b'0')) == area);
    let bracket = seps.contains(&b')');
    let shape = split && (!bracket || opened) && seps.iter().all(|&sep| sep != b'.')
        || sizes.len() == 1 && (context.before(place.0, &called) && !context.numbered_otherwise(place.0));
    let real = (length == 8 || length == 7 && area == 4) && (b'2'..=b'8').contains(&full[area]);
    let start =
        if abroad { context.plus(place.0)? } else { place.0 - if bracket { context.opening(place.0) } else { 0 } };
    (shape && real).then(|| Span::new(Kind::Landline, (start, place.1), Certainty::Likely, ""))
}

fn social(context: &Context<'_>, digits: &[u8], place: (usize, usize), sizes: &[usize], seps: &[u8]) -> Option<Span> {
    if digits.len() != 9 {
        return None;
    }
    let said = context.before(place.0, &["SSN", "ssn", "ocial security", "ocial Security", "社会安全"]);
    let dashed = sizes == [3, 2, 4] && seps == b"--";
    let area = value(&digits[..3]);
    let real = area != 0 && area != 666 && area < 900 && &digits[3..5] != b"00" && &digits[5..] != b"0000";
    (real && (said || dashed && !context.numbered_otherwise(place.0)))
        .then(|| Span::new(Kind::Ssn, place, if said { Certainty::Certain } else { Certainty::Likely }, ""))
}

/// Numbers that only the words before them tell: Taiwan's permit, Macau's card, a passport of digits alone.
fn numbered(context: &Context<'_>, digits: &[u8], place: (usize, usize), sizes: &[usize]) -> Option<Span> {
    let likely = |kind, detail, place| Some(Span::new(kind, place, Certainty::Likely, detail));
    if digits.len() == 8
        && sizes.len() == 1
        && digits[0] != b'0'
        && context.before(place.0, &["台胞证", "台湾居民来往", "Taiwan permit", "台湾通行证", "Taiwan travel permit"])
    {
        return likely(Kind::TravelPermit, "taiwan", place);
    }
    let macau = matches!(digits[0], b'1' | b'5' | b'7') && context.before(place.0, &["澳门", "Macau", "Macao"]);
    if digits.len() == 7 && sizes.len() == 1 && macau {
        let tail = match context.bytes.get(place.1..)? {
            [b'(', b'0'..=b'9', b')', ..] => 3,
            _ => return None,
        };
        return likely(Kind::RegionalId, "macau", (place.0, place.1 + tail));
    }
    (digits.len() == 8 && sizes == [7, 1] && macau)
        .then(|| Span::new(Kind::RegionalId, place, Certainty::Likely, "macau"))
}
