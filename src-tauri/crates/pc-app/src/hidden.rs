//! The hidden subcommands: the training worker, the background cloud and the process that answers offline are the same program as the one that starts
//! them, so they are there wherever it is installed. Nothing but their name is on the command line; what they work on
//! comes over stdin.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};

use crate::{embedded, engine, main_job};

pub(crate) const WORKER: &str = "hidden-training-worker";
pub(crate) const CLOUD: &str = "hidden-cloud";
pub(crate) const OFFLINE: &str = "hidden-offline-answers";

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Runs a hidden subcommand when the program was started with one. Call it first in `main`.
pub fn hidden_main() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let name = arguments.next()?;
    if arguments.next().is_some() {
        return None;
    }
    match name.to_str()? {
        WORKER => Some(engine::worker_main()),
        CLOUD => Some(embedded::background_main()),
        OFFLINE => Some(main_job::offline_main()),
        _ => None,
    }
}

/// For programs that have no hidden subcommands, such as tests: which program has. The first call counts.
pub fn use_program(path: PathBuf) {
    PROGRAM.get_or_init(|| path);
}

/// The program to start for a hidden subcommand.
pub(crate) fn program() -> Result<PathBuf> {
    if let Some(path) = PROGRAM.get() {
        return Ok(path.clone());
    }
    let path = std::env::current_exe().context("finding this program")?;
    // A program that was replaced while it runs goes on with what it is itself.
    let replaced = cfg!(target_os = "linux") && !path.exists();
    Ok(if replaced { format!("/proc/{}/exe", std::process::id()).into() } else { path })
}
