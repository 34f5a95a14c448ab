//! Bad input and trouble: one sentence with a code, in the reader's language, and everything usable afterwards.

use std::net::TcpListener;
use std::process::Command;

use pc_base::env;
use pc_testkit::tiny_rows;
use pc_tests::installation::{Installation, TINY};
use serde_json::Value;

use crate::partner::{ran, run, upload};

#[test]
fn a_file_with_errors_is_refused_with_every_line_before_anything_is_sent() {
    let here = Installation::new();
    let good = tiny_rows(3);
    let file = here.home.file("broken.jsonl", format!("{good}{{half\n{good}{{\"messages\":[]}}\n[]\n"));
    let refused = run(&here, &["dataset", "upload", &file.display().to_string()]);
    assert_eq!((refused.code(), refused.status), ("dataset_has_errors", 1), "{}", refused.result());
    let report = refused.lines.iter().find(|line| line["findings"].is_array()).expect("the errors are listed");
    let errors = report["findings"].as_array().unwrap().iter().filter(|found| found["severity"] == "error");
    let mut lines: Vec<u64> = errors.filter_map(|found| found["line"].as_u64()).collect();
    lines.dedup();
    assert_eq!(lines, [4, 8, 9], "every bad line and no good one: {report}");
    let listed = run(&here, &["dataset", "list"]);
    assert_eq!(listed.result()["datasets"], Value::Array(Vec::new()), "nothing of it was sent");
}

#[test]
fn what_is_not_there_is_named_in_one_sentence_in_both_languages() {
    let here = Installation::new();
    let file = here.home.file("train.jsonl", tiny_rows(30)).display().to_string();
    let dataset = upload(&here, &file);
    let asked: [(&[&str], &str); 5] = [
        (&["dataset", "upload", "nowhere.jsonl"], "dataset_input_unknown"),
        (&["main-job", "--model", TINY, "--file", "nowhere.jsonl"], "file_not_found"),
        (&["main-job", "--model", "nobody"], "model_unknown"),
        (&["tune", "start", "--dataset", &dataset, "--model", "nobody"], "cloud_refused"),
        (&["tune", "show", "ft-nobody"], "cloud_refused"),
    ];
    for (args, code) in asked {
        let refused = run(&here, args);
        assert_eq!((refused.code(), refused.status), (code, 1), "{args:?}: {}", refused.result());
        let sentences = ["en", "zh-CN"].map(|language| {
            let output = here.program("partner").args(["--lang", language]).args(args).output().expect("it starts");
            let text = String::from_utf8(output.stderr).expect("it says text");
            let last = text.lines().last().unwrap_or_default().to_owned();
            assert!(last.ends_with(&format!("[{code}]")), "{args:?} {language}: {text}");
            last
        });
        assert!(sentences[0].is_ascii(), "{}", sentences[0]);
        assert_ne!(sentences[0], sentences[1], "each language has its own words");
    }
}

#[test]
fn a_cloud_that_is_killed_goes_on_where_it_was_when_somebody_looks() {
    let here = Installation::new();
    let file = here.home.file("train.jsonl", tiny_rows(30)).display().to_string();
    let dataset = upload(&here, &file);
    let start = ["tune", "start", "--dataset", &dataset, "--model", TINY, "--n_epochs", "100", "--batch_size", "1"];
    let job = run(&here, &start).result()["job_id"].as_str().expect("a job has an id").to_owned();
    let step = || run(&here, &["tune", "show", &job]).result()["step"].as_u64().unwrap_or(0);
    while step() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let text = std::fs::read(here.home.places.home.join("cloud.json")).expect("the cloud can be found");
    let found: Value = serde_json::from_slice(&text).expect("JSON");
    let killed = Command::new("kill").args(["-KILL", &found["pid"].to_string()]).status().expect("kill is there");
    assert!(killed.success());
    let watched = run(&here, &["tune", "watch", &job]);
    assert_eq!((watched.status, watched.result()["status"].as_str()), (0, Some("SUCCEEDED")), "{}", watched.result());
    assert_eq!(watched.result()["step"], 3000, "30 rows, one a step, 100 times over: no step is lost or made up");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let here = Installation::new();
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let refused = run(&here, &["cloud", "serve", "--port", &port]);
    assert_eq!((refused.code(), refused.status), ("port_in_use", 1), "{}", refused.result());
    assert!(refused.result()["error"]["message"].as_str().is_some_and(|said| said.contains(&port)));
}

#[test]
fn without_the_keychain_that_was_asked_for_nothing_is_sealed() {
    let here = Installation::new();
    let mut list = here.program("partner");
    list.env(env::KEYCHAIN, "platform")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
        .args(["--json", "dataset", "list"]);
    let refused = ran(&mut list);
    assert_eq!((refused.code(), refused.status), ("keychain_missing", 1), "{}", refused.result());
    assert_eq!(run(&here, &["dataset", "list"]).status, 0, "with the key file it works");
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that cannot show anything here says so")]
fn a_full_disk_is_said_and_what_was_there_stays() {
    let here = Installation::new();
    let small = here.home.root().join("small");
    std::fs::create_dir_all(&small).expect("a folder can be made");
    let partner = here.program("partner");
    // A user's own name space lets it mount a disk as small as is wanted, without being root.
    let script = "mount -t tmpfs -o size=640k none \"$1\" && exec \"$2\" --json model import \"$3\"";
    let model = pc_testkit::TinyModel::load("llama").dir;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command.arg(&small).arg(partner.get_program()).arg(&model);
    here.use_by(&mut command);
    command.env(env::HOME, small.join("home"));
    let output = command.output().expect("unshare is part of every Linux");
    if output.stdout.is_empty() {
        println!("not shown here: this system does not let a user mount a disk of their own");
        return;
    }
    let refused = crate::partner::read(&output);
    assert_eq!((refused.code(), refused.status), ("disk_full", 1), "{}", refused.result());
}
