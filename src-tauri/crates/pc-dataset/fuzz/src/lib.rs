//! What every target does: put the bytes into a file, and read it to its end. Errors are fine, panics and endless memory are not.

use std::path::Path;

use pc_base::Cancel;
use pc_dataset::map::{guess, preview};
use pc_dataset::passages::{PassageOptions, passages};
use pc_dataset::read::{ReadOptions, detect, start};

fn with_file(ending: &str, bytes: &[u8], work: impl FnOnce(&Path)) {
    let file = tempfile::Builder::new().suffix(&format!(".{ending}")).tempfile().expect("a temporary file can be made");
    std::io::Write::write_all(&mut file.as_file(), bytes).expect("it can be written");
    work(file.path());
}

/// Reads rows.
pub fn rows(ending: &str, bytes: &[u8]) {
    with_file(ending, bytes, |path| {
        if let Ok(reading) = start(path, &ReadOptions::default()) {
            let errors = reading.take(100_000).filter(Result::is_err).count();
            assert!(errors <= 1, "nothing follows an error");
        }
    });
}

/// Detects, guesses a recipe, and applies it.
pub fn mapping(bytes: &[u8]) {
    with_file("jsonl", bytes, |path| {
        if let Ok(found) = detect(path, &ReadOptions::default()) {
            let records = found.records();
            preview(&guess(&records).recipe, &records, "a.jsonl").expect("a guessed recipe is a right one");
        }
    });
}

/// Splits a document.
pub fn document(ending: &str, bytes: &[u8]) {
    let options = PassageOptions { max_chars: 50, overlap_chars: 10 };
    with_file(ending, bytes, |path| drop(passages(path, &options, &Cancel::default(), &mut |_| Ok(()))));
}
