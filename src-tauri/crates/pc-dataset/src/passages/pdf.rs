//! PDF as blocks: glyphs in their order become lines, lines close to each other become paragraphs. Chinese comes by ToUnicode maps
//! and by the character collections that PDF knows. What the foreign reader does not survive is damage to the file; how much it
//! may unpack (`swell`) and one page may draw has an end. Deliberately absent: headings (PDF has none), columns of tables, and reading pictures.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use anyhow::{Context as _, bail};
use hayro_interpret::font::Glyph;
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::{LoadPdfError, Pdf};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, GlyphDrawMode, Image, InterpreterCache, InterpreterSettings, Paint,
    PathDrawMode, SoftMask, TransformExt as _, interpret_page,
};
use pc_base::{Cancel, Code, CodedExt as _};

use super::swell::Meter;
use super::{Block, Kind, Take};
use crate::read::{Input, Notes};

/// Things drawn on one page; a dense map has some hundred thousand.
const DRAWN: usize = 5_000_000;

/// Bytes of the reader's stack: it calls itself for every bracket, of which `swell` lets through some thousands.
const STACK: usize = 256 << 20;

/// Pages, and those of them without text. The reader works in a thread of its own, for the sake of its stack.
pub(super) fn blocks(input: &Input, cancel: &Cancel, take: &mut Take<'_>) -> anyhow::Result<(u32, Vec<u32>)> {
    let (mut pages, mut empty) = (0, Vec::new());
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(1);
        let reader = std::thread::Builder::new().stack_size(STACK);
        let reader = reader.spawn_scoped(scope, move || read(input, cancel, &send)).context("starting a thread")?;
        for paragraphs in receive {
            pages += 1;
            if paragraphs.is_empty() {
                empty.push(pages);
            }
            for text in paragraphs {
                take(Block { kind: Kind::Text, text, page: Some(pages) })?;
            }
        }
        match reader.join() {
            Ok(outcome) => outcome,
            Err(_) => {
                cancel.check()?;
                bail!(input.damaged(u64::from(pages) + 1))
            }
        }
    })?;
    Ok((pages, empty))
}

/// Sends the paragraphs of each page until nobody listens any more.
fn read(input: &Input, cancel: &Cancel, send: &SyncSender<Vec<String>>) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut input.reader(&Notes::default())?, &mut bytes).code(|| input.damaged(1))?;
    let mut meter = Meter::new(input, cancel);
    meter.bytes(&bytes)?;
    let pdf = Pdf::new(Arc::new(bytes)).map_err(|error| match error {
        LoadPdfError::Decryption(_) => input.coded(Code::SourceLocked),
        LoadPdfError::Invalid => input.damaged(1),
    })?;
    meter.objects(&pdf)?;
    for at in 0..pdf.pages().len() {
        cancel.check()?;
        if send.send(paragraphs(lines(&pdf, at, cancel))).is_err() {
            break;
        }
    }
    Ok(())
}

/// A line of a page: its words, where it stands, and how large its letters are.
#[derive(Clone, Debug, Default)]
struct Line {
    text: String,
    x: f64,
    y: f64,
    /// Where its last glyph ends.
    end: f64,
    size: f64,
}

fn lines(pdf: &Pdf, at: usize, cancel: &Cancel) -> Vec<Line> {
    let Some(page) = pdf.pages().get(at) else { return Vec::new() };
    let cache = InterpreterCache::new();
    let settings = InterpreterSettings { render_annotations: false, ..InterpreterSettings::default() };
    let start = page.initial_transform(true).to_kurbo();
    let rect = kurbo::Rect::new(0.0, 0.0, 1.0e4, 1.0e4);
    let mut context = Context::new(start, rect, &cache, pdf.xref(), settings);
    let mut page_text = PageText { lines: Vec::new(), drawn: 0, cancel };
    interpret_page(page, &mut context, &mut page_text);
    page_text.lines
}

/// Listens to what is drawn.
struct PageText<'c> {
    lines: Vec<Line>,
    drawn: usize,
    cancel: &'c Cancel,
}

impl PageText<'_> {
    /// A page that draws without end, or that nobody waits for any more, is left without a word of panic.
    fn count(&mut self) {
        self.drawn += 1;
        if self.drawn > DRAWN || self.cancel.is_cancelled() {
            resume_unwind(Box::new("too much is drawn on a page"));
        }
    }
}

/// Whether words of this script are written without spaces.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

impl<'a> Device<'a> for PageText<'_> {
    fn draw_glyph(
        &mut self,
        glyph: &Glyph<'a>,
        transform: kurbo::Affine,
        inner: kurbo::Affine,
        _: &Paint<'a>,
        _: &GlyphDrawMode,
    ) {
        self.count();
        let text = match glyph.as_unicode() {
            Some(BfString::Char(c)) => c.to_string(),
            Some(BfString::String(text)) => text,
            None => return,
        };
        let placed = transform * inner;
        let at = placed * kurbo::Point::ZERO;
        let size = placed.determinant().abs().sqrt() * 1_000.0;
        let advance = match glyph {
            Glyph::Outline(outline) => outline.advance_width().map_or(500.0, f64::from),
            Glyph::Type3(_) => 500.0,
        };
        let end = (placed * kurbo::Point::new(advance, 0.0)).x;
        let same = self.lines.last().is_some_and(|line| {
            (line.y - at.y).abs() < 0.5 * line.size.max(size) && at.x > line.end - line.size.max(size) && size > 0.0
        });
        if !same {
            self.lines.push(Line { text: String::new(), x: at.x, y: at.y, end: at.x, size });
        }
        let Some(line) = self.lines.last_mut() else { return };
        let wide = line.text.chars().next_back().is_some_and(is_wide) && text.chars().next().is_some_and(is_wide);
        let gap = at.x - line.end > 0.2 * size;
        if gap && !wide && !line.text.is_empty() && !line.text.ends_with(' ') && !text.starts_with(' ') {
            line.text.push(' ');
        }
        line.text.extend(text.chars().filter(|c| !c.is_control()));
        (line.end, line.size) = (end.max(line.end), line.size.max(size));
    }

    fn set_soft_mask(&mut self, _: Option<SoftMask<'a>>) {
        self.count();
    }

    fn set_blend_mode(&mut self, _: BlendMode) {
        self.count();
    }

    fn draw_path(&mut self, _: &kurbo::BezPath, _: kurbo::Affine, _: &Paint<'a>, _: &PathDrawMode) {
        self.count();
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.count();
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.count();
    }

    fn draw_image(&mut self, _: Image<'a, '_>, _: kurbo::Affine) {
        self.count();
    }

    fn pop_clip_path(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

/// Lines at an ordinary distance, of the same size, make a paragraph; Chinese lines join without a space.
fn paragraphs(lines: Vec<Line>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut before: Option<Line> = None;
    for line in lines {
        let words = line.text.trim();
        if words.is_empty() {
            continue;
        }
        let goes_on = before.as_ref().is_some_and(|before| {
            let (down, size) = (line.y - before.y, before.size.max(line.size));
            let indented = line.x - before.x > 1.5 * size;
            down > -0.5 * size && down < 1.9 * size && (before.size - line.size).abs() < 0.15 * size && !indented
        });
        match found.last_mut().filter(|_| goes_on) {
            Some(text) => {
                let wide = text.chars().next_back().is_some_and(is_wide) || words.chars().next().is_some_and(is_wide);
                if text.ends_with('-') && words.starts_with(|c: char| c.is_lowercase()) {
                    text.pop();
                } else if !wide {
                    text.push(' ');
                }
                text.push_str(words);
            }
            None => found.push(words.to_owned()),
        }
        before = Some(line);
    }
    found
}
