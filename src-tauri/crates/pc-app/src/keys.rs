//! Which keychain holds this home's master key. What the home notes stays, because a key from elsewhere could not read
//! what is there; without a note a key file that exists was chosen once; else the system's keychain where there is one;
//! else the user must choose. Deliberately absent: what is sealed below the key.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use pc_base::{Code, Places, coded, env, make_private, write_atomic};
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
        note(&self.places, place)?;
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
        let place = look(&self.places)?;
        Some((place, Arc::new(keychain(&self.places, place))))
    }
}

/// The decided keychain, else the key file: for runs where nobody can be asked. Whoever calls this says which it was.
pub fn unattended_keychain(places: &Places) -> Result<(KeyPlace, Keychain)> {
    if let Some(asked) = env::text(env::KEYCHAIN).filter(|asked| named(asked).is_none()) {
        let what = format!("{}={asked}", env::KEYCHAIN);
        let why = "it must be platform, file or memory";
        return Err(coded(Code::InputInvalid).with("what", what).with("why", why).into());
    }
    let place = look(places).unwrap_or(KeyPlace::File);
    note(places, place)?;
    Ok((place, keychain(places, place)))
}

fn keychain(places: &Places, place: KeyPlace) -> Keychain {
    match place {
        KeyPlace::Platform => Keychain::Platform,
        KeyPlace::File => Keychain::KeyFile(places.key_file.clone()),
        KeyPlace::Session | KeyPlace::Undecided => Keychain::memory(),
    }
}

fn look(places: &Places) -> Option<KeyPlace> {
    if let Some(place) = env::text(env::KEYCHAIN).as_deref().and_then(named) {
        return Some(place);
    }
    if let Some(place) = std::fs::read_to_string(note_of(places)).ok().as_deref().and_then(named) {
        return Some(place);
    }
    if places.key_file.exists() {
        return Some(KeyPlace::File);
    }
    let usable = Keychain::Platform.usable();
    if usable && let Err(error) = note(places, KeyPlace::Platform) {
        // Whatever is sealed needs the same folder, and fails by itself.
        tracing::warn!(error = format!("{error:#}"), "the choice of the keychain cannot be noted");
    }
    usable.then_some(KeyPlace::Platform)
}

fn named(text: &str) -> Option<KeyPlace> {
    match text.trim() {
        "platform" => Some(KeyPlace::Platform),
        "file" => Some(KeyPlace::File),
        "memory" => Some(KeyPlace::Session),
        _ => None,
    }
}

fn note_of(places: &Places) -> PathBuf {
    places.home.join("keychain")
}

/// A session's key is not noted: the next session asks again.
fn note(places: &Places, place: KeyPlace) -> Result<()> {
    let text = match place {
        KeyPlace::Platform => "platform\n",
        KeyPlace::File => "file\n",
        KeyPlace::Session | KeyPlace::Undecided => return Ok(()),
    };
    make_private(&places.home)?;
    write_atomic(&note_of(places), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_testkit::Home;

    #[test]
    fn a_choice_stays_with_the_home_and_a_sessions_does_not() {
        let home = Home::new();
        let keys = Keys::given(&home.places, Keychain::memory());
        keys.choose(KeyPlace::Session).unwrap();
        assert!(!note_of(&home.places).exists(), "the next session is asked again");
        note(&home.places, KeyPlace::File).unwrap();
        assert_eq!(unattended_keychain(&home.places).unwrap().0, KeyPlace::File);
    }
}
