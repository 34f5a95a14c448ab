//! Bytes as a file that ends in `.csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pc_dataset_fuzz::rows("csv", bytes));
