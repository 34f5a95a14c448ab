//! Small GGUF files, cut and changed at every byte: each is read or refused with a code, and none ends the program.

use pc_base::{Code, Coded};
use pc_model::ModelFolder;

/// Writes the format's little-endian fields.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn int(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    fn long(&mut self, value: usize) {
        self.0.extend((value as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.long(text.len());
        self.0.extend(text.as_bytes());
    }

    fn entry(&mut self, key: &str, kind: u32) {
        self.text(key);
        self.int(kind);
    }

    fn tensor(&mut self, name: &str, shape: &[usize], offset: usize) {
        self.text(name);
        self.int(shape.len() as u32);
        shape.iter().rev().for_each(|size| self.long(*size));
        self.int(0);
        self.long(offset);
    }
}

/// A Llama of one layer with two heads of four rows, and a vocabulary of three pieces.
fn model() -> Vec<u8> {
    let sizes = [
        ("embedding_length", 8),
        ("block_count", 1),
        ("feed_forward_length", 8),
        ("context_length", 16),
        ("attention.head_count", 2),
        ("attention.head_count_kv", 1),
    ];
    let mut out = Writer(b"GGUF".to_vec());
    out.int(3);
    out.long(3);
    out.long(sizes.len() + 6);
    out.entry("general.architecture", 8);
    out.text("llama");
    for (name, size) in sizes {
        out.entry(&format!("llama.{name}"), 4);
        out.int(size);
    }
    out.entry("tokenizer.ggml.model", 8);
    out.text("llama");
    out.entry("tokenizer.ggml.add_space_prefix", 7);
    out.0.push(0);
    out.entry("tokenizer.ggml.tokens", 9);
    out.int(8);
    out.long(3);
    ["a", "b", "ab"].iter().for_each(|piece| out.text(piece));
    for (name, kind) in [("scores", 6), ("token_type", 5)] {
        out.entry(&format!("tokenizer.ggml.{name}"), 9);
        out.int(kind);
        out.long(3);
        (0..3).for_each(|_| out.int(1));
    }
    out.tensor("token_embd.weight", &[3, 8], 0);
    out.tensor("blk.0.attn_q.weight", &[8, 8], 96);
    out.tensor("blk.0.attn_norm.weight", &[8], 352);
    out.0.resize(out.0.len().next_multiple_of(32), 0);
    out.0.extend((0..96u32).flat_map(|at| (at as f32).to_le_bytes()));
    out.0
}

/// Reads everything that can be read of a file.
fn read(bytes: &[u8]) -> anyhow::Result<usize> {
    let work = tempfile::tempdir()?;
    let path = work.path().join("model.gguf");
    pc_base::write_atomic(&path, bytes)?;
    let folder = ModelFolder::open(&path)?;
    let weights = folder.weights()?;
    let values: usize =
        weights.names().iter().map(|name| weights.f32(name).map(|values| values.len())).sum::<anyhow::Result<_>>()?;
    folder.tokenizer()?.encode("ab")?;
    Ok(values)
}

fn code(error: &anyhow::Error) -> Code {
    error.downcast_ref::<Coded>().unwrap_or_else(|| panic!("a refusal has a code: {error:#}")).code
}

#[test]
fn the_whole_file_is_read() {
    assert_eq!(read(&model()).unwrap(), 96, "three tensors of 24, 64 and 8 values");
}

#[test]
fn every_shorter_file_is_refused() {
    let whole = model();
    for length in (0..whole.len()).step_by(3) {
        let refused = code(&read(&whole[..length]).unwrap_err());
        assert!(matches!(refused, Code::ModelFileTruncated | Code::ModelFileInvalid), "{length}: {refused:?}");
    }
}

#[test]
fn a_changed_byte_is_read_or_refused() {
    let whole = model();
    let header = whole.len() - 96 * 4;
    let mut refusals = 0;
    for at in 0..header {
        for value in [0, 0xFF] {
            let mut changed = whole.clone();
            changed[at] = value;
            // A panic fails the test; what is refused must have a code that a person can be told.
            refusals += usize::from(read(&changed).is_err_and(|error| code(&error) != Code::Internal));
        }
    }
    assert!(refusals > header / 2, "most fields matter: {refusals}");
}

#[test]
fn rotary_factors_are_refused_instead_of_ignored() {
    let mut text = model();
    let at = text.windows(22).position(|w| w == b"blk.0.attn_norm.weight").unwrap();
    text[at - 8] = 17;
    text.splice(at..at + 22, *b"rope_freqs.weight");
    assert_eq!(code(&read(&text).unwrap_err()), Code::ModelFileInvalid, "the positions would be wrong without a word");
}
