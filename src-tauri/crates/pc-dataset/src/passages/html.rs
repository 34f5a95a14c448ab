//! HTML as blocks, by the tokenizer of a real browser engine. What no reader sees (scripts, styles) and what stands around every
//! page (navigation, header, footer) is left out; tables become Markdown.

use std::cell::{Cell, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::prose::text_of;
use super::{Block, Kind, Take};
use crate::read::Input;

/// Bytes that the tokenizer gets at a time.
const PIECE: usize = 1 << 20;

pub(super) fn blocks(input: &Input, take: &mut Take<'_>) -> anyhow::Result<()> {
    let text = text_of(input)?;
    let (queue, tokenizer) = (BufferQueue::default(), Tokenizer::new(Page::default(), TokenizerOpts::default()));
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        queue.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&queue);
        tokenizer.sink.blocks.take().into_iter().try_for_each(&mut *take)?;
        rest = after;
    }
    tokenizer.end();
    let page = tokenizer.sink;
    page.flush();
    page.blocks.into_inner().into_iter().try_for_each(take)
}

/// Gathers what is shown.
#[derive(Default)]
struct Page {
    blocks: RefCell<Vec<Block>>,
    text: RefCell<String>,
    /// Rows of the table that is open.
    table: RefCell<Option<Vec<Vec<String>>>>,
    in_cell: Cell<bool>,
    heading: Cell<usize>,
    hidden: Cell<usize>,
    preformatted: Cell<bool>,
}

impl Page {
    fn flush(&self) {
        let text = std::mem::take(&mut *self.text.borrow_mut());
        let text = if self.preformatted.get() { text.trim_end() } else { text.trim() };
        if text.is_empty() {
            return;
        }
        let kind = match self.heading.get() {
            0 if self.preformatted.get() => Kind::Whole,
            0 => Kind::Text,
            level => Kind::Heading(level),
        };
        self.blocks.borrow_mut().push(Block::new(kind, text));
    }

    fn cell(&self) {
        let mut table = self.table.borrow_mut();
        if let Some(row) = table.as_mut().and_then(|rows| rows.last_mut()) {
            row.push(self.text.borrow().split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|"));
            self.text.borrow_mut().clear();
        }
    }

    fn end_table(&self) {
        let Some(rows) = self.table.borrow_mut().take() else { return };
        let rows: Vec<Vec<String>> = rows.into_iter().filter(|row| !row.is_empty()).collect();
        if !rows.is_empty() {
            self.blocks.borrow_mut().push(Block::new(Kind::Whole, markdown_table(&rows)));
        }
    }

    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let (name, opens) = (tag.name.as_ref(), tag.kind == TagKind::StartTag);
        match name {
            "script" | "style" if opens => return TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" if opens => return TokenSinkResult::RawData(RawKind::Rcdata),
            _ => {}
        }
        if matches!(name, "head" | "nav" | "footer" | "header" | "template" | "noscript" | "svg" | "aside" | "form") {
            self.flush();
            self.hidden.set(if opens && !tag.self_closing {
                self.hidden.get() + 1
            } else {
                self.hidden.get().saturating_sub(1)
            });
        }
        // Pages in the wild forget to close what is hidden; their body is shown all the same.
        if matches!(name, "body" | "main" | "article") && opens {
            self.hidden.set(0);
        }
        let in_table = self.table.borrow().is_some();
        match (name, opens) {
            ("br", _) => self.text.borrow_mut().push('\n'),
            ("table", true) if !in_table => {
                self.flush();
                *self.table.borrow_mut() = Some(Vec::new());
            }
            ("table", false) => {
                self.cell_if_any();
                self.end_table();
            }
            ("tr", true) => {
                self.cell_if_any();
                if let Some(rows) = self.table.borrow_mut().as_mut() {
                    rows.push(Vec::new());
                }
            }
            ("td" | "th", true) if in_table => {
                self.cell_if_any();
                self.text.borrow_mut().clear();
                self.in_cell.set(true);
            }
            ("td" | "th" | "tr", false) => self.cell_if_any(),
            _ if in_table => {}
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", _) => {
                self.flush();
                self.heading.set(if opens { usize::from(name.as_bytes()[1] - b'0') } else { 0 });
            }
            ("pre", _) => {
                self.flush();
                self.preformatted.set(opens);
            }
            ("li", true) => {
                self.flush();
                self.text.borrow_mut().push_str("- ");
            }
            (
                "p" | "div" | "section" | "article" | "main" | "ul" | "ol" | "li" | "dl" | "dt" | "dd" | "blockquote"
                | "hr" | "body",
                _,
            ) => self.flush(),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    /// Cells need no end of their own: the next one, the row's or the table's ends them, too.
    fn cell_if_any(&self) {
        if self.in_cell.replace(false) {
            self.cell();
        }
    }
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => {
                // What stands inside these two is never shown; their end comes as a tag of its own.
                if matches!(tag.name.as_ref(), "script" | "style" | "title" | "textarea") {
                    let opens = tag.kind == TagKind::StartTag;
                    self.hidden.set(if opens { self.hidden.get() + 1 } else { self.hidden.get().saturating_sub(1) });
                }
                return self.tag(&tag);
            }
            Token::CharacterTokens(piece) if self.hidden.get() == 0 => {
                let mut text = self.text.borrow_mut();
                if self.preformatted.get() {
                    text.push_str(&piece);
                } else {
                    for c in piece.chars() {
                        let space = c.is_ascii_whitespace();
                        if !space {
                            text.push(c);
                        } else if !text.is_empty() && !text.ends_with([' ', '\n']) {
                            text.push(' ');
                        }
                    }
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// A table as Markdown has it; its first row is taken for the header, and is as wide as the widest. The others are not filled up:
/// one wide row among many short ones would fill the memory with nothing.
pub(super) fn markdown_table(rows: &[Vec<String>]) -> String {
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let mut cells: Vec<&str> = row.iter().map(String::as_str).collect();
        if at == 0 {
            cells.resize(width, "");
        }
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if at == 0 {
            text.push_str(&format!("|{}\n", " --- |".repeat(width)));
        }
    }
    text.trim_end().to_owned()
}
