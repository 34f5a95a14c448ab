//! A console on a temporary home, whose cloud is the real program.

use std::path::Path;
use std::sync::{Arc, Mutex};

use pc_app::hidden::use_program;
use pc_app::{App, Keychain, embedded};
use pc_base::{Cancel, Failure, Language, Places, SystemClock, env};
use pc_testkit::{Home, TinyModel, tiny_rows};
use serde_json::{Value, json};

/// The base model of all these tests.
pub const BASE: &str = "tiny";

/// An opened console and everything that it has said.
pub struct Console {
    pub home: Home,
    pub app: App,
    pub said: Arc<Mutex<Vec<String>>>,
}

impl Console {
    pub fn open() -> Self {
        use_program(env!("CARGO_BIN_EXE_partner").into());
        let home = Home::new();
        TinyModel::load("qwen3").copy_to(&home.places.base_model(BASE));
        let library = env::path(env::ONNXRUNTIME).or_else(|| Some(Places::from_env().ok()?.onnxruntime()));
        let here = home.places.onnxruntime();
        std::fs::create_dir_all(here.parent().expect("it lies in a folder")).expect("a folder can be made");
        std::fs::copy(library.expect("the user has a cache"), here).expect("set-up has fetched the library");
        let keychain = Keychain::KeyFile(home.places.key_file.clone());
        let app = App::open_with(home.places.clone(), keychain, Arc::new(SystemClock)).expect("a home can be opened");
        Self { home, app, said: Arc::default() }
    }

    /// A file of this many good rows.
    pub fn rows(&self, count: usize) -> String {
        self.home.file("train.jsonl", tiny_rows(count)).display().to_string()
    }

    pub async fn try_call(&self, command: &str, request: Value) -> Result<Value, Failure> {
        let answer = self.app.call(command, request, Language::English).await;
        self.note(&answer);
        answer
    }

    /// A query or mutation that must succeed.
    pub async fn call(&self, command: &str, request: Value) -> Value {
        self.try_call(command, request).await.unwrap_or_else(|failure| panic!("{command}: {failure:?}"))
    }

    pub async fn try_stream(&self, command: &str, request: Value) -> (Result<Value, Failure>, Vec<Value>) {
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = events.clone();
        let told = move |event| seen.lock().unwrap().push(event);
        let answer = self.app.stream(command, request, Language::English, told, Cancel::default()).await;
        self.note(&answer);
        let events = std::mem::take(&mut *events.lock().unwrap());
        self.said.lock().unwrap().extend(events.iter().map(Value::to_string));
        (answer, events)
    }

    /// A stream that must succeed, and its events.
    pub async fn stream(&self, command: &str, request: Value) -> (Value, Vec<Value>) {
        let (answer, events) = self.try_stream(command, request).await;
        (answer.unwrap_or_else(|failure| panic!("{command}: {failure:?}")), events)
    }

    fn note(&self, answer: &Result<Value, Failure>) {
        let text = match answer {
            Ok(answer) => answer.to_string(),
            Err(failure) => format!("{failure:?}"),
        };
        self.said.lock().unwrap().push(text);
    }

    /// Whether anything that was said holds a text.
    pub fn has_said(&self, text: &str) -> bool {
        self.said.lock().unwrap().iter().any(|said| said.contains(text))
    }

    /// Ends the home's cloud.
    pub async fn close(self) {
        embedded::stop(&self.home.places).await.expect("the cloud ends");
    }
}

/// A tune of some rows, over in seconds.
pub fn tune(dataset: &str) -> Value {
    json!({"model": BASE, "dataset_ids": [dataset], "name": "first", "hyper_parameters": {
        "n_epochs": 2, "batch_size": 4, "max_length": 256, "learning_rate": 1e-3, "lora_rank": 4, "lora_alpha": 8,
        "lora_dropout": 0.0, "lr_scheduler_type": "linear", "warmup_ratio": 0.05, "weight_decay": 0.0, "seed": 1}})
}

/// Every file below a folder that holds these bytes.
pub fn holding(dir: &Path, bytes: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if std::fs::read(&path).unwrap_or_default().windows(bytes.len()).any(|window| window == bytes) {
            found.push(path);
        }
    }
    found
}
