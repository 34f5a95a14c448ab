//! ggml's block formats to f32, as its reference de-quantisers define them.
//!
//! A block is a run of 32 values (`Q4_0` … `Q8_0`) or a super-block of 256 (`Q4_K` … `Q6_K`) along the innermost dimension.

use half::f16;
use rayon::prelude::*;

/// How a tensor's values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantisation {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

impl Quantisation {
    /// By ggml's type number.
    pub fn from_ggml(kind: u32) -> Option<Self> {
        Some(match kind {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            6 => Self::Q5_0,
            7 => Self::Q5_1,
            8 => Self::Q8_0,
            12 => Self::Q4K,
            13 => Self::Q5K,
            14 => Self::Q6K,
            30 => Self::Bf16,
            _ => return None,
        })
    }

    /// Values and bytes of one block.
    fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    /// Bytes of so many values; nothing when they do not fill whole blocks.
    pub fn bytes(self, values: usize) -> Option<usize> {
        let (each, bytes) = self.block();
        if values.is_multiple_of(each) { (values / each).checked_mul(bytes) } else { None }
    }
}

fn f16_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

/// All values of whole blocks.
pub fn to_f32(bytes: &[u8], quantisation: Quantisation) -> Vec<f32> {
    let (values, size) = quantisation.block();
    let mut out = vec![0.0; bytes.len() / size * values];
    // Many blocks a task, so that handing out work costs nothing beside doing it.
    let run = 65536 / values;
    out.par_chunks_mut(values * run).zip(bytes.par_chunks(size * run)).for_each(|(out, bytes)| {
        for (out, block) in out.chunks_exact_mut(values).zip(bytes.chunks_exact(size)) {
            one_block(out, block, quantisation);
        }
    });
    out
}

fn one_block(out: &mut [f32], block: &[u8], quantisation: Quantisation) {
    match quantisation {
        Quantisation::F32 => out[0] = f32::from_le_bytes([block[0], block[1], block[2], block[3]]),
        Quantisation::F16 => out[0] = f16_at(block, 0),
        Quantisation::Bf16 => out[0] = half::bf16::from_le_bytes([block[0], block[1]]).to_f32(),
        Quantisation::Q4_0 => nibbles(out, &block[2..], f16_at(block, 0), |low| f32::from(low) - 8.0, 0.0),
        Quantisation::Q4_1 => nibbles(out, &block[4..], f16_at(block, 0), f32::from, f16_at(block, 2)),
        Quantisation::Q5_0 => fives(out, &block[6..], &block[2..6], f16_at(block, 0), -16.0, 0.0),
        Quantisation::Q5_1 => fives(out, &block[8..], &block[4..8], f16_at(block, 0), 0.0, f16_at(block, 2)),
        Quantisation::Q8_0 => {
            let scale = f16_at(block, 0);
            out.iter_mut().zip(&block[2..]).for_each(|(out, q)| *out = f32::from(q.cast_signed()) * scale);
        }
        Quantisation::Q4K => q4_k(out, block),
        Quantisation::Q5K => q5_k(out, block),
        Quantisation::Q6K => q6_k(out, block),
    }
}

/// The low halves are the first 16 values, the high halves the last.
fn nibbles(out: &mut [f32], packed: &[u8], scale: f32, value: impl Fn(u8) -> f32, offset: f32) {
    for (i, byte) in packed[..16].iter().enumerate() {
        out[i] = value(byte & 15) * scale + offset;
        out[i + 16] = value(byte >> 4) * scale + offset;
    }
}

fn fives(out: &mut [f32], packed: &[u8], high: &[u8], scale: f32, shift: f32, offset: f32) {
    let bits = u32::from_le_bytes([high[0], high[1], high[2], high[3]]);
    let bit = |at: usize| ((bits >> at & 1) << 4) as u8;
    for (i, byte) in packed[..16].iter().enumerate() {
        out[i] = (f32::from(byte & 15 | bit(i)) + shift) * scale + offset;
        out[i + 16] = (f32::from(byte >> 4 | bit(i + 16)) + shift) * scale + offset;
    }
}

/// The 6-bit scale and minimum of one of the eight sub-blocks, packed in 12 bytes.
fn scale_and_min(packed: &[u8], at: usize) -> (f32, f32) {
    let (scale, min) = if at < 4 {
        (packed[at] & 63, packed[at + 4] & 63)
    } else {
        (packed[at + 4] & 15 | packed[at - 4] >> 6 << 4, packed[at + 4] >> 4 | packed[at] >> 6 << 4)
    };
    (f32::from(scale), f32::from(min))
}

fn q4_k(out: &mut [f32], block: &[u8]) {
    let (d, dmin, scales, packed) = (f16_at(block, 0), f16_at(block, 2), &block[4..16], &block[16..]);
    for pair in 0..4 {
        for half in 0..2 {
            let (scale, min) = scale_and_min(scales, 2 * pair + half);
            for i in 0..32 {
                let nibble = packed[32 * pair + i] >> (4 * half) & 15;
                out[64 * pair + 32 * half + i] = d * scale * f32::from(nibble) - dmin * min;
            }
        }
    }
}

fn q5_k(out: &mut [f32], block: &[u8]) {
    let (d, dmin, scales) = (f16_at(block, 0), f16_at(block, 2), &block[4..16]);
    let (high, packed) = (&block[16..48], &block[48..]);
    for pair in 0..4 {
        for half in 0..2 {
            let (scale, min) = scale_and_min(scales, 2 * pair + half);
            for i in 0..32 {
                let low = packed[32 * pair + i] >> (4 * half) & 15;
                let fifth = (high[i] >> (2 * pair + half) & 1) << 4;
                out[64 * pair + 32 * half + i] = d * scale * f32::from(low | fifth) - dmin * min;
            }
        }
    }
}

fn q6_k(out: &mut [f32], block: &[u8]) {
    let (low, high, scales, d) = (&block[..128], &block[128..192], &block[192..208], f16_at(block, 208));
    for half in 0..2 {
        for quarter in 0..4 {
            for i in 0..32 {
                let nibble = low[64 * half + 32 * (quarter % 2) + i] >> (4 * (quarter / 2)) & 15;
                let two = high[32 * half + i] >> (2 * quarter) & 3;
                let scale = f32::from(scales[8 * half + 2 * quarter + i / 16].cast_signed());
                out[128 * half + 32 * quarter + i] = d * scale * (f32::from(nibble | two << 4) - 32.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q8_0_is_the_signed_byte_times_the_scale() {
        let mut block = f16::from_f32(0.5).to_le_bytes().to_vec();
        block.extend((0..32).map(|i| (i as i8 - 16) as u8));
        let values = to_f32(&block, Quantisation::Q8_0);
        assert_eq!((values[0], values[16], values[31]), (-8.0, 0.0, 7.5));
    }

    #[test]
    fn q4_0_centres_on_eight_and_splits_a_byte_over_both_halves() {
        let mut block = f16::from_f32(2.0).to_le_bytes().to_vec();
        block.extend([0x9F; 16]);
        let values = to_f32(&block, Quantisation::Q4_0);
        assert_eq!((values[0], values[16]), (14.0, 2.0), "the low half is 15, the high one 9");
    }

    #[test]
    fn a_size_that_does_not_fill_blocks_has_no_bytes() {
        assert_eq!(Quantisation::Q4K.bytes(256), Some(144));
        assert_eq!(Quantisation::Q4K.bytes(255), None);
    }
}
