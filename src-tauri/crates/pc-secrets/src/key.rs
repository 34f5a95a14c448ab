//! The two levels of keys: a master key from the keychain wraps one data key per workspace, so that the
//! master key can change without anything being encrypted again. Deliberately absent: where keys are kept.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac as _};
use pc_base::{Code, Secret, coded};
use rand::{RngCore as _, TryRngCore as _};
use sha2::Sha256;
use zeroize::Zeroize as _;

const WRAP_VERSION: u8 = 1;
const NONCE: usize = 12;

/// The key of keys: 32 random bytes.
pub struct MasterKey(Secret<[u8; 32]>);

impl MasterKey {
    /// A new random one.
    pub fn generate() -> Self {
        Self(Secret::new(random()))
    }

    /// From kept bytes; refuses any other length than 32.
    pub fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| coded(Code::SealedDamaged))?;
        Ok(Self(Secret::new(bytes)))
    }

    /// The bytes, for the keychain or a child process. Never store them elsewhere.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// A data key that needs not be kept, because it is always the same for a purpose such as `console`.
    pub fn derived(&self, purpose: &str) -> DataKey {
        DataKey(Secret::new(prf(self.0.expose(), &[b"derived data key\0", purpose.as_bytes()])))
    }

    /// Text that is always the same for a purpose and tells nothing of the key: 64 hex digits. For credentials that must
    /// outlive a restart without being kept anywhere.
    pub fn derived_text(&self, purpose: &str) -> Secret<String> {
        Secret::new(hex::encode(prf(self.0.expose(), &[b"derived text\0", purpose.as_bytes()])))
    }

    /// The data key in a form that may lie on disk, bound to `identity` (such as `workspace/llm-1`).
    pub fn wrap(&self, key: &DataKey, identity: &str) -> Vec<u8> {
        let nonce: [u8; NONCE] = random();
        let payload = Payload { msg: key.0.expose(), aad: identity.as_bytes() };
        let sealed = self.wrapping_cipher().encrypt(Nonce::from_slice(&nonce), payload);
        let sealed = sealed.expect("32 bytes are within the cipher's limit");
        [&[WRAP_VERSION], nonce.as_slice(), sealed.as_slice()].concat()
    }

    /// The way back. [`Code::SealedDamaged`] when the master key, the identity or a byte is not the same.
    pub fn unwrap(&self, wrapped: &[u8], identity: &str) -> anyhow::Result<DataKey> {
        let damaged = || coded(Code::SealedDamaged);
        let (version, rest) = wrapped.split_first().ok_or_else(damaged)?;
        if *version != WRAP_VERSION || rest.len() <= NONCE {
            return Err(damaged().into());
        }
        let (nonce, sealed) = rest.split_at(NONCE);
        let payload = Payload { msg: sealed, aad: identity.as_bytes() };
        let mut key = self.wrapping_cipher().decrypt(Nonce::from_slice(nonce), payload).map_err(|_| damaged())?;
        let bytes = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| damaged());
        key.zeroize();
        Ok(DataKey(Secret::new(bytes?)))
    }

    fn wrapping_cipher(&self) -> Aes256Gcm {
        let key = Secret::new(prf(self.0.expose(), &[b"wrap data keys"]));
        Aes256Gcm::new_from_slice(key.expose()).expect("the key has 32 bytes")
    }
}

/// What seals records: 32 bytes, one key a workspace.
pub struct DataKey(Secret<[u8; 32]>);

impl DataKey {
    /// A new random one.
    pub fn generate() -> Self {
        Self(Secret::new(random()))
    }

    /// Names the key without telling it; written into every sealed record.
    pub fn id(&self) -> [u8; 8] {
        let digest = prf(self.0.expose(), &[b"key id"]);
        digest[..8].try_into().expect("a digest has 32 bytes")
    }

    /// The cipher of one record. The salt makes every record's key its own, so that a counter can be its nonce.
    pub(crate) fn record_cipher(&self, salt: &[u8; 16]) -> Aes256Gcm {
        let key = Secret::new(prf(self.0.expose(), &[b"record\0", salt]));
        Aes256Gcm::new_from_slice(key.expose()).expect("the key has 32 bytes")
    }
}

/// HMAC-SHA256 as the key derivation: the keys that it starts from are uniformly random (RFC 5869, section 3.3).
fn prf(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rngs::OsRng.unwrap_err().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_key_comes_back_only_with_its_master_and_its_identity() {
        let (master, other) = (MasterKey::generate(), MasterKey::generate());
        let key = DataKey::generate();
        let wrapped = master.wrap(&key, "workspace/a");
        assert_eq!(master.unwrap(&wrapped, "workspace/a").unwrap().id(), key.id());
        assert!(other.unwrap(&wrapped, "workspace/a").is_err(), "another master key must not open it");
        assert!(master.unwrap(&wrapped, "workspace/b").is_err(), "one workspace's key must not serve another");
        for at in 0..wrapped.len() {
            let mut bad = wrapped.clone();
            bad[at] ^= 1;
            assert!(master.unwrap(&bad, "workspace/a").is_err(), "byte {at} is covered");
        }
        assert!(master.unwrap(&wrapped[..10], "workspace/a").is_err(), "a short one is refused, not a panic");
    }

    #[test]
    fn derived_keys_are_the_same_for_a_purpose_and_differ_between_them() {
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        assert_eq!(master.derived("console").id(), master.derived("console").id());
        assert_ne!(master.derived("console").id(), master.derived("cloud").id());
        assert!(MasterKey::from_bytes(&[7; 31]).is_err());
    }
}
