//! Downloading a result's weights, file by file as its manifest announces them.

use std::path::Path;

use pc_base::{Cancel, Reporter};
use pc_protocol::WeightsManifest;
use reqwest::header::RANGE;
use reqwest::{Method, Response};

use super::{Announced, Source, fetch_all, hash};
use crate::cloud::Cloud;
use crate::error::{CloudError, outward};
use crate::retry::Repeat;
use crate::transport::{Kind, Transport};

struct Weights<'a> {
    cloud: &'a Cloud,
    job_id: &'a str,
}

impl Source for Weights<'_> {
    const KEPT: bool = true;

    fn transport(&self) -> &Transport {
        &self.cloud.0.transport
    }

    fn kind(&self) -> Kind {
        Cloud::open_kind("weights_download", Repeat::Safe)
    }

    async fn open(&self, file: &Announced, from: u64) -> Result<Response, Box<CloudError>> {
        let segments = ["api", "v1", "extensions", "fine-tunes", self.job_id, "weights", &file.name];
        let mut request = self.cloud.request(Method::GET, &segments);
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
    /// Fetches all files of a job's result into a folder, which is made. What is there already with the right hash stays.
    /// A wrong hash is [`pc_base::Code::ModelHashWrong`], and the bad file is removed.
    pub async fn weights_download(
        &self,
        job_id: &str,
        dir: &Path,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> anyhow::Result<WeightsManifest> {
        let manifest = self.weights(job_id).await?;
        let announced = manifest.files.iter().map(|file| Announced {
            name: file.name.clone(),
            bytes: file.bytes,
            hash: Some(hash::Announced::Sha256(file.sha256.clone())),
        });
        let files: Vec<Announced> = announced.collect();
        fetch_all(&Weights { cloud: self, job_id }, &files, dir, reporter, cancel).await?;
        Ok(manifest)
    }
}
