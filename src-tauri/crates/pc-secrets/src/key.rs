//! The two levels of keys: a master key from the keychain wraps one data key per workspace, so that the
//! master key can change without anything being encrypted again. Deliberately absent: where keys are kept.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac as _};
use pc_base::{Code, Secret, coded};
use rand::{RngCore as _, TryRngCore as _};
use sha2::Sha256;
use zeroize::Zeroize as _;

use crate::Keyring;

const WRAP_VERSION: u8 = 1;
const NONCE: usize = 12;

/// The key of keys: 32 random bytes, and those that it replaced. They only open what has not been opened since, because
/// nobody knows every folder that lies below them.
pub struct MasterKey {
    now: Secret<[u8; 32]>,
    /// The newest first.
    older: Vec<Secret<[u8; 32]>>,
}

impl MasterKey {
    /// A new random one.
    pub fn generate() -> Self {
        Self { now: Secret::new(random()), older: Vec::new() }
    }

    /// From kept bytes, the present key first; refuses any other length than that of whole keys.
    pub fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        let damaged = || anyhow::Error::new(coded(Code::SealedDamaged));
        let whole = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).map(Secret::new).map_err(|_| damaged());
        let mut keys = bytes.chunks(32).map(whole);
        let now = keys.next().ok_or_else(damaged)??;
        Ok(Self { now, older: keys.collect::<anyhow::Result<_>>()? })
    }

    /// The present key's bytes, for a child process. Never store them elsewhere.
    pub fn expose(&self) -> &[u8; 32] {
        self.now.expose()
    }

    /// All of them, as [`MasterKey::from_bytes`] reads them, for the keychain.
    pub(crate) fn kept(&self) -> Secret<Vec<u8>> {
        Secret::new(self.all().flatten().copied().collect())
    }

    fn all(&self) -> impl Iterator<Item = &[u8; 32]> {
        std::iter::once(&self.now).chain(&self.older).map(Secret::expose)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        1 + self.older.len()
    }

    /// A new key in front of this one.
    #[must_use]
    pub fn replaced(mut self) -> Self {
        self.older.insert(0, self.now);
        Self { now: Secret::new(random()), older: self.older }
    }

    /// A data key that needs not be kept, because it is always the same for a purpose such as `console`; with what it was
    /// below older master keys.
    pub fn derived(&self, purpose: &str) -> Keyring {
        let of = |key| DataKey(Secret::new(prf(key, &[b"derived data key\0", purpose.as_bytes()])));
        let mut versions: Vec<DataKey> = self.all().map(of).collect();
        versions.reverse();
        Keyring::new(versions).expect("there is a present key")
    }

    /// Text that is always the same for a purpose and tells nothing of the key: 64 hex digits. For credentials that must
    /// outlive a restart without being kept anywhere.
    pub fn derived_text(&self, purpose: &str) -> Secret<String> {
        Secret::new(hex::encode(prf(self.now.expose(), &[b"derived text\0", purpose.as_bytes()])))
    }

    /// The data key in a form that may lie on disk, bound to `identity` (such as `workspace/llm-1`).
    pub fn wrap(&self, key: &DataKey, identity: &str) -> Vec<u8> {
        let nonce: [u8; NONCE] = random();
        let payload = Payload { msg: key.0.expose(), aad: identity.as_bytes() };
        let sealed = wrapping_cipher(self.now.expose()).encrypt(Nonce::from_slice(&nonce), payload);
        let sealed = sealed.expect("32 bytes are within the cipher's limit");
        [&[WRAP_VERSION], nonce.as_slice(), sealed.as_slice()].concat()
    }

    /// The way back. [`Code::SealedDamaged`] when no master key, or not the identity, or a byte is not the same.
    pub fn unwrap(&self, wrapped: &[u8], identity: &str) -> anyhow::Result<DataKey> {
        let opened = self.all().find_map(|key| Self::opened(key, wrapped, identity).ok());
        opened.ok_or_else(|| coded(Code::SealedDamaged).into())
    }

    /// The same data key wrapped by the present key; nothing where it is already.
    pub fn rewrap(&self, wrapped: &[u8], identity: &str) -> anyhow::Result<Option<Vec<u8>>> {
        if Self::opened(self.now.expose(), wrapped, identity).is_ok() {
            return Ok(None);
        }
        Ok(Some(self.wrap(&self.unwrap(wrapped, identity)?, identity)))
    }

    fn opened(key: &[u8; 32], wrapped: &[u8], identity: &str) -> anyhow::Result<DataKey> {
        let damaged = || coded(Code::SealedDamaged);
        let (version, rest) = wrapped.split_first().ok_or_else(damaged)?;
        if *version != WRAP_VERSION || rest.len() <= NONCE {
            return Err(damaged().into());
        }
        let (nonce, sealed) = rest.split_at(NONCE);
        let payload = Payload { msg: sealed, aad: identity.as_bytes() };
        let cipher = wrapping_cipher(key);
        let mut key = cipher.decrypt(Nonce::from_slice(nonce), payload).map_err(|_| damaged())?;
        let bytes = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| damaged());
        key.zeroize();
        Ok(DataKey(Secret::new(bytes?)))
    }
}

fn wrapping_cipher(key: &[u8; 32]) -> Aes256Gcm {
    let key = Secret::new(prf(key, &[b"wrap data keys"]));
    Aes256Gcm::new_from_slice(key.expose()).expect("the key has 32 bytes")
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
    use crate::Keys as _;

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
        let id = |purpose: &str| master.derived(purpose).newest().id();
        assert_eq!(id("console"), id("console"));
        assert_ne!(id("console"), id("cloud"));
        for bad in [0, 31, 33] {
            assert!(MasterKey::from_bytes(&[7; 64][..bad]).is_err(), "{bad} bytes");
        }
    }

    #[test]
    fn a_replaced_master_key_opens_what_it_wrapped_until_it_is_wrapped_anew() {
        let old = MasterKey::from_bytes(&[7; 32]).unwrap();
        let (key, sealed) = (DataKey::generate(), crate::seal(&old.derived("console"), "a", b"secret"));
        let wrapped = old.wrap(&key, "w");
        assert_eq!(old.rewrap(&wrapped, "w").unwrap(), None, "it is by the present key");
        let both = old.replaced();
        assert_eq!(both.unwrap(&wrapped, "w").unwrap().id(), key.id());
        let anew = both.rewrap(&wrapped, "w").unwrap().unwrap();
        let new = MasterKey::from_bytes(both.expose()).unwrap();
        assert_eq!(new.unwrap(&anew, "w").unwrap().id(), key.id(), "the old key is not needed for it any more");
        assert!(new.unwrap(&wrapped, "w").is_err() && new.rewrap(&wrapped, "w").is_err());
        assert_eq!(crate::open(&both.derived("console"), "a", &sealed).unwrap(), b"secret");
        let kept = MasterKey::from_bytes(both.kept().expose()).unwrap();
        assert_eq!((kept.count(), kept.expose()), (2, both.expose()));
    }
}
