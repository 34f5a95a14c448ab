//! What the detector and the ways are held to: a labelled set in two languages whose generator computes check digits by
//! the standards' text and not with the detector's code, hard negatives, and hostile bytes.

use std::collections::BTreeMap;

use pc_base::{Cancel, Silent};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::*;

fn detector() -> Detector {
    Detector::new(&Rules::default()).expect("no own rules, nothing that can be wrong")
}

fn pick<'a>(rng: &mut StdRng, list: &[&'a str]) -> &'a str {
    list.choose(rng).expect("lists are not empty")
}

fn digits(rng: &mut StdRng, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + rng.random_range(0..10))).collect()
}

/// GB 11643: the sum of a_i * 2^(i-1) over all 18, from the right, is 1 modulo 11.
fn resident(rng: &mut StdRng) -> String {
    let head = pick(rng, &["110105", "310104", "440305", "510107", "330106", "420111"]);
    let body = format!(
        "{head}{}{:02}{:02}{}",
        rng.random_range(1950..2010),
        rng.random_range(1..13),
        rng.random_range(1..29),
        digits(rng, 3)
    );
    let sum: u64 = body.bytes().rev().enumerate().map(|(i, d)| u64::from(d - 48) * (1 << (i + 1))).sum();
    let check = (0..11).find(|x| (sum + x) % 11 == 1).expect("one of eleven fits");
    if check == 10 { body + "X" } else { format!("{body}{check}") }
}

/// Luhn by its words: double every second digit from the check digit on, nines cast out.
fn card(rng: &mut StdRng, head: &str, count: usize) -> String {
    let body = format!("{head}{}", digits(rng, count - 1 - head.len()));
    let right = |last: u32| {
        let all: Vec<u32> = body.chars().filter_map(|c| c.to_digit(10)).chain([last]).rev().collect();
        let cast = |d: u32| if d * 2 > 9 { d * 2 - 9 } else { d * 2 };
        all.iter().enumerate().map(|(i, d)| if i % 2 == 1 { cast(*d) } else { *d }).sum::<u32>() % 10 == 0
    };
    let last = (0..10).find(|last| right(*last)).expect("one of ten fits");
    format!("{body}{last}")
}

fn credit(rng: &mut StdRng) -> String {
    let letters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body: String =
        format!("91{}", pick(rng, &["110108", "440300", "310115"])) + &digits(rng, 8) + pick(rng, &["A", "T", "7"]);
    let powers = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let sum: usize = body.chars().zip(powers).map(|(c, w)| letters.find(c).expect("of the alphabet") * w).sum();
    let check = letters.chars().nth((31 - sum % 31) % 31).expect("below 31");
    format!("{body}{check}")
}

fn iban(rng: &mut StdRng) -> String {
    let body = digits(rng, 18);
    // DE is 13 and 14; the remainder of the whole is found by trying.
    let rest =
        |check: u32| format!("{body}1314{check:02}").bytes().fold(0, |all, d| (all * 10 + u32::from(d - 48)) % 97);
    let check = (2..99).find(|check| rest(*check) == 1).expect("one fits");
    format!("DE{check:02}{body}")
}

fn mobile(rng: &mut StdRng) -> String {
    let bare = format!("{}{}", pick(rng, &["138", "139", "150", "186", "199", "177", "166"]), digits(rng, 8));
    match rng.random_range(0..5) {
        0 => format!("{}-{}-{}", &bare[..3], &bare[3..7], &bare[7..]),
        1 => format!("{} {} {}", &bare[..3], &bare[3..7], &bare[7..]),
        2 => format!("+86 {bare}"),
        3 => bare.chars().map(|c| char::from_u32(c as u32 + 0xFEE0).expect("full width")).collect(),
        _ => bare,
    }
}

/// One thing of a kind.
fn one(rng: &mut StdRng, kind: Kind) -> String {
    let plate = "ABCDEFGHJK".as_bytes();
    match kind {
        Kind::ResidentId => resident(rng),
        Kind::Mobile => mobile(rng),
        Kind::Landline => {
            format!("{}-{}{}", pick(rng, &["010", "021", "0755"]), rng.random_range(2..9), digits(rng, 7))
        }
        Kind::BankCard => card(rng, "622202", 19),
        Kind::PaymentCard => card(rng, "4", 16),
        Kind::CreditCode => credit(rng),
        Kind::Iban => iban(rng),
        Kind::Email => format!("u{}@{}", digits(rng, 5), pick(rng, &["qq.com", "163.com", "mail.example-hotel.cn"])),
        Kind::Ip => format!(
            "{}.{}.{}.{}",
            rng.random_range(1..120),
            rng.random_range(0..256),
            rng.random_range(0..256),
            rng.random_range(1..255)
        ),
        Kind::Mac => {
            format!("00:1b:{:02x}:{:02x}:4e:{:02X}", rng.random::<u8>(), rng.random::<u8>(), rng.random::<u8>())
        }
        Kind::Plate => format!(
            "{}{}{}",
            pick(rng, &["京", "沪", "粤"]),
            char::from(plate[rng.random_range(0..10)]),
            digits(rng, 5)
        ),
        Kind::Ssn => {
            format!("{:03}-{:02}-{:04}", rng.random_range(1..600), rng.random_range(1..99), rng.random_range(1..9999))
        }
        Kind::VendorKey => format!("LTAI5t{}Ab{}Xy", digits(rng, 6), digits(rng, 6)),
        _ => unreachable!("not generated"),
    }
}

const MEASURED: &[Kind] = &[
    Kind::ResidentId,
    Kind::Mobile,
    Kind::Landline,
    Kind::BankCard,
    Kind::PaymentCard,
    Kind::CreditCode,
    Kind::Iban,
    Kind::Email,
    Kind::Ip,
    Kind::Mac,
    Kind::Plate,
    Kind::Ssn,
    Kind::VendorKey,
];
const AROUND: &[(&str, &str)] = &[
    ("客人留下的是", "，请核对。"),
    ("Please note ", " for the guest."),
    ("请记录：", "谢谢"),
    ("Use ", ", thanks"),
    ("(", ")"),
    ("", ""),
];

/// Looks like something, and is nothing.
fn nothing(rng: &mut StdRng) -> String {
    match rng.random_range(0..9) {
        0 => format!("订单号{}", mobile(rng).replace(['-', ' ', '+'], "")),
        1 => format!("SN138{}", digits(rng, 8)),
        2 => format!(
            "版本 {}.{}.{}.{}",
            rng.random_range(1..9),
            rng.random_range(0..9),
            rng.random_range(0..9),
            rng.random_range(0..9)
        ),
        3 => format!(
            "2024-0{}-1{} 12:3{}:4{}",
            rng.random_range(1..9),
            rng.random_range(0..9),
            rng.random_range(0..9),
            rng.random_range(0..9)
        ),
        4 => {
            let mut right = resident(rng);
            let last = right.pop().expect("18 characters");
            format!("{right}{}", if last == '0' { '1' } else { '0' })
        }
        5 => {
            let mut right = card(rng, "622202", 19);
            let last = right.pop().and_then(|c| c.to_digit(10)).expect("a digit");
            format!("{right}{}", (last + 1) % 10)
        }
        6 => format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            rng.random::<u32>(),
            rng.random::<u16>(),
            rng.random_range(0..4096),
            rng.random_range(0..4096),
            rng.random_range(0..1_u64 << 48)
        ),
        7 => format!("{:032x}", rng.random::<u128>()),
        _ => format!("17{}", digits(rng, 11)),
    }
}

#[test]
fn structured_kinds_are_found_with_098_of_recall_and_precision_each() {
    let (detector, mut rng) = (detector(), StdRng::seed_from_u64(4));
    let mut tally: BTreeMap<Kind, (u32, u32, u32)> = BTreeMap::new();
    let mut misses = Vec::new();
    for round in 0..400 {
        for kind in MEASURED {
            let (before, after) = AROUND[rng.random_range(0..AROUND.len())];
            let truth = one(&mut rng, *kind);
            let text = format!("{before}{truth}{after} {}", nothing(&mut rng));
            let (start, end) = (before.len(), before.len() + truth.len());
            let found = detector.scan(&text);
            let hit = found.iter().any(|s| (s.kind, s.start, s.end) == (*kind, start, end));
            let counts = tally.entry(*kind).or_default();
            counts.0 += 1;
            counts.1 += u32::from(hit);
            let wrong: Vec<_> = found.iter().filter(|s| (s.kind, s.start, s.end) != (*kind, start, end)).collect();
            if (!hit || !wrong.is_empty()) && misses.len() < 25 {
                misses.push(format!("{round} {} in {text:?}: {wrong:?}", kind.name()));
            }
            for span in wrong {
                tally.entry(span.kind).or_default().2 += 1;
            }
        }
    }
    for kind in MEASURED {
        let (all, hits, wrong) = tally[kind];
        let (recall, precision) =
            (f64::from(hits) / f64::from(all), f64::from(hits) / f64::from(hits + wrong).max(1.0));
        assert!(
            recall >= 0.98 && precision >= 0.98,
            "{}: {recall:.3} {precision:.3}\n{}",
            kind.name(),
            misses.join("\n")
        );
    }
}

fn rows(rng: &mut StdRng) -> String {
    let mut all = String::new();
    for _ in 0..60 {
        let kind = MEASURED[rng.random_range(0..MEASURED.len())];
        let (a, b) = (one(rng, kind), one(rng, Kind::Mobile));
        let arguments =
            serde_json::json!({"phone": format!("138{}", digits(rng, 8)).parse::<u64>().expect("digits"), "note": a})
                .to_string();
        let row = serde_json::json!({"messages": [
            {"role": "user", "content": format!("姓名：张伟，\n\"{a}\" 住 北京市朝阳区建国路88号，李明先生")},
            {"role": "assistant", "content": format!("Mr. Smith, {b}"), "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": arguments}}]},
        ]});
        all.push_str(&format!("{row}\n"));
    }
    all
}

fn run(text: &str, way: Way, stand_ins: &mut StandIns) -> (String, MaskReport) {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let (from, to) = (dir.path().join("a.jsonl"), dir.path().join("b.jsonl"));
    pc_base::write_atomic(&from, text.as_bytes()).expect("writable");
    let plan = Plan { otherwise: way, ..Plan::default() };
    let report = mask_file(
        (&from, &to),
        &plan,
        (&Key([7; 32]), stand_ins),
        &ScanOptions::default(),
        &Silent,
        &Cancel::default(),
    );
    (std::fs::read_to_string(&to).expect("written"), report.expect("masked"))
}

#[test]
fn every_way_keeps_rows_valid_and_masking_twice_is_masking_once() {
    let text = rows(&mut StdRng::seed_from_u64(9));
    for way in [Way::Mask, Way::Remove, Way::Generalise, Way::Pseudonym] {
        let mut stand_ins = StandIns::default();
        let (once, report) = run(&text, way, &mut stand_ins);
        assert!(report.changed > 200, "{way:?}: {}", report.changed);
        for (line, old) in once.lines().zip(text.lines()) {
            let new: serde_json::Value = serde_json::from_str(line).expect("valid JSON");
            let call =
                new["messages"][1]["tool_calls"][0]["function"]["arguments"].as_str().expect("a text").to_owned();
            serde_json::from_str::<serde_json::Value>(&call).expect("arguments stay JSON");
            assert_ne!(line, old);
        }
        let (twice, again) = run(&once, way, &mut stand_ins);
        let differ = once.lines().zip(twice.lines()).find(|(a, b)| a != b);
        assert_eq!(differ, None, "{way:?} {:?}", again.done);
    }
}

/// Secrets have no stand-ins.
fn without_secrets(text: &str) -> String {
    text.lines().filter(|line| !line.contains("LTAI")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn stand_ins_are_consistent_and_a_file_is_turned_back_to_its_very_bytes() {
    let plain = without_secrets(&rows(&mut StdRng::seed_from_u64(11)));
    // As Python's `json` writes it, and a line of plain text.
    let ascii = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", c as u32) };
    let text = plain.clone() + &plain.chars().map(ascii).collect::<String>() + "联系人：李建国，13912345678\n";
    let mut stand_ins = StandIns::default();
    let (masked, report) = run(&text, Way::Pseudonym, &mut stand_ins);
    let (other, _) = run(&text, Way::Pseudonym, &mut StandIns::default());
    assert_eq!(masked, other, "the same key gives the same stand-ins");
    assert!(!masked.contains("张伟") && !masked.contains("\\u5f20\\u4f1f") && !masked.contains("13912345678"));
    assert!(masked.contains(r#"\"phone\":154"#), "a number stays a number");
    let half = masked.len() / 2;
    assert!(masked[half..].contains("\\u") && masked.len() > 100);

    let kept: StandIns = serde_json::from_str(&serde_json::to_string(&stand_ins).expect("serialises")).expect("reads");
    assert_eq!(kept.len(), stand_ins.len());
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let (from, to) = (dir.path().join("a.jsonl"), dir.path().join("b.jsonl"));
    pc_base::write_atomic(&from, masked.as_bytes()).expect("writable");
    let back = reverse_file((&from, &to), &kept, &Silent, &Cancel::default()).expect("reverses");
    assert_eq!(std::fs::read_to_string(&to).expect("written"), text);
    assert_eq!((back.restored, back.output_sha256), (report.changed, report.found.sha256));
    assert_eq!(reverse(&kept, masked.lines().last().expect("lines")), "联系人：李建国，13912345678");
    let none = reverse(&StandIns::default(), &masked);
    assert_eq!(none, masked, "another register knows none of them");
}

#[test]
fn a_crowd_gets_as_many_stand_ins_and_none_begins_another() {
    let (key, mut stand_ins) = (Key([3; 32]), StandIns::default());
    let surnames: Vec<char> = people::SURNAMES.chars().take(60).collect();
    let mut all = BTreeMap::new();
    for given in '\u{4E00}'..'\u{4E60}' {
        for surname in &surnames {
            for name in [format!("{surname}{given}"), format!("{surname}{given}一")] {
                let span = Span::new(Kind::Name, (0, name.len()), Certainty::Likely, "chinese");
                all.insert(stand_ins.of(&key, &span, &name), name);
            }
        }
    }
    assert_eq!((all.len(), stand_ins.len()), (60 * 0x60 * 2, 60 * 0x60 * 2));
    let sorted: Vec<&String> = all.keys().collect();
    assert_eq!(sorted.windows(2).find(|pair| pair[1].starts_with(pair[0].as_str())), None);
    let text: String = all.keys().map(String::as_str).collect();
    assert_eq!(reverse(&stand_ins, &text), all.values().map(String::as_str).collect::<String>());
}

#[test]
fn a_preview_shows_what_masking_then_does_and_says_how_much_it_saw() {
    let text = rows(&mut StdRng::seed_from_u64(12));
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path = dir.path().join("a.jsonl");
    pc_base::write_atomic(&path, text.as_bytes()).expect("writable");
    let plan = Plan { otherwise: Way::Pseudonym, ..Plan::default() };
    let preview = |options| {
        let kept = (&Key([7; 32]), StandIns::default());
        mask_preview(&path, &plan, kept, options, &Cancel::default()).expect("previews")
    };
    let seen = preview(PreviewOptions::default());
    let (masked, report) = run(&text, Way::Pseudonym, &mut StandIns::default());
    assert!(seen.whole && seen.rows.len() == 50 && seen.counts == report.found.counts);
    for row in &seen.rows {
        let line: serde_json::Value =
            serde_json::from_str(masked.lines().nth(row.line as usize - 1).expect("a line")).expect("JSON");
        let content = row.texts.iter().find(|text| text.at == "messages[0].content").expect("it names somebody");
        let after: String =
            content.pieces.iter().map(|piece| piece.after.as_ref().unwrap_or(&piece.text).as_str()).collect();
        assert_eq!(line["messages"][0]["content"], after.as_str());
        assert!(row.texts.iter().any(|text| text.at.ends_with("arguments.phone")));
    }
    let some = preview(PreviewOptions { rows: 2, bytes: text.len() as u64 / 2 });
    assert!(!some.whole && some.rows[..] == seen.rows[..2], "the beginning is shown the same way");
    assert!(some.counts[&Kind::Mobile] < seen.counts[&Kind::Mobile] && some.counts[&Kind::Mobile] > 10);
    let long = format!("{}13800138001{}", "长".repeat(2_000), "话".repeat(2_000));
    pc_base::write_atomic(&path, format!("{{\"text\":\"{long}\"}}").as_bytes()).expect("writable");
    let pieces = &preview(PreviewOptions::default()).rows[0].texts[0].pieces;
    assert!(pieces.len() == 3 && pieces[0].text.chars().count() < 500 && pieces[1].text == "13800138001");
}

#[test]
fn numbers_and_lines_that_are_no_json_are_looked_at_as_what_they_are() {
    let find = |line: &str| {
        let detector = detector();
        let hits = rows::find(&|text| detector.scan(text), line);
        hits.iter().map(|hit| (hit.span.kind, hit.original.clone())).collect::<Vec<_>>()
    };
    let mobile = |number: &str| vec![(Kind::Mobile, number.to_owned())];
    assert_eq!(
        find(r#"{"phone": 13800138001, "order_id": 13800138002, "share": 0.13800138003}"#),
        mobile("13800138001")
    );
    assert_eq!(find(r#"{'text': '电话 13800138001'}"#), mobile("13800138001"));
    assert_eq!(find(r#"{"text": 电话13800138001}"#), mobile("13800138001"));
    assert_eq!(find(r#"[{"a": null, "b": true, "c": -1.5e7}]"#), []);
}

#[test]
fn hostile_bytes_do_no_harm() {
    let (detector, mut rng) = (detector(), StdRng::seed_from_u64(5));
    let parts = [
        "姓名：",
        "先生",
        "路",
        "号",
        "1",
        "138",
        "@",
        ":",
        "-",
        "eyJ",
        "://",
        "a",
        "\\",
        "\"",
        "{",
        "京A",
        "１",
        "-----BEGIN ",
        "jdbc:",
        "Mr. ",
        "😀",
        "X",
        " ",
        ".",
        "密码=",
        "是",
    ];
    for _ in 0..20_000 {
        let text: String = (0..rng.random_range(1..30)).map(|_| pick(&mut rng, &parts)).collect();
        let mut last = 0;
        for span in detector.scan(&text) {
            assert!(
                span.start >= last && span.start < span.end && text.get(span.start..span.end).is_some(),
                "{text:?}"
            );
            last = span.end;
        }
        let _ = super::rows::find(&|text| detector.scan(text), &text);
    }
}

#[test]
fn own_rules_are_found_and_a_bad_one_has_a_code() {
    let own = vec![
        OwnRule::Words { name: "project".into(), words: vec!["青鸟计划".into()] },
        OwnRule::Pattern { name: "room".into(), pattern: "R-\\d{4}".into() },
    ];
    let rules = Rules { own, ..Rules::default() };
    let found = Detector::new(&rules).expect("good rules").scan("青鸟计划在 R-1234");
    assert_eq!(found.iter().map(|span| span.rule).collect::<Vec<_>>(), [Some(0), Some(1)]);
    for pattern in ["(", "(?:a{1000}){1000}"] {
        let rules =
            Rules { own: vec![OwnRule::Pattern { name: "x".into(), pattern: pattern.into() }], ..Rules::default() };
        let error = Detector::new(&rules).err().expect("refused");
        assert_eq!(pc_base::Failure::of(&error, pc_base::Language::English).code, "pattern_invalid");
    }
}

/// Names and addresses have no check: the floor is what the words around them allow in these sentences, which are easier
/// than people's.
#[test]
fn names_and_addresses_with_a_cue_are_mostly_found() {
    let (detector, mut rng) = (detector(), StdRng::seed_from_u64(6));
    let (mut all, mut hits, mut wrong) = (0_u32, 0_u32, 0_u32);
    for _ in 0..600 {
        let given = format!("{}{}", pick(&mut rng, &["伟", "建国", "晓梅", "芳"]), pick(&mut rng, &["", "", "明"]));
        let given: String = given.chars().take(2).collect();
        let name = format!("{}{given}", pick(&mut rng, &["王", "李", "欧阳", "赵", "司马"]));
        let house = rng.random_range(1..999);
        let place = format!(
            "{}区{}{house}号",
            pick(&mut rng, &["北京市朝阳", "杭州市西湖"]),
            pick(&mut rng, &["建国路", "文三街"])
        );
        let (before, truth, after) = match rng.random_range(0..6) {
            0 => ("姓名：".to_owned(), name, "，男"),
            1 => ("联系人".to_owned(), name, "，请回电"),
            2 => ("请".to_owned() + "转告", name, "先生"),
            3 => ("Dear Mr. ".to_owned(), pick(&mut rng, &["John Smith", "Brown"]).to_owned(), ", hello"),
            4 => ("送到".to_owned(), place, "。"),
            _ => ("at ".to_owned(), format!("{house} {} Street", pick(&mut rng, &["Baker", "High Park"])), "."),
        };
        let found = detector.scan(&format!("{before}{truth}{after} 今天入住的房间在三楼，路上堵车，老师好"));
        let right = |span: &&Span| (span.start, span.end) == (before.len(), before.len() + truth.len());
        all += 1;
        hits += u32::from(found.iter().any(|span| right(&span)));
        wrong += found.iter().filter(|span| !right(span)).count() as u32;
    }
    let (recall, precision) = (f64::from(hits) / f64::from(all), f64::from(hits) / f64::from(hits + wrong));
    assert!(recall >= 0.8 && precision >= 0.8, "recall {recall:.3}, precision {precision:.3}");
}
