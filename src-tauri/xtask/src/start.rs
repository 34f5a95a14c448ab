//! From a fresh clone to the console, or to the main job's figures where there is no screen.

use anyhow::Result;

use crate::run::{command, npm, root, run, say};
use crate::setup::{Extent, setup};

/// Sets up, builds in release, and opens the window or runs the main job.
pub fn start(headless: bool) -> Result<()> {
    setup(Extent::Program)?;
    if headless || !has_screen() {
        build(&["-p", "pc-cli"])?;
        return run(&mut command(program("partner"), &["demo"]), "The main job did not complete.");
    }
    say("Building the UI");
    run(&mut npm(&["run", "build"]), "The UI does not build.")?;
    build(&["-p", "pc-cli", "-p", "partner-console", "--features", "partner-console/custom-protocol"])?;
    say("Opening the console");
    run(&mut command(program("partner-console"), &[]), "The console ended with an error.")
}

/// Prints a bench's figures.
pub fn bench(names: &[&str]) -> Result<()> {
    setup(Extent::Program)?;
    build(&["-p", "pc-cli"])?;
    let all = ["dataset", "trainer", "runtime"];
    for name in if names.is_empty() { &all } else { names } {
        run(&mut command(program("partner"), &["bench", name]), "The bench did not complete.")?;
    }
    Ok(())
}

fn build(packages: &[&str]) -> Result<()> {
    say("Building in release (the first time takes several minutes)");
    run(&mut command("cargo", &[&["build", "--release", "--locked"], packages].concat()), "It does not build.")
}

fn program(name: &str) -> std::path::PathBuf {
    root().join("target/release").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Windows and macOS sessions have a screen; elsewhere a display server says so.
fn has_screen() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
