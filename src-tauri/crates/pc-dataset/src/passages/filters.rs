//! The old filters of PDF (ISO 32000-1, 7.4), as far as it takes to know what becomes of something. None of them writes much more
//! than `most` bytes; whoever needs to know whether there was more asks for one more.

/// Base 85; whatever is no digit is passed over, so that never less comes out than in a strict reader.
pub(super) fn ascii_85(data: &[u8]) -> Vec<u8> {
    let (mut out, mut group, mut digits) = (Vec::with_capacity(data.len()), 0_u32, 0);
    for byte in data {
        match byte {
            b'~' => break,
            b'z' if digits == 0 => out.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                digits += 1;
                if digits == 5 {
                    out.extend_from_slice(&group.to_be_bytes());
                    (group, digits) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if digits > 1 {
        let filled = (digits..5).fold(group, |group, _| group.wrapping_mul(85).wrapping_add(84));
        out.extend_from_slice(&filled.to_be_bytes()[..digits - 1]);
    }
    out
}

/// Pairs of hexadecimal digits.
pub(super) fn ascii_hex(data: &[u8]) -> Vec<u8> {
    let end = data.iter().position(|byte| *byte == b'>').unwrap_or(data.len());
    let digits: Vec<u8> =
        data[..end].iter().filter_map(|byte| char::from(*byte).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0)).collect()
}

/// Runs of bytes.
pub(super) fn run_lengths(data: &[u8], most: usize) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), data);
    while let Some((&length, after)) = rest.split_first().filter(|(length, _)| **length != 128 && out.len() < most) {
        if length < 128 {
            let (run, after) = after.split_at(after.len().min(usize::from(length) + 1));
            out.extend_from_slice(run);
            rest = after;
        } else {
            let Some((&byte, after)) = after.split_first() else { break };
            out.resize(out.len() + 257 - usize::from(length), byte);
            rest = after;
        }
    }
    out
}

/// LZW; `early` widens codes one entry before the table is full, as most writers do.
pub(super) fn lzw(data: &[u8], early: bool, most: usize) -> Vec<u8> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    // An entry is what was written before and one byte more, so it lies in the output already: where, and how long.
    let (mut entries, mut out): (Vec<(usize, usize)>, Vec<u8>) = (Vec::new(), Vec::new());
    let (mut previous, mut bits, mut held, mut bytes) = (None, 0_u32, 0_u32, data.iter());
    while out.len() < most {
        let width = match END + 1 + entries.len() + usize::from(early) {
            2048.. => 12,
            1024.. => 11,
            512.. => 10,
            _ => 9,
        };
        while held < width {
            let Some(byte) = bytes.next() else { return out };
            bits = bits << 8 | u32::from(*byte);
            held += 8;
        }
        held -= width;
        let code = (bits >> held) as usize;
        bits &= (1 << held) - 1;
        if code == END {
            break;
        }
        if code == CLEAR {
            (entries, previous) = (Vec::new(), None);
            continue;
        }
        if let Some((start, length)) = previous.filter(|_| END + 1 + entries.len() < 4096) {
            entries.push((start, length + 1));
        }
        let at = out.len();
        match code.checked_sub(END + 1) {
            None => out.push(code as u8),
            Some(entry) => {
                let Some(&(start, length)) = entries.get(entry) else { break };
                // The newest entry ends with the first byte that it writes itself.
                (start..start + length).for_each(|from| out.push(out[from]));
            }
        }
        previous = Some((at, out.len() - at));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_standard_decode() {
        assert_eq!(ascii_85(b"9jqo^BlbD-BleB1DJ+*+F(f,q~>"), b"Man is distinguished");
        assert_eq!(ascii_85(b"z!!~>"), [0, 0, 0, 0, 0]);
        assert_eq!(ascii_hex(b"48 65 6C6c 7>00"), b"Hellp");
        assert_eq!(run_lengths(&[2, 10, 11, 12, 253, 3, 128, 0, 9], 100), [10, 11, 12, 3, 3, 3, 3]);
        // ISO 32000-1, 7.4.4.2.
        let codes = [0x80, 0x0B, 0x60, 0x50, 0x22, 0x0C, 0x0C, 0x85, 0x01];
        let wanted = [45, 45, 45, 45, 45, 65, 45, 45, 45, 66];
        assert_eq!((lzw(&codes, true, 100), lzw(&codes, false, 100)), (wanted.to_vec(), wanted.to_vec()));
    }

    #[test]
    fn what_swells_ends_soon_behind_the_limit() {
        assert!(run_lengths(&[129, 7].repeat(1_000), 500).len() < 700);
        // One code after the other, each an entry longer.
        let (mut bits, mut out, mut held) = (0_u64, Vec::new(), 0);
        for code in 0..4_000_u64 {
            let (code, width) = match code {
                0 => (65, 9),
                _ => (257 + code, [9, 10, 11, 12][[511, 1023, 2047].iter().filter(|end| 257 + code >= **end).count()]),
            };
            (bits, held) = (bits << width | code, held + width);
            while held >= 8 {
                held -= 8;
                out.push((bits >> held) as u8);
            }
        }
        let written = lzw(&out, true, 1_000_000);
        assert!(
            (1_000_000..1_010_000).contains(&written.len()) && written.iter().all(|byte| *byte == 65),
            "{}",
            written.len()
        );
    }
}
