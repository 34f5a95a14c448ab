//! OpenAI's own surface under `/v1`: files, uploads in parts, fine-tuning jobs over the same table as the native API,
//! the sharing of their checkpoints between projects, chat on every model at once, usage and costs. Deliberately absent:
//! assistants, batches, evaluations.

mod files;
mod job_output;
mod job_request;
mod jobs;
mod models;
mod permissions;
mod uploads;
mod usage;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use pc_protocol::openai::List;

use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::chat;

pub(super) use files::content;
pub(super) use models::publish_asked;

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/files", get(files::list).post(files::upload))
        .route("/files/{id}", get(files::get).delete(files::delete))
        .route("/files/{id}/content", get(files::content))
        .route("/uploads", post(uploads::create))
        .route("/uploads/{id}/parts", post(uploads::part))
        .route("/uploads/{id}/complete", post(uploads::complete))
        .route("/uploads/{id}/cancel", post(uploads::cancel))
        .route("/fine_tuning/jobs", get(jobs::list).post(jobs::create))
        .route("/fine_tuning/jobs/{id}", get(jobs::get))
        .route("/fine_tuning/jobs/{id}/cancel", post(jobs::cancel))
        .route("/fine_tuning/jobs/{id}/pause", post(jobs::pause))
        .route("/fine_tuning/jobs/{id}/resume", post(jobs::resume))
        .route("/fine_tuning/jobs/{id}/events", get(job_output::events))
        .route("/fine_tuning/jobs/{id}/checkpoints", get(job_output::checkpoints))
        .route("/fine_tuning/checkpoints/{id}/permissions", get(permissions::list).post(permissions::create))
        .route("/fine_tuning/checkpoints/{id}/permissions/{permission}", axum::routing::delete(permissions::delete))
        .route("/models", get(models::list))
        .route("/models/{id}", get(models::get).delete(models::delete))
        .route("/organization/usage/completions", get(usage::completions))
        .route("/organization/costs", get(usage::costs))
        .route("/chat/completions", post(chat::complete_at_once))
}

/// A page of rows, of which one more than its size was looked up to see whether more follow.
fn page<T>(mut data: Vec<T>, size: usize, id: fn(&T) -> &str) -> List<T> {
    let has_more = data.len() > size;
    data.truncate(size);
    let (first_id, last_id) = (data.first().map(|row| id(row).to_owned()), data.last().map(|row| id(row).to_owned()));
    List { object: "list".to_owned(), data, has_more, first_id, last_id }
}

/// How many rows a page has.
fn size_of(asked: Option<u64>, default: u64, most: u64) -> Answer<u64> {
    let size = asked.unwrap_or(default);
    if (1..=most).contains(&size) { Ok(size) } else { Err(limit_refused(most)) }
}

fn limit_refused(most: u64) -> Refusal {
    Refusal::invalid(format!("limit must be from 1 to {most}.")).on("limit")
}
