//! `model.onnx.data`: tensors one after the other, hashed as they are written, so that none has to stay in memory.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// Tensors start at a multiple of this, which lets every platform map them.
const ALIGNMENT: u64 = 4096;

/// Where a tensor lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub offset: u64,
    pub length: u64,
}

/// The file while it is written.
pub struct DataFile {
    file: BufWriter<File>,
    hash: Sha256,
    written: u64,
}

impl DataFile {
    /// Starts the file at `path`.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 20, file), hash: Sha256::new(), written: 0 })
    }

    /// Adds a tensor's bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<Span> {
        let gap = self.written.next_multiple_of(ALIGNMENT) - self.written;
        self.put(&[0; ALIGNMENT as usize][..gap as usize])?;
        let offset = self.written;
        self.put(bytes)?;
        Ok(Span { offset, length: bytes.len() as u64 })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).context("writing the weights")?;
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Bytes so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Flushes to the disk; returns bytes written and their SHA-256 in hex.
    pub fn finish(mut self) -> Result<(u64, String)> {
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).context("writing the weights")?;
        Ok((self.written, hex::encode(self.hash.finalize())))
    }
}
