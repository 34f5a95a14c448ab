//! How much memory a training needs and the machine has. Deliberately absent: a measure on systems other than Linux,
//! where nothing is refused beforehand.

use anyhow::Result;
use pc_base::{Code, coded};
use pc_model::Config;

use crate::data::TOKENS_AT_ONCE;
use crate::lora::projection_shapes;

/// What memory is needed for, besides the model's shape.
pub(crate) struct Load {
    /// Of the adapter; nothing where every weight is learnt.
    pub rank: Option<usize>,
    /// Tokens of the row that has the most, and of the longest sequence.
    pub longest: (usize, usize),
}

/// Bytes at the peak: weights in f32, gradients and moments of what is learnt, kept activations of one piece, logits.
pub(crate) fn needed(config: &Config, load: &Load) -> u64 {
    let projections: usize = projection_shapes(config).iter().map(|(out, input)| out * input).sum();
    let tables = if config.tie_word_embeddings { 1 } else { 2 };
    let weights = tables * config.vocab_size * config.hidden_size + config.num_layers * projections;
    let learnt = match load.rank {
        // Values, gradient, two moments, and three copies that are laid out for the products of a step.
        Some(rank) => {
            let pairs: usize = projection_shapes(config).iter().map(|(out, input)| rank * (out + input)).sum();
            7 * config.num_layers * pairs
        }
        // Gradient and two moments.
        None => 3 * weights,
    };
    let (row, sequence) = load.longest;
    let tokens = row.max(TOKENS_AT_ONCE);
    let kept = 5 * config.hidden_size + 3 * config.query_size() + 3 * config.kv_size() + 2 * config.intermediate_size;
    let passing = 6 * config.intermediate_size.max(config.query_size());
    let scores = 3 * config.num_heads * sequence * sequence;
    let floats = weights + learnt + tokens * (config.num_layers * kept + passing) + scores + (1 << 26);
    4 * floats as u64
}

/// Bytes of disk that a training needs at its peak: two resume points of all that is learnt, and the result.
pub(crate) fn needed_on_disk(count: usize) -> u64 {
    (2 * 12 + 4) * count as u64
}

/// Refuses with [`Code::MemoryShort`] what would not fit.
pub(crate) fn require(needed: u64) -> Result<()> {
    match available() {
        Some(available) if available < needed => {
            Err(coded(Code::MemoryShort).with("needed", readable(needed)).with("available", readable(available)).into())
        }
        _ => Ok(()),
    }
}

fn readable(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// Bytes that can be had without swapping; nothing where the system does not say.
#[cfg(target_os = "linux")]
fn available() -> Option<u64> {
    field("/proc/meminfo", "MemAvailable:")
}

#[cfg(not(target_os = "linux"))]
fn available() -> Option<u64> {
    None
}

/// The most memory this process has held, in bytes; nothing where the system does not say.
#[cfg(target_os = "linux")]
pub(crate) fn peak() -> Option<u64> {
    field("/proc/self/status", "VmHWM:")
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn peak() -> Option<u64> {
    None
}

#[cfg(target_os = "linux")]
fn field(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_every_weight_needs_four_times_the_weights() {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/tiny-models/qwen2");
        let config = pc_model::ModelFolder::open(&dir).unwrap().config;
        let bytes = |rank, config: &Config| needed(config, &Load { rank, longest: (100, 100) });
        let wide = Config { vocab_size: 1_000_000, ..config.clone() };
        let more = |rank| bytes(rank, &wide) - bytes(rank, &config);
        assert_eq!(more(None), 4 * more(Some(4)), "gradient and moments come on top");
    }

    #[test]
    fn what_cannot_fit_is_refused_by_code_where_the_system_tells() {
        let refused = require(u64::MAX).err().map(|e| e.downcast_ref::<pc_base::Coded>().map(|c| c.code));
        let expected = available().map(|_| Some(Code::MemoryShort));
        assert_eq!(refused, expected, "no machine has this much; a system that does not tell refuses nothing");
        assert!(require(1).is_ok(), "one byte is always there");
    }
}
