//! Word documents as blocks: paragraphs, headings by their style, lists and tables. What was deleted under change tracking is not
//! part of the text, what was inserted is. Deliberately absent: footnotes, comments, text in pictures.

use std::collections::HashMap;

use anyhow::bail;
use pc_base::Code;
use quick_xml::events::Event;

use super::html::markdown_table;
use super::{BYTES, Block, Kind, Take};
use crate::limits::LINE_BYTES;
use crate::read::xml::{Xml, attribute, push_text};
use crate::read::{Input, Notes, Packed, list_archive, unpack};

pub(super) fn blocks(input: &Input, take: &mut Take<'_>) -> anyhow::Result<()> {
    let held = input.held(None, &Notes::default())?;
    let parts: HashMap<String, Packed> = list_archive(held.path())?.into_iter().collect();
    let Some(document) = parts.get("word/document.xml") else { bail!(input.coded(Code::SourceUnknown)) };
    // What is said about sizes here is held to while it is unpacked.
    if document.size > BYTES {
        bail!(input.coded(Code::SourceTooLarge).with("limit", BYTES));
    }
    let part =
        |packed: &Packed| Ok::<_, anyhow::Error>(Xml::new(unpack(held.path(), packed, &Notes::default())?, input));
    let levels = match parts.get("word/styles.xml") {
        Some(styles) => levels(&mut part(styles)?)?,
        None => HashMap::new(),
    };
    let mut body = Body { levels, ..Body::default() };
    let mut xml = part(document)?;
    loop {
        match xml.event()? {
            Event::Start(tag) => {
                let value = attribute(&tag, "val");
                body.open(tag.local_name().as_ref(), value);
            }
            Event::Empty(tag) => {
                let (name, value) = (tag.local_name().as_ref().to_owned(), attribute(&tag, "val"));
                body.open(&name, value);
                body.close(&name, take)?;
            }
            Event::End(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                xml.at += u64::from(name == "p");
                body.close(&name, take)?;
            }
            Event::Eof => return Ok(()),
            event if body.in_text && body.deleted == 0 => push_text(&event, &mut body.text),
            _ => {}
        }
        if body.text.len() > LINE_BYTES {
            bail!(xml.damaged());
        }
    }
}

/// The levels of the styles that are headings.
fn levels(xml: &mut Xml) -> anyhow::Result<HashMap<String, usize>> {
    let (mut levels, mut style) = (HashMap::new(), String::new());
    loop {
        match xml.event()? {
            Event::Start(tag) | Event::Empty(tag) => {
                let value = attribute(&tag, "val").unwrap_or_default();
                match tag.local_name().as_ref() {
                    "style" => style = attribute(&tag, "styleId").unwrap_or_default(),
                    "name" if value.eq_ignore_ascii_case("title") => drop(levels.insert(style.clone(), 1)),
                    "name" => {
                        let low = value.to_lowercase();
                        let number = low.strip_prefix("heading ").or_else(|| low.strip_prefix("标题 "));
                        if let Some(level) = number.and_then(|number| number.parse().ok()) {
                            levels.insert(style.clone(), level);
                        }
                    }
                    "outlineLvl" => {
                        if let Some(level) = value.parse::<usize>().ok().filter(|level| *level < 9) {
                            levels.entry(style.clone()).or_insert(level + 1);
                        }
                    }
                    _ => {}
                }
            }
            Event::Eof => return Ok(levels),
            _ => {}
        }
    }
}

/// The document on its way.
#[derive(Default)]
struct Body {
    levels: HashMap<String, usize>,
    text: String,
    level: Option<usize>,
    listed: bool,
    in_text: bool,
    deleted: usize,
    /// Tables inside each other; the outermost is what becomes a block.
    tables: usize,
    rows: Vec<Vec<String>>,
}

impl Body {
    fn open(&mut self, name: &str, value: Option<String>) {
        match name {
            "t" => self.in_text = true,
            "tab" => self.text.push('\t'),
            "br" | "cr" => self.text.push('\n'),
            "del" | "moveFrom" => self.deleted += 1,
            "pStyle" => self.level = value.and_then(|style| self.levels.get(&style).copied()),
            "numPr" => self.listed = true,
            "tbl" => self.tables += 1,
            "tr" if self.tables == 1 => self.rows.push(Vec::new()),
            _ => {}
        }
    }

    fn close(&mut self, name: &str, take: &mut Take<'_>) -> anyhow::Result<()> {
        match name {
            "t" => self.in_text = false,
            "del" | "moveFrom" => self.deleted = self.deleted.saturating_sub(1),
            "p" if self.tables > 0 => self.text.push(' '),
            "p" => {
                let text = std::mem::take(&mut self.text);
                let (level, listed) = (self.level.take(), std::mem::take(&mut self.listed));
                let text = text.trim();
                if !text.is_empty() {
                    take(match level {
                        Some(level) => Block::new(Kind::Heading(level), text),
                        None if listed => Block::new(Kind::Text, format!("- {text}")),
                        None => Block::new(Kind::Text, text),
                    })?;
                }
            }
            "tc" if self.tables == 1 => {
                let cell = std::mem::take(&mut self.text);
                let cell = cell.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
                if let Some(row) = self.rows.last_mut() {
                    row.push(cell);
                }
            }
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                if self.tables == 0 {
                    let rows = std::mem::take(&mut self.rows);
                    (self.level, self.listed) = (None, false);
                    if rows.iter().flatten().any(|cell| !cell.is_empty()) {
                        take(Block::new(Kind::Whole, markdown_table(&rows)))?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
