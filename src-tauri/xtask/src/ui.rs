//! The window's content: built before the window is compiled, which takes it in, and checked and tested on its own.

use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::run::{command, output, root, run, say, write};
use crate::setup::node::{npm, ui};

/// Builds `ui/dist` unless it was built from the same files before.
pub fn build() -> Result<()> {
    let stamp = ui().join("node_modules").join(".partner-built");
    let wanted = fingerprint()?;
    if ui().join("dist/index.html").is_file() && std::fs::read_to_string(&stamp).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    say("Building the window's content");
    run(&mut npm(&["run", "--silent", "build"]), "Mend what the build names.")?;
    write(&stamp, wanted.as_bytes())
}

/// Types, arrows between folders and the budget of the built chunks.
pub fn check() -> Result<()> {
    say("Types, arrows and budget of the window's content");
    run(&mut npm(&["run", "--silent", "check"]), "Mend what it names.")
}

/// Its own tests.
pub fn test() -> Result<()> {
    say("Tests of the window's content");
    run(&mut npm(&["test", "--silent"]), "A test of the window's content failed.")
}

/// A hash over every file that the build reads, as git knows them.
fn fingerprint() -> Result<String> {
    let listed = output(&mut command("git", &["ls-files", "--cached", "--others", "--exclude-standard", "ui"]))?;
    let mut hash = Sha256::new();
    for path in listed.lines().map(Path::new) {
        let full = root().join(path);
        if full.is_file() {
            hash.update(path.to_string_lossy().as_bytes());
            hash.update(std::fs::read(&full).with_context(|| format!("reading {}", full.display()))?);
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
