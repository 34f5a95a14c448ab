//! The recorded answers of the reference implementation, and the tiny models that it computed them with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};

/// The families that have a tiny model.
pub const FAMILIES: [&str; 4] = ["qwen2", "qwen3", "llama", "gemma3"];

/// The folder `tests/fixtures` of this checkout.
pub fn fixtures() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures");
    path.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A tiny model in Hugging Face layout, with its PEFT adapter and references.
pub struct TinyModel {
    pub dir: PathBuf,
    /// `reference.json`: rendered templates, ids, greedy tokens, losses.
    pub facts: serde_json::Value,
    /// `reference.safetensors`: logits, gradients, final matrices.
    pub tensors: Reference,
}

impl TinyModel {
    /// Loads the references of one of [`FAMILIES`].
    pub fn load(family: &str) -> Self {
        let dir = fixtures().join("tiny-models").join(family);
        let facts = serde_json::from_slice(&read(&dir.join("reference.json"))).expect("the reference is JSON");
        Self { facts, tensors: Reference::load(&dir.join("reference.safetensors")), dir }
    }

    /// The folder of its PEFT adapter.
    pub fn adapter(&self) -> PathBuf {
        self.dir.join("adapter")
    }

    /// Copies the model, without adapter and references, to a folder that a test may change.
    pub fn copy_to(&self, target: &Path) {
        std::fs::create_dir_all(target).expect("the target can be made");
        for entry in self.dir.read_dir().expect("the fixture can be listed") {
            let path = entry.expect("the fixture can be listed").path();
            let name = path.file_name().expect("an entry has a name").to_owned();
            if path.is_file() && !name.to_string_lossy().starts_with("reference.") {
                std::fs::copy(&path, target.join(name)).expect("a file can be copied");
            }
        }
    }
}

/// Tensors by name, read as f32 whatever integer or float they are.
pub struct Reference(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Reference {
    /// Reads a safetensors file of f32, i64 and i32 tensors.
    pub fn load(path: &Path) -> Self {
        let bytes = read(path);
        let file = SafeTensors::deserialize(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let tensors = file.iter().map(|(name, view)| {
            let data = view.data();
            let values = match view.dtype() {
                Dtype::F32 => data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
                Dtype::I64 => data.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect(),
                Dtype::I32 => data.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b) as f32).collect(),
                other => panic!("{name} of {} has the unexpected type {other:?}", path.display()),
            };
            (name.to_owned(), (view.shape().to_vec(), values))
        });
        Self(tensors.collect())
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Shape and row-major values.
    pub fn tensor(&self, name: &str) -> (&[usize], &[f32]) {
        let found =
            self.0.get(name).unwrap_or_else(|| panic!("there is no tensor {name}; there are {:?}", self.0.keys()));
        (&found.0, &found.1)
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_references_whose_shapes_hold_their_values() {
        for family in FAMILIES {
            let tiny = TinyModel::load(family);
            assert!(
                tiny.facts["prompts"].as_array().is_some_and(|prompts| !prompts.is_empty()),
                "{family} has prompts"
            );
            assert!(tiny.adapter().join("adapter_config.json").is_file(), "{family} has an adapter");
            assert!(tiny.tensors.names().count() > 0, "{family} has tensors");
            for name in tiny.tensors.names() {
                let (shape, values) = tiny.tensors.tensor(name);
                assert_eq!(shape.iter().product::<usize>(), values.len(), "{family} {name}");
            }
        }
    }

    #[test]
    fn a_copy_is_a_model_without_its_answers() {
        let target = tempfile::tempdir().expect("a temporary folder can be made");
        TinyModel::load("qwen3").copy_to(target.path());
        assert!(target.path().join("config.json").is_file() && target.path().join("model.safetensors").is_file());
        assert!(!target.path().join("reference.json").exists(), "nothing to peep at");
    }
}
