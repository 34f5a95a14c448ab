//! The members of a zip, for archives of data files and for the office formats that are zips: listed with safe names, and unpacked
//! as streams that stop where one swells beyond reason. Deliberately absent: writing, passwords, archives inside archives.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::bail;
use flate2::Crc;
use flate2::read::DeflateDecoder;
use pc_base::{Code, CodedExt as _, coded};
use zip::{CompressionMethod, ZipArchive};

use super::Notes;
use super::input::{FILES, Input};
use super::notes::Counting;

/// Text packs up to some forty times; deflate's own end is about a thousand.
const RATIO: u64 = 250;
/// Below this nothing is suspected: small members may well be very regular.
const RATIO_FROM: u64 = 64 << 20;
/// And so for all members together.
const ALL_FROM: u64 = 256 << 20;

/// Where a member lies in its archive.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    start: u64,
    /// On the disk.
    pub bytes: u64,
    deflated: bool,
    crc: u32,
    /// As its archive states it.
    pub size: u64,
}

/// Whether a name is that of an archive.
pub(super) fn is_archive(name: &str) -> bool {
    let name = name.to_lowercase();
    [".zip", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst"].iter().any(|ending| name.ends_with(ending))
}

/// Whether a file is a zip, but no office document.
pub(super) fn is_plain_zip(input: &Input) -> anyhow::Result<bool> {
    let Input::File(path) = input else { return Ok(false) };
    let (head, _) = input.head(4)?;
    if !head.starts_with(b"PK\x03\x04") && !head.starts_with(b"PK\x05\x06") {
        return Ok(false);
    }
    Ok(!list(path)?.iter().any(|(name, _)| name == "[Content_Types].xml"))
}

/// All files of an archive. [`Code::SourceNameUnsafe`] where one of them would lie elsewhere when unpacked or is a link,
/// [`Code::SourceLocked`] where it has a password, [`Code::SourceDamaged`] where this is no whole archive.
pub(crate) fn list(path: &Path) -> anyhow::Result<Vec<(String, Packed)>> {
    let damaged = || coded(Code::SourceDamaged).with("path", path.display()).with("line", 1);
    let mut archive = ZipArchive::new(crate::open(path)?).code(damaged)?;
    if archive.len() > FILES {
        bail!(coded(Code::SourceTooLarge).with("path", path.display()).with("limit", FILES));
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).code(damaged)?;
        let name = name_of(member.name_raw());
        if member.is_symlink() || !is_safe(&name) {
            bail!(coded(Code::SourceNameUnsafe).with("path", path.display()).with("name", name));
        }
        if member.is_dir() {
            continue;
        }
        if member.encrypted() {
            bail!(coded(Code::SourceLocked).with("path", path.display()));
        }
        let deflated = match member.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            _ => bail!(coded(Code::SourceUnknown).with("path", format!("{}/{name}", path.display()))),
        };
        let start = member.data_start().ok_or_else(damaged)?;
        let (bytes, size, crc) = (member.compressed_size(), member.size(), member.crc32());
        members.push((name, Packed { start, bytes, deflated, crc, size }));
    }
    bounded(path, &members)?;
    Ok(members)
}

/// One member's bytes may not be another's, too: a file of a few megabytes would state thousands of gigabytes. Nor may all together
/// swell beyond what one of them may.
fn bounded(path: &Path, members: &[(String, Packed)]) -> anyhow::Result<()> {
    let mut places: Vec<(u64, u64)> = members.iter().map(|(_, packed)| (packed.start, packed.bytes)).collect();
    places.sort_unstable();
    if places.windows(2).any(|two| two[0].0.saturating_add(two[0].1) > two[1].0) {
        bail!(coded(Code::SourceDamaged).with("path", path.display()).with("line", 1));
    }
    let sum = |of: fn(&Packed) -> u64| members.iter().fold(0_u64, |sum, (_, packed)| sum.saturating_add(of(packed)));
    if sum(|packed| packed.size) > sum(|packed| packed.bytes).saturating_mul(RATIO).max(ALL_FROM) {
        bail!(coded(Code::SourceSwells).with("path", path.display()).with("limit", RATIO));
    }
    Ok(())
}

/// Archives made by Chinese Windows have names in GBK, and nothing in them says so.
fn name_of(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

/// No way up, no root, no drive, nothing that a terminal or a file system reads otherwise.
fn is_safe(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':');
    !name.is_empty()
        && !drive
        && !name.starts_with(['/', '\\'])
        && !name.split(['/', '\\']).any(|part| part == "..")
        && !name.chars().any(char::is_control)
}

/// A member's bytes.
pub(crate) fn unpack(archive: &Path, packed: &Packed, notes: &Notes) -> anyhow::Result<Unpacked> {
    let mut file = crate::open(archive)?;
    let unreadable = || coded(Code::FileUnreadable).with("path", archive.display());
    file.seek(SeekFrom::Start(packed.start)).code(unreadable)?;
    let input = notes.counting(file.take(packed.bytes));
    let inner = if packed.deflated { Inner::Deflated(DeflateDecoder::new(input)) } else { Inner::Stored(input) };
    let limit = packed.bytes.saturating_mul(RATIO).max(RATIO_FROM);
    let swells = coded(Code::SourceSwells).with("path", archive.display()).with("limit", RATIO);
    Ok(Unpacked { inner, crc: Crc::new(), wanted: packed.crc, size: packed.size, done: 0, limit, swells })
}

/// Unpacks, and compares what came out with what the archive states.
pub(crate) struct Unpacked {
    inner: Inner,
    crc: Crc,
    wanted: u32,
    size: u64,
    done: u64,
    limit: u64,
    swells: pc_base::Coded,
}

enum Inner {
    Stored(Counting<io::Take<File>>),
    Deflated(DeflateDecoder<Counting<io::Take<File>>>),
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inner {
            Inner::Stored(reader) => reader.read(buffer),
            Inner::Deflated(reader) => reader.read(buffer),
        }?;
        self.done += read as u64;
        if self.done > self.limit {
            return Err(io::Error::other(self.swells.clone()));
        }
        if self.done > self.size {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the member is larger than its archive states"));
        }
        self.crc.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && (self.done != self.size || self.crc.sum() != self.wanted) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the member is not what its archive states"));
        }
        Ok(read)
    }
}
