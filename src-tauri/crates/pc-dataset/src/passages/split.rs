//! Blocks of a document into passages: filled up to a size within one heading, cut between sentences, tables whole.

use super::{Passage, PassageOptions};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With its level from 1.
    Heading(usize),
    Text,
    /// Never cut: a table, or code.
    Whole,
}

/// A piece of a document as its format has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub kind: Kind,
    pub text: String,
    pub page: Option<u32>,
}

impl Block {
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), page: None }
    }
}

/// A sentence, or what is not cut.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    chars: usize,
    /// In the document.
    from: u64,
    page: Option<u32>,
    /// The first of its block: a blank line goes before it.
    starts: bool,
}

/// Fills passages.
pub(super) struct Splitter<'a> {
    file: &'a str,
    options: &'a PassageOptions,
    headings: Vec<(usize, String)>,
    pieces: Vec<Piece>,
    chars: usize,
    /// Pieces at the front that an earlier passage had.
    repeated: usize,
    at: u64,
}

impl<'a> Splitter<'a> {
    pub fn new(file: &'a str, options: &'a PassageOptions) -> Self {
        Self { file, options, headings: Vec::new(), pieces: Vec::new(), chars: 0, repeated: 0, at: 0 }
    }

    /// Takes a block; the passages that it completes.
    pub fn add(&mut self, block: Block) -> Vec<Passage> {
        let mut done = Vec::new();
        let length = block.text.chars().count() as u64;
        if let Kind::Heading(level) = block.kind {
            done.extend(self.close(false));
            self.headings.retain(|(above, _)| *above < level);
            self.headings.push((level, block.text));
            self.at += length + 2;
            return done;
        }
        let max = self.options.max_chars.max(1);
        let cuts = if block.kind == Kind::Whole { vec![block.text.as_str()] } else { sentences(&block.text, max) };
        let mut from = self.at;
        for (at, text) in cuts.into_iter().enumerate() {
            let chars = text.chars().count();
            if self.chars + chars > max && self.pieces.len() > self.repeated {
                done.extend(self.close(true));
            }
            if self.chars + chars > max && self.repeated > 0 && self.pieces.len() == self.repeated {
                (self.pieces, self.chars, self.repeated) = (Vec::new(), 0, 0);
            }
            self.chars += chars;
            self.pieces.push(Piece { text: text.to_owned(), chars, from, page: block.page, starts: at == 0 });
            from += chars as u64;
        }
        self.at += length + 2;
        done
    }

    /// The last passage.
    pub fn finish(mut self) -> Option<Passage> {
        self.close(false)
    }

    fn close(&mut self, goes_on: bool) -> Option<Passage> {
        let pieces = std::mem::take(&mut self.pieces);
        let fresh = pieces.len() > self.repeated;
        (self.chars, self.repeated) = (0, 0);
        if !fresh {
            return None;
        }
        let mut text = String::new();
        for piece in &pieces {
            if piece.starts && !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&piece.text);
        }
        let (first, last) = (pieces.first()?, pieces.last()?);
        let passage = Passage {
            file: self.file.to_owned(),
            page: first.page,
            heading: self.headings.iter().map(|(_, title)| title.clone()).collect(),
            from: first.from,
            to: last.from + last.chars as u64,
            text: text.trim_end().to_owned(),
        };
        if goes_on {
            let mut room = self.options.overlap_chars.min(self.options.max_chars / 2);
            let fits = |piece: &&Piece| {
                let fits = piece.chars <= room;
                room = room.saturating_sub(piece.chars);
                fits
            };
            let kept = pieces.iter().rev().take_while(fits).count();
            self.pieces = pieces[pieces.len() - kept..].to_vec();
            self.repeated = kept;
            self.chars = self.pieces.iter().map(|piece| piece.chars).sum();
        }
        (!passage.text.is_empty()).then_some(passage)
    }
}

/// Sentences with what follows them up to the next one; together they are the text. One that is too long is cut at its commas or
/// spaces, and only where it has none anywhere else.
fn sentences(text: &str, max: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = match c {
            '。' | '！' | '？' | '；' | '…' | '!' | '?' | '\n' => true,
            // A point ends a sentence before white space, but not in 3.5 or example.com.
            '.' => chars.peek().is_none_or(|(_, next)| next.is_whitespace()),
            _ => false,
        };
        if !ends {
            continue;
        }
        let mut end = at + c.len_utf8();
        let belongs = |c: char| c.is_whitespace() || "”’」』）)]\"'】》。！？…!?".contains(c);
        while let Some((at, c)) = chars.next_if(|(_, c)| belongs(*c)) {
            end = at + c.len_utf8();
        }
        cut(&text[start..end], max, &mut found);
        start = end;
    }
    cut(&text[start..], max, &mut found);
    found
}

fn cut<'t>(mut text: &'t str, max: usize, found: &mut Vec<&'t str>) {
    while let Some((limit, _)) = text.char_indices().nth(max) {
        let window = &text[..limit];
        let comma = window.rfind(['，', '、', ',', ':', '：', ' ']).filter(|at| *at > limit / 3);
        let end = comma.map_or(limit, |at| at + window[at..].chars().next().map_or(1, char::len_utf8));
        found.push(&text[..end]);
        text = &text[end..];
    }
    if !text.is_empty() {
        found.push(text);
    }
}
