//! One question to any model by the playground's own path, with an end: an answer that grows or lasts beyond reason is stopped and
//! what came of it is kept. Deliberately absent: a client of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use pc_base::{Cancel, Code, Language, coded};

use crate::api::{ChatEvent, ChatSend};
use crate::app::App;
use crate::live::Live;

/// How often the wish to stop and the clock are looked at.
const TICK: Duration = Duration::from_millis(50);
/// A model that is told to stop gets this long to do so.
const GRACE: Duration = Duration::from_secs(3);

/// What an answer may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub characters: usize,
    pub time: Duration,
}

/// What a model said.
#[derive(Debug)]
pub(super) struct Said {
    pub text: String,
    /// It did not come to its own end.
    pub cut: bool,
}

/// Tells an answer to stop, however the waiting for it ends: a local model computes on a thread that nobody else ends.
struct Stop(Cancel);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[derive(Default)]
struct Heard {
    text: String,
    characters: usize,
}

/// Asks, and waits within the bounds. [`Code::Cancelled`] when somebody wished so, and the errors of `chat_send`.
pub(super) async fn ask(app: &App, asked: ChatSend, bounds: Bounds, cancel: &Cancel) -> Result<Said> {
    let (stop, heard) = (Stop(Cancel::default()), Arc::new(Mutex::new(Heard::default())));
    let live = listener(&heard, bounds.characters, stop.0.clone());
    let started = Instant::now();
    let mut asking = Box::pin(app.chat_send(asked, Language::English, &live));
    let ended = loop {
        tokio::select! {
            done = &mut asking => break Some(done),
            () = tokio::time::sleep(TICK) => {}
        }
        if cancel.is_cancelled() || started.elapsed() >= bounds.time || stop.0.is_cancelled() {
            stop.0.cancel();
            break tokio::time::timeout(GRACE, &mut asking).await.ok();
        }
    };
    cancel.check()?;
    let heard = std::mem::take(&mut heard.lock().unwrap_or_else(PoisonError::into_inner).text);
    match ended {
        Some(Ok(done)) => Ok(Said { cut: done.finish_reason != "stop", text: done.text }),
        Some(Err(error)) if !stop.0.is_cancelled() => Err(error),
        _ if heard.is_empty() => bail!(coded(Code::DraftSilent).with("seconds", bounds.time.as_secs())),
        _ => Ok(Said { text: heard, cut: true }),
    }
}

/// Keeps what is heard, and stops the answer where it is too much.
fn listener(heard: &Arc<Mutex<Heard>>, most: usize, stop: Cancel) -> Live<ChatEvent> {
    let heard = heard.clone();
    let over = stop.clone();
    let told = move |event| {
        let ChatEvent::Text { text } = event else { return };
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.characters += text.chars().count();
        if heard.characters > most {
            over.cancel();
        } else {
            heard.text.push_str(&text);
        }
    };
    Live::new(told, stop)
}
