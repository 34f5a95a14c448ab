//! What the cloud has acknowledged, and what it may or may not have done: the other half of every comparison.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const GENERATION: &str = "/api/v1/services/aigc/text-generation/generation";
/// The most that one answer of the tests has.
pub const LONGEST_ANSWER: u64 = 6;

/// A creating request with a key of its own, to be sent until it is answered.
#[derive(Clone, Debug)]
pub struct Request {
    pub key: String,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// The rows of a small file.
    File(String),
    /// A question.
    Answer(String),
    /// A training on a file.
    Job(String),
}

/// Everything that is known.
#[derive(Default)]
pub struct Ledger {
    /// Each file's id and the SHA-256 of its bytes.
    pub files: Vec<(String, String)>,
    pub jobs: Vec<String>,
    /// Of answers with a key: input and output tokens that were answered.
    pub answered: (u64, u64),
    /// Of answers without one: those that came whole, their output tokens, and those that were cut off.
    pub whole: u64,
    pub whole_tokens: u64,
    pub cut: u64,
    /// Sent, not answered.
    pub open: Vec<Request>,
}

/// Shared by everything that calls at the same time.
#[derive(Default)]
pub struct Shared(Mutex<Ledger>);

impl Shared {
    pub fn with<T>(&self, work: impl FnOnce(&mut Ledger) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Sends a request once and notes what came of it. Unanswered, it stays open; refused, the test has failed.
pub async fn send(http: &reqwest::Client, root: &str, bearer: &str, ledger: &Shared, request: Request) -> bool {
    let post =
        |path: &str| http.post(format!("{root}{path}")).bearer_auth(bearer).header("idempotency-key", &request.key);
    let built = match &request.what {
        What::File(rows) => {
            let part = reqwest::multipart::Part::text(rows.clone()).file_name("rows.jsonl");
            post("/api/v1/files").multipart(reqwest::multipart::Form::new().part("files", part))
        }
        What::Answer(model) => {
            let body = json!({"model": model, "input": {"prompt": "几点退房？"},
                "parameters": {"max_tokens": LONGEST_ANSWER, "temperature": 0}});
            post(GENERATION).json(&body)
        }
        What::Job(file) => {
            let hyper =
                json!({"n_epochs": 1, "batch_size": 1, "max_length": 256, "learning_rate": "1e-3", "save_steps": 3});
            let body = json!({"model": pc_tests::installation::TINY, "training_file_ids": [file],
                "training_type": "efficient_sft", "hyper_parameters": hyper});
            post("/api/v1/fine-tunes").json(&body)
        }
    };
    let answered = async {
        let response = built.send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.text().await?))
    };
    let Ok((status, text)) = answered.await else {
        ledger.with(|ledger| ledger.open.push(request));
        return false;
    };
    if [409, 429, 503].contains(&status) {
        // A try before it is still being worked on, or the models are only coming up.
        ledger.with(|ledger| ledger.open.push(request));
        return false;
    }
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    assert_eq!(status, 200, "{request:?}: {text}");
    ledger.with(|ledger| note(ledger, &request.what, &body));
    true
}

fn note(ledger: &mut Ledger, what: &What, body: &Value) {
    let text =
        |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{body}")).to_owned();
    let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{body}"));
    match what {
        What::File(rows) => ledger.files.push((text("/data/uploaded_files/0/file_id"), sha256(rows.as_bytes()))),
        What::Job(_) => ledger.jobs.push(text("/output/job_id")),
        What::Answer(_) => {
            ledger.answered.0 += number("/usage/input_tokens");
            ledger.answered.1 += number("/usage/output_tokens");
        }
    }
}
