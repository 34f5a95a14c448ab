//! `/api/v1/extensions/receipts`: what this cloud stated about files, also about those that are gone.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use pc_protocol::receipt::{Action, Receipt};
use pc_protocol::{Data, ReceiptEntry, ReceiptList};
use pc_store::cloud::StoredReceipt;

use crate::caller::{Caller, blocking};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// The receipt as it was signed, a document to keep.
pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Receipt>> {
    blocking(move || {
        let row = state.store.read(|tx| tx.receipt(&caller.workspace, &id))?;
        Ok(Json(state.receipt_of(&row.ok_or_else(|| Refusal::not_found("The receipt"))?)?))
    })
    .await
}

/// Those about a file. A file that never was has none, which looks the same as another workspace's.
pub(super) async fn of_file(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Data<ReceiptList>>> {
    blocking(move || {
        let rows = state.store.read(|tx| tx.receipts(&caller.workspace, &id))?;
        if rows.is_empty() && state.store.read(|tx| tx.file(&caller.workspace, &id))?.is_none() {
            return Err(Refusal::file_not_found());
        }
        Ok(caller.data(ReceiptList { receipts: rows.into_iter().map(entry).collect() }))
    })
    .await
}

fn entry(row: StoredReceipt) -> ReceiptEntry {
    let action = if row.action == Action::Deletion.as_str() { Action::Deletion } else { Action::Upload };
    ReceiptEntry { receipt_id: row.receipt_id, file_id: row.file_id, action, time: row.created_at }
}
