//! Uploading a file in pieces to a cloud that can go on after a break: a lost connection costs at most one piece, and the
//! whole is held to its hash at the end. Pieces grow while they go quickly, so that slow networks lose little and quick ones
//! wait little.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pc_protocol::{Answered, CreateUpload, Data, FileObject, FinishUpload, ResumableUpload};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Method};

use super::pace::Turns;
use super::{Outgoing, Sent, Whole, chunks};
use crate::cloud::Cloud;
use crate::error::{CloudError, ErrorKind, outward};
use crate::retry::Repeat;
use crate::transport::Kind;
use crate::waiting::unless_cancelled;

const UPLOADS: [&str; 4] = ["api", "v1", "extensions", "uploads"];
const OPERATION: &str = "file_upload";
const FIRST: u64 = 4 << 20;
const SMALLEST: u64 = 1 << 20;
/// A piece that took longer is followed by a smaller one, one that took less than half of it by a larger one.
const PLEASANT: Duration = Duration::from_secs(4);
/// Tries without a byte of progress, as a multiple of those of other calls: a network may be away for minutes.
const PATIENCE: u32 = 4;

/// A part of the file.
#[derive(Clone, Copy)]
struct Piece {
    from: u64,
    to: u64,
}

impl Cloud {
    /// Sends a file to a cloud that offers [`pc_protocol::Capabilities::RESUMABLE_UPLOAD`], from where an earlier upload of
    /// it was left. The answer is the file as the cloud has it, whose hash it has compared with the file's. A cancel leaves
    /// what arrived in the cloud, for a day at most.
    pub(crate) async fn upload_in_pieces(&self, out: &Outgoing<'_>, whole: &Whole) -> anyhow::Result<FileObject> {
        let left = match out.resume {
            Some(id) => self.left_upload(out, id, whole.bytes).await?,
            None => None,
        };
        let upload = match left {
            Some(upload) => upload,
            None => self.new_upload(out, whole.bytes).await?,
        };
        (out.begun)(&upload.upload_id)?;
        self.send_pieces(out, &upload).await?;
        self.finish(out, &upload, whole).await
    }

    async fn new_upload(&self, out: &Outgoing<'_>, total: u64) -> anyhow::Result<ResumableUpload> {
        let asked = CreateUpload {
            name: out.name.to_owned(),
            bytes: total,
            description: out.description.to_owned(),
            ..CreateUpload::default()
        };
        let creating = self.create::<Data<ResumableUpload>>(OPERATION, &UPLOADS, &asked);
        let created = unless_cancelled(out.cancel, || (), creating).await;
        Ok(created.unwrap_or_else(|| Err(self.stopped()))?.data)
    }

    /// An upload that was left, if the cloud still has it and it is of this file.
    async fn left_upload(&self, out: &Outgoing<'_>, id: &str, total: u64) -> anyhow::Result<Option<ResumableUpload>> {
        let asked = unless_cancelled(out.cancel, || (), self.upload_left(id)).await;
        let left = asked.unwrap_or_else(|| Err(self.stopped()))?;
        let same =
            |left: &ResumableUpload| (left.name.as_str(), left.bytes) == (out.name, total) && left.offset <= total;
        Ok(left.filter(same))
    }

    /// What has arrived of an upload that was left; nothing where the cloud has it no more.
    pub async fn upload_left(&self, upload_id: &str) -> anyhow::Result<Option<ResumableUpload>> {
        match self.get::<Data<ResumableUpload>>("upload_left", &of(upload_id, &[]), &[]).await {
            Ok(answer) => Ok(Some(answer.data)),
            Err(error) if CloudError::is_not_found(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Throws away what arrived of an upload that is not to be finished. One that is not there any more is as wanted.
    pub async fn upload_discard(&self, upload_id: &str) -> anyhow::Result<()> {
        let kind = self.kind("upload_discard", Repeat::Safe);
        match self.bare::<Answered>(kind, Method::DELETE, &of(upload_id, &[])).await.map_err(outward) {
            Err(error) if !CloudError::is_not_found(&error) => Err(error),
            _ => Ok(()),
        }
    }

    fn stopped(&self) -> anyhow::Error {
        outward(self.0.transport.cancelled(OPERATION))
    }

    async fn send_pieces(&self, out: &Outgoing<'_>, upload: &ResumableUpload) -> anyhow::Result<()> {
        let most = upload.piece_bytes.max(1);
        let turns = Arc::new(Turns::new(&out.pace));
        let (mut from, mut size) = (upload.offset, FIRST.min(most));
        while from < upload.bytes {
            self.hours_begun(out, from, upload.bytes).await?;
            let piece = Piece { from, to: upload.bytes.min(from + size) };
            let began = Instant::now();
            self.send_piece(out, upload, &turns, piece).await?;
            from = piece.to;
            size = match began.elapsed() {
                slow if slow > PLEASANT => (size / 2).max(SMALLEST.min(most)),
                quick if quick < PLEASANT / 2 => (size * 2).min(most),
                _ => size,
            };
        }
        out.report(upload.bytes, upload.bytes);
        Ok(())
    }

    /// Sends one piece until it has arrived, however often the connection breaks.
    async fn send_piece(
        &self,
        out: &Outgoing<'_>,
        upload: &ResumableUpload,
        turns: &Arc<Turns>,
        piece: Piece,
    ) -> anyhow::Result<()> {
        let kind = Self::open_kind(OPERATION, Repeat::Safe);
        let transport = &self.0.transport;
        let mut network = transport.network.clone();
        network.retries = network.retries.saturating_mul(PATIENCE);
        let mut tries = transport.tries_of(kind.repeat, &network);
        let (offset, end) = (piece.from, piece.to);
        loop {
            let sent = Sent::default();
            let glance = || out.report(offset + sent.load(Ordering::Relaxed), upload.bytes);
            let trying = self.append(kind, (out, upload), turns, piece, &sent);
            let tried = unless_cancelled(out.cancel, glance, trying).await;
            let error = match tried.unwrap_or_else(|| Err(transport.cancelled(kind.operation))) {
                Ok(has) if has == end => return Ok(()),
                Ok(_) => return Err(outward(transport.garbled(kind.operation, "the piece is not where it belongs"))),
                Err(error) => error,
            };
            // A conflict also says that the piece had arrived although its answer was lost.
            if !error.retryable && error.http_status != Some(409) {
                return Err(outward(error));
            }
            let asked = unless_cancelled(out.cancel, || (), self.offset(kind, upload)).await;
            match asked.unwrap_or_else(|| Err(transport.cancelled(kind.operation))) {
                Ok(has) if has == end => return Ok(()),
                Ok(has) if has != offset => {
                    let why = format!("it has {has} bytes instead of {offset}");
                    return Err(outward(transport.garbled(kind.operation, &why)));
                }
                Err(asking) if !asking.retryable => return Err(outward(asking)),
                _ => {}
            }
            let waited = unless_cancelled(out.cancel, || (), tries.after(error)).await;
            waited.unwrap_or_else(|| Err(transport.cancelled(kind.operation))).map_err(outward)?;
        }
    }

    /// One try; answers how much the cloud has now.
    async fn append(
        &self,
        kind: Kind,
        (out, upload): (&Outgoing<'_>, &ResumableUpload),
        turns: &Arc<Turns>,
        piece: Piece,
        sent: &Sent,
    ) -> Result<u64, Box<CloudError>> {
        let length = piece.to - piece.from;
        let body = chunks(out.path, piece.from, length, turns.clone(), sent.clone()).await;
        let body = body.map_err(|error| self.unreadable(kind, &error))?;
        let request = self
            .request(Method::PUT, &of(&upload.upload_id, &[]))
            .query(&[("offset", piece.from)])
            // Announced, because gateways refuse bodies of unknown length.
            .header(CONTENT_LENGTH, length)
            .body(Body::wrap_stream(body));
        let response = self.0.transport.once_sending(kind, request, sent).await?;
        let answer: Data<ResumableUpload> = self.0.transport.read(kind, response).await?;
        Ok(answer.data.offset)
    }

    async fn offset(&self, kind: Kind, upload: &ResumableUpload) -> Result<u64, Box<CloudError>> {
        let request = self.request(Method::GET, &of(&upload.upload_id, &[]));
        let limit = Some(self.0.transport.network.call_timeout);
        let kind = Kind { limit, ..kind };
        let response = self.0.transport.once(kind, request).await?;
        let answer: Data<ResumableUpload> = self.0.transport.read(kind, response).await?;
        Ok(answer.data.offset)
    }

    /// A finish that is asked twice answers the same file, so it is repeated. The cloud may have to read the file again.
    async fn finish(&self, out: &Outgoing<'_>, upload: &ResumableUpload, whole: &Whole) -> anyhow::Result<FileObject> {
        let kind = Self::open_kind(OPERATION, Repeat::Safe);
        let body = FinishUpload { md5: Some(whole.md5.clone()), sha256: None };
        let path = of(&upload.upload_id, &["finish"]);
        let finishing = self.send::<Data<FileObject>>(kind, Method::POST, &path, &body);
        let finished = unless_cancelled(out.cancel, || (), finishing).await;
        let file = finished.unwrap_or_else(|| Err(self.stopped()))?.data;
        if file.size == whole.bytes && file.md5.eq_ignore_ascii_case(&whole.md5) {
            return Ok(file);
        }
        self.file_delete(&file.file_id).await?;
        let why = "the file arrived damaged and was removed again";
        let mut error = CloudError::new(ErrorKind::Garbled, OPERATION, &self.0.transport.host, why);
        error.retryable = true;
        Err(outward(error))
    }
}

fn of<'a>(id: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [UPLOADS.as_slice(), &[id], rest].concat()
}
