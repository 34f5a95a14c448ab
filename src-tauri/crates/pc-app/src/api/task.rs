//! The task centre: everything long that is under way on this machine.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A running stream's progress, and the event type of streams that have nothing else to say.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TaskProgress {
    /// `hash`, `check`, `upload`, `download`, `convert`, `load` …
    pub stage: String,
    pub done: u64,
    pub total: Option<u64>,
    /// `bytes`, `rows`, `tokens` or `steps`.
    pub unit: String,
}

/// `task_list`: a row. Fine-tunes are not here: they are the cloud's and have their own list.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TaskRow {
    pub id: String,
    /// The command's name, such as `dataset_upload`.
    pub command: String,
    /// What it works on: a file name, a model.
    pub subject: String,
    pub progress: Option<TaskProgress>,
    /// RFC 3339.
    pub started_at: String,
}

/// `task_cancel`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TaskId {
    pub id: String,
}
