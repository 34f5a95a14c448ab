//! Base models of the catalogue, and models on this machine.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `catalog_list`: a base model that can be tuned.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CatalogRow {
    pub id: String,
    pub name: String,
    pub family: String,
    pub parameters: String,
    pub licence: String,
    pub download_bytes: u64,
    /// Whether its files are on this machine and verified.
    pub ready: bool,
    /// Whether the licence was accepted on this machine.
    pub licence_accepted: bool,
    /// The longest row that the selected cloud trains, in tokens; nothing where it does not say.
    pub max_length: Option<u64>,
    /// Price of a million training tokens.
    pub training_price: Option<super::Money>,
}

/// `licence_get`, `licence_accept`, `catalog_prepare`, `model_delete`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelId {
    pub model: String,
}

/// `licence_get`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct LicenceText {
    pub model: String,
    pub title: String,
    pub text: String,
}

/// Weight format of an ONNX model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Quant {
    F32,
    Int8,
    Int4,
}

/// `model_list`: a model that this machine can chat with.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelRow {
    /// What every other command takes.
    pub model: String,
    pub base_model: String,
    /// The job it came from; nothing for base models and imports.
    pub job_id: Option<String>,
    /// `base`, `tuned` or `imported`.
    pub origin: String,
    pub formats: Vec<ModelFormat>,
    /// RFC 3339.
    pub created_at: String,
    /// Hex SHA-256 of the adapter or of the weights.
    pub sha256: Option<String>,
}

/// One converted form.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelFormat {
    pub quant: Quant,
    pub bytes: u64,
}

/// `model_pull`: download a job's result and verify it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelPull {
    pub job_id: String,
}

/// `model_convert`: make the ONNX form.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelConvert {
    pub model: String,
    pub quant: Quant,
}

/// `model_import`: a Hugging Face folder or a GGUF file, with an optional PEFT adapter.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelImport {
    pub path: String,
    pub adapter: Option<String>,
    pub name: Option<String>,
    /// Into the embedded cloud's base models, to be tuned there; an adapter cannot go with it.
    #[serde(default)]
    pub as_base: bool,
}

/// `model_export`: an ONNX folder that others can run.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelExport {
    pub model: String,
    pub dir: String,
    pub quant: Quant,
}
