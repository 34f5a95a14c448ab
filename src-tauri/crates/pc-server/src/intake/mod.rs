//! What comes in: bytes of any length into a sealed blob, hashed beside it, so that a few chunks are in memory whatever the
//! size. Deliberately absent: what the bytes are, and whether they may come.

mod idempotency;
mod resuming;

use std::io::Write as _;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use md5::{Digest as _, Md5};
use pc_protocol::receipt::ChunkHashes;
use pc_store::BlobWriter;
use sha2::Sha256;
use tokio::sync::mpsc;

use crate::refusal::Answer;
use crate::state::{State, owner_of};

pub(crate) use idempotency::{Begun, Claims, Create, Once, Sent};
pub(crate) use resuming::{Resuming, Turn};

/// Chunks that wait for the disk, and for the hashes; a chunk is what the socket gave, at most some hundred kilobytes.
const WAITING: usize = 8;

/// Hashes of what comes in, each only where it is wanted.
#[derive(Clone, Default)]
pub(crate) struct Hashes {
    pub md5: Option<Md5>,
    pub crc64: Option<crc64fast::Digest>,
    pub sha256: Option<Sha256>,
    /// SHA-256 of this part alone, where the others run over several.
    pub piece: Option<Sha256>,
    /// For the receipt.
    pub chunks: Option<ChunkHashes>,
}

impl Hashes {
    /// What a file of one part needs.
    pub fn of_a_file() -> Self {
        let crc64 = Some(crc64fast::Digest::new());
        Self { md5: Some(Md5::new()), crc64, chunks: Some(ChunkHashes::default()), ..Self::default() }
    }

    /// What is kept of a whole file's.
    pub fn finish(self) -> Sums {
        Sums {
            md5: self.md5.map(|digest| hex::encode(digest.finalize())).unwrap_or_default(),
            crc64: self.crc64.map(|digest| format!("{:016x}", digest.sum64())),
            chunks: self.chunks.map(ChunkHashes::finish).unwrap_or_default(),
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        if let Some(crc64) = &mut self.crc64 {
            crc64.write(bytes);
        }
        for sha256 in [&mut self.sha256, &mut self.piece].into_iter().flatten() {
            sha256.update(bytes);
        }
        if let Some(chunks) = &mut self.chunks {
            chunks.update(bytes);
        }
    }
}

/// The hashes of a file, in hex.
pub(crate) struct Sums {
    pub md5: String,
    pub crc64: Option<String>,
    /// For the receipt.
    pub chunks: Vec<String>,
}

/// What came in.
pub(crate) struct Taken {
    /// All that was sent, kept or not.
    pub bytes: u64,
    pub hashes: Hashes,
    /// Not yet committed: dropped, it leaves nothing. Nothing where it was over the limit.
    pub blob: Option<BlobWriter>,
}

/// Takes a stream in. What is over the limit, or cannot be kept, is read to its end all the same, because a client that
/// still sends does not hear the answer.
pub(crate) async fn take(
    state: &Arc<State>,
    workspace: &str,
    limit: u64,
    mut hashes: Hashes,
    stream: impl Stream<Item = Answer<Bytes>>,
) -> Answer<Taken> {
    let (to_disk, on_disk) = mpsc::channel::<Bytes>(WAITING);
    let (to_hash, on_hash) = mpsc::channel::<Bytes>(WAITING);
    let (writing, owner) = (state.clone(), workspace.to_owned());
    // The receipt's hashes are beside the disk, the others on a thread of their own: MD5 alone takes longer than all the rest.
    let chunks = hashes.chunks.take();
    let written = tokio::task::spawn_blocking(move || write(&writing, &owner, chunks, on_disk));
    let hashed = tokio::task::spawn_blocking(move || hash(hashes, on_hash));
    let (mut stream, mut bytes, mut senders) = (pin!(stream), 0, Some((to_disk, to_hash)));
    let mut ended = Ok(());
    while let Some(chunk) = stream.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(refusal) => {
                ended = Err(refusal);
                break;
            }
        };
        bytes += chunk.len() as u64;
        if bytes > limit {
            senders = None;
        }
        if let Some((disk, hash)) = &senders {
            let kept = disk.send(chunk.clone()).await.is_ok() && hash.send(chunk).await.is_ok();
            if !kept {
                senders = None;
            }
        }
    }
    drop(senders);
    let (written, hashed) = (written.await, hashed.await);
    ended?;
    let (blob, chunks) = written.map_err(anyhow::Error::from)??;
    let hashes = Hashes { chunks, ..hashed.map_err(anyhow::Error::from)? };
    Ok(Taken { bytes, hashes, blob: (bytes <= limit).then_some(blob) })
}

fn write(
    state: &State,
    workspace: &str,
    mut hashes: Option<ChunkHashes>,
    mut chunks: mpsc::Receiver<Bytes>,
) -> anyhow::Result<(BlobWriter, Option<ChunkHashes>)> {
    let mut blob = state.blobs.create(&*state.key(workspace)?, &owner_of(workspace))?;
    while let Some(chunk) = chunks.blocking_recv() {
        if let Some(hashes) = &mut hashes {
            hashes.update(&chunk);
        }
        blob.write_all(&chunk)?;
    }
    Ok((blob, hashes))
}

fn hash(mut hashes: Hashes, mut chunks: mpsc::Receiver<Bytes>) -> Hashes {
    while let Some(chunk) = chunks.blocking_recv() {
        hashes.update(&chunk);
    }
    hashes
}
