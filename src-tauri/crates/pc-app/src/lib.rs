//! Use-cases: what the window and the command line can do, without knowing either.
//! Deliberately absent: Tauri, clap, words for a screen.

pub mod api;
pub mod chat;
mod datasets;
pub mod models;

pub use datasets::dataset_check;
pub use pc_dataset::{Report, bench::bench as dataset_bench};
pub use pc_exporter::Quant;
pub use pc_runtime::{FinishReason, Sampling};
pub use pc_trainer::bench as trainer_bench;
