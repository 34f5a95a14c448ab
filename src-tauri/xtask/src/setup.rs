//! Set-up: what the program and its tests need on a machine. Every step says what it does, is skipped when it was
//! done before, and says what to do when it fails.

mod base_model;
mod runtime;
pub mod system;

use anyhow::Result;

use crate::run::{npm, root, run, say};

/// How much is needed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// To build and run the program.
    Program,
    /// And to test it: a browser, a window without a screen, a driver.
    Tests,
}

/// All steps in order.
pub fn setup(extent: Extent) -> Result<()> {
    system::packages(extent)?;
    ui_packages()?;
    runtime::library()?;
    base_model::fetch()?;
    if extent == Extent::Tests {
        system::window_driver()?;
    }
    Ok(())
}

/// The UI's packages, again only when the lock file changed.
fn ui_packages() -> Result<()> {
    let lock = std::fs::read(root().join("ui/package-lock.json"))?;
    let stamp = root().join("ui/node_modules/.lock-stamp");
    if std::fs::read(&stamp).is_ok_and(|seen| seen == lock) {
        return Ok(());
    }
    say("Installing the UI's packages (npm ci)");
    run(
        &mut npm(&["ci", "--no-audit", "--no-fund"]),
        "Node.js 20.19 or newer with npm is needed; is the network there?",
    )?;
    std::fs::write(stamp, lock)?;
    Ok(())
}
