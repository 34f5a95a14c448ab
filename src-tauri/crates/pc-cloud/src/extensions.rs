//! What an endpoint offers beyond the documented API.

use pc_protocol::{Capabilities, WeightsManifest};

use crate::cloud::Cloud;
use crate::error::CloudError;

impl Cloud {
    /// Names of extensions; none where the cloud knows no such namespace.
    pub async fn capabilities(&self) -> anyhow::Result<Vec<String>> {
        match self.get::<Capabilities>("capabilities", &["api", "v1", "extensions"], &[]).await {
            Ok(found) => Ok(found.capabilities),
            Err(error) if CloudError::is_not_found(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The files of a job's result ([`Capabilities::WEIGHTS_DOWNLOAD`]).
    pub async fn weights(&self, job_id: &str) -> anyhow::Result<WeightsManifest> {
        self.get("weights", &["api", "v1", "extensions", "fine-tunes", job_id, "weights"], &[]).await
    }
}
