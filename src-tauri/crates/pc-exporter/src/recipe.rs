//! Which precision each kind of matrix gets in each quantisation, chosen by measurement.
//!
//! Deliberately absent: choices per family; what counts is where a model's weights lie.

use pc_model::Config;
use serde::{Deserialize, Serialize};

use crate::quantise::Precision;

/// What a person chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quant {
    /// As computed; the reference.
    F32,
    /// Every matrix in 8 bits.
    Int8,
    /// Most matrices in 4 bits; those that lose most by it in 8.
    Int4,
}

impl Quant {
    /// The name on the command line and in `partner.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
        }
    }

    pub(crate) fn recipe(self, config: &Config) -> Recipe {
        match self {
            Self::F32 => Recipe::all(Precision::F32),
            Self::Int8 => Recipe::all(Precision::Bits8 { block: 32 }),
            Self::Int4 => {
                let fragile = mostly_table(config);
                let gate_up = Precision::Bits4 { block: if fragile { 16 } else { 32 } };
                Recipe {
                    attention: if fragile { Precision::Bits8 { block: 32 } } else { gate_up },
                    value: Precision::Bits8 { block: 32 },
                    down: Precision::Bits8 { block: 32 },
                    embedding: Precision::Bits8 { block: 128 },
                    ..Recipe::all(gate_up)
                }
            }
        }
    }
}

/// Whether the embedding table outweighs all layers. Such a model has few weights to spare and gains little speed from
/// 4 bits in its layers: for Gemma 3 270M, 8 % more bytes a token took the divergence from f32 from 0.17 to 0.07 nats.
fn mostly_table(config: &Config) -> bool {
    let attention = 2 * config.hidden_size * (config.query_size() + config.kv_size());
    let layer = attention + 3 * config.hidden_size * config.intermediate_size;
    config.vocab_size * config.hidden_size > config.num_layers * layer
}

/// A precision for each kind of matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    /// Query, key and output projections.
    pub attention: Precision,
    pub value: Precision,
    pub gate_up: Precision,
    pub down: Precision,
    /// The embedding table and the head, which are one matrix in tied models.
    pub embedding: Precision,
    /// `MatMulNBits`: 4 multiplies in 8-bit integers, 1 in f32.
    pub accuracy_level: usize,
}

impl Recipe {
    const fn all(one: Precision) -> Self {
        Self { attention: one, value: one, gate_up: one, down: one, embedding: one, accuracy_level: 4 }
    }
}
