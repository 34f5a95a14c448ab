//! Files on their way in that go on after a break: whose turn it is to append, the hashes so far, the end of what nobody
//! went on with. Deliberately absent: the wire (`routes::resumable`).

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use jiff::SignedDuration;
use pc_store::Contents;
use pc_store::cloud::{Resumable, StoredFile};
use sha2::{Digest as _, Sha256};

use super::Hashes;
use crate::refusal::{Answer, Refusal};
use crate::state::{State, owner_of, text_of};

/// After the last piece.
const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long the key of a creating request holds.
const KEYS_LIVE: SignedDuration = SignedDuration::from_hours(48);

/// What this process knows of uploads beside the database.
#[derive(Default)]
pub(crate) struct Resuming {
    appending: Mutex<HashSet<String>>,
    /// By upload: hashes over as many bytes. Lost at a restart, and then computed anew from what is stored.
    hashes: Mutex<HashMap<String, (u64, Hashes)>>,
}

/// The right to change an upload; until it is dropped nobody else has it.
pub(crate) struct Turn {
    state: Arc<State>,
    upload_id: String,
}

impl Turn {
    /// 409 while somebody else has it.
    pub fn take(state: &Arc<State>, upload_id: &str) -> Answer<Self> {
        if !held(&state.resuming.appending).insert(upload_id.to_owned()) {
            let message = "Another request is appending to this upload.";
            return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", message).again(1));
        }
        Ok(Self { state: state.clone(), upload_id: upload_id.to_owned() })
    }

    /// The hashes of the first `bytes` bytes, where they are known.
    pub fn hashes(&self, bytes: u64) -> Option<Hashes> {
        let known = held(&self.state.resuming.hashes).remove(&self.upload_id);
        known.and_then(|(so_far, hashes)| (so_far == bytes).then_some(hashes))
    }

    /// Keeps the hashes for the next piece.
    pub fn keep(&self, bytes: u64, hashes: Hashes) {
        held(&self.state.resuming.hashes).insert(self.upload_id.clone(), (bytes, Hashes { piece: None, ..hashes }));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        held(&self.state.resuming.appending).remove(&self.upload_id);
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// A stored file's plain bytes, in whichever way they lie.
    pub(crate) fn contents(&self, file: &StoredFile) -> anyhow::Result<Contents> {
        let pieces = self.store.read(|tx| tx.pieces(&file.blob))?;
        let mut parts: Vec<_> = pieces.into_iter().map(|piece| (piece.blob, piece.bytes)).collect();
        if parts.is_empty() {
            parts.push((file.blob.clone(), file.bytes));
        }
        let (key, owner) = (self.key(&file.workspace_id)?, owner_of(&file.workspace_id));
        Ok(Contents::new(&self.blobs, key, owner, parts))
    }

    /// Until when an upload lives that somebody went on with just now.
    pub(crate) fn upload_end(&self) -> String {
        text_of(self.clock.now() + LIFE)
    }

    /// MD5 and SHA-256 of all that an upload has, read from the disk.
    pub(crate) fn hashes_of(&self, upload: &Resumable) -> anyhow::Result<Hashes> {
        let (workspace_id, blob) = (upload.workspace_id.clone(), upload.upload_id.clone());
        let mut contents = self.contents(&StoredFile { workspace_id, blob, ..StoredFile::default() })?;
        let mut hashes = Hashes { sha256: Some(Sha256::new()), ..Hashes::of_a_file() };
        let mut buffer = vec![0; 1 << 18];
        loop {
            match contents.read(&mut buffer)? {
                0 => return Ok(hashes),
                read => hashes.update(&buffer[..read]),
            }
        }
    }

    /// Removes an upload that became no file, with all that arrived.
    pub(crate) fn upload_drop(&self, upload: &Resumable) -> anyhow::Result<()> {
        let blobs = self.store.write(|tx| {
            tx.resumable_remove(&upload.upload_id)?;
            if upload.file_id.is_some() { Ok(Vec::new()) } else { tx.pieces_remove(&upload.upload_id) }
        })?;
        held(&self.resuming.hashes).remove(&upload.upload_id);
        blobs.iter().try_for_each(|blob| self.blobs.destroy(blob))
    }

    /// Ends uploads that nobody went on with, and forgets keys whose time is over.
    pub(crate) fn expire_intake(&self) -> anyhow::Result<()> {
        for upload in self.store.read(|tx| tx.resumables_overdue(&self.now_text()))? {
            self.upload_drop(&upload)?;
        }
        self.store.write(|tx| tx.answered_forget(&text_of(self.clock.now() - KEYS_LIVE)))
    }
}
