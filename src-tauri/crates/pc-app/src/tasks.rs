//! Streams that run now: listed, watched and cancelled from the task centre. Deliberately absent: what they do, and
//! fine-tunes, which are the cloud's.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pc_base::Cancel;
use serde_json::Value;
use uuid::Uuid;

use crate::api::{Tag, TaskProgress, TaskRow};
use crate::app::App;

/// Between two broadcasts of one task's progress.
const TOLD_EVERY: Duration = Duration::from_millis(500);
/// Between two reports of progress that go on to whoever started the task: more often nobody can read.
const PASSED_EVERY: Duration = Duration::from_millis(50);

/// All of them, oldest first: ids sort by their time.
#[derive(Default)]
pub(crate) struct Tasks(Mutex<BTreeMap<String, Entry>>);

struct Entry {
    row: TaskRow,
    cancel: Cancel,
    told: Instant,
    passed: Instant,
}

/// A task on the list. It leaves when its work has ended, which may be later than the wish.
pub(crate) struct Task {
    id: String,
    app: App,
}

impl Tasks {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a stream on the list.
    pub(crate) fn begin(&self, command: &str, request: &Value, cancel: Cancel, app: &App) -> Arc<Task> {
        let id = Uuid::now_v7().to_string();
        let row = TaskRow {
            id: id.clone(),
            command: command.to_owned(),
            subject: subject(request),
            progress: None,
            started_at: app.now(),
        };
        self.entries().insert(id.clone(), Entry { row, cancel, told: Instant::now(), passed: Instant::now() });
        app.changed(&[Tag::Tasks]);
        Arc::new(Task { id, app: app.clone() })
    }

    pub(crate) fn list(&self) -> Vec<TaskRow> {
        self.entries().values().map(|entry| entry.row.clone()).collect()
    }

    /// Whether there was such a task.
    pub(crate) fn cancel(&self, id: &str) -> bool {
        let entries = self.entries();
        let found = entries.get(id);
        if let Some(entry) = found {
            entry.cancel.cancel();
        }
        found.is_some()
    }
}

impl Task {
    /// Takes an event; only those that are progress change the row. Answers whether to pass it on: progress that follows
    /// at once is dropped, unless it is a stage's first or last.
    pub(crate) fn progressed(&self, event: &Value) -> bool {
        let Ok(progress) = serde_json::from_value::<TaskProgress>(event.clone()) else { return true };
        let mut entries = self.app.tasks().entries();
        let Some(entry) = entries.get_mut(&self.id) else { return true };
        let before = entry.row.progress.as_ref();
        let new = before.is_none_or(|before| before.stage != progress.stage);
        let passed = new || progress.total == Some(progress.done) || entry.passed.elapsed() >= PASSED_EVERY;
        if passed {
            entry.passed = Instant::now();
        }
        entry.row.progress = Some(progress);
        if entry.told.elapsed() >= TOLD_EVERY {
            entry.told = Instant::now();
            drop(entries);
            self.app.changed(&[Tag::Tasks]);
        }
        passed
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.app.tasks().entries().remove(&self.id);
        self.app.changed(&[Tag::Tasks]);
    }
}

/// What a request is about, by the fields that requests have; only names, never contents.
fn subject(request: &Value) -> String {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(path) = text(request, "path") {
        let name = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
        return name.unwrap_or(path);
    }
    let target = request.get("target").unwrap_or(request);
    ["model", "deployed_model", "job_id"].iter().find_map(|name| text(target, name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_subject_is_a_name_and_never_what_was_said() {
        assert_eq!(subject(&json!({"path": "/a/b/train.jsonl"})), "train.jsonl");
        assert_eq!(subject(&json!({"model": "m", "quant": "int4"})), "m");
        let chat = json!({"target": {"kind": "local", "model": "m"}, "messages": [{"content": "a secret"}]});
        assert_eq!(subject(&chat), "m");
        assert_eq!(subject(&json!([1])), "");
    }
}
