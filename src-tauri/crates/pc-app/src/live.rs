//! What a stream hands to its use-case: where events go, and the wish to stop. Deliberately absent: transports.

use std::sync::Arc;

use pc_base::{Cancel, Progress, Reporter, Unit};

use crate::api::TaskProgress;

/// The living end of a stream. Clones speak to the same listener.
pub struct Live<E> {
    on_event: Arc<dyn Fn(E) + Send + Sync>,
    pub cancel: Cancel,
}

impl<E> Clone for Live<E> {
    fn clone(&self) -> Self {
        Self { on_event: self.on_event.clone(), cancel: self.cancel.clone() }
    }
}

impl<E> Live<E> {
    /// Events go to `on_event`, which is called from any thread and must be quick.
    pub fn new(on_event: impl Fn(E) + Send + Sync + 'static, cancel: Cancel) -> Self {
        Self { on_event: Arc::new(on_event), cancel }
    }

    /// Tells the listener.
    pub fn tell(&self, event: E) {
        (self.on_event)(event);
    }
}

impl Reporter for Live<TaskProgress> {
    fn report(&self, progress: Progress) {
        self.tell(progress.into());
    }
}

impl From<Progress> for TaskProgress {
    fn from(progress: Progress) -> Self {
        let unit = match progress.unit {
            Unit::Bytes => "bytes",
            Unit::Rows => "rows",
            Unit::Tokens => "tokens",
            Unit::Steps => "steps",
        };
        Self { stage: progress.stage, done: progress.done, total: progress.total, unit: unit.to_owned() }
    }
}
