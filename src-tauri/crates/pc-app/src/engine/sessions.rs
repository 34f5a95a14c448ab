//! Models that are loaded to answer: a few at a time, the longest unused goes first. Each answers one question after the
//! other, because its cache holds one conversation; whoever waits for it too long is told to come again.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use anyhow::Result;
use pc_base::{Cancel, Code, Coded, coded};
use pc_runtime::{Chat, Options};

/// Loaded at once. A person compares two models; a third is loaded anew in a second or two.
const LOADED: usize = 2;
/// Positions that a session may hold, and what it makes do with where memory is short. Its cache grows with them.
const CONTEXTS: [usize; 2] = [pc_exporter::MAX_CONTEXT, 4096];
/// How long a question waits for the one before it.
const PATIENCE: Duration = Duration::from_secs(120);

/// The loaded models, the last used at the end.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Vec<(String, Arc<Session>)>>);

/// One model; loaded by whoever asks it first.
#[derive(Default)]
pub(super) struct Session(Mutex<Option<Chat>>);

impl Sessions {
    /// The session of a name, in its place as the last used.
    pub fn of(&self, name: &str) -> Arc<Session> {
        let mut list = self.list();
        let found = list.iter().position(|(known, _)| known == name).map(|at| list.remove(at).1);
        let session = found.unwrap_or_default();
        list.push((name.to_owned(), session.clone()));
        let surplus = list.len().saturating_sub(LOADED);
        list.drain(..surplus);
        session
    }

    /// The model is gone; who still asks it finishes.
    pub fn forget(&self, name: &str) {
        self.list().retain(|(known, _)| known != name);
    }

    /// Gives back the memory of all but one.
    fn forget_others(&self, name: &str) {
        self.list().retain(|(known, _)| known == name);
    }

    fn list(&self) -> MutexGuard<'_, Vec<(String, Arc<Session>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Waits for its turn, loads the model where needed, and works with it.
    pub fn with<T>(
        &self,
        sessions: &Sessions,
        name: &str,
        dir: &Path,
        cancel: &Cancel,
        work: impl FnOnce(&mut Chat) -> Result<T>,
    ) -> Result<T> {
        let mut held = self.turn(cancel)?;
        let chat = match &mut *held {
            Some(chat) => chat,
            empty => empty.insert(load(sessions, name, dir)?),
        };
        work(chat)
    }

    fn turn(&self, cancel: &Cancel) -> Result<MutexGuard<'_, Option<Chat>>> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.0.try_lock() {
                Ok(held) => return Ok(held),
                Err(TryLockError::Poisoned(held)) => {
                    // An answer broke off in the middle: what is loaded may be in any state, so it is loaded anew.
                    let mut held = held.into_inner();
                    *held = None;
                    self.0.clear_poison();
                    return Ok(held);
                }
                Err(TryLockError::WouldBlock) => {}
            }
            cancel.check()?;
            if Instant::now() > until {
                return Err(coded(Code::CloudBusy).into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Where memory is short, the other models go first, then the length.
fn load(sessions: &Sessions, name: &str, dir: &Path) -> Result<Chat> {
    let [long, short] = CONTEXTS.map(|context| Options { context: Some(context), ..Options::default() });
    let open = |options| match Chat::open(dir, options) {
        Err(error) if error.downcast_ref::<Coded>().is_some_and(|coded| coded.code == Code::MemoryShort) => Ok(None),
        opened => opened.map(Some),
    };
    if let Some(chat) = open(long)? {
        return Ok(chat);
    }
    sessions.forget_others(name);
    match open(long)? {
        Some(chat) => Ok(chat),
        None => Chat::open(dir, short),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes_first_and_a_busy_one_finishes() {
        let sessions = Sessions::default();
        let (a, _) = (sessions.of("a"), sessions.of("b"));
        sessions.of("a");
        sessions.of("c");
        let held: Vec<String> = sessions.list().iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(held, ["a", "c"], "b was not used since");
        sessions.forget("a");
        assert!(a.turn(&Cancel::default()).is_ok(), "who holds it can go on");
    }

    #[test]
    fn whoever_waits_can_give_up_and_a_broken_answer_leaves_the_model_usable() {
        let session = Session::default();
        let cancel = Cancel::default();
        cancel.cancel();
        {
            let _busy = session.turn(&Cancel::default()).unwrap();
            assert!(session.turn(&cancel).is_err(), "a client that has gone does not wait on");
        }
        let broken = std::thread::scope(|scope| {
            let broken = scope.spawn(|| {
                let _held = session.turn(&Cancel::default());
                panic!("in the middle of an answer");
            });
            broken.join().is_err()
        });
        assert!(broken && session.turn(&Cancel::default()).is_ok());
    }
}
