//! Which keychain holds this home's master key. A key file that exists was chosen once and stays the choice; else the
//! system's keychain where there is one; else the user must choose. Deliberately absent: what is sealed below the key.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use pc_base::{Code, Places, coded, env};
use pc_secrets::Keychain;

use crate::api::{KeyPlace, KeychainStatus};

/// The choice of one program run. Its methods block: the system's keychain may ask the user.
pub(crate) struct Keys {
    places: Places,
    held: Mutex<Option<(KeyPlace, Arc<Keychain>)>>,
}

impl Keys {
    pub(crate) fn new(places: &Places) -> Self {
        Self { places: places.clone(), held: Mutex::default() }
    }

    /// A keychain that is decided from the start.
    pub(crate) fn given(places: &Places, keychain: Keychain) -> Self {
        let place = match &keychain {
            Keychain::Platform => KeyPlace::Platform,
            Keychain::KeyFile(_) => KeyPlace::File,
            Keychain::Memory(_) => KeyPlace::Session,
        };
        Self { places: places.clone(), held: Mutex::new(Some((place, Arc::new(keychain)))) }
    }

    #[expect(dead_code, reason = "the cloud's commands use it as soon as they are here")]
    /// The keychain; [`Code::KeychainMissing`] while nothing is decided.
    pub(crate) fn keychain(&self) -> Result<Arc<Keychain>> {
        let found = self.find().map(|(_, keychain)| keychain);
        found.ok_or_else(|| coded(Code::KeychainMissing).into())
    }

    pub(crate) fn status(&self) -> KeychainStatus {
        let place = self.find().map_or(KeyPlace::Undecided, |(place, _)| place);
        KeychainStatus { place, key_file: self.places.key_file.display().to_string() }
    }

    /// Decides for the key file, which is made now, or for this session only.
    pub(crate) fn choose(&self, place: KeyPlace) -> Result<KeychainStatus> {
        let keychain = match place {
            KeyPlace::File => Keychain::KeyFile(self.places.key_file.clone()),
            KeyPlace::Session => Keychain::memory(),
            KeyPlace::Platform | KeyPlace::Undecided => {
                let why = "only file and session can be chosen";
                return Err(coded(Code::InputInvalid).with("what", "place").with("why", why).into());
            }
        };
        if let Some((held, _)) = self.find().filter(|(held, _)| *held != place) {
            // What is sealed under the present key would be lost without a word.
            let why = format!("the master key is already kept ({held:?})").to_lowercase();
            return Err(coded(Code::InputInvalid).with("what", "place").with("why", why).into());
        }
        keychain.load_or_create()?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, Arc::new(keychain)));
        Ok(self.status())
    }

    fn find(&self) -> Option<(KeyPlace, Arc<Keychain>)> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = self.look();
        }
        held.clone()
    }

    fn look(&self) -> Option<(KeyPlace, Arc<Keychain>)> {
        let file = || (KeyPlace::File, Arc::new(Keychain::KeyFile(self.places.key_file.clone())));
        match env::text(env::KEYCHAIN).as_deref() {
            Some("platform") => return Some((KeyPlace::Platform, Arc::new(Keychain::Platform))),
            Some("file") => return Some(file()),
            Some("memory") => return Some((KeyPlace::Session, Arc::new(Keychain::memory()))),
            _ => {}
        }
        if self.places.key_file.exists() {
            return Some(file());
        }
        Keychain::Platform.usable().then(|| (KeyPlace::Platform, Arc::new(Keychain::Platform)))
    }
}
