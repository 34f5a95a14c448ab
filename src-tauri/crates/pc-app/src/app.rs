//! The program's one object: everything that its commands share. Deliberately absent: the commands, which are in
//! `cases`, and their list, which is `table`.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use pc_base::{Clock, Places, SystemClock};
use pc_secrets::Keychain;
use pc_store::console::ConsoleStore;
use tokio::sync::broadcast;

use crate::api::Tag;
use crate::cases::{Logs, Looked};
use crate::clouds::Clouds;
use crate::keys::Keys;
use crate::sessions::Sessions;
use crate::tasks::Tasks;

/// Broadcasts that a slow listener may fall behind before it misses some; it then asks for everything.
const BACKLOG: usize = 64;

/// Cheap to clone; all clones are the same program.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
    /// Whether a page waits to be painted: lists then come from what was last seen when the network is slow.
    hurried: bool,
}

struct Shared {
    places: Places,
    store: ConsoleStore,
    keys: Keys,
    tasks: Tasks,
    sessions: Sessions,
    clouds: Clouds,
    logs: Logs,
    looked: Looked,
    clock: Arc<dyn Clock>,
    changes: broadcast::Sender<Vec<Tag>>,
}

impl App {
    /// Opens the home, made if missing. Finds the keychain when it is first needed.
    pub fn open(places: Places) -> Result<Self> {
        let keys = Keys::new(&places);
        Self::with(places, keys, Arc::new(SystemClock))
    }

    /// With a keychain and a clock that the caller gives.
    pub fn open_with(places: Places, keychain: Keychain, clock: Arc<dyn Clock>) -> Result<Self> {
        let keys = Keys::given(&places, keychain);
        Self::with(places, keys, clock)
    }

    fn with(places: Places, keys: Keys, clock: Arc<dyn Clock>) -> Result<Self> {
        let store = ConsoleStore::open(&places.home)?;
        let (changes, _) = broadcast::channel(BACKLOG);
        let shared = Shared {
            places,
            store,
            keys,
            clock,
            changes,
            tasks: Tasks::default(),
            sessions: Sessions::default(),
            clouds: Clouds::default(),
            logs: Logs::default(),
            looked: Looked::default(),
        };
        Ok(Self { shared: Arc::new(shared), hurried: false })
    }

    /// Tags whose queries are stale, as it happens; for the window's `changed` event.
    pub fn changes(&self) -> broadcast::Receiver<Vec<Tag>> {
        self.shared.changes.subscribe()
    }

    /// Where this program keeps things.
    pub fn places(&self) -> &Places {
        &self.shared.places
    }

    pub(crate) fn store(&self) -> &ConsoleStore {
        &self.shared.store
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.shared.keys
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.shared.tasks
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.shared.sessions
    }

    pub(crate) fn clouds(&self) -> &Clouds {
        &self.shared.clouds
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.shared.logs
    }

    pub(crate) fn looked(&self) -> &Looked {
        &self.shared.looked
    }

    pub(crate) fn is_hurried(&self) -> bool {
        self.hurried
    }

    /// Whether somebody listens to [`Self::changes`].
    pub(crate) fn is_watched(&self) -> bool {
        self.shared.changes.receiver_count() > 0
    }

    /// The present month of the clouds' bills, `YYYY-MM`.
    pub(crate) fn month(&self) -> String {
        self.shared.clock.now().to_zoned(pc_protocol::time::zone()).strftime("%Y-%m").to_string()
    }

    pub(crate) fn hurried(&self) -> Self {
        Self { hurried: true, ..self.clone() }
    }

    pub(crate) fn changed(&self, tags: &[Tag]) {
        if !tags.is_empty() {
            // Without a listener there is nobody to tell.
            let _ = self.shared.changes.send(tags.to_vec());
        }
    }

    pub(crate) fn time(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// RFC 3339 in UTC.
    pub(crate) fn now(&self) -> String {
        format!("{:.3}", self.time())
    }

    /// Runs what blocks away from the async runtime.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&App) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let app = self.clone();
        tokio::task::spawn_blocking(move || work(&app)).await.context("a part of the program stopped unexpectedly")?
    }
}
