//! Where the master key is kept: the system's keychain, a file of its own, or this process only.
//! Deliberately absent: a silent change from one to another; the caller decides, because it tells the user.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use pc_base::{Code, CodedExt as _, Secret, coded};
use zeroize::Zeroize as _;

use crate::MasterKey;

const SERVICE: &str = "partner-console";
const ACCOUNT: &str = "master-key";
/// The present one and those that it replaced; some keychains keep no more than 2,560 bytes.
const MOST_KEYS: usize = 64;

/// A place for the master key.
pub enum Keychain {
    /// Keychain Services, Credential Manager, or the Secret Service on Linux. Blocks, so call it off the async runtime.
    Platform,
    /// A file that only its owner can read. Keep it outside of the data folder: a copied folder is then unreadable.
    KeyFile(PathBuf),
    /// Gone when the process ends.
    Memory(Mutex<Option<Secret<[u8; 32]>>>),
}

impl Keychain {
    /// An empty one for this process only.
    pub fn memory() -> Self {
        Self::Memory(Mutex::new(None))
    }

    /// The kept master key, or nothing where none was made yet. [`Code::KeychainMissing`] without a usable keychain.
    pub fn load(&self) -> anyhow::Result<Option<MasterKey>> {
        match self {
            Self::Platform => match entry()?.get_secret() {
                Ok(mut bytes) => {
                    let key = MasterKey::from_bytes(&bytes);
                    bytes.zeroize();
                    key.map(Some)
                }
                Err(keyring::Error::NoEntry) => Ok(None),
                Err(error) => Err(error).code(|| coded(Code::KeychainMissing)),
            },
            Self::KeyFile(path) => read_key_file(path),
            Self::Memory(held) => {
                let held = held.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                held.as_ref().map(|key| MasterKey::from_bytes(key.expose())).transpose()
            }
        }
    }

    /// The kept master key; makes and keeps a new one where there is none.
    pub fn load_or_create(&self) -> anyhow::Result<MasterKey> {
        if let Some(key) = self.load()? {
            return Ok(key);
        }
        let key = MasterKey::generate();
        match self {
            Self::Platform => entry()?.set_secret(key.expose()).code(|| coded(Code::KeychainMissing))?,
            Self::KeyFile(path) => create_key_file(path, &key)?,
            Self::Memory(held) => {
                *held.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Secret::new(*key.expose()));
            }
        }
        // Two programs may have started at once: what is kept decides, not what was made.
        self.load()?.context("the master key is not where it was just put")
    }

    /// Puts a new master key in front of the kept one, in one step: what is kept is the old key, or both. The old one stays
    /// for what has not been opened since. A key that lives in this process only is not replaced.
    pub fn replace(&self) -> anyhow::Result<MasterKey> {
        let refused = |why: &str| coded(Code::InputInvalid).with("what", "the master key").with("why", why);
        let key = self.load_or_create()?;
        if key.count() >= MOST_KEYS {
            return Err(refused("it was replaced too often for the older ones to be kept").into());
        }
        let key = key.replaced();
        match self {
            Self::Platform => entry()?.set_secret(key.kept().expose()).code(|| coded(Code::KeychainMissing))?,
            Self::KeyFile(path) => pc_base::write_atomic(path, Secret::new(text_of(&key)).expose().as_bytes())?,
            Self::Memory(_) => return Err(refused("it is kept in this process only").into()),
        }
        self.load()?.context("the master key is not where it was just put")
    }

    /// Whether the place keeps a key: one is made where there is none, since a keychain may answer and still refuse to
    /// keep anything. The platform's may ask the user to unlock it.
    pub fn usable(&self) -> bool {
        self.load_or_create().is_ok()
    }

    /// Destroys the master key: nothing that was sealed below it can be read again.
    pub fn destroy(&self) -> anyhow::Result<()> {
        match self {
            Self::Platform => match entry()?.delete_credential() {
                Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
                Err(error) => Err(error).code(|| coded(Code::KeychainMissing)),
            },
            Self::KeyFile(path) => match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            },
            Self::Memory(held) => {
                *held.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
                Ok(())
            }
        }
    }
}

fn entry() -> anyhow::Result<keyring::Entry> {
    keyring::Entry::new(SERVICE, ACCOUNT).code(|| coded(Code::KeychainMissing))
}

/// 64 hex digits and a line end for each key, the present one first.
fn text_of(key: &MasterKey) -> String {
    let kept = key.kept();
    kept.expose().chunks(32).map(|key| hex::encode(key) + "\n").collect()
}

fn read_key_file(path: &Path) -> anyhow::Result<Option<MasterKey>> {
    let unreadable = || coded(Code::FileUnreadable).with("path", path.display());
    let mut text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).code(unreadable),
    };
    let bytes =
        text.lines().map(|line| hex::decode(line.trim())).collect::<Result<Vec<_>, _>>().map(|keys| keys.concat());
    text.zeroize();
    let mut bytes = bytes.map_err(|_| unreadable())?;
    let key = MasterKey::from_bytes(&bytes).map_err(|_| unreadable());
    bytes.zeroize();
    Ok(Some(key?))
}

/// Written beside the target with its final rights and then linked, so that there is never a half or an open file, and
/// of two that start at once the first stays.
fn create_key_file(path: &Path, key: &MasterKey) -> anyhow::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    // A temporary file is made 0600 on Unix; on Windows the user's profile is private already.
    let mut file =
        tempfile::NamedTempFile::new_in(parent).with_context(|| format!("writing in {}", parent.display()))?;
    let mut text = text_of(key);
    let written = write!(file, "{text}").and_then(|()| file.as_file().sync_all());
    text.zeroize();
    written.with_context(|| format!("writing {}", path.display()))?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_and_memory_keep_the_same_key_until_destroyed() {
        let dir = tempfile::tempdir().unwrap();
        for keychain in [Keychain::KeyFile(dir.path().join("below/master.key")), Keychain::memory()] {
            assert!(keychain.load().unwrap().is_none(), "nothing is made without being asked");
            let made = keychain.load_or_create().unwrap();
            assert_eq!(
                keychain.load_or_create().unwrap().expose(),
                made.expose(),
                "the second start finds the first's"
            );
            keychain.destroy().unwrap();
            assert!(keychain.load().unwrap().is_none());
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_key_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        Keychain::KeyFile(path.clone()).load_or_create().unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_replaced_key_is_in_front_and_the_old_one_still_opens() {
        let dir = tempfile::tempdir().unwrap();
        let keychain = Keychain::KeyFile(dir.path().join("master.key"));
        let old = keychain.load_or_create().unwrap();
        let wrapped = old.wrap(&crate::DataKey::generate(), "w");
        let new = keychain.replace().unwrap();
        assert_ne!(new.expose(), old.expose());
        let kept = keychain.load_or_create().unwrap();
        assert_eq!(kept.expose(), new.expose());
        assert!(kept.unwrap(&wrapped, "w").is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.path().join("master.key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(Keychain::memory().replace().is_err(), "a session's key has nowhere to be kept");
    }

    #[test]
    fn a_broken_key_file_is_refused_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        pc_base::write_atomic(&path, b"not a key").unwrap();
        assert!(Keychain::KeyFile(path.clone()).load_or_create().is_err());
        assert_eq!(std::fs::read(path).unwrap(), b"not a key", "replacing it would lose all that was sealed");
    }
}
