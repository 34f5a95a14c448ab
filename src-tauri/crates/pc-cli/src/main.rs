//! The binary `partner`: clap -> pc-app -> text or JSON. Deliberately absent: decisions.
//!
//! Exit status: 0 done, 1 the user's to fix, 2 ours.

mod args;
mod command;
mod shown;

use std::process::ExitCode;

use clap::Parser as _;
use pc_base::{Failure, Kind};

use crate::args::Args;
use crate::shown::Shown;

fn main() -> ExitCode {
    if let Some(code) = pc_app::hidden_main() {
        return code;
    }
    let args = Args::parse();
    let shown = Shown::new(args.json, args.language());
    // Nothing that a person sent may show them a panic: it becomes the same refusal as any other fault of ours.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| command::run(args.command, &shown)));
    let outcome = outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("a part of the program stopped unexpectedly")));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            let failure = Failure::of(&error, shown.language());
            shown.failure(&failure);
            ExitCode::from(if failure.kind() == Kind::User { 1 } else { 2 })
        }
    }
}
