//! Chat on ONNX Runtime: session, KV cache, sampler, token stream.
