//! The graph's session and its cache of keys and values.
//!
//! The cache is one buffer per layer that the graph reads and writes in place, so a token costs no copy. It starts small
//! and doubles up to the context. Deliberately absent: text, and the choice of tokens.

use std::path::Path;

use anyhow::{Context as _, Result};
use ort::memory::Allocator;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{IoBinding, Session};
use ort::value::Tensor;
use pc_base::{Cancel, Code, CodedExt as _, coded, env};
use pc_model::Config;

use crate::library::{environment, runtime_error};

/// A prompt is read in pieces of this many tokens, which bounds the memory of attention and the wait for a cancel.
const CHUNK: usize = 512;
/// Positions that the cache holds at first.
const FIRST_CAPACITY: usize = 512;

/// See the module's words.
pub struct Decoder {
    session: Session,
    binding: IoBinding,
    /// Key and value of each layer, `[1, kv heads, capacity, head size]`.
    cache: Vec<Tensor<f32>>,
    logits: Tensor<f32>,
    heads: usize,
    head_dim: usize,
    capacity: usize,
    length: usize,
    context: usize,
}

impl Decoder {
    /// Loads the graph. `threads` of zero leaves the choice to the runtime: the physical cores.
    pub fn open(dir: &Path, config: &Config, context: usize, threads: usize) -> Result<Self> {
        let path = dir.join("model.onnx");
        let invalid = || coded(Code::ModelFileInvalid).with("path", path.display()).with("why", "it cannot be loaded");
        let session = load(&path, threads).code(invalid)?;
        let binding = session.create_binding().map_err(runtime_error)?;
        let logits = tensor([1, 1, config.vocab_size])?;
        let (heads, head_dim) = (config.num_kv_heads, config.head_dim);
        let mut decoder =
            Self { session, binding, cache: Vec::new(), logits, heads, head_dim, capacity: 0, length: 0, context };
        decoder.binding.bind_output("logits", &mut decoder.logits).map_err(runtime_error).code(invalid)?;
        decoder.resize(2 * config.num_layers, FIRST_CAPACITY.min(context)).code(invalid)?;
        Ok(decoder)
    }

    /// Positions in the cache.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Forgets everything after the first `length` positions.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Reads tokens after those in the cache. The caller keeps within the context.
    pub fn feed(&mut self, ids: &[u32], cancel: &Cancel) -> Result<()> {
        for chunk in ids.chunks(CHUNK) {
            cancel.check()?;
            self.run(chunk)?;
        }
        Ok(())
    }

    /// Logits `[vocabulary]` after the token that was read last.
    pub fn logits(&self) -> &[f32] {
        self.logits.extract_tensor().1
    }

    fn run(&mut self, ids: &[u32]) -> Result<()> {
        let total = self.length + ids.len();
        if total > self.capacity {
            let layers = self.cache.len();
            self.resize(layers, total.max(2 * self.capacity).min(self.context.max(total)))?;
        }
        let ids: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
        let count = i32::try_from(total).context("more positions than the graph can count")?;
        let tokens = Tensor::from_array(([1, ids.len()], ids)).map_err(runtime_error)?;
        let before_last = Tensor::from_array(([1], vec![count - 1])).map_err(runtime_error)?;
        let total_length = Tensor::from_array((Vec::<i64>::new(), vec![count])).map_err(runtime_error)?;
        self.binding.bind_input("input_ids", &tokens).map_err(runtime_error)?;
        self.binding.bind_input("seqlens_k", &before_last).map_err(runtime_error)?;
        self.binding.bind_input("total_sequence_length", &total_length).map_err(runtime_error)?;
        self.session.run_binding(&self.binding).map_err(runtime_error)?;
        self.length = total;
        Ok(())
    }

    /// Makes room for `capacity` positions and keeps what is there.
    fn resize(&mut self, buffers: usize, capacity: usize) -> Result<()> {
        let (block, kept) = (capacity * self.head_dim, self.length * self.head_dim);
        for number in 0..buffers {
            let mut fresh = tensor([1, self.heads, capacity, self.head_dim])?;
            if let Some(old) = self.cache.get(number).filter(|_| kept > 0) {
                let old = old.extract_tensor().1.chunks_exact(self.capacity * self.head_dim);
                for (new, old) in fresh.extract_tensor_mut().1.chunks_exact_mut(block).zip(old) {
                    new[..kept].copy_from_slice(&old[..kept]);
                }
            }
            let part = if number % 2 == 0 { "key" } else { "value" };
            let name = |time: &str| format!("{time}.{}.{part}", number / 2);
            self.binding.bind_input(name("past"), &fresh).map_err(runtime_error)?;
            self.binding.bind_output(name("present"), &mut fresh).map_err(runtime_error)?;
            if number < self.cache.len() { self.cache[number] = fresh } else { self.cache.push(fresh) }
        }
        self.capacity = capacity;
        Ok(())
    }
}

/// Memory outside of the session's arena, so that a smaller cache is given back when a larger one replaces it.
fn tensor<const N: usize>(shape: [usize; N]) -> Result<Tensor<f32>> {
    Tensor::new(&Allocator::default(), shape).map_err(runtime_error)
}

fn load(path: &Path, threads: usize) -> Result<Session> {
    let threads = if threads > 0 { threads } else { env::text(env::THREADS).and_then(|n| n.parse().ok()).unwrap_or(0) };
    let builder = Session::builder(environment()?).map_err(runtime_error)?;
    let builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(runtime_error)?;
    let builder = builder.with_intra_threads(threads).map_err(runtime_error)?;
    let mut builder = builder.with_log_level(ort::logging::LogLevel::Error).map_err(runtime_error)?;
    builder.commit_from_file(path).map_err(runtime_error)
}
