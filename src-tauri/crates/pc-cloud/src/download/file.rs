//! Downloading a file as it was uploaded, from a cloud that gives files back.

use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use pc_base::{Cancel, Code, Reporter, coded};
use reqwest::header::RANGE;
use reqwest::{Method, Response};

use super::{Announced, Source, fetch_all, remove};
use crate::cloud::Cloud;
use crate::error::{CloudError, outward};
use crate::retry::Repeat;
use crate::transport::{Kind, Transport};

struct Content<'a> {
    cloud: &'a Cloud,
    file_id: &'a str,
}

impl Source for Content<'_> {
    fn transport(&self) -> &Transport {
        &self.cloud.0.transport
    }

    fn kind(&self) -> Kind {
        Cloud::open_kind("file_download", Repeat::Safe)
    }

    async fn open(&self, _: &Announced, from: u64) -> Result<Response, Box<CloudError>> {
        let mut request =
            self.cloud.request(Method::GET, &["api", "v1", "extensions", "files", self.file_id, "content"]);
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        self.transport().once(self.kind(), request).await
    }

    fn outward(&self, error: Box<CloudError>) -> anyhow::Error {
        outward(error)
    }
}

impl Cloud {
    /// Fetches a file into a folder, which is made, under its id as its name ([`pc_protocol::Capabilities::FILE_CONTENT`]);
    /// answers where it is. [`Code::ModelHashWrong`] where it is not what the cloud says that it has.
    pub async fn file_download(
        &self,
        file_id: &str,
        dir: &Path,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> anyhow::Result<PathBuf> {
        let file = self.file(file_id).await?;
        let announced = Announced { name: file_id.to_owned(), bytes: file.size, sha256: None };
        fetch_all(&Content { cloud: self, file_id }, &[announced], dir, reporter, cancel).await?;
        let path = dir.join(file_id);
        if md5_of(&path).await?.eq_ignore_ascii_case(&file.md5) {
            return Ok(path);
        }
        remove(&path).await?;
        Err(coded(Code::ModelHashWrong).with("path", path.display()).into())
    }
}

async fn md5_of(path: &Path) -> anyhow::Result<String> {
    let path = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut digest = Md5::new();
        std::io::copy(&mut std::fs::File::open(&path)?, &mut digest)?;
        Ok(hex::encode(digest.finalize()))
    });
    hashed.await?
}
