//! Writing a `model.safetensors` of f32 tensors one at a time, so that a model is not held in memory twice.
//! Format: eight bytes of header length, a JSON header padded to eight bytes, the tensors one after another.
//! Deliberately absent: other types, and reading, which is `weights`'.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, json};

/// Writes tensors of the announced names and shapes; `fill` hands over each one's values in that order. The file is
/// complete and on disk when this returns, but appears under its name at once: write it into a folder that is not seen yet.
pub fn write_safetensors(
    path: &Path,
    tensors: &[(&str, &[usize])],
    fill: impl FnOnce(&mut dyn FnMut(&[f32]) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let mut header = Map::from_iter([("__metadata__".to_owned(), json!({"format": "pt"}))]);
    let mut sizes = Vec::with_capacity(tensors.len());
    let mut end = 0;
    for (name, shape) in tensors {
        let start = end;
        let size: usize = shape.iter().product();
        end += 4 * size;
        header.insert((*name).to_owned(), json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]}));
        sizes.push(size);
    }
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let writing = || format!("writing {}", path.display());
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).with_context(writing)?);
    file.write_all(&(header.len() as u64).to_le_bytes()).with_context(writing)?;
    file.write_all(&header).with_context(writing)?;
    let mut sizes = sizes.into_iter();
    fill(&mut |values| {
        ensure!(sizes.next() == Some(values.len()), "a tensor is not as it was announced");
        write_f32(&mut file, values).with_context(writing)
    })?;
    ensure!(sizes.next().is_none(), "a tensor is missing");
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all().with_context(writing)
}

/// Little-endian, some at a time.
fn write_f32(file: &mut impl std::io::Write, values: &[f32]) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(4 * values.len().min(1 << 16));
    for part in values.chunks(1 << 16) {
        bytes.clear();
        bytes.extend(part.iter().flat_map(|value| value.to_le_bytes()));
        file.write_all(&bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Weights;

    #[test]
    fn what_is_written_is_read_back_by_name_and_shape() {
        let dir = tempfile::tempdir().unwrap();
        let tensors: [(&str, &[usize]); 2] = [("b.weight", &[2, 3]), ("a.bias", &[1])];
        let path = dir.path().join("model.safetensors");
        write_safetensors(&path, &tensors, |put| {
            put(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
            put(&[-0.5])
        })
        .unwrap();
        let weights = Weights::open_folder(dir.path()).unwrap();
        assert_eq!(weights.f32_shaped("b.weight", &[2, 3]).unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(weights.f32("a.bias").unwrap(), [-0.5]);
        assert!(write_safetensors(&path, &tensors, |put| put(&[1.0])).is_err(), "a wrong length is noticed");
        assert!(write_safetensors(&path, &tensors, |put| put(&[0.0; 6])).is_err(), "and a missing tensor");
    }
}
