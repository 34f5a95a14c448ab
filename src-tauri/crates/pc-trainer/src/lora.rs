//! The trainable part: for each frozen projection a pair `A [rank, in]`, `B [out, rank]` (LoRA, arXiv 2106.09685),
//! all in one flat vector, so that the optimiser and a checkpoint see plain numbers.
//!
//! Deliberately absent: variants (rsLoRA, DoRA).

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Result;
use pc_base::{Code, coded};
use pc_model::{Adapter, Config, LoraPair};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// The seven projections of a block in the order in which a block holds them.
pub(crate) const PROJECTIONS: [&str; 7] = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
];

/// `[out, in]` of each projection of a block.
pub(crate) fn projection_shapes(config: &Config) -> [(usize, usize); 7] {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let (q, kv) = (config.query_size(), config.kv_size());
    [(q, hidden), (kv, hidden), (kv, hidden), (hidden, q), (inner, hidden), (inner, hidden), (hidden, inner)]
}

/// Where one pair lies in the flat vector.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Such as `model.layers.0.self_attn.q_proj`.
    pub module: String,
    pub rows: usize,
    pub columns: usize,
    /// `A`, row-major `[rank, columns]`.
    pub a: Range<usize>,
    /// `B`, row-major `[rows, rank]`.
    pub b: Range<usize>,
}

/// Every pair of a model: what training changes.
#[derive(Clone, Debug)]
pub struct Parameters {
    pub rank: usize,
    pub alpha: f64,
    pub dropout: f32,
    /// Layer by layer, in the order q, k, v, o, gate, up, down.
    pub slots: Vec<Slot>,
    pub values: Vec<f32>,
}

impl Parameters {
    /// Fresh pairs as PEFT makes them: `A` uniform in ±1/√in (Kaiming with a = √5), `B` zero, so that the model
    /// starts unchanged.
    pub fn fresh(config: &Config, rank: usize, alpha: f64, dropout: f32, seed: u64) -> Self {
        let mut slots = Vec::with_capacity(config.num_layers * PROJECTIONS.len());
        let mut end = 0;
        for layer in 0..config.num_layers {
            for (name, (rows, columns)) in PROJECTIONS.iter().zip(projection_shapes(config)) {
                let (a, b) = (end..end + rank * columns, end + rank * columns..end + rank * (columns + rows));
                end = b.end;
                slots.push(Slot { module: format!("model.layers.{layer}.{name}"), rows, columns, a, b });
            }
        }
        let mut values = vec![0.0; end];
        let mut random = StdRng::seed_from_u64(seed);
        for slot in &slots {
            let bound = 1.0 / (slot.columns as f32).sqrt();
            values[slot.a.clone()].iter_mut().for_each(|value| *value = random.random_range(-bound..bound));
        }
        Self { rank, alpha, dropout, slots, values }
    }

    /// Goes on from an adapter, which must have exactly one pair for each projection.
    pub fn from_adapter(config: &Config, adapter: &Adapter) -> Result<Self> {
        let mut parameters = Self::fresh(config, adapter.rank, adapter.alpha, adapter.dropout as f32, 0);
        if let Some(stray) = adapter.modules.keys().find(|m| parameters.slots.iter().all(|slot| slot.module != **m)) {
            return Err(unfit(&format!("its module {stray} is not a projection of this base model")));
        }
        for slot in &parameters.slots {
            let pair = adapter.modules.get(&slot.module);
            let Some(pair) = pair.filter(|pair| (pair.rows, pair.columns) == (slot.rows, slot.columns)) else {
                return Err(unfit(&format!("it has no pair of the right shape for {}", slot.module)));
            };
            parameters.values[slot.a.clone()].copy_from_slice(&pair.a);
            parameters.values[slot.b.clone()].copy_from_slice(&pair.b);
        }
        Ok(parameters)
    }

    /// What `B A` is multiplied by.
    pub fn scaling(&self) -> f32 {
        (self.alpha / self.rank as f64) as f32
    }

    /// As an adapter in PEFT's terms.
    pub fn to_adapter(&self, base_model: Option<String>) -> Adapter {
        let pair = |slot: &Slot| LoraPair {
            rank: self.rank,
            rows: slot.rows,
            columns: slot.columns,
            a: self.values[slot.a.clone()].to_vec(),
            b: self.values[slot.b.clone()].to_vec(),
        };
        let modules: BTreeMap<_, _> = self.slots.iter().map(|slot| (slot.module.clone(), pair(slot))).collect();
        Adapter {
            rank: self.rank,
            alpha: self.alpha,
            dropout: f64::from(self.dropout),
            target_modules: PROJECTIONS
                .iter()
                .filter_map(|name| name.rsplit('.').next())
                .map(ToOwned::to_owned)
                .collect(),
            base_model,
            modules,
        }
    }
}

fn unfit(why: &str) -> anyhow::Error {
    coded(Code::ModelFileInvalid).with("path", "adapter_model.safetensors").with("why", why).into()
}
