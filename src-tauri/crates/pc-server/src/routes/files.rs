//! `/api/v1/files`: data sets.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::HeaderMap;
use pc_protocol::{Answered, Data, FailedUpload, FileObject, FilePage, Upload, UploadedFile};
use pc_store::cloud::StoredFile;

use crate::caller::{Asked, Caller, Page, blocking};
use crate::intake::Begun;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::spaced;
use super::upload::{Form, Part, Sending, keep, no_room, purpose_of, row_of};

pub(super) async fn upload(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    headers: HeaderMap,
    form: Sending,
) -> Answer<Json<Data<Upload>>> {
    let part = Part { name: "files", limit: state.profile.file_bytes };
    let made = caller.clone();
    let upload = keep(state, &caller, form, part, move |state, form| uploaded(state, &made, &headers, form)).await?;
    Ok(caller.data(upload))
}

/// Makes files of what arrived, all of them in one transaction; answers whether they were made now.
fn uploaded(state: &Arc<State>, caller: &Caller, headers: &HeaderMap, form: &Form) -> Answer<(Upload, bool)> {
    let once = match form.sent(headers, "/api/v1/files")?.begin(state, caller)? {
        Begun::Again(upload) => return Ok((upload, false)),
        Begun::First(once) => once,
    };
    let purpose = purpose_of(form.purpose.as_deref())?;
    let (mut upload, mut rows, mut bytes) = (Upload::default(), Vec::new(), 0);
    for (index, file) in form.files.iter().enumerate() {
        let fault = match &file.blob {
            None => Some(Refusal::invalid("The file exceeds the size limit.")),
            Some(_) => {
                no_room(state, &caller.workspace, file.bytes, state.profile.file_bytes, (rows.len() as u64, bytes))?
            }
        };
        if let Some(Refusal { code, message, .. }) = fault {
            file.blob.iter().try_for_each(|blob| state.blobs.destroy(blob))?;
            let code = if file.blob.is_some() { code } else { "BadRequest.TooLarge" }.to_owned();
            upload.failed_uploads.push(FailedUpload { name: file.name.clone(), code, message });
            continue;
        }
        let mut row = row_of(state, caller, file, &purpose, false);
        row.description = form.descriptions.get(index).cloned().unwrap_or_default();
        bytes += file.bytes;
        upload.uploaded_files.push(UploadedFile { file_id: row.file_id.clone(), name: row.name.clone() });
        rows.push((row, file.sums.chunks.clone()));
    }
    if rows.is_empty() {
        return Ok((upload, false));
    }
    state.store.write(|tx| {
        rows.into_iter().try_for_each(|(row, chunks)| state.file_keep(tx, &row, chunks))?;
        once.keep(tx, &upload)
    })?;
    Ok((upload, true))
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(page): Asked<Page>,
) -> Answer<Json<Data<FilePage>>> {
    let (page_no, page_size, skip) = page.of(10, 100)?;
    blocking(move || {
        let (files, total) = state.store.read(|tx| tx.files(&caller.workspace, skip, page_size))?;
        Ok(caller.data(FilePage { total, page_no, page_size, files: files.iter().map(shown).collect() }))
    })
    .await
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Data<FileObject>>> {
    blocking(move || {
        let file = state.store.read(|tx| tx.file(&caller.workspace, &id))?.ok_or_else(Refusal::file_not_found)?;
        Ok(caller.data(shown(&file)))
    })
    .await
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Answered>> {
    blocking(move || {
        destroy(&state, &caller, &id)?.ok_or_else(Refusal::file_not_found)?;
        Ok(Json(Answered { request_id: caller.request_id }))
    })
    .await
}

/// Destroys a file of the caller's workspace and states it.
pub(super) fn destroy(state: &State, caller: &Caller, id: &str) -> Answer<Option<()>> {
    Ok(state.file_destroy(&caller.workspace, id, &caller.api_key_id)?.then_some(()))
}

pub(super) fn shown(file: &StoredFile) -> FileObject {
    FileObject {
        id: u64::try_from(file.number).unwrap_or(0),
        file_id: file.file_id.clone(),
        name: file.name.clone(),
        description: file.description.clone(),
        size: file.bytes,
        md5: file.md5.clone(),
        gmt_create: spaced(&file.created_at),
        url: String::new(),
        region: "embedded".to_owned(),
        user_id: file.workspace_id.clone(),
        api_key_id: file.api_key_id.clone(),
        purpose: file.purpose.clone(),
    }
}
