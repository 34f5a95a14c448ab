//! A release build of both programs. Packages for a platform's installer are made by Tauri's own bundler.

use anyhow::Result;

use crate::run::{command, npm, run, say};
use crate::setup::{Extent, setup};

/// Builds what would be shipped.
pub fn dist() -> Result<()> {
    setup(Extent::Program)?;
    run(&mut npm(&["run", "build"]), "The UI does not build.")?;
    say("Building both programs in release");
    run(
        &mut command(
            "cargo",
            &[
                "build",
                "--release",
                "--locked",
                "-p",
                "pc-cli",
                "-p",
                "partner-console",
                "--features",
                "partner-console/custom-protocol",
            ],
        ),
        "They do not build.",
    )
}
