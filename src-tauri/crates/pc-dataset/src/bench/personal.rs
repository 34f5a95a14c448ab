//! Personal data and secrets of nobody, for generated rows: numbers with right check digits, names, addresses, keys, and
//! numbers that only look like them. Deliberately absent: finding them.

/// A sentence with one of them, in Chinese or in English.
pub(super) fn sentence(chinese: bool, next: &mut impl FnMut(usize) -> usize) -> String {
    if chinese { in_chinese(next) } else { in_english(next) }
}

fn pick<'a>(list: &[&'a str], next: &mut impl FnMut(usize) -> usize) -> &'a str {
    list[next(list.len())]
}

fn digits(count: usize, next: &mut impl FnMut(usize) -> usize) -> String {
    (0..count).map(|_| (b'0' + next(10) as u8) as char).collect()
}

fn in_chinese(next: &mut impl FnMut(usize) -> usize) -> String {
    let family = pick(&["王", "李", "张", "刘", "陈", "杨", "赵", "周", "吴", "徐"], next);
    let given = pick(&["伟", "芳", "秀英", "建国", "晓明", "丽", "强", "雪梅", "志远", "婷婷"], next);
    let place =
        pick(&["北京市海淀区中关村大街", "杭州市西湖区文三路", "广州市天河区体育西路", "成都市武侯区人民南路"], next);
    match next(10) {
        0 => format!("我叫{family}{given}，手机号是{}。", mobile(next)),
        1 => format!("身份证号：{}。", resident_id(next)),
        2 => format!("发票寄到{place}{}号{}室。", 1 + next(400), 101 + next(2_000)),
        3 => format!("联系人{family}{given}，邮箱 user{}@example.com。", next(100_000)),
        4 => format!("银行卡号 {}，请退款。", card("622202", next)),
        5 => format!("车牌号京A{}，麻烦登记。", digits(5, next)),
        6 => format!("{family}先生的座机是010-{}{}。", 6 + next(3), digits(7, next)),
        7 => format!("订单号 {} 还没有到。", digits(18, next)),
        8 => format!("服务器 10.{}.{}.{} 连不上。", next(256), next(256), next(256)),
        _ => format!("数据库密码是 password={}", secret(16, next)),
    }
}

fn in_english(next: &mut impl FnMut(usize) -> usize) -> String {
    let given = pick(&["James", "Mary", "Robert", "Linda", "David", "Susan", "Daniel", "Karen"], next);
    let family = pick(&["Smith", "Johnson", "Brown", "Miller", "Wilson", "Taylor", "Moore", "Clark"], next);
    match next(8) {
        0 => format!("My name is {given} {family}, call me at +86 {}.", mobile(next)),
        1 => format!("Write to {}.{}@example.com please.", given.to_lowercase(), family.to_lowercase()),
        2 => format!("I live at {} Baker Street, London.", 1 + next(900)),
        3 => format!("My card is {}.", card("411111", next)),
        4 => format!("The order number is {}.", digits(16, next)),
        5 => format!("Use api_key={} for now.", secret(32, next)),
        6 => format!("The address 192.168.{}.{} answers.", next(256), next(256)),
        _ => format!("Dear Mr. {family}, version 2.{}.{} is out.", next(20), next(1_000)),
    }
}

fn mobile(next: &mut impl FnMut(usize) -> usize) -> String {
    format!("1{}{}", pick(&["38", "39", "50", "86", "77", "99"], next), digits(8, next))
}

/// Eighteen characters, the last of which checks the others (GB 11643).
fn resident_id(next: &mut impl FnMut(usize) -> usize) -> String {
    let area = pick(&["110108", "330106", "440106", "510107"], next);
    let body = format!("{area}{}{:02}{:02}{}", 1960 + next(45), 1 + next(12), 1 + next(28), digits(3, next));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body.bytes().zip(weights).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}

/// Sixteen digits, the last of which is Luhn's.
fn card(prefix: &str, next: &mut impl FnMut(usize) -> usize) -> String {
    let body = format!("{prefix}{}", digits(9, next));
    let doubled = |at: usize, digit: u32| match digit * 2 {
        twice if at.is_multiple_of(2) => twice / 10 + twice % 10,
        _ => digit,
    };
    let sum: u32 = body.bytes().rev().enumerate().map(|(at, byte)| doubled(at, u32::from(byte - b'0'))).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn secret(length: usize, next: &mut impl FnMut(usize) -> usize) -> String {
    let letters = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    (0..length).map(|_| letters[next(letters.len())] as char).collect()
}
