//! Keys, workspaces, rotation and receipts on the command line, with the cloud running and without.

use std::process::{Command, Stdio};
use std::time::Duration;

use pc_testkit::{Home, tiny_rows};
use serde_json::{Value, json};

use crate::common::{Http, Served, data, holding, home, partner, ran};

/// `partner --json cloud … --data DATA`.
fn cloud(home: &Home, args: &[&str]) -> Command {
    let mut command = partner(home);
    command.args(["--json", "cloud"]).args(args).arg("--data").arg(data(home));
    command
}

fn said(home: &Home, args: &[&str]) -> Value {
    let (output, said) = ran(&mut cloud(home, args));
    assert!(output.status.success(), "{args:?}: {said}");
    said
}

fn refused(home: &Home, args: &[&str]) -> Value {
    let (output, said) = ran(&mut cloud(home, args));
    assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
    said["error"]["code"].clone()
}

/// The same commands, whether somebody serves the folder or not.
fn look_after(home: &Home, running: bool) {
    // A running cloud says why itself, in its own words.
    let code = |offline: &'static str| if running { "cloud_refused" } else { offline };
    let workspace = said(home, &["workspace", "create", "desk"])["id"].as_str().unwrap().to_owned();
    let listed = said(home, &["workspace", "list"]);
    assert!(listed["workspaces"].as_array().unwrap().iter().any(|row| row["id"] == json!(workspace)), "{listed}");
    let args = ["key", "create", "--workspace", &workspace, "--access", "read", "--model", "tiny"];
    let made = said(home, &[&args[..], &["--expires-at", "2099-01-01T00:00:00Z", "--from", "127.0.0.0/8"]].concat());
    assert_eq!((&made["access"], &made["models"]), (&json!("read"), &json!(["tiny"])));
    let value = made["key"].as_str().unwrap();
    assert!(value.starts_with("sk-"));
    assert!(holding(&data(home), value.as_bytes()).is_empty(), "only its hash is kept");
    let id = made["id"].to_string();
    let listed = said(home, &["key", "list"]);
    let row = listed["keys"].as_array().unwrap().iter().find(|row| row["id"] == made["id"]).unwrap();
    assert!(row.get("key").is_none() && row["workspace"] == json!(workspace), "told once: {row}");
    said(home, &["key", "revoke", &id]);
    assert_eq!(refused(home, &["key", "revoke", &id]), code("not_found"));
    let own = listed["keys"].as_array().unwrap().iter().find(|row| row["own"] == json!(true));
    if let Some(own) = own {
        assert_eq!(refused(home, &["key", "revoke", &own["id"].to_string()]), code("input_invalid"));
    }
    assert_eq!(refused(home, &["key", "create", "--expires-at", "2000-01-01T00:00:00Z"]), code("input_invalid"));
    assert_eq!(refused(home, &["key", "create", "--from", "nowhere"]), code("input_invalid"));
    assert_eq!(refused(home, &["key", "create", "--workspace", "llm-nobody"]), code("not_found"));
    assert_eq!(refused(home, &["rotate-key", "--workspace", "llm-nobody"]), code("not_found"));
}

#[test]
fn keys_are_looked_after_with_the_cloud_running_and_without() {
    let home = home();
    look_after(&home, false);
    let served = Served::start(&home);
    look_after(&home, true);
    let made = said(&home, &["key", "create", "--description", "desk"]);
    let http = Http { host: served.http.host.clone(), key: made["key"].as_str().unwrap().to_owned() };
    assert_eq!(http.get("/api/v1/files")["data"]["total"], 0);
    said(&home, &["key", "revoke", &made["id"].to_string()]);
    let (status, _) = http.send("GET", "/api/v1/files", "application/json", b"");
    assert_eq!(status, 401, "it is over at once");
    served.end();
}

/// Rotations are killed at different moments of theirs; between them the folder is served and everything is read.
#[test]
fn a_rotation_that_is_killed_leaves_everything_readable() {
    let home = home();
    let served = Served::start(&home);
    let mut files = vec![served.http.upload(&tiny_rows(5))];
    served.end();
    let version = |home: &Home| said(home, &["workspace", "list"])["workspaces"][0]["key_version"].as_u64().unwrap();
    let mut last = version(&home);
    for round in 0..6 {
        let mut rotation = cloud(&home, &["rotate-key"]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(15 * round));
        rotation.kill().unwrap();
        rotation.wait().unwrap();
        let now = version(&home);
        assert!(now == last || now == last + 1, "a version is there whole or not at all: {last}, then {now}");
        last = now;
        let rotated = said(&home, &["rotate-key"]);
        assert_eq!(rotated["rotated"][0]["version"], json!(last + 1));
        last += 1;
        let served = Served::start(&home);
        files.push(served.http.upload(&tiny_rows(5)));
        for file in &files {
            let path = format!("/api/v1/extensions/files/{file}/content");
            let (status, text) = served.http.send("GET", &path, "application/json", b"");
            assert_eq!((status, text.as_str()), (200, tiny_rows(5).as_str()), "round {round}");
        }
        served.end();
    }
}

#[test]
fn a_receipt_is_checked_offline_and_what_is_wrong_is_named() {
    let home = home();
    let rows = home.file("rows.jsonl", tiny_rows(5));
    let (output, row) = ran(partner(&home).args(["--json", "dataset", "upload"]).arg(&rows));
    assert!(output.status.success(), "{row}");
    let receipt = std::path::PathBuf::from(row["receipt"].as_str().expect("the embedded cloud gives one"));
    let verify = |receipt: &std::path::Path, data: &std::path::Path| {
        ran(partner(&home).args(["--json", "receipt", "verify"]).arg(receipt).arg("--data").arg(data))
    };
    let (output, found) = verify(&receipt, &rows);
    assert!(output.status.success(), "{found}");
    assert_eq!(
        (&found["action"], &found["file_id"], &found["data_compared"]),
        (&json!("upload"), &row["id"], &json!(true))
    );
    assert!(found["fingerprint"].as_str().unwrap().starts_with("SHA256:"));
    let fault = |receipt: &std::path::Path, data: &std::path::Path| {
        let (output, found) = verify(receipt, data);
        assert_eq!(output.status.code(), Some(1), "{found}");
        found["error"]["code"].as_str().unwrap().to_owned()
    };
    let text = tiny_rows(5);
    let changed = home.file("changed.jsonl", text.replacen("user", "uses", 1));
    assert_eq!(fault(&receipt, &changed), "receipt_data_differs");
    let cut = home.file("cut.jsonl", &text[..text.len() - 1]);
    assert_eq!(fault(&receipt, &cut), "receipt_data_length");
    let document = std::fs::read_to_string(&receipt).unwrap();
    let forged = home.file("forged.json", document.replace("rows.jsonl", "mine.jsonl"));
    assert_eq!(fault(&forged, &rows), "receipt_signature_wrong");
    let nothing = home.file("nothing.json", "{}");
    assert_eq!(fault(&nothing, &rows), "receipt_invalid");
    let id = row["id"].as_str().unwrap();
    let (output, said) = ran(partner(&home).args(["--json", "dataset", "delete", id]));
    assert!(output.status.success(), "{said}");
    let deletion = receipt.with_file_name(format!("{id}-deletion.json"));
    let (output, found) = verify(&deletion, &rows);
    assert!(output.status.success() && found["action"] == json!("deletion"), "{found}");
    assert!(ran(partner(&home).args(["cloud", "stop"])).0.status.success());
}

/// The same with the master key: what it wraps is wrapped anew, its own keys change, and keys that were made stay.
#[test]
fn a_new_master_key_loses_nothing_even_when_killed_on_the_way() {
    let home = home();
    let served = Served::start(&home);
    let (file, first) = (served.http.upload(&tiny_rows(5)), served.http.key.clone());
    let (output, refused) = ran(&mut cloud(&home, &["rotate-key", "--master"]));
    assert_eq!((output.status.code(), &refused["error"]["code"]), (Some(1), &json!("home_locked")));
    served.end();
    let made = said(&home, &["key", "create"])["key"].as_str().unwrap().to_owned();
    let keys = |home: &Home| std::fs::read_to_string(&home.places.key_file).unwrap().lines().count();
    for round in 0..4 {
        let mut rotation = cloud(&home, &["rotate-key", "--master"]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 * round));
        rotation.kill().unwrap();
        rotation.wait().unwrap();
        let before = keys(&home);
        assert_eq!(said(&home, &["rotate-key", "--master"])["replaced"], json!(true));
        assert_eq!(keys(&home), before + 1, "the old ones stay for folders that were not opened since");
        let served = Served::start(&home);
        let path = format!("/api/v1/extensions/files/{file}/content");
        let (status, text) = served.http.send("GET", &path, "application/json", b"");
        assert_eq!((status, text.as_str()), (200, tiny_rows(5).as_str()), "round {round}");
        assert_ne!(served.http.key, first);
        let with = |key: &str| {
            let http = Http { host: served.http.host.clone(), key: key.to_owned() };
            http.send("GET", "/api/v1/files", "application/json", b"").0
        };
        assert_eq!((with(&first), with(&made)), (401, 200), "round {round}");
        served.end();
    }
}
