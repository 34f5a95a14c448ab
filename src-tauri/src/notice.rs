//! A native notification when a fine-tune ends while the window is not in front. Deliberately absent: how a job ends.

use std::collections::HashMap;
use std::time::Duration;

use pc_app::api::{Tag, TuneRow, TuneStatus};
use pc_base::Language;
use serde_json::json;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_notification::NotificationExt as _;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::bridge::Console;
use crate::window;
use crate::words::{Words, words};

/// How often a running job is asked after when nothing else brings news of it.
const ASKED_EVERY: Duration = Duration::from_secs(10);

/// Watches the jobs for as long as the program runs.
pub fn watch(handle: &AppHandle) {
    let console = handle.state::<Console>();
    let Ok(app) = console.app(Language::English) else { return };
    let mut changes = app.changes();
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        let mut known = HashMap::new();
        while news(&mut changes, known.values().any(|status| !ended(*status))).await {
            let Some(rows) = jobs(&handle).await else { continue };
            for row in newly_ended(&known, &rows) {
                tell(&handle, row);
            }
            known = rows.iter().map(|row| (row.job_id.clone(), row.status)).collect();
        }
    });
}

/// Waits until the jobs may have changed; false once the program ends.
async fn news(changes: &mut Receiver<Vec<Tag>>, running: bool) -> bool {
    use tokio::sync::broadcast::error::RecvError;
    let heard = async {
        loop {
            match changes.recv().await {
                Ok(tags) if tags.contains(&Tag::Tunes) => return true,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return true,
                Err(RecvError::Closed) => return false,
            }
        }
    };
    if running { timeout(ASKED_EVERY, heard).await.unwrap_or(true) } else { heard.await }
}

async fn jobs(handle: &AppHandle) -> Option<Vec<TuneRow>> {
    let console = handle.state::<Console>();
    let language = console.language();
    let answer = console.app(language).ok()?.call("tune_list", json!({}), language).await.ok()?;
    serde_json::from_value(answer).ok()
}

/// Those that were seen running and have ended since.
fn newly_ended<'a>(known: &HashMap<String, TuneStatus>, rows: &'a [TuneRow]) -> impl Iterator<Item = &'a TuneRow> {
    rows.iter().filter(|row| ended(row.status) && known.get(&row.job_id).is_some_and(|before| !ended(*before)))
}

fn ended(status: TuneStatus) -> bool {
    matches!(status, TuneStatus::Succeeded | TuneStatus::Failed | TuneStatus::Canceled)
}

fn heading(words: &Words, status: TuneStatus) -> &'static str {
    match status {
        TuneStatus::Failed => words.failed,
        TuneStatus::Canceled => words.canceled,
        _ => words.succeeded,
    }
}

/// A window in front shows the end itself.
fn tell(handle: &AppHandle, row: &TuneRow) {
    if window::is_in_front(handle) {
        return;
    }
    let words = words(handle.state::<Console>().language());
    let text = match &row.reason {
        Some(reason) => format!("{}: {reason}", row.name),
        None => row.name.clone(),
    };
    // A desktop without notifications loses nothing: the page shows the same.
    let _ = handle.notification().builder().title(heading(words, row.status)).body(text).show();
}
