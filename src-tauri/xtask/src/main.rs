//! `cargo xtask`: the project's own commands. They run compilers, package clients and our own programs as programs;
//! nothing here knows what a data set or a model is.

mod check;
mod codegen;
mod dist;
mod run;
mod setup;
mod start;
mod test;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask start [--headless]   set up, build in release, open the console (or run the main job in the terminal)
cargo xtask setup                the set-up alone: system packages, UI packages, ONNX Runtime, base model
cargo xtask test                 set up and run every test
cargo xtask check                fmt, clippy, tidy, generated files, docs, the UI's own checks
cargo xtask tidy                 house rules and arrows alone
cargo xtask codegen [--check]    write the UI's generated types, or compare them
cargo xtask bench [NAME]         runtime, trainer, dataset: figures, not tests
cargo xtask dist                 release build and the platform's package";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["start"] => start::start(false),
        ["start", "--headless"] => start::start(true),
        ["setup"] => setup::setup(setup::Extent::Program),
        ["test"] => test::test(),
        ["check"] => check::check(),
        ["tidy"] => tidy::tidy(),
        ["codegen"] => codegen::codegen(codegen::Mode::Write),
        ["codegen", "--check"] => codegen::codegen(codegen::Mode::Compare),
        ["bench", names @ ..] => start::bench(names),
        ["dist"] => dist::dist(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(1);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
