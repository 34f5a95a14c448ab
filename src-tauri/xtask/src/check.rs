//! Everything that can be said about the code without running it.

use anyhow::Result;

use crate::codegen::{Mode, codegen};
use crate::run::{command, npm, root, run, say};
use crate::setup::{Extent, setup};
use crate::tidy::tidy;

/// Formatting, lints, house rules, generated files, docs, and the UI's own checks.
pub fn check() -> Result<()> {
    setup(Extent::Program)?;
    ui_dist_folder()?;
    say("Formatting");
    run(&mut command("cargo", &["fmt", "--all", "--check"]), "Run `cargo fmt --all`.")?;
    tidy()?;
    say("Lints");
    run(
        &mut command("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        "Mend what clippy names.",
    )?;
    codegen(Mode::Compare)?;
    say("Documentation");
    run(
        command("cargo", &["doc", "--workspace", "--no-deps", "--locked", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
        "Mend what rustdoc names.",
    )?;
    say("The UI's types, lints, words and bundle");
    run(&mut npm(&["run", "check"]), "Mend what it names.")
}

/// Tauri embeds this folder at compile time; an empty one is enough for checks.
fn ui_dist_folder() -> Result<()> {
    Ok(std::fs::create_dir_all(root().join("ui/dist"))?)
}
