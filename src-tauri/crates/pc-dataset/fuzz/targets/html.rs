//! Bytes as a file that ends in `.html`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pc_dataset_fuzz::document("html", bytes));
