//! A wish to stop that long work looks at between its steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Code, coded};

/// Shared by the one who may cancel and the one who works; clones are the same flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the work to stop at its next step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends the work with [`Code::Cancelled`] when somebody asked.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.is_cancelled() { Err(coded(Code::Cancelled).into()) } else { Ok(()) }
    }
}
