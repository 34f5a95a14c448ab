//! Bytes as a file that ends in `.pdf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pc_dataset_fuzz::document("pdf", bytes));
