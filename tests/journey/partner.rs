//! Running `partner` in a home of a test's own.

use std::process::{Command, Output};

use pc_tests::installation::Installation;
use serde_json::Value;

/// What a run printed, as documents, and how it ended.
pub struct Ran {
    pub lines: Vec<Value>,
    pub status: i32,
}

impl Ran {
    /// The last document.
    pub fn result(&self) -> &Value {
        self.lines.last().expect("every run prints a result")
    }

    /// The code of a refusal; empty where there was none.
    pub fn code(&self) -> &str {
        self.result()["error"]["code"].as_str().unwrap_or_default()
    }
}

/// Runs it with `--json`.
pub fn run(here: &Installation, args: &[&str]) -> Ran {
    ran(here.program("partner").arg("--json").args(args))
}

/// Runs a command to its end.
pub fn ran(command: &mut Command) -> Ran {
    read(&command.output().expect("the program starts"))
}

/// Reads what a run printed.
pub fn read(output: &Output) -> Ran {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("a line that is no JSON: {line}"));
    let lines = text.lines().map(line).collect::<Vec<Value>>();
    assert!(!lines.is_empty(), "nothing was printed: {}", String::from_utf8_lossy(&output.stderr));
    Ran { lines, status: output.status.code().expect("no signal ended it") }
}

/// Uploads a file; answers its id.
pub fn upload(here: &Installation, path: &str) -> String {
    let uploaded = run(here, &["dataset", "upload", path]);
    assert_eq!(uploaded.status, 0, "{}", uploaded.result());
    uploaded.result()["id"].as_str().expect("a data set has an id").to_owned()
}
