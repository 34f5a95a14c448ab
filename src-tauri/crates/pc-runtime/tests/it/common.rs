//! Export and open in one step, and the recorded answers of the reference implementation.

use std::path::{Path, PathBuf};

use pc_base::{Cancel, Silent};
use pc_exporter::{ExportJob, Quant, export};
use pc_model::{Adapter, ModelFolder};
use pc_runtime::{Chat, Options};
use safetensors::SafeTensors;
use serde_json::Value;

/// All families that have a tiny model.
pub const FAMILIES: [&str; 4] = ["qwen2", "qwen3", "llama", "gemma3"];

/// The folder of recorded answers and tiny models.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures")
}

/// A tiny model's folder.
pub fn tiny(family: &str) -> PathBuf {
    fixtures().join("tiny-models").join(family)
}

/// Converts into a new folder below `root`.
pub fn exported(source: &Path, adapter: Option<&Adapter>, quant: Quant, root: &Path) -> PathBuf {
    let source = ModelFolder::open(source).unwrap();
    let dir = root.join(format!("{}-{}", quant.name(), adapter.is_some()));
    export(&ExportJob { source: &source, adapter, dir: dir.clone(), quant }, &Silent, &Cancel::default()).unwrap();
    dir
}

/// Opens with hashes checked.
pub fn opened(dir: &Path) -> Chat {
    pc_runtime::init_default().expect("the library is set up before the tests run");
    Chat::open(dir, Options { verify: true, ..Options::default() }).unwrap()
}

/// `reference.json` and `reference.safetensors` of a tiny model.
pub struct Reference {
    pub prompts: Vec<Value>,
    tensors: Vec<u8>,
}

impl Reference {
    pub fn read(family: &str) -> Self {
        let json: Value = serde_json::from_slice(&std::fs::read(tiny(family).join("reference.json")).unwrap()).unwrap();
        let tensors = std::fs::read(tiny(family).join("reference.safetensors")).unwrap();
        Self { prompts: json["prompts"].as_array().unwrap().clone(), tensors }
    }

    /// Logits `[positions][vocabulary]` of a prompt.
    pub fn logits(&self, prompt: usize, name: &str) -> Vec<Vec<f32>> {
        let file = SafeTensors::deserialize(&self.tensors).unwrap();
        let view = file.tensor(&format!("prompt{prompt}.{name}")).unwrap();
        let values: Vec<f32> = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        values.chunks(view.shape()[1]).map(<[f32]>::to_vec).collect()
    }
}

/// Ids in a recorded answer.
pub fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

/// The likeliest tokens one after the other, what would end an answer ignored.
pub fn greedy(chat: &mut Chat, prompt: &[u32], count: usize) -> Vec<u32> {
    let mut ids = prompt.to_vec();
    for _ in 0..count {
        let logits = chat.logits(&ids).unwrap();
        let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
        ids.push(best as u32);
    }
    ids.split_off(prompt.len())
}
