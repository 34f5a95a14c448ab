//! A cloud in a temporary folder with a small engine and a fixed clock, called without a socket.

#![expect(dead_code, reason = "every test program uses its own part of this")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use hmac::{Hmac, Mac as _};
use pc_base::{Cancel, Code, FixedClock, Secret, coded};
use pc_secrets::MasterKey;
use pc_server::{
    BaseModel, Chance, Credentials, DeploySpec, Engine, Finish, GenerateSpec, Generated, Options, PriceBook, Profile,
    Said, State, TokenChances, TrainDone, TrainEvent, TrainSpec,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

/// Trains by counting rows, answers one sentence.
#[derive(Default)]
pub struct SmallEngine {
    /// While set, a training stands still after its first step.
    pub hold: AtomicBool,
    /// Makes every training end as when its worker is killed.
    pub dies: AtomicBool,
    /// Makes the catalogue a bug.
    pub panics: AtomicBool,
    /// So many tokens are trained after the step that has a line, in steps that have none.
    pub unlogged: AtomicU32,
    /// Evaluates after the first step.
    pub evaluates: AtomicBool,
    pub trainings: AtomicU32,
    pub resumed: AtomicBool,
    /// What the last training was asked for.
    pub last: Mutex<Option<TrainSpec>>,
}

pub const WEIGHTS: &[u8] = b"weights that know the hotel";

impl Engine for SmallEngine {
    fn bases(&self) -> Vec<BaseModel> {
        assert!(!self.panics.load(Ordering::SeqCst), "a bug in the inner engine");
        vec![BaseModel { id: "tiny".into(), name: "Tiny".into(), max_length: 512 }]
    }

    fn train(
        &self,
        spec: &TrainSpec,
        events: &mut dyn FnMut(TrainEvent),
        cancel: &Cancel,
    ) -> anyhow::Result<TrainDone> {
        self.trainings.fetch_add(1, Ordering::SeqCst);
        *self.last.lock().unwrap() = Some(spec.clone());
        let mut rows = 0;
        for path in &spec.data {
            rows += std::fs::read_to_string(path)?.lines().count() as u64;
        }
        let mark = spec.work_dir.join("step-1");
        let resumed = mark.exists();
        self.resumed.fetch_or(resumed, Ordering::SeqCst);
        let resumed_from_step = u64::from(resumed);
        events(TrainEvent::Started { rows, dropped: 0, tokens_per_epoch: 1000, total_steps: 2, resumed_from_step });
        for step in resumed_from_step + 1..=2 {
            let (tokens, tokens_per_second, epoch) = (step * 500, 100.0, step as f64 / 2.0);
            let loss = 2.0 / step as f64;
            events(TrainEvent::Step {
                step,
                epoch,
                loss,
                learning_rate: 1e-4,
                tokens,
                tokens_per_second,
                eta_seconds: 0,
                rewards: None,
            });
            if step == 1 && self.evaluates.load(Ordering::SeqCst) {
                events(TrainEvent::Eval { step, loss: 1.25 });
            }
            if step == 1 {
                std::fs::create_dir_all(&mark)?;
                result(&mark, spec)?;
                events(TrainEvent::Checkpoint { step, path: mark.clone() });
            }
            let unlogged = self.unlogged.load(Ordering::SeqCst);
            if unlogged > 0 {
                events(TrainEvent::Progress { tokens: tokens + u64::from(unlogged) });
            }
            while self.hold.load(Ordering::SeqCst) && !cancel.is_cancelled() {
                std::thread::sleep(Duration::from_millis(5));
            }
            cancel.check()?;
            if self.dies.load(Ordering::SeqCst) {
                return Err(coded(Code::WorkerDied).with("why", "killed").into());
            }
        }
        result(&spec.out_dir, spec)?;
        Ok(TrainDone { tokens: 1000, steps: 2 })
    }

    fn deploy(&self, spec: &DeploySpec) -> anyhow::Result<()> {
        if let Some(folder) = &spec.weights {
            let forms = ["adapter_model.safetensors", "model.safetensors"].map(|name| folder.join(name));
            let form = forms.iter().find(|path| path.is_file()).expect("a result has weights");
            anyhow::ensure!(std::fs::read(form)? == WEIGHTS, "the result's own weights");
        }
        Ok(())
    }

    fn undeploy(&self, _: &str) -> anyhow::Result<()> {
        Ok(())
    }

    fn retain(&self, _: &[String]) -> anyhow::Result<()> {
        Ok(())
    }

    fn generate(
        &self,
        spec: &GenerateSpec,
        on_said: &mut dyn FnMut(Said<'_>) -> ControlFlow<()>,
        _: &Cancel,
    ) -> anyhow::Result<Generated> {
        if spec.sampling.max_tokens == Some(11) {
            anyhow::bail!("the inner weights are missing");
        }
        if spec.sampling.max_tokens == Some(13) {
            return Err(coded(Code::TemplateInvalid).with("why", "thirteen").into());
        }
        for piece in ["Breakfast ", "is at ", "seven."] {
            let chance = |text: &str, logprob| Chance { bytes: text.as_bytes().to_vec(), logprob };
            let count = spec.sampling.logprobs.unwrap_or(0) as usize;
            let top = [chance(piece, -0.25), chance("?", -3.0)].into_iter().take(count).collect();
            let token = TokenChances { chosen: chance(piece, -0.25), top };
            let tokens = if spec.sampling.logprobs.is_some() { vec![token] } else { Vec::new() };
            if on_said(Said { text: piece, tokens: &tokens }).is_break() {
                break;
            }
        }
        Ok(Generated { finish: Finish::Stop, input_tokens: 5, output_tokens: 3 })
    }
}

/// What a training of the type leaves.
fn result(dir: &Path, spec: &TrainSpec) -> anyhow::Result<()> {
    let from_whole = spec.start.as_ref().is_some_and(|start| start.join("model.safetensors").is_file());
    let names = match spec.training_type.is_low_rank() && !from_whole {
        true => ["adapter_model.safetensors", "adapter_config.json"],
        false => ["model.safetensors", "config.json"],
    };
    pc_base::write_atomic(&dir.join(names[0]), WEIGHTS)?;
    pc_base::write_atomic(&dir.join(names[1]), b"{}")
}

pub struct Cloud {
    pub dir: Arc<tempfile::TempDir>,
    pub engine: Arc<SmallEngine>,
    pub clock: Arc<FixedClock>,
    pub state: Arc<State>,
    pub keys: Credentials,
}

impl Cloud {
    pub fn new() -> Self {
        Self::open(Arc::new(tempfile::tempdir().unwrap()), SmallEngine::default(), Profile::embedded())
    }

    pub fn open(dir: Arc<tempfile::TempDir>, engine: SmallEngine, profile: Profile) -> Self {
        Self::priced(dir, engine, profile, PriceBook::built_in())
    }

    pub fn priced(dir: Arc<tempfile::TempDir>, engine: SmallEngine, profile: Profile, prices: PriceBook) -> Self {
        Self::at("2026-11-24T02:00:00Z", dir, engine, profile, prices)
    }

    /// One whose clock stands at `time`.
    pub fn at(
        time: &str,
        dir: Arc<tempfile::TempDir>,
        engine: SmallEngine,
        profile: Profile,
        prices: PriceBook,
    ) -> Self {
        let engine = Arc::new(engine);
        let clock = Arc::new(FixedClock::new(time.parse().unwrap()));
        let options = Options { data_dir: dir.path().to_owned(), profile, prices };
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        let state = State::open(options, master, engine.clone(), clock.clone()).unwrap();
        let keys = state.credentials(None).unwrap();
        // The threads end with the state's end, which a test that drops the cloud asks for.
        drop(pc_server::start(&state));
        Self { dir, engine, clock, state, keys }
    }

    /// Ends the cloud and waits until its folder is free again.
    pub fn close(self) -> Arc<tempfile::TempDir> {
        let Self { dir, state, .. } = self;
        state.end();
        drop(state);
        // The lock is the last thing that the state lets go, so then its database is closed too.
        let until = Instant::now() + Duration::from_secs(10);
        while pc_store::FolderLock::acquire(dir.path()).is_err() {
            assert!(Instant::now() < until, "the cloud's threads end when asked");
            std::thread::sleep(Duration::from_millis(5));
        }
        dir
    }

    pub async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let response = pc_server::router(self.state.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, axum::body::to_bytes(body, 1 << 30).await.unwrap().to_vec())
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        self.call_as(self.keys.api_key.expose(), method, path, body).await
    }

    pub async fn call_as(&self, key: &str, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let request = request(method, path).header("authorization", format!("Bearer {key}")).body(text.into()).unwrap();
        let (status, headers, bytes) = self.send(request).await;
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
        if let Some(id) = value.get("request_id") {
            assert_eq!(id.as_str().unwrap(), headers["x-request-id"], "body and header name the same request");
        }
        (status, value)
    }

    pub async fn upload(&self, name: &str, text: &str) -> Value {
        let (status, value) = self.upload_as(self.keys.api_key.expose(), "/api/v1/files", "files", name, text).await;
        assert_eq!(status, 200, "{value}");
        value
    }

    pub async fn upload_as(&self, key: &str, path: &str, part: &str, name: &str, text: &str) -> (StatusCode, Value) {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"descriptions\"\r\n\r\na set\r\n\
             --b\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\n\r\n{text}\r\n--b--\r\n"
        );
        let request = request("POST", path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "multipart/form-data; boundary=b")
            .body(body.into())
            .unwrap();
        let (status, _, bytes) = self.send(request).await;
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Sends a form of texts and one file; answers status and body.
    pub async fn form(&self, path: &str, texts: &[(&str, &str)], part: &str, bytes: &[u8]) -> (StatusCode, Value) {
        let mut body = Vec::new();
        for (name, text) in texts {
            let part = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"a.jsonl\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let request = request("POST", path)
            .header("authorization", format!("Bearer {}", self.keys.api_key.expose()))
            .header("content-type", "multipart/form-data; boundary=b")
            .body(body.into())
            .unwrap();
        let (status, _, bytes) = self.send(request).await;
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Uploads two good rows; answers the file's id.
    pub async fn dataset(&self) -> String {
        let uploaded = self.upload("train.jsonl", &rows()).await;
        uploaded["data"]["uploaded_files"][0]["file_id"].as_str().unwrap().to_owned()
    }

    /// Starts a job on a file; answers its id.
    pub async fn tune(&self, file: &str) -> String {
        let body = json!({"model": "tiny", "training_file_ids": [file], "training_type": "efficient_sft",
            "validation_file_ids": null, "hyper_parameters": {"n_epochs": 1, "batch_size": 8, "max_length": 512}});
        let (status, job) = self.call("POST", "/api/v1/fine-tunes", body).await;
        assert_eq!(status, 200, "{job}");
        assert_eq!(job["output"]["status"], "PENDING", "a new job has not begun");
        job["output"]["job_id"].as_str().unwrap().to_owned()
    }

    /// Waits until a resource has a status.
    pub async fn until(&self, path: &str, status: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let (_, value) = self.call("GET", path, Value::Null).await;
            if value["output"]["status"] == status {
                return value["output"].clone();
            }
            assert!(Instant::now() < until, "{path} does not become {status}: {value}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many blobs lie on the disk.
    pub fn blobs(&self) -> usize {
        let all = std::fs::read_dir(self.dir.path().join("blobs")).unwrap();
        all.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_file())).count()
    }

    /// A second tenant's key.
    pub fn other(&self) -> String {
        let workspace = self.state.workspace_add("other").unwrap();
        self.state.credentials_of(&workspace, None).unwrap().api_key.expose().clone()
    }
}

pub fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("host", "127.0.0.1:8000")
}

pub fn rows() -> String {
    let row = r#"{"messages":[{"role":"user","content":"When is breakfast?"},{"role":"assistant","content":"At seven, in the Osmanthus room."}]}"#;
    format!("{row}\n{row}\n")
}

/// Every file below a folder that holds the text.
pub fn holding(dir: &Path, text: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text) {
            found.push(path);
        }
    }
    found
}

pub fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// A request to the vendor's OpenAPI, signed by this test's own hand.
pub struct Call<'a> {
    pub keys: &'a Credentials,
    pub method: &'a str,
    pub path: &'a str,
    pub version: &'a str,
    pub action: &'a str,
    /// Canonical already.
    pub query: &'a str,
}

impl Cloud {
    pub async fn signed(&self, call: Call<'_>) -> (StatusCode, Value) {
        self.signed_with(call, None).await
    }

    /// The same with an `Idempotency-Key`.
    pub async fn signed_once(&self, call: Call<'_>, key: &str) -> (StatusCode, Value) {
        self.signed_with(call, Some(key)).await
    }

    async fn signed_with(&self, call: Call<'_>, once: Option<&str>) -> (StatusCode, Value) {
        let Call { keys, method, path, version, action, query } = call;
        let hash = hex::encode(Sha256::digest(b""));
        let date = pc_base::Clock::now(&*self.clock).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let nonce = uuid::Uuid::new_v4().to_string();
        let list = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
        let headers = format!(
            "host:127.0.0.1:8000\nx-acs-action:{action}\nx-acs-content-sha256:{hash}\nx-acs-date:{date}\n\
             x-acs-signature-nonce:{nonce}\nx-acs-version:{version}\n"
        );
        let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{list}\n{hash}");
        let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex::encode(Sha256::digest(canonical)));
        let mut mac = Hmac::<Sha256>::new_from_slice(keys.access_key_secret.expose().as_bytes()).unwrap();
        mac.update(to_sign.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let id = &keys.access_key_id;
        let mut request = request(method, &format!("{path}?{query}"))
            .header("x-acs-action", action)
            .header("x-acs-version", version)
            .header("x-acs-date", date)
            .header("x-acs-signature-nonce", nonce)
            .header("x-acs-content-sha256", hash)
            .header(
                "authorization",
                format!("ACS3-HMAC-SHA256 Credential={id},SignedHeaders={list},Signature={signature}"),
            );
        if let Some(key) = once {
            request = request.header("idempotency-key", key);
        }
        let (status, _, bytes) = self.send(request.body(Body::empty()).unwrap()).await;
        (status, serde_json::from_slice(&bytes).unwrap())
    }
}
