//! The vendors' own Python clients against the embedded cloud: each script beside this file drives one area through a
//! client that nobody here wrote, asserts, and ends with 0. Set-up installs the clients (`requirements.txt`) into the cache.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pc_base::Places;
use pc_testkit::tiny_rows;
use pc_tests::installation::{Installation, Running, TINY};
use serde_json::Value;

/// DashScope's client, both its generations.
#[test]
fn dashscope() {
    drive("dashscope_native.py");
}

/// The same client: all five training types.
#[test]
fn training_types() {
    drive("training_types.py");
}

/// OpenAI's client, strict in what it reads.
#[test]
fn openai() {
    drive("openai_surface.py");
}

/// Both vendors' clients without blocking, raw, by command line and rudely; what projects of an account share.
#[test]
fn asynchronous() {
    drive("asynchronous.py");
}

/// BSS OpenAPI and ModelStudio OpenAPI: bills, costs, keys and workspaces.
#[test]
fn bills() {
    drive("bills.py");
}

/// The cloud's own description, taken at its word by a generator of requests.
#[test]
fn described() {
    drive("described.py");
}

/// Serves a cloud of its own to one script.
fn drive(script: &str) {
    let here = Installation::new();
    let data = here.home.root().join("cloud");
    let mut serve = here.program("partner");
    serve.args(["--json", "cloud", "serve", "--data"]).arg(&data).stdout(Stdio::piped());
    let mut cloud = Running::start(&mut serve);
    let mut line = String::new();
    BufReader::new(cloud.stdout()).read_line(&mut line).expect("it says where it listens");
    let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("one JSON line, not {line:?}"));
    let rows = here.home.file("rows.jsonl", tiny_rows(24));
    let mut python = Command::new("python3");
    python.arg(scripts().join(script)).env("PYTHONPATH", clients()).env("NO_PROXY", "127.0.0.1,localhost");
    python.env("CLOUD_MODEL", TINY).env("CLOUD_DATA", rows);
    // Whatever the cloud says at its start is the script's to use: `base_url` is CLOUD_BASE_URL.
    for (name, value) in said.as_object().expect("a document") {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        python.env(format!("CLOUD_{}", name.to_uppercase()), text);
    }
    let output = python.output().expect("Python 3 is there");
    let mut told = String::new();
    for part in [&output.stdout, &output.stderr] {
        writeln!(told, "{}", String::from_utf8_lossy(part)).expect("text grows");
    }
    assert!(output.status.success(), "{script} ended with {}:\n{told}", output.status);
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk")
}

/// The folder that set-up fills.
fn clients() -> PathBuf {
    let tools = Places::from_env().expect("this user has a cache").cache.join("tools");
    let list = std::fs::read(scripts().join("requirements.txt")).expect("the list is there");
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&list);
    let folder = tools.join(format!("sdks-{}", &hex::encode(digest)[..12]));
    assert!(folder.join("installed").is_file(), "{} is not there; `cargo xtask test` makes it", folder.display());
    folder
}
