//! Everything that can be said about the code without running it.

use anyhow::Result;

use crate::codegen::{Mode, codegen};
use crate::fuzz;
use crate::run::{command, run, say};
use crate::setup::{Extent, setup};
use crate::tidy::tidy;
use crate::ui;

/// Formatting, house rules, the window's content, lints, generated files, docs. Quick ones first; the content is built
/// before the window is compiled, which takes it in.
pub fn check() -> Result<()> {
    say("Formatting");
    run(&mut command("cargo", &["fmt", "--all", "--check"]), "Run `cargo fmt --all`.")?;
    tidy()?;
    setup(Extent::Build)?;
    ui::build()?;
    ui::check()?;
    fuzz::is_locked()?;
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
