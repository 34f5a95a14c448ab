//! System keychain or key file; envelope sealing (master key, data key, AEAD). The keychain holds one thing,
//! the master key; everything else that is secret is sealed below it. Deliberately absent: any log line, and
//! any knowledge of what is sealed.

mod key;
mod keychain;
mod keyring;
mod sealed;

pub use key::{DataKey, MasterKey};
pub use keychain::Keychain;
pub use keyring::{Keyring, Keys};
pub use sealed::{Opened, Sealer, key_id, open, seal};
