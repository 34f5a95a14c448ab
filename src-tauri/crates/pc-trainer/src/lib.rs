//! LoRA fine-tuning on candle: one parametrised decoder for Qwen2/2.5, Qwen3, Llama 3 and Gemma 3, in f32 on the
//! processor. Deliberately absent: jobs, HTTP, SQL, and any other training than supervised LoRA.

mod block;
mod decoder;
mod kernel;
mod linear;
mod lora;
mod optimiser;

pub use decoder::{Decoder, Packed};
pub use lora::{Parameters, Slot};
pub use optimiser::{AdamW, clip};
