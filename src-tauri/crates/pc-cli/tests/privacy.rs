//! `partner dataset mask` and `unmask`, as a person starts them: on files and on data sets of this machine.

use std::process::{Command, Output};

use serde_json::{Value, json};

const NAME: &str = "欧阳子涵";
const MOBILE: &str = "13812345679";

/// A program with a home and a key file of its own.
struct Partner {
    root: tempfile::TempDir,
}

impl Partner {
    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_partner"))
            .args(args)
            .env("PARTNER_HOME", self.root.path().join("home"))
            .env("PARTNER_CACHE", self.root.path().join("cache"))
            .env("PARTNER_KEY_FILE", self.root.path().join("master.key"))
            .env("PARTNER_KEYCHAIN", "file")
            .output()
            .expect("the program starts")
    }

    /// The last JSON line and the exit status.
    fn json(&self, args: &[&str]) -> (Value, i32) {
        let output = self.run(&[args, &["--json"]].concat());
        let text = String::from_utf8(output.stdout).expect("text");
        let last = text.lines().last().unwrap_or_else(|| panic!("{args:?} printed nothing"));
        (serde_json::from_str(last).expect("JSON"), output.status.code().expect("it ended"))
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).to_string_lossy().into_owned()
    }

    fn file(&self, name: &str, text: &str) -> String {
        pc_base::write_atomic(&self.root.path().join(name), text.as_bytes()).expect("writable");
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.root.path().join(name)).expect("it is there")
    }
}

fn rows() -> String {
    let row = |text: String| json!({"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "好的。"}]});
    format!(
        "{}\n{}\n",
        row(format!("姓名：{NAME}，手机{MOBILE}，房间 R-1203")),
        row("几点退房？青鸟计划的人问。".into())
    )
}

#[test]
fn a_file_is_masked_as_asked_its_report_verifies_and_its_stand_ins_lead_back() {
    let partner = Partner { root: tempfile::tempdir().expect("a temporary folder can be made") };
    let input = partner.file("guests.jsonl", &rows());
    let words = partner.file("projects.txt", "青鸟计划\n");
    let (out, report) = (partner.path("masked.jsonl"), partner.path("report.json"));
    let args = ["dataset", "mask", &input, "--out", &out, "--report", &report, "--otherwise", "pseudonym"];
    let own = ["--way", "custom=remove", "--words", &words, "--pattern", "room=R-\\d{4}"];
    let (done, status) = partner.json(&[&args[..], &own].concat());
    assert_eq!(status, 0, "{done}");
    assert_eq!(done["report"]["found"], json!({"name": 1, "mobile": 1, "custom": 2}));
    assert_eq!(done["report"]["done"]["custom"], json!({"remove": 2}));
    let masked = partner.read("masked.jsonl");
    assert!([NAME, MOBILE, "R-1203", "青鸟计划"].iter().all(|original| !masked.contains(original)), "{masked}");
    assert_eq!(partner.read("guests.jsonl"), rows(), "the user's file is never changed");
    let signed = partner.read("report.json");
    assert!([NAME, MOBILE].iter().all(|original| !signed.contains(original)), "places are told, values never");

    let (verified, status) = partner.json(&["receipt", "verify", &report, "--data", &out]);
    assert_eq!((status, &verified["data_compared"], &verified["about"]), (0, &json!(true), &json!("privacy")));
    let (refused, status) = partner.json(&["receipt", "verify", &report, "--data", &input]);
    assert_eq!((&refused["error"]["code"], status != 0), (&json!("receipt_data_length"), true));
    partner.file("touched.json", &signed.replace("pseudonym", "removed"));
    let touched = partner.path("touched.json");
    assert_eq!(partner.json(&["receipt", "verify", &touched]).0["error"]["code"], "receipt_signature_wrong");
    let people =
        String::from_utf8(partner.run(&["--lang", "zh-CN", "receipt", "verify", &report]).stdout).expect("text");
    assert!(people.contains("隐私报告有效"), "{people}");

    let back = String::from_utf8(partner.run(&["dataset", "unmask", &out]).stdout).expect("text");
    let restored = rows().replace("R-1203", "[own rule]").replace("青鸟计划", "[own rule]");
    assert_eq!(back, restored, "stand-ins lead back; what was removed is gone");
}

#[test]
fn a_data_set_gets_its_next_version_and_only_its_own_register_leads_back() {
    let partner = Partner { root: tempfile::tempdir().expect("a temporary folder can be made") };
    let input = partner.file("guests.jsonl", &rows());
    let plan = partner.file("plan.json", r#"{"otherwise": "mask", "ways": {"name": "pseudonym"}, "own": []}"#);
    partner.json(&["dataset", "add", &input, "--name", "guests"]);
    let (done, status) = partner.json(&["dataset", "mask", "guests", "--plan", &plan, "--way", "mobile=pseudonym"]);
    assert_eq!(
        (status, &done["version"]["version"], &done["version"]["made"]),
        (0, &json!(2), &json!("mask")),
        "{done}"
    );
    assert_eq!(done["report"]["done"], json!({"name": {"pseudonym": 1}, "mobile": {"pseudonym": 1}}));
    let masked = done["version"]["path"].as_str().expect("a path");
    let back = partner.path("back.jsonl");
    let (told, status) = partner.json(&["dataset", "unmask", masked, "--dataset", "guests", "--out", &back]);
    assert_eq!((&told["report"]["restored"], status), (&json!(2), 0), "{told}");
    assert_eq!(partner.read("back.jsonl"), rows());
    let (none, status) = partner.json(&["dataset", "unmask", masked, "--out", &back]);
    assert_eq!(
        (&none["error"]["code"], status != 0),
        (&json!("not_found"), true),
        "no file was masked outside of a data set"
    );
    let (refused, _) = partner.json(&["dataset", "mask", &input]);
    assert_eq!(refused["error"]["code"], "output_missing", "a file needs a place to go");
    let (refused, _) = partner.json(&["dataset", "mask", "guests", "--way", "phone=mask"]);
    assert!(
        refused["error"]["message"].as_str().is_some_and(|text| text.contains("mobile")),
        "kinds are named: {refused}"
    );
}
