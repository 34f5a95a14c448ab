//! A console on a temporary home.

use std::sync::{Arc, Mutex};

use pc_app::{App, Keychain};
use pc_base::{Cancel, Failure, Language, SystemClock};
use pc_testkit::Home;
use serde_json::{Value, json};

/// An opened console.
pub struct Console {
    pub home: Home,
    pub app: App,
}

impl Console {
    pub fn open() -> Self {
        let home = Home::new();
        Self { app: opened(&home), home }
    }

    /// The same home, as the next start of the program finds it.
    pub fn again(self) -> Self {
        Self { app: opened(&self.home), home: self.home }
    }

    pub async fn try_call(&self, command: &str, request: Value) -> Result<Value, Failure> {
        self.app.call(command, request, Language::English).await
    }

    /// A query or mutation that must succeed.
    pub async fn call(&self, command: &str, request: Value) -> Value {
        self.try_call(command, request).await.unwrap_or_else(|failure| panic!("{command}: {failure:?}"))
    }

    pub async fn try_stream(&self, command: &str, request: Value) -> Result<Value, Failure> {
        self.app.stream(command, request, Language::English, |_| {}, Cancel::default()).await
    }

    /// A stream that must succeed, and its events.
    pub async fn stream(&self, command: &str, request: Value) -> (Value, Vec<Value>) {
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = events.clone();
        let told = move |event| seen.lock().unwrap().push(event);
        let answer = self.app.stream(command, request, Language::English, told, Cancel::default()).await;
        let answer = answer.unwrap_or_else(|failure| panic!("{command}: {failure:?}"));
        let events = std::mem::take(&mut *events.lock().unwrap());
        (answer, events)
    }

    /// Takes a file of rows in as it is.
    pub async fn taken(&self, name: &str, rows: &str) -> Value {
        let path = self.home.file(&format!("{name}.jsonl"), rows);
        let wanted = json!({"path": path, "name": name, "kind": "sft"});
        self.stream("source_import", wanted).await.0
    }

    /// What lies in the library's folder, by name.
    pub fn kept(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.home.places.home.join("datasets")).expect("there is a library");
        let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name != ".lock").collect();
        names.sort();
        names
    }
}

fn opened(home: &Home) -> App {
    let keychain = Keychain::KeyFile(home.places.key_file.clone());
    App::open_with(home.places.clone(), keychain, Arc::new(SystemClock)).expect("a home can be opened")
}
