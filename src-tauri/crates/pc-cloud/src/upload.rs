//! Uploading a file: streamed from disk with its exact length, hashed on the way, and held to what the cloud says that it
//! has got.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::Stream;
use md5::{Digest as _, Md5};
use pc_base::{Cancel, Code, CodedExt as _, Progress, Reporter, Unit, coded};
use pc_protocol::{Capabilities, Data, FileObject, Upload};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::cloud::{Cloud, new_key};
use crate::error::{CloudError, ErrorKind, outward};
use crate::files::FILES;
use crate::pieces::Outgoing;
use crate::transport::Kind;
use crate::waiting::unless_cancelled;

/// What is in memory of a file.
const CHUNK: usize = 256 << 10;
/// Smaller files are sent again as quickly as their pieces would be.
const IN_PIECES: u64 = 8 << 20;

/// What the sending stream tells the waiting call.
#[derive(Default)]
struct Sent {
    bytes: AtomicU64,
    digest: Mutex<Md5>,
}

impl Cloud {
    /// Sends a file for fine-tuning: in pieces that go on after a break where the cloud takes them, else in one go. The
    /// answer is the file as the cloud has it, its hash compared with what was sent.
    pub async fn file_upload(
        &self,
        path: &Path,
        name: &str,
        description: &str,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> anyhow::Result<FileObject> {
        let missing = || coded(Code::FileNotFound).with("path", path.display());
        let total = tokio::fs::metadata(path).await.code(missing)?.len();
        if total >= IN_PIECES && self.offers(Capabilities::RESUMABLE_UPLOAD).await {
            return self.upload_in_pieces(&Outgoing { path, name, description, total, reporter, cancel }).await;
        }
        let (kind, key) = (Self::open_kind("file_upload", self.once_only().await), new_key());
        let transport = &self.0.transport;
        let report = |done: u64| {
            reporter.report(Progress { stage: "upload".into(), done, total: Some(total), unit: Unit::Bytes });
        };
        let mut tries = transport.tries(kind.repeat);
        let (sent, upload) = loop {
            let sent = Arc::new(Sent::default());
            let request = self.upload_request(kind, path, total, (name, description), &sent).await.map_err(outward)?;
            let request = request.header("Idempotency-Key", &key);
            let glance = || report(sent.bytes.load(Ordering::Relaxed));
            let answered = unless_cancelled(cancel, glance, async {
                let response = transport.once(kind, request).await?;
                transport.read::<Data<Upload>>(kind, response).await
            });
            match answered.await.unwrap_or_else(|| Err(transport.cancelled(kind.operation))) {
                Ok(answer) => break (sent, answer.data),
                Err(error) => tries.after(error).await.map_err(outward)?,
            }
        };
        report(total);
        if let Some(failed) = upload.failed_uploads.first() {
            let why = if failed.message.is_empty() { &failed.code } else { &failed.message };
            let mut error = CloudError::new(ErrorKind::Refused, kind.operation, &transport.host, why.as_str());
            error.cloud_code = Some(failed.code.clone());
            return Err(outward(error));
        }
        let Some(taken) = upload.uploaded_files.first() else {
            return Err(outward(transport.garbled(kind.operation, "the answer names no file")));
        };
        let digest = sent.digest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.verified(&taken.file_id, total, &hex::encode(digest.finalize())).await
    }

    async fn upload_request(
        &self,
        kind: Kind,
        path: &Path,
        total: u64,
        (name, description): (&str, &str),
        sent: &Arc<Sent>,
    ) -> Result<reqwest::RequestBuilder, Box<CloudError>> {
        let failed = |error: std::io::Error| {
            CloudError::new(ErrorKind::Refused, kind.operation, &self.0.transport.host, error.to_string())
        };
        let file = File::open(path).await.map_err(failed)?;
        let body = Body::wrap_stream(chunks(file, total, sent.clone()));
        let part = Part::stream_with_length(body, total).file_name(name.to_owned());
        // Names are sent as UTF-8 text, as browsers do; servers do not agree on percent-encoded ones.
        let form = Form::new()
            .percent_encode_noop()
            .text("purpose", "fine-tune")
            .text("descriptions", description.to_owned())
            .part("files", part);
        Ok(self.request(Method::POST, &FILES).multipart(form))
    }

    /// The file as the cloud has it. One that arrived damaged is removed again.
    async fn verified(&self, id: &str, bytes: u64, md5: &str) -> anyhow::Result<FileObject> {
        let file = self.file(id).await?;
        let same = file.size == bytes && (file.md5.is_empty() || file.md5.eq_ignore_ascii_case(md5));
        if same {
            return Ok(file);
        }
        self.file_delete(id).await?;
        let why = "the file arrived damaged and was removed again";
        let mut error = CloudError::new(ErrorKind::Garbled, "file_upload", &self.0.transport.host, why);
        error.retryable = true;
        Err(outward(error))
    }
}

/// The file's bytes in order: never more than `total`, which the request has promised, and hashed as they go out.
fn chunks(file: File, total: u64, sent: Arc<Sent>) -> impl Stream<Item = std::io::Result<Bytes>> {
    futures_util::stream::try_unfold((file, total), move |(mut file, left)| {
        let sent = sent.clone();
        async move {
            if left == 0 {
                return Ok(None);
            }
            let mut chunk = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
            let read = file.read(&mut chunk).await?;
            if read == 0 {
                return Err(std::io::Error::other("the file became shorter while it was sent"));
            }
            chunk.truncate(read);
            sent.digest.lock().unwrap_or_else(PoisonError::into_inner).update(&chunk);
            sent.bytes.fetch_add(read as u64, Ordering::Relaxed);
            Ok(Some((Bytes::from(chunk), (file, left - read as u64))))
        }
    })
}
