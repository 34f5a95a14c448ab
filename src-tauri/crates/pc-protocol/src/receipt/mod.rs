//! Receipts: what a cloud states, and signs, about a file that it took or destroyed; the same envelope carries what a console
//! states about personal data ([`PrivacyStatement`]). Pure functions, so that a receipt is checked without the cloud and without
//! a network.
//!
//! The hashes are over the plain text in chunks of [`CHUNK`] bytes, because the plain text is what its owner has: hashes of
//! the sealed form could be compared with nothing outside of the cloud. The signature is over the statement's exact text,
//! which therefore travels as text: nobody has to agree on how JSON is written.

mod privacy;

use std::io::Read;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use privacy::{PrivacyStatement, StatedPlace};

/// Bytes of a chunk; the last one is shorter.
pub const CHUNK: u64 = 4 << 20;
const ALGORITHM: &str = "Ed25519";
/// The statement's form; another one is refused, not guessed at.
const VERSION: u32 = 1;

/// What happened to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It was stored, sealed.
    Upload,
    /// It was destroyed: its sealed bytes and whatever lay open of it.
    Deletion,
}

impl Action {
    /// `upload` or `deletion`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Deletion => "deletion",
        }
    }
}

/// What is stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Statement {
    pub version: u32,
    pub receipt_id: String,
    pub action: Action,
    /// RFC 3339.
    pub time: String,
    /// The workspace.
    pub tenant: String,
    pub file_id: String,
    pub name: String,
    pub bytes: u64,
    /// [`CHUNK`].
    pub chunk_bytes: u64,
    /// Hex SHA-256 of each chunk of the plain text; none for the deletion of what could not be read any more.
    pub chunks: Vec<String>,
    /// Names the data key that seals, or sealed, the bytes: 16 hex digits.
    pub key_id: String,
    /// The API key that asked for it; empty where none did, as at the end of a file's time.
    pub api_key_id: String,
}

impl Statement {
    /// One about a file in chunks of the usual size.
    pub fn of(action: Action, receipt_id: String) -> Self {
        Self {
            version: VERSION,
            receipt_id,
            action,
            time: String::new(),
            tenant: String::new(),
            file_id: String::new(),
            name: String::new(),
            bytes: 0,
            chunk_bytes: CHUNK,
            chunks: Vec::new(),
            key_id: String::new(),
            api_key_id: String::new(),
        }
    }
}

/// A signed statement: a [`Statement`] about a file, or a [`PrivacyStatement`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Receipt {
    /// The JSON of what is stated.
    pub statement: String,
    pub algorithm: String,
    /// Hex.
    pub public_key: String,
    /// See [`fingerprint`].
    pub fingerprint: String,
    /// Hex.
    pub signature: String,
}

/// What a receipt may state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Stated {
    File(Statement),
    Privacy(PrivacyStatement),
}

/// What is wrong with a receipt, or with the data beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no receipt, or one of another version: what does not fit.
    Form(&'static str),
    /// The fingerprint is not that of the public key.
    Fingerprint,
    /// The signature is not that key's over this statement.
    Signature,
    /// The data has another length.
    Length { stated: u64, found: u64 },
    /// The first chunk that differs, and the bytes that it stands for: from the first to the one behind the last.
    Chunk { number: u64, from: u64, to: u64 },
}

/// How people compare a public key: `SHA256:` and the hex hash of its 32 bytes.
pub fn fingerprint(public_key: &[u8]) -> String {
    format!("SHA256:{}", hex::encode(Sha256::digest(public_key)))
}

impl Receipt {
    /// Signs a [`Statement`] or a [`PrivacyStatement`] with a key's 32 secret bytes.
    pub fn sign(statement: &impl Serialize, secret: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(secret);
        let statement = serde_json::to_string(statement).expect("text and numbers serialise");
        let public_key = key.verifying_key();
        Self {
            signature: hex::encode(key.sign(statement.as_bytes()).to_bytes()),
            statement,
            algorithm: ALGORITHM.to_owned(),
            public_key: hex::encode(public_key.as_bytes()),
            fingerprint: fingerprint(public_key.as_bytes()),
        }
    }

    /// Reads a receipt's document.
    pub fn read(document: &[u8]) -> Result<Self, Fault> {
        serde_json::from_slice(document).map_err(|_| Fault::Form("the document"))
    }

    /// The statement about a file, once the signature has been found right. Whose key it is the fingerprint tells, to whoever
    /// knows it.
    pub fn verified(&self) -> Result<Statement, Fault> {
        match self.stated()? {
            Stated::File(statement) => Ok(statement),
            Stated::Privacy(_) => Err(Fault::Form("the statement")),
        }
    }

    /// What is stated, once the signature has been found right.
    pub fn stated(&self) -> Result<Stated, Fault> {
        self.signed()?;
        // Neither has all fields of the other, so a text is one of them at most.
        if let Ok(statement) = serde_json::from_str::<PrivacyStatement>(&self.statement) {
            return if statement.is_known() {
                Ok(Stated::Privacy(statement))
            } else {
                Err(Fault::Form("the statement"))
            };
        }
        let statement: Statement = serde_json::from_str(&self.statement).map_err(|_| Fault::Form("the statement"))?;
        let known = statement.version == VERSION && statement.chunk_bytes == CHUNK;
        let whole = statement.chunks.len() as u64 == statement.bytes.div_ceil(CHUNK);
        let whole = whole || statement.lacks_hashes();
        if known && whole { Ok(Stated::File(statement)) } else { Err(Fault::Form("the statement")) }
    }

    /// The signature is the named key's over the statement's text.
    fn signed(&self) -> Result<(), Fault> {
        if self.algorithm != ALGORITHM {
            return Err(Fault::Form("the algorithm"));
        }
        let public: [u8; 32] = bytes(&self.public_key).ok_or(Fault::Form("the public key"))?;
        if self.fingerprint != fingerprint(&public) {
            return Err(Fault::Fingerprint);
        }
        let key = VerifyingKey::from_bytes(&public).map_err(|_| Fault::Form("the public key"))?;
        let signature: [u8; 64] = bytes(&self.signature).ok_or(Fault::Form("the signature"))?;
        let signature = Signature::from_bytes(&signature);
        key.verify_strict(self.statement.as_bytes(), &signature).map_err(|_| Fault::Signature)
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex::decode(text).ok()?.try_into().ok()
}

impl Statement {
    /// Whether it is about a deletion of what could not be read any more, so that no data can be held against it.
    fn lacks_hashes(&self) -> bool {
        self.action == Action::Deletion && self.chunks.is_empty() && self.bytes > 0
    }
}

/// Compares data with a statement, chunk by chunk, and names the first difference. Holds one chunk.
pub fn compare(statement: &Statement, mut data: impl Read) -> std::io::Result<Result<(), Fault>> {
    if statement.lacks_hashes() {
        return Ok(Err(Fault::Form("the hashes, which were not known")));
    }
    let (stated, mut found, mut chunk) = (statement.bytes, 0, Vec::new());
    for (number, hash) in (0_u64..).zip(&statement.chunks) {
        let (from, to) = (number * CHUNK, ((number + 1) * CHUNK).min(stated));
        chunk.clear();
        found += data.by_ref().take(to - from).read_to_end(&mut chunk)? as u64;
        if found < to {
            break;
        }
        if *hash != hex::encode(Sha256::digest(&chunk)) {
            return Ok(Err(Fault::Chunk { number, from, to }));
        }
    }
    found += std::io::copy(&mut data, &mut std::io::sink())?;
    Ok(if found == stated { Ok(()) } else { Err(Fault::Length { stated, found }) })
}

/// The hashes of what streams by, chunk by chunk.
#[derive(Clone, Default)]
pub struct ChunkHashes {
    done: Vec<String>,
    chunk: Sha256,
    filled: u64,
}

impl ChunkHashes {
    /// Takes in what comes next.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(CHUNK - self.filled).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.chunk.update(now);
            self.filled += now.len() as u64;
            if self.filled == CHUNK {
                self.done.push(hex::encode(self.chunk.finalize_reset()));
                self.filled = 0;
            }
            bytes = rest;
        }
    }

    /// All of them, the last and shorter one included.
    pub fn finish(mut self) -> Vec<String> {
        if self.filled > 0 {
            self.done.push(hex::encode(self.chunk.finalize()));
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(len: u64) -> Vec<u8> {
        (0..len).map(|n| (n * 31 % 251) as u8).collect()
    }

    fn about(data: &[u8]) -> Statement {
        let mut hashes = ChunkHashes::default();
        data.chunks(1000).for_each(|part| hashes.update(part));
        Statement {
            bytes: data.len() as u64,
            chunks: hashes.finish(),
            file_id: "f".into(),
            ..Statement::of(Action::Upload, "r".into())
        }
    }

    #[test]
    fn what_was_signed_is_verified_and_a_changed_byte_is_not() {
        let receipt = Receipt::sign(&about(b"breakfast"), &[7; 32]);
        assert_eq!(receipt.verified().unwrap(), about(b"breakfast"));
        let read = Receipt::read(&serde_json::to_vec(&receipt).unwrap()).unwrap();
        assert_eq!(read, receipt);
        let changed = Receipt { statement: receipt.statement.replace("upload", "deletion"), ..receipt.clone() };
        assert_eq!(changed.verified(), Err(Fault::Signature));
        let other = Receipt::sign(&about(b"breakfast"), &[8; 32]);
        let swapped = Receipt { public_key: other.public_key.clone(), ..receipt.clone() };
        assert_eq!(swapped.verified(), Err(Fault::Fingerprint));
        let swapped = Receipt { fingerprint: other.fingerprint, ..swapped };
        assert_eq!(swapped.verified(), Err(Fault::Signature));
        for bad in ["", "zz", "00"] {
            assert!(matches!(Receipt { signature: bad.into(), ..receipt.clone() }.verified(), Err(Fault::Form(_))));
            assert!(matches!(Receipt { public_key: bad.into(), ..receipt.clone() }.verified(), Err(Fault::Form(_))));
        }
        assert!(Receipt::read(b"{}").is_err());
    }

    #[test]
    fn the_first_difference_is_named() {
        let whole = data(2 * CHUNK + 5);
        let statement = about(&whole);
        assert_eq!(statement.chunks.len(), 3);
        let compared = |bytes: &[u8]| compare(&statement, bytes).unwrap();
        assert_eq!(compared(&whole), Ok(()));
        for (at, number) in [(0, 0), (CHUNK, 1), (2 * CHUNK + 4, 2)] {
            let mut bad = whole.clone();
            bad[at as usize] ^= 1;
            let to = ((number + 1) * CHUNK).min(statement.bytes);
            assert_eq!(compared(&bad), Err(Fault::Chunk { number, from: number * CHUNK, to }), "byte {at}");
        }
        let stated = statement.bytes;
        for found in [0, CHUNK, CHUNK + 1, stated - 1] {
            assert_eq!(compared(&whole[..found as usize]), Err(Fault::Length { stated, found }), "cut at {found}");
        }
        let longer = data(stated + 1);
        assert_eq!(compared(&longer), Err(Fault::Length { stated, found: stated + 1 }));
        assert_eq!(compare(&about(b""), &b""[..]).unwrap(), Ok(()));
    }
}
