//! Downloading files whose size, and mostly whose hash, was announced: goes on where it was cut, even at the next start, and
//! shows a file only once it is right. Deliberately absent: where files come from, which a [`Source`] knows.

mod file;
mod hub;
mod weights;

use std::future::Future;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pc_base::{Cancel, Code, Progress, Reporter, Unit, coded, room_for};
use reqwest::header::CONTENT_RANGE;
use reqwest::{Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::error::CloudError;
use crate::retry::wait;
use crate::transport::{Kind, Transport};
use crate::waiting::unless_cancelled;

pub use hub::{Hub, HubFile, HubKind};

/// A file as it was announced.
#[derive(Clone, Debug)]
struct Announced {
    /// Of the file in its folder; see [`is_plain`].
    pub name: String,
    pub bytes: u64,
    /// Hex. Without one there is only the size to compare, and a part of an earlier start cannot be trusted.
    pub sha256: Option<String>,
}

/// Where files come from.
trait Source: Sync {
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

    fn is_right(&self, bytes: u64, sha256: &str) -> bool {
        let announced = self.file.sha256.as_deref();
        bytes == self.file.bytes && announced.is_none_or(|announced| announced.eq_ignore_ascii_case(sha256))
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
    let hash = file.sha256.as_deref().unwrap_or_default();
    let digits: String = hash.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    dir.join(format!(".{}.{digits}.part", file.name))
}

async fn fetch(source: &impl Source, fetching: &Fetching<'_>, target: &Path) -> anyhow::Result<()> {
    let (file, kind) = (fetching.file, source.kind());
    if file.sha256.is_none() {
        // Nothing proves that an older half belongs to this file.
        remove(&fetching.part).await?;
    } else if length_of(target).await == file.bytes {
        let (bytes, sha256) = hash_of(target, fetching.cancel).await?;
        if fetching.is_right(bytes, &sha256) {
            return Ok(());
        }
    }
    let (mut tried, mut most) = (1, 0);
    loop {
        let error = match go_on(source, fetching).await {
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
    let (bytes, sha256) = hash_of(&fetching.part, fetching.cancel).await?;
    if !fetching.is_right(bytes, &sha256) {
        remove(&fetching.part).await?;
        return Err(coded(Code::ModelHashWrong).with("path", target.display()).into());
    }
    tokio::fs::rename(&fetching.part, target).await.with_context(|| format!("writing {}", target.display()))
}

/// One connection: fetches from the part's end to the file's.
async fn go_on(source: &impl Source, fetching: &Fetching<'_>) -> anyhow::Result<()> {
    let (transport, kind, file) = (source.transport(), source.kind(), fetching.file);
    let mut have = length_of(&fetching.part).await;
    if have > file.bytes {
        remove(&fetching.part).await?;
        have = 0;
    }
    if have == file.bytes && have > 0 {
        return Ok(());
    }
    let cancelled = || source.outward(transport.cancelled(kind.operation));
    let opened = unless_cancelled(fetching.cancel, || (), source.open(file, have)).await;
    let mut response = opened.ok_or_else(cancelled)?.map_err(|error| source.outward(error))?;
    match begin_of(&response) {
        Some(begin) if begin == have => {}
        // It is sent from the begin, whatever was asked.
        None | Some(0) => have = 0,
        Some(_) => {
            return Err(source.outward(transport.garbled(kind.operation, "another range than the asked one")));
        }
    }
    let writing = || format!("writing {}", fetching.part.display());
    let mut options = File::options();
    options.create(true).write(true).append(have > 0).truncate(have == 0);
    let mut part = options.open(&fetching.part).await.with_context(writing)?;
    loop {
        let chunk = unless_cancelled(fetching.cancel, || (), response.chunk()).await;
        let failed = |error| source.outward(CloudError::of_transport(kind.operation, &transport.host, &error));
        let chunk = match chunk {
            Some(chunk) => chunk.map_err(failed),
            None => Err(cancelled()),
        };
        // What has come is kept, whatever ended it.
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                part.flush().await.with_context(writing)?;
                return Err(error);
            }
        };
        let Some(chunk) = chunk else { break };
        have += chunk.len() as u64;
        if have > file.bytes {
            remove(&fetching.part).await?;
            return Err(source.outward(transport.garbled(kind.operation, "the file is longer than announced")));
        }
        part.write_all(&chunk).await.with_context(writing)?;
        fetching.report(have);
    }
    part.flush().await.with_context(writing)?;
    part.sync_all().await.with_context(writing)?;
    if have < file.bytes { Err(source.outward(transport.broke_off(kind.operation))) } else { Ok(()) }
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

/// A file's length and hex SHA-256, on a thread that may block.
async fn hash_of(path: &Path, cancel: &Cancel) -> anyhow::Result<(u64, String)> {
    let (path, cancel) = (path.to_owned(), cancel.clone());
    let hashed = tokio::task::spawn_blocking(move || {
        let reading = || format!("reading {}", path.display());
        let mut file = std::fs::File::open(&path).with_context(reading)?;
        let (mut digest, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
        loop {
            cancel.check()?;
            match file.read(&mut buffer).with_context(reading)? {
                0 => return Ok((bytes, hex::encode(digest.finalize()))),
                read => {
                    digest.update(&buffer[..read]);
                    bytes += read as u64;
                }
            }
        }
    });
    hashed.await?
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
