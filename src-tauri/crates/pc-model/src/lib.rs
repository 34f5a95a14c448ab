//! A model folder: config, tokenizer, chat template, safetensors and GGUF weights, adapters.
