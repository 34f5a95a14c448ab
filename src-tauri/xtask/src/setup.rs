//! Set-up: what the program and its tests need on a machine. Every step says what it does, is skipped when it was
//! done before, and says what to do when it fails.

mod base_model;
mod driver;
pub mod node;
mod runtime;
mod sdks;
mod system;

use anyhow::Result;

/// How much is needed; each holds the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// To compile everything: system libraries, npm packages, the library that goes into the bundle.
    Build,
    /// And to run the program: the base model.
    Program,
    /// And to test it: a display, browsers, their drivers, a keychain in a session of its own, the vendors' clients.
    Tests,
}

/// All steps in order.
pub fn setup(extent: Extent) -> Result<()> {
    node::version()?;
    system::packages(extent)?;
    node::packages()?;
    runtime::library()?;
    if extent >= Extent::Program {
        base_model::fetch()?;
    }
    if extent >= Extent::Tests {
        driver::install()?;
        sdks::install()?;
    }
    Ok(())
}
