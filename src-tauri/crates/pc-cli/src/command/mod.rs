//! Each command: its arguments to a use-case, its outcome to what is shown.

mod bench;
mod chat;
mod cloud;
mod dataset;
mod model;

use std::process::ExitCode;

use anyhow::Result;
use pc_app::Quant;
use pc_base::Places;

use crate::args::{Command, Dataset, Weights};
use crate::shown::Shown;

/// Runs one command.
pub fn run(command: Command, shown: &Shown) -> Result<ExitCode> {
    let places = Places::from_env()?;
    match command {
        Command::Cloud(command) => cloud::run(command, &places, shown).map(|()| ExitCode::SUCCESS),
        Command::Dataset(Dataset::Check { file }) => dataset::check(&file, shown),
        Command::Model(command) => model::run(command, &places, shown).map(|()| ExitCode::SUCCESS),
        Command::Chat(chat) => chat::run(&chat, &places, shown),
        Command::Bench { what } => bench::run(what, &places, shown).map(|()| ExitCode::SUCCESS),
    }
}

impl From<Weights> for Quant {
    fn from(weights: Weights) -> Self {
        match weights {
            Weights::F32 => Self::F32,
            Weights::Int8 => Self::Int8,
            Weights::Int4 => Self::Int4,
        }
    }
}
