//! Every test, in one command: Rust, UI, flows in a browser, the real window.

use anyhow::Result;

use crate::run::{command, npm, root, run, say};
use crate::setup::{Extent, setup, system};

/// Sets up whatever is needed, then runs them all.
pub fn test() -> Result<()> {
    setup(Extent::Tests)?;
    say("Building the UI");
    run(&mut npm(&["run", "build"]), "The UI does not build.")?;
    say("Building the programs that tests start");
    run(
        &mut command("cargo", &["build", "--locked", "-p", "pc-cli", "-p", "partner-console"]),
        "The programs do not build.",
    )?;
    say("UI tests");
    run(&mut npm(&["test"]), "A UI test failed.")?;
    say("Rust tests: crates, conformance, journey");
    run(&mut command("cargo", &["test", "--workspace", "--locked", "--no-fail-fast"]), "A Rust test failed.")?;
    say("Flows in a browser and in the real window");
    let driver = system::window_driver_path()?;
    run(
        npm(&["run", "--silent", "e2e"])
            .env("PARTNER_WINDOW_DRIVER", driver)
            .env("PARTNER_TARGET", root().join("target/debug")),
        "A flow failed; its screenshots are in target/e2e.",
    )
}
