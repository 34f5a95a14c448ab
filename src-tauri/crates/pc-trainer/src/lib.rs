//! LoRA fine-tuning on candle.
