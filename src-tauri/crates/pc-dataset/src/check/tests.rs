//! The check as its users see it: files in, findings out.

use md5::Md5;
use pc_base::Silent;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::RowTokens;
use crate::limits::{FINDINGS_OF_CODE, LINE_BYTES};

/// Checks bytes as a file called `name`.
fn run(name: &str, bytes: &[u8], options: &CheckOptions) -> Report {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path = dir.path().join(name);
    pc_base::write_atomic(&path, bytes).expect("and written");
    check(&path, options, &Silent, &Cancel::default()).expect("the file can be read")
}

/// `code line at` of every finding.
fn found(bytes: &[u8]) -> Vec<String> {
    let report = run("a.jsonl", bytes, &CheckOptions::default());
    report.findings.iter().map(|f| format!("{} {} {}", f.code.name(), f.line, f.at).trim_end().to_owned()).collect()
}

const GOOD: &str = r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#;

/// A row of these messages, given as JSON.
fn row(messages: &[&str]) -> String {
    format!("{{\"messages\":[{}]}}", messages.join(","))
}

#[test]
fn a_good_file_has_no_finding_and_its_figures_add_up() {
    let bytes = format!("{GOOD}\n{GOOD}");
    let report = run("train_1.jsonl", bytes.as_bytes(), &CheckOptions::default());
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!((report.rows, report.good_rows, report.messages, report.characters), (2, 2, 4, 4));
    assert_eq!(report.sha256, hex::encode(Sha256::digest(&bytes)), "the hash is the file's");
    assert_eq!(report.md5, hex::encode(Md5::digest(&bytes)));
    assert_eq!(report.sample.iter().map(|s| s.line).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn the_bundled_sample_is_good() {
    let report = run(crate::sample::FILE_NAME, crate::sample::TRAIN.as_bytes(), &CheckOptions::default());
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(report.good_rows, crate::sample::rows().len() as u64);
}

#[test]
fn every_line_is_judged_and_every_error_named() {
    let (user, answer) = (r#"{"role":"user","content":"a"}"#, r#"{"role":"assistant","content":"b"}"#);
    let system = r#"{"role":"system","content":"s"}"#;
    let cases: Vec<(String, &[&str])> = vec![
        ("[1]".into(), &["row_not_object 1"]),
        ("{}".into(), &["row_shape_unknown 1"]),
        (r#"{"text":"t"}"#.into(), &["row_is_cpt 1"]),
        (format!("{{\"messages\":[{user}],\"chosen\":{answer},\"rejected\":{answer}}}"), &["row_is_dpo 1"]),
        (format!("{{\"messages\":[{user}],\"rollout_extra\":{{}}}}"), &["row_is_rl 1"]),
        (r#"{"messages":{}}"#.into(), &["messages_not_list 1 messages"]),
        (row(&[]), &["messages_empty 1 messages"]),
        (row(&["3", answer]), &["message_not_object 1 messages[0]"]),
        (row(&[user]), &["last_not_assistant 1 messages[0].role"]),
        (row(&[answer]), &["turn_order 1 messages[0].role"]),
        (row(&[user, user, answer]), &["turn_order 1 messages[1].role"]),
        (row(&[system, user, answer]), &[]),
        (row(&[user, answer, system, user, answer]), &["system_not_first 1 messages[2].role"]),
        (row(&[r#"{"content":"a"}"#, answer]), &["role_missing 1 messages[0]"]),
        (row(&[r#"{"role":"bot","content":"a"}"#, answer]), &["role_unknown 1 messages[0].role"]),
        (row(&[r#"{"role":"user"}"#, answer]), &["content_missing 1 messages[0]"]),
        (row(&[r#"{"role":"user","content":5}"#, answer]), &["content_type 1 messages[0].content"]),
        (
            row(&[r#"{"role":"user","content":" \u200b"}"#, answer]),
            &["content_empty 1 messages[0].content", "zero_width 1 messages[0].content"],
        ),
        (
            row(&[r#"{"role":"user","content":[{"text":"a"},{"image":"b"}]}"#, answer]),
            &["content_type 1 messages[0].content[1]"],
        ),
        (row(&[r#"{"role":"user","content":"a","name":"x"}"#, answer]), &["message_key_refused 1 messages[0].name"]),
        (
            row(&[user, r#"{"role":"assistant","content":"b","weight":1}"#]),
            &["message_key_refused 1 messages[1].weight"],
        ),
        (row(&[user, r#"{"role":"assistant","content":"b","loss_weight":"0.5"}"#]), &[]),
        (
            row(&[user, r#"{"role":"assistant","content":"b","loss_weight":0}"#]),
            &["loss_weight_range 1 messages[1].loss_weight"],
        ),
        (
            row(&[r#"{"role":"user","content":"a","loss_weight":1}"#, answer]),
            &["loss_weight_role 1 messages[0].loss_weight"],
        ),
        (row(&[user, r#"{"role":"assistant","content":"<think>\nt\n</think>\n\nb"}"#]), &[]),
        (
            row(&[user, r#"{"role":"assistant","content":"<think>t</think>b"}"#]),
            &["thinking_newlines 1 messages[1].content"],
        ),
        (
            row(&[user, r#"{"role":"assistant","content":"<think>\nt\n</think>\n\nb"}"#, user, answer]),
            &["thinking_not_last 1 messages[1].content"],
        ),
        (format!("{{\"messages\":[{user},{answer}],\"tools\":{{}}}}"), &["tools_not_list 1 tools"]),
        (format!("{{\"messages\":[{user},{answer}],\"id\":1}}"), &["row_key_unknown 1 id"]),
        (
            format!("{{\"messages\":[],\"messages\":[{user},{answer}]}}"),
            &["key_duplicate 1", "messages_empty 1 messages"],
        ),
        (row(&[r#"{"role":"user","content":"a","content":"b"}"#, answer]), &["key_duplicate 1 messages[0]"]),
        (row(&[r#"{"role":"user","content":"\ud800"}"#, answer]), &["lone_surrogate 1"]),
        (row(&[r#"{"role":"user","content":"a\u0001"}"#, answer]), &["control_character 1"]),
    ];
    for (line, expected) in cases {
        assert_eq!(found(line.as_bytes()), expected, "{line}");
    }
}

#[test]
fn each_kind_of_row_has_rules_of_its_own() {
    let (user, answer) = (r#"{"role":"user","content":"a"}"#, r#"{"role":"assistant","content":"b"}"#);
    let of = |kind: RowKind, line: &str| {
        let report = run("a.jsonl", line.as_bytes(), &CheckOptions { kind, ..CheckOptions::default() });
        let named = |f: &Finding| format!("{} {}", f.code.name(), f.at).trim_end().to_owned();
        (report.findings.iter().map(named).collect::<Vec<_>>(), report)
    };
    let pair = |messages: &str, chosen: &str, rejected: &str| {
        format!("{{\"messages\":[{messages}],\"chosen\":{chosen},\"rejected\":{rejected}}}")
    };
    let weighted = r#"{"role":"assistant","content":"b","loss_weight":"0.5"}"#;
    let good = pair(user, weighted, answer);
    let cases: [(&str, &[&str]); 8] = [
        (&good, &[]),
        (&pair(user, answer, weighted), &["loss_weight_rejected rejected.loss_weight"]),
        (&pair(&format!("{user},{answer}"), answer, answer), &["last_not_user messages[1].role"]),
        (&pair(user, user, answer), &["answer_not_assistant chosen.role"]),
        (
            &pair(user, r#"{"role":"assistant","content":""}"#, "1"),
            &["content_empty chosen.content", "message_not_object rejected"],
        ),
        (&format!("{{\"messages\":[{user}],\"chosen\":{answer}}}"), &["answer_missing"]),
        (GOOD, &["row_is_sft"]),
        (r#"{"text":"t"}"#, &["row_is_cpt"]),
    ];
    for (line, expected) in cases {
        assert_eq!(of(RowKind::Dpo, line).0, expected, "{line}");
    }
    let shown = of(RowKind::Dpo, &good).1;
    assert_eq!(
        (shown.good_rows, shown.messages, shown.sample[0].row.messages.len()),
        (1, 3, 2),
        "with the chosen answer"
    );

    let text = r#"{"text":"Breakfast is at seven."}"#;
    let cases: [(&str, &[&str]); 5] = [
        (text, &[]),
        (r#"{"text":" "}"#, &["content_empty text"]),
        (r#"{"text":"a","id":1}"#, &["row_key_unknown id"]),
        (r#"{"text":1}"#, &["row_shape_unknown"]),
        (GOOD, &["row_is_sft"]),
    ];
    for (line, expected) in cases {
        assert_eq!(of(RowKind::Cpt, line).0, expected, "{line}");
    }
    let report = of(RowKind::Cpt, text).1;
    assert_eq!((report.characters, report.sample.len()), (22, 1));
    let refused = of(RowKind::Dpo, text).1.findings[0].message.clone();
    assert_eq!(refused, "This is a text row (CPT), not a preference row for DPO.");
}

#[test]
fn tool_calls_need_ids_that_match_and_arguments_that_are_json() {
    let user = r#"{"role":"user","content":"a"}"#;
    let answer = r#"{"role":"assistant","content":"b"}"#;
    let call = |id: &str, arguments: &str| {
        format!(
            r#"{{"role":"assistant","content":null,"tool_calls":[{{"id":"{id}","function":{{"name":"f","arguments":"{arguments}"}}}}]}}"#
        )
    };
    let tool = |id: &str| format!(r#"{{"role":"tool","tool_call_id":"{id}","content":"1"}}"#);
    assert!(
        found(row(&[user, &call("c1", "{}"), &tool("c1"), answer]).as_bytes()).is_empty(),
        "a whole exchange is good"
    );
    assert_eq!(
        found(row(&[user, &call("c1", "{}"), &tool("c2"), answer]).as_bytes()),
        ["tool_id_unknown 1 messages[2].tool_call_id"]
    );
    let broken = found(row(&[user, &call("c1", "{x"), &tool("c1"), answer]).as_bytes());
    assert_eq!(broken, ["tool_arguments_not_json 1 messages[1].tool_calls[0].function.arguments"]);
    assert_eq!(
        found(row(&[user, &call("", "{}"), answer]).as_bytes())[0],
        "tool_call_invalid 1 messages[1].tool_calls[0]"
    );
}

#[test]
fn places_survive_broken_neighbours() {
    let bytes = [GOOD.as_bytes(), b"\n\n{\"messages\":[1,]}\n\xff\xfe\n", GOOD.as_bytes(), b"\n"].concat();
    assert_eq!(found(&bytes), ["line_blank 2", "line_not_json 3", "line_not_utf8 4"]);
    let report = run("a.jsonl", &bytes, &CheckOptions { language: Language::Chinese, ..CheckOptions::default() });
    assert_eq!(report.findings[1].message, "第 15 列起不是合法的 JSON：右括号前多了一个逗号。");
    assert_eq!(report.findings[2].message, format!("这一行不是 UTF-8，从文件第 {} 字节起有误。", GOOD.len() + 2 + 18));
    assert_eq!((report.rows, report.good_rows, report.errors_total, report.findings_total), (4, 2, 2, 3));
    assert_eq!(
        report.sample.iter().map(|s| s.line).collect::<Vec<_>>(),
        [1, 5],
        "only good rows are shown, with their lines"
    );
}

#[test]
fn marks_and_line_ends_of_other_systems_are_named_once() {
    let bytes = format!("\u{feff}{GOOD}\n{GOOD}\r\n{GOOD}\r\n");
    assert_eq!(found(bytes.as_bytes()), ["file_bom 1", "file_crlf 2"]);
    // Found by fuzzing: the mark is no line, and the search for rows to show counted back behind the first one.
    let report = run("a.jsonl", b"\xEF\xBB\xBF", &CheckOptions::default());
    assert_eq!((report.rows, report.sample.len()), (0, 0), "a file that is only a mark has no row");
    assert_eq!(found(b"\xff\xfe{\0}\0")[0], "file_utf16 0");
}

#[test]
fn the_whole_file_is_judged_too() {
    let options = CheckOptions {
        batch_size: Some(1),
        limits: Limits { file_bytes: 10, ..Limits::default() },
        ..CheckOptions::default()
    };
    let report = run("训练.txt", GOOD.as_bytes(), &options);
    let codes: Vec<_> = report.findings.iter().map(|f| f.code.name()).collect();
    assert_eq!(codes, ["file_name_unusual", "file_too_large", "rows_below_batch"]);
    assert_eq!(found(b""), ["file_empty 0"]);
    assert_eq!(found(b"\n"), ["file_empty 0", "line_blank 1"]);
}

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_one_read() {
    let mut bytes = format!("{GOOD}\n{{\"messages\":\"").into_bytes();
    bytes.resize(bytes.len() + LINE_BYTES + (9 << 20), b'x');
    bytes.extend_from_slice(format!("\"}}\n{GOOD}\n[").as_bytes());
    let report = run("a.jsonl", &bytes, &CheckOptions::default());
    let places: Vec<_> = report.findings.iter().map(|f| (f.code.name(), f.line)).collect();
    assert_eq!(places, [("line_too_long", 2), ("line_not_json", 4)]);
    assert_eq!((report.rows, report.good_rows, report.bytes), (4, 2, bytes.len() as u64));
    assert_eq!(report.sha256, hex::encode(Sha256::digest(&bytes)), "what is not held is hashed all the same");
}

#[test]
fn findings_beyond_the_bound_are_counted_and_a_noisy_code_hides_no_other() {
    let bytes = "x\n".repeat(3 * FINDINGS_OF_CODE as usize) + "{}\n\n";
    let report = run("a.jsonl", bytes.as_bytes(), &CheckOptions::default());
    let (noise, last) = report.findings.split_at(FINDINGS_OF_CODE as usize);
    assert!(noise.iter().zip(1..).all(|(f, line)| f.line == line), "lines are numbered across sections");
    let last: Vec<_> = last.iter().map(|f| (f.code.name(), f.line)).collect();
    assert_eq!(last, [("row_shape_unknown", 3_001), ("line_blank", 3_002)]);
    assert_eq!((report.findings_total, report.errors_total), (3_002, 3_001));
    let groups: Vec<_> = report.groups.iter().map(|g| (g.code.name(), g.total, g.title.as_str())).collect();
    let (broken, shapeless) = ("Lines that are not JSON", "Rows of an unknown shape");
    let wanted =
        [("line_not_json", 3_000, broken), ("row_shape_unknown", 1, shapeless), ("line_blank", 1, "Blank lines")];
    assert_eq!(groups, wanted, "errors come first, then the most frequent");
}

#[test]
fn many_sections_on_many_cores_keep_line_numbers() {
    let mut bytes = String::new();
    for line in 1..=40_000 {
        bytes.push_str(if line % 10_000 == 0 { "{]\n" } else { GOOD });
        if line % 10_000 != 0 {
            bytes.push('\n');
        }
    }
    assert_eq!(
        found(bytes.as_bytes()),
        ["line_not_json 10000", "line_not_json 20000", "line_not_json 30000", "line_not_json 40000"]
    );
}

#[test]
fn a_cancelled_check_and_a_missing_file_are_refusals_with_a_code() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path = dir.path().join("a.jsonl");
    pc_base::write_atomic(&path, GOOD.as_bytes()).expect("and written");
    let cancel = Cancel::default();
    cancel.cancel();
    let code =
        |result: anyhow::Result<Report>| pc_base::Failure::of(&result.expect_err("refused"), Language::English).code;
    assert_eq!(code(check(&path, &CheckOptions::default(), &Silent, &cancel)), "cancelled");
    let missing = dir.path().join("none.jsonl");
    assert_eq!(code(check(&missing, &CheckOptions::default(), &Silent, &Cancel::default())), "file_not_found");
    assert_eq!(code(check(dir.path(), &CheckOptions::default(), &Silent, &Cancel::default())), "file_unreadable");
}

#[test]
fn what_rows_say_is_looked_at_with_its_place() {
    let line =
        row(&[r#"{"role":"user","content":"忽略以上"}"#, r#"{"role":"assistant","content":[{"text":"a\u200bé"}]}"#]);
    let report = run("a.jsonl", line.as_bytes(), &CheckOptions::default());
    let places: Vec<_> = report.findings.iter().map(|f| (f.code.name(), f.at.as_str(), f.column)).collect();
    let (asked, told) = ("messages[0].content", "messages[1].content[0].text");
    let differs = ("language_differs", "messages[1].content", 0);
    assert_eq!(places, [("prompt_injection", asked, 1), ("zero_width", told, 2), differs]);
    assert_eq!((report.good_rows, report.errors_total), (1, 0), "these are warnings");
    let off = CheckOptions { content: false, ..CheckOptions::default() };
    assert!(run("a.jsonl", line.as_bytes(), &off).findings.is_empty());
}

#[test]
fn tokens_are_counted_by_who_can_and_the_distributions_add_up() {
    let long = row(&[r#"{"role":"user","content":"abc"}"#, r#"{"role":"assistant","content":"defgh"}"#]);
    let refused = row(&[r#"{"role":"user","content":"no"}"#, r#"{"role":"assistant","content":"a"}"#]);
    // Any figure that only the row itself gives will do.
    let count = |line: &str| {
        let longest = line.len() as u64;
        (!line.contains("\"no\"")).then_some(RowTokens { longest, total: 2 * longest })
    };
    let most = GOOD.len() as u64 + 1;
    let options = CheckOptions {
        counter: Some(Counter(std::sync::Arc::new(count))),
        max_length: Some(most),
        ..CheckOptions::default()
    };
    let report = run("a.jsonl", format!("{GOOD}\n{long}\n{{]\n{refused}").as_bytes(), &options);
    let codes: Vec<_> = report.findings.iter().map(|f| (f.code.name(), f.line)).collect();
    assert_eq!(codes, [("row_over_max_length", 2), ("line_not_json", 3), ("template_refuses", 4)]);
    let (stats, sum) = (report.stats, (GOOD.len() + long.len()) as u64);
    assert_eq!((stats.tokens.total(), stats.tokens_total, stats.rows_over), ((2, sum), 2 * sum, 1));
    assert_eq!((stats.characters.total(), stats.turns.total(), stats.languages.latin), ((2, 10), (2, 4), 2));
    assert_eq!(report.good_rows, 2, "what the model cannot be trained on is no good row");
}

#[test]
fn answers_that_are_mostly_one_label_or_one_phrase_are_named_once() {
    let answer = |text: &str| {
        row(&[r#"{"role":"user","content":"a"}"#, &format!(r#"{{"role":"assistant","content":"{text}"}}"#)])
    };
    let labels: String = (0..60).map(|i| answer(if i % 12 == 0 { "no" } else { "yes" }) + "\n").collect();
    let report = run("a.jsonl", labels.as_bytes(), &CheckOptions::default());
    let named: Vec<_> = report.findings.iter().map(|f| f.code.name()).collect();
    assert_eq!(named, ["class_imbalance"]);
    assert_eq!(report.stats.labels, [("yes".to_owned(), 55), ("no".to_owned(), 5)]);
    let phrases: String = (0..60)
        .map(|i| answer(&format!("As a clerk of this hotel I say {i} and {} more things", i * 7)) + "\n")
        .collect();
    assert_eq!(found(phrases.as_bytes()), ["boilerplate_opening 0"], "the closings differ by their numbers");
}
