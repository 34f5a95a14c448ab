//! Fine-tuning on candle: one parametrised decoder for Qwen2/2.5, Qwen3, Llama 3 and Gemma 3, in f32 on the processor.
//! Supervised, on plain texts or by preference; a LoRA adapter or every weight. Deliberately absent: jobs, HTTP, SQL.

mod bench;
mod block;
mod checkpoint;
mod data;
mod decoder;
mod hyper;
mod job;
mod kernel;
mod layout;
mod learner;
mod linear;
mod lora;
mod memory;
mod optimiser;
mod preference;
mod references;
mod schedule;
mod train;

pub use bench::{BenchReport, bench};
pub use data::{Counted, count_tokens};
pub use decoder::{Change, Decoder, Objective, Outcome, Packed};
pub use hyper::{Hyper, SaveStrategy, TrainingType};
pub use job::{Rewards, TrainEvent, TrainJob, TrainSummary};
pub use layout::{Layout, Place};
pub use lora::{Parameters, Slot};
pub use optimiser::{AdamW, clip};
pub use preference::{Judgement, Reference};
pub use schedule::{Plateau, Schedule, Scheduler};
pub use train::train;
