//! A model folder: configuration, tokenizer, chat template, exact token counts, safetensors and GGUF weights, adapters.
//! Deliberately absent: anything that runs a model.

mod adapter;
mod catalog;
mod config;
mod config_json;
mod count;
mod dequant;
mod folder;
mod gguf;
mod gguf_map;
mod gguf_tokenizer;
mod json_text;
mod python;
mod safetensors_file;
mod template;
mod tokenizer;
mod training;
mod weights;

pub use adapter::{Adapter, LoraPair};
pub use catalog::{Catalog, CatalogRow, Price, Source};
pub use config::{Activation, Config, Family, Layer, Rope, RopeScaling};
pub use count::{CountBench, CountSpeed, Counter, QwenTokens, RowCounter, RowTokens, Way};
pub use folder::ModelFolder;
pub use safetensors_file::write_safetensors;
pub use template::{ChatTemplate, RenderOptions};
pub use tokenizer::{DecodeStream, Tokenizer};
pub use training::{Learnt, TrainingExample, training_example};
pub use weights::Weights;
