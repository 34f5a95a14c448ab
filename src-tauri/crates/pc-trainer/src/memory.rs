//! How much memory a training needs and the machine has. Deliberately absent: a measure on systems other than Linux,
//! where nothing is refused beforehand.

use anyhow::Result;
use pc_base::{Code, coded};
use pc_model::Config;

use crate::data::TOKENS_AT_ONCE;
use crate::lora::projection_shapes;

/// Bytes at the peak: frozen weights in f32, kept activations of one piece, logits, four vectors of trainable values.
pub(crate) fn needed(config: &Config, rank: usize, longest: usize) -> u64 {
    let projections: usize = projection_shapes(config).iter().map(|(out, input)| out * input).sum();
    let tables = if config.tie_word_embeddings { 1 } else { 2 };
    let frozen = tables * config.vocab_size * config.hidden_size + config.num_layers * projections;
    let pairs: usize = projection_shapes(config).iter().map(|(out, input)| rank * (out + input)).sum();
    let tokens = longest.max(TOKENS_AT_ONCE);
    let kept = 5 * config.hidden_size + 3 * config.query_size() + 3 * config.kv_size() + 2 * config.intermediate_size;
    let passing = 6 * config.intermediate_size.max(config.query_size());
    let scores = 3 * config.num_heads * longest * longest;
    let floats =
        frozen + 7 * config.num_layers * pairs + tokens * (config.num_layers * kept + passing) + scores + (1 << 26);
    4 * floats as u64
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
    fn what_cannot_fit_is_refused_by_code_where_the_system_tells() {
        let refused = require(u64::MAX).err().map(|e| e.downcast_ref::<pc_base::Coded>().map(|c| c.code));
        let expected = available().map(|_| Some(Code::MemoryShort));
        assert_eq!(refused, expected, "no machine has this much; a system that does not tell refuses nothing");
        assert!(require(1).is_ok(), "one byte is always there");
    }
}
