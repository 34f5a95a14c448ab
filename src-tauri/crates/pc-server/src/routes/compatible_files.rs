//! The OpenAI-compatible files API.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, Path, State as Shared};
use axum::http::HeaderMap;
use pc_protocol::{CompatibleFile, CompatibleFilePage, FileDeleted};
use pc_store::cloud::StoredFile;
use serde::Deserialize;

use crate::caller::{Asked, Caller, blocking};
use crate::intake::Begun;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::unix;
use super::upload::{Form, Part, no_room, purpose_of, receive, row_of};

/// `after` is the last id of the page before.
#[derive(Deserialize)]
pub(super) struct Cursor {
    after: Option<String>,
    limit: Option<u64>,
    purpose: Option<String>,
}

pub(super) async fn upload(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    headers: HeaderMap,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Answer<Json<CompatibleFile>> {
    let form = form.map_err(|error| Refusal::invalid(error.body_text()))?;
    let form = receive(&state, &caller, form, Part { name: "file", limit: state.profile.file_bytes }).await?;
    blocking(move || {
        let kept = uploaded(&state, &caller, &headers, &form);
        // Unless a row names it now, the blob is nobody's.
        if !matches!(kept, Ok((_, true))) {
            form.destroy(&state)?;
        }
        kept.map(|(file, _)| Json(file))
    })
    .await
}

/// Makes a file of what arrived; answers whether it was made now.
fn uploaded(state: &Arc<State>, caller: &Caller, headers: &HeaderMap, form: &Form) -> Answer<(CompatibleFile, bool)> {
    let once = match form.sent(headers, "/compatible-mode/v1/files")?.begin(state, caller)? {
        Begun::Again(file) => return Ok((file, false)),
        Begun::First(once) => once,
    };
    let purpose = purpose_of(form.purpose.as_deref())?;
    let [file] = form.files.as_slice() else { return Err(Refusal::invalid("One file a request.")) };
    no_room(state, &caller.workspace, file.bytes, (0, 0))?.map_or(Ok(()), Err)?;
    let shown = state.store.write(|tx| {
        let row = row_of(state, caller, file, &purpose, true);
        tx.file_add(&row)?;
        let shown = shown(&row);
        once.keep(tx, &shown)?;
        Ok(shown)
    })?;
    Ok((shown, true))
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(cursor): Asked<Cursor>,
) -> Answer<Json<CompatibleFilePage>> {
    let limit = cursor.limit.unwrap_or(2000);
    if limit == 0 || limit > 10_000 {
        return Err(Refusal::invalid("limit must be from 1 to 10000."));
    }
    blocking(move || {
        let (files, _) = state.store.read(|tx| tx.files(&caller.workspace, 0, 100_000))?;
        let before = match &cursor.after {
            None => i64::MAX,
            Some(id) => files.iter().find(|file| file.file_id == *id).ok_or_else(Refusal::file_not_found)?.number,
        };
        let wanted = |file: &&StoredFile| {
            file.number < before && cursor.purpose.as_ref().is_none_or(|purpose| *purpose == file.purpose)
        };
        let found: Vec<&StoredFile> = files.iter().filter(wanted).collect();
        let data: Vec<CompatibleFile> = found.iter().take(limit as usize).map(|file| shown(file)).collect();
        let (first_id, last_id) = (data.first().map(|f| f.id.clone()), data.last().map(|f| f.id.clone()));
        let has_more = found.len() > data.len();
        Ok(Json(CompatibleFilePage { object: "list".to_owned(), data, has_more, first_id, last_id }))
    })
    .await
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<CompatibleFile>> {
    blocking(move || {
        let file = state.store.read(|tx| tx.file(&caller.workspace, &id))?;
        Ok(Json(shown(&file.ok_or_else(|| Refusal::not_found("The file"))?)))
    })
    .await
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<FileDeleted>> {
    blocking(move || {
        super::files::destroy(&state, &caller, &id)?.ok_or_else(|| Refusal::not_found("The file"))?;
        Ok(Json(FileDeleted { id, object: "file".to_owned(), deleted: true }))
    })
    .await
}

fn shown(file: &StoredFile) -> CompatibleFile {
    CompatibleFile {
        id: file.file_id.clone(),
        object: "file".to_owned(),
        bytes: file.bytes,
        created_at: unix(&file.created_at),
        filename: file.name.clone(),
        purpose: file.purpose.clone(),
        status: "processed".to_owned(),
    }
}
