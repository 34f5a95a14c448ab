//! Use-cases: what the window and the command line can do, without knowing either.
//! Deliberately absent: Tauri, clap, words for a screen.

pub mod api;
mod app;
pub mod bench;
mod cases;
pub mod chat;
mod clouds;
pub mod codegen;
#[cfg(debug_assertions)]
pub mod dev_host;
mod drafting;
pub mod embedded;
pub mod engine;
pub mod evaluation;
pub mod hidden;
mod keys;
mod library;
mod live;
pub mod main_job;
pub mod models;
mod receipts;
mod report;
mod seen;
mod sessions;
pub mod table;
mod tasks;
mod words;

pub use app::App;
pub use cases::{
    Asked, Convert, Converted, Edited, Fixes, Mask, Masked, QueryFrom, QueryImport, QueryImported, QueryTo, Repeats,
    Split, Statistics, Unmask, upload_name,
};
pub use hidden::hidden_main;
pub use keys::unattended_keychain;
pub use library::DatasetInput;
pub use live::Live;
pub use pc_dataset::Report;
pub use pc_exporter::Quant;
pub use pc_protocol::account::NewKey;
pub use pc_protocol::receipt::Stated;
pub use pc_runtime::{FinishReason, Sampling};
pub use pc_secrets::Keychain;
pub use pc_trainer::bench as trainer_bench;
pub use receipts::{VerifiedReceipt, receipt_verify};
