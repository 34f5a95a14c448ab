//! How far long work is. Libraries report, programs show; no library prints.

use serde::{Deserialize, Serialize};

/// What `done` and `total` count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Bytes,
    Rows,
    Tokens,
    Steps,
}

/// One report. Reports are lossy: only the newest matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// A short stable name such as `upload` or `convert`; the shower has words for it.
    pub stage: String,
    pub done: u64,
    /// Nothing while the end is not known.
    pub total: Option<u64>,
    pub unit: Unit,
}

/// Receives reports; called often, so it must be quick.
pub trait Reporter: Send + Sync {
    /// Takes one report.
    fn report(&self, progress: Progress);
}

/// Nobody is looking.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn report(&self, _: Progress) {}
}

impl<F: Fn(Progress) + Send + Sync> Reporter for F {
    fn report(&self, progress: Progress) {
        self(progress);
    }
}
