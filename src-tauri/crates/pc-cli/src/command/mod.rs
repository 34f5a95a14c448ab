//! Each command: its arguments to a use-case, its outcome to what is shown.

mod bench;
mod chat;
mod checks;
mod cloud;
mod database;
mod dataset;
mod deploy;
#[cfg(debug_assertions)]
mod dev_host;
mod drafts;
mod edits;
mod keys;
mod library;
mod main_job;
mod model;
mod privacy;
mod receipt;
mod serve;
mod tune;
mod usage;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use pc_app::api::{KeyPlace, Quant, TaskProgress};
use pc_app::{App, Live, unattended_keychain};
use pc_base::{Cancel, Language, Places, Progress, Reporter as _, SystemClock, Unit};

use crate::args::{Command, Model, Weights};
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

/// The home with its keychain. Nobody can be asked here, so where there is none it is the key file, and that is said once.
fn opened(places: &Places, shown: &Shown) -> Result<App> {
    let known = places.key_file.exists();
    let (place, keychain) = unattended_keychain(places)?;
    if place == KeyPlace::File && !known {
        let file = places.key_file.display();
        shown.aside(&match shown.language() {
            Language::English => format!("There is no keychain here, so the master key is kept in {file}"),
            Language::Chinese => format!("本机没有可用的钥匙串，主密钥保存在 {file}"),
        });
    }
    App::open_with(places.clone(), keychain, Arc::new(SystemClock))
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
    let call = || anyhow::Ok(Call { app: opened(&places, &shown)?, shown: shown.clone(), cancel: cancel.clone() });
    match command {
        // What stays on this machine needs no keychain, either.
        Command::Dataset(command) if !command.needs_keys() => {
            return dataset::run(command, &Call { app: App::open(places)?, shown, cancel }).await;
        }
        Command::Chat(chat) => return blocking(move || chat::run(&chat, &places, &shown, &cancel)).await,
        #[cfg(debug_assertions)]
        Command::DevHost { port, ui } => dev_host::run(places, port, ui, &shown).await?,
        Command::Bench { what, quant, megabytes, seconds } => {
            let extent = bench::extent(megabytes, seconds);
            blocking(move || bench::run(what, quant, extent, &places, &shown, &cancel)).await?;
        }
        Command::Model(command @ Model::Pull { .. }) => model::run(command, &call()?).await?,
        // The other commands about models need no cloud, and so no keychain.
        Command::Model(command) => model::run(command, &Call { app: App::open(places)?, shown, cancel }).await?,
        Command::Dataset(command) => return dataset::run(command, &call()?).await,
        Command::Database(command) if command.needs_keys() => database::run(command, &call()?).await?,
        Command::Database(command) => database::run(command, &Call { app: App::open(places)?, shown, cancel }).await?,
        Command::Receipt(command) => blocking(move || receipt::run(command, &shown)).await?,
        Command::Cloud(command) => cloud::run(command, places.clone(), shown.clone(), call).await?,
        Command::Tune(command) => return tune::run(command, &call()?).await,
        Command::Deploy(command) => deploy::run(command, &call()?).await?,
        Command::Usage(command) => usage::run(command, &call()?).await?,
        Command::MainJob(job) => main_job::run(job, &call()?).await?,
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
