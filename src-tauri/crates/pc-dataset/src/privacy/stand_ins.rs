//! Consistent stand-ins: the same original gets the same one under the same key, in every file. They are derived with
//! HMAC-SHA256, keep the original's form with right check digits, and lie where nothing real is: regions 99, mobile prefix
//! 154, local numbers from 1, card numbers from 99, plates with I, example.com, 240.0.0.0/4, 2001:db8::/32, surnames that
//! nobody bears. Two originals never share one: a derived value that is taken is derived again, so files that are
//! masked one after the other should share the register, too. Deliberately absent: which are taken, which is `register`'s.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::checks::{CREDIT, area_code, credit_check, hong_kong_check, luhn, mod97, resident_check, taiwan_sum};
use super::{Kind, Span};

/// First characters of Chinese stand-ins: in GB 2312, and no surnames.
pub(super) const RARE: &str = "亍兀丐卅丕亘丞噩丨禺夭爻囟馗亳亵脔嬴羸冥匮匾匣匦赜刈刎刭刳刿剀";
/// Their given characters, none a surname, so that no part of a stand-in reads as a name.
const GIVEN: &str = "伟芳娜秀敏静丽磊洋艳勇杰娟涛超霞刚桂萍辉玲桐雅晨悦欣怡涵梓轩萱浩博睿昊煜晖嘉琪瑶璐婷雪梦茜蕾薇";

/// After so many derivations that were taken, a stand-in gives up the original's form.
const TRIES: u32 = 1_000;

/// The key of stand-ins; 32 random bytes that the caller keeps sealed.
#[derive(Clone)]
pub struct Key(pub [u8; 32]);

impl Drop for Key {
    fn drop(&mut self) {
        self.0 = [0; 32];
    }
}

/// A full-width sign as its plain one.
pub(super) fn half(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// Endless bytes of one derivation.
struct Stream<'a> {
    key: &'a Key,
    about: String,
    block: Vec<u8>,
    blocks: u32,
}

impl Stream<'_> {
    fn byte(&mut self) -> u8 {
        if self.block.is_empty() {
            let mut mac = Hmac::<Sha256>::new_from_slice(&self.key.0).expect("HMAC takes keys of any length");
            mac.update(self.about.as_bytes());
            mac.update(&self.blocks.to_be_bytes());
            self.blocks += 1;
            self.block = mac.finalize().into_bytes().to_vec();
        }
        self.block.pop().unwrap_or_default()
    }

    fn below(&mut self, bound: usize) -> usize {
        let wide = (0..4).fold(0_usize, |all, _| all << 8 | usize::from(self.byte()));
        wide % bound
    }

    fn digit(&mut self) -> u8 {
        b'0' + self.below(10) as u8
    }

    fn digits(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.digit()).collect()
    }

    fn hex(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from_digit(self.below(16) as u32, 16).unwrap_or('0')).collect()
    }

    fn pick(&mut self, list: &str) -> char {
        let count = list.chars().count();
        list.chars().nth(self.below(count)).unwrap_or('某')
    }
}

/// The derivation of a number: the same for the same key, kind, original as compared, and number.
pub(super) fn derive(key: &Key, span: &Span, text: &str, original: &str, number: u32) -> String {
    let about = format!("{}\0{original}\0{number}\0", span.kind.name());
    let mut stream = Stream { key, about, block: Vec::new(), blocks: 0 };
    if number > TRIES {
        return format!("<{}-{}>", span.kind.name(), stream.hex(16));
    }
    let plain: Vec<u8> = text.chars().map(half).filter(char::is_ascii_alphanumeric).map(|c| c as u8).collect();
    match span.kind {
        Kind::Name => name(&mut stream, span, text, number),
        Kind::Address => {
            let house = String::from_utf8(stream.digits(6 + number as usize / 8)).unwrap_or_default();
            if span.detail == "chinese" {
                format!("示例市示例路9{house}号")
            } else {
                format!("9{house} Sample Street")
            }
        }
        Kind::Email => format!("u{}@example.com", stream.hex(12)),
        Kind::Ip if span.detail == "v4" => {
            format!("{}.{}.{}.{}", 240 + stream.below(15), stream.below(256), stream.below(256), stream.below(256))
        }
        Kind::Ip => format!(
            "2001:db8:{}:{}:{}:{}:{}:{}",
            stream.hex(4),
            stream.hex(4),
            stream.hex(4),
            stream.hex(4),
            stream.hex(4),
            stream.hex(4)
        ),
        Kind::Mac => refill(text, &[b"feffff".to_vec(), stream.hex(6).into_bytes()].concat()),
        Kind::Custom => format!("<{}-{}>", span.kind.name(), stream.hex(16)),
        _ if plain.is_empty() => format!("<{}-{}>", span.kind.name(), stream.hex(16)),
        _ => refill(text, &code(&mut stream, span, &plain)),
    }
}

/// The text with its ASCII letters and digits, of either width, replaced in their order.
fn refill(text: &str, signs: &[u8]) -> String {
    let mut signs = signs.iter();
    let mut next = |c: char| {
        let wide = half(c) != c;
        match half(c).is_ascii_alphanumeric().then(|| signs.next()).flatten() {
            Some(sign) if wide => char::from_u32(u32::from(*sign) + 0xFEE0).unwrap_or(c),
            Some(sign) => char::from(*sign),
            None => c,
        }
    };
    text.chars().map(&mut next).collect()
}

fn name(stream: &mut Stream<'_>, span: &Span, text: &str, number: u32) -> String {
    if span.detail == "chinese" {
        let count = text.chars().count() + number as usize / 100;
        // One character alone, or a crowd, needs more than the list has: CJK Extension A has 6,582.
        let first = if count == 1 || number > 15 {
            char::from_u32(0x3400 + stream.below(6_582) as u32).unwrap_or('㐀')
        } else {
            stream.pick(RARE)
        };
        return std::iter::once(first).chain((1..count).map(|_| stream.pick(GIVEN))).collect();
    }
    const SYLLABLES: &[&str] =
        &["a", "an", "el", "en", "ia", "il", "is", "on", "or", "ul", "ar", "em", "ir", "os", "un", "ev"];
    let words = text.split(' ').map(|_| {
        let syllables: String =
            (0..4 + number as usize / 8).map(|_| SYLLABLES[stream.below(SYLLABLES.len())]).collect();
        format!("Xq{syllables}")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Letters and digits of a code of the same length.
fn code(stream: &mut Stream<'_>, span: &Span, plain: &[u8]) -> Vec<u8> {
    let count = plain.len();
    let mut made = stream.digits(count);
    match span.kind {
        Kind::ResidentId if count == 18 => {
            made[..2].copy_from_slice(b"99");
            let date = format!("{}{:02}{:02}", 1950 + stream.below(55), 1 + stream.below(12), 1 + stream.below(28));
            made[6..14].copy_from_slice(date.as_bytes());
            made[17] = resident_check(&made[..17]);
            // Digits stay digits, so that a number of JSON stays one.
            while plain[17].is_ascii_digit() && made[17] == b'X' {
                made[14..17].copy_from_slice(&stream.digits(3));
                made[17] = resident_check(&made[..17]);
            }
        }
        Kind::ResidentId => made[..2].copy_from_slice(b"99"),
        Kind::Mobile => {
            let head = count.saturating_sub(11);
            made[..head].copy_from_slice(&plain[..head]);
            made[head..head + 3].copy_from_slice(b"154");
        }
        Kind::Landline => landline(&mut made, span, plain),
        Kind::BankCard | Kind::PaymentCard => {
            made[..2].copy_from_slice(b"99");
            made[count - 1] = b'0';
            made[count - 1] = b'0' + ((10 - luhn(&made)) % 10) as u8;
        }
        Kind::CreditCode => {
            made[..4].copy_from_slice(b"9199");
            (8..17).for_each(|at| made[at] = CREDIT[stream.below(CREDIT.len())]);
            made[17] = credit_check(&made[..17]).unwrap_or(b'0');
        }
        Kind::RegionalId => regional(&mut made, span, plain, stream),
        Kind::Plate => {
            made[0] = b'A' + stream.below(8) as u8;
            made[1] = b'I';
            (2..count).for_each(|at| made[at] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"[stream.below(34)]);
        }
        Kind::Iban => {
            made[..4].copy_from_slice(b"ZZ00");
            let check = 98 - mod97(&made);
            made[2..4].copy_from_slice(format!("{check:02}").as_bytes());
        }
        Kind::Ssn => made[0] = b'9',
        Kind::Nino => {
            made[..2].copy_from_slice(b"QQ");
            made[8] = b'A' + stream.below(4) as u8;
        }
        _ => made[0] = if plain[0].is_ascii_alphabetic() { b'Z' } else { b'0' },
    }
    made
}

/// The area stays; no local number begins with 1, no service's with 0.
fn landline(made: &mut [u8], span: &Span, plain: &[u8]) {
    let (head, first) = match plain {
        _ if span.detail == "service" => (3, b'0'),
        [b'8', b'6', b'0', rest @ ..] => (2 + area_code(&[b"0", rest].concat()).unwrap_or(3), b'1'),
        [b'8', b'6', rest @ ..] => (1 + area_code(&[b"0", rest].concat()).unwrap_or(3), b'1'),
        _ => (area_code(plain).unwrap_or(3), b'1'),
    };
    let head = head.min(plain.len() - 1);
    made[..head].copy_from_slice(&plain[..head]);
    made[head] = first;
}

fn regional(made: &mut [u8], span: &Span, plain: &[u8], stream: &mut Stream<'_>) {
    match span.detail {
        "taiwan" => {
            made[0] = b'A' + stream.below(26) as u8;
            made[1] = b'5';
            made[9] = b'0';
            made[9] = b'0' + ((10 - taiwan_sum(made[0], &made[1..])) % 10) as u8;
        }
        "hong_kong" => {
            let letters = plain.iter().take_while(|byte| byte.is_ascii_uppercase()).count().min(2);
            made[0] = b'Q';
            (1..letters).for_each(|at| made[at] = b'A' + stream.below(26) as u8);
            let check = hong_kong_check(&made[..letters], &made[letters..letters + 6]);
            made[letters + 6] = check;
        }
        _ => made[0] = b'9',
    }
}
