//! `partner cloud serve` as a process that is killed without warning and started again, and plain calls to it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pc_base::Secret;
use pc_cloud::{Billing, Cloud, Endpoint, Network};
use pc_testkit::TinyModel;
use pc_tests::installation::Installation;
use serde_json::Value;

/// A second base model, so that answers that are charged or not are apart from those that must be.
pub const CUT: &str = "tiny-cut";

/// Until a call is answered; a busy machine is no fault.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Served {
    here: Installation,
    data: PathBuf,
    child: Option<Child>,
    pub base_url: String,
    said: Value,
    pub http: reqwest::Client,
}

impl Served {
    /// On a data folder of its own, or below `data`.
    pub fn start(data: Option<PathBuf>) -> Self {
        let here = Installation::new();
        TinyModel::load("qwen3").copy_to(&here.home.places.base_model(CUT));
        let data = data.unwrap_or_else(|| here.home.root().join("cloud"));
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let mut served = Self { here, data, child: None, base_url: String::new(), said: Value::Null, http };
        served.again();
        served
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The command that serves this folder.
    pub fn command(&self) -> Command {
        let mut command = self.here.program("partner");
        command.args(["--json", "cloud", "serve", "--data"]).arg(&self.data);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// Starts it again, at the same address and with the same keys.
    pub fn again(&mut self) {
        let mut child = self.command().spawn().expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says something");
        self.child = Some(child);
        self.said = serde_json::from_str(&line).unwrap_or_else(|_| panic!("one JSON line, not {line:?}"));
        let now = self.text("base_url");
        assert!(self.base_url.is_empty() || self.base_url == now, "an address stays good");
        self.base_url = now;
    }

    /// As a power cut, a crash or an impatient person ends it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it runs until it is killed");
            child.wait().expect("it ends");
        }
    }

    fn text(&self, name: &str) -> String {
        self.said[name].as_str().unwrap_or_default().to_owned()
    }

    pub fn key(&self) -> String {
        self.text("api_key")
    }

    /// The console's client, patient enough for a restart.
    pub fn cloud(&self) -> Cloud {
        let endpoint = Endpoint {
            base_url: self.base_url.clone(),
            api_key: Arc::new(Secret::new(self.key())),
            workspace: None,
            billing: Some(Billing {
                url: self.base_url.clone(),
                access_key_id: self.text("access_key_id"),
                access_key_secret: Arc::new(Secret::new(self.text("access_key_secret"))),
            }),
        };
        let network = Network { first_wait: Duration::from_millis(100), retries: 5, ..Network::default() };
        Cloud::new(endpoint, &network).expect("the address is good")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Repeats until there is something.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}
