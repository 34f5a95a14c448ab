//! Models of this machine that are open for chat, so that the second question does not load again. Deliberately absent:
//! which model a question is for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use pc_runtime::{Chat, Options, init_default};

/// Two stay open, so that base and tuned can be asked side by side.
const KEPT: usize = 2;

type Shared = Arc<Mutex<Chat>>;

/// The open ones, the last used at the end.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Vec<(PathBuf, Shared)>>);

impl Sessions {
    fn open(&self) -> MutexGuard<'_, Vec<(PathBuf, Shared)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model of an ONNX folder, opened now unless it is open; blocks.
    pub(crate) fn get(&self, dir: &Path) -> Result<Shared> {
        let mut open = self.open();
        if let Some(at) = open.iter().position(|(path, _)| path == dir) {
            let found = open.remove(at);
            open.push(found.clone());
            return Ok(found.1);
        }
        // The oldest goes before the new one comes, because both may not fit into memory.
        if open.len() >= KEPT {
            open.remove(0);
        }
        init_default()?;
        let chat = Arc::new(Mutex::new(Chat::open(dir, Options::default())?));
        open.push((dir.to_owned(), chat.clone()));
        Ok(chat)
    }

    /// Closes what lies below a folder, which is about to go.
    pub(crate) fn close(&self, folder: &Path) {
        self.open().retain(|(path, _)| !path.starts_with(folder));
    }
}
