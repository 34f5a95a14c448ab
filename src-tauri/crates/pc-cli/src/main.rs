//! The binary `partner`: clap -> pc-app -> text or JSON. Deliberately absent: decisions.
//!
//! Exit status: 0 done, 1 the user's to fix, 2 ours.

mod args;
mod command;
mod figures;
mod interrupt;
mod progress;
mod shown;
mod table;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use clap::error::ErrorKind;
use pc_base::{Code, Failure, Kind, coded};

use crate::args::Args;
use crate::shown::Shown;

fn main() -> ExitCode {
    if let Some(code) = pc_app::hidden_main() {
        return code;
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return unread(&error),
    };
    let shown = Arc::new(Shown::new(args.json, args.language()));
    // Nothing that a person sent may show them a panic: it becomes the same refusal as any other fault of ours.
    std::panic::set_hook(Box::new(|_| {}));
    let run = std::panic::AssertUnwindSafe(|| run(args, &shown));
    let outcome = std::panic::catch_unwind(run);
    let outcome = outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("a part of the program stopped unexpectedly")));
    match outcome {
        Ok(code) => code,
        Err(error) => refused(&Failure::of(&error, shown.language()), &shown),
    }
}

fn run(args: Args, shown: &Arc<Shown>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    let outcome = runtime.block_on(interrupt::guarded(shown, |cancel| command::run(args.command, shown, cancel)));
    // What still blocks (a cancelled read of a slow disk) must not keep the program.
    runtime.shutdown_background();
    outcome
}

fn refused(failure: &Failure, shown: &Shown) -> ExitCode {
    shown.failure(failure);
    ExitCode::from(if failure.kind() == Kind::User { 1 } else { 2 })
}

/// Help and version are no errors; a wrong command line is the user's to fix, so it ends with 1 and not with clap's 2.
fn unread(error: &clap::Error) -> ExitCode {
    let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if help || !std::env::args_os().any(|arg| arg == "--json") {
        // Where the reader has gone there is nobody to tell.
        let _ = error.print();
        return if help { ExitCode::SUCCESS } else { ExitCode::from(1) };
    }
    let text = error.to_string();
    let why = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let refusal = coded(Code::InputInvalid).with("what", "the command line").with("why", why);
    refused(&Failure::of(&refusal.into(), args::language(None)), &Shown::new(true, args::language(None)))
}
