//! Plain text that lies in several blobs, one after the other, read and sought in as one; a single blob is the usual case.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use pc_secrets::Keys;

use crate::blobs::{Blob, Blobs};

/// See the module's words. One blob is open at a time.
pub struct Contents {
    blobs: Blobs,
    keys: Arc<dyn Keys + Send + Sync>,
    owner: String,
    /// Each blob's id and where it ends.
    ends: Vec<(String, u64)>,
    position: u64,
    opened: Option<(usize, Blob)>,
}

impl Contents {
    /// Of blobs in order, each with its length in plain text. Opens nothing yet.
    pub fn new(
        blobs: &Blobs,
        keys: Arc<dyn Keys + Send + Sync>,
        owner: String,
        parts: impl IntoIterator<Item = (String, u64)>,
    ) -> Self {
        let mut end = 0;
        let ends = parts.into_iter().map(|(blob, bytes)| {
            end += bytes;
            (blob, end)
        });
        Self { ends: ends.collect(), blobs: blobs.clone(), keys, owner, position: 0, opened: None }
    }

    /// Bytes of plain text.
    pub fn len(&self) -> u64 {
        self.ends.last().map_or(0, |(_, end)| *end)
    }

    /// Whether there is no byte of plain text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The blob that holds a place, and where it begins.
    fn at(&mut self, place: u64) -> std::io::Result<(&mut Blob, u64)> {
        let index = self.ends.partition_point(|(_, end)| *end <= place);
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before].1);
        if self.opened.as_ref().is_none_or(|(held, _)| *held != index) {
            let (id, end) = &self.ends[index];
            let blob = self.blobs.read(id, &*self.keys, &self.owner).map_err(std::io::Error::other)?;
            if blob.len() != end - begin {
                return Err(std::io::Error::other(pc_base::coded(pc_base::Code::SealedDamaged)));
            }
            self.opened = Some((index, blob));
        }
        let (_, blob) = self.opened.as_mut().expect("it was opened just now");
        Ok((blob, begin))
    }
}

impl Read for Contents {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let place = self.position;
        if place >= self.len() || out.is_empty() {
            return Ok(0);
        }
        let (blob, begin) = self.at(place)?;
        blob.seek(SeekFrom::Start(place - begin))?;
        let read = blob.read(out)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Contents {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = target.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_secrets::DataKey;
    use std::io::Write as _;

    #[test]
    fn several_blobs_read_as_one_from_any_place_and_a_short_one_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let (blobs, key) = (Blobs::open(dir.path()).unwrap(), Arc::new(DataKey::generate()));
        let mut parts = Vec::new();
        for text in ["breakfast ", "at ", "seven"] {
            let mut writer = blobs.create(&key, "a").unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            parts.push((writer.commit().unwrap(), text.len() as u64));
        }
        let mut contents = Contents::new(&blobs, key.clone(), "a".into(), parts.clone());
        for from in 0..=18 {
            let mut text = String::new();
            contents.seek(SeekFrom::Start(from)).unwrap();
            contents.read_to_string(&mut text).unwrap();
            assert_eq!(text, "breakfast at seven"[from as usize..], "from {from}");
        }
        parts[1].1 += 1;
        let mut wrong = Contents::new(&blobs, key, "a".into(), parts);
        assert!(wrong.read_to_end(&mut Vec::new()).is_err(), "a blob of another length is not what was stored");
    }
}
