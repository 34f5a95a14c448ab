//! A model's tensors by their Hugging Face names, read from memory-mapped safetensors (one file or shards) or GGUF.
//!
//! Values come out as f32, row-major, `[out, in]` for projections. Deliberately absent: any arithmetic but the merge
//! of an adapter.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use memmap2::Mmap;
use pc_base::{Code, CodedExt as _, coded};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::adapter::Adapter;
use crate::gguf::GgufTensors;

/// Where one tensor lies.
#[derive(Clone, Debug)]
struct Entry {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    start: usize,
    end: usize,
}

enum Source {
    Safetensors { maps: Vec<Arc<Mmap>>, entries: BTreeMap<String, Entry> },
    Gguf(GgufTensors),
}

/// All tensors of a model folder, with an optional adapter merged in as they are read.
pub struct Weights {
    source: Source,
    adapter: Option<Adapter>,
}

impl Weights {
    /// From a Hugging Face folder: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
    pub fn open_folder(folder: &Path) -> Result<Self> {
        let files = safetensors_files(folder)?;
        let mut maps = Vec::new();
        let mut entries = BTreeMap::new();
        for (number, path) in files.iter().enumerate() {
            let map = map_file(path)?;
            let broken = |e: safetensors::SafeTensorError| damaged(path, &e);
            let parsed = SafeTensors::deserialize(&map).map_err(broken)?;
            let base = map.as_ptr() as usize;
            for (name, view) in parsed.tensors() {
                let start = view.data().as_ptr() as usize - base;
                let (dtype, shape) = (view.dtype(), view.shape().to_vec());
                entries.insert(
                    canonical(name),
                    Entry { file: number, dtype, shape, start, end: start + view.data().len() },
                );
            }
            maps.push(Arc::new(map));
        }
        Ok(Self { source: Source::Safetensors { maps, entries }, adapter: None })
    }

    pub(crate) fn from_gguf(tensors: GgufTensors) -> Self {
        Self { source: Source::Gguf(tensors), adapter: None }
    }

    /// The same weights with `W + scaling * B A` wherever the adapter has a pair. Every pair must fit a tensor.
    pub fn with_adapter(mut self, adapter: Adapter) -> Result<Self> {
        for (module, pair) in &adapter.modules {
            let shape = self.shape(&format!("{module}.weight"));
            if shape.as_deref() != Some(&[pair.rows, pair.columns]) {
                let why = format!("its module {module} does not fit this base model");
                return Err(coded(Code::ModelFileInvalid)
                    .with("path", "adapter_model.safetensors")
                    .with("why", why)
                    .into());
            }
        }
        self.adapter = Some(adapter);
        Ok(self)
    }

    /// Names in order.
    pub fn names(&self) -> Vec<String> {
        match &self.source {
            Source::Safetensors { entries, .. } => entries.keys().cloned().collect(),
            Source::Gguf(tensors) => tensors.names(),
        }
    }

    /// Whether there is such a tensor.
    pub fn has(&self, name: &str) -> bool {
        self.shape(name).is_some()
    }

    /// Sizes, outermost first.
    pub fn shape(&self, name: &str) -> Option<Vec<usize>> {
        match &self.source {
            Source::Safetensors { entries, .. } => entries.get(name).map(|entry| entry.shape.clone()),
            Source::Gguf(tensors) => tensors.shape(name),
        }
    }

    /// The tensor's values, the adapter's part included.
    pub fn f32(&self, name: &str) -> Result<Vec<f32>> {
        let mut values = match &self.source {
            Source::Safetensors { maps, entries } => {
                let entry = entries.get(name).ok_or_else(|| missing(name))?;
                to_f32(&maps[entry.file][entry.start..entry.end], entry.dtype, name)?
            }
            Source::Gguf(tensors) => tensors.f32(name)?,
        };
        if let Some(adapter) = &self.adapter
            && let Some(pair) = name.strip_suffix(".weight").and_then(|module| adapter.modules.get(module))
        {
            pair.add_to(&mut values, adapter.scaling());
        }
        Ok(values)
    }

    /// The tensor's values after its shape was compared with what the config promises.
    pub fn f32_shaped(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let found = self.shape(name).ok_or_else(|| missing(name))?;
        if found != shape {
            let why = format!("{name} has the shape {found:?} where the config wants {shape:?}");
            return Err(coded(Code::ModelFileInvalid).with("path", "the weights").with("why", why).into());
        }
        self.f32(name)
    }
}

/// A multimodal file's language model has a prefix more, by either generation of Transformers.
fn canonical(name: String) -> String {
    let text = name.strip_prefix("language_model.model.").or_else(|| name.strip_prefix("model.language_model."));
    text.map(|rest| format!("model.{rest}")).unwrap_or(name)
}

fn missing(name: &str) -> anyhow::Error {
    coded(Code::ModelFileInvalid).with("path", "the weights").with("why", format!("{name} is missing")).into()
}

fn damaged(path: &Path, error: &safetensors::SafeTensorError) -> anyhow::Error {
    use safetensors::SafeTensorError as E;
    let short = matches!(error, E::HeaderTooSmall | E::InvalidHeaderLength | E::MetadataIncompleteBuffer);
    let code = if short { coded(Code::ModelFileTruncated) } else { coded(Code::ModelFileInvalid) };
    code.with("path", path.display()).with("why", error).into()
}

/// Maps a file for reading.
#[expect(unsafe_code, reason = "a memory map is the only way to read weights without holding them twice")]
pub(crate) fn map_file(path: &Path) -> Result<Mmap> {
    let file = File::open(path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
    // SAFETY: the map is only read. Should another program cut the file short while it is mapped, reading the lost
    // part ends the process; nothing can be written or leaked through it. Model files are ours and replaced by rename.
    unsafe { Mmap::map(&file) }.with_context(|| format!("mapping {}", path.display()))
}

fn safetensors_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let single = folder.join("model.safetensors");
    if single.is_file() {
        return Ok(vec![single]);
    }
    let index = folder.join("model.safetensors.index.json");
    let text = std::fs::read_to_string(&index).code(|| coded(Code::FileNotFound).with("path", single.display()))?;
    let invalid = |why: &str| coded(Code::ModelFileInvalid).with("path", index.display()).with("why", why);
    let index_json: Value = serde_json::from_str(&text).code(|| invalid("it is not JSON"))?;
    let map =
        index_json.get("weight_map").and_then(Value::as_object).ok_or_else(|| invalid("weight_map is missing"))?;
    let mut names: Vec<&str> = map.values().filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    // A shard's name is untrusted: it must be a plain file name, so that it cannot lead out of the folder.
    if names.iter().any(|name| Path::new(name).file_name().is_none_or(|plain| plain != *name)) {
        return Err(invalid("a shard's name is not a plain file name").into());
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

pub(crate) fn to_f32(bytes: &[u8], dtype: Dtype, name: &str) -> Result<Vec<f32>> {
    let halves = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    match dtype {
        Dtype::F32 => Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        Dtype::F16 => Ok(halves.map(|bits| half::f16::from_bits(bits).to_f32()).collect()),
        Dtype::BF16 => Ok(halves.map(|bits| f32::from_bits(u32::from(bits) << 16)).collect()),
        other => {
            let why = format!("{name} has the type {other:?}; supported are F32, F16 and BF16");
            Err(coded(Code::ModelFileInvalid).with("path", "the weights").with("why", why).into())
        }
    }
}
