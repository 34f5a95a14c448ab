//! Plain text and Markdown as blocks. Markdown keeps its own marks but for headings, since models read and write it.

use anyhow::bail;
use pc_base::{Code, CodedExt as _};

use super::{Block, Kind, Take};
use crate::read::{Input, Notes, heading_of, open_text, sniff};

/// The document's text.
pub(super) fn text_of(input: &Input) -> anyhow::Result<String> {
    let (head, all) = input.head(1 << 20)?;
    let Some(encoding) = sniff(&head, all) else { bail!(input.coded(Code::SourceUnknown)) };
    let mut bytes = Vec::new();
    let mut reader = open_text(input, encoding, &Notes::default())?;
    std::io::Read::read_to_end(&mut reader, &mut bytes).code(|| input.damaged(1))?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

pub(super) fn blocks(input: &Input, markdown: bool, take: &mut Take<'_>) -> anyhow::Result<()> {
    let text = text_of(input)?;
    let mut lines = text.lines().peekable();
    let mut paragraph = String::new();
    while let Some(line) = lines.next() {
        let bare = line.trim();
        if bare.is_empty() {
            flush(&mut paragraph, take)?;
        } else if markdown && (bare.starts_with("```") || bare.starts_with("~~~")) {
            flush(&mut paragraph, take)?;
            let mut code = line.to_owned();
            for line in lines.by_ref() {
                code.push('\n');
                code.push_str(line);
                if line.trim().starts_with(&bare[..3]) {
                    break;
                }
            }
            take(Block::new(Kind::Whole, code))?;
        } else if let Some((level, title)) = heading_of(line).filter(|_| markdown) {
            flush(&mut paragraph, take)?;
            take(Block::new(Kind::Heading(level), title))?;
        } else if markdown && bare.starts_with('|') {
            flush(&mut paragraph, take)?;
            let mut table = line.to_owned();
            while let Some(row) = lines.next_if(|line| line.trim().starts_with('|')) {
                table.push('\n');
                table.push_str(row);
            }
            take(Block::new(Kind::Whole, table))?;
        } else {
            if !paragraph.is_empty() {
                paragraph.push('\n');
            }
            paragraph.push_str(line.trim_end());
        }
    }
    flush(&mut paragraph, take)
}

fn flush(paragraph: &mut String, take: &mut Take<'_>) -> anyhow::Result<()> {
    if paragraph.is_empty() { Ok(()) } else { take(Block::new(Kind::Text, std::mem::take(paragraph))) }
}
