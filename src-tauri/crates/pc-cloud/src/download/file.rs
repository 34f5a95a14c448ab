//! Downloading a file as it was uploaded, from a cloud that gives files back.

use std::path::{Path, PathBuf};

use pc_base::{Cancel, Reporter};
use pc_protocol::{CRC64_HEADER, FileObject};
use reqwest::header::RANGE;
use reqwest::{Method, Response};

use super::{Announced, Source, fetch_all, hash};
use crate::cloud::Cloud;
use crate::error::{CloudError, outward};
use crate::retry::Repeat;
use crate::transport::{Kind, Transport};

struct Content<'a> {
    cloud: &'a Cloud,
    file_id: &'a str,
}

impl Source for Content<'_> {
    const KEPT: bool = false;

    fn transport(&self) -> &Transport {
        &self.cloud.0.transport
    }

    fn kind(&self) -> Kind {
        Cloud::open_kind("file_download", Repeat::Safe)
    }

    async fn open(&self, _: &Announced, from: u64) -> Result<Response, Box<CloudError>> {
        let mut request = self.cloud.request(Method::GET, &content_of(self.file_id));
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
    /// answers where it is. [`pc_base::Code::ModelHashWrong`] where it is not what the cloud says that it has.
    pub async fn file_download(
        &self,
        file_id: &str,
        dir: &Path,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> anyhow::Result<PathBuf> {
        let file = self.file(file_id).await?;
        let hash = self.stated(&file).await?;
        let announced = Announced { name: file_id.to_owned(), bytes: file.size, hash };
        fetch_all(&Content { cloud: self, file_id }, &[announced], dir, reporter, cancel).await?;
        Ok(dir.join(file_id))
    }

    /// What a file is held to: the checksum that comes with its content where the cloud has one, else its MD5.
    async fn stated(&self, file: &FileObject) -> anyhow::Result<Option<hash::Announced>> {
        let kind = self.kind("file_download", Repeat::Safe);
        let request = self.request(Method::HEAD, &content_of(&file.file_id));
        let head = self.0.transport.once(kind, request).await.map_err(outward)?;
        let crc64 = head.headers().get(CRC64_HEADER).and_then(|value| value.to_str().ok());
        let md5 = || Some(file.md5.clone()).filter(|md5| !md5.is_empty());
        Ok(crc64.map(|sum| hash::Announced::Crc64(sum.to_owned())).or_else(|| md5().map(hash::Announced::Md5)))
    }
}

fn content_of(file_id: &str) -> [&str; 6] {
    ["api", "v1", "extensions", "files", file_id, "content"]
}
