//! The hash of a file that is being fetched: announced in one of the forms that clouds use, and computed beside the
//! writing, so that nothing is read twice. Deliberately absent: what a wrong one means.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use md5::{Digest as _, Md5};
use pc_base::Cancel;
use sha2::Sha256;

/// As it was announced, in hex.
#[derive(Clone, Debug)]
pub(super) enum Announced {
    Sha256(String),
    Md5(String),
    /// CRC-64/XZ: against accidents on the way, which is all that is left where what lies in the cloud is sealed. MD5 alone
    /// takes longer than a quick network.
    Crc64(String),
}

impl Announced {
    /// Tells contents apart.
    pub fn text(&self) -> &str {
        match self {
            Self::Sha256(text) | Self::Md5(text) | Self::Crc64(text) => text,
        }
    }

    fn is(&self, found: Digesting) -> bool {
        match (self, found) {
            (Self::Sha256(hash), Digesting::Sha256(digest)) => {
                hex::encode(digest.finalize()).eq_ignore_ascii_case(hash)
            }
            (Self::Md5(hash), Digesting::Md5(digest)) => hex::encode(digest.finalize()).eq_ignore_ascii_case(hash),
            (Self::Crc64(sum), Digesting::Crc64(digest)) => u64::from_str_radix(sum, 16) == Ok(digest.sum64()),
            _ => false,
        }
    }

    /// A digest of the same kind, of nothing yet.
    fn begun(&self) -> Digesting {
        match self {
            Self::Sha256(_) => Digesting::Sha256(Sha256::new()),
            Self::Md5(_) => Digesting::Md5(Md5::new()),
            Self::Crc64(_) => Digesting::Crc64(crc64fast::Digest::new()),
        }
    }
}

#[derive(Clone)]
enum Digesting {
    Sha256(Sha256),
    Md5(Md5),
    Crc64(crc64fast::Digest),
}

/// The hash of a file's first bytes; without an announced hash only their number.
#[derive(Clone)]
pub(super) struct SoFar {
    pub bytes: u64,
    digest: Option<Digesting>,
}

impl SoFar {
    pub fn nothing(announced: Option<&Announced>) -> Self {
        Self { bytes: 0, digest: announced.map(Announced::begun) }
    }

    /// Of a whole file as it lies there; blocks.
    pub fn of(path: &Path, announced: Option<&Announced>, cancel: &Cancel) -> anyhow::Result<Self> {
        let reading = || format!("reading {}", path.display());
        let mut file = File::open(path).with_context(reading)?;
        let (mut so_far, mut buffer) = (Self::nothing(announced), vec![0; 1 << 20]);
        loop {
            cancel.check()?;
            match file.read(&mut buffer).with_context(reading)? {
                0 => return Ok(so_far),
                read => so_far.update(&buffer[..read]),
            }
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        match &mut self.digest {
            Some(Digesting::Sha256(digest)) => digest.update(bytes),
            Some(Digesting::Md5(digest)) => digest.update(bytes),
            Some(Digesting::Crc64(digest)) => digest.write(bytes),
            None => {}
        }
    }

    /// Whether this is what was announced.
    pub fn is(self, bytes: u64, announced: Option<&Announced>) -> bool {
        let right = |announced: &Announced| self.digest.is_some_and(|digest| announced.is(digest));
        self.bytes == bytes && announced.is_none_or(right)
    }
}
