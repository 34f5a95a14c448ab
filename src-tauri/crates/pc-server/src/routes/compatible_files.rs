//! The OpenAI-compatible files API.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::HeaderMap;
use jiff::Timestamp;
use pc_protocol::{CompatibleFile, CompatibleFilePage, FileDeleted};
use pc_store::cloud::{FileQuery, StoredFile};
use serde::Deserialize;

use crate::caller::{Asked, Caller, blocking};
use crate::intake::Begun;
use crate::refusal::{Answer, Refusal};
use crate::state::{State, text_of};

use super::unix;
use super::upload::{Form, Part, Sending, keep, no_room, row_of};

/// Rows of a page where nothing is said, and at most.
const MOST_ROWS: u64 = 2000;

/// What a page shows; `after` is the last id of the page before, the times are seconds since 1970.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    after: Option<String>,
    limit: Option<u64>,
    purpose: Option<String>,
    create_after: Option<i64>,
    create_before: Option<i64>,
}

pub(super) async fn upload(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    headers: HeaderMap,
    form: Sending,
) -> Answer<Json<CompatibleFile>> {
    let part = Part { name: "file", limit: state.profile.file_bytes.max(state.profile.batch_bytes) };
    let made = caller.clone();
    keep(state, &caller, form, part, move |state, form| uploaded(state, &made, &headers, form)).await.map(Json)
}

/// Makes a file of what arrived; answers whether it was made now.
fn uploaded(state: &Arc<State>, caller: &Caller, headers: &HeaderMap, form: &Form) -> Answer<(CompatibleFile, bool)> {
    let once = match form.sent(headers, "/compatible-mode/v1/files")?.begin(state, caller)? {
        Begun::Again(file) => return Ok((file, false)),
        Begun::First(once) => once,
    };
    let strange = form.others.first().map(|(name, _)| name.as_str());
    if let Some(name) = strange.or((!form.descriptions.is_empty()).then_some("descriptions")) {
        return Err(Refusal::invalid(format!("The form field {name:.80} is not known.")).on(name));
    }
    let (purpose, most) = match form.purpose.as_deref() {
        Some(known @ "file-extract") => (known, state.profile.extract_bytes),
        Some(known @ "batch") => (known, state.profile.batch_bytes),
        Some(known @ "fine-tune") => (known, state.profile.file_bytes),
        _ => return Err(Refusal::invalid("purpose must be file-extract, batch or fine-tune.").on("purpose")),
    };
    let [file] = form.files.as_slice() else { return Err(Refusal::invalid("One file a request.").on("file")) };
    no_room(state, &caller.workspace, file.bytes, most, (0, 0))?.map_or(Ok(()), |full| Err(full.on("file")))?;
    let shown = state.store.write(|tx| {
        let row = row_of(state, caller, file, purpose, true);
        state.file_keep(tx, &row, file.sums.chunks.clone())?;
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
    let limit = cursor.limit.unwrap_or(MOST_ROWS);
    if limit == 0 || limit > MOST_ROWS {
        return Err(Refusal::invalid(format!("limit must be from 1 to {MOST_ROWS}.")).on("limit"));
    }
    let created_from = cursor.create_after.map(|time| kept_time(time, "create_after")).transpose()?;
    let created_to = cursor.create_before.map(|time| kept_time(time, "create_before")).transpose()?;
    blocking(move || {
        state.expire()?;
        let after = match &cursor.after {
            None => None,
            Some(id) => {
                let last = state.store.read(|tx| tx.file(&caller.workspace, id))?;
                Some(last.ok_or_else(|| Refusal::file_not_found().on("after"))?.number)
            }
        };
        let purpose = cursor.purpose;
        let query = FileQuery { purpose, after, oldest_first: false, created_from, created_to, take: limit + 1 };
        let mut found = state.store.read(|tx| tx.files_after(&caller.workspace, &query))?;
        let has_more = found.len() as u64 > limit;
        found.truncate(limit as usize);
        let data: Vec<CompatibleFile> = found.iter().map(shown).collect();
        let (first_id, last_id) = (data.first().map(|f| f.id.clone()), data.last().map(|f| f.id.clone()));
        Ok(Json(CompatibleFilePage { object: "list".to_owned(), data, has_more, first_id, last_id }))
    })
    .await
}

/// Seconds since 1970 as the database keeps times.
fn kept_time(seconds: i64, name: &str) -> Answer<String> {
    let time = Timestamp::from_second(seconds);
    time.map(text_of).map_err(|_| Refusal::invalid(format!("{name} must be seconds since 1970.")).on(name))
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<CompatibleFile>> {
    blocking(move || {
        let file = state.store.read(|tx| tx.file(&caller.workspace, &id))?;
        Ok(Json(shown(&file.ok_or_else(|| Refusal::not_found("The file").on("id"))?)))
    })
    .await
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<FileDeleted>> {
    blocking(move || {
        super::files::destroy(&state, &caller, &id)?.ok_or_else(|| Refusal::not_found("The file").on("id"))?;
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
