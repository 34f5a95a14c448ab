//! Things of every structured kind in the forms in which people write them. Deliberately absent: what stands around them.

use pc_dataset::privacy::Kind;
use rand::Rng as _;
use rand::rngs::StdRng;

use crate::texts::{digits, pick};

/// As an input method writes digits when it is set to full width.
pub fn wide(text: &str) -> String {
    let wide = |c: char| if c.is_ascii_graphic() { char::from_u32(c as u32 + 0xFEE0).unwrap_or(c) } else { c };
    text.chars().map(wide).collect()
}

/// In groups of the given sizes.
fn grouped(text: &str, sizes: &[usize], by: &str) -> String {
    let (mut at, mut parts) = (0, Vec::new());
    for size in sizes {
        parts.push(&text[at.min(text.len())..(at + size).min(text.len())]);
        at += size;
    }
    parts.retain(|part| !part.is_empty());
    parts.join(by)
}

fn letters(rng: &mut StdRng, of: &str, count: usize) -> String {
    let of: Vec<char> = of.chars().collect();
    (0..count).map(|_| of[rng.random_range(0..of.len())]).collect()
}

/// GB 11643-1999, by its weights 2^(18-i) mod 11.
pub fn resident(rng: &mut StdRng) -> String {
    let region = pick(
        rng,
        &["320583", "370203", "430102", "610113", "220104", "450305", "350211", "500103", "650102", "810000"],
    );
    let (year, month, day) = (rng.random_range(1938..2019), rng.random_range(1..=12), rng.random_range(1..=28));
    let body = format!("{region}{year}{month:02}{day:02}{}", digits(rng, 3));
    let sum: u32 = (1..=17).zip(body.bytes()).map(|(i, d)| u32::from(d - b'0') * (2_u32.pow(18 - i) % 11)).sum();
    let check = (12 - sum % 11) % 11;
    if check == 10 { format!("{body}X") } else { format!("{body}{check}") }
}

fn resident_written(rng: &mut StdRng) -> String {
    let id = resident(rng);
    match rng.random_range(0..8) {
        0 => id.to_lowercase(),
        1 => grouped(&id, &[6, 8, 4], " "),
        2 => grouped(&id, &[6, 4, 4, 4], "-"),
        3 => wide(&id),
        _ => id,
    }
}

fn mobile_written(rng: &mut StdRng) -> String {
    let heads = [
        "130", "131", "132", "136", "147", "151", "155", "158", "165", "171", "173", "178", "181", "189", "191", "193",
        "198",
    ];
    let n = format!("{}{}", pick(rng, &heads), digits(rng, 8));
    match rng.random_range(0..14) {
        0 => grouped(&n, &[3, 4, 4], " "),
        1 => grouped(&n, &[3, 4, 4], "-"),
        2 => format!("+86{n}"),
        3 => format!("+86 {}", grouped(&n, &[3, 4, 4], " ")),
        4 => format!("+86-{n}"),
        5 => format!("0086{n}"),
        6 => wide(&n),
        7 => grouped(&n, &[4, 3, 4], " "),
        8 => format!("+86 {}", grouped(&n, &[3, 4, 4], "-")),
        9 => grouped(&n, &[3, 8], "-"),
        _ => n,
    }
}

fn landline_written(rng: &mut StdRng) -> String {
    let first = rng.random_range(2..9);
    let (area, local) = match rng.random_range(0..3) {
        0 => (pick(rng, &["010", "021", "022", "025", "027", "028", "029"]), format!("{first}{}", digits(rng, 7))),
        1 => (pick(rng, &["0571", "0532", "0755", "0592", "0411"]), format!("{first}{}", digits(rng, 7))),
        _ => (pick(rng, &["0898", "0773", "0816", "0355"]), format!("{first}{}", digits(rng, 6))),
    };
    match rng.random_range(0..9) {
        0 => format!("({area}){local}"),
        1 => format!("（{area}）{local}"),
        2 => format!("{area} {local}"),
        3 if local.len() == 8 => format!("{area} {}", grouped(&local, &[4, 4], " ")),
        4 => format!("+86-{}-{local}", &area[1..]),
        5 => format!("+86 {} {local}", &area[1..]),
        6 => format!("400-{}-{}", rng.random_range(600..900), digits(rng, 4)),
        _ => format!("{area}-{local}"),
    }
}

/// ISO/IEC 7812-1, annex B: from the right, every second digit doubled and its digits added.
pub fn with_luhn(body: &str) -> String {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let d = u32::from(d - b'0');
            if i % 2 == 0 { d * 2 / 10 + d * 2 % 10 } else { d }
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn bank_card(rng: &mut StdRng) -> String {
    let head = pick(rng, &["621700", "622848", "623058", "621226", "622588", "625965", "622155"]);
    let count = if head.starts_with("6225") || head.starts_with("625") { 16 } else { 19 };
    let n = with_luhn(&format!("{head}{}", digits(rng, count - 7)));
    match rng.random_range(0..4) {
        0 => grouped(&n, &[4, 4, 4, 4, 3], " "),
        1 => grouped(&n, &[4, 4, 4, 4, 3], "-"),
        2 if count == 19 => grouped(&n, &[6, 13], " "),
        _ => n,
    }
}

fn payment_card(rng: &mut StdRng) -> String {
    let (head, count) = match rng.random_range(0..5) {
        0 => ("4539", 16),
        1 => ("5425", 16),
        2 => ("2223", 16),
        3 => ("3782", 15),
        _ => ("3566", 16),
    };
    let n = with_luhn(&format!("{head}{}", digits(rng, count - 5)));
    let sizes: &[usize] = if count == 15 { &[4, 6, 5] } else { &[4, 4, 4, 4] };
    match rng.random_range(0..3) {
        0 => grouped(&n, sizes, " "),
        1 => grouped(&n, sizes, "-"),
        _ => n,
    }
}

/// GB 32100-2015: weights 3^(i-1) mod 31.
fn credit_code(rng: &mut StdRng) -> String {
    const SIGNS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let head = pick(rng, &["91", "92", "93", "12", "51", "52"]);
    let region = pick(rng, &["320594", "440106", "510104", "330110", "110105"]);
    let body = format!("{head}{region}{}", letters(rng, SIGNS, 9));
    let (mut sum, mut weight) = (0, 1);
    for c in body.chars() {
        sum += SIGNS.find(c).expect("of the alphabet") * weight;
        weight = weight * 3 % 31;
    }
    format!("{body}{}", SIGNS.chars().nth((31 - sum % 31) % 31).expect("below 31"))
}

fn passport(rng: &mut StdRng) -> String {
    match rng.random_range(0..3) {
        0 => format!("E{}", digits(rng, 8)),
        1 => format!("E{}{}", letters(rng, "ABCDEFGHJKLM", 1), digits(rng, 7)),
        _ => format!("G{}", digits(rng, 8)),
    }
}

/// Hong Kong: weights 9 to 2 over `space, letter, digits`, modulo 11.
fn hong_kong(rng: &mut StdRng) -> String {
    let (letter, number) = (letters(rng, "ABCDEGHKMPRVYZ", 1), digits(rng, 6));
    let value = u32::from(letter.as_bytes()[0] - b'A') + 10;
    let mut sum = 36 * 9 + value * 8;
    for (weight, d) in (2..=7).rev().zip(number.bytes()) {
        sum += weight * u32::from(d - b'0');
    }
    let check = (11 - sum % 11) % 11;
    let check = if check == 10 { "A".to_owned() } else { check.to_string() };
    format!("{letter}{number}({check})")
}

/// Taiwan: the letter's two digits, then weights 1 9 8 … 1 1, a multiple of ten.
fn taiwan(rng: &mut StdRng) -> String {
    let order = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let letter = letters(rng, order, 1);
    let value = order.find(&letter).expect("of the order") as u32 + 10;
    let body = format!("{}{}", rng.random_range(1..3), digits(rng, 7));
    let mut sum = value / 10 + value % 10 * 9;
    for (weight, d) in (1..=8).rev().zip(body.bytes()) {
        sum += weight * u32::from(d - b'0');
    }
    format!("{letter}{body}{}", (10 - sum % 10) % 10)
}

fn plate(rng: &mut StdRng) -> String {
    let province = pick(rng, &["京", "津", "苏", "浙", "鲁", "川", "粤", "闽", "桂", "琼", "陕", "冀"]);
    let area = letters(rng, "ABCDEFGH", 1);
    let five = format!("{}{}", letters(rng, "ABCDEFGHJKLMNPQRSTUVWXYZ", 1), digits(rng, 4));
    match rng.random_range(0..6) {
        0 => format!("{province}{area}·{five}"),
        1 => format!("{province}{area}-{five}"),
        2 => format!("{province}{area}{}{}", pick(rng, &["D", "F"]), digits(rng, 5)),
        3 => format!("{province}{area}{}学", digits(rng, 4)),
        4 => format!("{province}{area} {five}"),
        _ => format!("{province}{area}{five}"),
    }
}

fn email(rng: &mut StdRng) -> String {
    let local = match rng.random_range(0..5) {
        0 => format!("li.{}", letters(rng, "abcdefghk", 5)),
        1 => format!("{}_{}", letters(rng, "mnopqrst", 4), digits(rng, 2)),
        2 => format!("{}+hotel", letters(rng, "uvwxyz", 6)),
        3 => digits(rng, 9),
        _ => format!("{}-{}", letters(rng, "KLMNO", 3), letters(rng, "abc", 4)),
    };
    format!(
        "{local}@{}",
        pick(
            rng,
            &["qq.com", "126.com", "outlook.com", "corp.sinotrip.com.cn", "foxmail.com", "uni-ulm.de", "GMAIL.com"]
        )
    )
}

fn ip(rng: &mut StdRng) -> String {
    if rng.random_range(0..3) > 0 {
        return format!(
            "{}.{}.{}.{}",
            pick(rng, &["10", "172", "192", "58", "114", "203"]),
            rng.random_range(0..256),
            rng.random_range(0..256),
            rng.random_range(1..255)
        );
    }
    let group = |rng: &mut StdRng| format!("{:x}", rng.random_range(1..0xFFFF_u32));
    let (a, b, c) = (group(rng), group(rng), group(rng));
    match rng.random_range(0..2) {
        0 => format!("fe80::{a}:{b}:{c}"),
        _ => format!("240e:{a}:{b}:{c}:{}:{}:{}:{}", group(rng), group(rng), group(rng), group(rng)),
    }
}

fn mac(rng: &mut StdRng) -> String {
    let pair = |rng: &mut StdRng| letters(rng, "0123456789abcdef", 2);
    let all: Vec<String> = (0..6).map(|_| pair(rng)).collect();
    let text = all.join(pick(rng, &[":", "-"]));
    if rng.random_range(0..2) == 0 { text.to_uppercase() } else { text }
}

/// ISO 13616: the check is 98 minus the rest of `body country 00` modulo 97.
fn iban(rng: &mut StdRng) -> String {
    let (country, body) = match rng.random_range(0..4) {
        0 => ("GB", format!("{}{}", letters(rng, "BCHLMNRW", 4), digits(rng, 14))),
        1 => ("FR", digits(rng, 23)),
        2 => ("NL", format!("{}{}", letters(rng, "ABGINR", 4), digits(rng, 10))),
        _ => ("DE", digits(rng, 18)),
    };
    let number: String =
        format!("{body}{country}00").chars().map(|c| c.to_digit(36).expect("letters and digits").to_string()).collect();
    let rest = number.bytes().fold(0, |rest, d| (rest * 10 + u32::from(d - b'0')) % 97);
    let text = format!("{country}{:02}{body}", 98 - rest);
    if rng.random_range(0..2) == 0 { grouped(&text, &[4; 8], " ") } else { text }
}

fn ssn(rng: &mut StdRng) -> String {
    let area = rng.random_range(1..665);
    format!("{area:03}-{:02}-{:04}", rng.random_range(1..100), rng.random_range(1..10_000))
}

fn nino(rng: &mut StdRng) -> String {
    let head = pick(rng, &["AB", "CE", "JM", "PX", "SR", "WL"]);
    let text = format!("{head}{}{}", digits(rng, 6), letters(rng, "ABCD", 1));
    if rng.random_range(0..2) == 0 { grouped(&text, &[2, 2, 2, 2, 1], " ") } else { text }
}

const BASE62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn vendor_key(rng: &mut StdRng) -> String {
    let body =
        |rng: &mut StdRng, count: usize| format!("{}7{}", letters(rng, BASE62, count - 2), letters(rng, "Qw", 1));
    match rng.random_range(0..6) {
        0 => format!("AKIA{}", letters(rng, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 15) + "7"),
        1 => format!("ghp_{}", body(rng, 36)),
        2 => format!("sk-{}", body(rng, 48)),
        3 => format!("LTAI5t{}", body(rng, 18)),
        4 => format!("glpat-{}", body(rng, 20)),
        _ => format!("hf_{}", body(rng, 34)),
    }
}

fn private_key(rng: &mut StdRng) -> String {
    let name = pick(rng, &["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"]);
    let lines: Vec<String> = (0..3).map(|_| letters(rng, BASE62, 64)).collect();
    format!("-----BEGIN {name}-----\n{}\n-----END {name}-----", lines.join("\n"))
}

fn token(rng: &mut StdRng) -> String {
    format!("eyJhbGciOiJIUzI1NiJ9.eyJ{}.{}9", letters(rng, BASE62, 40), letters(rng, BASE62, 42))
}

/// The secret part of an address; the caller writes what stands before and after.
fn connection(rng: &mut StdRng) -> String {
    format!("{}{}", letters(rng, BASE62, 9), pick(rng, &["7", "!", "_x"]))
}

/// What stands before the thing, which its kind cannot do without or often has, the thing, and what stands behind.
pub fn one(rng: &mut StdRng, kind: Kind) -> (&'static str, String, &'static str) {
    match kind {
        Kind::ResidentId => (pick(rng, &["", "身份证", "身份证号码：", "ID: "]), resident_written(rng), ""),
        Kind::Mobile => {
            (pick(rng, &["", "手机", "tel:", "电话是", "微信同号 ", "call me at "]), mobile_written(rng), "")
        }
        Kind::Landline => (pick(rng, &["", "座机", "前台电话 ", "传真：", "Tel: "]), landline_written(rng), ""),
        Kind::BankCard => (pick(rng, &["", "卡号", "收款账号："]), bank_card(rng), ""),
        Kind::PaymentCard => (pick(rng, &["", "信用卡 ", "card no. "]), payment_card(rng), ""),
        Kind::CreditCode => (pick(rng, &["", "税号：", "统一社会信用代码"]), credit_code(rng), ""),
        Kind::Passport => {
            (pick(rng, &["护照", "护照号码：", "Passport No. ", "passport number: ", "护照号是"]), passport(rng), "")
        }
        Kind::TravelPermit => match rng.random_range(0..3) {
            0 => (pick(rng, &["港澳通行证 ", "往来港澳通行证号："]), format!("C{}", digits(rng, 8)), ""),
            1 => (pick(rng, &["台胞证", "台胞证号码："]), format!("1{}", digits(rng, 7)), ""),
            _ => (
                pick(rng, &["回乡证号", "港澳居民来往内地通行证：", "home return permit "]),
                format!("H{}", digits(rng, 8)),
                "",
            ),
        },
        Kind::RegionalId if rng.random_range(0..2) == 0 => {
            (pick(rng, &["", "HKID ", "香港身份证"]), hong_kong(rng), "")
        }
        Kind::RegionalId => (pick(rng, &["", "身分證字號 ", "ID "]), taiwan(rng), ""),
        Kind::Plate => (pick(rng, &["", "车牌", "停车位登记："]), plate(rng), ""),
        Kind::Email => (pick(rng, &["", "邮箱", "mailto:", "E-mail: ", "发到"]), email(rng), ""),
        Kind::Ip => (pick(rng, &["", "IP ", "登录地址：", "from "]), ip(rng), ""),
        Kind::Mac => (pick(rng, &["", "MAC ", "网卡 "]), mac(rng), ""),
        Kind::Iban => (pick(rng, &["", "IBAN ", "收款账户 "]), iban(rng), ""),
        Kind::Ssn => (pick(rng, &["", "SSN ", "social security number "]), ssn(rng), ""),
        Kind::Nino => (pick(rng, &["", "NI number "]), nino(rng), ""),
        Kind::VendorKey => (pick(rng, &["", "key=", "export TOKEN=", "密钥 "]), vendor_key(rng), ""),
        Kind::PrivateKey => ("", private_key(rng), ""),
        Kind::Token => (pick(rng, &["", "jwt ", "Cookie: session="]), token(rng), ""),
        Kind::Connection => match rng.random_range(0..2) {
            0 => (
                pick(rng, &["postgresql://app:", "mysql://root:", "redis://cache:", "amqp://svc:"]),
                connection(rng),
                "@db.internal:5432/hotel",
            ),
            _ => ("jdbc:mysql://db.internal/pms?user=app&password=", connection(rng).replace('!', "1"), "&useSSL=true"),
        },
        _ => unreachable!("people are elsewhere"),
    }
}
