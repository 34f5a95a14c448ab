//! Which precision each kind of matrix gets in each quantisation, chosen by measurement.
//!
//! Deliberately absent: choices per model; one recipe serves every family.

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

    pub(crate) fn recipe(self) -> Recipe {
        match self {
            Self::F32 => Recipe::all(Precision::F32),
            Self::Int8 => Recipe::all(Precision::Bits8 { block: 32 }),
            Self::Int4 => Recipe {
                value: Precision::Bits8 { block: 32 },
                down: Precision::Bits8 { block: 32 },
                embedding: Precision::Bits8 { block: 128 },
                ..Recipe::all(Precision::Bits4 { block: 32 })
            },
        }
    }
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
