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
