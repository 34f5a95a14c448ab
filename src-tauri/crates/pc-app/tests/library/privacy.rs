//! Masking makes the next version, leaves a signed report that names nobody, and only this home's master key leads back.

use std::path::{Path, PathBuf};

use pc_app::{App, DatasetInput, Keychain, Live, Mask, Unmask, receipt_verify};
use pc_base::{Cancel, Failure, Language, SystemClock};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::common::Console;

const NAME: &str = "欧阳子涵";
const MOBILE: &str = "13812345679";
const ID: &str = "110105199003074114";

fn row(user: &str) -> String {
    let messages = json!([{"role": "user", "content": user}, {"role": "assistant", "content": "好的。"}]);
    json!({ "messages": messages }).to_string() + "\n"
}

fn rows() -> String {
    row(&format!("姓名：{NAME}，手机{MOBILE}，身份证{ID}"))
        + &row("几点退房？")
        + &row(&format!("收件人{NAME}，电话 {MOBILE}"))
}

fn pseudonyms(row: &Value) -> Value {
    json!({"dataset": row["dataset"], "version": row["version"], "plan": {"otherwise": "pseudonym", "ways": {}, "own": []}})
}

fn text(path: &Value) -> String {
    std::fs::read_to_string(path.as_str().expect("a path")).expect("it is there")
}

/// Whether any file below holds the bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if std::fs::read(&path).expect("readable").windows(bytes.len()).any(|part| part == bytes) {
            found.push(path);
        }
    }
    found
}

async fn unmasked(app: &App, from: &Path, dataset: Option<&str>, out: &Path) -> Result<String, Failure> {
    let wanted = Unmask { path: from.to_owned(), dataset: dataset.map(str::to_owned), out: out.to_owned() };
    let done = app.dataset_unmask(wanted, &Live::new(|_| {}, Cancel::default())).await;
    done.map(|_| std::fs::read_to_string(out).expect("written")).map_err(|error| Failure::of(&error, Language::English))
}

#[tokio::test]
async fn a_masked_version_follows_its_parent_and_its_report_holds_until_it_is_touched() {
    let console = Console::open();
    let first = console.taken("guests", &rows()).await;
    let preview = console.call("mask_preview", pseudonyms(&first)).await;
    let (done, events) = console.stream("version_mask", pseudonyms(&first)).await;
    assert!(events.iter().any(|event| event["stage"] == "mask"), "progress is told");
    let version = &done["version"];
    assert_eq!((&version["version"], &version["made"]), (&json!(2), &json!("mask")));
    assert_eq!(version["parent"], json!({"dataset": first["dataset"], "version": 1}));
    assert_eq!(version["counts"], json!({"name": 2, "mobile": 2, "resident_id": 1}));
    let masked = text(&version["path"]);
    assert!(![NAME, MOBILE, ID].iter().any(|original| masked.contains(original)));
    assert_eq!(text(&first["path"]), rows(), "the version before stays as it is");
    let content = serde_json::from_str::<Value>(masked.lines().next().unwrap()).unwrap();
    let pieces = preview["rows"][0]["texts"][0]["pieces"].as_array().unwrap();
    let shown: String =
        pieces.iter().map(|piece| piece["after"].as_str().or(piece["text"].as_str()).unwrap()).collect();
    assert_eq!(content["messages"][0]["content"], shown, "the preview showed the stand-ins that were given");
    assert_eq!((&preview["whole"], &preview["counts"]), (&json!(true), &version["counts"]));

    let kept = console.call("privacy_report", json!({"dataset": first["dataset"], "version": 2})).await;
    assert_eq!((&kept["report"], &kept["path"]), (&done["report"], &done["report_path"]));
    assert_eq!(kept["report"]["done"]["mobile"], json!({"pseudonym": 2}));
    assert_eq!(kept["report"]["output_sha256"], version["sha256"]);
    let none = console.call("privacy_report", json!({"dataset": first["dataset"], "version": 1})).await;
    assert_eq!(none, json!({"report": null, "path": null}));
    let path = PathBuf::from(kept["path"].as_str().unwrap());
    let data = PathBuf::from(version["path"].as_str().unwrap());
    let verified = receipt_verify(&path, Some(&data)).expect("it holds");
    assert!(verified.data_compared && verified.fingerprint == done["report"]["fingerprint"].as_str().unwrap());
    let code = |outcome: anyhow::Result<()>| Failure::of(&outcome.expect_err("refused"), Language::English).code;
    let other = PathBuf::from(first["path"].as_str().unwrap());
    assert_eq!(code(receipt_verify(&path, Some(&other)).map(drop)), "receipt_data_differs");
    let document = std::fs::read_to_string(&path).unwrap();
    let touched = document.replace("\\\"mobile\\\":2", "\\\"mobile\\\":1");
    pc_base::write_atomic(&path, touched.as_bytes()).unwrap();
    assert_eq!(code(receipt_verify(&path, None).map(drop)), "receipt_signature_wrong");
    let refused = console.try_call("privacy_report", json!({"dataset": first["dataset"], "version": 2})).await;
    assert_eq!(refused.unwrap_err().code, "receipt_signature_wrong");
}

#[tokio::test]
async fn stand_ins_are_shared_by_versions_and_lead_back_with_the_master_key_only() {
    let console = Console::open();
    let first = console.taken("guests", &rows()).await;
    let masked = text(&console.stream("version_mask", pseudonyms(&first)).await.0["version"]["path"]);
    // The next program: what was kept is read again.
    let console = console.again();
    let path = console.home.file("more.jsonl", rows() + &row(&format!("联系人：{NAME}")));
    let wanted = json!({"path": path, "name": "guests", "kind": "sft", "dataset": first["dataset"]});
    let third = console.stream("source_import", wanted).await.0;
    let done = console.stream("version_mask", pseudonyms(&third)).await.0;
    let again = text(&done["version"]["path"]);
    assert!(again.starts_with(&masked), "the same people have the same stand-ins in a later version");

    let out = console.home.file("out.jsonl", "");
    let from = PathBuf::from(done["version"]["path"].as_str().unwrap());
    let back = unmasked(&console.app, &from, Some("guests"), &out).await.expect("the owner is led back");
    assert_eq!(back, std::fs::read_to_string(&path).unwrap(), "the very bytes");
    // Nothing of anybody lies open but in the versions that were taken in, and the user's own files.
    for original in [NAME, MOBILE, ID] {
        let open = holding(&console.home.places.home, original.as_bytes());
        let versions: Vec<PathBuf> =
            [&first, &third].iter().map(|row| PathBuf::from(row["path"].as_str().unwrap())).collect();
        assert!(open.iter().all(|path| versions.contains(path)), "{original}: {open:?}");
    }

    let stranger = Keychain::KeyFile(console.home.root().join("other.key"));
    let other = App::open_with(console.home.places.clone(), stranger, std::sync::Arc::new(SystemClock)).unwrap();
    assert_eq!(unmasked(&other, &from, Some("guests"), &out).await.unwrap_err().code, "sealed_damaged");
    let dataset = first["dataset"].as_str().unwrap();
    let sealed = console.home.places.home.join("privacy").join(format!("{dataset}.sealed"));
    let whole = std::fs::read(&sealed).unwrap();
    for at in [10, whole.len() / 2, whole.len() - 1] {
        let mut bad = whole.clone();
        bad[at] ^= 1;
        pc_base::write_atomic(&sealed, &bad).unwrap();
        assert_eq!(unmasked(&console.app, &from, Some("guests"), &out).await.unwrap_err().code, "sealed_damaged");
        let refused = console.try_stream("version_mask", pseudonyms(&third)).await;
        assert_eq!(refused.unwrap_err().code, "sealed_damaged", "a damaged register is not replaced by a new one");
    }
    pc_base::write_atomic(&sealed, &whole).unwrap();
    console.call("library_delete", json!({"dataset": dataset})).await;
    let left: Vec<_> = std::fs::read_dir(sealed.parent().unwrap()).unwrap().collect();
    assert!(left.is_empty(), "the way back goes with the data set, and so do its reports: {left:?}");
}

#[tokio::test]
async fn where_a_generated_row_came_from_is_known_of_its_masked_row_too() {
    let console = Console::open();
    let first = console.taken("drafted", &rows()).await;
    let sidecar = |version: u32| {
        let name = format!("{}-{version}.provenance.jsonl", first["dataset"].as_str().unwrap());
        console.home.places.home.join("datasets").join(name)
    };
    let hash = |line: &str| hex::encode(Sha256::digest(line.as_bytes()));
    let entry = json!({"row": hash(rows().lines().next().unwrap()), "how": "drafted", "model": "m"});
    pc_base::write_atomic(&sidecar(1), format!("{entry}\n").as_bytes()).unwrap();
    let done = console.stream("version_mask", pseudonyms(&first)).await.0;
    let masked = text(&done["version"]["path"]);
    let carried: Value = serde_json::from_slice(&std::fs::read(sidecar(2)).expect("it is carried over")).unwrap();
    assert_eq!((&carried["row"], &carried["how"]), (&json!(hash(masked.lines().next().unwrap())), &json!("drafted")));
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_its_reason_and_makes_no_version() {
    let console = Console::open();
    let first = console.taken("guests", &rows()).await;
    let plan = |plan: Value| json!({"dataset": first["dataset"], "version": 1, "plan": plan});
    let ways = console
        .try_call("mask_preview", plan(json!({"otherwise": "mask", "ways": {"moblie": "mask"}, "own": []})))
        .await;
    assert_eq!(ways.unwrap_err().code, "input_invalid");
    let own = json!([{"pattern": {"name": "room", "pattern": "("}}]);
    let bad = console.try_stream("version_mask", plan(json!({"otherwise": "mask", "ways": {}, "own": own}))).await;
    assert_eq!(bad.unwrap_err().code, "pattern_invalid");
    let own = json!([{"words": {"name": "project", "words": ["好的"]}}]);
    let done = console
        .stream("version_mask", plan(json!({"otherwise": "keep", "ways": {"custom": "remove"}, "own": own})))
        .await
        .0;
    assert_eq!(done["report"]["found"]["custom"], json!(3));
    assert!(!text(&done["version"]["path"]).contains("好的") && text(&done["version"]["path"]).contains(NAME));
    let bytes = console.taken("bad", &format!("{}\n", "x".repeat(17 << 20))).await;
    assert_eq!(console.try_stream("version_mask", pseudonyms(&bytes)).await.unwrap_err().code, "row_too_long");
    let versions = console.call("library_get", json!({"dataset": bytes["dataset"]})).await;
    assert_eq!(versions["versions"].as_array().unwrap().len(), 1);
    let kinds = console.call("privacy_kinds", json!({})).await;
    assert!(
        kinds
            .as_array()
            .unwrap()
            .iter()
            .any(|kind| *kind == json!({"kind": "mobile", "label": "mobile number", "secret": false}))
    );
}

#[tokio::test]
async fn files_of_no_data_set_are_masked_and_led_back_too() {
    let console = Console::open();
    let path = console.home.file("plain.jsonl", rows());
    let (out, report) = (console.home.root().join("masked.jsonl"), console.home.root().join("report.json"));
    let plan = serde_json::from_value(json!({"otherwise": "pseudonym", "ways": {}, "own": []})).unwrap();
    let input = DatasetInput { path: path.clone(), version: None };
    let wanted = Mask { input, out: out.clone(), plan, report: Some(report.clone()) };
    let live = || Live::new(|_| {}, Cancel::default());
    let done = console.app.dataset_mask(wanted.clone(), Language::English, &live()).await.expect("masks");
    assert_eq!(done.report.found["mobile"], 2);
    receipt_verify(&report, Some(&out)).expect("it holds");
    let back = console.home.root().join("back.jsonl");
    assert_eq!(unmasked(&console.app, &out, None, &back).await.expect("led back"), rows());
    let itself = Mask { out: path.clone(), ..wanted };
    let refused = console.app.dataset_mask(itself, Language::English, &live()).await.expect_err("refused");
    assert_eq!(Failure::of(&refused, Language::English).code, "input_invalid");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), rows(), "the user's file is never changed");
}
