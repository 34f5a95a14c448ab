//! What masking would do, looked at before: texts with finds in pieces, and what would take each find's place.
//! Deliberately absent: writing anything.

use std::collections::BTreeMap;
use std::path::Path;

use pc_base::{Cancel, Silent};
use serde::Serialize;

use super::file::{FoundLine, Searched, search, treated};
use super::{Detector, Key, Kind, Plan, StandIns, rows};
use crate::lines::{Part, Walk, walk_first};

/// Characters of a piece between finds that are shown: its beginning and its end.
const PLAIN: usize = 400;
/// Texts of a row, and pieces of a text, that are shown.
const TEXTS: usize = 50;
const PIECES: usize = 401;

/// How much is looked at and shown.
#[derive(Clone, Copy, Debug)]
pub struct PreviewOptions {
    /// Rows with finds that are shown.
    pub rows: usize,
    /// Bytes of the file that are looked at.
    pub bytes: u64,
}

impl Default for PreviewOptions {
    fn default() -> Self {
        Self { rows: 50, bytes: 16 << 20 }
    }
}

/// Rows as they are and as they would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Preview {
    pub rows: Vec<PreviewRow>,
    /// Finds of each kind in the part that was looked at.
    pub counts: BTreeMap<Kind, u64>,
    /// Whether that was the whole file.
    pub whole: bool,
}

/// A row with finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewRow {
    /// 1-based.
    pub line: u64,
    pub texts: Vec<PreviewText>,
}

/// A text with finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewText {
    /// JSON path within the line.
    pub at: String,
    pub pieces: Vec<Piece>,
}

/// A piece of a text. A long one between finds is cut in its middle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    pub text: String,
    /// Nothing between finds.
    pub kind: Option<Kind>,
    /// What would take the place of a find.
    pub after: Option<String>,
}

/// The first rows with finds and what masking by the plan would leave of them, with the very stand-ins that
/// [`super::mask_file`] gives from the same key and register, which stays as it is: a copy is handed in. Fails like `mask_file`
/// where a line cannot be looked through.
pub fn mask_preview(
    path: &Path,
    plan: &Plan,
    (key, mut stand_ins): (&Key, StandIns),
    options: PreviewOptions,
    cancel: &Cancel,
) -> anyhow::Result<Preview> {
    let detector = Detector::new(&plan.rules)?;
    let (mut preview, mut lines) = (Preview::default(), 0);
    let seen = |line: &str| rows::find_seen(&|text| detector.scan(text), line);
    let over = Walk { path, stage: "mask", reporter: &Silent, cancel };
    let read = walk_first(
        &over,
        options.bytes,
        |part: Part<'_>| search(part, seen),
        |part: Searched| {
            part.whole(path, lines)?;
            for found in &part.lines_found {
                found.hits.iter().for_each(|hit| *preview.counts.entry(hit.span.kind).or_default() += 1);
                if preview.rows.len() < options.rows {
                    preview.rows.push(row(found, lines, plan, (key, &mut stand_ins)));
                }
            }
            lines += part.lines;
            Ok(())
        },
    )?;
    preview.whole = read.whole;
    Ok(preview)
}

fn row(found: &FoundLine, lines: u64, plan: &Plan, (key, stand_ins): (&Key, &mut StandIns)) -> PreviewRow {
    let mut texts = Vec::new();
    for seen in &found.seen {
        let (mut pieces, mut at) = (Vec::new(), 0);
        for hit in &found.hits[seen.hits.clone()] {
            pieces.extend(plain(&seen.text[at..hit.span.start]));
            let (_, after) = treated(plan, (key, &mut *stand_ins), hit);
            pieces.push(Piece { text: hit.original.clone(), kind: Some(hit.span.kind), after: Some(after) });
            at = hit.span.end;
        }
        pieces.extend(plain(&seen.text[at..]));
        pieces.truncate(PIECES);
        texts.push(PreviewText { at: seen.path.clone(), pieces });
    }
    texts.truncate(TEXTS);
    PreviewRow { line: lines + found.index + 1, texts }
}

fn plain(text: &str) -> Option<Piece> {
    let long = text.char_indices().nth(PLAIN).is_some();
    let shown = || {
        let head = text.char_indices().nth(PLAIN / 2).map_or(text.len(), |(at, _)| at);
        let tail = text.char_indices().rev().nth(PLAIN / 2 - 1).map_or(0, |(at, _)| at);
        format!("{} … {}", &text[..head], &text[tail..])
    };
    let text = if long { shown() } else { text.to_owned() };
    (!text.is_empty()).then_some(Piece { text, kind: None, after: None })
}
