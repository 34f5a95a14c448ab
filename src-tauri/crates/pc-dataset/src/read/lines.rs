//! Lines of a text in bounded memory: one that is too long to be held is passed over, and said to be so.

use std::io::{self, BufRead};

use memchr::memchr;

use crate::limits::LINE_BYTES;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Whole,
    TooLong,
}

/// Reads lines.
pub(super) struct TextLines {
    input: Box<dyn BufRead + Send>,
    /// 1-based number of the line that came last.
    pub number: u64,
    /// That line without its end, when it is whole.
    pub text: Vec<u8>,
}

impl TextLines {
    pub fn new(input: Box<dyn BufRead + Send>) -> Self {
        Self { input, number: 0, text: Vec::new() }
    }

    /// Goes to the next line; nothing at the end.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        self.text.clear();
        let (mut kind, mut any) = (Line::Whole, false);
        loop {
            let ready = self.input.fill_buf()?;
            if ready.is_empty() {
                self.number += u64::from(any);
                return Ok(any.then_some(kind));
            }
            any = true;
            let end = memchr(b'\n', ready);
            let piece = &ready[..end.unwrap_or(ready.len())];
            if self.text.len() + piece.len() > LINE_BYTES {
                kind = Line::TooLong;
            }
            if kind == Line::Whole {
                self.text.extend_from_slice(piece);
            }
            let used = piece.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                self.number += 1;
                if self.text.last() == Some(&b'\r') {
                    self.text.pop();
                }
                return Ok(Some(kind));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_beyond_the_limit_is_passed_over_and_the_next_one_read() {
        let mut bytes = b"one\r\n".to_vec();
        bytes.resize(bytes.len() + LINE_BYTES + 1, b'x');
        bytes.extend_from_slice(b"\nthree");
        let mut lines = TextLines::new(Box::new(io::Cursor::new(bytes)));
        let mut seen = Vec::new();
        while let Some(kind) = lines.next().expect("memory can be read") {
            seen.push((lines.number, kind, lines.text.len()));
            assert!(lines.text.capacity() <= 2 * LINE_BYTES, "the memory is bounded");
        }
        assert_eq!(seen[0], (1, Line::Whole, 3));
        assert_eq!((seen[1].0, seen[1].1), (2, Line::TooLong));
        assert_eq!(seen[2], (3, Line::Whole, 5));
    }
}
