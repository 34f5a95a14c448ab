//! Files that are written from Rust: the UI's types and command table. Deliberately absent: what is in them, which
//! pc-app's example `codegen` prints.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::run::{command, output, root, say, write};

const FOLDER: &str = "ui/src/api/generated";

/// Whether to write or only to compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Write,
    Check,
}

/// Writes the files, or fails when one is not what would be written.
pub fn codegen(mode: Mode) -> Result<()> {
    say("Generated files");
    // A check is followed by the tests, which use what it built; somebody who writes wants only what is needed for that.
    let package: &[&str] = if mode == Mode::Check { &[] } else { &["-p", "pc-app"] };
    let args = [&["run", "--quiet", "--locked"], package, &["--example", "codegen"]].concat();
    let printed = output(&mut command("cargo", &args))?;
    let files: Map<String, Value> = serde_json::from_str(&printed).context("reading what the example printed")?;
    for (name, text) in &files {
        let (path, text) = (root().join(FOLDER).join(name), text.as_str().context("a file is text")?);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if mode == Mode::Check {
            bail!("{FOLDER}/{name} is stale. Run `cargo xtask codegen`.");
        }
        write(&path, text.as_bytes())?;
        println!("    {FOLDER}/{name} is new");
    }
    Ok(())
}
