//! Downloading a file as it was uploaded, from a cloud that gives files back.

use std::path::{Path, PathBuf};

use pc_base::{Cancel, Reporter};
use pc_protocol::FileObject;
use pc_protocol::receipt::{Action, Statement};
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

    /// What a file is held to: the signed receipt of its upload where the cloud has one, else its MD5.
    async fn stated(&self, file: &FileObject) -> anyhow::Result<Option<hash::Announced>> {
        let receipt = self.receipt_about(&file.file_id, Action::Upload).await?;
        let statement = receipt.and_then(|receipt| receipt.verified().ok());
        let about = |statement: &Statement| statement.bytes == file.size && statement.file_id == file.file_id;
        let md5 = || Some(file.md5.clone()).filter(|md5| !md5.is_empty());
        Ok(match statement.filter(about) {
            Some(statement) => Some(hash::Announced::Chunks(statement.chunks)),
            None => md5().map(hash::Announced::Md5),
        })
    }
}
