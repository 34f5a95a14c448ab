//! XML of office files, event by event in bounded memory: no document type, hence no entities to swell; nesting and the size of
//! one event have an end.

use std::io::{self, BufReader, Read};

use anyhow::bail;
use pc_base::{Code, coded};
use quick_xml::events::{BytesStart, Event};

use super::{Input, lift};
use crate::limits::LINE_BYTES;

/// Office formats nest some thirty levels.
const DEPTH: u32 = 256;

/// Reads events.
pub(crate) struct Xml {
    reader: quick_xml::Reader<BufReader<Metered>>,
    buffer: Vec<u8>,
    depth: u32,
    input: Input,
    /// The row for an error's place; whoever reads keeps it.
    pub at: u64,
}

impl Xml {
    /// Reads a part of `input`.
    pub fn new(part: impl Read + Send + 'static, input: &Input) -> Self {
        let metered = Metered { inner: Box::new(part), left: 0 };
        let mut reader = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, metered));
        reader.config_mut().allow_dangling_amp = true;
        Self { reader, buffer: Vec::new(), depth: 0, input: input.clone(), at: 1 }
    }

    /// Damage at the place that was read last.
    pub fn damaged(&self) -> pc_base::Coded {
        self.input.damaged(self.at)
    }

    /// The next event; [`Event::Eof`] at the end. [`Code::SourceEntities`] for a document type, [`Code::SourceDamaged`] for what
    /// is no XML.
    pub fn event(&mut self) -> anyhow::Result<Event<'_>> {
        self.buffer.clear();
        self.reader.get_mut().get_mut().left = LINE_BYTES * 2;
        let (input, at) = (&self.input, self.at);
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) => {
                let again = match error.get_ref().and_then(|inner| inner.downcast_ref::<pc_base::Coded>()) {
                    Some(coded) => io::Error::other(coded.clone()),
                    None => io::Error::new(error.kind(), error.to_string()),
                };
                return Err(lift(again, || input.damaged(at)));
            }
            Err(error) => return Err(anyhow::Error::new(error).context(input.damaged(at))),
        };
        match &event {
            Event::DocType(_) => bail!(input.coded(Code::SourceEntities)),
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            // A document that ends inside an element was cut.
            Event::Eof if self.depth > 0 => bail!(input.damaged(at)),
            _ => {}
        }
        if self.depth > DEPTH {
            bail!(coded(Code::RowTooDeep).with("path", input.shown()).with("line", at).with("limit", DEPTH));
        }
        Ok(event)
    }
}

/// An attribute by its name without prefix.
pub(crate) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found =
        tag.attributes().with_checks(false).flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = quick_xml::escape::unescape(&found.value).ok()?;
    Some(value.into_owned())
}

/// Adds what an event says as text.
pub(crate) fn push_text(event: &Event<'_>, text: &mut String) {
    match event {
        Event::Text(piece) => text.push_str(piece),
        Event::CData(piece) => text.push_str(piece),
        Event::GeneralRef(name) => match name.resolve_char_ref() {
            Ok(Some(c)) => text.push(c),
            _ => text.push_str(match name.as_ref() {
                "lt" => "<",
                "gt" => ">",
                "amp" => "&",
                "quot" => "\"",
                "apos" => "'",
                _ => "",
            }),
        },
        _ => {}
    }
}

/// Reads no more than is allowed for one event.
struct Metered {
    inner: Box<dyn Read + Send>,
    left: usize,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = match self.left.checked_sub(read) {
            Some(left) => left,
            None => return Err(io::Error::new(io::ErrorKind::InvalidData, "one piece of this XML is too large")),
        };
        Ok(read)
    }
}
