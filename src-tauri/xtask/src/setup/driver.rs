//! `tauri-driver`, which drives the real window in tests: a program of crates.io, compiled once into the cache.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::run::{cache, command, exists, run, say};

const VERSION: &str = "2.1.0";

/// Where it lies once installed.
fn program() -> Result<PathBuf> {
    Ok(folder()?.join("bin").join(if cfg!(windows) { "tauri-driver.exe" } else { "tauri-driver" }))
}

fn folder() -> Result<PathBuf> {
    Ok(cache()?.join("tools").join(format!("tauri-driver-{VERSION}")))
}

/// Compiles it unless it is there.
pub fn install() -> Result<()> {
    if program()?.is_file() {
        return Ok(());
    }
    say("Compiling tauri-driver, which drives the window in tests (about a minute)");
    let folder = folder()?.to_string_lossy().into_owned();
    let args = ["install", "tauri-driver", "--version", VERSION, "--locked", "--quiet", "--root", &folder];
    run(&mut command("cargo", &args), "Is the network there, and is crates.io reachable?")?;
    if !exists(&program()?.to_string_lossy()) {
        bail!("tauri-driver was compiled but cannot be started; remove {folder} and try again");
    }
    Ok(())
}
