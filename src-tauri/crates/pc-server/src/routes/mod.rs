//! The router: one file a resource. Deliberately absent: what the resources do.

mod chat;
mod compatible_files;
mod deployments;
mod extensions;
mod files;
mod fine_tune_output;
mod fine_tunes;
mod generation;
mod models;
mod openai;
mod openapi;
mod receipts;
mod resumable;
mod tokens;
mod upload;
mod validation;

pub use extensions::CAPABILITIES;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use jiff::Timestamp;
use pc_protocol::time;

use crate::edge::edge;
use crate::refusal::Refusal;
use crate::state::State;

/// Everything that the cloud answers. Needs no socket; requests must name a loopback host.
pub fn router(state: Arc<State>) -> Router {
    Router::new()
        .nest("/api/v1", native())
        .nest("/compatible-mode/v1", compatible())
        .nest("/v1", openai::router())
        .merge(openapi::router())
        .fallback(|| async { Refusal::not_found("This address") })
        // Uploads are streams with limits of their own; every other body is bounded where it is read.
        .layer(DefaultBodyLimit::disable())
        .layer(axum::middleware::from_fn_with_state(state.clone(), edge))
        .with_state(state)
}

fn native() -> Router<Arc<State>> {
    Router::new()
        .route("/files", get(files::list).post(files::upload))
        .route("/files/{id}", get(files::get).delete(files::delete))
        .route("/fine-tunes", get(fine_tunes::list).post(fine_tunes::create))
        .route("/fine-tunes/{id}", get(fine_tunes::get).delete(fine_tunes::delete))
        .route("/fine-tunes/{id}/cancel", post(fine_tunes::cancel))
        .route("/fine-tunes/{id}/logs", get(fine_tune_output::logs))
        .route("/fine-tunes/{id}/stream", get(fine_tune_output::stream))
        .route("/fine-tunes/{id}/checkpoints", get(fine_tune_output::checkpoints))
        .route("/fine-tunes/{id}/export/{checkpoint}", get(fine_tune_output::publish))
        .route("/fine-tunes/{id}/validation-results", get(validation::results))
        .route("/fine-tunes/{id}/validation-details/{checkpoint}", get(validation::details))
        .route("/deployments", get(deployments::list).post(deployments::create))
        .route("/deployments/models", get(models::deployable))
        .route("/deployments/{id}", get(deployments::get).delete(deployments::delete))
        .route("/deployments/{id}/scale", put(deployments::scale))
        .route("/deployments/{id}/update", put(deployments::update))
        .route("/deployments/{id}/stream", get(deployments::stream))
        .route("/services/aigc/text-generation/generation", post(generation::generate))
        .route("/models", get(models::list))
        .route("/tokens", post(tokens::create))
        .route("/extensions", get(extensions::capabilities))
        .route("/extensions/openapi.json", get(extensions::description))
        .route("/extensions/files/{id}/content", get(extensions::content))
        .route("/extensions/files/{id}/receipts", get(receipts::of_file))
        .route("/extensions/receipts/{id}", get(receipts::get))
        .route("/extensions/uploads", post(resumable::create))
        .route("/extensions/uploads/{id}", get(resumable::get).put(resumable::append).delete(resumable::cancel))
        .route("/extensions/uploads/{id}/finish", post(resumable::finish))
        .route("/extensions/fine-tunes/{id}/weights", get(extensions::manifest))
        .route("/extensions/fine-tunes/{id}/weights/{name}", get(extensions::download))
}

fn compatible() -> Router<Arc<State>> {
    Router::new()
        .route("/files", get(compatible_files::list).post(compatible_files::upload))
        .route("/files/{id}", get(compatible_files::get).delete(compatible_files::delete))
        .route("/files/{id}/content", get(openai::content))
        .route("/chat/completions", post(chat::complete))
        .route("/models", get(models::compatible))
}

/// A kept time as fine-tunes and files write it.
fn spaced(kept: &str) -> String {
    kept.parse().map_or_else(|_| kept.to_owned(), time::spaced)
}

/// The same as deployments write it.
fn with_t(kept: &str) -> String {
    kept.parse().map_or_else(|_| kept.to_owned(), time::with_t)
}

/// Seconds since 1970, as the OpenAI-compatible API writes times.
fn unix(kept: &str) -> i64 {
    kept.parse::<Timestamp>().map(Timestamp::as_second).unwrap_or(0)
}
