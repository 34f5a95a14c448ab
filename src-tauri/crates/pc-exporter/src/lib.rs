//! A model folder, with an adapter merged in, to an ONNX folder that pc-runtime opens.
//!
//! Deliberately absent: candle and the ONNX library; a graph is only data here.

mod data_file;
mod decoder;
mod folder;
mod graph;
mod proto;
mod quantise;
mod recipe;

use std::path::PathBuf;

use anyhow::Result;
use pc_base::{Cancel, Reporter};
use pc_model::{Adapter, ModelFolder};

pub use folder::{Exported, Manifest, hash_of_weights};
pub use recipe::Quant;

/// The graph.
pub(crate) const MODEL_FILE: &str = "model.onnx";
/// Its large constants.
pub(crate) const DATA_FILE: &str = "model.onnx.data";
/// Rotations are stored for at most this many positions, which bounds the file and the cache of keys and values.
pub const MAX_CONTEXT: usize = 16_384;

/// What to convert into what.
pub struct ExportJob<'a> {
    pub source: &'a ModelFolder,
    pub adapter: Option<&'a Adapter>,
    /// Made if missing; may exist and be empty. It appears whole or not at all.
    pub dir: PathBuf,
    pub quant: Quant,
}

/// Converts. Holds about two tensors in memory at a time. Fails with a code when the folder is not empty, when weights
/// are missing or misshapen, or when the model's heads cannot be run.
pub fn export(job: &ExportJob<'_>, reporter: &dyn Reporter, cancel: &Cancel) -> Result<Exported> {
    folder::export(job, reporter, cancel)
}
