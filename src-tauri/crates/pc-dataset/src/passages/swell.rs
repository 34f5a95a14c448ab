//! What the streams of a PDF become, counted before the foreign reader unpacks them: its decompression has no end of its own, and
//! one stream may become a thousand times as large, a filter over a filter a million times.
//!
//! The file is counted twice. As bytes, because the reader unpacks lists of objects while it opens the file; whatever follows the
//! word `stream` is tried, so that no dictionary can hide it. Then as objects, decrypted and with the filters that the reader
//! itself has found. Deliberately absent: the formats of pictures, which are not unpacked for a text.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use anyhow::bail;
use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use hayro_interpret::hayro_syntax::object::{Array, MaybeRef, Name, Object};
use hayro_interpret::hayro_syntax::{Filter, Pdf};
use memchr::{memchr3, memmem};
use pc_base::{Cancel, Code};

use super::filters::{ascii_85, ascii_hex, lzw, run_lengths};
use crate::read::Input;

/// Bytes of one stream; the largest font of all Han characters has a fifth of them.
const STREAM: u64 = 128 << 20;
/// Bytes of all streams; of a thousand pages these are some tens of millions.
const ALL: u64 = 512 << 20;
/// Bytes of all streams that say they are pictures, in which a page has some tens of millions.
const PICTURES: u64 = 2 << 30;
/// A byte of deflate is so many at most.
const RATIO: u64 = 1_032;
/// Bytes before the word `stream` that are looked through for its dictionary.
const DICTIONARY: usize = 4_096;
/// Brackets open at once, for which the reader calls itself. In a document they are some dozens; in bytes that are none of one they
/// come and go by chance, some thousands at most.
const NESTED: u32 = 8_192;
/// Characters with a width, of all fonts together; a font of all Han characters has some tens of thousands.
const CHARACTERS: u64 = 1 << 24;
/// Streams of a file; each of them costs a little even where nothing is in it.
const STREAMS: usize = 1 << 20;

/// Counts against the limits. [`Code::SourceSwells`], [`Code::SourceDamaged`] where streams lie inside each other or brackets do
/// without end, [`Code::Cancelled`].
pub(super) struct Meter<'a> {
    input: &'a Input,
    cancel: &'a Cancel,
    buffer: Vec<u8>,
    all: u64,
    pictures: u64,
    /// Packed bytes that may still be looked at; those of an honest file are looked at a few times each.
    work: u64,
    characters: u64,
    nested: Nesting,
}

impl<'a> Meter<'a> {
    /// Counts for a file.
    pub fn new(input: &'a Input, cancel: &'a Cancel) -> Self {
        let work = 8 * input.bytes() + STREAM;
        Self {
            input,
            cancel,
            buffer: vec![0; 1 << 16],
            all: 0,
            pictures: 0,
            work,
            characters: 0,
            nested: Nesting::default(),
        }
    }

    /// What follows each `stream` in the bytes of a file.
    pub fn bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.nested.look(bytes);
        self.add(0, false)?;
        let encrypted = memmem::find(bytes, b"/Encrypt").is_some();
        let ends: Vec<usize> = memmem::find_iter(bytes, b"endstream").take(STREAMS).collect();
        for (number, at) in memmem::find_iter(bytes, b"stream").enumerate() {
            if number > 2 * STREAMS {
                bail!(self.input.damaged(1));
            }
            let (before, data) = (&bytes[at.saturating_sub(DICTIONARY)..at], &bytes[at + b"stream".len()..]);
            let Some(data) = [&b"\r\n"[..], b"\n", b"\r"].iter().find_map(|end| data.strip_prefix(*end)) else {
                continue;
            };
            if before.ends_with(b"end") {
                continue;
            }
            let dictionary = &before[memmem::rfind(before, b"obj").unwrap_or(0)..];
            let mut size = self.whole(data)?;
            // Noise before it is decrypted: the objects are counted for that.
            if !encrypted {
                let end = ends.get(ends.partition_point(|end| *end < at)).copied().unwrap_or(bytes.len());
                let filters = declared(dictionary);
                let data = &data[..(end + data.len()).saturating_sub(bytes.len())];
                size = size.max(self.unpacked(Cow::Borrowed(data), &filters)?);
            }
            self.add(size, memmem::find(dictionary, b"/Image").is_some())?;
        }
        (self.all, self.pictures) = (0, 0);
        Ok(())
    }

    /// The objects of a file.
    pub fn objects(&mut self, pdf: &Pdf) -> anyhow::Result<()> {
        for object in pdf.objects() {
            self.numbers(object.clone())?;
            let Some(stream) = object.into_stream() else { continue };
            let size = self.unpacked(stream.raw_data(), &stream.filters())?;
            let kind = stream.dict().get::<Name<'_>>(b"Subtype".as_slice());
            self.add(size, kind.is_some_and(|kind| kind.as_ref() == b"Image"))?;
        }
        Ok(())
    }

    /// Fonts say for which characters a width holds, and the reader writes every one of them down, be it four thousand million.
    fn numbers(&mut self, object: Object<'_>) -> anyhow::Result<()> {
        let mut waiting = vec![object];
        while let Some(object) = waiting.pop() {
            let dictionary = match object {
                Object::Dict(dictionary) => dictionary,
                Object::Stream(stream) => stream.dict().clone(),
                Object::Array(list) => {
                    waiting.extend(list.raw_iter().filter_map(direct));
                    continue;
                }
                _ => continue,
            };
            self.characters += dictionary.get::<u32>(b"FirstChar".as_slice()).map_or(0, u64::from);
            if let Some(list) = dictionary.get::<Array<'_>>(b"W".as_slice()) {
                let mut items = list.flex_iter();
                while items.next::<(u32, Array<'_>)>().is_some()
                    || items.next::<(u32, u32, f32)>().is_some_and(|(first, last, _)| self.count(first, last))
                {
                }
            }
            if let Some(list) = dictionary.get::<Array<'_>>(b"W2".as_slice()) {
                let mut items = list.flex_iter();
                while items.next::<(u32, Array<'_>)>().is_some()
                    || items.next::<(u32, u32, f32, f32, f32)>().is_some_and(|found| self.count(found.0, found.1))
                {
                }
            }
            if self.characters > CHARACTERS {
                bail!(self.input.damaged(1));
            }
            waiting.extend(dictionary.entries().filter_map(|(_, value)| direct(value)));
        }
        Ok(())
    }

    fn count(&mut self, first: u32, last: u32) -> bool {
        self.characters += u64::from(last.saturating_sub(first));
        true
    }

    fn swells<T>(&self, limit: u64) -> anyhow::Result<T> {
        bail!(self.input.coded(Code::SourceSwells).with("limit", (limit / self.input.bytes().max(1)).max(1)))
    }

    fn within(&self, size: u64) -> anyhow::Result<u64> {
        if size > STREAM { self.swells(STREAM) } else { Ok(size) }
    }

    /// Ends a stream.
    fn add(&mut self, size: u64, picture: bool) -> anyhow::Result<()> {
        self.cancel.check()?;
        // A grey of a picture may well be a bracket.
        if std::mem::take(&mut self.nested).most > NESTED && !picture {
            bail!(self.input.damaged(1));
        }
        let (sum, limit) = if picture { (&mut self.pictures, PICTURES) } else { (&mut self.all, ALL) };
        *sum += size;
        if *sum > limit { self.swells(limit) } else { Ok(()) }
    }

    /// Packed bytes are looked at.
    fn pay(&mut self, bytes: u64) -> anyhow::Result<()> {
        match self.work.checked_sub(bytes) {
            Some(left) => self.work = left,
            None => bail!(self.input.damaged(1)),
        }
        Ok(())
    }

    /// Bytes that data become by filters, one after the other.
    fn unpacked(&mut self, data: Cow<'_, [u8]>, filters: &[Filter]) -> anyhow::Result<u64> {
        let Some((first, rest)) = filters.split_first() else {
            self.nested.look(&data);
            return self.within(data.len() as u64);
        };
        self.pay(data.len() as u64)?;
        let most = STREAM as usize + 1;
        match first {
            Filter::FlateDecode if rest.is_empty() => self.inflated(&data, &mut io::sink()),
            Filter::FlateDecode => {
                let mut out = Vec::new();
                self.inflated(&data, &mut out)?;
                self.unpacked(Cow::Owned(out), rest)
            }
            Filter::Ascii85Decode => self.unpacked(Cow::Owned(ascii_85(&data)), rest),
            Filter::AsciiHexDecode => self.unpacked(Cow::Owned(ascii_hex(&data)), rest),
            Filter::RunLengthDecode => self.unpacked(Cow::Owned(run_lengths(&data, most)), rest),
            // Which of the two it is, stands in a dictionary of its own.
            Filter::LzwDecode => {
                let early = self.unpacked(Cow::Owned(lzw(&data, true, most)), rest)?;
                Ok(early.max(self.unpacked(Cow::Owned(lzw(&data, false, most)), rest)?))
            }
            _ => Ok(0),
        }
    }

    /// Bytes of a deflate stream at the beginning of data, with its head or without, up to its end or its damage.
    fn whole(&mut self, data: &[u8]) -> anyhow::Result<u64> {
        let (mut zlib, mut bare) = (ZlibDecoder::new(data), DeflateDecoder::new(data));
        let size = self.run(&mut zlib, &mut io::sink())?.0.max(self.run(&mut bare, &mut io::sink())?.0);
        self.pay(zlib.total_in() + bare.total_in())?;
        Ok(size)
    }

    /// Bytes of what says that it is deflate. The reader goes on behind damage, whose rest is taken for the worst.
    fn inflated(&mut self, data: &[u8], out: &mut dyn Write) -> anyhow::Result<u64> {
        let (mut zlib, mut bare) = (ZlibDecoder::new(data), DeflateDecoder::new(data));
        let (size, right) = self.run(&mut zlib, out)?;
        if right {
            return Ok(size);
        }
        let (other, right) = self.run(&mut bare, out)?;
        if right {
            return Ok(other);
        }
        let rest = data.len() as u64 - zlib.total_in().min(data.len() as u64);
        self.within(size.max(other).saturating_add(rest.saturating_mul(RATIO)))
    }

    /// Copies up to the limit: bytes, and whether the end was right.
    fn run(&mut self, from: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<(u64, bool)> {
        let mut size = 0;
        loop {
            let Ok(read) = from.read(&mut self.buffer) else { return Ok((size, false)) };
            if read == 0 {
                return Ok((size, true));
            }
            size = self.within(size + read as u64)?;
            self.nested.look(&self.buffer[..read]);
            out.write_all(&self.buffer[..read])?;
        }
    }
}

/// What stands at its place itself; what is referred to comes by as an object of its own.
fn direct(value: MaybeRef<Object<'_>>) -> Option<Object<'_>> {
    match value {
        MaybeRef::NotRef(object) => Some(object),
        MaybeRef::Ref(_) => None,
    }
}

/// The filters that a dictionary's text names, in its order.
fn declared(dictionary: &[u8]) -> Vec<Filter> {
    let known = [
        ("/FlateDecode", Filter::FlateDecode),
        ("/ASCII85Decode", Filter::Ascii85Decode),
        ("/ASCIIHexDecode", Filter::AsciiHexDecode),
        ("/LZWDecode", Filter::LzwDecode),
        ("/RunLengthDecode", Filter::RunLengthDecode),
    ];
    let mut found: Vec<(usize, Filter)> = Vec::new();
    for (name, filter) in known {
        found.extend(memmem::find_iter(dictionary, name).map(|at| (at, filter)));
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, filter)| filter).collect()
}

/// The deepest nesting of lists, dictionaries and procedures, as far as brackets tell.
#[derive(Default)]
struct Nesting {
    depth: u32,
    most: u32,
}

impl Nesting {
    fn look(&mut self, bytes: &[u8]) {
        if self.depth == 0 && memchr3(b'[', b'{', b'<', bytes).is_none() {
            return;
        }
        for byte in bytes {
            match byte {
                b'[' | b'{' | b'<' => {
                    self.depth += 1;
                    self.most = self.most.max(self.depth);
                }
                b']' | b'}' | b'>' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }
}
