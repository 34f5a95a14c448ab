//! What clouds refuse, as data: the documented numbers contradict each other and change, so a cloud that
//! names its own limits overrides these. Deliberately absent: any rule about a row's content.

use serde::{Deserialize, Serialize};

/// The longest line that is held and judged; 131,072 tokens, the longest row a cloud trains on, are far below it.
pub const LINE_BYTES: usize = 16 << 20;
/// Deepest nesting of a line; real rows need six levels, tool schemas a dozen.
pub const DEPTH: usize = 64;
/// Finds of a privacy report beyond this many are counted, not kept.
pub const FINDINGS_KEPT: usize = 10_000;
/// Findings of one code beyond this many are counted, not kept: a noisy code does not hide the others.
pub const FINDINGS_OF_CODE: u64 = 1_000;

/// Limits of the target cloud for one training file (cloud-APIs notes, Model Studio's upload rules of 2026).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes that the upload refuses to exceed.
    pub file_bytes: u64,
    /// Bytes from which the cloud's own console refuses an SFT file, though its API takes it.
    pub console_bytes: u64,
    /// Longest file name without its extension, in characters.
    pub name_chars: usize,
    /// Fewer rows than this train, but the cloud advises more.
    pub advised_rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 300 << 20, console_bytes: 200 << 20, name_chars: 120, advised_rows: 0 }
    }
}
