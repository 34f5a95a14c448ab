//! All that the embedded cloud holds while it runs, and how it comes up again after an end of any kind.
//! Deliberately absent: routes, and the work of the queue.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, RwLock};

use anyhow::Context as _;
use jiff::Timestamp;
use pc_base::{Cancel, Clock};
use pc_secrets::{Keyring, MasterKey};
use pc_store::cloud::CloudStore;
use pc_store::{Blobs, FolderLock};
use tokio::sync::Semaphore;

use crate::account::workspaces::keyrings;
pub(crate) use crate::account::workspaces::owner_of;
use crate::deploying::{self, AtOnce};
use crate::engine::Engine;
use crate::intake::{Claims, Resuming};
use crate::money::limits::Lately;
use crate::money::prices::PriceBook;
use crate::profile::Profile;
use crate::rates::Rates;
use crate::training;

/// What the embedded cloud is started with.
pub struct Options {
    /// Everything it keeps lies here, for one program at a time.
    pub data_dir: PathBuf,
    pub profile: Profile,
    pub prices: PriceBook,
}

/// The running job and how to stop it.
struct Running {
    job_id: String,
    cancel: Cancel,
    /// It is stopped to go on later.
    pausing: bool,
}

/// The running cloud. Shared by all requests and by the queue.
pub struct State {
    pub(crate) store: CloudStore,
    pub(crate) blobs: Blobs,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) profile: Profile,
    pub(crate) prices: PriceBook,
    /// For what has to lie open while it is used: training data, adapters. Emptied at every start.
    pub(crate) work: PathBuf,
    pub(crate) at_once: AtOnce,
    pub(crate) keys: RwLock<HashMap<String, Arc<Keyring>>>,
    pub(crate) generations: Arc<Semaphore>,
    pub(crate) rates: Rates,
    pub(crate) claims: Claims,
    pub(crate) resuming: Resuming,
    pub(crate) lately: Lately,
    pub(crate) open_requests: AtomicUsize,
    last_request: AtomicI64,
    pub(crate) started: AtomicBool,
    running: Mutex<Option<Running>>,
    /// Set once the program is about to end: running work stops and stays resumable.
    pub(crate) ending: Cancel,
    wake: (Mutex<u64>, Condvar),
    pub(crate) master: MasterKey,
    _lock: FolderLock,
}

impl State {
    /// Takes the data folder ([`pc_base::Code::HomeLocked`] when another program has it), migrates, and repairs what an
    /// unclean end left. Nothing runs before [`crate::start`].
    pub fn open(
        options: Options,
        master: MasterKey,
        engine: Arc<dyn Engine>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Arc<Self>> {
        let Options { data_dir, profile, prices } = options;
        let lock = FolderLock::acquire(&data_dir)?;
        let store = CloudStore::open(&data_dir)?;
        let blobs = Blobs::open(&data_dir.join("blobs"))?;
        blobs.sweep(&store.read(|tx| tx.blobs_named())?)?;
        let keys = keyrings(&store, &master)?;
        let generations = Arc::new(Semaphore::new(profile.generations));
        let state = Self {
            store,
            blobs,
            engine,
            profile,
            prices,
            work: data_dir.join("work"),
            keys: RwLock::new(keys),
            at_once: AtOnce::default(),
            generations,
            rates: Rates::default(),
            claims: Claims::default(),
            resuming: Resuming::default(),
            lately: Lately::default(),
            open_requests: AtomicUsize::new(0),
            last_request: AtomicI64::new(clock.now().as_second()),
            started: AtomicBool::new(false),
            running: Mutex::new(None),
            ending: Cancel::default(),
            wake: (Mutex::new(0), Condvar::new()),
            clock,
            master,
            _lock: lock,
        };
        state.repair()?;
        state.deletions_finish()?;
        Ok(Arc::new(state))
    }

    /// Jobs that ran go back to the queue, those being cancelled are cancelled, and nothing open stays on disk.
    fn repair(&self) -> anyhow::Result<()> {
        let now = self.now_text();
        self.store.write(|tx| {
            for job in tx.jobs_in("RUNNING")? {
                tx.job_move(&job.job_id, "RUNNING", "QUEUING")?;
                tx.job_log(
                    &job.job_id,
                    &now,
                    &["The training was interrupted and goes on from its last checkpoint.".into()],
                )?;
            }
            for mut job in tx.jobs_in("CANCELING")? {
                job.status = "CANCELED".into();
                job.ended_at = Some(now.clone());
                let tokens = training::trained_so_far(tx, &job.job_id)?;
                job.usage = Some(tokens);
                tx.job_end(&job)?;
                // Charged once: the end of the run that was cut off would have named the same source.
                self.meter(tx, training::trained(&job, tokens))?;
            }
            deploying::unserved(tx)
        })?;
        let deployed = self.store.read(|tx| tx.deployments_all())?.into_iter().map(|row| row.served_as());
        self.engine.retain(&deployed.collect::<Vec<_>>())?;
        let Ok(folders) = std::fs::read_dir(&self.work) else { return Ok(()) };
        for folder in folders {
            let folder = folder?.path();
            let job = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let queued = self.store.read(|tx| tx.jobs_in("QUEUING"))?.iter().any(|row| row.job_id == job);
            let gone = if queued { folder.join("open") } else { folder };
            if gone.exists() {
                std::fs::remove_dir_all(&gone).with_context(|| format!("cleaning {}", gone.display()))?;
            }
        }
        Ok(())
    }

    /// Now, as the database keeps times.
    pub(crate) fn now_text(&self) -> String {
        text_of(self.clock.now())
    }

    /// Notes that somebody is there.
    pub(crate) fn touch(&self) {
        self.last_request.store(self.clock.now().as_second(), Ordering::Relaxed);
    }

    /// Seconds since the last request began or ended; nothing while a request is open or a job is queued or running.
    /// The program may end itself when this grows large: deployments come up again with the next start.
    pub fn idle_seconds(&self) -> anyhow::Result<Option<u64>> {
        // A streamed answer outlives its handler.
        let answering = self.generations.available_permits() < self.profile.generations;
        if answering || self.open_requests.load(Ordering::Relaxed) > 0 {
            return Ok(None);
        }
        let busy = self.store.read(|tx| {
            for status in ["PENDING", "QUEUING", "RUNNING", "CANCELING"] {
                if tx.jobs_in(status)?.iter().any(|job| !job.paused) {
                    return Ok(true);
                }
            }
            Ok(false)
        })?;
        let since = self.clock.now().as_second() - self.last_request.load(Ordering::Relaxed);
        Ok((!busy).then_some(u64::try_from(since).unwrap_or(0)))
    }

    /// Destroys files and pending uploads whose time is over.
    pub(crate) fn expire(&self) -> anyhow::Result<()> {
        let now = self.now_text();
        let (overdue, files) = self.store.read(|tx| Ok((tx.uploads_overdue(&now)?, tx.files_overdue(&now)?)))?;
        for file in files {
            self.file_destroy(&file.workspace_id, &file.file_id, "")?;
        }
        if overdue.is_empty() {
            return Ok(());
        }
        let blobs = self.store.write(|tx| {
            let mut blobs = Vec::new();
            for upload in &overdue {
                tx.upload_end(&upload.upload_id, "expired")?;
                blobs.extend(tx.upload_parts_remove(&upload.upload_id)?);
            }
            Ok(blobs)
        })?;
        blobs.iter().try_for_each(|blob| self.blobs.destroy(blob))
    }

    /// Notes which job runs now; nothing when it has stopped.
    pub(crate) fn now_running(&self, job: Option<(&str, &Cancel)>) {
        let running = job.map(|(id, cancel)| Running { job_id: id.to_owned(), cancel: cancel.clone(), pausing: false });
        *self.running_job() = running;
    }

    /// Stops a job if it is the one that runs, for good or to go on later.
    pub(crate) fn stop_running(&self, job_id: &str, pausing: bool) {
        if let Some(running) = self.running_job().as_mut().filter(|running| running.job_id == job_id) {
            running.pausing |= pausing;
            running.cancel.cancel();
        }
    }

    /// Whether the running job was stopped to go on later.
    pub(crate) fn is_pausing(&self, job_id: &str) -> bool {
        self.running_job().as_ref().is_some_and(|running| running.job_id == job_id && running.pausing)
    }

    fn running_job(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Tells the queue to look again.
    pub(crate) fn wake(&self) {
        *self.wake.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
        self.wake.1.notify_all();
    }

    /// Waits until woken since `seen` or for a while; answers the newest count.
    pub(crate) fn wait(&self, seen: u64, longest: std::time::Duration) -> u64 {
        let count = self.wake.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let waited = self.wake.1.wait_timeout_while(count, longest, |count| *count == seen);
        *waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    /// Stops running work so that it can go on at the next start.
    pub fn end(&self) {
        self.ending.cancel();
        if let Some(running) = &*self.running_job() {
            running.cancel.cancel();
        }
        self.wake();
    }
}

/// RFC 3339 in UTC with milliseconds, so that texts sort as times do.
pub(crate) fn text_of(time: Timestamp) -> String {
    format!("{time:.3}")
}
