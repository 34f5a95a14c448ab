//! Downloading a result's weights: goes on where it was cut, even at the next start, and shows a file only once its hash is
//! right.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pc_base::{Cancel, Code, Progress, Reporter, Unit, coded};
use pc_protocol::{WeightsFile, WeightsManifest};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::cloud::Cloud;
use crate::error::{CloudError, outward};
use crate::retry::{Repeat, wait};
use crate::transport::Kind;
use crate::waiting::unless_cancelled;

/// A file of a result while it is being fetched.
struct Fetching<'a> {
    job_id: &'a str,
    file: &'a WeightsFile,
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
}

impl Cloud {
    /// Fetches all files of a job's result into a folder, which is made. What is there already with the right hash stays.
    /// A wrong hash is [`Code::ModelHashWrong`], and the bad file is removed.
    pub async fn weights_download(
        &self,
        job_id: &str,
        dir: &Path,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> anyhow::Result<WeightsManifest> {
        let manifest = self.weights(job_id).await?;
        if let Some(bad) = manifest.files.iter().find(|file| !is_plain(&file.name)) {
            let why = format!("the cloud names a file {:?}", bad.name);
            return Err(outward(self.0.transport.garbled("weights_download", &why)));
        }
        tokio::fs::create_dir_all(dir).await.with_context(|| format!("creating {}", dir.display()))?;
        let total = manifest.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        let mut before = 0_u64;
        for file in &manifest.files {
            // The hash in the name keeps parts of different results apart.
            let digits: String = file.sha256.chars().filter(char::is_ascii_hexdigit).take(16).collect();
            let part = dir.join(format!(".{}.{digits}.part", file.name));
            let fetching = Fetching { job_id, file, part, reporter, cancel, before, total };
            self.fetch(&fetching, &dir.join(&file.name)).await?;
            before = before.saturating_add(file.bytes);
            fetching.report(file.bytes);
        }
        Ok(manifest)
    }

    async fn fetch(&self, fetching: &Fetching<'_>, target: &Path) -> anyhow::Result<()> {
        let file = fetching.file;
        if tokio::fs::metadata(target).await.is_ok_and(|found| found.len() == file.bytes)
            && hash_of(target).await?.1.eq_ignore_ascii_case(&file.sha256)
        {
            return Ok(());
        }
        let kind = Self::open_kind("weights_download", Repeat::Safe);
        let (mut tried, mut most) = (1, 0);
        loop {
            let error = match self.go_on(kind, fetching).await {
                Ok(()) => break,
                Err(error) => error,
            };
            let Some(call) = CloudError::of(&error) else { return Err(error) };
            let have = length_of(&fetching.part).await;
            if call.http_status == Some(416) && have > 0 {
                // The cloud has nothing after this part, so the part is not of this file.
                tokio::fs::remove_file(&fetching.part).await.context("removing a part that does not fit")?;
                continue;
            }
            // A connection that brings something each time may break as often as it likes.
            tried = if have > most { 1 } else { tried };
            most = most.max(have);
            let Some(pause) = wait(call, kind.repeat, tried, &self.0.transport.network) else { return Err(error) };
            let slept = unless_cancelled(fetching.cancel, || (), tokio::time::sleep(pause)).await;
            slept.ok_or_else(|| outward(self.0.transport.cancelled(kind.operation)))?;
            tried += 1;
        }
        let (bytes, sha256) = hash_of(&fetching.part).await?;
        if bytes != file.bytes || !sha256.eq_ignore_ascii_case(&file.sha256) {
            tokio::fs::remove_file(&fetching.part).await.context("removing a damaged file")?;
            return Err(coded(Code::ModelHashWrong).with("path", target.display()).into());
        }
        tokio::fs::rename(&fetching.part, target).await.with_context(|| format!("writing {}", target.display()))
    }

    /// One connection: fetches from the part's end to the file's.
    async fn go_on(&self, kind: Kind, fetching: &Fetching<'_>) -> anyhow::Result<()> {
        let (transport, file) = (&self.0.transport, fetching.file);
        let mut have = length_of(&fetching.part).await;
        if have > file.bytes {
            tokio::fs::remove_file(&fetching.part).await.context("removing a part that is too long")?;
            have = 0;
        }
        if have == file.bytes && have > 0 {
            return Ok(());
        }
        let segments = ["api", "v1", "extensions", "fine-tunes", fetching.job_id, "weights", &file.name];
        let mut request = self.request(Method::GET, &segments);
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let cancelled = || outward(transport.cancelled(kind.operation));
        let opened = unless_cancelled(fetching.cancel, || (), transport.once(kind, request)).await;
        let mut response = opened.ok_or_else(cancelled)?.map_err(outward)?;
        match begin_of(&response) {
            Some(begin) if begin == have => {}
            // The cloud sends it from the begin, whatever was asked.
            None | Some(0) => have = 0,
            Some(_) => return Err(outward(transport.garbled(kind.operation, "another range than the asked one"))),
        }
        let writing = || format!("writing {}", fetching.part.display());
        let mut options = File::options();
        options.create(true).write(true).append(have > 0).truncate(have == 0);
        let mut part = options.open(&fetching.part).await.with_context(writing)?;
        loop {
            let chunk = unless_cancelled(fetching.cancel, || (), response.chunk()).await;
            let failed = |error| outward(CloudError::of_transport(kind.operation, &transport.host, &error));
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
                tokio::fs::remove_file(&fetching.part).await.with_context(writing)?;
                return Err(outward(transport.garbled(kind.operation, "the file is longer than announced")));
            }
            part.write_all(&chunk).await.with_context(writing)?;
            fetching.report(have);
        }
        part.flush().await.with_context(writing)?;
        part.sync_all().await.with_context(writing)?;
        if have < file.bytes { Err(outward(transport.broke_off(kind.operation))) } else { Ok(()) }
    }
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

/// A file's length and hex SHA-256, on a thread that may block.
async fn hash_of(path: &Path) -> anyhow::Result<(u64, String)> {
    let path = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || -> std::io::Result<(u64, String)> {
        let (mut file, mut digest, mut bytes) = (std::fs::File::open(path)?, Sha256::new(), 0);
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok((bytes, hex::encode(digest.finalize()))),
                read => {
                    digest.update(&buffer[..read]);
                    bytes += read as u64;
                }
            }
        }
    });
    hashed.await?.context("reading what was downloaded")
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
