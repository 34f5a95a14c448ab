//! Each command: its arguments to a use-case, its outcome to what is shown.

mod bench;
mod chat;
mod dataset;
#[cfg(debug_assertions)]
mod dev_host;
mod model;
mod serve;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use pc_app::api::{Quant, TaskProgress};
use pc_app::{App, Live};
use pc_base::{Cancel, Language, Places, Progress, Reporter as _, Unit};

use crate::args::{Cloud, Command, Dataset, Weights};
use crate::shown::Shown;

/// Everything that a command works with.
struct Call {
    app: App,
    shown: Arc<Shown>,
    cancel: Cancel,
}

impl Call {
    fn language(&self) -> Language {
        self.shown.language()
    }

    /// Shows a stream's progress.
    fn live(&self) -> Live<TaskProgress> {
        let shown = self.shown.clone();
        Live::new(move |event: TaskProgress| shown.report(progress(event)), self.cancel.clone())
    }
}

fn progress(event: TaskProgress) -> Progress {
    let unit = match event.unit.as_str() {
        "bytes" => Unit::Bytes,
        "rows" => Unit::Rows,
        "tokens" => Unit::Tokens,
        _ => Unit::Steps,
    };
    Progress { stage: event.stage, done: event.done, total: event.total, unit }
}

/// Runs one command.
pub async fn run(command: Command, shown: &Arc<Shown>, cancel: Cancel) -> Result<ExitCode> {
    let places = Places::from_env()?;
    let shown = shown.clone();
    let call = || anyhow::Ok(Call { app: App::open(places.clone())?, shown: shown.clone(), cancel: cancel.clone() });
    match command {
        Command::Cloud(Cloud::Serve { port, data, api_key }) => {
            blocking(move || serve::serve(port, data, api_key, &places, &shown)).await?;
        }
        Command::Cloud(Cloud::Stop) => serve::stop(&places, &shown).await?,
        Command::Dataset(Dataset::Check { file }) => {
            return blocking(move || dataset::check(&file, &shown, &cancel)).await;
        }
        Command::Chat(chat) => return blocking(move || chat::run(&chat, &places, &shown, &cancel)).await,
        #[cfg(debug_assertions)]
        Command::DevHost { port, ui } => dev_host::run(places, port, ui, &shown).await?,
        Command::Bench { what } => blocking(move || bench::run(what, &places, &shown, &cancel)).await?,
        Command::Model(command) => model::run(command, &call()?).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs what computes or waits on a thread of its own, so that Ctrl-C is still heard.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("a part of the program stopped unexpectedly")?
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
