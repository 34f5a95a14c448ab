//! Two files of rows compared: rows that are the same, that were added, removed, or changed, which is a removed and an added row at
//! one place that say much the same. Rows that both files have once are the anchors (patience diff, Cohen 2003); between them, equal
//! rows are matched in order. Time grows with the rows, not with their square, and a row costs 24 bytes. A row that was moved is one
//! that was removed and one that was added. Deliberately absent: differences within a row, which the reader sees.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;

use pc_base::{Cancel, Code, CodedExt as _, Reporter, coded};
use serde::Serialize;

use super::strata::hash;
use crate::blocks::Kind;
use crate::json::Tape;
use crate::lines::{Part, Walk, walk};
use crate::near::mix;
use crate::{open, turns};

/// Bytes of a shingle of what a row says.
const WINDOW: usize = 8;
/// Rows that are looked at for the one that a removed row became.
const AHEAD: usize = 16;
/// Bytes of a row that are shown.
const SHOWN: u64 = 64 << 10;

/// What differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
    pub same: u64,
    /// The first of them, in the newer file's order.
    pub rows: Vec<Difference>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// 1-based; nothing for an added row.
    pub older_line: Option<u64>,
    /// Nothing for a removed row.
    pub newer_line: Option<u64>,
    /// Of a row, 64 KB at most; what is not UTF-8 reads as U+FFFD.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Compares two files by their lines that are not blank; line endings and marks make no difference. Names the first `most`.
pub fn diff_files(
    (older, newer): (&Path, &Path),
    most: usize,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> anyhow::Result<Diff> {
    let (old, new) = (Rows::read(older, reporter, cancel)?, Rows::read(newer, reporter, cancel)?);
    let mut diff = Diff::default();
    let mut places = Vec::new();
    let pairs = aligned(&old.rows, &new.rows, cancel)?;
    let (mut from, mut to) = (0, 0);
    let ends = std::iter::once((old.rows.len(), new.rows.len()));
    for (at, (older, newer)) in pairs.iter().map(|&(a, b)| (a as usize, b as usize)).chain(ends).enumerate() {
        between(&old.rows, &new.rows, (from..older, to..newer), &mut diff, &mut |place| {
            if places.len() < most {
                places.push(place);
            }
        });
        diff.same += u64::from(at < pairs.len());
        (from, to) = (older + 1, newer + 1);
    }
    for (older_row, newer_row) in places {
        diff.rows.push(Difference {
            older_line: older_row.map(|row| old.line(row)),
            newer_line: newer_row.map(|row| new.line(row)),
            before: older_row.map(|row| text(older, old.rows[row].offset)).transpose()?,
            after: newer_row.map(|row| text(newer, new.rows[row].offset)).transpose()?,
        });
    }
    Ok(diff)
}

/// One row.
#[derive(Clone, Copy, Debug)]
struct Row {
    hash: u64,
    /// A byte each of the least hashes of its shingles, by eight kinds (MinHash).
    sketch: [u8; 8],
    offset: u64,
}

struct Rows {
    rows: Vec<Row>,
    /// From which row on which line (1-based) is one, wherever it is not the next line.
    lines: Vec<(usize, u64)>,
}

impl Rows {
    fn read(path: &Path, reporter: &dyn Reporter, cancel: &Cancel) -> anyhow::Result<Self> {
        let mut all = Self { rows: Vec::new(), lines: Vec::new() };
        let (mut before, mut next) = (0_u64, u64::MAX);
        walk(&Walk { path, stage: "diff", reporter, cancel }, look, |(count, found, follows)| {
            if let Some(hash) = follows
                && let Some(last) = all.rows.last_mut()
            {
                // The rest of a line that is too long to be held.
                last.hash = mix(last.hash ^ hash);
            }
            for (index, row) in found {
                let line = before + index + 1;
                if line != next {
                    all.lines.push((all.rows.len(), line));
                }
                all.rows.push(row);
                next = line + 1;
            }
            before += count;
            Ok(())
        })?;
        u32::try_from(all.rows.len())?;
        Ok(all)
    }

    fn line(&self, row: usize) -> u64 {
        let at = self.lines.partition_point(|(first, _)| *first <= row);
        self.lines.get(at.wrapping_sub(1)).map_or(0, |(first, line)| line + (row - first) as u64)
    }
}

/// Lines of a part, its rows, and the hash of what goes on from the part before.
fn look(part: Part<'_>) -> (u64, Vec<(u64, Row)>, Option<u64>) {
    let count = part.count();
    if let Kind::Overlong { starts, .. } = part.kind {
        let row = Row { hash: hash(part.bytes), sketch: [0; 8], offset: part.offset };
        return if starts { (count, vec![(0, row)], None) } else { (count, Vec::new(), Some(row.hash)) };
    }
    let mut tape = Tape::default();
    let rows = part.lines().filter_map(|line| {
        let bytes = line.bytes.trim_ascii();
        let blank = bytes.is_empty() || std::str::from_utf8(bytes).is_ok_and(|text| text.trim().is_empty());
        let row = || Row { hash: hash(bytes), sketch: sketch(bytes, &mut tape), offset: line.offset };
        (!blank).then(row).map(|row| (line.index, row))
    });
    (count, rows.collect(), None)
}

/// Of what a row says, or of the whole line where it is no row.
fn sketch(line: &[u8], tape: &mut Tape) -> [u8; 8] {
    let mut least = [u64::MAX; 8];
    if let Some(doc) = std::str::from_utf8(line).ok().and_then(|text| tape.read(text).ok()) {
        turns::each(doc.value, |turn| shingles(turn.text.as_bytes(), &mut least));
    }
    if least == [u64::MAX; 8] {
        shingles(line, &mut least);
    }
    // 0 says that no shingle came.
    least.map(|value| if value == u64::MAX { 0 } else { (value >> 8) as u8 | 1 })
}

fn shingles(text: &[u8], least: &mut [u64; 8]) {
    let mut add = |window: &[u8]| {
        let mut eight = [0; WINDOW];
        eight[..window.len()].copy_from_slice(window);
        let value = mix(u64::from_le_bytes(eight).wrapping_add(1));
        let bin = &mut least[(value >> 61) as usize];
        *bin = (*bin).min(value);
    };
    if !text.is_empty() && text.len() < WINDOW { add(text) } else { text.windows(WINDOW).for_each(add) }
}

/// Whether of the bins that either row fills, half are equal.
fn alike(a: &Row, b: &Row) -> bool {
    let filled = a.sketch.iter().zip(&b.sketch).filter(|(a, b)| **a != 0 || **b != 0);
    let (all, equal) = filled.fold((0, 0), |(all, equal), (a, b)| (all + 1, equal + u32::from(a == b)));
    equal * 2 >= all && all > 0
}

/// Pairs of equal rows, rising in both files.
fn aligned(old: &[Row], new: &[Row], cancel: &Cancel) -> anyhow::Result<Vec<(u32, u32)>> {
    let first = old.iter().zip(new).take_while(|(a, b)| a.hash == b.hash).count();
    let (old_rest, new_rest) = (&old[first..], &new[first..]);
    let last = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a.hash == b.hash).count();
    let (old_end, new_end) = (old.len() - last, new.len() - last);
    cancel.check()?;
    let mut pairs: Vec<(u32, u32)> = (0..first as u32).map(|at| (at, at)).collect();
    let anchors = anchors(old, new, (first..old_end, first..new_end));
    cancel.check()?;
    let (mut from, mut to) = (first, first);
    for (a, b) in anchors.into_iter().chain([(old_end, new_end)]) {
        matched(old, new, (from..a, to..b), &mut pairs);
        if a < old_end {
            pairs.push((a as u32, b as u32));
        }
        (from, to) = (a + 1, b + 1);
    }
    pairs.extend((0..last).map(|at| ((old_end + at) as u32, (new_end + at) as u32)));
    Ok(pairs)
}

/// Rows that both ranges have exactly once, in the longest order that both share.
fn anchors(old: &[Row], new: &[Row], (a, b): (Range<usize>, Range<usize>)) -> Vec<(usize, usize)> {
    let sorted = |rows: &[Row], range: Range<usize>| {
        let mut order: Vec<u32> = range.map(|at| at as u32).collect();
        order.sort_unstable_by_key(|&at| rows[at as usize].hash);
        let single = order.chunk_by(|&x, &y| rows[x as usize].hash == rows[y as usize].hash);
        single.filter(|run| run.len() == 1).map(|run| run[0]).collect::<Vec<u32>>()
    };
    let (olds, news) = (sorted(old, a), sorted(new, b));
    let (mut both, mut at) = (Vec::new(), 0);
    for row in olds {
        let wanted = old[row as usize].hash;
        while news.get(at).is_some_and(|&other| new[other as usize].hash < wanted) {
            at += 1;
        }
        if let Some(&other) = news.get(at).filter(|&&other| new[other as usize].hash == wanted) {
            both.push((row as usize, other as usize));
        }
    }
    both.sort_unstable();
    rising(&both)
}

/// The longest subsequence that rises in the second place, too.
fn rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // Of each length, the pair with the least end; and before which pair each pair stands.
    let (mut ends, mut before): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::with_capacity(pairs.len()));
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| pairs[end as usize].1 < pair.1);
        before.push(length.checked_sub(1).map_or(u32::MAX, |shorter| ends[shorter]));
        if length == ends.len() { ends.push(at as u32) } else { ends[length] = at as u32 }
    }
    let (mut found, mut at) = (Vec::with_capacity(ends.len()), ends.last().copied().unwrap_or(u32::MAX));
    while at != u32::MAX {
        found.push(pairs[at as usize]);
        at = before[at as usize];
    }
    found.reverse();
    found
}

/// Matches equal rows between two anchors: each old one with the next new one that is free.
fn matched(old: &[Row], new: &[Row], (a, b): (Range<usize>, Range<usize>), pairs: &mut Vec<(u32, u32)>) {
    if a.is_empty() || b.is_empty() {
        return;
    }
    let mut places: Vec<(u64, usize)> = b.map(|at| (new[at].hash, at)).collect();
    places.sort_unstable();
    let mut next = 0;
    for at in a {
        let found = places.partition_point(|place| *place < (old[at].hash, next));
        if let Some((_, place)) = places.get(found).filter(|(hash, _)| *hash == old[at].hash) {
            pairs.push((at as u32, *place as u32));
            next = place + 1;
        }
    }
}

/// What lies between two pairs: removed, added, and, where they are alike, changed rows.
fn between(
    old: &[Row],
    new: &[Row],
    (a, b): (Range<usize>, Range<usize>),
    diff: &mut Diff,
    take: &mut dyn FnMut((Option<usize>, Option<usize>)),
) {
    let mut next = b.start;
    for row in a {
        let became = (next..b.end).take(AHEAD).find(|&other| alike(&old[row], &new[other]));
        let Some(other) = became else {
            diff.removed += 1;
            take((Some(row), None));
            continue;
        };
        (next..other).for_each(|added| take((None, Some(added))));
        diff.added += (other - next) as u64;
        diff.changed += 1;
        take((Some(row), Some(other)));
        next = other + 1;
    }
    diff.added += (b.end - next) as u64;
    (next..b.end).for_each(|added| take((None, Some(added))));
}

fn text(path: &Path, offset: u64) -> anyhow::Result<String> {
    let unreadable = || coded(Code::FileUnreadable).with("path", path.display());
    let (mut file, mut bytes) = (open(path)?, Vec::new());
    file.seek(SeekFrom::Start(offset)).code(unreadable)?;
    file.take(SHOWN).read_to_end(&mut bytes).code(unreadable)?;
    let end = memchr::memchr(b'\n', &bytes).unwrap_or(bytes.len());
    Ok(String::from_utf8_lossy(&bytes[..end]).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_base::Silent;

    fn run(old: &[String], new: &[String]) -> Diff {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        pc_base::write_atomic(&a, old.join("\n").as_bytes()).expect("written");
        pc_base::write_atomic(&b, new.join("\r\n").as_bytes()).expect("written");
        diff_files((&a, &b), 1_000, &Silent, &Cancel::default()).expect("compared")
    }

    fn row(number: usize) -> String {
        let text: String = (0..30_usize)
            .map(|i| char::from_u32(0x4e00 + (mix((number * 31 + i) as u64) % 9_000) as u32).expect("Han"))
            .collect();
        serde_json::json!({"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "ok"}]})
            .to_string()
    }

    fn lines(diff: &Diff) -> Vec<(u64, u64)> {
        diff.rows.iter().map(|row| (row.older_line.unwrap_or(0), row.newer_line.unwrap_or(0))).collect()
    }

    #[test]
    fn what_was_done_is_what_is_found() {
        let old: Vec<String> = (0..300).map(row).collect();
        let mut new = old.clone();
        new[250] = new[250].replace("ok", "okay");
        new.insert(200, row(900));
        new.remove(100);
        new.insert(50, String::new());
        let diff = run(&old, &new);
        assert_eq!((diff.added, diff.removed, diff.changed, diff.same), (1, 1, 1, 298));
        assert_eq!(lines(&diff), [(101, 0), (0, 201), (251, 252)]);
        assert_eq!(diff.rows[2].before.as_deref(), Some(old[250].as_str()));
        assert_eq!((diff.rows[2].after.as_deref(), &diff.rows[0].after), (Some(new[251].as_str()), &None));
        assert_eq!(run(&old, &old).same, 300, "line endings make no difference");
    }

    #[test]
    fn repeated_rows_moved_blocks_and_empty_files_are_counted_once() {
        let twice: Vec<String> = (0..50).flat_map(|n| [row(n), row(7)]).collect();
        let mut less = twice.clone();
        less.remove(31);
        let diff = run(&twice, &less);
        assert_eq!((diff.added, diff.removed, diff.changed, diff.same), (0, 1, 0, 99));
        let old: Vec<String> = (0..100).map(row).collect();
        let moved: Vec<String> = old[70..].iter().chain(&old[..70]).cloned().collect();
        let diff = run(&old, &moved);
        assert_eq!((diff.added, diff.removed, diff.same), (30, 30, 70), "the longer block stays");
        let (none, all) = (run(&old, &[]), run(&[], &old));
        assert_eq!((none.removed, none.same, all.added, all.same), (100, 0, 100, 0));
    }

    #[test]
    fn figures_add_up_whatever_is_compared_and_all_changed_files_are_quick() {
        for seed in 0..20_usize {
            let pick = |salt: usize, n: usize| (mix((seed * 1_000 + salt * 77 + n) as u64) % 40) as usize;
            let old: Vec<String> = (0..60).map(|n| row(pick(1, n))).collect();
            let new: Vec<String> = (0..70).map(|n| row(pick(2, n))).collect();
            let diff = run(&old, &new);
            assert_eq!(diff.same + diff.changed + diff.removed, 60, "seed {seed}");
            assert_eq!(diff.same + diff.changed + diff.added, 70, "seed {seed}");
            let newer: Vec<_> = diff.rows.iter().filter_map(|row| row.newer_line).collect();
            assert!(newer.is_sorted(), "in the newer file's order");
        }
        let same = vec!["{}".to_owned(); 20_000];
        let other = vec!["[]".to_owned(); 20_000];
        let diff = run(&same, &other);
        assert_eq!((diff.same, diff.added, diff.removed), (0, 20_000, 20_000));
    }
}
