//! Files: list, look at, delete. Uploading is in `upload`.

use pc_protocol::{Answered, Data, FileObject, FilePage};
use reqwest::Method;

use crate::cloud::{Cloud, page};
use crate::error::outward;
use crate::retry::Repeat;

pub(crate) const FILES: [&str; 3] = ["api", "v1", "files"];

impl Cloud {
    /// A page of files, newest first; `page_no` counts from 1, `page_size` is at most 100.
    pub async fn files(&self, page_no: u64, page_size: u64) -> anyhow::Result<FilePage> {
        let answer: Data<FilePage> = self.get("file_list", &FILES, &page(page_no, page_size)).await?;
        Ok(answer.data)
    }

    /// A file's facts.
    pub async fn file(&self, id: &str) -> anyhow::Result<FileObject> {
        let [a, b, c] = FILES;
        let answer: Data<FileObject> = self.get("file_get", &[a, b, c, id], &[]).await?;
        Ok(answer.data)
    }

    /// Removes a file.
    pub async fn file_delete(&self, id: &str) -> anyhow::Result<()> {
        let [a, b, c] = FILES;
        let kind = self.kind("file_delete", Repeat::Safe);
        self.bare::<Answered>(kind, Method::DELETE, &[a, b, c, id]).await.map(drop).map_err(outward)
    }
}
