//! Uploading a file in pieces to a cloud that can go on after a break: each piece is read and hashed while the one before
//! it is sent, a lost connection costs at most one piece, and the whole is held to its hash at the end. Pieces grow while
//! they go quickly, so that slow networks lose little and quick ones wait little.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use pc_base::{Cancel, Code, CodedExt as _, Progress, Reporter, Unit, coded};
use pc_protocol::{Answered, CreateUpload, Data, FileObject, FinishUpload, ResumableUpload};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Method};
use sha2::Sha256;

use crate::cloud::Cloud;
use crate::error::{CloudError, ErrorKind, outward};
use crate::retry::Repeat;
use crate::transport::Kind;
use crate::waiting::unless_cancelled;

const UPLOADS: [&str; 4] = ["api", "v1", "extensions", "uploads"];
const OPERATION: &str = "file_upload";
const SMALLEST: usize = 1 << 20;
/// Two of these are in memory.
const LARGEST: usize = 16 << 20;
/// A piece that took longer is followed by a smaller one, one that took less than half of it by a larger one.
const PLEASANT: Duration = Duration::from_secs(4);
/// Tries without a byte of progress, as a multiple of those of other calls: a network may be away for minutes.
const PATIENCE: u32 = 4;
/// What is handed to the network at once, and the grain of progress.
const SLICE: usize = 256 << 10;

/// A file that is to go out.
pub(crate) struct Outgoing<'a> {
    pub path: &'a Path,
    pub name: &'a str,
    pub description: &'a str,
    pub total: u64,
    pub reporter: &'a dyn Reporter,
    pub cancel: &'a Cancel,
}

impl Outgoing<'_> {
    fn report(&self, done: u64) {
        let total = Some(self.total);
        self.reporter.report(Progress { stage: "upload".into(), done, total, unit: Unit::Bytes });
    }
}

/// The file while it is read.
struct Reading {
    file: File,
    path: PathBuf,
    md5: Md5,
    left: u64,
}

struct Piece {
    bytes: Bytes,
    sha256: String,
}

/// Reads and hashes the next piece; its memory is the caller's.
fn next(mut reading: Reading, size: usize) -> anyhow::Result<(Reading, Piece)> {
    let context = || format!("reading {}", reading.path.display());
    let size = size.min(usize::try_from(reading.left).unwrap_or(size));
    let mut bytes = vec![0; size];
    reading.file.read_exact(&mut bytes).with_context(context)?;
    reading.left -= size as u64;
    reading.md5.update(&bytes);
    let sha256 = hex::encode(Sha256::digest(&bytes));
    Ok((reading, Piece { bytes: bytes.into(), sha256 }))
}

impl Cloud {
    /// Sends a file to a cloud that offers [`pc_protocol::Capabilities::RESUMABLE_UPLOAD`]. The answer is the file as the
    /// cloud has it, whose hash it has compared with the one of what was read here.
    pub(crate) async fn upload_in_pieces(&self, out: &Outgoing<'_>) -> anyhow::Result<FileObject> {
        let missing = || coded(Code::FileNotFound).with("path", out.path.display());
        let file = File::open(out.path).code(missing)?;
        let asked = CreateUpload {
            name: out.name.to_owned(),
            bytes: out.total,
            description: out.description.to_owned(),
            ..CreateUpload::default()
        };
        let creating = self.create::<Data<ResumableUpload>>(OPERATION, &UPLOADS, &asked);
        let created = unless_cancelled(out.cancel, || (), creating).await;
        let upload = created.unwrap_or_else(|| Err(self.stopped()))?.data;
        let sent = self.send_pieces(out, &upload, file).await;
        if out.cancel.is_cancelled() && sent.is_err() {
            // What arrived would otherwise lie there for a day. Whether this works does not change what is told.
            let kind = self.kind(OPERATION, Repeat::IfUntouched);
            let _removed = self.bare::<Answered>(kind, Method::DELETE, &of(&upload.upload_id, &[])).await;
        }
        sent
    }

    fn stopped(&self) -> anyhow::Error {
        outward(self.0.transport.cancelled(OPERATION))
    }

    async fn send_pieces(
        &self,
        out: &Outgoing<'_>,
        upload: &ResumableUpload,
        file: File,
    ) -> anyhow::Result<FileObject> {
        let most = usize::try_from(upload.piece_bytes).unwrap_or(LARGEST).clamp(1, LARGEST);
        let mut size = (4 * SMALLEST).min(most);
        let reading = Reading { file, path: out.path.to_owned(), md5: Md5::new(), left: out.total };
        let read = |reading, size| tokio::task::spawn_blocking(move || next(reading, size));
        let mut coming = read(reading, size);
        let mut offset = 0;
        let md5 = loop {
            let (reading, piece) = coming.await??;
            let length = piece.bytes.len() as u64;
            if reading.left == 0 {
                self.send_piece(out, upload, offset, piece).await?;
                break reading.md5;
            }
            coming = read(reading, size);
            let began = Instant::now();
            self.send_piece(out, upload, offset, piece).await?;
            offset += length;
            size = match began.elapsed() {
                slow if slow > PLEASANT => (size / 2).max(SMALLEST.min(most)),
                quick if quick < PLEASANT / 2 => (size * 2).min(most),
                _ => size,
            };
        };
        out.report(out.total);
        self.finish(out, upload, hex::encode(md5.finalize())).await
    }

    /// Sends one piece until it has arrived, however often the connection breaks.
    async fn send_piece(
        &self,
        out: &Outgoing<'_>,
        upload: &ResumableUpload,
        offset: u64,
        piece: Piece,
    ) -> anyhow::Result<()> {
        let kind = Self::open_kind(OPERATION, Repeat::Safe);
        let transport = &self.0.transport;
        let mut network = transport.network.clone();
        network.retries = network.retries.saturating_mul(PATIENCE);
        let mut tries = transport.tries_of(kind.repeat, &network);
        let end = offset + piece.bytes.len() as u64;
        loop {
            let sent = Arc::new(AtomicU64::new(offset));
            let glance = || out.report(sent.load(Ordering::Relaxed));
            let tried = unless_cancelled(out.cancel, glance, self.append(kind, upload, offset, &piece, &sent)).await;
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
        upload: &ResumableUpload,
        offset: u64,
        piece: &Piece,
        sent: &Arc<AtomicU64>,
    ) -> Result<u64, Box<CloudError>> {
        let (length, sent) = (piece.bytes.len(), sent.clone());
        let slices = futures_util::stream::iter((0..length).step_by(SLICE).map({
            let bytes = piece.bytes.clone();
            move |at| {
                let slice = bytes.slice(at..(at + SLICE).min(length));
                sent.fetch_add(slice.len() as u64, Ordering::Relaxed);
                Ok::<_, std::io::Error>(slice)
            }
        }));
        let request = self
            .request(Method::PUT, &of(&upload.upload_id, &[]))
            .query(&[("offset", offset.to_string()), ("sha256", piece.sha256.clone())])
            // Announced, because gateways refuse bodies of unknown length.
            .header(CONTENT_LENGTH, length)
            .body(Body::wrap_stream(slices));
        let response = self.0.transport.once(kind, request).await?;
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
    async fn finish(&self, out: &Outgoing<'_>, upload: &ResumableUpload, md5: String) -> anyhow::Result<FileObject> {
        let kind = Self::open_kind(OPERATION, Repeat::Safe);
        let (path, body) = (of(&upload.upload_id, &["finish"]), FinishUpload { md5: Some(md5.clone()), sha256: None });
        let finishing = self.send::<Data<FileObject>>(kind, Method::POST, &path, &body);
        let finished = unless_cancelled(out.cancel, || (), finishing).await;
        let file = finished.unwrap_or_else(|| Err(self.stopped()))?.data;
        if file.size == out.total && file.md5.eq_ignore_ascii_case(&md5) {
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
