//! `/v1/files`: the same files as the native API has, by cursor, with content and an end of their own.

use std::sync::Arc;

use axum::Json;
use axum::body::Body as Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, Response, header};
use jiff::SignedDuration;
use pc_protocol::openai::{Deleted, FileObject, List};
use pc_store::cloud::{FileQuery, StoredFile};
use serde::Deserialize;
use uuid::Uuid;

use crate::caller::{Asked, Caller, blocking};
use crate::intake::Begun;
use crate::refusal::{Answer, Refusal};
use crate::routes::extensions::body_of;
use crate::routes::unix;
use crate::routes::upload::{Form, Part, Sending, keep, no_room, row_of};
use crate::state::{State, text_of};

use super::{page, size_of};

const PURPOSES: &[&str] = &["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];

/// A file for a batch goes after thirty days where nothing else is said.
const BATCH_LIVES: i64 = 30 * 24 * 3600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    after: Option<String>,
    limit: Option<u64>,
    order: Option<String>,
    purpose: Option<String>,
}

pub(super) async fn upload(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    headers: HeaderMap,
    form: Sending,
) -> Answer<Json<FileObject>> {
    let part = Part { name: "file", limit: state.profile.file_bytes };
    let made = caller.clone();
    keep(state, &caller, form, part, move |state, form| uploaded(state, &made, &headers, form)).await.map(Json)
}

/// Makes a file of what arrived; answers whether it was made now.
fn uploaded(state: &Arc<State>, caller: &Caller, headers: &HeaderMap, form: &Form) -> Answer<(FileObject, bool)> {
    let once = match form.sent(headers, "/v1/files")?.begin(state, caller)? {
        Begun::Again(file) => return Ok((file, false)),
        Begun::First(once) => once,
    };
    let purpose = purpose_of(form.purpose.as_deref().ok_or_else(|| required("purpose"))?)?;
    let lives = life_of(&form.others)?;
    let [file] = form.files.as_slice() else { return Err(Refusal::invalid("One file a request.").on("file")) };
    let full = no_room(state, &caller.workspace, file.bytes, state.profile.file_bytes, (0, 0))?;
    full.map_or(Ok(()), |full| Err(full.on("file")))?;
    let mut row = row_of(state, caller, file, &purpose, true);
    row.file_id = file_id();
    row.expires_at = end_of(state, &purpose, lives);
    let shown = shown(&row);
    state.store.write(|tx| {
        state.file_keep(tx, &row, file.sums.chunks.clone())?;
        once.keep(tx, &shown)
    })?;
    Ok((shown, true))
}

/// `expires_after` out of a form's parts, beside which there must be none.
fn life_of(parts: &[(String, String)]) -> Answer<Option<i64>> {
    let (mut anchor, mut seconds) = (None, None);
    for (name, value) in parts {
        match name.as_str() {
            "expires_after[anchor]" => anchor = Some(value.as_str()),
            "expires_after[seconds]" => seconds = Some(value.as_str()),
            _ => return Err(Refusal::invalid(format!("Unrecognized request argument supplied: {name}.")).on(name)),
        }
    }
    if anchor.is_none() && seconds.is_none() {
        return Ok(None);
    }
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(0);
    checked_life(anchor.unwrap_or_default(), seconds).map(Some)
}

pub(super) fn required(name: &str) -> Refusal {
    Refusal::invalid(format!("{name} is required.")).on(name)
}

pub(super) fn purpose_of(sent: &str) -> Answer<String> {
    if PURPOSES.contains(&sent) {
        return Ok(sent.to_owned());
    }
    Err(Refusal::invalid(format!("purpose must be one of {}.", PURPOSES.join(", "))).on("purpose"))
}

pub(super) fn file_id() -> String {
    format!("file-{}", &Uuid::new_v4().simple().to_string()[..24])
}

/// The seconds of `expires_after`, once they are within their range.
pub(super) fn checked_life(anchor: &str, seconds: i64) -> Answer<i64> {
    if anchor != "created_at" {
        return Err(Refusal::invalid("expires_after.anchor must be created_at.").on("expires_after.anchor"));
    }
    if !(3600..=2_592_000).contains(&seconds) {
        let message = "expires_after.seconds must be from 3600 to 2592000.";
        return Err(Refusal::invalid(message).on("expires_after.seconds"));
    }
    Ok(seconds)
}

/// When a file that is made now goes.
pub(super) fn end_of(state: &State, purpose: &str, lives: Option<i64>) -> Option<String> {
    let lives = lives.or((purpose == "batch").then_some(BATCH_LIVES))?;
    Some(text_of(state.clock.now() + SignedDuration::from_secs(lives)))
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(cursor): Asked<Cursor>,
) -> Answer<Json<List<FileObject>>> {
    let size = size_of(cursor.limit, 10_000, 10_000)?;
    let oldest_first = match cursor.order.as_deref() {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(Refusal::invalid("order must be asc or desc.").on("order")),
    };
    blocking(move || {
        state.expire()?;
        let after = match &cursor.after {
            None => None,
            Some(id) => {
                let last = state.store.read(|tx| tx.file(&caller.workspace, id))?;
                Some(last.ok_or_else(|| Refusal::invalid("after names no file.").on("after"))?.number)
            }
        };
        let query = FileQuery { purpose: cursor.purpose, after, oldest_first, take: size + 1, ..FileQuery::default() };
        let rows = state.store.read(|tx| tx.files_after(&caller.workspace, &query))?;
        Ok(Json(page(rows.iter().map(shown).collect(), size as usize, |file| &file.id)))
    })
    .await
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<FileObject>> {
    blocking(move || Ok(Json(shown(&file_of(&state, &caller, &id)?)))).await
}

/// A file of this caller's workspace that has not expired, or 404.
fn file_of(state: &State, caller: &Caller, id: &str) -> Answer<StoredFile> {
    state.expire()?;
    let file = state.store.read(|tx| tx.file(&caller.workspace, id))?;
    file.ok_or_else(|| Refusal::not_found("The file").on("id"))
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Deleted>> {
    blocking(move || {
        file_of(&state, &caller, &id)?;
        crate::routes::files::destroy(&state, &caller, &id)?.ok_or_else(|| Refusal::not_found("The file").on("id"))?;
        Ok(Json(Deleted { id, object: "file".to_owned(), deleted: true }))
    })
    .await
}

/// The bytes as they came. Also for the compatible API.
pub(in crate::routes) async fn content(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Response<Bytes>> {
    let (bytes, blob) = blocking(move || {
        let file = file_of(&state, &caller, &id)?;
        Ok((file.bytes, state.contents(&file)?))
    })
    .await?;
    Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_LENGTH, bytes)
        .body(body_of(blob, 0, bytes))
        .map_err(|error| Refusal::internal(&error.into()))
}

pub(super) fn shown(file: &StoredFile) -> FileObject {
    FileObject {
        id: file.file_id.clone(),
        object: "file".to_owned(),
        bytes: file.bytes,
        created_at: unix(&file.created_at),
        expires_at: file.expires_at.as_deref().map(unix),
        filename: file.name.clone(),
        // OpenAI's file object has no word for these two, so a strict client could not read a list that has one.
        purpose: if ["evals", "file-extract"].contains(&file.purpose.as_str()) { "user_data" } else { &file.purpose }
            .to_owned(),
        status: "processed".to_owned(),
        status_details: None,
    }
}
