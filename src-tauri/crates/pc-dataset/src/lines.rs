//! A walk over all lines of a file on all cores: it is read once, block by block, and what each part gave is taken in
//! the file's order. Deliberately absent: what is done with a line, and lines longer than the limit, which only count.

use std::io::Read;
use std::path::Path;

use pc_base::{Cancel, Code, CodedExt as _, Progress, Reporter, Unit, coded};
use rayon::prelude::*;

use crate::blocks::{Blocks, Kind};
use crate::check::sections;
use crate::open;

/// A walk over a file, and who is told of it.
#[derive(Clone, Copy)]
pub(crate) struct Walk<'a> {
    pub path: &'a Path,
    /// Name of the work for progress.
    pub stage: &'a str,
    pub reporter: &'a dyn Reporter,
    pub cancel: &'a Cancel,
}

/// Some whole lines, or a piece of one that is too long to be held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    /// Of its first byte in the file.
    pub offset: u64,
    pub bytes: &'a [u8],
    pub kind: Kind,
}

/// One line without its line feed and without the file's byte order mark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// Counted from 0 within the part.
    pub index: u64,
    pub offset: u64,
    pub bytes: &'a [u8],
}

impl<'a> Line<'a> {
    /// Its text without white space around; nothing where it is blank or not UTF-8.
    pub fn text(&self) -> Option<&'a str> {
        let text = std::str::from_utf8(self.bytes).ok()?.trim();
        (!text.is_empty()).then_some(text)
    }
}

impl<'a> Part<'a> {
    /// How many lines begin in it.
    pub fn count(&self) -> u64 {
        match self.kind {
            Kind::Overlong { starts, .. } => u64::from(starts),
            Kind::Lines => {
                let feeds = memchr::memchr_iter(b'\n', self.bytes).count();
                feeds as u64 + u64::from(!self.bytes.ends_with(b"\n"))
            }
        }
    }

    /// Its lines; none of a piece.
    pub fn lines(&self) -> impl Iterator<Item = Line<'a>> + use<'a> {
        let held = (self.kind == Kind::Lines && !self.bytes.is_empty())
            .then(|| self.bytes.strip_suffix(b"\n").unwrap_or(self.bytes));
        let first = self.offset;
        let mut offset = self.offset;
        let split = held.into_iter().flat_map(|held| held.split(|&byte| byte == b'\n'));
        split.enumerate().map(move |(index, bytes)| {
            let start = offset;
            offset += bytes.len() as u64 + 1;
            let bare = bytes.strip_prefix(b"\xEF\xBB\xBF").filter(|_| start == 0 && first == 0).unwrap_or(bytes);
            Line { index: index as u64, offset: start + (bytes.len() - bare.len()) as u64, bytes: bare }
        })
    }
}

/// Walks: `each` runs on all cores, `take` in the file's order. Returns the file's bytes.
pub(crate) fn walk<T: Send>(
    walk: &Walk<'_>,
    each: impl Fn(Part<'_>) -> T + Sync,
    take: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let file = open(walk.path)?;
    let total = file.metadata().code(|| unreadable(walk))?.len();
    over(walk, file, total, each, take)
}

/// What was walked of a file's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// The file is not longer than that.
    pub whole: bool,
}

/// Walks the lines that lie within the file's first bytes.
pub(crate) fn walk_first<T: Send>(
    walk: &Walk<'_>,
    bytes: u64,
    each: impl Fn(Part<'_>) -> T + Sync,
    take: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<Beginning> {
    let file = open(walk.path)?;
    let total = file.metadata().code(|| unreadable(walk))?.len();
    let whole = total <= bytes;
    // A line that is cut off is not walked.
    let cut = |part: Part<'_>| match memchr::memrchr(b'\n', part.bytes) {
        _ if whole => each(part),
        last => each(Part { bytes: &part.bytes[..last.map_or(0, |last| last + 1)], ..part }),
    };
    over(walk, file.take(bytes), total.min(bytes), cut, take)?;
    Ok(Beginning { whole })
}

fn unreadable(walk: &Walk<'_>) -> pc_base::Coded {
    coded(Code::FileUnreadable).with("path", walk.path.display())
}

fn over<T: Send>(
    walk: &Walk<'_>,
    input: impl Read + Send,
    total: u64,
    each: impl Fn(Part<'_>) -> T + Sync,
    mut take: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let unreadable = || unreadable(walk);
    let mut blocks = Blocks::new(input);
    let (mut block, mut ahead, mut done) = (Vec::new(), Vec::new(), 0_u64);
    let mut kind = blocks.next(&mut block).code(unreadable)?;
    while let Some(this) = kind {
        walk.cancel.check()?;
        let work = || match this {
            Kind::Lines => {
                let part = |(at, bytes)| each(Part { offset: done + at as u64, bytes, kind: this });
                sections(&block).into_par_iter().map(part).collect::<Vec<_>>()
            }
            Kind::Overlong { .. } => vec![each(Part { offset: done, bytes: &block, kind: this })],
        };
        let (next, results) = rayon::join(|| blocks.next(&mut ahead), work);
        results.into_iter().try_for_each(&mut take)?;
        done += block.len() as u64;
        kind = next.code(unreadable)?;
        std::mem::swap(&mut block, &mut ahead);
        let total = Some(total.max(done));
        walk.reporter.report(Progress { stage: walk.stage.into(), done, total, unit: Unit::Bytes });
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], offset: u64) -> Vec<(u64, u64, String)> {
        let part = Part { offset, bytes, kind: Kind::Lines };
        let all: Vec<_> = part
            .lines()
            .map(|line| (line.index, line.offset, String::from_utf8_lossy(line.bytes).into_owned()))
            .collect();
        assert_eq!(all.len() as u64, part.count(), "lines are counted as they are walked: {bytes:?}");
        all
    }

    #[test]
    fn lines_know_their_place_and_a_mark_is_no_part_of_the_first() {
        assert_eq!(lines(b"a\n\nb", 10), [(0, 10, "a".into()), (1, 12, String::new()), (2, 13, "b".into())]);
        assert_eq!(lines(b"\xEF\xBB\xBFa\nb\n", 0), [(0, 3, "a".into()), (1, 5, "b".into())]);
        assert_eq!(lines(b"\n", 0), [(0, 0, String::new())]);
        assert_eq!(lines(b"\n\n", 0).len(), 2);
    }
}
