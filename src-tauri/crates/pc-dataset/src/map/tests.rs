//! Recipes on rows as they are found in the wild, guesses, and whole conversions.

use std::path::Path;
use std::sync::Arc;

use pc_base::{Cancel, Failure, Language, Silent};
use serde_json::{Value, json};

use super::*;
use crate::Records;
use crate::read::{ReadOptions, detect};

fn record(at: u64, value: Value) -> Record {
    let Value::Object(pairs) = value else { panic!("a record is an object") };
    let (names, values): (Vec<String>, Vec<Value>) = pairs.into_iter().unzip();
    Record { at, names: names.into(), values }
}

/// What rows become: the row, or the code of the reason against it.
fn made(recipe: &Recipe, rows: &[Value]) -> Vec<Value> {
    let records: Vec<Record> = (1..).zip(rows).map(|(at, row)| record(at, row.clone())).collect();
    let shown = preview(recipe, &records, "a.csv").expect("the recipe is right");
    shown.into_iter().map(|row| row.row.unwrap_or_else(|| json!(row.skipped.expect("a reason").code))).collect()
}

fn pair(question: &str, answer: &str) -> Recipe {
    Recipe::new(RowKind::Sft, Source::Pair { question: question.into(), answer: answer.into() })
}

fn sft(turns: &[(&str, &str)]) -> Value {
    json!({"messages": turns.iter().map(|(role, content)| json!({"role": role, "content": content})).collect::<Vec<_>>()})
}

#[test]
fn columns_become_a_conversation_with_a_system_message() {
    let mut recipe = pair("{instruction}\n{input?}", "{output}");
    recipe.system = Some("你是{店名?}的客服".into());
    let rows = [
        json!({"instruction": " 翻译 ", "input": "你好", "output": "Hello", "店名": "云栖"}),
        json!({"instruction": "问好", "input": "", "output": " ", "店名": ""}),
        json!({"instruction": "问好", "output": 7}),
        json!({"output": "x"}),
    ];
    let wanted = [
        sft(&[("system", "你是云栖的客服"), ("user", "翻译\n你好"), ("assistant", "Hello")]),
        json!("row_cell_empty"),
        sft(&[("system", "你是的客服"), ("user", "问好"), ("assistant", "7")]),
        json!("row_column_missing"),
    ];
    assert_eq!(made(&recipe, &rows), wanted);
}

#[test]
fn thinking_stands_in_the_last_answer_alone_and_with_its_newlines() {
    let mut recipe = pair("{q}", "{a}");
    recipe.thinking = Some("why".into());
    let rows = [json!({"q": "1", "a": "2", "why": " 一加一 "}), json!({"q": "1", "a": "<think>x</think>2", "why": ""})];
    let shown = made(&recipe, &rows);
    assert_eq!(shown[0]["messages"][1]["content"], "<think>\n一加一\n</think>\n\n2");
    assert_eq!(shown[1]["messages"][1]["content"], "<think>\nx\n</think>\n\n2");
    let listed = Recipe::new(RowKind::Sft, Source::Messages { column: "m".into() });
    let row = json!({"m": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\nold\n</think>\n\nb", "reasoning_content": "older"},
        {"role": "user", "content": "c"}, {"role": "assistant", "content": "d", "reasoning_content": "new"}]});
    let shown = made(&listed, &[row]);
    let wanted = sft(&[("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "<think>\nnew\n</think>\n\nd")]);
    assert_eq!(shown[0], wanted);
}

#[test]
fn share_gpt_with_tools_becomes_calls_with_matching_ids() {
    let mut recipe = Recipe::new(RowKind::Sft, Source::Messages { column: "conversations".into() });
    recipe.tools = Some("tools".into());
    recipe.system = Some("{system?}".into());
    let row = json!({"conversations": [
        {"from": "human", "value": "杭州天气？"},
        {"from": "function_call", "value": "{\"name\": \"weather\", \"arguments\": {\"city\": \"杭州\"}}"},
        {"from": "observation", "value": "{\"t\": 21}"},
        {"from": "gpt", "value": "21 度。"}],
        "system": "", "tools": "[{\"type\": \"function\", \"function\": {\"name\": \"weather\"}}]"});
    let shown = &made(&recipe, &[row])[0];
    assert_eq!(
        *shown,
        json!({"messages": [
            {"role": "user", "content": [{"text": "杭州天气？"}]},
            {"role": "assistant", "content": [{"text": ""}], "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"杭州\"}"}}]},
            {"role": "tool", "content": [{"text": "{\"t\": 21}"}], "tool_call_id": "call_1"},
            {"role": "assistant", "content": [{"text": "21 度。"}]}],
            "tools": [{"type": "function", "function": {"name": "weather"}}]})
    );
    let verdict = crate::judge::judge(&shown.to_string(), RowKind::Sft, &mut crate::json::Tape::default());
    assert!(verdict.found.is_empty(), "the check has nothing against it: {:?}", verdict.found);
}

#[test]
fn wrong_messages_are_reasons_and_no_rows() {
    let recipe = Recipe::new(RowKind::Sft, Source::Messages { column: "m".into() });
    let rows = [
        json!({"m": "x"}),
        json!({"m": []}),
        json!({"m": [1]}),
        json!({"m": [{"role": "wizard", "content": "x"}]}),
        json!({"m": [{"role": "user", "content": " "}]}),
    ];
    let wanted =
        ["row_messages_invalid", "row_messages_invalid", "row_messages_invalid", "row_role_unknown", "row_text_empty"];
    assert_eq!(made(&recipe, &rows), wanted.map(|code| json!(code)));
}

#[test]
fn preferences_take_answers_as_texts_messages_or_whole_conversations() {
    let texts = Recipe::new(
        RowKind::Dpo,
        Source::Preference {
            question: Some("{prompt}".into()),
            history: None,
            chosen: "{chosen}".into(),
            rejected: "{rejected}".into(),
        },
    );
    let shown = made(
        &texts,
        &[
            json!({"prompt": "q", "chosen": {"role": "assistant", "content": "好"}, "rejected": "差"}),
            json!({"prompt": "q", "chosen": "同", "rejected": "同 "}),
        ],
    );
    let wanted = json!({"messages": [{"role": "user", "content": "q"}], "chosen": {"role": "assistant", "content": "好"},
        "rejected": {"role": "assistant", "content": "差"}});
    assert_eq!(shown, [wanted.clone(), json!("row_answers_same")]);
    assert_eq!(shown[0].to_string(), wanted.to_string(), "keys stand in their order");
    let whole = json!({"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "好"}],
        "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "差"}]});
    let guessed = guess(&[record(1, whole.clone())]);
    assert_eq!(made(&guessed.recipe, &[whole]), [wanted]);
}

#[test]
fn scattered_turns_find_into_conversations_in_the_order_of_their_times() {
    let mut recipe = Recipe::new(RowKind::Sft, Source::Turn { speaker: "发送人".into(), content: "{内容}".into() });
    recipe.roles = BTreeMap::from([("小云".into(), Some(Role::Assistant)), ("系统通知".into(), None)]);
    recipe.others = Some(Role::User);
    recipe.group = Some(Grouping { by: vec!["群".into()], order: Some("时间".into()), gap_minutes: Some(30) });
    let row = |time: &str, sender: &str, text: &str, group: &str| json!({"时间": time, "发送人": sender, "内容": text, "群": group});
    let rows = [
        row("2024/1/5 10:02", "小云", "您好，6:30 开始。", "甲"),
        row("2024-01-05 09:00", "王女士", "在吗", "乙"),
        row("2024-01-05 10:00:00", "张先生", "你好", "甲"),
        row("2024-01-05 10:01:00", "张先生", "早餐几点？", "甲"),
        row("2024-01-05 10:01:30", "系统通知", "张先生加入", "甲"),
        row("2024-01-05 15:00:00", "张先生", "停车呢？", "甲"),
        row("2024-01-05 15:01:00", "小云", "免费。", "甲"),
        row("2024-01-05 15:02:00", "张先生", "好", "甲"),
        row("2024-01-05 15:02:00", "张先生", "", "甲"),
    ];
    let wanted = [
        sft(&[("user", "你好\n早餐几点？"), ("assistant", "您好，6:30 开始。")]),
        json!("row_turns_missing"),
        sft(&[("user", "停车呢？"), ("assistant", "免费。")]),
        json!("row_cell_empty"),
    ];
    assert_eq!(
        made(&recipe, &rows),
        wanted,
        "an answer without a question, and a question without an answer, are no conversation"
    );
}

#[test]
fn recipes_are_held_against_columns_and_versions() {
    let code = |recipe: &Recipe| {
        let error = recipe.check(&["q".into(), "a".into()], "a.csv").expect_err("it does not fit");
        Failure::of(&error, Language::Chinese).code
    };
    assert_eq!(code(&pair("{q}", "{b}")), "recipe_column_missing");
    assert_eq!(code(&pair("{q", "{a}")), "recipe_template_invalid");
    assert_eq!(code(&Recipe { version: 2, ..pair("{q}", "{a}") }), "recipe_newer");
    assert_eq!(code(&Recipe { kind: RowKind::Cpt, ..pair("{q}", "{a}") }), "recipe_incomplete");
    assert!(pair("{q}{c?}", "{a}").check(&["q".into(), "a".into()], "a.csv").is_ok());
    let saved = serde_json::to_string(&pair("{q}", "{a}")).expect("it can be saved");
    assert_eq!(
        saved,
        r#"{"version":1,"kind":"sft","source":{"shape":"pair","question":"{q}","answer":"{a}"},"keep_spaces":false}"#
    );
    assert_eq!(serde_json::from_str::<Recipe>(&saved).expect("and loaded"), pair("{q}", "{a}"));
}

/// Names, a first row, and what is guessed of them.
#[test]
fn columns_are_guessed_from_names_in_two_languages_and_from_contents() {
    for (row, source, sure) in [
        (
            json!({"序号": 1, "标准问题": "几点退房？", "标准答案": "12 点前。"}),
            pair("{标准问题}", "{标准答案}").source,
            true,
        ),
        (json!({"客户": "几点退房？", "客服": "12 点前。"}), pair("{客户}", "{客服}").source, true),
        (
            json!({"instruction": "x", "input": "", "output": "y"}),
            pair("{instruction}\n{input?}", "{output}").source,
            true,
        ),
        (json!({"Prompt": "What time?", "Completion": "Noon."}), pair("{Prompt}", "{Completion}").source, true),
        (json!({"c1": "几点退房？", "c2": "退房时间是中午 12 点前。"}), pair("{c1}", "{c2}").source, false),
        (json!({"text": "一段正文。"}), Source::Text { text: "{text}".into() }, true),
        (
            json!({"id": 1, "messages": [{"role": "user", "content": "x"}]}),
            Source::Messages { column: "messages".into() },
            true,
        ),
        (
            json!({"conversations": [{"from": "human", "value": "x"}]}),
            Source::Messages { column: "conversations".into() },
            true,
        ),
    ] {
        let guessed = guess(&[record(1, row.clone())]);
        assert_eq!(guessed.recipe.source, source, "{row}");
        assert_eq!(guessed.certainty >= 0.85, sure, "{row}: {}", guessed.certainty);
        assert!(
            !guessed.reasons.is_empty()
                && guessed.reasons[0].sentence(Language::Chinese).contains(&guessed.reasons[0].column)
        );
    }
}

#[test]
fn every_reason_has_words_in_both_languages() {
    for code in ReasonCode::ALL {
        for language in [Language::English, Language::Chinese] {
            let sentence = Reason { code, column: "列甲".into() }.sentence(language);
            assert!(sentence.contains("列甲"), "{code:?} in {language:?}: {sentence}");
        }
    }
}

#[test]
fn a_chat_export_is_guessed_with_its_staff() {
    let rows: Vec<Record> = [
        ("2024-01-05 10:00:00", "张先生", "早餐几点？"),
        ("2024-01-05 10:01:00", "云栖客服小王", "6:30。"),
        ("2024-01-05 11:00:00", "李女士", "停车呢？"),
        ("2024-01-05 11:00:20", "云栖客服小王", "免费。"),
    ]
    .iter()
    .zip(2..)
    .map(|((time, sender, text), at)| {
        record(at, json!({"时间": time, "发送人": sender, "消息内容": text, "群名": "住客群"}))
    })
    .collect();
    let guessed = guess(&rows);
    assert_eq!(guessed.recipe.roles, BTreeMap::from([("云栖客服小王".into(), Some(Role::Assistant))]));
    assert_eq!(
        guessed.recipe.group,
        Some(Grouping { by: vec!["群名".into()], order: Some("时间".into()), gap_minutes: Some(30) })
    );
    let shown = preview(&guessed.recipe, &rows, "chat.csv").expect("the recipe is right");
    assert_eq!(shown.iter().filter(|row| row.row.is_some()).count(), 2, "two people asked: {shown:?}");
}

fn run(path: &Path, recipe: &Recipe, out: &Path) -> anyhow::Result<ConvertReport> {
    let scratch = out.parent().expect("it lies in a folder");
    let read = ReadOptions::default();
    convert(&Conversion { path, read: &read, recipe, out, scratch }, &Silent, &Cancel::default())
}

#[test]
fn a_conversion_counts_places_and_hashes_and_writes_all_or_nothing() {
    use sha2::{Digest as _, Sha256};
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let (path, out) = (dir.path().join("a.csv"), dir.path().join("out.jsonl"));
    let mut text = String::from("问题,答案\n");
    for at in 2..5_000 {
        text.push_str(&if at % 100 == 0 {
            format!("第 {at} 个？,\n")
        } else {
            format!("第 {at} 个？,“{at}”\n")
        });
    }
    text.push_str("多,一,格\n");
    pc_base::write_atomic(&path, text.as_bytes()).expect("it is written");
    let report = run(&path, &pair("{问题}", "{答案}"), &out).expect("it converts");
    let written = std::fs::read(&out).expect("it is there");
    assert_eq!((report.records, report.rows, report.skips.total), (4_998, 4_949, 50));
    assert_eq!((report.skips.by_code["row_cell_empty"], report.skips.by_code["row_ragged"]), (49, 1));
    assert_eq!(
        report.skips.kept.iter().map(|skip| skip.at).collect::<Vec<_>>()[..2],
        [100, 200],
        "places are in order"
    );
    assert_eq!((report.input_bytes, report.input_sha256), (text.len() as u64, hex::encode(Sha256::digest(&text))));
    assert_eq!(
        (report.output_bytes, report.output_sha256),
        (written.len() as u64, hex::encode(Sha256::digest(&written)))
    );
    let first = String::from_utf8_lossy(&written).lines().next().expect("a row").to_owned();
    assert_eq!(first, r#"{"messages":[{"role":"user","content":"第 2 个？"},{"role":"assistant","content":"“2”"}]}"#);
    let checked =
        crate::check(&out, &crate::CheckOptions::default(), &Silent, &Cancel::default()).expect("it can be checked");
    assert_eq!((checked.rows, checked.errors_total), (4_949, 0));

    let cancel = Cancel::default();
    cancel.cancel();
    let (read, recipe) = (ReadOptions::default(), pair("{答案}", "{问题}"));
    let job = Conversion { path: &path, read: &read, recipe: &recipe, out: &out, scratch: dir.path() };
    let error = convert(&job, &Silent, &cancel).expect_err("it was cancelled");
    assert_eq!(Failure::of(&error, Language::English).code, "cancelled");
    assert_eq!(std::fs::read(&out).expect("it is there"), written, "the old file is untouched");
    assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 2, "nothing is left behind");
    let error = run(&path, &pair("{问题}", "{回答}"), &out).expect_err("there is no such column");
    assert_eq!(Failure::of(&error, Language::English).code, "recipe_column_missing");
}

#[test]
fn conversations_scattered_over_a_file_come_out_in_the_order_of_their_first_rows() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let (path, out) = (dir.path().join("a.jsonl"), dir.path().join("out.jsonl"));
    let mut text = String::new();
    for turn in [3, 1, 2] {
        for id in (0..500).rev() {
            text.push_str(&format!(
                "{}\n",
                json!({"id": format!("c{id}"), "turn": turn, "q": format!("q{id}.{turn}"), "a": format!("a{turn}")})
            ));
        }
    }
    pc_base::write_atomic(&path, text.as_bytes()).expect("it is written");
    let mut recipe = pair("{q}", "{a}");
    recipe.group = Some(Grouping { by: vec!["id".into()], order: Some("turn".into()), gap_minutes: None });
    let report = run(&path, &recipe, &out).expect("it converts");
    assert_eq!((report.records, report.rows), (1_500, 500));
    let written = std::fs::read_to_string(&out).expect("it is there");
    let first: Value = serde_json::from_str(written.lines().next().expect("a row")).expect("it is JSON");
    let wanted = [
        ("user", "q499.1"),
        ("assistant", "a1"),
        ("user", "q499.2"),
        ("assistant", "a2"),
        ("user", "q499.3"),
        ("assistant", "a3"),
    ];
    assert_eq!(first, sft(&wanted));
    let guessed = guess(&detect(&path, &ReadOptions::default()).expect("it is JSON").records());
    assert_eq!(guessed.recipe.source, recipe.source);
}

#[test]
fn records_of_elsewhere_become_the_rows_that_a_file_of_them_does_and_a_broken_source_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let (path, filed, out) = (dir.path().join("a.jsonl"), dir.path().join("filed.jsonl"), dir.path().join("out.jsonl"));
    let columns: Arc<[String]> = ["id", "turn", "q", "a"].map(str::to_owned).into();
    let named = columns.clone();
    let row = move |at: u64| {
        let values = vec![json!(at % 700), json!(at), json!(format!("第 {at} 个？")), json!(format!("“{at}”"))];
        Record { at, names: named.clone(), values }
    };
    let text: String = (1..=3_000)
        .map(&row)
        .map(|row| json!({"id": row.values[0], "turn": row.values[1], "q": row.values[2], "a": row.values[3]}))
        .map(|row| format!("{row}\n"))
        .collect();
    pc_base::write_atomic(&path, text.as_bytes()).expect("it is written");
    let plain = pair("{q}", "{a}");
    let mut grouped = plain.clone();
    grouped.group = Some(Grouping { by: vec!["id".into()], order: Some("turn".into()), gap_minutes: None });
    for recipe in [&plain, &grouped] {
        let job =
            RecordConversion { name: "shop", columns: &columns, total: None, recipe, out: &out, scratch: dir.path() };
        let made = row.clone();
        let records: Records = Box::new((1..=3_000).map(move |at| Ok(made(at))));
        let report = convert_records(records, &job, &Silent, &Cancel::default()).expect("it converts");
        let wanted = run(&path, recipe, &filed).expect("it converts");
        assert_eq!((report.records, report.rows, &report.output_sha256), (3_000, wanted.rows, &wanted.output_sha256));
        assert!(report.input_sha256.is_empty(), "nobody knows what a query would say another time");
        std::fs::remove_file(&out).expect("it was written");
        let made = row.clone();
        let broken =
            (1..=2_500).map(move |at| Ok(made(at))).chain([Err(pc_base::coded(pc_base::Code::SourceTimeout).into())]);
        let error = convert_records(Box::new(broken), &job, &Silent, &Cancel::default()).expect_err("it broke off");
        assert_eq!(Failure::of(&error, Language::English).code, "source_timeout");
        assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 2, "nothing is left behind");
    }
    let lacking = pair("{q}", "{answer}");
    let job = RecordConversion {
        name: "shop",
        columns: &columns,
        total: None,
        recipe: &lacking,
        out: &out,
        scratch: dir.path(),
    };
    let error = convert_records(Box::new(std::iter::empty()), &job, &Silent, &Cancel::default());
    assert_eq!(Failure::of(&error.expect_err("no such column"), Language::English).code, "recipe_column_missing");
}

#[test]
fn columns_with_marks_of_templates_in_their_names_are_guessed_or_left_out() {
    let rows =
        [json!({"question?": "几点？", "answer?": "六点。"}), json!({"question?": "几号？", "answer?": "三号。"})];
    let records: Vec<Record> = (1..).zip(rows).map(|(at, row)| record(at, row)).collect();
    let found = preview(&guess(&records).recipe, &records, "a").expect("a guessed recipe is a right one");
    let row = found[0].row.as_ref().expect("it has both").to_string();
    assert!(row.contains("几点？") && row.contains("六点。"), "{row}");
    let odd = [record(1, json!({"{q": "a", "}": "b", " ": "c"}))];
    preview(&guess(&odd).recipe, &odd, "a").expect("what cannot be named is not, and the recipe can be read");
}
