//! Chat on ONNX Runtime with a folder that pc-exporter wrote: session, KV cache, sampler, token stream, measurements.
//! Deliberately absent: HTTP and printing.

mod chances;
mod chat;
mod decoder;
mod folder;
mod library;
mod measure;
mod memory;
mod sampler;
mod stop;

pub use chances::{Chance, TokenChances};
pub use chat::{Answer, Chat, FinishReason, Options, Said};
pub use folder::Manifest;
pub use library::{init, init_default};
pub use measure::{BENCH_TEXT, Bench, Divergence, bench, divergence, read_bandwidth};
pub use memory::resident as resident_memory;
pub use sampler::Sampling;
