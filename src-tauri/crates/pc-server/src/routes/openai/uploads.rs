//! `/v1/uploads`: a file in parts. Each part is sealed as it comes; completing makes them the pieces of a file, in the order
//! that is asked for. Those that are in no file are destroyed when the upload is completed, cancelled or an hour old.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, Path, State as Shared};
use axum::http::HeaderMap;
use jiff::SignedDuration;
use pc_protocol::openai::{CompleteUpload, CreateUpload, FileObject, Upload, UploadPart as ShownPart};
use pc_store::Contents;
use pc_store::cloud::{PartedUpload, Piece, StoredFile, Tx, UploadPart};
use uuid::Uuid;

use crate::caller::{Caller, blocking};
use crate::intake::{Begun, Create, Hashes, Sums};
use crate::refusal::{Answer, Refusal};
use crate::routes::unix;
use crate::routes::upload::{Form, Part, no_room, receive};
use crate::state::{State, owner_of, text_of};

use super::files::{checked_life, end_of, file_id, purpose_of, required, shown as shown_file};

const PART_BYTES: u64 = 64 << 20;
const MOST_BYTES: u64 = 8 << 30;
/// More than enough for its bytes in parts of a megabyte.
const MOST_PARTS: usize = 10_000;
const LIVES: SignedDuration = SignedDuration::from_hours(1);

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Create(asked, sent): Create<CreateUpload>,
) -> Answer<Json<Upload>> {
    blocking(move || {
        let once = match sent.begin(&state, &caller)? {
            Begun::Again(upload) => return Ok(Json(upload)),
            Begun::First(once) => once,
        };
        let purpose = purpose_of(&asked.purpose)?;
        if asked.bytes == 0 || asked.bytes > MOST_BYTES {
            return Err(Refusal::invalid(format!("bytes must be from 1 to {MOST_BYTES}.")).on("bytes"));
        }
        for (name, text) in [("filename", &asked.filename), ("mime_type", &asked.mime_type)] {
            if text.is_empty() || text.chars().count() > 255 || text.chars().any(char::is_control) {
                return Err(Refusal::invalid(format!("{name} must be a text of 1 to 255 characters.")).on(name));
            }
        }
        let lives = asked.expires_after.map(|after| checked_life(&after.anchor, after.seconds)).transpose()?;
        let full = no_room(&state, &caller.workspace, asked.bytes, state.profile.file_bytes, (0, 0))?;
        full.map_or(Ok(()), |full| Err(full.on("bytes")))?;
        let now = state.clock.now();
        let row = PartedUpload {
            upload_id: format!("upload_{}", Uuid::new_v4().simple()),
            workspace_id: caller.workspace,
            api_key_id: caller.api_key_id,
            name: asked.filename,
            purpose,
            mime_type: asked.mime_type,
            bytes: asked.bytes,
            status: "pending".into(),
            file_lives: lives,
            created_at: text_of(now),
            expires_at: text_of(now + LIVES),
        };
        let shown = shown(&row, None);
        state.store.write(|tx| {
            tx.upload_add(&row)?;
            once.keep(tx, &shown)
        })?;
        Ok(Json(shown))
    })
    .await
}

/// An upload of this caller's workspace, or 404; refused unless it is pending.
fn pending(state: &State, caller: &Caller, id: &str) -> Answer<PartedUpload> {
    state.expire()?;
    state.store.read(|tx| pending_in(tx, caller, id))?
}

fn pending_in(tx: &Tx<'_>, caller: &Caller, id: &str) -> anyhow::Result<Answer<PartedUpload>> {
    Ok(match tx.upload(&caller.workspace, id)? {
        None => Err(Refusal::not_found("The upload").on("upload_id")),
        Some(row) if row.status != "pending" => Err(ended(&row.status)),
        Some(row) => Ok(row),
    })
}

fn ended(status: &str) -> Refusal {
    Refusal::invalid(format!("The upload is {status}.")).on("upload_id")
}

pub(super) async fn part(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Answer<Json<ShownPart>> {
    let form = form.map_err(|error| Refusal::invalid(error.body_text()))?;
    let (first, who, wanted) = (state.clone(), caller.clone(), id.clone());
    // Before its bytes are read, so that an upload that is over costs nothing.
    blocking(move || pending(&first, &who, &wanted).map(drop)).await?;
    let form = receive(&state, &caller, form, Part { name: "data", limit: PART_BYTES }).await?;
    blocking(move || {
        let kept = arrived(&state, &caller, &headers, &id, &form);
        // Unless a row names it now, the blob is nobody's.
        if !matches!(kept, Ok((_, true))) {
            form.destroy(&state)?;
        }
        kept.map(|(part, _)| Json(part))
    })
    .await
}

/// Makes a part of what arrived; answers whether it was made now.
fn arrived(
    state: &Arc<State>,
    caller: &Caller,
    headers: &HeaderMap,
    id: &str,
    form: &Form,
) -> Answer<(ShownPart, bool)> {
    let once = match form.sent(headers, id)?.begin(state, caller)? {
        Begun::Again(part) => return Ok((part, false)),
        Begun::First(once) => once,
    };
    let [file] = form.files.as_slice() else { return Err(Refusal::invalid("One part a request.").on("data")) };
    let blob = file.blob.clone().ok_or_else(|| Refusal::too_large(PART_BYTES as usize).on("data"))?;
    if file.bytes == 0 {
        return Err(Refusal::invalid("A part must have at least one byte.").on("data"));
    }
    let part_id = format!("part_{}", Uuid::new_v4().simple());
    let row = UploadPart { part_id, upload_id: id.to_owned(), bytes: file.bytes, blob };
    let shown = ShownPart {
        id: row.part_id.clone(),
        object: "upload.part".to_owned(),
        created_at: state.clock.now().as_second(),
        upload_id: id.to_owned(),
    };
    state.store.write(|tx| {
        let upload = match pending_in(tx, caller, id)? {
            Ok(upload) => upload,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let parts = tx.upload_parts(id)?;
        if parts.len() >= MOST_PARTS {
            return Ok(Err(Refusal::invalid(format!("An upload has at most {MOST_PARTS} parts.")).on("data")));
        }
        let held: u64 = parts.iter().map(|part| part.bytes).sum();
        if held + row.bytes > upload.bytes {
            let message = format!("The parts would have more than the {} bytes of the upload.", upload.bytes);
            return Ok(Err(Refusal::invalid(message).on("data")));
        }
        tx.upload_part_add(&row)?;
        once.keep(tx, &shown).map(Ok)
    })??;
    Ok((shown, true))
}

pub(super) async fn complete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    Create(asked, sent): Create<CompleteUpload>,
) -> Answer<Json<Upload>> {
    blocking(move || {
        let once = match sent.begin(&state, &caller)? {
            Begun::Again(upload) => return Ok(Json(upload)),
            Begun::First(once) => once,
        };
        let mut upload = pending(&state, &caller, &id)?;
        let parts = ordered(&state, &upload, &asked.part_ids)?;
        let Sums { md5, crc64, chunks } = hashes_of(&state, &caller, &parts)?;
        if asked.md5.as_ref().is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&md5)) {
            return Err(Refusal::invalid(format!("md5 does not match: the parts have {md5}.")).on("md5"));
        }
        let file = StoredFile {
            file_id: file_id(),
            workspace_id: caller.workspace.clone(),
            api_key_id: caller.api_key_id.clone(),
            name: upload.name.clone(),
            purpose: upload.purpose.clone(),
            bytes: upload.bytes,
            md5,
            crc64,
            // The name of the whole whose pieces the parts become: nothing is copied together.
            blob: Uuid::new_v4().simple().to_string(),
            created_at: state.now_text(),
            expires_at: end_of(&state, &upload.purpose, upload.file_lives),
            ..StoredFile::default()
        };
        upload.status = "completed".into();
        let shown = shown(&upload, Some(shown_file(&file)));
        let unused = state.store.write(|tx| {
            if let Err(refusal) = pending_in(tx, &caller, &id)? {
                return Ok(Err(refusal));
            }
            tx.upload_end(&id, "completed")?;
            let mut unused = tx.upload_parts_remove(&id)?;
            let mut start = 0;
            for part in &parts {
                tx.piece_add(&file.blob, &Piece { start, bytes: part.bytes, blob: part.blob.clone() })?;
                unused.retain(|blob| *blob != part.blob);
                start += part.bytes;
            }
            state.file_keep(tx, &file, chunks)?;
            once.keep(tx, &shown)?;
            Ok(Ok(unused))
        })??;
        unused.iter().try_for_each(|blob| state.blobs.destroy(blob))?;
        Ok(Json(shown))
    })
    .await
}

/// The parts in the order that is asked for, each once, and together as long as was said.
fn ordered(state: &State, upload: &PartedUpload, ids: &[String]) -> Answer<Vec<UploadPart>> {
    if ids.is_empty() {
        return Err(required("part_ids"));
    }
    let rows = state.store.read(|tx| tx.upload_parts(&upload.upload_id))?;
    let mut known: HashMap<String, UploadPart> = rows.into_iter().map(|part| (part.part_id.clone(), part)).collect();
    let wrong = |id: &String| {
        Refusal::invalid(format!("The upload has no part {id:.80}, or it is named twice.")).on("part_ids")
    };
    let parts = ids.iter().map(|id| known.remove(id).ok_or_else(|| wrong(id))).collect::<Answer<Vec<_>>>()?;
    let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
    if bytes != upload.bytes {
        let message = format!("The parts have {bytes} bytes, the upload was to have {}.", upload.bytes);
        return Err(Refusal::invalid(message).on("part_ids"));
    }
    Ok(parts)
}

/// MD5 in hex, and the hashes of the chunks, of all that the parts have.
fn hashes_of(state: &State, caller: &Caller, parts: &[UploadPart]) -> anyhow::Result<Sums> {
    let (key, owner) = (state.key(&caller.workspace)?, owner_of(&caller.workspace));
    let parts = parts.iter().map(|part| (part.blob.clone(), part.bytes));
    let mut whole = Contents::new(&state.blobs, key, owner, parts);
    let (mut hashes, mut buffer) = (Hashes::of_a_file(), vec![0; 1 << 18]);
    loop {
        match whole.read(&mut buffer)? {
            0 => return Ok(hashes.finish()),
            read => hashes.update(&buffer[..read]),
        }
    }
}

pub(super) async fn cancel(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Upload>> {
    blocking(move || {
        state.expire()?;
        let (mut upload, parts) = state.store.write(|tx| match pending_in(tx, &caller, &id)? {
            Err(refusal) => Ok(Err(refusal)),
            Ok(upload) => {
                tx.upload_end(&id, "cancelled")?;
                Ok(Ok((upload, tx.upload_parts_remove(&id)?)))
            }
        })??;
        parts.iter().try_for_each(|blob| state.blobs.destroy(blob))?;
        upload.status = "cancelled".into();
        Ok(Json(shown(&upload, None)))
    })
    .await
}

fn shown(upload: &PartedUpload, file: Option<FileObject>) -> Upload {
    Upload {
        id: upload.upload_id.clone(),
        object: "upload".to_owned(),
        bytes: upload.bytes,
        created_at: unix(&upload.created_at),
        expires_at: unix(&upload.expires_at),
        filename: upload.name.clone(),
        purpose: upload.purpose.clone(),
        status: upload.status.clone(),
        file,
    }
}
