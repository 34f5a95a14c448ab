//! Running other programs: a line that says what is done, the program's own output, and a sentence when it fails.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("xtask lies two folders below the root").to_owned()
}

/// Says what the next step does.
pub fn say(what: &str) {
    println!("==> {what}");
}

/// A command below the root.
pub fn command(program: impl AsRef<OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Runs it with its output shown; a failure names the program and what to do.
pub fn run(command: &mut Command, on_failure: &str) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{name} could not be started. {on_failure}"))?;
    if !status.success() {
        let args: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        bail!("`{name} {}` ended with {status}. {on_failure}", args.join(" "));
    }
    Ok(())
}

/// Runs it and returns what it printed; its errors stay visible.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("{name} could not be started"))?;
    if !output.status.success() {
        bail!("{name} ended with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Writes a small file whole; what it says is checked again by whoever reads it.
#[expect(clippy::disallowed_methods, reason = "xtask uses nothing of ours, and a torn stamp only repeats its step")]
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// Whether a window could be opened. Only Linux runs without a screen in everyday life, and says so by these names.
#[expect(clippy::disallowed_methods, reason = "xtask uses nothing of ours, so it reads the variables itself")]
pub fn has_display() -> bool {
    let named = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || named("DISPLAY") || named("WAYLAND_DISPLAY")
}

/// Whether a program can be started at all.
pub fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Where the program keeps base models and the runtime; the same rule as in the program itself.
#[expect(clippy::disallowed_methods, reason = "xtask uses nothing of ours, so it reads the variables itself")]
pub fn cache() -> Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = variable("PARTNER_CACHE") {
        return Ok(path);
    }
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA").map(|path| path.join("partner-console").join("cache"))
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Caches/partner-console"))
    } else {
        variable("XDG_CACHE_HOME")
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))
            .map(|path| path.join("partner-console"))
    };
    base.context("no home folder for the user is known; set PARTNER_CACHE")
}
