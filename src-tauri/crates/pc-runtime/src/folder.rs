//! An ONNX folder on disk: its manifest, its hashes, and whether it fits into memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use pc_base::{Code, CodedExt as _, coded};
use pc_model::Config;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::memory;

/// What `partner.json` says of its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// `f32`, `int8` or `int4`.
    pub quant: String,
    pub base_model: String,
    pub adapter_sha256: Option<String>,
    pub source_sha256: String,
    pub context_length: usize,
    /// Bytes of weights that one new token reads.
    pub bytes_per_token: u64,
    /// SHA-256 in hex by file name.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads and checks the manifest; the files that it names must be plain names.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join("partner.json");
        let invalid = |why: &str| coded(Code::ModelFileInvalid).with("path", path.display()).with("why", why);
        let bytes = std::fs::read(&path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
        let manifest: Self = serde_json::from_slice(&bytes).code(|| invalid("it cannot be read"))?;
        if manifest.format != 1 {
            return Err(invalid("it was written by a newer version").into());
        }
        if !(1..=1 << 24).contains(&manifest.context_length) {
            return Err(invalid("context_length is out of range").into());
        }
        let plain = |name: &String| Path::new(name).file_name().is_some_and(|file| file == name.as_str());
        if !manifest.files.keys().all(plain) {
            return Err(invalid("it names a file outside of its folder").into());
        }
        Ok(manifest)
    }

    /// Compares every file with its hash.
    pub fn verify(&self, dir: &Path) -> Result<()> {
        for (name, expected) in &self.files {
            let path = dir.join(name);
            let mut file = File::open(&path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
            let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
            loop {
                match file.read(&mut buffer).with_context(|| format!("reading {}", path.display()))? {
                    0 => break,
                    count => hash.update(&buffer[..count]),
                }
            }
            if hex::encode(hash.finalize()) != *expected {
                return Err(coded(Code::ModelHashWrong).with("path", path.display()).into());
            }
        }
        Ok(())
    }
}

/// Bytes of keys and values for one position.
pub fn cache_bytes_per_token(config: &Config) -> u64 {
    (2 * config.num_layers * config.kv_size() * size_of::<f32>()) as u64
}

/// Refuses a model whose weights and full cache would not fit into what is free.
pub fn check_memory(dir: &Path, config: &Config, context: usize) -> Result<()> {
    let path = dir.join("model.onnx.data");
    let weights = path.metadata().code(|| coded(Code::FileNotFound).with("path", path.display()))?.len();
    // The runtime packs the matrices anew for its kernels; the file's own pages can be dropped after that.
    let needed = weights + cache_bytes_per_token(config) * context as u64;
    memory::require(needed, memory::available())
}
