//! Edits make the next version of a data set and leave the one before as it was.

use serde_json::{Value, json};

use crate::common::Console;

const GOOD: &str =
    r#"{"messages":[{"role":"user","content":"几点退房？"},{"role":"assistant","content":"中午十二点前。"}]}"#;

fn of(row: &Value, more: Value) -> Value {
    let mut all = json!({"dataset": row["dataset"], "version": row["version"]});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

#[tokio::test]
async fn a_fix_is_shown_before_made_into_a_version_and_what_was_there_stays() {
    let console = Console::open();
    let rows = format!(
        "\u{feff}{GOOD}\r\n\n{{\"messages\":[{{\"role\":\"user\",\"content\":\"a\u{200b}b\"}},{{\"role\":\"assistant\",\"content\":\"c\"}}]}}\n{{broken\n"
    );
    let first = console.taken("one", &rows).await;
    let all = json!({"codes": ["file_bom", "file_crlf", "line_blank", "zero_width"], "drop_bad": true});
    let shown = console.call("fix_preview", of(&first, all.clone())).await;
    assert_eq!(shown["whole"], json!(true));
    let bad = shown["rows"].as_array().unwrap().iter().find(|row| row["line"] == 4).expect("the broken line is shown");
    assert_eq!(bad["after"], Value::Null, "it would be left out");
    let (second, _) = console.stream("version_fix", of(&first, all.clone())).await;
    assert_eq!((&second["version"], &second["made"], &second["rows"]), (&json!(2), &json!("fix"), &json!(2)));
    assert_eq!(second["parent"], json!({"dataset": first["dataset"], "version": 1}));
    assert_eq!((&second["counts"]["line_blank"], &second["counts"]["rows_removed"]), (&json!(1), &json!(1)));
    let text = std::fs::read_to_string(second["path"].as_str().unwrap()).unwrap();
    assert!(!text.contains(['\u{feff}', '\r', '\u{200b}']) && text.contains("ab"), "{text:?}");
    assert_eq!(std::fs::read_to_string(first["path"].as_str().unwrap()).unwrap(), rows, "a version never changes");
    let again = console.try_stream("version_fix", of(&second, all)).await.unwrap_err();
    assert_eq!(again.code, "nothing_changed", "a version that is the same as the one before is none");
    for (code, why) in [("no_such_code", "unknown"), ("personal_mobile", "without a fix")] {
        let wanted = of(&first, json!({"codes": [code], "drop_bad": false}));
        assert_eq!(console.try_stream("version_fix", wanted).await.unwrap_err().code, "input_invalid", "{why}");
    }
}

#[tokio::test]
async fn a_fixed_version_is_checked_anew_and_has_what_was_found_before_no_more() {
    let console = Console::open();
    let first = console.taken("one", &format!("{GOOD}\n\n{GOOD}\n")).await;
    let (report, _) = console.stream("version_check", of(&first, json!({}))).await;
    let groups = report["groups"].as_array().unwrap();
    let blank = groups.iter().find(|group| group["code"] == "line_blank").expect("the blank line is found");
    assert!(blank["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "the window says what a fix would do");
    let (second, _) =
        console.stream("version_fix", of(&first, json!({"codes": ["line_blank"], "drop_bad": false}))).await;
    assert_eq!(second["checked"], Value::Null, "nobody has checked it");
    let (report, _) = console.stream("version_check", of(&second, json!({}))).await;
    assert!(report["groups"].as_array().unwrap().iter().all(|group| group["code"] != "line_blank"), "{report}");
}

/// Rows that have nothing to do with each other, half of them with one short answer and half with another.
fn rows(count: usize) -> Vec<String> {
    let row = |n: usize| {
        let question: String =
            (0..30).map(|i| char::from_u32(0x4e00 + ((n * 131 + i * i * 37) % 9_000) as u32).expect("Han")).collect();
        let answer = if n.is_multiple_of(2) { "可以" } else { "不可以" };
        json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})
            .to_string()
    };
    (0..count).map(row).collect()
}

fn lines(row: &Value) -> Vec<String> {
    let text = std::fs::read_to_string(row["path"].as_str().unwrap()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn repetitions_and_what_gives_a_test_away_are_left_out_of_the_next_version() {
    let console = Console::open();
    let mut all = rows(40);
    let held = console.taken("held", &all[7]).await;
    all.push(all[3].clone());
    let first = console.taken("one", &all.join("\n")).await;
    let wanted = json!({"threshold": 0.8, "one_answer": false,
        "held": [{"dataset": held["dataset"], "version": 1}]});
    let (second, _) = console.stream("version_dedup", of(&first, wanted)).await;
    assert_eq!((&second["rows"], &second["made"]), (&json!(39), &json!("dedup")));
    assert_eq!((&second["counts"]["duplicate_exact"], &second["counts"]["leaked"]), (&json!(1), &json!(1)));
    assert!(!lines(&second).contains(&all[7]) && lines(&second).contains(&all[3]), "the first of equal rows stays");
    let again = json!({"threshold": 0.8, "one_answer": false});
    assert_eq!(console.try_stream("version_dedup", of(&second, again)).await.unwrap_err().code, "nothing_changed");
}

#[tokio::test]
async fn a_split_and_a_sample_are_data_sets_of_their_own_that_know_where_they_came_from() {
    let console = Console::open();
    let all = rows(200);
    let first = console.taken("one", &all.join("\n")).await;
    let wanted = json!({"validation_share": 0.25, "seed": 7, "stratified": true});
    let (made, _) = console.stream("version_split", of(&first, wanted)).await;
    let (train, validation) = (lines(&made[0]), lines(&made[1]));
    assert_eq!((&made[0]["name"], &made[1]["name"]), (&json!("one-train"), &json!("one-validation")));
    let mut both = [train.clone(), validation.clone()].concat();
    both.sort();
    let mut wanted = all.clone();
    wanted.sort();
    assert_eq!(both, wanted, "no row is lost and none is on both sides");
    let yes = validation.iter().filter(|row| row.contains("\"可以\"")).count();
    assert!((45..=55).contains(&validation.len()) && (20..=30).contains(&yes), "{yes} of {}", validation.len());
    let (sample, _) = console.stream("version_sample", of(&first, json!({"rows": 20, "seed": 1}))).await;
    let yes = lines(&sample).iter().filter(|row| row.contains("\"可以\"")).count();
    assert_eq!((lines(&sample).len(), (8..=12).contains(&yes)), (20, true), "it looks like the whole: {yes}");
    let detail = console.call("library_get", json!({"dataset": first["dataset"]})).await;
    let made: Vec<&str> =
        detail["descendants"].as_array().unwrap().iter().filter_map(|row| row["made"].as_str()).collect();
    assert_eq!(made, ["split", "split", "sample"]);
    let whole = json!({"validation_share": 0.0, "seed": 7, "stratified": false});
    let (made, _) = console.stream("version_split", of(&first, whole)).await;
    assert_eq!(made.as_array().unwrap().len(), 1, "a small set is one file");
    let bad = json!({"validation_share": 1.0, "seed": 7, "stratified": false});
    assert_eq!(console.try_stream("version_split", of(&first, bad)).await.unwrap_err().code, "input_invalid");
}

#[tokio::test]
async fn versions_are_compared_row_by_row() {
    let console = Console::open();
    let all = rows(50);
    let first = console.taken("one", &all.join("\n")).await;
    let mut other = all.clone();
    other[10] = other[10].replace("可以", "当然可以");
    other.remove(30);
    other.push(GOOD.to_owned());
    let path = console.home.file("two.jsonl", other.join("\n"));
    let next = json!({"path": path, "name": "", "kind": "sft", "dataset": first["dataset"]});
    let (second, _) = console.stream("source_import", next).await;
    let id = |row: &Value| json!({"dataset": row["dataset"], "version": row["version"]});
    let (found, _) = console.stream("version_diff", json!({"older": id(&first), "newer": id(&second)})).await;
    let figures = ["added", "removed", "changed", "same"].map(|name| found[name].as_u64().unwrap());
    assert_eq!(figures, [1, 1, 1, 48], "{found}");
    let changed = found["rows"].as_array().unwrap().iter().find(|row| row["older_line"] == 11).expect("it is named");
    assert!(changed["after"].as_str().is_some_and(|text| text.contains("当然可以")), "{changed}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_leaves_nothing_behind() {
    let console = Console::open();
    let first = console.taken("one", &rows(10).join("\n")).await;
    let before = console.kept();
    for (command, wanted, code) in [
        ("version_dedup", json!({"threshold": 0.0, "one_answer": false}), "input_invalid"),
        ("version_split", json!({"validation_share": -1.0, "seed": 0, "stratified": true}), "input_invalid"),
        ("version_sample", json!({"rows": 0, "seed": 0}), "dataset_empty"),
    ] {
        let refused = console.try_stream(command, of(&first, wanted)).await.unwrap_err();
        assert_eq!(refused.code, code, "{command}");
    }
    assert_eq!(console.kept(), before);
}

#[tokio::test]
async fn where_rows_came_from_goes_with_them() {
    use sha2::{Digest as _, Sha256};
    let console = Console::open();
    let mut all = rows(40);
    all[5] = all[5].replace("\u{4e00}", "x").replace("可以", "可\u{200b}以");
    let first = console.taken("one", &all.join("\n")).await;
    let library = console.home.places.home.join("datasets");
    let sidecar = |row: &Value| {
        let (dataset, version) = (row["dataset"].as_str().unwrap(), row["version"].as_u64().unwrap());
        library.join(format!("{dataset}-{version}.provenance.jsonl"))
    };
    let entry =
        |row: &String| json!({"row": hex::encode(Sha256::digest(row)), "how": "drafted", "model": "m"}).to_string();
    pc_base::write_atomic(&sidecar(&first), all.iter().map(entry).collect::<Vec<_>>().join("\n").as_bytes()).unwrap();
    let held_in = |row: &Value| {
        let kept = std::fs::read_to_string(sidecar(row)).unwrap();
        lines(row).iter().all(|line| kept.contains(&hex::encode(Sha256::digest(line))))
            && kept.lines().count() == lines(row).len()
    };
    let (fixed, _) =
        console.stream("version_fix", of(&first, json!({"codes": ["zero_width"], "drop_bad": false}))).await;
    assert!(held_in(&fixed), "a row that was changed keeps its entry");
    let (made, _) = console
        .stream("version_split", of(&fixed, json!({"validation_share": 0.25, "seed": 1, "stratified": true})))
        .await;
    assert!(held_in(&made[0]) && held_in(&made[1]), "each side has its own rows' entries, and no others");
}
