//! Sealed records: a header, then chunks of AES-256-GCM, so that a range is read without the rest.
//! Deliberately absent: files and names; it works over any stream.
//!
//! Header, 32 bytes: magic `PCSEAL`, version, log2 of the chunk size, key id (8), salt (16). The record's cipher
//! comes from data key and salt. A chunk's nonce is its index and whether it is the last; its associated data is the
//! header and the record's identity. So a chunk that was changed, moved, dropped or taken from another record, a
//! record under another identity, and a cut file are all refused.

use std::io::{Read, Seek, SeekFrom, Write};

use aes_gcm::aead::AeadInPlace as _;
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use pc_base::{Code, coded};
use zeroize::Zeroize as _;

use crate::key::random;
use crate::{DataKey, Keys};

const MAGIC: &[u8; 6] = b"PCSEAL";
const VERSION: u8 = 1;
const HEADER: usize = 32;
const TAG: usize = 16;
const CHUNK_LOG2: u8 = 18;

/// Seals a stream of any length; holds one chunk of 256 KiB. Without [`Sealer::finish`] the record is not readable.
pub struct Sealer<W: Write> {
    out: W,
    chunks: Chunks,
    pending: Vec<u8>,
    index: u64,
}

impl<W: Write> Sealer<W> {
    /// Writes the header.
    pub fn new(out: W, keys: &(impl Keys + ?Sized), identity: &str) -> std::io::Result<Self> {
        Self::with_chunk(out, keys.newest(), identity, CHUNK_LOG2)
    }

    fn with_chunk(mut out: W, key: &DataKey, identity: &str, log2: u8) -> std::io::Result<Self> {
        let salt: [u8; 16] = random();
        let mut header = [0; HEADER];
        header[..6].copy_from_slice(MAGIC);
        header[6] = VERSION;
        header[7] = log2;
        header[8..16].copy_from_slice(&key.id());
        header[16..].copy_from_slice(&salt);
        out.write_all(&header)?;
        let chunks = Chunks { cipher: key.record_cipher(&salt), bound: bound(&header, identity), size: 1 << log2 };
        let pending = Vec::with_capacity(chunks.size + TAG);
        Ok(Self { out, chunks, pending, index: 0 })
    }

    /// Seals the last chunk and hands the stream back, not yet synced.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.put(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn put(&mut self, last: bool) -> std::io::Result<()> {
        self.chunks.seal(self.index, last, &mut self.pending)?;
        self.out.write_all(&self.pending)?;
        self.pending.clear();
        self.index += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // A full chunk is put only when more comes, because the last one is sealed differently.
        if self.pending.len() == self.chunks.size {
            self.put(false)?;
        }
        let taken = bytes.len().min(self.chunks.size - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A sealed record opened for reading, in order or at any place; holds one chunk.
pub struct Opened<R: Read + Seek> {
    source: R,
    chunks: Chunks,
    /// Bytes of plain text.
    len: u64,
    count: u64,
    position: u64,
    /// The index of the chunk in `held`.
    holding: Option<u64>,
    held: Vec<u8>,
}

impl<R: Read + Seek> Opened<R> {
    /// Checks header and last chunk, and thereby the length. [`Code::SealedDamaged`] when anything does not fit.
    pub fn new(mut source: R, keys: &(impl Keys + ?Sized), identity: &str) -> anyhow::Result<Self> {
        let damaged = || anyhow::Error::new(coded(Code::SealedDamaged));
        let total = source.seek(SeekFrom::End(0))?;
        source.seek(SeekFrom::Start(0))?;
        let mut header = [0; HEADER];
        source.read_exact(&mut header).map_err(|_| damaged())?;
        let known = &header[..6] == MAGIC && header[6] == VERSION && (10..=20).contains(&header[7]);
        if !known {
            return Err(damaged());
        }
        let id = header[8..16].try_into().expect("eight bytes name the key");
        let key = keys.with_id(id).ok_or_else(damaged)?;
        let salt: [u8; 16] = header[16..].try_into().expect("the rest of the header is the salt");
        let chunks = Chunks { cipher: key.record_cipher(&salt), bound: bound(&header, identity), size: 1 << header[7] };
        let body = total - HEADER as u64;
        let count = body.div_ceil((chunks.size + TAG) as u64);
        let whole = count.checked_sub(1).ok_or_else(damaged)? * (chunks.size + TAG) as u64;
        if body - whole < TAG as u64 {
            return Err(damaged());
        }
        let len = body - count * TAG as u64;
        let mut opened = Self { source, chunks, len, count, position: 0, holding: None, held: Vec::new() };
        opened.hold(count - 1).map_err(|_| damaged())?;
        Ok(opened)
    }

    /// Bytes of plain text.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no byte of plain text.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn hold(&mut self, index: u64) -> std::io::Result<()> {
        if self.holding == Some(index) {
            return Ok(());
        }
        let stride = (self.chunks.size + TAG) as u64;
        self.source.seek(SeekFrom::Start(HEADER as u64 + index * stride))?;
        self.holding = None;
        self.held.zeroize();
        let last = index + 1 == self.count;
        let wanted = if last { self.len - index * self.chunks.size as u64 + TAG as u64 } else { stride };
        (&mut self.source).take(wanted).read_to_end(&mut self.held)?;
        self.chunks.open(index, last, &mut self.held)?;
        self.holding = Some(index);
        Ok(())
    }
}

impl<R: Read + Seek> Read for Opened<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.position >= self.len || out.is_empty() {
            return Ok(0);
        }
        let size = self.chunks.size as u64;
        self.hold(self.position / size)?;
        let from = (self.position % size) as usize;
        let available = &self.held[from..];
        let taken = available.len().min(out.len());
        out[..taken].copy_from_slice(&available[..taken]);
        self.position += taken as u64;
        Ok(taken)
    }
}

impl<R: Read + Seek> Seek for Opened<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = target.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

impl<R: Read + Seek> Drop for Opened<R> {
    fn drop(&mut self) {
        self.held.zeroize();
    }
}

/// Names the key that sealed a record, from its header; nothing is opened.
pub fn key_id(mut source: impl Read) -> anyhow::Result<[u8; 8]> {
    let mut header = [0; HEADER];
    let whole = source.read_exact(&mut header).is_ok() && &header[..6] == MAGIC;
    anyhow::ensure!(whole, coded(Code::SealedDamaged));
    Ok(header[8..16].try_into().expect("eight bytes name the key"))
}

/// A short text or secret as one sealed record.
pub fn seal(keys: &(impl Keys + ?Sized), identity: &str, plain: &[u8]) -> Vec<u8> {
    let in_memory = || -> std::io::Result<Vec<u8>> {
        let mut sealer = Sealer::new(Vec::new(), keys, identity)?;
        sealer.write_all(plain)?;
        sealer.finish()
    };
    in_memory().expect("writing to memory does not fail")
}

/// The way back of [`seal`], with its errors.
pub fn open(keys: &(impl Keys + ?Sized), identity: &str, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut plain = Vec::new();
    Opened::new(std::io::Cursor::new(sealed), keys, identity)?.read_to_end(&mut plain)?;
    Ok(plain)
}

struct Chunks {
    cipher: Aes256Gcm,
    bound: Vec<u8>,
    size: usize,
}

impl Chunks {
    fn seal(&self, index: u64, last: bool, chunk: &mut Vec<u8>) -> std::io::Result<()> {
        let tag = self.cipher.encrypt_in_place_detached(&nonce(index, last), &self.bound, chunk);
        chunk.extend_from_slice(&tag.map_err(|_| damaged_io())?);
        Ok(())
    }

    fn open(&self, index: u64, last: bool, chunk: &mut Vec<u8>) -> std::io::Result<()> {
        let at = chunk.len().checked_sub(TAG).ok_or_else(damaged_io)?;
        let tag = *Tag::from_slice(&chunk[at..]);
        chunk.truncate(at);
        let opened = self.cipher.decrypt_in_place_detached(&nonce(index, last), &self.bound, chunk, &tag);
        opened.map_err(|_| damaged_io())
    }
}

fn nonce(index: u64, last: bool) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0; 12];
    nonce[0] = u8::from(last);
    nonce[4..].copy_from_slice(&index.to_be_bytes());
    nonce.into()
}

fn bound(header: &[u8; HEADER], identity: &str) -> Vec<u8> {
    [header.as_slice(), identity.as_bytes()].concat()
}

fn damaged_io() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, coded(Code::SealedDamaged))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const CHUNK: usize = 1 << 10;

    fn small(key: &DataKey, identity: &str, plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::with_chunk(Vec::new(), key, identity, 10).unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn text(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 31 % 251) as u8).collect()
    }

    #[test]
    fn every_length_around_a_chunk_comes_back_and_every_range_reads_alone() {
        let key = DataKey::generate();
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
            let plain = text(len);
            let sealed = small(&key, "file/1", &plain);
            assert_eq!(open(&key, "file/1", &sealed).unwrap(), plain, "length {len}");
            let mut opened = Opened::new(Cursor::new(&sealed), &key, "file/1").unwrap();
            assert_eq!(opened.len(), len as u64);
            for (from, to) in [(0, len), (len / 2, len), (len / 3, len / 2)] {
                let mut part = vec![0; to - from];
                opened.seek(SeekFrom::Start(from as u64)).unwrap();
                opened.read_exact(&mut part).unwrap();
                assert_eq!(part, plain[from..to], "range {from}..{to} of {len}");
            }
        }
    }

    #[test]
    fn plain_text_is_not_in_the_sealed_form() {
        let sealed = seal(&DataKey::generate(), "file/1", &b"a guest's secret ".repeat(100));
        assert!(!sealed.windows(14).any(|w| w == b"guest's secret"), "encryption hides the text");
    }

    #[test]
    fn a_changed_byte_anywhere_is_detected() {
        let key = DataKey::generate();
        let sealed = small(&key, "file/1", &text(2 * CHUNK + 5));
        for at in (0..sealed.len()).step_by(7).chain(0..HEADER) {
            let mut bad = sealed.clone();
            bad[at] ^= 0x10;
            assert!(open(&key, "file/1", &bad).is_err(), "byte {at} is covered");
        }
    }

    #[test]
    fn truncation_is_detected_at_every_length_even_at_a_chunk_border() {
        let key = DataKey::generate();
        let sealed = small(&key, "file/1", &text(3 * CHUNK));
        let border = HEADER + 2 * (CHUNK + TAG);
        for len in (0..sealed.len()).step_by(97).chain([HEADER, border, border - 1, border + 1]) {
            assert!(Opened::new(Cursor::new(&sealed[..len]), &key, "file/1").is_err(), "cut to {len}");
        }
    }

    #[test]
    fn reordered_appended_and_foreign_chunks_are_detected() {
        let key = DataKey::generate();
        let stride = CHUNK + TAG;
        let one = small(&key, "file/1", &text(4 * CHUNK));
        let mut swapped = one.clone();
        swapped[HEADER..HEADER + stride].copy_from_slice(&one[HEADER + stride..HEADER + 2 * stride]);
        assert!(open(&key, "file/1", &swapped).is_err(), "chunks must stay in their place");
        let two = small(&key, "file/1", &text(4 * CHUNK));
        let mut mixed = one.clone();
        mixed[HEADER..HEADER + stride].copy_from_slice(&two[HEADER..HEADER + stride]);
        assert!(open(&key, "file/1", &mixed).is_err(), "chunks of another record do not fit, same text or not");
        assert!(open(&key, "file/1", &[one.as_slice(), &one[HEADER..]].concat()).is_err(), "nothing can be appended");
    }

    #[test]
    fn another_key_or_another_identity_does_not_open_it() {
        let key = DataKey::generate();
        let sealed = seal(&key, "workspace/a/file/1", b"text");
        let error = open(&DataKey::generate(), "workspace/a/file/1", &sealed).unwrap_err();
        assert_eq!(pc_base::Failure::of(&error, pc_base::Language::English).code, "sealed_damaged");
        assert!(open(&key, "workspace/a/file/2", &sealed).is_err(), "a record cannot be put in another's place");
    }
}
