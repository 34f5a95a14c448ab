//! Multipart bodies straight into sealed blobs: a few chunks of a file are in memory, whatever its size.

use std::sync::Arc;

use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::http::{HeaderMap, StatusCode};
use futures_util::TryStreamExt as _;
use pc_store::cloud::StoredFile;
use uuid::Uuid;

use crate::caller::{Caller, blocking};
use crate::intake::{Hashes, Sent, Sums, Taken, take};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// What a form brought.
#[derive(Default)]
pub(super) struct Form {
    pub files: Vec<Received>,
    pub purpose: Option<String>,
    pub descriptions: Vec<String>,
    /// Every other text part by its name.
    pub others: Vec<(String, String)>,
}

impl Form {
    /// Destroys whatever was stored of it.
    pub fn destroy(&self, state: &State) -> anyhow::Result<()> {
        self.files.iter().filter_map(|file| file.blob.as_ref()).try_for_each(|blob| state.blobs.destroy(blob))
    }

    /// The request's key and everything by which it differs from another one to the same path.
    pub fn sent(&self, headers: &HeaderMap, path: &str) -> Answer<Sent> {
        let files = self.files.iter().flat_map(|file| [file.name.as_bytes(), file.sums.md5.as_bytes()]);
        let texts = self.purpose.iter().chain(&self.descriptions).map(String::as_bytes);
        let others = self.others.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]);
        Sent::new(headers, [path.as_bytes()].into_iter().chain(files).chain(texts).chain(others))
    }
}

/// What a handler takes as its form.
pub(super) type Sending = Result<Multipart, MultipartRejection>;

/// Reads a form and lets `make` put its files into rows; `make` answers whether it did. Unless rows name them then, the
/// blobs are nobody's and are destroyed.
pub(super) async fn keep<T: Send + 'static>(
    state: Arc<State>,
    caller: &Caller,
    form: Sending,
    part: Part<'_>,
    make: impl FnOnce(&Arc<State>, &Form) -> Answer<(T, bool)> + Send + 'static,
) -> Answer<T> {
    let form = form.map_err(|error| Refusal::invalid(error.body_text()))?;
    let form = receive(&state, caller, form, part).await?;
    blocking(move || {
        let made = make(&state, &form);
        if !matches!(made, Ok((_, true))) {
            form.destroy(&state)?;
        }
        made.map(|(made, _)| made)
    })
    .await
}

/// One file of a form: stored, or too large.
pub(super) struct Received {
    pub name: String,
    pub bytes: u64,
    pub sums: Sums,
    /// Nothing where it was over a limit and not kept.
    pub blob: Option<String>,
}

/// Where a form's files are, and how many bytes one of them may have.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub name: &'a str,
    pub limit: u64,
}

/// Reads a form. On an error nothing of it stays.
pub(super) async fn receive(state: &Arc<State>, caller: &Caller, mut form: Multipart, part: Part<'_>) -> Answer<Form> {
    let mut received = Form::default();
    let read = read_parts(state, caller, &mut form, part, &mut received).await;
    if let Err(refusal) = read {
        let state = state.clone();
        blocking(move || Ok(received.destroy(&state)?)).await?;
        return Err(refusal);
    }
    if received.files.is_empty() {
        return Err(Refusal::invalid(format!("The part {} is missing.", part.name)).on(part.name));
    }
    Ok(received)
}

async fn read_parts(
    state: &Arc<State>,
    caller: &Caller,
    form: &mut Multipart,
    part: Part<'_>,
    received: &mut Form,
) -> Answer<()> {
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == part.name {
            if received.files.len() >= 100 {
                return Err(Refusal::invalid("A request may have at most 100 files."));
            }
            received.files.push(store(state, caller, field, part.limit).await?);
            continue;
        }
        let mut text = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            if text.len() + chunk.len() > 4096 {
                return Err(Refusal::invalid(format!("The part {name} is too long.")));
            }
            text.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(text).map_err(|_| Refusal::invalid(format!("The part {name} is not UTF-8.")))?;
        match name.as_str() {
            "purpose" => received.purpose = Some(text),
            "descriptions" | "description" if received.descriptions.len() < 100 => received.descriptions.push(text),
            _ if received.others.len() < 100 => received.others.push((name, text)),
            _ => return Err(Refusal::invalid("The form has too many parts.")),
        }
    }
    Ok(())
}

async fn store(state: &Arc<State>, caller: &Caller, field: Field<'_>, limit: u64) -> Answer<Received> {
    let name = name_of(field.file_name().unwrap_or("file"));
    let taken = take(state, &caller.workspace, limit, Hashes::of_a_file(), field.map_err(broken)).await?;
    blocking(move || {
        let Taken { bytes, hashes, blob } = taken;
        Ok(Received { name, bytes, sums: hashes.finish(), blob: blob.map(|blob| blob.commit()).transpose()? })
    })
    .await
}

/// A file's name as it is kept: shown to people, never a path.
pub(super) fn name_of(sent: &str) -> String {
    sent.chars().filter(|c| !c.is_control()).take(255).collect()
}

/// Why there is no room for a file of at most `most` bytes beside `others` (files and bytes) that are about to be added; nothing where there is.
pub(super) fn no_room(
    state: &State,
    workspace: &str,
    bytes: u64,
    most: u64,
    others: (u64, u64),
) -> anyhow::Result<Option<Refusal>> {
    let (count, all) = state.store.read(|tx| {
        // What was announced and is still coming has its room already.
        let held = [tx.file_totals(workspace)?, tx.resumable_totals(workspace)?, tx.upload_totals(workspace)?, others];
        Ok(held.iter().fold((0, 0), |sum: (u64, u64), more| (sum.0 + more.0, sum.1.saturating_add(more.1))))
    })?;
    let large = |message: &str| Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "BadRequest.TooLarge", message);
    let profile = &state.profile;
    Ok(if bytes > most {
        Some(large("The file exceeds the size limit."))
    } else if all.saturating_add(bytes) > profile.all_files_bytes {
        Some(large("There is no room left for this file."))
    } else if count >= profile.files {
        Some(Refusal::new(StatusCode::BAD_REQUEST, "BadRequest.TooMany", "There are too many files."))
    } else {
        None
    })
}

fn broken(error: MultipartError) -> Refusal {
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        // The body's own error; all others are about its form.
        if inner.is::<axum::Error>() {
            return Refusal::broke_off();
        }
        cause = inner.source();
    }
    Refusal::invalid(format!("The multipart body is not valid: {}.", error.body_text()))
}

/// The purposes that are accepted; a missing one is a fine-tune, because the official SDK never sends it.
pub(super) fn purpose_of(sent: Option<&str>) -> Answer<String> {
    match sent.map(str::trim).filter(|text| !text.is_empty()) {
        None | Some("fine-tune" | "fine_tune") => Ok("fine-tune".to_owned()),
        Some(other @ ("file-extract" | "batch")) => Ok(other.to_owned()),
        Some(_) => Err(Refusal::invalid("purpose must be fine-tune, file-extract or batch.")),
    }
}

/// The rows of received files, before the database numbers them.
pub(super) fn row_of(state: &State, caller: &Caller, file: &Received, purpose: &str, compatible: bool) -> StoredFile {
    let id = Uuid::new_v4();
    let short = id.simple().to_string()[..20].to_owned();
    let file_id = match (compatible, purpose) {
        (false, _) => id.to_string(),
        (true, "batch") => format!("file-batch-{short}"),
        (true, "fine-tune") => format!("file-ft-{short}"),
        (true, _) => format!("file-fe-{short}"),
    };
    StoredFile {
        file_id,
        workspace_id: caller.workspace.clone(),
        api_key_id: caller.api_key_id.clone(),
        name: file.name.clone(),
        purpose: purpose.to_owned(),
        bytes: file.bytes,
        md5: file.sums.md5.clone(),
        crc64: file.sums.crc64.clone(),
        blob: file.blob.clone().unwrap_or_default(),
        created_at: state.now_text(),
        ..StoredFile::default()
    }
}
