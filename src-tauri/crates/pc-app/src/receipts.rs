//! Receipts on this machine: fetched after an upload or a deletion where the cloud gives them, verified, kept in the home, and
//! checked again whenever somebody wants to, without the cloud and without a network. Privacy reports are checked the same way.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pc_base::{Code, CodedExt as _, coded, write_atomic};
use pc_protocol::receipt::{Action, Fault, Receipt, Stated, compare};
use serde::Serialize;

use crate::app::App;
use crate::clouds::Opened;

/// A receipt larger than this is none: one about 10 GB has some 200 KB.
const LARGEST: u64 = 64 << 20;

/// A receipt that holds.
#[derive(Clone, Debug, Serialize)]
pub struct VerifiedReceipt {
    #[serde(flatten)]
    pub stated: Stated,
    /// Of the key that signed: whose it is, is known to whoever noted it before.
    pub fingerprint: String,
    /// Whether data was compared with it.
    pub data_compared: bool,
}

/// Checks a kept receipt or privacy report, and the data that it is about where that is given. Errors name what is wrong:
/// `receipt_invalid`, `receipt_key_wrong`, `receipt_signature_wrong`, `receipt_data_length`, `receipt_data_differs`.
pub fn receipt_verify(path: &Path, data: Option<&Path>) -> Result<VerifiedReceipt> {
    let receipt = receipt_read(path)?;
    let stated = receipt.stated().map_err(|fault| told(&fault, path))?;
    if let Some(data) = data {
        let file = std::fs::File::open(data).code(|| coded(Code::FileNotFound).with("path", data.display()))?;
        let compared = match &stated {
            Stated::File(statement) => compare(statement, file)?,
            Stated::Privacy(statement) => statement.compare(file)?,
        };
        compared.map_err(|fault| told(&fault, data))?;
    }
    Ok(VerifiedReceipt { stated, fingerprint: receipt.fingerprint, data_compared: data.is_some() })
}

/// A receipt's document, not yet verified.
pub(crate) fn receipt_read(path: &Path) -> Result<Receipt> {
    let missing = || coded(Code::FileNotFound).with("path", path.display());
    let bytes = std::fs::metadata(path).code(missing)?.len();
    let document = if bytes > LARGEST { Vec::new() } else { std::fs::read(path).code(missing)? };
    Receipt::read(&document).map_err(|fault| told(&fault, path))
}

/// What is wrong with a receipt, or with data beside it, in the program's codes.
pub(crate) fn told(fault: &Fault, path: &Path) -> anyhow::Error {
    let about = |code| coded(code).with("path", path.display());
    match fault {
        Fault::Form(what) => about(Code::ReceiptInvalid).with("what", what),
        Fault::Fingerprint => about(Code::ReceiptKeyWrong),
        Fault::Signature => about(Code::ReceiptSignatureWrong),
        Fault::Length { stated, found } => about(Code::ReceiptDataLength).with("stated", stated).with("found", found),
        Fault::Chunk { from, to, .. } => about(Code::ReceiptDataDiffers).with("from", from).with("to", to),
    }
    .into()
}

impl App {
    /// Where a receipt is kept. A cloud's id for a file is its own text, so it becomes a name only where it is a plain one.
    fn receipt_path(&self, cloud_id: &str, file_id: &str, action: Action) -> Option<PathBuf> {
        let plain = |text: &str| {
            let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            (1..=100).contains(&text.len()) && text.chars().all(good)
        };
        let name = format!("{file_id}-{}.json", action.as_str());
        (plain(cloud_id) && plain(file_id)).then(|| self.places().home.join("receipts").join(cloud_id).join(name))
    }

    /// The kept receipt of an upload.
    pub(crate) fn receipt_kept(&self, cloud_id: &str, file_id: &str) -> Option<String> {
        let path = self.receipt_path(cloud_id, file_id, Action::Upload)?;
        path.is_file().then(|| path.display().to_string())
    }

    /// Fetches the newest receipt about what was just done to a file, and keeps it. Nothing where the cloud gives none. One
    /// that does not hold is an error: such a cloud cannot be relied on.
    pub(crate) async fn receipt_keep(&self, opened: &Opened, file_id: &str, action: Action) -> Result<Option<String>> {
        let Some(path) = self.receipt_path(&opened.id, file_id, action) else { return Ok(None) };
        let Some(receipt) = opened.cloud.receipt_about(file_id, action).await? else { return Ok(None) };
        let statement = receipt.verified().map_err(|fault| told(&fault, &path))?;
        if statement.file_id != file_id || statement.action != action {
            return Err(told(&Fault::Form("the statement"), &path));
        }
        let shown = path.display().to_string();
        let document = serde_json::to_vec_pretty(&receipt)?;
        self.blocking(move |_| {
            if let Some(folder) = path.parent() {
                pc_base::make_private(folder)?;
            }
            write_atomic(&path, &document)
        })
        .await?;
        Ok(Some(shown))
    }
}
