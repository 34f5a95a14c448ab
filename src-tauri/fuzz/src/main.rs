//! The fuzzer: `--target=NAME` says what the bytes go to, everything else is libFuzzer's. `--list` prints the targets,
//! `--seeds=FROM --into=TO` makes a target's first inputs out of the folder of fixtures.
//!
//! A panic of ours is a crash, also where a reader would catch it; one of a foreign crate is a crash where no reader catches it.
#![no_main]

mod dress;
mod seeds;
mod targets;

use std::path::Path;
use std::sync::OnceLock;

use targets::{TARGETS, Target};

static TARGET: OnceLock<&Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(init: begin(), |bytes: &[u8]| (TARGET.get().expect("it has begun").run)(bytes));

/// An argument `--name=value`.
fn argument(name: &str) -> Option<String> {
    std::env::args().find_map(|argument| Some(argument.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

fn begin() {
    if std::env::args().any(|argument| argument == "--list") {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        std::process::exit(0);
    }
    let name = argument("--target").unwrap_or_default();
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        eprintln!("--target={name} is none of: {}", TARGETS.map(|target| target.name).join(" "));
        std::process::exit(2);
    };
    if let (Some(from), Some(into)) = (argument("--seeds"), argument("--into")) {
        seeds::write(target.name, Path::new(&from), Path::new(&into)).expect("seeds can be written");
        std::process::exit(0);
    }
    TARGET.set(target).ok().expect("it begins once");
    let tolerant = target.foreign_panics;
    std::panic::set_hook(Box::new(move |panic| {
        let ours = panic.location().is_some_and(|place| place.file().contains("crates/pc-"));
        if ours || !tolerant {
            eprintln!("{panic}");
            std::process::abort();
        }
    }));
}
