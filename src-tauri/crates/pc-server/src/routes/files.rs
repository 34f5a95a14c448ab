//! `/api/v1/files`: data sets.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, Path, State as Shared};
use pc_protocol::{Answered, Data, FailedUpload, FileObject, FilePage, Upload, UploadedFile};
use pc_store::cloud::StoredFile;

use crate::caller::{Asked, Caller, Page, blocking};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::spaced;
use super::upload::{Part, purpose_of, receive, row_of};

pub(super) async fn upload(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Answer<Json<Data<Upload>>> {
    let form = form.map_err(|error| Refusal::invalid(error.body_text()))?;
    let form = receive(&state, &caller, form, Part { name: "files", limit: state.profile.file_bytes }).await?;
    blocking(move || {
        let purpose = purpose_of(form.purpose.as_deref());
        let mut upload = Upload::default();
        let (mut count, mut bytes) = state.store.read(|tx| tx.file_totals(&caller.workspace))?;
        for (index, file) in form.files.iter().enumerate() {
            let fault = match (&purpose, &file.blob) {
                (Err(refusal), _) => Some((refusal.code, refusal.message.clone())),
                (_, None) => Some(("BadRequest.TooLarge", "The file exceeds the size limit.".to_owned())),
                _ if bytes + file.bytes > state.profile.all_files_bytes => {
                    Some(("BadRequest.TooLarge", "There is no room left for this file.".to_owned()))
                }
                _ if count >= state.profile.files => {
                    Some(("BadRequest.TooMany", "There are too many files.".to_owned()))
                }
                _ => None,
            };
            if let Some((code, message)) = fault {
                file.blob.iter().try_for_each(|blob| state.blobs.destroy(blob))?;
                upload.failed_uploads.push(FailedUpload { name: file.name.clone(), code: code.to_owned(), message });
                continue;
            }
            let mut row = row_of(&state, &caller, file, purpose.as_deref().unwrap_or("fine-tune"), false);
            row.description = form.descriptions.get(index).cloned().unwrap_or_default();
            state.store.write(|tx| tx.file_add(&row))?;
            (count, bytes) = (count + 1, bytes + file.bytes);
            upload.uploaded_files.push(UploadedFile { file_id: row.file_id, name: row.name });
        }
        purpose?;
        Ok(caller.data(upload))
    })
    .await
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

/// First the row, then the bytes: a crash between them leaves bytes that the next start sweeps.
pub(super) fn destroy(state: &State, caller: &Caller, id: &str) -> Answer<Option<()>> {
    let Some(file) = state.store.read(|tx| tx.file(&caller.workspace, id))? else { return Ok(None) };
    state.store.write(|tx| tx.file_remove(&caller.workspace, id))?;
    state.blobs.destroy(&file.blob)?;
    Ok(Some(()))
}

fn shown(file: &StoredFile) -> FileObject {
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
