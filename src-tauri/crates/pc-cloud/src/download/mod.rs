//! Downloading files whose size, and mostly whose hash, was announced: goes on where it was cut, even at the next start, and
//! shows a file only once it is right. Deliberately absent: where files come from, which a [`Source`] knows.

mod file;
mod hash;
mod hub;
mod weights;

use std::fs::File;
use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use pc_base::{Cancel, Code, Progress, Reporter, Unit, coded, room_for};
use reqwest::header::CONTENT_RANGE;
use reqwest::{Response, StatusCode};
use tokio::sync::mpsc;

use crate::error::CloudError;
use crate::retry::wait;
use crate::transport::{Kind, Transport};
use crate::waiting::unless_cancelled;

use hash::SoFar;
pub use hub::{Hub, HubFile, HubKind};

/// What is handed to the disk and to the hash at once. A socket gives some kilobytes, and waking two threads for each of them
/// takes longer than their work.
const BATCH: usize = 1 << 20;
/// Batches that wait for either.
const WAITING: usize = 4;

/// Some chunks of a file, in order.
type Batch = Arc<Vec<Bytes>>;

/// A file as it was announced.
#[derive(Clone, Debug)]
struct Announced {
    /// Of the file in its folder; see [`is_plain`].
    pub name: String,
    pub bytes: u64,
    /// Without one there is only the size to compare, and a part of an earlier start cannot be trusted.
    pub hash: Option<hash::Announced>,
}

/// Where files come from.
trait Source: Sync {
    /// Whether a file that is there will be trusted without being looked at again: then it is on the disk for good before it
    /// has its name.
    const KEPT: bool;
    fn transport(&self) -> &Transport;
    fn kind(&self) -> Kind;
    /// One connection that sends the file from a byte on; `from` is 0 for the whole one.
    fn open(&self, file: &Announced, from: u64) -> impl Future<Output = Result<Response, Box<CloudError>>> + Send;
    /// Puts the program's code on an error.
    fn outward(&self, error: Box<CloudError>) -> anyhow::Error;
}

/// A file while it is being fetched.
struct Fetching<'a> {
    file: &'a Announced,
    part: PathBuf,
    reporter: &'a dyn Reporter,
    cancel: &'a Cancel,
    /// Bytes of the files before this one, and of all.
    before: u64,
    total: u64,
}

impl Fetching<'_> {
    fn report(&self, done: u64) {
        let (done, total) = (self.before + done, Some(self.total));
        self.reporter.report(Progress { stage: "download".into(), done, total, unit: Unit::Bytes });
    }

    /// The hash of a file as it lies there, on a thread that may block.
    async fn hash_of(&self, path: &Path) -> anyhow::Result<SoFar> {
        let (path, announced, cancel) = (path.to_owned(), self.file.hash.clone(), self.cancel.clone());
        tokio::task::spawn_blocking(move || SoFar::of(&path, announced.as_ref(), &cancel)).await?
    }
}

/// Fetches all files into a folder, which is made; there must be room for them. What is there already with the right hash
/// stays. A wrong hash is [`Code::ModelHashWrong`], and the bad file is removed.
async fn fetch_all(
    source: &impl Source,
    files: &[Announced],
    dir: &Path,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<()> {
    if let Some(bad) = files.iter().find(|file| !is_plain(&file.name)) {
        let why = format!("it names a file {:?}", bad.name);
        return Err(source.outward(source.transport().garbled(source.kind().operation, &why)));
    }
    tokio::fs::create_dir_all(dir).await.with_context(|| format!("creating {}", dir.display()))?;
    let (mut total, mut missing) = (0_u64, 0_u64);
    for file in files {
        let here = length_of(&dir.join(&file.name)).await.max(length_of(&part_of(dir, file)).await);
        total = total.saturating_add(file.bytes);
        missing = missing.saturating_add(file.bytes.saturating_sub(here));
    }
    room_for(dir, missing)?;
    let mut before = 0_u64;
    for file in files {
        let fetching = Fetching { file, part: part_of(dir, file), reporter, cancel, before, total };
        fetch(source, &fetching, &dir.join(&file.name)).await?;
        before = before.saturating_add(file.bytes);
        fetching.report(file.bytes);
    }
    Ok(())
}

/// The hash in the name keeps parts of different contents apart.
fn part_of(dir: &Path, file: &Announced) -> PathBuf {
    let hash = file.hash.as_ref().map(hash::Announced::text).unwrap_or_default();
    let digits: String = hash.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    dir.join(format!(".{}.{digits}.part", file.name))
}

async fn fetch<S: Source>(source: &S, fetching: &Fetching<'_>, target: &Path) -> anyhow::Result<()> {
    let (file, kind) = (fetching.file, source.kind());
    let announced = file.hash.as_ref();
    if announced.is_none() {
        // Nothing proves that an older half belongs to this file.
        remove(&fetching.part).await?;
    } else if length_of(target).await == file.bytes && fetching.hash_of(target).await?.is(file.bytes, announced) {
        return Ok(());
    }
    let (mut tried, mut most, mut so_far) = (1, 0, SoFar::nothing(announced));
    loop {
        let error = match go_on(source, fetching, &mut so_far).await {
            Ok(()) => break,
            Err(error) => error,
        };
        let Some(call) = CloudError::of(&error) else { return Err(error) };
        let have = length_of(&fetching.part).await;
        if call.http_status == Some(416) && have > 0 {
            // There is nothing after this part, so the part is not of this file.
            remove(&fetching.part).await?;
            continue;
        }
        // A connection that brings something each time may break as often as it likes.
        tried = if have > most { 1 } else { tried };
        most = most.max(have);
        let Some(pause) = wait(call, kind.repeat, tried, &source.transport().network) else { return Err(error) };
        let slept = unless_cancelled(fetching.cancel, || (), tokio::time::sleep(pause)).await;
        slept.ok_or_else(|| source.outward(source.transport().cancelled(kind.operation)))?;
        tried += 1;
    }
    if !so_far.is(file.bytes, announced) {
        remove(&fetching.part).await?;
        return Err(coded(Code::ModelHashWrong).with("path", target.display()).into());
    }
    tokio::fs::rename(&fetching.part, target).await.with_context(|| format!("writing {}", target.display()))
}

/// One connection: fetches from the part's end to the file's. `so_far` is of what the part has, as far as that is known.
async fn go_on<S: Source>(source: &S, fetching: &Fetching<'_>, so_far: &mut SoFar) -> anyhow::Result<()> {
    let (transport, kind, file) = (source.transport(), source.kind(), fetching.file);
    let mut have = length_of(&fetching.part).await;
    if have > file.bytes {
        remove(&fetching.part).await?;
        have = 0;
    }
    if have > 0 && so_far.bytes != have {
        *so_far = fetching.hash_of(&fetching.part).await?;
    }
    if have == file.bytes && have > 0 {
        return Ok(());
    }
    let opened = unless_cancelled(fetching.cancel, || (), source.open(file, have)).await;
    let opened = opened.unwrap_or_else(|| Err(transport.cancelled(kind.operation)));
    let response = opened.map_err(|error| source.outward(error))?;
    match begin_of(&response) {
        Some(begin) if begin == have => {}
        // It is sent from the begin, whatever was asked.
        None | Some(0) => have = 0,
        Some(_) => {
            return Err(source.outward(transport.garbled(kind.operation, "another range than the asked one")));
        }
    }
    if have == 0 {
        *so_far = SoFar::nothing(file.hash.as_ref());
    }
    let writing = || format!("writing {}", fetching.part.display());
    let mut options = File::options();
    options.create(true).write(true).append(have > 0).truncate(have == 0);
    let part = options.open(&fetching.part).with_context(writing)?;
    let (kept, ended) = written(source, fetching, response, (part, so_far)).await;
    // What has come is kept, whatever ended it.
    kept.with_context(writing)?;
    ended.map_err(|error| source.outward(error))?;
    if so_far.bytes > file.bytes {
        remove(&fetching.part).await?;
        return Err(source.outward(transport.garbled(kind.operation, "the file is longer than announced")));
    }
    if so_far.bytes < file.bytes { Err(source.outward(transport.broke_off(kind.operation))) } else { Ok(()) }
}

/// Takes an answer to the disk, and its hash beside it, each on a thread of its own. Answers how the disk did, and how the
/// network did.
async fn written<S: Source>(
    source: &S,
    fetching: &Fetching<'_>,
    mut response: Response,
    (mut part, so_far): (File, &mut SoFar),
) -> (std::io::Result<()>, Result<(), Box<CloudError>>) {
    let (transport, kind) = (source.transport(), source.kind());
    let (to_disk, mut on_disk) = mpsc::channel::<Batch>(WAITING);
    let (to_hash, mut on_hash) = mpsc::channel::<Batch>(WAITING);
    let disk = tokio::task::spawn_blocking(move || {
        while let Some(batch) = on_disk.blocking_recv() {
            batch.iter().try_for_each(|chunk| part.write_all(chunk))?;
        }
        if S::KEPT { part.sync_all() } else { Ok(()) }
    });
    let mut hashing = so_far.clone();
    let hash = tokio::task::spawn_blocking(move || {
        while let Some(batch) = on_hash.blocking_recv() {
            batch.iter().for_each(|chunk| hashing.update(chunk));
        }
        hashing
    });
    let send = async |batch: &mut Vec<Bytes>| {
        let batch = Arc::new(std::mem::take(batch));
        to_disk.send(batch.clone()).await.is_ok() && to_hash.send(batch).await.is_ok()
    };
    let (mut have, mut batch, mut size) = (so_far.bytes, Vec::new(), 0);
    let ended = loop {
        let chunk = unless_cancelled(fetching.cancel, || (), transport.chunk(kind, &mut response)).await;
        let chunk = match chunk.unwrap_or_else(|| Err(transport.cancelled(kind.operation))) {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        have += chunk.len() as u64;
        size += chunk.len();
        batch.push(chunk);
        // More than was announced is not wanted.
        if have > fetching.file.bytes {
            break Ok(());
        }
        fetching.report(have);
        if size >= BATCH {
            size = 0;
            // A disk that takes no more says why itself.
            if !send(&mut batch).await {
                break Ok(());
            }
        }
    };
    send(&mut batch).await;
    drop((to_disk, to_hash));
    match hash.await {
        Ok(hashed) => *so_far = hashed,
        Err(lost) => return (Err(lost.into()), ended),
    }
    (disk.await.unwrap_or_else(|lost| Err(lost.into())), ended)
}

/// Where an answer with a range begins; nothing when it is the whole file.
fn begin_of(response: &Response) -> Option<u64> {
    let range = (response.status() == StatusCode::PARTIAL_CONTENT).then(|| response.headers().get(CONTENT_RANGE))??;
    range.to_str().ok()?.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

/// Whether a name stays in its folder.
fn is_plain(name: &str) -> bool {
    let bad = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && !name.contains(bad)
}

async fn length_of(path: &Path) -> u64 {
    tokio::fs::metadata(path).await.map(|found| found.len()).unwrap_or(0)
}

async fn remove(path: &Path) -> anyhow::Result<()> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        assert!(is_plain("adapter_model.safetensors"));
        for bad in ["", ".", "..", "../a", "a/b", "a\\b", "C:a", ".hidden", "a\0b", &"a".repeat(201)] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
