//! GGUF files (the format's specification in ggml's docs): header, metadata, tensors.
//!
//! The file is untrusted: every count is bounded by what the file's length could hold. Tensor names come out as
//! Hugging Face's. Deliberately absent: writing, and quantisations that no base model of the catalogue uses.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use memmap2::Mmap;
use pc_base::{Code, coded};

use crate::dequant::{self, Quantisation};
use crate::gguf_map::hugging_face_name;

/// Items of one metadata list: several times the largest vocabulary, so that a hostile file cannot fill the memory.
const MAX_LIST: usize = 1 << 22;

/// A metadata value; numbers keep only what readers ask for.
#[derive(Clone, Debug, PartialEq)]
pub enum Meta {
    Integer(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    List(Vec<Meta>),
}

impl Meta {
    /// The number as a non-negative integer.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Integer(n) => usize::try_from(*n).ok(),
            _ => None,
        }
    }

    /// The number as a float.
    pub fn float(&self) -> Option<f64> {
        match self {
            Self::Float(x) => Some(*x),
            Self::Integer(n) => Some(*n as f64),
            _ => None,
        }
    }
}

struct Tensor {
    shape: Vec<usize>,
    quantisation: Quantisation,
    start: usize,
    end: usize,
    /// Gemma's norms are stored as `1 + w`.
    shifted: bool,
    /// Llama's query and key rows are interleaved; the number of heads undoes it.
    interleaved_heads: Option<usize>,
}

/// The tensors of a GGUF file, mapped.
pub struct GgufTensors {
    map: Arc<Mmap>,
    tensors: BTreeMap<String, Tensor>,
}

/// A parsed file: metadata and tensors.
pub struct Gguf {
    pub metadata: BTreeMap<String, Meta>,
    pub tensors: GgufTensors,
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    path: &'a Path,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| coded(Code::ModelFileTruncated).with("path", self.path.display()))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A count of things that take at least `each` bytes, so that a hostile count cannot allocate.
    fn count(&mut self, each: usize) -> Result<usize> {
        let count = u64::from_le_bytes(self.array()?);
        if count > ((self.bytes.len() - self.at) / each) as u64 {
            return Err(coded(Code::ModelFileTruncated).with("path", self.path.display()).into());
        }
        Ok(count as usize)
    }

    fn text(&mut self) -> Result<String> {
        let length = self.count(1)?;
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn meta(&mut self, kind: u32, depth: usize) -> Result<Meta> {
        Ok(match kind {
            0 => Meta::Integer(i64::from(self.array::<1>()?[0])),
            1 => Meta::Integer(i64::from(i8::from_le_bytes(self.array()?))),
            2 => Meta::Integer(i64::from(u16::from_le_bytes(self.array()?))),
            3 => Meta::Integer(i64::from(i16::from_le_bytes(self.array()?))),
            4 => Meta::Integer(i64::from(self.u32()?)),
            5 => Meta::Integer(i64::from(i32::from_le_bytes(self.array()?))),
            6 => Meta::Float(f64::from(f32::from_le_bytes(self.array()?))),
            7 => Meta::Bool(self.array::<1>()?[0] != 0),
            8 => Meta::Text(self.text()?),
            9 if depth < 4 => {
                let inner = self.u32()?;
                let count = self.count(if matches!(inner, 8 | 9) { 8 } else { 1 })?;
                if count > MAX_LIST {
                    return Err(invalid(self.path, "one of its lists is too long"));
                }
                Meta::List((0..count).map(|_| self.meta(inner, depth + 1)).collect::<Result<_>>()?)
            }
            10 => Meta::Integer(i64::try_from(u64::from_le_bytes(self.array()?)).unwrap_or(i64::MAX)),
            11 => Meta::Integer(i64::from_le_bytes(self.array()?)),
            12 => Meta::Float(f64::from_le_bytes(self.array()?)),
            other => return Err(invalid(self.path, &format!("metadata of the unknown kind {other}"))),
        })
    }
}

fn invalid(path: &Path, why: &str) -> anyhow::Error {
    coded(Code::ModelFileInvalid).with("path", path.display()).with("why", why).into()
}

struct Declared {
    name: String,
    shape: Vec<usize>,
    kind: u32,
    offset: u64,
}

impl Gguf {
    /// Maps the file and reads its header.
    pub fn open(path: &Path) -> Result<Self> {
        let map = Arc::new(crate::weights::map_file(path)?);
        let mut cursor = Cursor { bytes: &map, at: 0, path };
        if cursor.take(4)? != b"GGUF" {
            return Err(invalid(path, "it is not a GGUF file"));
        }
        let version = cursor.u32()?;
        if !(2..=3).contains(&version) {
            return Err(invalid(path, &format!("GGUF version {version} is not supported")));
        }
        let (tensor_count, metadata_count) = (cursor.count(24)?, cursor.count(12)?);
        let mut metadata = BTreeMap::new();
        for _ in 0..metadata_count {
            let (key, kind) = (cursor.text()?, cursor.u32()?);
            metadata.insert(key, cursor.meta(kind, 0)?);
        }
        let declared = (0..tensor_count).map(|_| declared(&mut cursor)).collect::<Result<Vec<_>>>()?;
        let align = metadata.get("general.alignment").and_then(Meta::size).unwrap_or(32);
        if !(1..=65536).contains(&align) {
            return Err(invalid(path, "its alignment is out of range"));
        }
        let data = cursor.at.next_multiple_of(align);
        let tensors = place(declared, data, &map, &metadata, path)?;
        Ok(Self { metadata, tensors: GgufTensors { map, tensors } })
    }

    /// A value under the architecture's own prefix, such as `gemma3.block_count`.
    pub fn of_architecture(&self, name: &str) -> Option<&Meta> {
        let Meta::Text(architecture) = self.metadata.get("general.architecture")? else { return None };
        self.metadata.get(&format!("{architecture}.{name}"))
    }

    /// The architecture's name.
    pub fn architecture(&self) -> &str {
        match self.metadata.get("general.architecture") {
            Some(Meta::Text(name)) => name,
            _ => "(none)",
        }
    }
}

fn declared(cursor: &mut Cursor<'_>) -> Result<Declared> {
    let name = cursor.text()?;
    let dimensions = cursor.u32()? as usize;
    if !(1..=4).contains(&dimensions) {
        return Err(invalid(cursor.path, &format!("{name} has {dimensions} dimensions")));
    }
    // GGUF writes the innermost dimension first.
    let mut shape = (0..dimensions)
        .map(|_| Ok(usize::try_from(u64::from_le_bytes(cursor.array()?)).unwrap_or(usize::MAX)))
        .collect::<Result<Vec<_>>>()?;
    shape.reverse();
    Ok(Declared { name, shape, kind: cursor.u32()?, offset: u64::from_le_bytes(cursor.array()?) })
}

fn place(
    declared: Vec<Declared>,
    data: usize,
    map: &Mmap,
    metadata: &BTreeMap<String, Meta>,
    path: &Path,
) -> Result<BTreeMap<String, Tensor>> {
    let architecture = match metadata.get("general.architecture") {
        Some(Meta::Text(name)) => name.as_str(),
        _ => "",
    };
    let heads = |key: &str| metadata.get(&format!("{architecture}.attention.{key}")).and_then(Meta::size);
    let mut placed = BTreeMap::new();
    for Declared { name, shape, kind, offset } in declared {
        if name == "rope_freqs.weight" {
            return Err(invalid(path, "its rotary factors are not supported; use the model's safetensors"));
        }
        let Some(hf) = hugging_face_name(&name, architecture) else { continue };
        let quantisation = Quantisation::from_ggml(kind)
            .ok_or_else(|| invalid(path, &format!("{name} has the unsupported type {kind}")))?;
        let elements = shape.iter().try_fold(1usize, |all, n| all.checked_mul(*n));
        let bytes = elements
            .and_then(|n| quantisation.bytes(n))
            .ok_or_else(|| invalid(path, &format!("{name} has a wrong size")))?;
        let start = usize::try_from(offset).ok().and_then(|offset| data.checked_add(offset));
        let range =
            start.and_then(|start| Some((start, start.checked_add(bytes)?))).filter(|(_, end)| *end <= map.len());
        let (start, end) = range.ok_or_else(|| coded(Code::ModelFileTruncated).with("path", path.display()))?;
        let interleaved_heads = match (architecture, hf.ends_with("q_proj.weight"), hf.ends_with("k_proj.weight")) {
            ("llama", true, _) => heads("head_count"),
            ("llama", _, true) => heads("head_count_kv"),
            _ => None,
        };
        let shifted = architecture == "gemma3" && hf.ends_with("norm.weight");
        placed.insert(hf, Tensor { shape, quantisation, start, end, shifted, interleaved_heads });
    }
    Ok(placed)
}

impl GgufTensors {
    /// Hugging Face names in order.
    pub fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    /// Sizes, outermost first.
    pub fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(name).map(|tensor| tensor.shape.clone())
    }

    /// The values, de-quantised and in Hugging Face's convention.
    pub fn f32(&self, name: &str) -> Result<Vec<f32>> {
        let tensor =
            self.tensors.get(name).ok_or_else(|| invalid(Path::new("model.gguf"), &format!("{name} is missing")))?;
        let mut values = dequant::to_f32(&self.map[tensor.start..tensor.end], tensor.quantisation);
        if tensor.shifted {
            values.iter_mut().for_each(|value| *value -= 1.0);
        }
        if let Some(heads) = tensor.interleaved_heads.filter(|heads| *heads > 0) {
            values = crate::gguf_map::undo_interleaving(&values, &tensor.shape, heads);
        }
        Ok(values)
    }
}
