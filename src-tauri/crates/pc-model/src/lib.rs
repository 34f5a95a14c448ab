//! A model folder: configuration, tokenizer, chat template, safetensors and GGUF weights, adapters.
//! Deliberately absent: anything that runs a model.

mod adapter;
mod config;
mod dequant;
mod gguf;
mod gguf_map;
mod weights;

pub use adapter::{Adapter, LoraPair};
pub use config::{Activation, Config, Family, Layer, Rope, RopeScaling};
pub use weights::Weights;
