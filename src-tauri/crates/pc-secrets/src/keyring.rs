//! Versions of a data key: the newest seals, every one opens what it once sealed. So a key rotates without a record being
//! written again. Deliberately absent: where the versions are kept.

use std::sync::Arc;

use crate::DataKey;

/// What seals and opens records: one key, or a key with its older versions.
pub trait Keys {
    /// Seals new records.
    fn newest(&self) -> &DataKey;

    /// Opens a record that names its key by this id.
    fn with_id(&self, id: [u8; 8]) -> Option<&DataKey>;
}

impl Keys for DataKey {
    fn newest(&self) -> &DataKey {
        self
    }

    fn with_id(&self, id: [u8; 8]) -> Option<&DataKey> {
        (self.id() == id).then_some(self)
    }
}

impl<K: Keys + ?Sized> Keys for Arc<K> {
    fn newest(&self) -> &DataKey {
        (**self).newest()
    }

    fn with_id(&self, id: [u8; 8]) -> Option<&DataKey> {
        (**self).with_id(id)
    }
}

/// All versions of one data key.
pub struct Keyring {
    newest: DataKey,
    older: Vec<DataKey>,
}

impl Keyring {
    /// From versions, oldest first; nothing where there is none.
    pub fn new(mut versions: Vec<DataKey>) -> Option<Self> {
        let newest = versions.pop()?;
        Some(Self { newest, older: versions })
    }
}

impl Keys for Keyring {
    fn newest(&self) -> &DataKey {
        &self.newest
    }

    fn with_id(&self, id: [u8; 8]) -> Option<&DataKey> {
        std::iter::once(&self.newest).chain(&self.older).find(|key| key.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MasterKey, open, seal};

    #[test]
    fn an_older_version_opens_what_it_sealed_and_seals_nothing_new() {
        let master = MasterKey::generate();
        let (first, second) = (DataKey::generate(), DataKey::generate());
        let old = seal(&first, "a", b"before");
        let wrapped = master.wrap(&first, "w");
        let ring = Keyring::new(vec![first, second]).unwrap();
        assert_eq!(open(&ring, "a", &old).unwrap(), b"before");
        let new = seal(&ring, "a", b"after");
        assert_eq!(open(&ring, "a", &new).unwrap(), b"after");
        assert!(open(&master.unwrap(&wrapped, "w").unwrap(), "a", &new).is_err(), "the old one alone is not enough");
        assert!(Keyring::new(Vec::new()).is_none());
    }
}
