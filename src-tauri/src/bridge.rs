//! Carries the command table between Rust and the window's content: two commands that ask, one that cancels, one event
//! that says what is stale. Every refusal is a `Failure`, a panic included.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::anyhow;
use futures_util::FutureExt as _;
use pc_app::App;
use pc_app::api::Tag;
use pc_base::{Cancel, Failure, Language, Places};
use serde_json::{Value, json};
use tauri::ipc::Channel;
use tauri::{AppHandle, Emitter as _, Manager as _, State};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use crate::{merge, window};

/// How long a stream's events are gathered before they cross to the content.
const GATHERED: Duration = Duration::from_millis(50);

/// What the window's commands share.
pub struct Console {
    /// A home that cannot be opened is told to whoever asks, in a window that is there.
    app: anyhow::Result<App>,
    streams: Mutex<HashMap<String, Cancel>>,
    language: Mutex<Language>,
}

impl Console {
    /// Opens the home.
    pub fn open(places: Places) -> Self {
        let runtime = tauri::async_runtime::handle();
        let _entered = runtime.inner().enter();
        Self { app: App::open(places), streams: Mutex::default(), language: Mutex::new(window::system_language()) }
    }

    /// The program, or why there is none.
    pub fn app(&self, language: Language) -> Result<&App, Failure> {
        self.app.as_ref().map_err(|error| Failure::of(error, language))
    }

    /// The reader's language as the content last spoke it.
    pub fn language(&self) -> Language {
        *self.language.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<String, Cancel>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the language of a request; the title and the tray follow when it is another one.
    fn hear(&self, handle: &AppHandle, tag: &str) -> Language {
        let language = Language::from_locale(tag);
        let before = std::mem::replace(&mut *self.language.lock().unwrap_or_else(PoisonError::into_inner), language);
        if before != language {
            window::speak(handle, language);
        }
        language
    }
}

/// Answers a query or a mutation.
#[tauri::command]
pub async fn rpc(
    handle: AppHandle,
    console: State<'_, Console>,
    command: String,
    request: Value,
    language: String,
) -> Result<Value, Failure> {
    let language = console.hear(&handle, &language);
    let app = console.app(language)?;
    guarded(app.call(&command, request, language), language).await
}

/// Runs a stream; its events go through the channel, its answer is the command's.
#[tauri::command]
pub async fn stream(
    handle: AppHandle,
    console: State<'_, Console>,
    command: String,
    request: Value,
    language: String,
    channel: Channel<Value>,
    stream_id: String,
) -> Result<Value, Failure> {
    let language = console.hear(&handle, &language);
    let app = console.app(language)?;
    // A cancel that overtook its stream has already made the entry.
    let cancel = console.streams().entry(stream_id.clone()).or_default().clone();
    let (send, events) = unbounded_channel();
    let told = move |event| {
        // Events that come after the content went away have no reader.
        let _ = send.send(event);
    };
    let work = guarded(app.stream(&command, request, language, told, cancel), language);
    let (answer, ()) = tokio::join!(work, forward(events, &channel));
    console.streams().remove(&stream_id);
    answer
}

/// Asks a stream to stop.
#[tauri::command]
pub fn stream_cancel(console: State<'_, Console>, stream_id: String) {
    console.streams().entry(stream_id).or_default().cancel();
}

/// A panic must reach the content as a refusal, or its promise would never end.
async fn guarded(work: impl Future<Output = Result<Value, Failure>>, language: Language) -> Result<Value, Failure> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Failure::of(&anyhow!("a part of the program stopped unexpectedly"), language)))
}

/// The first event crosses at once, so that the first word of an answer is not late; those after it cross together.
async fn forward(mut events: UnboundedReceiver<Value>, channel: &Channel<Value>) {
    while let Some(first) = events.recv().await {
        let _ = channel.send(first);
        let until = Instant::now() + GATHERED;
        let mut gathered = Vec::new();
        while let Ok(Some(event)) = timeout_at(until, events.recv()).await {
            merge::push(&mut gathered, event);
        }
        for event in gathered {
            let _ = channel.send(event);
        }
    }
}

/// Tells the content what is stale, for as long as the program runs.
pub fn broadcast(handle: &AppHandle) {
    let console = handle.state::<Console>();
    let Ok(app) = console.app(Language::English) else { return };
    let mut changes = app.changes();
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        loop {
            let tags = match changes.recv().await {
                Ok(tags) => tags,
                // Some were missed, so anything may be stale.
                Err(RecvError::Lagged(_)) => Tag::ALL.to_vec(),
                Err(RecvError::Closed) => break,
            };
            let _ = handle.emit_to(window::LABEL, "changed", json!({ "tags": tags }));
        }
    });
}
