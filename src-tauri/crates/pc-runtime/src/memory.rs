//! How much memory is free and how much this process used at most, where the system tells.

use anyhow::Result;
use pc_base::{Code, coded};

/// Bytes that can be had without swapping.
pub fn available() -> Option<u64> {
    field("/proc/meminfo", "MemAvailable:")
}

/// The largest resident size of this process so far, in bytes.
pub fn peak() -> Option<u64> {
    field("/proc/self/status", "VmHWM:")
}

/// What this process holds in memory now, in bytes.
pub fn resident() -> Option<u64> {
    field("/proc/self/status", "VmRSS:")
}

/// A line such as `VmHWM:  1024 kB`; other systems than Linux have no such file.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Refuses what does not fit; what is not known fits.
pub fn require(needed: u64, available: Option<u64>) -> Result<()> {
    match available {
        Some(available) if needed > available => {
            let shown = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
            Err(coded(Code::MemoryShort).with("needed", shown(needed)).with("available", shown(available)).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_memory_is_said_with_both_figures() {
        let error = require(3_000_000_000, Some(1_500_000_000)).unwrap_err();
        let code = error.downcast_ref::<pc_base::Coded>().unwrap();
        assert_eq!(code.code, Code::MemoryShort);
        assert!(error.to_string().contains("3.0 GB") && error.to_string().contains("1.5 GB"), "both are in the words");
        assert!(require(3, None).is_ok() && require(3, Some(3)).is_ok(), "what is unknown or just enough is tried");
    }
}
