//! The UI's generated types: the program itself prints them, this puts them where they belong or compares them.

use anyhow::{Result, bail};

use crate::run::{command, root, run, say};

/// What to do with the generated files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Write,
    /// Fails where a committed file is not what would be written.
    Compare,
}

const FOLDER: &str = "ui/src/api/generated";

/// Writes or compares `ui/src/api/generated`.
pub fn codegen(mode: Mode) -> Result<()> {
    let fresh = match mode {
        Mode::Write => root().join(FOLDER),
        Mode::Compare => root().join("target/codegen"),
    };
    std::fs::create_dir_all(&fresh)?;
    say("Generating the UI's types from the command table");
    let folder = fresh.to_string_lossy().into_owned();
    run(
        &mut command("cargo", &["run", "--quiet", "-p", "pc-app", "--example", "codegen", "--", &folder]),
        "The command table does not build.",
    )?;
    if mode == Mode::Compare {
        for entry in std::fs::read_dir(&fresh)? {
            let entry = entry?;
            let committed = root().join(FOLDER).join(entry.file_name());
            if std::fs::read(&committed).ok() != Some(std::fs::read(entry.path())?) {
                bail!("{} is not fresh; run `cargo xtask codegen`", committed.display());
            }
        }
    }
    Ok(())
}
