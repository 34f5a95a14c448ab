//! Bytes of text into UTF-8, whatever encoding they are in; which one it is is told by the bytes themselves.

use std::io::{self, BufRead, BufReader, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, CoderResult, Decoder, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

use super::{Input, Notes};

/// Bytes decoded at a time.
const CHUNK: usize = 1 << 17;

/// The encoding of a text by its first bytes; nothing where they are no text. `all` says that nothing follows.
pub(crate) fn sniff(head: &[u8], all: bool) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Some(encoding);
    }
    if let Some(wide) = utf16(head) {
        return Some(wide);
    }
    let strange = |byte: &u8| matches!(byte, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    let controls = head.iter().filter(|byte| strange(byte)).count();
    if head.contains(&0) || controls * 100 > head.len() {
        return None;
    }
    match std::str::from_utf8(head) {
        Ok(_) => return Some(UTF_8),
        Err(error) if error.error_len().is_none() && !all => return Some(UTF_8),
        // One broken character in a long UTF-8 text does not make it another encoding.
        Err(error) if error.valid_up_to() > 4_096 && !head[..error.valid_up_to()].is_ascii() => return Some(UTF_8),
        Err(_) => {}
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, all);
    let guess = detector.guess(Some(b"cn"), Utf8Detection::Deny);
    Some(if [GBK, BIG5, SHIFT_JIS].contains(&guess) { east_asian(head) } else { guess })
}

/// GB18030, Big5, or Shift JIS that was taken for one of them: in text of each, most characters lie where its tables have the common
/// ones (level 1 of GB 2312, level 1 of Big5, kana), and read as another, they do not.
fn east_asian(head: &[u8]) -> &'static Encoding {
    let share = |common: &dyn Fn(u8, u8) -> bool| {
        let (mut at, mut found, mut all) = (0, 0, 0);
        while let Some(&[lead, trail]) = head.get(at..at + 2) {
            if lead < 0x80 {
                at += 1;
                continue;
            }
            (all, found, at) = (all + 1, found + usize::from(common(lead, trail)), at + 2);
        }
        found as f64 / all.max(1) as f64
    };
    let kana = share(&|lead, trail| match lead {
        0x82 => (0x9f..=0xf1).contains(&trail),
        0x83 => (0x40..=0x96).contains(&trail),
        _ => false,
    });
    if kana > 0.25 {
        return SHIFT_JIS;
    }
    let simplified = share(&|lead, trail| (0xb0..=0xd7).contains(&lead) && trail >= 0xa1);
    let traditional =
        share(&|lead, trail| (0xa4..=0xc6).contains(&lead) && ((0x40..=0x7e).contains(&trail) || trail >= 0xa1));
    if traditional > simplified { BIG5 } else { GB18030 }
}

/// A line that is plainly GB18030 and not UTF-8: no byte of it is anything else, and nine in ten of its characters, four at least,
/// are punctuation or of level 1 of GB 2312.
pub(crate) fn gb18030(line: &[u8]) -> Option<String> {
    if std::str::from_utf8(line).is_ok() {
        return None;
    }
    let text = GB18030.decode_without_bom_handling_and_without_replacement(line)?;
    let (mut at, mut common, mut all) = (0, 0, 0);
    while let Some(&[lead, trail]) = line.get(at..at + 2) {
        if lead < 0x80 {
            at += 1;
            continue;
        }
        (all, at) = (all + 1, at + 2);
        common += usize::from(matches!(lead, 0xa1..=0xa3 | 0xb0..=0xd7) && trail >= 0xa1);
    }
    (all >= 4 && common * 10 >= all * 9).then(|| text.into_owned())
}

/// UTF-16 without a mark: every second byte of a text with digits, spaces and line ends is often zero, the other ones rarely, and
/// read so, it is text.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = (head.len() / 2).min(2_048);
    let zeros = |odd: usize| head.chunks_exact(2).take(pairs).filter(|pair| pair[odd] == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = |these: usize, others: usize| pairs > 1 && these * 20 >= pairs && others * 3 <= these;
    let encoding = if many(odd, even) {
        UTF_16LE
    } else if many(even, odd) {
        UTF_16BE
    } else {
        return None;
    };
    let (text, broken) = encoding.decode_without_bom_handling(&head[..pairs * 2]);
    // The last character of a window may be half of one.
    let broken = broken && text.trim_end_matches('\u{fffd}').contains('\u{fffd}');
    let strange = text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}'));
    (!broken && !strange).then_some(encoding)
}

/// A file's text as UTF-8, without its mark. Bytes that are no text of the encoding come out as U+FFFD, but for UTF-8, which is
/// passed on as it is.
pub(crate) fn open_text(
    input: &Input,
    encoding: &'static Encoding,
    notes: &Notes,
) -> anyhow::Result<Box<dyn BufRead + Send>> {
    let mut bytes = BufReader::with_capacity(CHUNK, input.reader(notes)?);
    if encoding == UTF_8 {
        let mark = b"\xEF\xBB\xBF";
        let head = bytes.fill_buf().map_err(|error| super::lift(error, || input.damaged(1)))?;
        if head.starts_with(mark) {
            bytes.consume(mark.len());
        }
        return Ok(Box::new(bytes));
    }
    let decoder = encoding.new_decoder_with_bom_removal();
    Ok(Box::new(Decoded { bytes, decoder, text: vec![0; CHUNK], from: 0, to: 0, ended: false }))
}

struct Decoded<R> {
    bytes: BufReader<R>,
    decoder: Decoder,
    text: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
}

impl<R: Read> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.from == self.to && !self.ended {
            let raw = self.bytes.fill_buf()?;
            let last = raw.is_empty();
            let (result, read, written, _) = self.decoder.decode_to_utf8(raw, &mut self.text, last);
            self.bytes.consume(read);
            (self.from, self.to) = (0, written);
            self.ended = last && result == CoderResult::InputEmpty;
        }
        Ok(&self.text[self.from..self.to])
    }

    fn consume(&mut self, amount: usize) {
        self.from = (self.from + amount).min(self.to);
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "序号,问题,回答\n1,请问早餐几点开始？,早餐六点半到十点。\n2,可以带宠物吗？,可以，需提前告知前台。\n";

    #[test]
    fn the_encodings_of_chinese_files_are_told_by_their_bytes() {
        for encoding in [UTF_8, GB18030, encoding_rs::BIG5] {
            let text = if encoding == encoding_rs::BIG5 {
                "編號,問題,回答\n1,請問早餐幾點開始？,早餐六點半開始。\n"
            } else {
                TEXT
            };
            let (bytes, _, lost) = encoding.encode(text);
            assert!(!lost, "{} can say it", encoding.name());
            assert_eq!(sniff(&bytes, true), Some(encoding), "{}", encoding.name());
        }
        let wide: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(sniff(&wide, true), Some(UTF_16LE), "without a mark");
        let (japanese, _, _) =
            encoding_rs::SHIFT_JIS.encode("番号,質問,回答\n1,チェックインは何時からですか,午後三時からです\n");
        assert_eq!(sniff(&japanese, true), Some(encoding_rs::SHIFT_JIS));
    }

    #[test]
    fn binary_bytes_are_no_text_and_a_cut_character_is_no_error() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0", true), None);
        let cut = &TEXT.as_bytes()[..8];
        assert_eq!(sniff(cut, false), Some(UTF_8), "the head of a file may end inside a character");
    }
}
