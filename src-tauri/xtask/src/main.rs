//! `cargo xtask`: the project's own commands. They run compilers, package clients and our own programs as programs;
//! nothing here knows what a data set or a model is.

mod check;
mod codegen;
mod dist;
mod fuzz;
mod run;
mod setup;
mod start;
mod test;
mod tidy;
mod ui;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask start          set up, build in release, open the window; without a display, or with --headless, the main job
cargo xtask setup          system packages, npm packages, ONNX Runtime, base model
cargo xtask test           set up and run every test
cargo xtask torture        kills the embedded cloud a hundred times, or --rounds N, and looks for losses
cargo xtask fuzz           every reader on made-up input: [--seconds N] [TARGET…], or --again FILE TARGET
cargo xtask check          fmt, house rules, the window's content, clippy, generated files, docs
cargo xtask codegen        the UI's types and command table from Rust; with --check only compares
cargo xtask tidy           house rules and arrows alone
cargo xtask dist           the installable bundle for this platform
cargo xtask bench [NAME]   dataset, trainer, runtime or cloud: figures, not tests";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["start"] => start::start(false),
        ["start", "--headless"] => start::start(true),
        ["setup"] => setup::setup(setup::Extent::Program),
        ["test"] => test::test(),
        ["torture"] => test::torture("100"),
        ["torture", "--rounds", rounds] => test::torture(rounds),
        ["fuzz", args @ ..] => fuzz::fuzz(args),
        ["check"] => check::check(),
        ["codegen"] => codegen::codegen(codegen::Mode::Write),
        ["codegen", "--check"] => codegen::codegen(codegen::Mode::Check),
        ["tidy"] => tidy::tidy(),
        ["dist"] => dist::dist(),
        ["bench"] => test::bench("dataset"),
        ["bench", name] => test::bench(name),
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
