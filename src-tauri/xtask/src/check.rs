//! Everything that can be said about the code without running it.

use anyhow::Result;

use crate::codegen::{Mode, codegen};
use crate::run::{command, run, say};
use crate::setup::{Extent, setup};
use crate::tidy::tidy;

/// Formatting, house rules, lints, generated files, docs.
pub fn check() -> Result<()> {
    setup(Extent::Program)?;
    say("Formatting");
    run(&mut command("cargo", &["fmt", "--all", "--check"]), "Run `cargo fmt --all`.")?;
    tidy()?;
    say("Lints");
    run(
        &mut command("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        "Mend what clippy names.",
    )?;
    codegen(Mode::Check)?;
    say("Documentation");
    run(
        command("cargo", &["doc", "--workspace", "--no-deps", "--locked", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
        "Mend what rustdoc names.",
    )
}
