//! Processes that are measured: this program serving a cloud on a folder of its own, and anything that is run beside it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use pc_base::{Places, Secret, env};
use pc_cloud::{Cloud, Endpoint, Network};
use serde_json::Value;

/// Between two looks at a process's memory.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A served cloud; it ends when dropped.
pub(super) struct Served {
    child: Child,
    program: PathBuf,
    /// Its own home and key, the shared cache.
    places: Places,
    pub base_url: String,
    pub api_key: String,
}

impl Served {
    /// Starts it below a folder.
    pub fn start(folder: &Path, cache: &Places) -> Result<Self> {
        let places = Places { cache: cache.cache.clone(), ..Places::below(folder) };
        let program = crate::hidden::program()?;
        let mut command = told(&program, &places);
        command.args(["cloud", "serve", "--data"]).arg(folder.join("cloud")).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting a cloud")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output is piped")?).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("the cloud did not start")?;
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        Ok(Self { child, program, places, base_url: text("base_url"), api_key: text("api_key") })
    }

    /// A client without patience, so that every refusal is seen.
    pub fn cloud(&self) -> Result<Cloud> {
        let endpoint = Endpoint {
            base_url: self.base_url.clone(),
            api_key: Arc::new(Secret::new(self.api_key.clone())),
            workspace: None,
            billing: None,
        };
        Cloud::new(endpoint, &Network { retries: 0, ..Network::default() })
    }

    /// This program as a console that has selected the cloud.
    pub fn console(&self, args: &[&str]) -> Command {
        let mut command = told(&self.program, &self.places);
        command.args(args);
        command
    }

    /// Makes the console know the cloud.
    pub fn introduce(&self) -> Result<()> {
        let mut adding = self.console(&["cloud", "add", "bench", "--base-url", &self.base_url]);
        let mut child = adding.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        writeln!(child.stdin.take().context("its input is piped")?, "{}", self.api_key)?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "the cloud cannot be added");
        let added: Value = serde_json::from_slice(&output.stdout).context("reading what was added")?;
        let id = added["id"].as_str().context("a cloud has an id")?;
        let selected = self.console(&["cloud", "select", id]).stdout(Stdio::null()).status()?;
        ensure!(selected.success(), "the cloud cannot be selected");
        Ok(())
    }

    /// The most memory that it has had so far, where the system tells.
    pub fn peak_memory(&self) -> Option<u64> {
        peak(self.child.id())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; nothing of it is to stay.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

fn told(program: &Path, places: &Places) -> Command {
    let mut command = Command::new(program);
    command.arg("--json").env(env::HOME, &places.home).env(env::CACHE, &places.cache);
    command.env(env::KEY_FILE, &places.key_file).env(env::KEYCHAIN, "file");
    command
}

/// `VmHWM` of a process, in bytes.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// What one run took.
pub(super) struct Took {
    pub seconds: f64,
    pub peak_memory: Option<u64>,
    /// When each line of its output came, after its start.
    pub lines: Vec<(f64, String)>,
}

/// Runs something to its end.
pub(super) fn run(mut command: Command) -> Result<Took> {
    let name = command.get_program().to_string_lossy().into_owned();
    let began = Instant::now();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.with_context(|| format!("starting {name}"))?;
    let output = child.stdout.take().context("its output is piped")?;
    let reading = std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(std::io::Result::ok);
        lines.map(|line| (began.elapsed().as_secs_f64(), line)).collect::<Vec<_>>()
    });
    let mut peak_memory = None;
    let status = loop {
        peak_memory = peak(child.id()).max(peak_memory);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let seconds = began.elapsed().as_secs_f64();
    ensure!(status.success(), "{name} ended with {status}");
    let lines = reading.join().map_err(|_| anyhow::anyhow!("reading the output of {name}"))?;
    Ok(Took { seconds, peak_memory, lines })
}
