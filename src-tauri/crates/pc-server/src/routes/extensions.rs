//! What the real cloud lacks, in a namespace of its own and found by capability: download of a result's weights and of a
//! file, and what else there is.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, Response, StatusCode, header};
use pc_protocol::{CRC64_HEADER, Capabilities, WeightsFile, WeightsManifest};
use pc_store::cloud::{Artifact, TunedModel};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::caller::{Caller, blocking};
use crate::description;
use crate::refusal::{Answer, Refusal};
use crate::state::{State, owner_of};

use super::fine_tunes::job_of;

const CHUNK: usize = 1 << 18;

/// What this cloud offers beyond the documented API.
pub const CAPABILITIES: [&str; 7] = [
    Capabilities::WEIGHTS_DOWNLOAD,
    Capabilities::FILE_CONTENT,
    Capabilities::RESUMABLE_UPLOAD,
    Capabilities::IDEMPOTENCY_KEYS,
    Capabilities::RECEIPTS,
    Capabilities::ACCOUNT,
    Capabilities::DESCRIPTION,
];

pub(super) async fn capabilities(Shared(state): Shared<Arc<State>>, _: Caller) -> Json<Capabilities> {
    let file_bytes = Some(state.profile.file_bytes);
    Json(Capabilities { capabilities: CAPABILITIES.map(str::to_owned).to_vec(), file_bytes })
}

/// What can be asked of this cloud; no secret, so no key.
pub(super) async fn description() -> Json<Value> {
    Json(description::document())
}

pub(super) async fn manifest(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<WeightsManifest>> {
    blocking(move || {
        let (model, artifacts) = result_of(&state, &caller, &id)?;
        let file = |a: Artifact| WeightsFile { name: a.name, bytes: a.bytes, sha256: a.sha256 };
        let files = artifacts.into_iter().map(file).collect();
        Ok(Json(WeightsManifest { job_id: id, model: model.name, base_model: model.base_model, files }))
    })
    .await
}

fn result_of(state: &State, caller: &Caller, id: &str) -> Answer<(TunedModel, Vec<Artifact>)> {
    let job = job_of(state, caller, id)?;
    let model = state.store.read(|tx| tx.model(&caller.workspace, &job.output_model))?;
    let model = model.ok_or_else(|| Refusal::not_found("The job's result"))?;
    caller.allowed(&[&model.name, &model.base_model])?;
    let artifacts = state.store.read(|tx| tx.artifacts(&model.weights))?;
    Ok((model, artifacts))
}

pub(super) async fn download(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<Response<Body>> {
    let (artifact, blob) = blocking(move || {
        let (_, artifacts) = result_of(&state, &caller, &id)?;
        let artifact = artifacts.into_iter().find(|a| a.name == name).ok_or_else(|| Refusal::not_found("The file"))?;
        let key = state.key(&caller.workspace)?;
        let blob = state.blobs.read(&artifact.blob, &key, &owner_of(&caller.workspace))?;
        Ok((artifact, blob))
    })
    .await?;
    sent(blob, artifact.bytes, &artifact.sha256, &headers)
}

/// A stored file as it was uploaded.
pub(super) async fn content(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<Response<Body>> {
    let (file, contents) = blocking(move || {
        let file = state.store.read(|tx| tx.file(&caller.workspace, &id))?.ok_or_else(Refusal::file_not_found)?;
        let contents = state.contents(&file)?;
        Ok((file, contents))
    })
    .await?;
    let mut response = sent(contents, file.bytes, &file.md5, &headers)?;
    if let Some(crc64) = file.crc64.and_then(|crc64| crc64.parse().ok()) {
        response.headers_mut().insert(CRC64_HEADER, crc64);
    }
    Ok(response)
}

/// All of it, or the range that was asked for.
fn sent(
    source: impl Read + Seek + Send + 'static,
    bytes: u64,
    tag: &str,
    headers: &HeaderMap,
) -> Answer<Response<Body>> {
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (from, to) = match asked.map(|text| range(text, bytes)) {
        None => (0, bytes),
        Some(Some(range)) => range,
        Some(None) => {
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            return Err(Refusal::new(status, "InvalidRange", "The range lies outside of the file."));
        }
    };
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_LENGTH, to - from)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, format!("\"{tag}\""));
    if asked.is_some() {
        let shown = format!("bytes {from}-{}/{bytes}", to - 1);
        response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, shown);
    }
    response.body(body_of(source, from, to)).map_err(|error| Refusal::internal(&error.into()))
}

/// The bytes `[from, to)` of what is stored, opened a chunk at a time while they are sent.
pub(super) fn body_of(mut blob: impl Read + Seek + Send + 'static, from: u64, to: u64) -> Body {
    let (sender, mut receiver) = mpsc::channel::<std::io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut copy = || -> std::io::Result<()> {
            blob.seek(SeekFrom::Start(from))?;
            let mut left = to - from;
            while left > 0 {
                let mut chunk = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
                blob.read_exact(&mut chunk)?;
                left -= chunk.len() as u64;
                if sender.blocking_send(Ok(chunk.into())).is_err() {
                    return Ok(());
                }
            }
            Ok(())
        };
        if let Err(error) = copy() {
            // The client hears of it by a connection that breaks off; nobody may be listening any more.
            let _gone = sender.blocking_send(Err(error));
        }
    });
    Body::from_stream(async_stream::stream! {
        while let Some(chunk) = receiver.recv().await {
            yield chunk;
        }
    })
}

/// One range of RFC 9110 as `[from, to)`; nothing when it cannot be satisfied.
fn range(text: &str, len: u64) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (first, last) {
        ("", last) => (len.saturating_sub(last.parse().ok()?), len),
        (first, "") => (first.parse().ok()?, len),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.checked_add(1)?.min(len)),
    };
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(range("bytes=0-3", 10), Some((0, 4)));
        assert_eq!(range("bytes=4-", 10), Some((4, 10)));
        assert_eq!(range("bytes=-3", 10), Some((7, 10)));
        assert_eq!(range("bytes=8-99", 10), Some((8, 10)));
        for bad in ["bytes=10-", "bytes=5-4", "bytes=x-", "0-3", "bytes=-0", "bytes=0-18446744073709551615x"] {
            assert_eq!(range(bad, 10), None, "{bad}");
        }
    }
}
