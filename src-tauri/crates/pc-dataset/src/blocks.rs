//! A file as blocks of whole lines, in bounded memory: a line that is longer than the limit is passed on in
//! pieces that are only counted and hashed. Deliberately absent: any look at what a line says.

use std::io::Read;

use memchr::{memchr, memrchr};

use crate::limits::LINE_BYTES;

/// Bytes asked for at a time; large enough to keep all cores busy, small enough for the memory budget.
pub const BLOCK: usize = 4 << 20;

/// What the bytes of a block are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole lines; only the file's last may lack its line feed.
    Lines,
    /// Part of one line that is too long to be held.
    Overlong { starts: bool, ends: bool },
}

/// Reads blocks; all of them together are the file, byte for byte.
pub struct Blocks<R> {
    input: R,
    carry: Vec<u8>,
    skipping: bool,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    /// Starts at the input's present place.
    pub fn new(input: R) -> Self {
        Self { input, carry: Vec::new(), skipping: false, ended: false }
    }

    /// Fills `block` with the next one; nothing at the end of the input.
    pub fn next(&mut self, block: &mut Vec<u8>) -> std::io::Result<Option<Kind>> {
        block.clear();
        block.append(&mut self.carry);
        loop {
            if !self.ended {
                let read = (&mut self.input).take(BLOCK as u64).read_to_end(block)?;
                self.ended = read < BLOCK;
            }
            if block.is_empty() {
                return Ok(None);
            }
            if self.skipping {
                return Ok(Some(self.skip(block)));
            }
            match memrchr(b'\n', block) {
                Some(last) => {
                    self.carry.extend_from_slice(&block[last + 1..]);
                    block.truncate(last + 1);
                    return Ok(Some(Kind::Lines));
                }
                None if block.len() > LINE_BYTES => {
                    self.skipping = true;
                    return Ok(Some(Kind::Overlong { starts: true, ends: false }));
                }
                None if self.ended => return Ok(Some(Kind::Lines)),
                None => {}
            }
        }
    }

    fn skip(&mut self, block: &mut Vec<u8>) -> Kind {
        let end = memchr(b'\n', block);
        if let Some(end) = end {
            self.carry.extend_from_slice(&block[end + 1..]);
            block.truncate(end + 1);
            self.skipping = false;
        }
        Kind::Overlong { starts: false, ends: end.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All kinds, and the bytes put together again.
    fn read(input: &[u8]) -> (Vec<Kind>, Vec<u8>, usize) {
        let (mut blocks, mut block, mut all, mut kinds, mut longest) =
            (Blocks::new(input), Vec::new(), Vec::new(), Vec::new(), 0);
        while let Some(kind) = blocks.next(&mut block).expect("memory can be read") {
            kinds.push(kind);
            longest = longest.max(block.len());
            all.extend_from_slice(&block);
        }
        (kinds, all, longest)
    }

    #[test]
    fn blocks_together_are_the_file_and_none_is_longer_than_a_line_and_a_block() {
        let mut input = b"first\n".to_vec();
        input.extend(std::iter::repeat_n(b'x', LINE_BYTES + 3 * BLOCK));
        input.extend_from_slice(b"\nlast");
        let (kinds, all, longest) = read(&input);
        assert!(all == input, "no byte is lost or moved");
        assert_eq!(kinds.first(), Some(&Kind::Lines));
        assert!(
            kinds.contains(&Kind::Overlong { starts: true, ends: false })
                && kinds.contains(&Kind::Overlong { starts: false, ends: true })
        );
        assert_eq!(kinds.last(), Some(&Kind::Lines), "the line after the long one is a line again");
        assert!(longest <= LINE_BYTES + 2 * BLOCK, "{longest} bytes were held");
    }

    #[test]
    fn an_empty_input_has_no_block_and_a_missing_line_feed_loses_nothing() {
        assert_eq!(read(b""), (vec![], vec![], 0));
        assert_eq!(read(b"a\nb").1, b"a\nb");
    }
}
