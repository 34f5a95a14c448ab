//! Multipart bodies straight into sealed blobs: a few chunks of a file are in memory, whatever its size.

use std::io::Write as _;
use std::sync::Arc;

use axum::extract::multipart::{Field, Multipart, MultipartError};
use bytes::Bytes;
use md5::{Digest as _, Md5};
use pc_store::cloud::StoredFile;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::caller::{Caller, blocking};
use crate::refusal::{Answer, Refusal};
use crate::state::{State, owner_of};

/// What a form brought.
#[derive(Default)]
pub(super) struct Form {
    pub files: Vec<Received>,
    pub purpose: Option<String>,
    pub descriptions: Vec<String>,
    /// Every other text part by its name.
    pub others: Vec<(String, String)>,
}

/// One file of a form: stored, or too large.
pub(super) struct Received {
    pub name: String,
    pub bytes: u64,
    pub md5: String,
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
        let blobs: Vec<String> = received.files.into_iter().filter_map(|file| file.blob).collect();
        let state = state.clone();
        blocking(move || Ok(blobs.iter().try_for_each(|blob| state.blobs.destroy(blob))?)).await?;
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

async fn store(state: &Arc<State>, caller: &Caller, mut field: Field<'_>, limit: u64) -> Answer<Received> {
    let name: String = field.file_name().unwrap_or("file").chars().filter(|c| !c.is_control()).take(255).collect();
    let (sender, mut receiver) = mpsc::channel::<Bytes>(4);
    let (writing, workspace) = (state.clone(), caller.workspace.clone());
    let writer = tokio::task::spawn_blocking(move || -> anyhow::Result<(u64, String, Option<String>, bool)> {
        let key = writing.key(&workspace)?;
        let mut blob = writing.blobs.create(&key, &owner_of(&workspace))?;
        let (mut digest, mut bytes, mut whole) = (Md5::new(), 0_u64, false);
        while let Some(chunk) = receiver.blocking_recv() {
            if chunk.is_empty() {
                whole = true;
                break;
            }
            bytes += chunk.len() as u64;
            if bytes <= limit {
                digest.update(&chunk);
                blob.write_all(&chunk)?;
            }
        }
        let id = if whole && bytes <= limit { Some(blob.commit()?) } else { None };
        Ok((bytes, hex::encode(digest.finalize()), id, whole))
    });
    // An empty chunk marks the end, so that a connection that breaks off does not look like one.
    let mut failed = None;
    loop {
        match field.chunk().await {
            Ok(Some(chunk)) if chunk.is_empty() => {}
            Ok(Some(chunk)) => {
                if sender.send(chunk).await.is_err() {
                    break;
                }
            }
            Ok(None) => {
                // The writer may have failed already; its result tells.
                let _gone = sender.send(Bytes::new()).await;
                break;
            }
            Err(error) => {
                failed = Some(broken(error));
                break;
            }
        }
    }
    drop(sender);
    let (bytes, md5, blob, _) = writer.await.map_err(anyhow::Error::from)??;
    match failed {
        Some(refusal) => Err(refusal),
        None => Ok(Received { name, bytes, md5, blob }),
    }
}

fn broken(error: MultipartError) -> Refusal {
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
        md5: file.md5.clone(),
        blob: file.blob.clone().unwrap_or_default(),
        created_at: state.now_text(),
        ..StoredFile::default()
    }
}
