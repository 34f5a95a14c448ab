//! Every test in one command; and the benches, which are not tests.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::fuzz;
use crate::run::{command, output, run, say};
use crate::setup::{Extent, setup};
use crate::start::built;
use crate::ui;

/// Tests across crates, each in a section of its own, in the order in which a failure says most.
const ACROSS: &[(&str, &str)] = &[
    ("conformance", "Conformance: one story, every endpoint"),
    ("sdk", "The vendors' own clients against the embedded cloud"),
    ("torture", "Torture: kills at any moment, full disks"),
    ("journey", "Journey: the main job"),
    ("browser", "Browser flows"),
    ("window", "The real window"),
];

/// Sets up whatever is needed, then runs them all.
pub fn test() -> Result<()> {
    setup(Extent::Tests)?;
    ui::build()?;
    ui::check()?;
    ui::test()?;
    let found = targets()?;
    say("Building every program and test");
    // One build for all sections, with one set of features: a narrower choice of packages would build most of it again.
    run(
        &mut command("cargo", &["build", "--workspace", "--all-targets", "--locked"]),
        "Mend what the compiler names.",
    )?;
    say("Rust tests");
    let across = |name: &str| ACROSS.iter().any(|(known, _)| *known == name);
    let mut args = vec!["--lib", "--bins"];
    args.extend(found.iter().filter(|name| !across(name)).flat_map(|name| ["--test", name]));
    cargo_test(&args)?;
    for (name, title) in ACROSS.iter().filter(|(name, _)| found.iter().any(|known| known == name)) {
        say(title);
        cargo_test(&["--test", name])?;
    }
    fuzz::briefly()
}

fn cargo_test(which: &[&str]) -> Result<()> {
    let args = [&["test", "--workspace", "--locked", "--no-fail-fast", "--quiet"], which].concat();
    run(&mut command("cargo", &args), "A test failed.")
}

/// Names of all test targets of the workspace, each once.
fn targets() -> Result<Vec<String>> {
    let text = output(&mut command("cargo", &["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let targets = packages.iter().flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let tests = targets.filter(|target| target["kind"][0] == "test");
    let mut names: Vec<String> = tests.filter_map(|target| Some(target["name"].as_str()?.to_owned())).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Kills the program that serves a cloud so many times, and says what was held against what.
pub fn torture(rounds: &str) -> Result<()> {
    anyhow::ensure!(rounds.parse::<u32>().is_ok(), "--rounds takes a number");
    setup(Extent::Tests)?;
    say("Building the program and its torture");
    run(
        &mut command("cargo", &["build", "--workspace", "--all-targets", "--locked"]),
        "Mend what the compiler names.",
    )?;
    say(&format!("{rounds} kills"));
    let args = ["test", "--workspace", "--locked", "--test", "torture", "--", "--nocapture", "rounds"];
    run(command("cargo", &args).env("PARTNER_TORTURE_ROUNDS", rounds), "Something was lost.")
}

/// Prints a bench's figures, built in release.
pub fn bench(name: &str) -> Result<()> {
    setup(Extent::Program)?;
    run(&mut command(built("partner")?, &["bench", name]), "The bench did not complete.")
}
