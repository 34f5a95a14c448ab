//! What a console states, and signs, about personal data in a data set: what was found where, and what was done with it.
//! Deliberately absent: anything of what was found; the signature, which is a receipt's.

use std::collections::BTreeMap;
use std::io::Read;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Fault;

/// The statement's form; another one is refused, not guessed at.
const VERSION: u32 = 1;

/// Tells this statement from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    #[default]
    Privacy,
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedPlace {
    /// Such as `mobile`.
    pub kind: String,
    /// 1-based, in the input.
    pub line: u64,
    /// JSON path within the line.
    pub at: String,
}

/// What is stated about a data set and the one that masking made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivacyStatement {
    pub version: u32,
    pub about: About,
    /// RFC 3339.
    pub time: String,
    /// Of the data set, or of the file.
    pub name: String,
    /// Hex, of what was looked through.
    pub input_sha256: String,
    pub input_bytes: u64,
    /// Hex, of what was made of it.
    pub output_sha256: String,
    pub output_bytes: u64,
    pub rows: u64,
    /// Finds by kind.
    pub found: BTreeMap<String, u64>,
    /// Finds by kind and by what was done with them.
    pub done: BTreeMap<String, BTreeMap<String, u64>>,
    /// The first places, in the file's order.
    pub places: Vec<StatedPlace>,
    /// How many there are in all.
    pub places_total: u64,
    /// The program and its version, such as `partner 0.1.0`: rules of finding change.
    pub engine: String,
}

impl PrivacyStatement {
    /// One of today's form.
    pub fn new() -> Self {
        Self { version: VERSION, ..Self::default() }
    }

    pub(crate) fn is_known(&self) -> bool {
        self.version == VERSION
    }

    /// Compares data with the output that is stated.
    pub fn compare(&self, mut data: impl Read) -> std::io::Result<Result<(), Fault>> {
        let (stated, mut hash) = (self.output_bytes, Sha256::new());
        let found = std::io::copy(&mut data, &mut hash)?;
        Ok(if found != stated {
            Err(Fault::Length { stated, found })
        } else if hex::encode(hash.finalize()) != self.output_sha256 {
            Err(Fault::Chunk { number: 0, from: 0, to: stated })
        } else {
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::{Action, Receipt, Stated, Statement};

    fn about(data: &[u8]) -> PrivacyStatement {
        PrivacyStatement {
            output_sha256: hex::encode(Sha256::digest(data)),
            output_bytes: data.len() as u64,
            found: BTreeMap::from([("mobile".into(), 3)]),
            ..PrivacyStatement::new()
        }
    }

    #[test]
    fn one_envelope_carries_both_statements_and_takes_neither_for_the_other() {
        let privacy = Receipt::sign(&about(b"rows"), &[7; 32]);
        assert_eq!(privacy.stated(), Ok(Stated::Privacy(about(b"rows"))));
        assert_eq!(privacy.verified(), Err(Fault::Form("the statement")));
        let file = Receipt::sign(&Statement::of(Action::Upload, "r".into()), &[7; 32]);
        assert!(matches!(file.stated(), Ok(Stated::File(_))));
        let changed = Receipt { statement: privacy.statement.replace(":3", ":2"), ..privacy.clone() };
        assert_eq!(changed.stated(), Err(Fault::Signature));
        let later = Receipt::sign(&PrivacyStatement { version: 2, ..about(b"rows") }, &[7; 32]);
        assert_eq!(later.stated(), Err(Fault::Form("the statement")), "another form is not guessed at");
    }

    #[test]
    fn data_is_compared_with_what_was_made() {
        let compared = |data: &[u8]| about(b"rows").compare(data).unwrap();
        assert_eq!(compared(b"rows"), Ok(()));
        assert_eq!(compared(b"row"), Err(Fault::Length { stated: 4, found: 3 }));
        assert_eq!(compared(b"rowS"), Err(Fault::Chunk { number: 0, from: 0, to: 4 }));
    }
}
