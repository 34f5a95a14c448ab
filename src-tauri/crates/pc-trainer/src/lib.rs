//! LoRA fine-tuning on candle: one parametrised decoder for Qwen2/2.5, Qwen3, Llama 3 and Gemma 3, in f32 on the
//! processor. Deliberately absent: jobs, HTTP, SQL, and any other training than supervised LoRA.

mod bench;
mod block;
mod checkpoint;
mod data;
mod decoder;
mod hyper;
mod job;
mod kernel;
mod linear;
mod lora;
mod memory;
mod optimiser;
mod schedule;
mod train;

pub use bench::{BenchReport, bench};
pub use decoder::{Decoder, Packed};
pub use hyper::{Hyper, SaveStrategy};
pub use job::{TrainEvent, TrainJob, TrainSummary};
pub use lora::{Parameters, Slot};
pub use optimiser::{AdamW, clip};
pub use schedule::Scheduler;
pub use train::train;
