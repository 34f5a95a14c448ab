//! The bundled hotel sample: customer-service conversations of an invented hotel, in Chinese and English, and
//! the golden set that shows whether a model learned them.

use crate::{Golden, Row};

/// The training conversations, as ChatML JSONL.
pub const TRAIN: &str = include_str!("../sample/hotel-train.jsonl");
/// The golden set, as JSON: a list of [`Golden`].
pub const GOLDEN: &str = include_str!("../sample/hotel-golden.json");
/// The name under which the sample is uploaded.
pub const FILE_NAME: &str = "hotel-train.jsonl";

/// The golden set, parsed.
pub fn golden() -> Vec<Golden> {
    serde_json::from_str(GOLDEN).expect("the bundled golden set is valid: a test holds it")
}

/// The training rows, parsed.
pub fn rows() -> Vec<Row> {
    TRAIN.lines().map(|line| serde_json::from_str(line).expect("every bundled row is valid: a test holds it")).collect()
}
