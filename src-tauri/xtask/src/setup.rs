//! Set-up: what the program and its tests need on a machine. Every step says what it does, is skipped when it was
//! done before, and says what to do when it fails.

mod base_model;
mod runtime;
mod system;

use anyhow::Result;

/// How much is needed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// To build and run the program.
    Program,
    /// And to test it: a keychain in a session of its own.
    Tests,
}

/// All steps in order.
pub fn setup(extent: Extent) -> Result<()> {
    system::packages(extent)?;
    runtime::library()?;
    base_model::fetch()
}
