//! Uploading a file: streamed from disk with its exact length, and the hash that it had before held to what the cloud says
//! that it has got.

mod pace;
mod pieces;

use std::io::{Read as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::Stream;
use md5::{Digest as _, Md5};
use pc_base::{Cancel, Code, CodedExt as _, Progress, Reporter, Unit, coded};
use pc_protocol::{Capabilities, Data, FileObject, Upload};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::cloud::{Cloud, new_key};
use crate::error::{CloudError, ErrorKind, outward};
use crate::files::FILES;
use crate::transport::Kind;
use crate::waiting::unless_cancelled;

/// How long a wait for the hours of an upload lasts at most before the clock is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
use pace::Turns;
pub use pace::{Hours, Pace};

/// Smaller files are sent again as quickly as their pieces would be.
const IN_PIECES: u64 = 8 << 20;

/// Bytes that a sending stream has handed to the network.
pub(crate) type Sent = Arc<AtomicU64>;

/// The file as it was before anything was sent.
pub(crate) struct Whole {
    pub bytes: u64,
    pub md5: String,
}

/// A file that is to go out, and how.
pub struct Outgoing<'a> {
    pub path: &'a Path,
    pub name: &'a str,
    pub description: &'a str,
    /// Hex MD5 of the file where the caller knows it; else the file is read for it first.
    pub md5: Option<&'a str>,
    pub pace: Pace,
    /// The id of an upload of the same bytes that was left. It goes on where the cloud still has it.
    pub resume: Option<&'a str>,
    /// Is told the id under which an upload could go on, should it be left, before anything is sent; its error ends it.
    pub begun: &'a (dyn Fn(&str) -> anyhow::Result<()> + Send + Sync),
    pub reporter: &'a dyn Reporter,
    pub cancel: &'a Cancel,
}

impl Outgoing<'_> {
    pub(crate) fn report(&self, done: u64, total: u64) {
        self.tell("upload", done, total);
    }

    fn tell(&self, stage: &str, done: u64, total: u64) {
        self.reporter.report(Progress { stage: stage.into(), done, total: Some(total), unit: Unit::Bytes });
    }
}

impl Cloud {
    /// [`Self::file_send`] in one go: as fast as it can, from the begin.
    pub async fn file_upload(
        &self,
        path: &Path,
        name: &str,
        description: &str,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> anyhow::Result<FileObject> {
        let (md5, pace, resume, begun) = (None, Pace::default(), None, &|_: &str| Ok(()));
        self.file_send(&Outgoing { path, name, description, md5, pace, resume, begun, reporter, cancel }).await
    }

    /// Sends a file for fine-tuning: in pieces that go on after a break where the cloud takes them, else in one go. The
    /// answer is the file as the cloud has it, its hash compared with what was sent.
    pub async fn file_send(&self, out: &Outgoing<'_>) -> anyhow::Result<FileObject> {
        let missing = || coded(Code::FileNotFound).with("path", out.path.display());
        let bytes = tokio::fs::metadata(out.path).await.code(missing)?.len();
        let md5 = match out.md5 {
            Some(md5) => md5.to_owned(),
            None => md5_of(out.path, out.cancel).await?,
        };
        let whole = Whole { bytes, md5 };
        if bytes >= IN_PIECES && self.offers(Capabilities::RESUMABLE_UPLOAD).await {
            return self.upload_in_pieces(out, &whole).await;
        }
        self.upload_whole(out, &whole).await
    }

    /// Waits until the hours of the pace have begun.
    pub(crate) async fn hours_begun(&self, out: &Outgoing<'_>, done: u64, total: u64) -> anyhow::Result<()> {
        while let Some(wait) = out.pace.until_open() {
            out.tell("wait", done, total);
            // A machine that slept has another clock than its timers.
            let waited = unless_cancelled(out.cancel, || (), tokio::time::sleep(wait.min(LOOK_AGAIN))).await;
            waited.ok_or_else(|| outward(self.0.transport.cancelled("file_upload")))?;
        }
        Ok(())
    }

    async fn upload_whole(&self, out: &Outgoing<'_>, whole: &Whole) -> anyhow::Result<FileObject> {
        self.hours_begun(out, 0, whole.bytes).await?;
        let (kind, key) = (Self::open_kind("file_upload", self.once_only().await), new_key());
        let transport = &self.0.transport;
        let mut tries = transport.tries(kind.repeat);
        let upload = loop {
            let sent = Sent::default();
            let request = self.upload_request(kind, out, whole.bytes, &sent).await.map_err(outward)?;
            let request = request.header("Idempotency-Key", &key);
            let glance = || out.report(sent.load(Ordering::Relaxed), whole.bytes);
            let answered = unless_cancelled(out.cancel, glance, async {
                let response = transport.once_sending(kind, request, &sent).await?;
                transport.read::<Data<Upload>>(kind, response).await
            });
            match answered.await.unwrap_or_else(|| Err(transport.cancelled(kind.operation))) {
                Ok(answer) => break answer.data,
                Err(error) => tries.after(error).await.map_err(outward)?,
            }
        };
        out.report(whole.bytes, whole.bytes);
        if let Some(failed) = upload.failed_uploads.first() {
            let why = if failed.message.is_empty() { &failed.code } else { &failed.message };
            let mut error = CloudError::new(ErrorKind::Refused, kind.operation, &transport.host, why.as_str());
            error.cloud_code = Some(failed.code.clone());
            return Err(outward(error));
        }
        let Some(taken) = upload.uploaded_files.first() else {
            return Err(outward(transport.garbled(kind.operation, "the answer names no file")));
        };
        self.verified(&taken.file_id, whole).await
    }

    /// What cannot be read cannot be sent.
    pub(crate) fn unreadable(&self, kind: Kind, error: &std::io::Error) -> Box<CloudError> {
        CloudError::new(ErrorKind::Refused, kind.operation, &self.0.transport.host, error.to_string())
    }

    async fn upload_request(
        &self,
        kind: Kind,
        out: &Outgoing<'_>,
        total: u64,
        sent: &Sent,
    ) -> Result<reqwest::RequestBuilder, Box<CloudError>> {
        let body = chunks(out.path, 0, total, Arc::new(Turns::new(&out.pace)), sent.clone()).await;
        let body = Body::wrap_stream(body.map_err(|error| self.unreadable(kind, &error))?);
        let part = Part::stream_with_length(body, total).file_name(out.name.to_owned());
        // Names are sent as UTF-8 text, as browsers do; servers do not agree on percent-encoded ones.
        let form = Form::new()
            .percent_encode_noop()
            .text("purpose", "fine-tune")
            .text("descriptions", out.description.to_owned())
            .part("files", part);
        Ok(self.request(Method::POST, &FILES).multipart(form))
    }

    /// The file as the cloud has it. One that arrived damaged is removed again.
    async fn verified(&self, id: &str, whole: &Whole) -> anyhow::Result<FileObject> {
        let file = self.file(id).await?;
        let same = file.size == whole.bytes && (file.md5.is_empty() || file.md5.eq_ignore_ascii_case(&whole.md5));
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

/// A part of a file, in order: never more than `length`, which the request has promised.
pub(crate) async fn chunks(
    path: &Path,
    from: u64,
    length: u64,
    turns: Arc<Turns>,
    sent: Sent,
) -> std::io::Result<impl Stream<Item = std::io::Result<Bytes>> + use<>> {
    let mut file = File::open(path).await?;
    file.seek(SeekFrom::Start(from)).await?;
    Ok(futures_util::stream::try_unfold((file, length), move |(mut file, left)| {
        let (sent, turns) = (sent.clone(), turns.clone());
        async move {
            if left == 0 {
                return Ok(None);
            }
            let slice = turns.slice();
            let mut chunk = vec![0; slice.min(usize::try_from(left).unwrap_or(slice))];
            let read = file.read(&mut chunk).await?;
            if read == 0 {
                return Err(std::io::Error::other("the file became shorter while it was sent"));
            }
            turns.take(read).await;
            chunk.truncate(read);
            sent.fetch_add(read as u64, Ordering::Relaxed);
            Ok(Some((Bytes::from(chunk), (file, left - read as u64))))
        }
    }))
}

/// Hex MD5 of a file.
async fn md5_of(path: &Path, cancel: &Cancel) -> anyhow::Result<String> {
    let (path, cancel) = (path.to_owned(), cancel.clone());
    let hashed = tokio::task::spawn_blocking(move || {
        let reading = || format!("reading {}", path.display());
        let mut file = std::fs::File::open(&path).with_context(reading)?;
        let (mut digest, mut buffer) = (Md5::new(), vec![0; 1 << 20]);
        loop {
            cancel.check()?;
            match file.read(&mut buffer).with_context(reading)? {
                0 => return anyhow::Ok(hex::encode(digest.finalize())),
                read => digest.update(&buffer[..read]),
            }
        }
    });
    hashed.await?
}
