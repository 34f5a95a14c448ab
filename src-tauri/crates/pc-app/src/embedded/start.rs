//! Starting and stopping the home's cloud in a process of its own, and that process's first and last words. Its stdin
//! gets the [`Spec`], a session's key included; its stdout says whether it listens or why it does not.

use std::io::{BufRead as _, Write as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use pc_base::{Code, Places, Secret, coded};
use pc_secrets::{Keychain, MasterKey};
use serde::{Deserialize, Serialize};

use super::Running;
use super::found::{self, Lock};
use super::serving::{ServeOptions, serve_here};
use crate::hidden;
use crate::report::Report;

/// Without a request or a job for so long, it ends.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// The system may ask its user to unlock the keychain first.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// A cloud that ends gives open requests three seconds and its worker as long.
const END_PATIENCE: Duration = Duration::from_secs(20);

/// What the background process is told.
#[derive(Serialize, Deserialize)]
pub(super) struct Spec {
    places: Places,
    key: Key,
    idle_seconds: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Key {
    Platform,
    File(std::path::PathBuf),
    /// A session's key in hex: it is nowhere else, so it has to come this way.
    Session(String),
}

/// The background process's only line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Listening,
    Failed(Report),
}

impl Spec {
    pub fn new(places: &Places, keychain: &Keychain) -> Result<Self> {
        let whole = |path: &std::path::Path| std::path::absolute(path).context("finding the current folder");
        let key = match keychain {
            Keychain::Platform => Key::Platform,
            Keychain::KeyFile(path) => Key::File(whole(path)?),
            Keychain::Memory(_) => Key::Session(hex::encode(keychain.load_or_create()?.expose())),
        };
        let places =
            Places { home: whole(&places.home)?, cache: whole(&places.cache)?, key_file: whole(&places.key_file)? };
        Ok(Self { places, key, idle_seconds: IDLE.as_secs() })
    }

    fn into_options(self) -> Result<ServeOptions> {
        let keychain = match self.key {
            Key::Platform => Keychain::Platform,
            Key::File(path) => Keychain::KeyFile(path),
            Key::Session(text) => {
                let text = Secret::new(text);
                let bytes = Secret::new(hex::decode(text.expose()).context("the session's key is not hex")?);
                let key = MasterKey::from_bytes(bytes.expose())?;
                Keychain::Memory(std::sync::Mutex::new(Some(Secret::new(*key.expose()))))
            }
        };
        let idle = Some(Duration::from_secs(self.idle_seconds));
        let profile = pc_server::Profile::embedded();
        Ok(ServeOptions { places: self.places, keychain, port: 0, api_key: None, profile, idle })
    }
}

/// The answering cloud of the home, started now where there is none. Of several who start it at once one does.
pub(super) fn connect(spec: &Spec) -> Result<Running> {
    let places = &spec.places;
    if let Some(running) = found::answering(places)? {
        return Ok(running);
    }
    let _turn = Lock::wait(&found::start_lock(places), START_PATIENCE)?;
    let until = Instant::now() + END_PATIENCE;
    // One that is just coming up or ending, or one that is short of breath.
    while found::alive(places)? {
        if let Some(running) = found::answering(places)? {
            return Ok(running);
        }
        if Instant::now() > until {
            return Err(coded(Code::HomeLocked).with("path", places.home.display()).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    start(spec)?;
    found::answering(places)?.context("the cloud was there and is gone")
}

/// Ends the home's cloud: without the file that names it, it is not wanted any more.
pub(super) fn stop(places: &Places) -> Result<bool> {
    if !places.home.exists() {
        return Ok(false);
    }
    let _turn = Lock::wait(&found::start_lock(places), START_PATIENCE)?;
    let was_there = found::alive(places)?;
    let until = Instant::now() + END_PATIENCE;
    loop {
        match std::fs::remove_file(found::file(places)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("removing the file that names the cloud");
            }
            _ => {}
        }
        if !found::alive(places)? {
            return Ok(was_there);
        }
        if Instant::now() > until {
            return Err(coded(Code::HomeLocked).with("path", places.home.display()).into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Starts the process and waits for its word.
fn start(spec: &Spec) -> Result<()> {
    let program = hidden::program()?;
    let mut command = Command::new(&program);
    command.arg(hidden::CLOUD).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(windows)]
    {
        const DETACHED_PROCESS: u32 = 0x8;
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
        let flags = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP;
        std::os::windows::process::CommandExt::creation_flags(&mut command, flags);
    }
    let mut child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
    let line = Secret::new(serde_json::to_string(spec)? + "\n");
    let sent = child.stdin.take().context("its stdin is ours")?.write_all(line.expose().as_bytes());
    let said = first_line(&mut child)?;
    // Whoever started it also has to take note of its end, or it stays in the system's table.
    std::thread::spawn(move || child.wait());
    match said.as_deref().map(serde_json::from_str) {
        Some(Ok(Said::Listening)) => Ok(()),
        Some(Ok(Said::Failed(report))) => Err(report.into_error()),
        _ => Err(anyhow!("the background cloud ended without a word ({sent:?})")),
    }
}

fn first_line(child: &mut Child) -> Result<Option<String>> {
    let stdout = child.stdout.take().context("its stdout is ours")?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::BufReader::new(stdout).read_line(&mut line);
        // Nobody listens after the patience is over.
        let _ = sender.send(read.map(|_| line));
    });
    match receiver.recv_timeout(START_PATIENCE) {
        Ok(line) => Ok(line.ok().filter(|line| !line.is_empty())),
        Err(_) => {
            child.kill().context("ending a cloud that does not come up")?;
            Ok(None)
        }
    }
}

/// The hidden subcommand: serves the home that stdin names until it is not wanted.
pub(crate) fn background_main() -> ExitCode {
    // A session of its own: neither the end of a terminal nor ctrl-c in it reaches the cloud.
    #[cfg(unix)]
    let _leader = rustix::process::setsid();
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    let line = Secret::new(line);
    let spec = read.map_err(Into::into).and_then(|_| Ok(serde_json::from_str::<Spec>(line.expose())?));
    let outcome = spec.and_then(Spec::into_options).and_then(|options| serve_here(options, |_| say(&Said::Listening)));
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    tracing::error!(error = format!("{error:#}"), "the cloud ended");
    say(&Said::Failed(Report::of(&error)));
    ExitCode::from(1)
}

/// Whoever started this may be gone by now, which is no reason to end.
fn say(said: &Said) {
    if let Ok(line) = serde_json::to_string(said) {
        let _ = writeln!(std::io::stdout(), "{line}").and_then(|()| std::io::stdout().flush());
    }
}
