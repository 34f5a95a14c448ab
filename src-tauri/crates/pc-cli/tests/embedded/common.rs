//! A home with a tiny model, the program that serves it, and a client so plain that it cannot hide a fault.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use pc_base::{Places, env};
use pc_testkit::{Home, TinyModel, tiny_rows};
use serde_json::{Value, json};

/// The base model of all these tests.
pub const BASE: &str = "tiny";
/// Long for a machine that does something else, too; nothing here takes more than seconds by itself.
const PATIENCE: Duration = Duration::from_secs(240);

/// A home whose cache holds a tiny model.
pub fn home() -> Home {
    let home = Home::new();
    TinyModel::load("qwen3").copy_to(&home.places.base_model(BASE));
    home
}

/// `partner` in this home, with the master key in a file.
pub fn partner(home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partner"));
    let library = env::path(env::ONNXRUNTIME).or_else(|| Some(Places::from_env().ok()?.onnxruntime()));
    command.env(env::HOME, &home.places.home).env(env::CACHE, &home.places.cache);
    command.env(env::KEY_FILE, &home.places.key_file).env(env::KEYCHAIN, "file");
    command.env(env::ONNXRUNTIME, library.expect("the user has a cache"));
    command
}

/// Runs it to its end.
pub fn ran(command: &mut Command) -> (Output, Value) {
    let output = command.output().expect("the program starts");
    let line = String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned();
    (output, serde_json::from_str(&line).unwrap_or_default())
}

/// `partner cloud serve` in the foreground; killed when dropped.
pub struct Served {
    pub child: Child,
    pub http: Http,
}

impl Served {
    /// Serves the data folder `data` below the home's root.
    pub fn start(home: &Home) -> Self {
        let mut child = partner(home)
            .args(["--json", "cloud", "serve", "--data"])
            .arg(data(home))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let began = Instant::now();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(began.elapsed() < Duration::from_secs(10), "the line comes within ten seconds");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("one JSON line, not {line:?}"));
        let names: Vec<&String> = said.as_object().unwrap().keys().collect();
        assert_eq!(names[..4], ["base_url", "api_key", "access_key_id", "access_key_secret"], "what programs rely on");
        assert_eq!(names[4..], ["admin_api_key", "capabilities", "openapi"]);
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        let http = Http { host: text("base_url").strip_prefix("http://").unwrap().to_owned(), key: text("api_key") };
        assert!(!http.host.contains('/'), "the address has no path");
        Self { child, http }
    }

    /// Ends it as a system does.
    pub fn end(mut self) {
        signal("TERM", self.child.id());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "it ends cleanly when told: {status}");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Where the test has ended it, there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where [`Served`] keeps its things.
pub fn data(home: &Home) -> PathBuf {
    home.root().join("data")
}

/// Sends a signal to one process.
pub fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().expect("kill is there");
    assert!(status.success(), "process {pid} is there to be told");
}

/// Children of a process that were started with an argument.
#[cfg(target_os = "linux")]
pub fn children(parent: u32, argument: &str) -> Vec<u32> {
    let stat = |pid: u32| -> Option<u32> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        text.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let pids = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
    let asked = |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    pids.filter(|pid| stat(*pid) == Some(parent))
        .filter(|pid| asked(*pid).split(|byte| *byte == 0).any(|word| word == argument.as_bytes()))
        .collect()
}

/// Repeats until there is something.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what} does not come");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Every file below a folder that holds these bytes.
pub fn holding(dir: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if std::fs::read(&path).unwrap_or_default().windows(bytes.len()).any(|window| window == bytes) {
            found.push(path);
        }
    }
    found
}

/// HTTP/1.0, so that an answer ends with its connection.
pub struct Http {
    pub host: String,
    pub key: String,
}

impl Http {
    /// Status and body.
    pub fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
        let mut socket = TcpStream::connect(&self.host).expect("the cloud listens");
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: {kind}\r\n\
             content-length: {}\r\n\r\n",
            self.host,
            self.key,
            body.len()
        );
        socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(body)).expect("it takes the request");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).expect("it answers");
        let answer = String::from_utf8(answer).expect("it answers text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// A JSON call that must succeed.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.send(method, path, "application/json", text.as_bytes());
        assert_eq!(status, 200, "{method} {path}: {answer}");
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{path} answers JSON, not {answer}"))
    }

    pub fn get(&self, path: &str) -> Value {
        self.call("GET", path, &Value::Null)
    }

    /// Uploads lines; answers the file's id.
    pub fn upload(&self, text: &str) -> String {
        let head = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"train.jsonl\"\r\n\r\n";
        let body = format!("{head}{text}\r\n--b--\r\n");
        let (status, answer) = self.send("POST", "/api/v1/files", "multipart/form-data; boundary=b", body.as_bytes());
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["data"]["uploaded_files"][0]["file_id"].as_str().unwrap().to_owned()
    }

    /// Starts a training on 30 rows; answers the job's id.
    pub fn tune(&self, epochs: u32, save_steps: u32) -> String {
        let hyper = json!({"n_epochs": epochs, "batch_size": 1, "max_length": 256, "learning_rate": "1e-3",
            "save_steps": save_steps});
        self.tune_on(BASE, "efficient_sft", &tiny_rows(30), &hyper)
    }

    /// Starts a training of a type on lines; answers the job's id.
    pub fn tune_on(&self, model: &str, training_type: &str, lines: &str, hyper: &Value) -> String {
        let body = json!({"model": model, "training_file_ids": [self.upload(lines)],
            "training_type": training_type, "hyper_parameters": hyper});
        let job = self.call("POST", "/api/v1/fine-tunes", &body);
        job["output"]["job_id"].as_str().unwrap().to_owned()
    }

    /// Waits until a resource has one of these statuses.
    pub fn until(&self, path: &str, statuses: &[&str]) -> Value {
        until(&format!("{path} {statuses:?}"), || {
            let output = self.get(path)["output"].clone();
            statuses.contains(&output["status"].as_str()?).then_some(output)
        })
    }

    /// The job's log so far.
    pub fn logs(&self, job: &str) -> Vec<String> {
        let path = format!("/api/v1/fine-tunes/{job}/logs?offset=0&line=1000");
        serde_json::from_value(self.get(&path)["output"]["logs"].clone()).unwrap()
    }

    /// Waits for a line of the job's log.
    pub fn until_logged(&self, job: &str, part: &str) {
        until(&format!("{part:?} in the log"), || self.logs(job).iter().any(|line| line.contains(part)).then_some(()));
    }
}
