//! Rows of any shape through a guess and the recipe that it makes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pc_dataset_fuzz::mapping(bytes));
