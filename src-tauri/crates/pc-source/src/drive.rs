//! The thread that talks to a server. Callers are not asynchronous and may be called from a runtime, so each call has a thread
//! with a runtime of its own. Beside the work runs a watch: it ends the work when the caller cancels, goes away, or the server
//! says nothing for too long, and asks the server to stop first. Deliberately absent: what the work is.

use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use pc_base::{Cancel, Code, coded};

use crate::{Address, Connection, Engine, mysql, postgres};

/// How often the watch looks; the longest that a cancel goes unnoticed.
const LOOK: Duration = Duration::from_millis(20);
/// How long a server has to take the wish to stop, and then to stop.
const LAST: Duration = Duration::from_secs(3);

/// The way to one server, shared by the work and its watch.
pub(crate) struct Link {
    pub connection: Connection,
    /// Bytes of the longest row that is taken in.
    pub longest_row: usize,
    stop: OnceLock<Stop>,
    cancel: Cancel,
    /// Nobody waits for the outcome any more.
    left: AtomicBool,
    /// Whether the work waits for its reader, and not for the server.
    held: AtomicBool,
    /// Grows with everything that the server sent.
    heard: AtomicU64,
    patience: Option<Duration>,
}

/// How a server is told to stop what a connection runs.
pub(crate) enum Stop {
    Postgres(tokio_postgres::CancelToken),
    /// The connection's number at the server.
    Mysql(u32),
}

impl Link {
    pub fn new(connection: Connection, longest_row: usize, patience: Option<Duration>, cancel: &Cancel) -> Self {
        Self {
            connection,
            longest_row,
            stop: OnceLock::new(),
            cancel: cancel.clone(),
            left: AtomicBool::new(false),
            held: AtomicBool::new(false),
            heard: AtomicU64::new(0),
            patience,
        }
    }

    pub fn address(&self) -> &Address {
        &self.connection.address
    }

    pub fn engine(&self) -> Engine {
        self.address().engine
    }

    /// From now on the server can be told to stop.
    pub fn stands(&self, stop: Stop) {
        self.stop.get_or_init(|| stop);
    }

    /// The server sent something.
    pub fn hear(&self) {
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    /// The work waits for its reader (or no longer).
    pub fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }

    /// The reader went away.
    pub fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    /// Does the work under watch. What the watch ended fails with `cancelled` or `source_timeout`, and the server stopped first.
    pub async fn watched<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = pin!(work);
        let why = tokio::select! {
            done = &mut work => return done,
            why = self.watch() => why,
        };
        if let Some(stop) = self.stop.get() {
            // The work sees the server's refusal; what it makes of it no longer matters.
            let asked = async {
                match stop {
                    Stop::Postgres(token) => postgres::stop(self.address(), token).await,
                    Stop::Mysql(number) => mysql::stop(self, *number).await,
                }
            };
            let _ = tokio::time::timeout(LAST, asked).await;
            let _ = tokio::time::timeout(LAST, work).await;
        }
        Err(why)
    }

    async fn watch(&self) -> anyhow::Error {
        let (mut heard, mut since) = (0, Instant::now());
        loop {
            tokio::time::sleep(LOOK).await;
            if self.cancel.is_cancelled() || self.left.load(Ordering::Relaxed) {
                return coded(Code::Cancelled).into();
            }
            let now = self.heard.load(Ordering::Relaxed);
            if now != heard || self.held.load(Ordering::Relaxed) {
                (heard, since) = (now, Instant::now());
            }
            if let Some(patience) = self.patience.filter(|patience| since.elapsed() > *patience) {
                return coded(Code::SourceTimeout).with("seconds", patience.as_secs_f32()).into();
            }
        }
    }
}

/// Does the work on a runtime of its own. What the libraries still do in the background ends with it, and a name that is still
/// being looked up is not waited for.
pub(crate) fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("starting the runtime of a database's thread")?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// One answer, such as a list of tables, within a minute.
pub(crate) fn once<T: Send>(
    connection: &Connection,
    cancel: &Cancel,
    work: impl AsyncFnOnce(&Link) -> Result<T> + Send,
) -> Result<T> {
    const ROW: usize = 16 << 20;
    let link = Link::new(connection.twin(), ROW, Some(Duration::from_secs(60)), cancel);
    cancel.check()?;
    let talk = || run(link.watched(work(&link)));
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("pc-source".into()).spawn_scoped(scope, talk);
        thread
            .context("starting a database's thread")?
            .join()
            .unwrap_or_else(|_| Err(anyhow!("the database's thread panicked")))
    })
}
