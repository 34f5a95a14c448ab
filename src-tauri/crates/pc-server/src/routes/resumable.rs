//! `/api/v1/extensions/uploads`: files that go on after a break. Created with name and size, appended to at the offset that
//! has arrived, piece by piece, each with a hash of its own or without, finished with the hash of the whole. What was acknowledged survives any
//! end of the program. Deliberately absent: how bytes get onto the disk (`intake`).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::StreamExt as _;

use pc_protocol::{Answered, CreateUpload, Data, FileObject, FinishUpload, ResumableUpload};
use pc_store::cloud::{Piece, Resumable, StoredFile};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::caller::{Asked, Body as Json_, Caller, blocking};
use crate::intake::{Begun, Create, Hashes, Sums, Taken, Turn, take};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::files::shown as file_shown;
use super::unix;
use super::upload::{name_of, no_room, purpose_of};

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Create(asked, sent): Create<CreateUpload>,
) -> Answer<Json<Data<ResumableUpload>>> {
    blocking(move || {
        let once = match sent.begin(&state, &caller)? {
            Begun::Again(shown) => return Ok(caller.data(shown)),
            Begun::First(once) => once,
        };
        let row = admitted(&state, &caller, asked)?;
        let shown = shown(&state, &row, 0);
        state.store.write(|tx| {
            tx.resumable_add(&row)?;
            once.keep(tx, &shown)
        })?;
        Ok(caller.data(shown))
    })
    .await
}

fn admitted(state: &State, caller: &Caller, asked: CreateUpload) -> Answer<Resumable> {
    let name = name_of(&asked.name);
    if name.is_empty() || asked.bytes == 0 {
        return Err(Refusal::invalid("name and bytes are required, and a file has at least one byte."));
    }
    let hash = |name: &str, text: Option<String>, digits| match text {
        Some(text) if !is_hex(&text, digits) => Err(Refusal::invalid(format!("{name} must have {digits} hex digits."))),
        text => Ok(text.map(|text| text.to_lowercase())),
    };
    let purpose = purpose_of(asked.purpose.as_deref())?;
    no_room(state, &caller.workspace, asked.bytes, state.profile.file_bytes, (0, 0))?.map_or(Ok(()), Err)?;
    Ok(Resumable {
        upload_id: Uuid::new_v4().simple().to_string(),
        workspace_id: caller.workspace.clone(),
        api_key_id: caller.api_key_id.clone(),
        name,
        description: asked.description.chars().take(4096).collect(),
        purpose,
        bytes: asked.bytes,
        md5: hash("md5", asked.md5, 32)?,
        sha256: hash("sha256", asked.sha256, 64)?,
        file_id: None,
        created_at: state.now_text(),
        expires_at: state.upload_end(),
    })
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Data<ResumableUpload>>> {
    blocking(move || {
        let (row, offset) = found(&state, &caller, &id)?;
        Ok(caller.data(shown(&state, &row, offset)))
    })
    .await
}

/// An upload of this caller's workspace that still lives, and how many bytes of it have arrived.
fn found(state: &State, caller: &Caller, id: &str) -> Answer<(Resumable, u64)> {
    let found = state.store.read(|tx| {
        let Some(row) = tx.resumable(&caller.workspace, id)? else { return Ok(None) };
        let offset = if row.file_id.is_some() { row.bytes } else { tx.pieces_bytes(id)? };
        Ok(Some((row, offset)))
    })?;
    let lives = found.filter(|(row, _)| row.expires_at > state.now_text());
    lives.ok_or_else(|| Refusal::not_found("The upload"))
}

/// Where a piece belongs, and its hash for who wants to know at once that it arrived damaged.
#[derive(Deserialize)]
pub(super) struct At {
    offset: u64,
    sha256: Option<String>,
}

pub(super) async fn append(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(at): Asked<At>,
    body: Body,
) -> Answer<Json<Data<ResumableUpload>>> {
    if at.sha256.as_ref().is_some_and(|hash| !is_hex(hash, 64)) {
        return Err(Refusal::invalid("sha256 must have 64 hex digits."));
    }
    let (looking, looker, wanted) = (state.clone(), caller.clone(), id.clone());
    let (row, turn) = blocking(move || {
        // Known to be this caller's before the turn is taken, so that nobody can hold up another tenant.
        found(&looking, &looker, &wanted)?;
        let turn = Turn::take(&looking, &wanted)?;
        let (row, offset) = found(&looking, &looker, &wanted)?;
        fits(&row, offset, at.offset)?;
        Ok((row, turn))
    })
    .await?;
    let limit = (row.bytes - at.offset).min(state.profile.piece_bytes);
    let before = turn.hashes(at.offset).or_else(|| (at.offset == 0).then(|| beginning(&row)));
    let hashes = Hashes { piece: at.sha256.as_ref().map(|_| Sha256::new()), ..before.clone().unwrap_or_default() };
    let chunks =
        body.into_data_stream().map(|chunk: Result<Bytes, axum::Error>| chunk.map_err(|_| Refusal::broke_off()));
    let taken = take(&state, &caller.workspace, limit, hashes, chunks).await;
    blocking(move || {
        let kept = taken.and_then(|taken| keep(&state, &row, &at, limit, taken));
        match kept {
            Ok((offset, hashes)) => {
                if hashes.md5.is_some() {
                    turn.keep(offset, hashes);
                }
                Ok(caller.data(shown(&state, &row, offset)))
            }
            Err(refusal) => {
                before.into_iter().for_each(|hashes| turn.keep(at.offset, hashes));
                Err(refusal)
            }
        }
    })
    .await
}

fn fits(row: &Resumable, offset: u64, at: u64) -> Answer<()> {
    if row.file_id.is_some() {
        return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", "The upload is finished."));
    }
    if at != offset {
        return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", format!("The upload has {offset} bytes.")));
    }
    Ok(())
}

/// MD5 is what a file shows; SHA-256 only where it was announced.
fn beginning(row: &Resumable) -> Hashes {
    Hashes { sha256: row.sha256.as_ref().map(|_| Sha256::new()), ..Hashes::of_a_file() }
}

/// Puts a piece in its place; answers how much there is now.
fn keep(state: &State, row: &Resumable, at: &At, limit: u64, taken: Taken) -> Answer<(u64, Hashes)> {
    let Taken { bytes, mut hashes, blob } = taken;
    let Some(blob) = blob else {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        return Err(Refusal::too_large(limit));
    };
    let digest = hashes.piece.take().map(|digest| hex::encode(digest.finalize()));
    if bytes == 0 || digest != at.sha256.as_ref().map(|hash| hash.to_lowercase()) {
        return Err(Refusal::invalid("The piece is empty or does not have this hash."));
    }
    let piece = Piece { start: at.offset, bytes, blob: blob.commit()? };
    let stored = state.store.write(|tx| {
        // It may have been cancelled meanwhile.
        let there = tx.resumable(&row.workspace_id, &row.upload_id)?.is_some();
        if there {
            tx.piece_add(&row.upload_id, &piece)?;
            tx.resumable_extend(&row.upload_id, &state.upload_end())?;
        }
        Ok(there)
    });
    if !matches!(stored, Ok(true)) {
        state.blobs.destroy(&piece.blob)?;
    }
    if stored? { Ok((at.offset + bytes, hashes)) } else { Err(Refusal::not_found("The upload")) }
}

pub(super) async fn finish(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    Json_(asked): Json_<FinishUpload>,
) -> Answer<Json<Data<FileObject>>> {
    blocking(move || {
        found(&state, &caller, &id)?;
        let turn = Turn::take(&state, &id)?;
        let (row, offset) = found(&state, &caller, &id)?;
        if let Some(file_id) = &row.file_id {
            let file = state.store.read(|tx| tx.file(&caller.workspace, file_id))?;
            return Ok(caller.data(file_shown(&file.ok_or_else(Refusal::file_not_found)?)));
        }
        if offset != row.bytes {
            let message = format!("The upload has {offset} of {} bytes.", row.bytes);
            return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", message));
        }
        let sums = verified(&state, &row, turn.hashes(offset), asked)?;
        let file = become_file(&state, &row, sums)?;
        Ok(caller.data(file_shown(&file)))
    })
    .await
}

/// Hashes of the whole, once every announced one has been found right. What is wrong is removed.
fn verified(state: &State, row: &Resumable, known: Option<Hashes>, asked: FinishUpload) -> Answer<Sums> {
    let (md5s, sha256s) = ([&row.md5, &asked.md5], [&row.sha256, &asked.sha256]);
    if md5s.iter().chain(&sha256s).all(|hash| hash.is_none()) {
        return Err(Refusal::invalid("md5 or sha256 of the whole is required."));
    }
    let needs = sha256s.iter().any(|hash| hash.is_some());
    let known = known.filter(|hashes| hashes.md5.is_some() && (hashes.sha256.is_some() || !needs));
    let mut hashes = known.map_or_else(|| state.hashes_of(row), Ok)?;
    let sha256 = hashes.sha256.take().map(|digest| hex::encode(digest.finalize())).unwrap_or_default();
    let sums = hashes.finish();
    let right = |announced: [&Option<String>; 2], found: &str| {
        announced.into_iter().flatten().all(|hash| hash.eq_ignore_ascii_case(found))
    };
    if right(md5s, &sums.md5) && right(sha256s, &sha256) {
        return Ok(sums);
    }
    state.upload_drop(row)?;
    Err(Refusal::invalid("The file does not have the announced hash; the upload was removed."))
}

fn become_file(state: &State, row: &Resumable, sums: Sums) -> Answer<StoredFile> {
    let file = StoredFile {
        file_id: Uuid::new_v4().to_string(),
        workspace_id: row.workspace_id.clone(),
        api_key_id: row.api_key_id.clone(),
        name: row.name.clone(),
        description: row.description.clone(),
        purpose: row.purpose.clone(),
        bytes: row.bytes,
        md5: sums.md5,
        crc64: sums.crc64,
        blob: row.upload_id.clone(),
        created_at: state.now_text(),
        ..StoredFile::default()
    };
    let stored = state.store.write(|tx| {
        // Cancelled meanwhile: its pieces are gone.
        if tx.resumable(&row.workspace_id, &row.upload_id)?.is_none() {
            return Ok(None);
        }
        state.file_keep(tx, &file, sums.chunks)?;
        tx.resumable_finish(&row.upload_id, &file.file_id)?;
        tx.file(&row.workspace_id, &file.file_id)
    })?;
    stored.ok_or_else(|| Refusal::not_found("The upload"))
}

pub(super) async fn cancel(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Answered>> {
    blocking(move || {
        let (row, _) = found(&state, &caller, &id)?;
        if row.file_id.is_some() {
            return Err(Refusal::new(StatusCode::CONFLICT, "Conflict", "The upload is finished; delete the file."));
        }
        state.upload_drop(&row)?;
        Ok(Json(Answered { request_id: caller.request_id }))
    })
    .await
}

fn shown(state: &State, row: &Resumable, offset: u64) -> ResumableUpload {
    ResumableUpload {
        upload_id: row.upload_id.clone(),
        name: row.name.clone(),
        bytes: row.bytes,
        offset,
        piece_bytes: state.profile.piece_bytes,
        expires_at: unix(&row.expires_at),
        file_id: row.file_id.clone(),
    }
}
