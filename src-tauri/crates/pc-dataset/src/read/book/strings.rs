//! A workbook's shared strings: in memory up to a bound, beyond it in a file that is read where a row needs it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use quick_xml::events::Event;

use crate::limits::LINE_BYTES;
use crate::read::input::temporary;
use crate::read::xml::{Xml, push_text};

/// Bytes of text held in memory.
const HELD: usize = 64 << 20;
/// Texts that are counted; a full sheet has as many cells.
const TEXTS: usize = 1 << 24;
/// Bytes read from the file at a time; rows name strings mostly in their order.
const WINDOW: usize = 1 << 16;

/// Texts by their numbers.
#[derive(Debug, Default)]
pub(super) struct Strings {
    /// Where each text ends.
    ends: Vec<u64>,
    held: Vec<u8>,
    spilled: Option<File>,
    window: Vec<u8>,
    window_at: u64,
}

impl Strings {
    /// Reads all of them.
    pub fn read(xml: &mut Xml, scratch: Option<&Path>) -> anyhow::Result<Self> {
        let mut strings = Self::default();
        let (mut text, mut inside, mut phonetic) = (String::new(), false, false);
        loop {
            match xml.event()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "si" => text.clear(),
                    "rPh" => phonetic = true,
                    "t" => inside = !phonetic,
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    "si" => {
                        strings.push(&unescape(&text), scratch)?;
                    }
                    "rPh" => phonetic = false,
                    "t" => inside = false,
                    _ => {}
                },
                Event::Empty(tag) if tag.local_name().as_ref() == "si" => strings.push("", scratch)?,
                Event::Eof => break,
                event if inside => push_text(&event, &mut text),
                _ => {}
            }
            if text.len() > LINE_BYTES || strings.ends.len() > TEXTS {
                bail!(xml.damaged());
            }
        }
        strings.end(scratch)?;
        Ok(strings)
    }

    /// Adds one text.
    pub fn push(&mut self, text: &str, scratch: Option<&Path>) -> anyhow::Result<()> {
        self.ends.push(self.ends.last().copied().unwrap_or_default() + text.len() as u64);
        self.held.extend_from_slice(text.as_bytes());
        if self.held.len() > HELD { self.spill(scratch) } else { Ok(()) }
    }

    /// No text follows.
    pub fn end(&mut self, scratch: Option<&Path>) -> anyhow::Result<()> {
        if self.spilled.is_some() { self.spill(scratch) } else { Ok(()) }
    }

    fn spill(&mut self, scratch: Option<&Path>) -> anyhow::Result<()> {
        if self.spilled.is_none() {
            self.spilled = Some(temporary(scratch)?);
        }
        if let Some(file) = &mut self.spilled {
            file.write_all(&self.held).context("keeping a workbook's texts")?;
        }
        self.held.clear();
        Ok(())
    }

    /// The text of a number.
    pub fn get(&mut self, index: usize) -> Option<String> {
        let to = *self.ends.get(index)?;
        let from = if index == 0 { 0 } else { self.ends[index - 1] };
        if self.spilled.is_none() {
            let bytes = self.held.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)?;
            return String::from_utf8(bytes.to_vec()).ok();
        }
        let length = usize::try_from(to - from).ok()?;
        let inside = from >= self.window_at && to <= self.window_at + self.window.len() as u64;
        if !inside {
            let file = self.spilled.as_mut()?;
            file.seek(SeekFrom::Start(from)).ok()?;
            self.window.clear();
            file.take(length.max(WINDOW) as u64).read_to_end(&mut self.window).ok()?;
            self.window_at = from;
        }
        let start = usize::try_from(from - self.window_at).ok()?;
        String::from_utf8(self.window.get(start..start + length)?.to_vec()).ok()
    }
}

/// Excel writes characters that XML cannot hold as `_x000D_`.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains("_x") {
        return text.to_owned();
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let code = rest.get(2..6).filter(|_| rest.as_bytes().get(6) == Some(&b'_'));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[2..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Input;

    #[test]
    fn texts_beyond_the_bound_are_read_back_from_the_file() {
        let long = "长".repeat(40_000);
        let count = HELD / long.len() + 20;
        let mut xml = String::from("<sst>");
        for at in 0..count {
            xml.push_str(&format!("<si><r><t>{at}:</t></r><rPh><t>x</t></rPh><r><t>{long}</t></r></si>"));
        }
        xml.push_str("<si/></sst>");
        let input = Input::File("a.xlsx".into());
        let mut strings = Strings::read(&mut Xml::new(std::io::Cursor::new(xml.into_bytes()), &input), None)
            .expect("it is well formed");
        assert!(strings.spilled.is_some() && strings.held.is_empty(), "more than the bound was read");
        for at in [0, 1, count - 1, 7, count / 2] {
            assert_eq!(strings.get(at), Some(format!("{at}:{long}")));
        }
        assert_eq!((strings.get(count), strings.get(count + 1)), (Some(String::new()), None));
    }

    #[test]
    fn what_xml_cannot_hold_is_unescaped_and_all_else_left() {
        assert_eq!(unescape("a_x000D_b_x0041_c_xyz_"), "a\rbAc_xyz_");
        assert_eq!(unescape("_x中文字_ _x12"), "_x中文字_ _x12");
    }
}
