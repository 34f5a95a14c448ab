//! Near duplicates against brute force, and what follows from them.

use std::path::{Path, PathBuf};

use super::index::Reader;
use super::*;
use pc_base::Silent;

/// Xorshift (Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }

    /// A sentence of units: Chinese characters, or words.
    fn sentence(&mut self, chinese: bool, length: usize) -> Vec<String> {
        (0..length)
            .map(|_| {
                if chinese {
                    char::from_u32(0x4e00 + self.below(3_000) as u32).expect("a Chinese character").to_string()
                } else {
                    (0..2 + self.below(6)).map(|_| (b'a' + self.below(26) as u8) as char).collect::<String>() + " "
                }
            })
            .collect()
    }
}

fn row(question: &str, answer: &str) -> String {
    serde_json::json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})
        .to_string()
}

fn file(dir: &Path, name: &str, rows: &[String]) -> PathBuf {
    let path = dir.join(name);
    pc_base::write_atomic(&path, (rows.join("\n") + "\n").as_bytes()).expect("written");
    path
}

#[test]
fn planted_near_duplicates_are_found_as_brute_force_finds_them() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let mut dice = Dice(7);
    let mut rows = Vec::new();
    for number in 0..600 {
        let length = 20 + dice.below(80);
        let mut text = dice.sentence(number % 2 == 0, length);
        rows.push(row("q", &text.concat()));
        if number % 4 < 2 {
            // One to six units are changed: similarities on both sides of the threshold.
            for _ in 0..1 + dice.below(5) {
                let at = dice.below(length);
                text[at] = "变 ".into();
            }
            rows.push(row("q", &text.concat()));
        }
    }
    let path = file(dir.path(), "a.jsonl", &rows);
    let mut index = Index::read(&[path], Compare::Row, "near", &Silent, &Cancel::default()).expect("the file is read");
    let groups = index.groups(0.8, &Silent, &Cancel::default()).expect("grouped");
    let sets: Vec<Vec<u64>> = {
        let mut reader = Reader::new(&index);
        (0..rows.len() as u32).map(|row| reader.set(row).expect("readable")).collect()
    };
    let (mut truth, mut found, mut wrong) = (0, 0, 0);
    for a in 0..rows.len() {
        for b in a + 1..rows.len() {
            let together = groups.first[a] == groups.first[b];
            let alike = jaccard(&sets[a], &sets[b]) >= 0.8;
            truth += usize::from(alike);
            found += usize::from(alike && together);
            wrong += usize::from(together && !alike);
        }
    }
    assert!(truth > 80, "{truth} pairs are alike, which is enough to tell");
    assert!(found * 100 >= truth * 99, "{found} of {truth} pairs are found");
    assert_eq!(wrong, 0, "no pair is there that is not alike: every candidate was compared");
}

#[test]
fn groups_name_the_lines_and_how_alike_they_are_whatever_the_order_of_cores() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let long = "酒店早餐从七点开始供应到十点结束，周末延长到十一点，地点在二楼餐厅，儿童半价，请提前预约座位。";
    let rows = [
        row("早餐?", long),
        row("泳池在哪", "三楼"),
        row("早餐？", &long.replace("，", ", ")),
        "not a row".into(),
        row("早餐?", &long.replace("儿童半价", "孩童半价")),
    ];
    let path = file(dir.path(), "a.jsonl", &rows);
    let run = || duplicates(&path, &NearOptions::default(), &Silent, &Cancel::default()).expect("compared");
    let told = run();
    assert_eq!((told.rows, told.exact_rows, told.near_rows, told.groups_total), (4, 1, 1, 1));
    let lines: Vec<_> = told.groups[0].rows.iter().map(|m| (m.line, m.like, m.exact)).collect();
    assert_eq!(lines, [(1, 0, false), (3, 1, true), (5, 1, false)]);
    let similarity = told.groups[0].rows[2].similarity;
    assert!((0.8..1.0).contains(&similarity), "{similarity}");
    let again = serde_json::to_string(&run()).expect("serialises");
    assert_eq!(again, serde_json::to_string(&told).expect("serialises"));
    let equal = NearOptions { threshold: 2.0, ..NearOptions::default() };
    let told = duplicates(&path, &equal, &Silent, &Cancel::default()).expect("compared");
    assert_eq!((told.exact_rows, told.near_rows), (1, 0), "equal rows only");
}

#[test]
fn one_question_with_two_answers_contradicts_itself_and_two_questions_do_not() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let rows = [
        row("早餐几点开始？", "七点。"),
        row("退房几点？", "十二点。"),
        row("早餐几点开始?", "八点。"),
        row("早餐几点开始？", "七点。 "),
    ];
    let path = file(dir.path(), "a.jsonl", &rows);
    let told = contradictions(&path, &NearOptions::default(), &Silent, &Cancel::default()).expect("compared");
    assert_eq!((told.questions_total, told.rows_total), (1, 3));
    let one = &told.questions[0];
    assert_eq!((one.question.as_str(), one.answers_total), ("早餐几点开始？", 2));
    let answers: Vec<_> = one.answers.iter().map(|a| (a.line, a.answer.as_str())).collect();
    assert_eq!(answers, [(1, "七点。"), (3, "八点。")], "spaces make no other answer");
}

#[test]
fn a_leak_names_both_places_for_rows_and_for_golden_questions() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let answer = "The breakfast room on the second floor is open from seven until ten on every working day.";
    let training = file(
        dir.path(),
        "train.jsonl",
        &[
            row("Is there a pool?", "On the roof."),
            row("When is breakfast?", answer),
            row("在哪里停车比较方便呢", "地下"),
        ],
    );
    let validation = file(
        dir.path(),
        "validation.jsonl",
        &[row("Where do I park?", "Below."), row("When is breakfast?", &format!("{answer} Welcome."))],
    );
    let golden = dir.path().join("golden.json");
    let text = r#"[{"question":"q","required":[]},{"question":"在哪里停车比较方便呢？","required":["地下"]}]"#;
    pc_base::write_atomic(&golden, text.as_bytes()).expect("written");
    let held = [Held { path: validation, kind: HeldKind::Rows }, Held { path: golden.clone(), kind: HeldKind::Golden }];
    let told = leaks(&training, &held, &NearOptions::default(), &Silent, &Cancel::default()).expect("compared");
    let places: Vec<_> = told.leaks.iter().map(|l| (l.line, l.file, l.held_line, l.compare)).collect();
    assert_eq!(places, [(2, 0, 2, Compare::Row), (3, 1, 2, Compare::Question)]);
    assert_eq!((told.rows_total, told.lines), (2, vec![2, 3]));
    let broken = [Held { path: training.clone(), kind: HeldKind::Golden }];
    let error = leaks(&training, &broken, &NearOptions::default(), &Silent, &Cancel::default()).expect_err("refused");
    assert_eq!(pc_base::Failure::of(&error, pc_base::Language::English).code, "input_invalid");
}
