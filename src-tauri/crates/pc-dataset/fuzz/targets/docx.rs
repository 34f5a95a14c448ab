//! Bytes as a file that ends in `.docx`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pc_dataset_fuzz::document("docx", bytes));
