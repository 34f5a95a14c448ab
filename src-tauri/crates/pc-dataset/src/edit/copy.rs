//! A copy of a file without some of its lines; all other bytes are the input's. Deliberately absent: which lines, and why.

use std::path::Path;

use super::output::{Output, refuse_itself};
use crate::blocks::Kind;
use crate::lines::{Walk, walk};

/// Copies, asking of every line (1-based) whether it stays. Returns the copy's bytes; it appears whole or not at all.
pub(super) fn copy(over: &Walk<'_>, output: &Path, mut stays: impl FnMut(u64) -> bool) -> anyhow::Result<u64> {
    refuse_itself(over.path, &[output])?;
    let mut out = Output::new(output)?;
    let (mut before, mut keeping) = (0_u64, true);
    walk(
        over,
        |part| (part.kind, part.count(), part.bytes.to_vec()),
        |(kind, count, bytes)| {
            if let Kind::Overlong { starts, .. } = kind {
                keeping = if starts { stays(before + 1) } else { keeping };
                before += count;
                return if keeping { out.write(&bytes) } else { Ok(()) };
            }
            let (mut from, mut at) = (0, 0);
            for number in before + 1..=before + count {
                let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |feed| at + feed + 1);
                if !stays(number) {
                    out.write(&bytes[from..at])?;
                    from = end;
                }
                at = end;
            }
            before += count;
            out.write(&bytes[from..])
        },
    )?;
    let bytes = out.bytes;
    out.finish()?;
    Ok(bytes)
}
