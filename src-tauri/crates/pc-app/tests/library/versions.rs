//! Files taken in become versions that never change, and what they came from is untouched.

use std::path::PathBuf;

use pc_base::{Cancel, Language};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::common::Console;

const ROW: &str =
    r#"{"messages":[{"role":"user","content":"几点退房？"},{"role":"assistant","content":"中午十二点前。"}]}"#;
const OTHER: &str =
    r#"{"messages":[{"role":"user","content":"有早餐吗？"},{"role":"assistant","content":"有，六点半开始。"}]}"#;

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[tokio::test]
async fn a_table_is_looked_at_mapped_and_taken_in_and_stays_as_it_was() {
    let console = Console::open();
    let table = "问题,回答,备注\n几点退房？,中午十二点前。,a\n有早餐吗？,有，六点半开始。,b\n,没有问题,c\n";
    let path = console.home.file("faq.csv", table);
    let seen = console.call("source_look", json!({ "path": path })).await;
    assert_eq!((&seen["format"], &seen["ready"], &seen["document"]), (&json!("csv"), &json!(false), &json!(false)));
    assert_eq!(seen["columns"], json!(["问题", "回答", "备注"]));
    assert_eq!(seen["records"][0]["values"], json!(["几点退房？", "中午十二点前。", "a"]));
    assert_eq!(seen["preview"][0]["messages"][0], json!({"role": "user", "content": "几点退房？"}));
    let mut recipe = seen["recipe"].clone();
    recipe["system"] = json!("你是前台。");
    let preview = console.call("source_preview", json!({"path": path, "recipe": recipe})).await;
    assert_eq!(preview[0]["messages"][0], json!({"role": "system", "content": "你是前台。"}));
    assert!(preview[2]["skipped"].as_str().is_some_and(|why| why.contains("问题")), "the reason names the column");
    let wanted = json!({"path": path, "recipe": recipe, "name": "前台", "kind": "sft"});
    let (row, events) = console.stream("source_import", wanted).await;
    assert_eq!(
        (&row["version"], &row["rows"], &row["made"], &row["kind"]),
        (&json!(1), &json!(2), &json!("import"), &json!("sft"))
    );
    assert_eq!((&row["counts"]["records"], &row["counts"]["skipped"]), (&json!(3), &json!(1)), "{row}");
    assert!(events.iter().all(|event| event["stage"].is_string()), "progress is told");
    let bytes = std::fs::read(row["path"].as_str().unwrap()).unwrap();
    assert_eq!(row["sha256"], json!(sha256(&bytes)), "a version is named by what it holds");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), table, "the user's file is as it was");
    assert_eq!(console.kept(), [format!("{}.jsonl", sha256(&bytes))], "nothing else is left in the library");
}

#[tokio::test]
async fn rows_that_are_ready_are_taken_byte_for_byte_with_all_that_is_wrong_with_them() {
    let console = Console::open();
    let rows = format!("{ROW}\r\n\n{{broken\n{OTHER}");
    let path = console.home.file("ready.jsonl", &rows);
    assert_eq!(console.call("source_look", json!({ "path": path })).await["ready"], json!(true));
    let row = console.taken("ready", &rows).await;
    assert_eq!(row["sha256"], json!(sha256(rows.as_bytes())));
    assert_eq!((&row["rows"], &row["bytes"]), (&json!(3), &json!(rows.len())), "lines that are not blank are rows");
}

#[tokio::test]
async fn the_same_content_lies_on_the_disk_once_for_as_long_as_somebody_has_it() {
    let console = Console::open();
    let first = console.taken("one", ROW).await;
    let second = console.taken("one", ROW).await;
    assert_eq!((&first["name"], &second["name"]), (&json!("one"), &json!("one-2")), "a taken name gets a number");
    assert_eq!(console.kept().len(), 1);
    let path = PathBuf::from(first["path"].as_str().unwrap());
    console.call("library_delete", json!({"dataset": first["dataset"]})).await;
    assert!(path.exists(), "the other data set has it still");
    console.call("library_delete", json!({"dataset": second["dataset"]})).await;
    assert_eq!(console.kept(), Vec::<String>::new());
    let gone = console.try_call("library_get", json!({"dataset": second["dataset"]})).await.unwrap_err();
    assert_eq!(gone.code, "version_not_found");
}

#[tokio::test]
async fn a_data_set_gets_next_versions_and_another_name() {
    let console = Console::open();
    let first = console.taken("one", ROW).await;
    let path = console.home.file("more.jsonl", format!("{ROW}\n{OTHER}\n"));
    let wanted = json!({"path": path, "name": "", "kind": "sft", "dataset": first["dataset"]});
    let (second, _) = console.stream("source_import", wanted).await;
    assert_eq!((&second["version"], &second["name"]), (&json!(2), &json!("one")));
    console.taken("two", OTHER).await;
    let list = console.call("library_list", json!({})).await;
    let names: Vec<&Value> = list.as_array().unwrap().iter().map(|set| &set["name"]).collect();
    assert_eq!(names, ["two", "one"], "the newest first");
    assert_eq!((&list[1]["versions"], &list[1]["latest"]["rows"]), (&json!(2), &json!(2)));
    let rename = |name: &str| json!({"dataset": first["dataset"], "name": name});
    let taken = console.try_call("library_rename", rename("two")).await.unwrap_err();
    assert_eq!(taken.code, "library_name_taken");
    for bad in ["", " ", "a@1", "a/b", &"x".repeat(101)] {
        assert_eq!(console.try_call("library_rename", rename(bad)).await.unwrap_err().code, "input_invalid", "{bad:?}");
    }
    console.call("library_rename", rename("客服")).await;
    let detail = console.call("library_get", json!({"dataset": first["dataset"]})).await;
    let numbers: Vec<&Value> = detail["versions"].as_array().unwrap().iter().map(|row| &row["version"]).collect();
    assert_eq!((&detail["dataset"]["name"], numbers), (&json!("客服"), vec![&json!(1), &json!(2)]));
    let input = console.app.dataset_input("客服@1").await.unwrap();
    assert_eq!(input.version.unwrap().version, 1, "a command line names a version");
    assert_eq!(console.app.dataset_input("客服").await.unwrap().version.unwrap().version, 2);
    assert!(console.app.dataset_input("客服@9").await.is_err() && console.app.dataset_input("nobody").await.is_err());
}

#[tokio::test]
async fn an_import_that_is_stopped_or_refused_leaves_nothing() {
    let console = Console::open();
    let path = console.home.file("a.jsonl", ROW);
    let cancel = Cancel::default();
    cancel.cancel();
    let wanted = json!({"path": path, "name": "a", "kind": "sft"});
    let stopped = console.app.stream("source_import", wanted, Language::English, |_| {}, cancel).await;
    assert_eq!(stopped.unwrap_err().code, "cancelled");
    let recipe = json!({"version": 1, "kind": "sft", "source": {"shape": "pair", "question": "{q}", "answer": "{a}"}});
    let missing = json!({"path": path, "name": "a", "kind": "sft", "recipe": recipe});
    assert_eq!(console.try_stream("source_import", missing).await.unwrap_err().code, "recipe_column_missing");
    let nowhere = json!({"path": "no-such-file.csv", "name": "a", "kind": "sft"});
    assert_eq!(console.try_stream("source_import", nowhere).await.unwrap_err().code, "file_not_found");
    assert_eq!(console.kept(), Vec::<String>::new());
    assert_eq!(console.call("library_list", json!({})).await, json!([]));
}

#[tokio::test]
async fn what_was_entered_and_the_recipes_are_there_at_the_next_start() {
    let console = Console::open();
    let draft = json!({"id": "d1", "content": "{\"step\":2}"});
    console.call("draft_save", draft).await;
    let large = json!({"id": "d2", "content": "x".repeat((1 << 20) + 1)});
    assert_eq!(console.try_call("draft_save", large).await.unwrap_err().code, "draft_too_large");
    let recipe = json!({"version": 1, "kind": "sft", "keep_spaces": false,
        "source": {"shape": "pair", "question": "{q}", "answer": "{a}"}});
    console.call("recipe_save", json!({"name": "常用", "recipe": recipe})).await;
    let console = console.again();
    let drafts = console.call("draft_list", json!({})).await;
    assert_eq!((drafts[0]["id"].as_str(), drafts[0]["content"].as_str()), (Some("d1"), Some("{\"step\":2}")));
    assert!(drafts[0]["saved_at"].as_str().is_some_and(|time| !time.is_empty()));
    assert_eq!(console.call("recipe_list", json!({})).await, json!([{"name": "常用", "recipe": recipe}]));
    console.call("draft_delete", json!({"id": "d1"})).await;
    console.call("recipe_delete", json!({"name": "常用"})).await;
    assert_eq!(console.call("draft_list", json!({})).await, json!([]));
    assert_eq!(console.call("recipe_list", json!({})).await, json!([]));
}

#[tokio::test]
async fn a_copy_goes_where_the_user_wants_it() {
    let console = Console::open();
    let row = console.taken("one", ROW).await;
    let to = console.home.root().join("out.jsonl");
    let wanted = |path: &std::path::Path| json!({"dataset": row["dataset"], "version": 1, "path": path});
    console.stream("version_export", wanted(&to)).await;
    assert_eq!(std::fs::read_to_string(&to).unwrap(), ROW);
    let nowhere = console.home.root().join("no-folder").join("out.jsonl");
    assert_eq!(console.try_stream("version_export", wanted(&nowhere)).await.unwrap_err().code, "folder_unusable");
}

#[tokio::test]
async fn prose_is_shown_by_its_passages() {
    let console = Console::open();
    let page =
        "<html><body><h1>入住</h1><p>下午三点起可以入住。</p><h1>退房</h1><p>中午十二点前退房。</p></body></html>";
    let path = console.home.file("rules.html", page);
    let seen = console.call("source_look", json!({ "path": path })).await;
    assert_eq!((&seen["format"], &seen["document"]), (&json!("document"), &json!(true)));
    let text = seen["preview"].to_string();
    assert!(text.contains("下午三点起可以入住") && text.contains("中午十二点前退房"), "{text}");
}

#[tokio::test]
async fn any_row_is_found_by_its_number_and_its_line() {
    let console = Console::open();
    let row = |n: usize| {
        format!(r#"{{"messages":[{{"role":"user","content":"q{n}"}},{{"role":"assistant","content":"a{n}"}}]}}"#)
    };
    let mut lines: Vec<String> = (0..1_000).map(row).collect();
    lines[500] = "{broken".into();
    lines.insert(10, String::new());
    let kept = console.taken("many", &lines.join("\n")).await;
    let at = |from: u64, count: u32| json!({"dataset": kept["dataset"], "version": 1, "from": from, "count": count});
    let page = console.call("version_rows", at(499, 3)).await;
    assert_eq!(page["total"], json!(1_000), "blank lines are no rows");
    assert_eq!(page["rows"][0]["messages"][0]["content"], json!("q499"));
    assert_eq!((&page["rows"][0]["number"], &page["rows"][0]["line"]), (&json!(499), &json!(501)));
    assert_eq!((&page["rows"][1]["raw"], &page["rows"][1]["messages"]), (&json!("{broken"), &json!([])));
    assert_eq!(console.call("version_rows", at(999, 50)).await["rows"].as_array().unwrap().len(), 1);
    assert_eq!(console.call("version_rows", at(5_000, 50)).await["rows"], json!([]));
    assert_eq!(console.call("version_rows", at(0, 100_000)).await["rows"].as_array().unwrap().len(), 200);
    let find = |line: u64| json!({"dataset": kept["dataset"], "version": 1, "line": line});
    assert_eq!(console.call("row_find", find(501)).await["number"], json!(499));
    assert_eq!(console.call("row_find", find(11)).await["number"], json!(10), "a blank line leads to the next row");
    console.call("library_delete", json!({"dataset": kept["dataset"]})).await;
    assert_eq!(console.kept(), Vec::<String>::new(), "the index goes with its file");
}

#[tokio::test]
async fn what_a_killed_program_left_goes_when_the_next_version_is_kept() {
    let console = Console::open();
    let kept = console.taken("one", ROW).await;
    let folder = console.home.places.home.join("datasets");
    let orphan = folder.join(format!("{}.jsonl", "0".repeat(64)));
    std::fs::copy(kept["path"].as_str().unwrap(), &orphan).unwrap();
    let (old, new) = (folder.join(".new-old"), folder.join(".new-now"));
    std::fs::create_dir(&new).unwrap();
    std::fs::create_dir(&old).unwrap();
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::open(&old).unwrap().set_modified(long_ago).unwrap();
    console.taken("two", OTHER).await;
    assert!(!orphan.exists() && !old.exists(), "nobody will ever want them");
    assert!(new.exists(), "another program may be at work in it");
    assert!(PathBuf::from(kept["path"].as_str().unwrap()).exists());
}
