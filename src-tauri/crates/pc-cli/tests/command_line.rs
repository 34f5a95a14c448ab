//! The program as a person starts it: what it prints, in which language, and how it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// A program with a home of its own and, for what it must not touch, an empty cache.
struct Partner {
    root: tempfile::TempDir,
}

impl Partner {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_partner"))
            .args(args)
            .env("PARTNER_HOME", self.root.path().join("home"))
            .env("PARTNER_CACHE", self.root.path().join("cache"))
            .env("PARTNER_KEYCHAIN", "memory")
            .output()
            .unwrap()
    }

    /// The last JSON line and the exit status.
    fn json(&self, args: &[&str]) -> (Value, i32) {
        let output = self.run(&[args, &["--json"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().last().unwrap_or_else(|| panic!("{args:?} printed nothing"));
        (serde_json::from_str(last).unwrap(), output.status.code().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.root.path().join(name);
        pc_base::write_atomic(&path, text.as_bytes()).unwrap();
        path.to_string_lossy().into_owned()
    }
}

fn tiny(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/tiny-models").join(family)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn a_good_data_set_passes_and_a_broken_one_names_each_line() {
    let partner = Partner::new();
    let good = r#"{"messages":[{"role":"user","content":"早餐几点？"},{"role":"assistant","content":"六点四十。"}]}"#;
    let (report, status) = partner.json(&["dataset", "check", &partner.file("good.jsonl", &format!("{good}\n"))]);
    assert_eq!((report["good_rows"].as_u64(), status), (Some(1), 0), "{report}");
    let broken = partner.file("broken.jsonl", &format!("{good}\n{{not json\n{{\"messages\":[]}}\n"));
    let (report, status) = partner.json(&["dataset", "check", &broken]);
    let lines: Vec<u64> = report["findings"].as_array().unwrap().iter().filter_map(|f| f["line"].as_u64()).collect();
    assert!(lines.contains(&2) && lines.contains(&3) && !lines.contains(&1), "every bad line, no good one: {report}");
    assert_eq!(status, 1, "errors in the data are the user's to fix");
}

fn said(question: &str, answer: &str) -> String {
    let row = json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]});
    format!("{row}\n")
}

#[test]
fn a_check_says_everything_about_a_file_and_counts_tokens_as_the_models_own_tokenizer() {
    let partner = Partner::new();
    let asked = "请问酒店的停车场收费标准是怎样的？";
    let rows = [said("我的手机是13812345678", "好。"), said(asked, "每小时十元。"), said(asked, "每小时十元。")];
    let file = partner.file("train.jsonl", &rows.concat());
    let golden = partner.file("golden.json", &json!([{"question": asked, "required": ["十元"]}]).to_string());
    let counted = ["dataset", "check", &file, "--model", "qwen2", "--max-length", "16", "--batch-size", "3"];
    let (report, status) = partner.json(&[counted.as_slice(), &["--held", &golden]].concat());
    let codes: Vec<(u64, &str)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (found["line"].as_u64().unwrap(), found["code"].as_str().unwrap()))
        .collect();
    for wanted in [
        (0, "rows_below_batch"),
        (1, "personal_mobile"),
        (2, "leaks_golden"),
        (3, "duplicate_exact"),
        (3, "row_over_max_length"),
    ] {
        assert!(codes.contains(&wanted), "{wanted:?} is in {codes:?}");
    }
    assert_eq!(status, 0, "these are warnings");
    let printed = partner.run(&["dataset", "check", &file, "--lang", "en"]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("train.jsonl:1 messages[0].content") && printed.contains("Mobile numbers"), "{printed}");
    assert!(!printed.contains("13812345678"), "{printed}");

    // A training reads the prompt as Transformers rendered and counted it, then the answer and its end.
    let (imported, _) = partner.json(&["model", "import", &text(&tiny("qwen2"))]);
    let reference: Value =
        serde_json::from_slice(&std::fs::read(tiny("qwen2").join("reference.json")).unwrap()).unwrap();
    let prompt = &reference["prompts"][0];
    let mut messages = prompt["messages"].as_array().unwrap().clone();
    messages.push(json!({"role": "assistant", "content": "a"}));
    let row = partner.file("row.jsonl", &format!("{}\n", json!({ "messages": messages })));
    let (stats, status) = partner.json(&["dataset", "stats", &row, "--model", imported["model"].as_str().unwrap()]);
    let (before, all) = (prompt["input_ids"].as_array().unwrap().len() as u64, stats["tokens"].as_u64().unwrap());
    assert!((before + 2..before + 5).contains(&all), "{before} before the answer, {all} in all");
    assert_eq!((stats["charts"].as_array().unwrap().last().unwrap()["name"].as_str(), status), (Some("labels"), 0));
}

#[test]
fn a_data_set_of_this_machine_is_checked_by_its_name_and_remembers_it() {
    let partner = Partner::new();
    let file = partner.file("desk.jsonl", &(said("有早餐吗？", "有。") + "{]\n"));
    partner.json(&["dataset", "add", &file, "--name", "desk"]);
    let (report, status) = partner.json(&["dataset", "check", "desk"]);
    assert_eq!(
        (report["name"].as_str(), report["errors_total"].as_u64(), status),
        (Some("desk"), Some(1), 1),
        "{report}"
    );
    let (listed, _) = partner.json(&["dataset", "versions"]);
    assert_eq!(listed["datasets"][0]["latest"]["checked"]["errors"], 1, "{listed}");
    let training = partner.file("training.jsonl", &said("有早餐吗？", "有。"));
    let (report, _) = partner.json(&["dataset", "check", &training, "--held", "desk@1"]);
    assert_eq!(report["findings"][0]["code"], "leaks_validation", "what is held out may be a data set, too: {report}");
    let stats = partner.run(&["dataset", "stats", "desk@1", "--lang", "zh-CN"]);
    let text = String::from_utf8(stats.stdout).unwrap();
    assert!(text.contains("共 2 行，1 行正确") && text.contains("中文") && text.contains("每行字符数"), "{text}");
}

#[test]
fn a_table_that_people_have_becomes_rows_that_pass_the_check_and_its_recipe_makes_the_same_rows_again() {
    let partner = Partner::new();
    let table = partner
        .file("qa.csv", "问题,答案\n早餐几点？,六点四十。\n几点退房？,\"中午十二点，\n可以延迟。\"\n有停车场吗？,\n");
    let place = |name: &str| text(&partner.root.path().join(name));
    let (out, again, recipe) = (place("rows.jsonl"), place("again.jsonl"), place("recipe.json"));
    let (done, status) = partner.json(&["dataset", "convert", &table, "--out", &out, "--keep-recipe", &recipe]);
    assert_eq!(
        (done["report"]["rows"].as_u64(), done["report"]["records"].as_u64(), status),
        (Some(2), Some(3), 0),
        "{done}"
    );
    assert_eq!(done["report"]["skips"]["total"], 1, "the one without an answer: {done}");
    assert!(done["guess"]["certainty"].as_f64() > Some(0.5), "{done}");
    let (report, status) = partner.json(&["dataset", "check", &out]);
    assert_eq!(
        (report["good_rows"].as_u64(), report["errors_total"].as_u64(), status),
        (Some(2), Some(0), 0),
        "{report}"
    );
    let (done, _) = partner.json(&["dataset", "convert", &table, "--out", &again, "--recipe", &recipe]);
    assert!(done["guess"].is_null(), "{done}");
    assert_eq!(std::fs::read(&out).unwrap(), std::fs::read(&again).unwrap());
    let left: Vec<_> =
        std::fs::read_dir(partner.root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "nothing else stays: {left:?}");
    for (bad, code) in [(partner.file("cut.xlsx", "PK\u{3}\u{4}cut"), "source_"), (partner.file("bad.json", "{"), "")] {
        let output = partner.run(&["dataset", "convert", &bad, "--out", &out]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(&format!("[{code}")), "{bad}: {error}");
    }
    assert_eq!(std::fs::read(&out).unwrap(), std::fs::read(&again).unwrap(), "a refused file changes nothing");
}

#[test]
fn a_table_becomes_a_data_set_here_with_versions_and_goes_again() {
    let partner = Partner::new();
    let table = partner.file("qa.csv", "问题,答案\n早餐几点？,六点四十。\n几点退房？,中午十二点。\n");
    let (row, status) = partner.json(&["dataset", "add", &table, "--name", "hotel"]);
    assert_eq!((row["version"].as_u64(), row["rows"].as_u64(), status), (Some(1), Some(2), 0), "{row}");
    let (row, _) = partner.json(&["dataset", "add", &table, "--to", "hotel"]);
    assert_eq!(row["version"], 2, "{row}");
    let (list, _) = partner.json(&["dataset", "versions"]);
    assert_eq!((&list["datasets"][0]["name"], &list["datasets"][0]["versions"]), (&json!("hotel"), &json!(2)));
    let shown = String::from_utf8(partner.run(&["--lang", "zh-CN", "dataset", "versions", "hotel"]).stdout).unwrap();
    assert!(shown.contains("导入") && shown.contains("qa.csv"), "{shown}");
    partner.json(&["dataset", "forget", "hotel"]);
    assert_eq!(partner.json(&["dataset", "versions"]).0["datasets"], json!([]));
    for args in [["dataset", "versions", "hotel"], ["dataset", "upload", "hotel"]] {
        let error = String::from_utf8(partner.run(&args).stderr).unwrap();
        assert!(error.contains("[dataset_input_unknown]"), "{error}");
    }
}

#[test]
fn a_split_loses_no_row_is_the_same_each_time_and_refuses_what_is_no_share() {
    let partner = Partner::new();
    let row = |n: u32| {
        let (question, answer) = (format!("{n} 号客房在第 {} 层的哪一侧？", n * 7), format!("在 {} 侧，{n}。", n * 31));
        json!({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})
            .to_string()
    };
    let rows: Vec<String> = (0..200).map(row).collect();
    let file = partner.file("rows.jsonl", &(rows.join("\n") + "\n"));
    let place = |name: &str| text(&partner.root.path().join(name));
    let divide = |training: &str, validation: &str, share: &str| {
        let args = ["dataset", "split", &file, "--training", training, "--validation", validation, "--share", share];
        partner.json(&args)
    };
    let (done, status) = divide(&place("t.jsonl"), &place("v.jsonl"), "0.25");
    assert_eq!(status, 0, "{done}");
    let lines = |name: &str| -> Vec<String> {
        std::fs::read_to_string(place(name)).unwrap().lines().map(str::to_owned).collect()
    };
    let mut both = [lines("t.jsonl"), lines("v.jsonl")].concat();
    assert_eq!(done["written"][1]["rows"].as_u64(), Some(lines("v.jsonl").len() as u64), "{done}");
    both.sort();
    let mut all = rows.clone();
    all.sort();
    assert_eq!(both, all, "every row is on one side");
    divide(&place("t2.jsonl"), &place("v2.jsonl"), "0.25");
    assert_eq!((lines("t.jsonl"), lines("v.jsonl")), (lines("t2.jsonl"), lines("v2.jsonl")));
    for bad in ["0", "1", "1.5", "-1", "nan"] {
        let share = format!("--share={bad}");
        let args = ["dataset", "split", &file, "--training", &place("a"), "--validation", &place("b"), &share];
        let output = partner.run(&args);
        assert!(String::from_utf8(output.stderr).unwrap().contains("[input_invalid]"), "{bad}");
    }
}

#[test]
fn rows_are_fixed_rid_of_repeats_sampled_and_compared_in_files_and_in_versions() {
    let partner = Partner::new();
    let row = |n: u32, answer: &str| {
        json!({"messages": [{"role": "user", "content": format!("{n} 号客房在哪一层？")}, {"role": "assistant", "content": answer}]})
            .to_string()
    };
    let rows = [row(1, "一层"), row(1, "一层"), String::new(), row(2, "二层"), row(3, "三\u{200b}层")];
    let file = partner.file("rows.jsonl", &(rows.join("\n") + "\n"));
    let place = |name: &str| text(&partner.root.path().join(name));
    let lines = |name: &str| std::fs::read_to_string(place(name)).unwrap().lines().count();
    let (fixed, status) = partner.json(&["dataset", "fix", &file, "--out", &place("f.jsonl")]);
    assert_eq!((&fixed["counts"]["line_blank"], &fixed["counts"]["zero_width"], status), (&json!(1), &json!(1), 0));
    let (single, _) =
        partner.json(&["dataset", "dedup", &place("f.jsonl"), "--threshold", "2", "--out", &place("d.jsonl")]);
    assert_eq!((&single["counts"]["duplicate_exact"], lines("d.jsonl")), (&json!(1), 3), "{single}");
    let (taken, _) = partner.json(&["dataset", "sample", &place("d.jsonl"), "--rows", "2", "--out", &place("s.jsonl")]);
    assert_eq!((&taken["of"], lines("s.jsonl")), (&json!(3), 2), "{taken}");
    let (diff, _) = partner.json(&["dataset", "diff", &file, &place("d.jsonl")]);
    let figures = ["added", "removed", "changed", "same"].map(|name| diff[name].as_u64().unwrap());
    assert_eq!(figures, [0, 1, 1, 2], "{diff}");
    let said = String::from_utf8(partner.run(&["dataset", "diff", &file, &place("d.jsonl")]).stdout).unwrap();
    assert!(said.contains("- 2: ") && said.trim_end().ends_with("0 added, 1 removed, 1 changed, 2 the same"), "{said}");
    partner.json(&["dataset", "add", &file, "--name", "rooms"]);
    let (second, _) = partner.json(&["dataset", "dedup", "rooms", "--threshold", "2"]);
    assert_eq!((&second["version"]["version"], &second["version"]["made"]), (&json!(2), &json!("dedup")), "{second}");
    let (parts, _) = partner.json(&["dataset", "split", "rooms@2", "--share", "0.34", "--stratified"]);
    assert_eq!(parts["versions"][0]["name"], "rooms-train", "{parts}");
    let (taken, _) = partner.json(&["dataset", "sample", "rooms@2", "--rows", "2"]);
    assert_eq!((&taken["version"]["name"], &taken["version"]["rows"]), (&json!("rooms-sample"), &json!(2)), "{taken}");
    let error = String::from_utf8(partner.run(&["dataset", "sample", &file, "--rows", "2"]).stderr).unwrap();
    assert!(error.contains("[output_missing]"), "{error}");
}

#[test]
fn documents_become_passages_in_a_file_or_a_data_set_and_drafts_that_are_not_there_are_refused() {
    let partner = Partner::new();
    partner.file("in/guide.md", "# 早餐\n早餐从六点半开始。\n# 停车\n停车免费。\n");
    partner.file("in/bad.pdf", "%PDF-1.7\nnothing");
    let (folder, out) = (text(&partner.root.path().join("in")), text(&partner.root.path().join("passages.jsonl")));
    let (report, status) = partner.json(&["dataset", "passages", &folder, "--out", &out]);
    assert_eq!(
        (report["rows"].as_u64(), report["skipped"]["total"].as_u64(), status),
        (Some(2), Some(1), 0),
        "{report}"
    );
    let sources = std::fs::read_to_string(partner.root.path().join("passages.provenance.jsonl")).unwrap();
    assert!(sources.lines().count() == 2 && sources.contains("guide.md"), "{sources}");
    let (checked, status) = partner.json(&["dataset", "check", &out, "--kind", "cpt"]);
    assert_eq!((checked["good_rows"].as_u64(), status), (Some(2), 0), "{checked}");
    let (row, status) = partner.json(&["dataset", "passages", &folder, "--name", "guide"]);
    assert_eq!((row["rows"].as_u64(), row["made"].as_str(), status), (Some(2), Some("passages"), 0), "{row}");
    let (versions, _) = partner.json(&["dataset", "versions", "guide"]);
    assert_eq!(versions["versions"][0]["counts"]["documents_skipped"], 1, "{versions}");

    let key = ["--lang", "en", "dataset", "drafts"];
    let output = partner.run(&[&key[..], &["list"]].concat());
    assert!(String::from_utf8_lossy(&output.stdout).contains("There are no drafts."), "{output:?}");
    for (args, code) in [
        (vec!["accept", "7"], "not_found"),
        (vec!["edit", "7", "--answer", "x"], "not_found"),
        (vec!["keep", "3", "--name", "n"], "not_found"),
        (vec!["keep", "3", "--to", "nobody"], "dataset_input_unknown"),
        (vec!["discard", "three"], "not_found"),
    ] {
        let output = partner.run(&[&key[..], &args[..]].concat());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(&format!("[{code}]")) && output.status.code() == Some(1), "{args:?}: {error}");
    }
    let (refused, _) = partner.json(&["dataset", "draft", "nowhere", "--target", "local:tiny:int8"]);
    assert_eq!(refused["error"]["code"], "dataset_input_unknown", "{refused}");
}

#[test]
fn a_missing_file_is_one_sentence_in_the_readers_language() {
    let partner = Partner::new();
    for (language, word) in [("en", "neither a file nor a data set"), ("zh-CN", "既不是文件")] {
        let output = partner.run(&["--lang", language, "dataset", "check", "nowhere.jsonl"]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.lines().count(), 1, "one sentence and nothing else: {error}");
        assert!(error.contains(word) && error.contains("[dataset_input_unknown]"), "{error}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn an_imported_model_renders_what_transformers_rendered() {
    let partner = Partner::new();
    let (imported, status) =
        partner.json(&["model", "import", &text(&tiny("qwen2")), "--adapter", &text(&tiny("qwen2").join("adapter"))]);
    assert_eq!((imported["model"].as_str(), status), (Some("qwen2"), 0), "{imported}");
    let (second, _) = partner.json(&["model", "import", &text(&tiny("qwen2"))]);
    assert_eq!(second["model"], "qwen2-2", "an import never replaces another model");
    let reference: Value =
        serde_json::from_slice(&std::fs::read(tiny("qwen2").join("reference.json")).unwrap()).unwrap();
    for prompt in reference["prompts"].as_array().unwrap() {
        let messages = partner.file("messages.json", &prompt["messages"].to_string());
        let (rendered, _) = partner.json(&["model", "render", "qwen2", "--messages", &messages]);
        assert_eq!((&rendered["text"], &rendered["ids"]), (&prompt["rendered"], &prompt["input_ids"]));
    }
    let (_, status) = partner.json(&["model", "delete", "qwen2"]);
    assert_eq!(status, 0);
    let (gone, status) = partner.json(&["model", "render", "qwen2", "--messages", "x"]);
    assert_eq!((gone["error"]["code"].as_str(), status), (Some("model_unknown"), 1));
}

#[test]
fn a_local_folder_becomes_a_base_model_that_can_be_tuned() {
    let partner = Partner::new();
    let (imported, status) =
        partner.json(&["model", "import", &text(&tiny("llama")), "--name", "front-desk", "--as-base"]);
    assert_eq!((imported["model"].as_str(), status), (Some("front-desk"), 0), "{imported}");
    let base = partner.root.path().join("cache/models/front-desk");
    assert!(base.join("model.safetensors").is_file(), "the embedded cloud looks for its base models here");
    let (listed, _) = partner.json(&["model", "list"]);
    assert_eq!(listed["models"][0]["origin"], "base", "{listed}");
    let beside = std::fs::read_dir(base.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "no half folder stays");
    let adapter = text(&tiny("llama").join("adapter"));
    let (_, status) = partner.json(&["model", "import", &text(&tiny("llama")), "--as-base", "--adapter", &adapter]);
    assert_eq!(status, 1, "a base model stands alone");
}

#[test]
fn a_model_that_cannot_be_used_is_refused_before_it_is_kept() {
    let partner = Partner::new();
    for (name, config, code) in [
        ("mamba", r#"{"model_type":"mamba"}"#, "model_architecture_unknown"),
        ("half", r#"{"model_type":"llama""#, "model_file_invalid"),
    ] {
        partner.file(&format!("{name}/config.json"), config);
        let (refused, status) = partner.json(&["model", "import", &text(&partner.root.path().join(name))]);
        assert_eq!((refused["error"]["code"].as_str(), status), (Some(code), 1), "{name}: {refused}");
    }
    let (escaping, _) = partner.json(&["model", "delete", "../home"]);
    assert_eq!(escaping["error"]["code"], "input_invalid", "a name cannot lead out of the models' folder");
    let (models, _) = partner.json(&["model", "list"]);
    assert_eq!(models["models"], Value::Array(Vec::new()), "nothing refused was kept");
}

#[test]
fn a_base_model_that_is_not_here_says_so() {
    let (refused, status) = Partner::new().json(&["model", "render", "gemma-3-270m", "--messages", "x"]);
    assert_eq!((refused["error"]["code"].as_str(), status), (Some("model_not_prepared"), 1));
}
