//! What an endpoint offers beyond the documented API.

use std::time::Duration;

use pc_protocol::receipt::{Action, Receipt};
use pc_protocol::{Capabilities, Data, ReceiptList, WeightsManifest};
use reqwest::Method;

use crate::cloud::Cloud;
use crate::error::{CloudError, ErrorKind};
use crate::retry::Repeat;
use crate::transport::Kind;

const EXTENSIONS: [&str; 3] = ["api", "v1", "extensions"];
/// A creating call must not wait long for an answer that only makes it safer.
const SOON: Duration = Duration::from_secs(5);

impl Cloud {
    /// Names of extensions; none where the cloud knows no such namespace.
    pub async fn capabilities(&self) -> anyhow::Result<Vec<String>> {
        match self.get::<Capabilities>("capabilities", &EXTENSIONS, &[]).await {
            Ok(found) => Ok(found.capabilities),
            Err(error) if CloudError::is_not_found(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Whether the cloud has an extension.
    pub(crate) async fn offers(&self, name: &str) -> bool {
        self.offered().await.is_some_and(|offered| offered.capabilities.iter().any(|offered| offered == name))
    }

    /// The most bytes that a file to train on may have; nothing where the cloud does not say, or not soon.
    pub async fn file_bytes(&self) -> Option<u64> {
        self.offered().await?.file_bytes
    }

    /// It is asked once; as long as it does not answer soon, it offers nothing.
    async fn offered(&self) -> Option<&Capabilities> {
        let asked = async {
            let limit = Some(self.0.transport.network.call_timeout.min(SOON));
            let kind = Kind { operation: "capabilities", repeat: Repeat::Safe, limit };
            let asking = self.0.transport.json::<Capabilities>(kind, || self.request(Method::GET, &EXTENSIONS));
            match tokio::time::timeout(2 * SOON, asking).await {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(error)) if error.kind == ErrorKind::NotFound => Ok(Capabilities::default()),
                Ok(Err(_)) | Err(_) => Err(()),
            }
        };
        self.0.offered.get_or_try_init(|| asked).await.ok()
    }

    /// The newest receipt about a file and what was done to it ([`Capabilities::RECEIPTS`]), as it was signed; nothing where
    /// the cloud gives none.
    pub async fn receipt_about(&self, file_id: &str, action: Action) -> anyhow::Result<Option<Receipt>> {
        if !self.offers(Capabilities::RECEIPTS).await {
            return Ok(None);
        }
        let [a, b, c] = EXTENSIONS;
        let list: Data<ReceiptList> = self.get("receipt_list", &[a, b, c, "files", file_id, "receipts"], &[]).await?;
        let Some(entry) = list.data.receipts.into_iter().rfind(|entry| entry.action == action) else { return Ok(None) };
        self.get("receipt", &[a, b, c, "receipts", &entry.receipt_id], &[]).await.map(Some)
    }

    /// The files of a job's result ([`Capabilities::WEIGHTS_DOWNLOAD`]).
    pub async fn weights(&self, job_id: &str) -> anyhow::Result<WeightsManifest> {
        self.get("weights", &["api", "v1", "extensions", "fine-tunes", job_id, "weights"], &[]).await
    }
}
