//! `start`: set-up, a release build, and the window on the embedded cloud; without a display the main job in the terminal.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::run::{command, has_display, root, run, say};
use crate::setup::{Extent, setup};
use crate::ui;

/// Does all of it; what was done before is not done again.
pub fn start(headless: bool) -> Result<()> {
    setup(Extent::Program)?;
    if !headless && has_display() {
        return window();
    }
    if !headless {
        println!("There is no display here, so the main job runs in the terminal.");
    }
    main_job()
}

fn window() -> Result<()> {
    let program = built("partner-console")?;
    say("Opening the window");
    run(&mut command(program, &[]), "`cargo xtask start --headless` works without a window.")
}

fn main_job() -> Result<()> {
    let program = built("partner")?;
    say("The main job: from a file to the bill");
    let status = command(program, &["main-job"]).status().context("the program that was built could not be started")?;
    // It has said itself what went wrong.
    if status.success() { Ok(()) } else { bail!("the main job did not complete ({status})") }
}

/// Builds both programs in release, which cargo does once, and says where one of them is. Always both: built apart, they
/// have their dependencies with other features, and most would be compiled twice.
pub fn built(program: &str) -> Result<PathBuf> {
    ui::build()?;
    say("Building the programs in release (the first time takes several minutes)");
    let args = ["build", "--release", "--locked", "-p", "partner-console", "-p", "pc-cli"];
    run(&mut command("cargo", &args), "Mend what the compiler names; for a missing system library see above.")?;
    let metadata = crate::run::output(&mut command("cargo", &["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let target = metadata["target_directory"].as_str().map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("release").join(program).with_extension(std::env::consts::EXE_EXTENSION))
}
