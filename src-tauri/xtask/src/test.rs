//! Every test in one command; and the benches, which are not tests.

use anyhow::Result;

use crate::run::{command, run, say};
use crate::setup::{Extent, setup};

/// Sets up whatever is needed, then runs them all.
pub fn test() -> Result<()> {
    setup(Extent::Tests)?;
    say("Rust tests");
    run(&mut command("cargo", &["test", "--workspace", "--locked", "--no-fail-fast"]), "A test failed.")
}

/// Prints a bench's figures, built in release.
pub fn bench(name: &str) -> Result<()> {
    setup(Extent::Program)?;
    say("Building in release (the first time takes several minutes)");
    run(
        &mut command("cargo", &["run", "--release", "--locked", "--quiet", "-p", "pc-cli", "--", "bench", name]),
        "The bench did not complete.",
    )
}
