//! A LoRA adapter (arXiv 2106.09685) in PEFT's files: `adapter_config.json` and `adapter_model.safetensors`.
//!
//! Ours load in PEFT and PEFT's load here. Deliberately absent: variants of LoRA (DoRA, rsLoRA …), which are refused.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use pc_base::{Code, CodedExt as _, coded, write_atomic};
use rayon::prelude::*;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";
const PREFIX: &str = "base_model.model.";

/// The two matrices beside one frozen projection `[rows, columns]`.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraPair {
    pub rank: usize,
    /// Outputs of the projection.
    pub rows: usize,
    /// Inputs of the projection.
    pub columns: usize,
    /// `[rank, columns]`
    pub a: Vec<f32>,
    /// `[rows, rank]`
    pub b: Vec<f32>,
}

impl LoraPair {
    /// `weight += scaling * B A`, row by row.
    pub fn add_to(&self, weight: &mut [f32], scaling: f32) {
        weight.par_chunks_mut(self.columns).zip(self.b.par_chunks(self.rank)).for_each(|(row, b)| {
            for (factor, a) in b.iter().zip(self.a.chunks(self.columns)) {
                let factor = factor * scaling;
                row.iter_mut().zip(a).for_each(|(w, a)| *w += factor * a);
            }
        });
    }
}

/// Every pair of one training run.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    pub rank: usize,
    pub alpha: f64,
    pub dropout: f64,
    /// Last names of the adapted projections, such as `q_proj`.
    pub target_modules: Vec<String>,
    /// What the adapter was trained on; nothing when it does not say.
    pub base_model: Option<String>,
    /// By module, such as `model.layers.0.self_attn.q_proj`.
    pub modules: BTreeMap<String, LoraPair>,
}

impl Adapter {
    /// What `B A` is multiplied by: alpha over rank.
    pub fn scaling(&self) -> f32 {
        (self.alpha / self.rank as f64) as f32
    }

    /// Reads PEFT's folder.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(CONFIG);
        let text = std::fs::read_to_string(&path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
        let config: Value = serde_json::from_str(&text).map_err(|e| invalid(CONFIG, &e.to_string()))?;
        refuse_variants(&config)?;
        let rank =
            config["r"].as_u64().filter(|r| (1..=4096).contains(r)).ok_or_else(|| invalid(CONFIG, "r is missing"))?;
        let alpha = config["lora_alpha"].as_f64().ok_or_else(|| invalid(CONFIG, "lora_alpha is missing"))?;
        let modules = load_pairs(&folder.join(WEIGHTS), rank as usize)?;
        let names = config["target_modules"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(Self {
            rank: rank as usize,
            alpha,
            dropout: config["lora_dropout"].as_f64().unwrap_or(0.0),
            target_modules: names.map(ToOwned::to_owned).collect(),
            base_model: config["base_model_name_or_path"].as_str().map(ToOwned::to_owned),
            modules,
        })
    }

    /// Writes PEFT's folder; each file appears whole or not at all.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let bytes = self.to_safetensors()?;
        write_atomic(&folder.join(WEIGHTS), &bytes)?;
        let config = json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": self.base_model,
            "r": self.rank,
            "lora_alpha": whole_or_float(self.alpha),
            "lora_dropout": self.dropout,
            "target_modules": self.target_modules,
            "bias": "none",
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "modules_to_save": null,
            "layers_to_transform": null,
            "layers_pattern": null,
            "rank_pattern": {},
            "alpha_pattern": {},
            "use_rslora": false,
            "use_dora": false,
            "revision": null,
        });
        write_atomic(&folder.join(CONFIG), serde_json::to_string_pretty(&config)?.as_bytes())
    }

    /// The bytes of `adapter_model.safetensors`.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        for (module, pair) in &self.modules {
            tensors.push((format!("{PREFIX}{module}.lora_A.weight"), vec![pair.rank, pair.columns], le_bytes(&pair.a)));
            tensors.push((format!("{PREFIX}{module}.lora_B.weight"), vec![pair.rows, pair.rank], le_bytes(&pair.b)));
        }
        let views = tensors
            .iter()
            .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>>>()?;
        let metadata = Some([("format".to_owned(), "pt".to_owned())].into());
        safetensors::serialize(views, metadata).context("writing the adapter")
    }
}

/// PEFT reads both, but writes a whole alpha without a fraction.
fn whole_or_float(number: f64) -> Value {
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn invalid(file: &str, why: &str) -> anyhow::Error {
    coded(Code::ModelFileInvalid).with("path", file).with("why", why).into()
}

/// What would change the arithmetic must not be ignored.
fn refuse_variants(config: &Value) -> Result<()> {
    let on = |name: &str| match &config[name] {
        Value::Bool(flag) => *flag,
        Value::Null => false,
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    let variants =
        ["use_dora", "use_rslora", "fan_in_fan_out", "rank_pattern", "alpha_pattern", "modules_to_save", "lora_bias"];
    if let Some(name) = variants.iter().find(|name| on(name)) {
        return Err(invalid(CONFIG, &format!("{name} is not supported")));
    }
    match config["peft_type"].as_str() {
        Some("LORA") => Ok(()),
        other => Err(invalid(CONFIG, &format!("the type {} is not supported", other.unwrap_or("(none)")))),
    }
}

fn load_pairs(path: &Path, rank: usize) -> Result<BTreeMap<String, LoraPair>> {
    let bytes = std::fs::read(path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| invalid(WEIGHTS, &e.to_string()))?;
    let mut pairs = BTreeMap::new();
    for (name, view) in file.tensors() {
        let Some(module) = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(".lora_A.weight")) else {
            if !name.ends_with(".lora_B.weight") {
                return Err(invalid(WEIGHTS, &format!("{name} is not a LoRA matrix")));
            }
            continue;
        };
        let other = file
            .tensor(&format!("{PREFIX}{module}.lora_B.weight"))
            .map_err(|_| invalid(WEIGHTS, &format!("{module} has no second matrix")))?;
        let (&[a_rank, columns], &[rows, b_rank]) = (view.shape(), other.shape()) else {
            return Err(invalid(WEIGHTS, &format!("{module} has a wrong shape")));
        };
        if a_rank != rank || b_rank != rank {
            return Err(invalid(WEIGHTS, &format!("{module} does not have the rank {rank}")));
        }
        let (a, b) = (
            crate::weights::to_f32(view.data(), view.dtype(), &name)?,
            crate::weights::to_f32(other.data(), other.dtype(), &name)?,
        );
        pairs.insert(module.to_owned(), LoraPair { rank, rows, columns, a, b });
    }
    if pairs.is_empty() {
        return Err(invalid(WEIGHTS, "it has no LoRA matrices"));
    }
    Ok(pairs)
}
