//! Node.js: its version, and the npm packages of the window's content.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::runtime::hex;
use crate::run::{command, root, run, say, write};

/// The oldest that Vite runs on.
const OLDEST: (u32, u32) = (20, 19);

/// Refuses a missing or old Node.js before anything else is fetched.
pub fn version() -> Result<()> {
    let advice = format!("Install Node.js {}.{} or newer (with npm) and try again.", OLDEST.0, OLDEST.1);
    let answer =
        command("node", &["--version"]).output().with_context(|| format!("Node.js was not found. {advice}"))?;
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    match parsed(&text) {
        Some(found) if found >= OLDEST => Ok(()),
        _ => bail!("Node.js {text} is too old. {advice}"),
    }
}

/// Major and minor of a text such as `v20.19.4`.
fn parsed(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix('v')?.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Installs what the lock file names, unless just that was installed before.
pub fn packages() -> Result<()> {
    let stamp = ui().join("node_modules").join(".partner-lock");
    let lock = std::fs::read(ui().join("package-lock.json")).context("reading ui/package-lock.json")?;
    let wanted = hex(&Sha256::digest(&lock));
    if std::fs::read_to_string(&stamp).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    say("Installing the npm packages of the window's content");
    run(&mut npm(&["ci", "--no-audit", "--no-fund"]), "Is the network there, and is the npm registry reachable?")?;
    write(&stamp, wanted.as_bytes())
}

/// npm in the folder of the window's content.
pub fn npm(args: &[&str]) -> Command {
    let mut npm = command(if cfg!(windows) { "npm.cmd" } else { "npm" }, args);
    npm.current_dir(ui());
    npm
}

/// The folder of the window's content.
pub fn ui() -> PathBuf {
    root().join("ui")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parsed("v20.19.0").is_some_and(|found| found >= OLDEST));
        assert!(parsed("v22.1.0").is_some_and(|found| found >= OLDEST), "a newer major with a smaller minor");
        assert!(parsed("v20.9.0").is_some_and(|found| found < OLDEST), "9 comes before 19");
        assert_eq!(parsed("not node"), None);
    }
}
