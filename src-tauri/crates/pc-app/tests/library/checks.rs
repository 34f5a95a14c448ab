//! A version is checked wholly: what is found is named in both languages, kept beside it, and shown in lists.

use pc_base::Language;
use serde_json::{Value, json};

use crate::common::Console;

fn row(question: &str, answer: &str) -> String {
    json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}).to_string()
        + "\n"
}

fn codes(report: &Value) -> Vec<(&str, u64)> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|f| (f["code"].as_str().unwrap(), f["line"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn a_version_is_checked_wholly_and_its_report_is_there_at_the_next_start() {
    let console = Console::open();
    let rows = [
        row("几点退房？", "中午十二点前。"),
        row("请回电13812345678", "好的。"),
        row("几点退房?", "中午 十二点前。"),
        row("几点退房？", "下午两点。"),
        row("密钥是什么", "sk-proj-Zk39dkQ0pLxA7mT2vB8wNcR4yH6uJ1eS5fG0hD3k"),
        row("有\u{200b}早餐吗", "有。"),
        "{]\n".to_owned(),
    ];
    let taken = console.taken("desk", &rows.concat()).await;
    let id = json!({"dataset": taken["dataset"], "version": 1});
    assert_eq!(console.call("version_report", id.clone()).await, json!({"report": null}), "never checked");
    assert_eq!(taken["checked"], Value::Null);

    let wanted = json!({"dataset": taken["dataset"], "version": 1, "model": "qwen3", "max_length": 20});
    let (report, events) = console.stream("version_check", wanted).await;
    let found = codes(&report);
    for wanted in [
        ("personal_mobile", 2),
        ("duplicate_exact", 3),
        ("answer_contradicts", 4),
        ("secret_vendor_key", 5),
        ("row_over_max_length", 5),
        ("zero_width", 6),
        ("line_not_json", 7),
    ] {
        assert!(found.contains(&wanted), "{wanted:?} is in {found:?}");
    }
    assert!(found.is_sorted_by_key(|(_, line)| *line), "the file's order: {found:?}");
    let told = report.to_string();
    assert!(!told.contains("13812345678") && !told.contains("Zk39dkQ0"), "what is personal or secret is never quoted");
    assert_eq!((&report["rows"], &report["good_rows"], &report["errors_total"]), (&json!(7), &json!(6), &json!(1)));
    assert_eq!(report["groups"][0]["code"], json!("line_not_json"), "the worst first");
    let group = |code: &str| {
        let groups = report["groups"].as_array().unwrap();
        groups.iter().find(|group| group["code"] == code).unwrap_or_else(|| panic!("{code}")).clone()
    };
    assert_eq!(
        (&group("personal_mobile")["area"], &group("duplicate_exact")["area"]),
        (&json!("privacy"), &json!("duplicates"))
    );
    assert_eq!(group("personal_mobile")["title"], json!("Mobile numbers"));
    assert_eq!(group("personal_mobile")["fix"], Value::Null, "masking is another step");
    assert!(group("zero_width")["fix"].as_str().is_some_and(|fix| fix.ends_with('.')), "what can be mended says how");
    let chart = report["charts"].as_array().unwrap().iter().find(|chart| chart["name"] == "tokens").unwrap();
    let bars = chart["bars"].as_array().unwrap().iter().map(|bar| bar["count"].as_u64().unwrap());
    assert_eq!(bars.sum::<u64>(), 6, "every good row is counted");
    assert!(report["tokens"].as_u64().unwrap() > 6 && report["model"] == json!("qwen3"));
    assert!(!events.is_empty(), "progress is told");

    let console = console.again();
    assert_eq!(console.call("version_report", id.clone()).await["report"], report, "kept as it was");
    let chinese = console.app.call("version_report", id, Language::Chinese).await.unwrap();
    let title = &chinese["report"]["groups"]
        .as_array()
        .unwrap()
        .iter()
        .find(|g| g["code"] == "personal_mobile")
        .unwrap()["title"];
    assert_eq!(title, "手机号", "whichever language it was asked in");
    let listed = console.call("library_list", json!({})).await;
    let checked = &listed[0]["latest"]["checked"];
    assert_eq!((&checked["personal"], &checked["secrets"], &checked["errors"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&checked["tokens"], &checked["good_rows"]), (&report["tokens"], &json!(6)));
}

#[tokio::test]
async fn training_rows_that_give_a_held_out_version_away_are_named() {
    let console = Console::open();
    let asked = "请问酒店的停车场收费标准是怎样的？";
    let held = console.taken("validation", &(row("别的问题", "别的回答。") + &row(asked, "每小时十元。"))).await;
    let training = console.taken("training", &(row("早餐几点？", "六点半。") + &row(asked, "每小时十元。"))).await;
    let held = json!([{"dataset": held["dataset"], "version": 1}]);
    let wanted = json!({"dataset": training["dataset"], "version": 1, "held": held});
    let (report, _) = console.stream("version_check", wanted).await;
    assert_eq!(codes(&report), [("leaks_validation", 2)]);
    assert_eq!(report["tokens"], Value::Null, "no model was asked for");
    let missing = json!({"dataset": training["dataset"], "version": 9});
    assert_eq!(console.try_call("version_report", missing).await.unwrap_err().code, "version_not_found");
    let unknown = json!({"dataset": training["dataset"], "version": 1, "model": "no-such-model"});
    assert_eq!(console.try_stream("version_check", unknown).await.unwrap_err().code, "model_unknown");
}
