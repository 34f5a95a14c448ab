//! Serving a home's cloud in this process: from its lock to its end. Deliberately absent: starting it in another one.

use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use pc_base::{Code, Places, Secret, SystemClock, coded, write_atomic};
use pc_secrets::{Keychain, MasterKey};
use pc_server::{Options, PriceBook, Profile, State};

use super::found::{self, Lock};
use super::{Running, log, off_the_runtime};
use crate::engine::LocalEngine;

/// Somebody who looks whether a cloud is there holds its lock for a moment.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// How long a removed file can go unnoticed.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How a cloud is served.
pub struct ServeOptions {
    /// Its home: the user's, or a folder of its own as [`ServeOptions::apart`] makes it.
    pub places: Places,
    pub keychain: Keychain,
    /// 0 takes the one of the last time if it is free, else any.
    pub port: u16,
    /// A key to accept beside those that it knows; nothing makes one.
    pub api_key: Option<Secret<String>>,
    pub profile: Profile,
    /// Ends by itself after so long without a request or a job.
    pub idle: Option<Duration>,
}

impl ServeOptions {
    /// Places for a cloud on a data folder of its own, which leaves the home's cloud alone; the cache is shared.
    pub fn apart(places: &Places, data: Option<PathBuf>) -> Places {
        let home = data.unwrap_or_else(|| places.home.join("served"));
        Places { home: std::path::absolute(&home).unwrap_or(home), ..places.clone() }
    }
}

/// What an opened cloud consists of; the lock goes last.
struct Opened {
    listener: TcpListener,
    state: Arc<State>,
    running: Running,
    lock: Lock,
}

/// Serves until `shutdown` resolves, the file that names this cloud is removed, or it is idle for too long. `ready` is
/// called once it listens. Errors with a code: `port_in_use`, `home_locked`, `keychain_missing`, `sealed_damaged`.
pub async fn serve(
    options: ServeOptions,
    ready: impl FnOnce(&Running),
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (places, idle) = (options.places.clone(), options.idle);
    let Opened { listener, state, running, lock } = off_the_runtime(move || open(options)).await?;
    let pid = running.pid;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    ready(&running);
    let (watched, watched_places) = (state.clone(), places.clone());
    let told = async move {
        tokio::select! {
            () = shutdown => {}
            () = unwanted(&watched_places, pid, &watched, idle) => {}
        }
    };
    let served = pc_server::serve(listener, state, told).await;
    if found::names(&places, pid) {
        std::fs::remove_file(found::file(&places)).context("removing the file that names this cloud")?;
    }
    drop(lock);
    served
}

/// [`serve`] as a process's only work, with its log in the home, until ctrl-c or SIGTERM.
pub fn serve_here(options: ServeOptions, ready: impl FnOnce(&Running)) -> Result<()> {
    log::begin(&options.places.home)?;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let outcome = runtime.block_on(serve(options, ready, interrupted()));
    // A generation that is under way on a blocking thread must not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut term), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A home's cloud that nobody serves, opened to look after its keys; nothing of it runs.
pub struct Offline {
    pub state: Arc<State>,
    _lock: Lock,
}

/// Opens the home's cloud without serving it; `home_locked` while somebody does.
pub fn offline(places: &Places, keychain: &Keychain) -> Result<Offline> {
    let lock = Lock::wait(&found::process_lock(places), LOCK_PATIENCE)?;
    let state = state_of(places, keychain, Profile::embedded())?;
    Ok(Offline { state, _lock: lock })
}

/// Puts a new master key in front of the kept one and wraps the home's data keys anew. A kill in between leaves both master
/// keys and the old wrapping, which the next opening makes up for. The keys that the program derives for itself are new, too.
pub fn replace_master(places: &Places, keychain: &Keychain) -> Result<()> {
    let _lock = Lock::wait(&found::process_lock(places), LOCK_PATIENCE)?;
    keychain.replace()?;
    let state = state_of(places, keychain, Profile::embedded())?;
    state.credentials(None).map(drop)
}

fn state_of(places: &Places, keychain: &Keychain, profile: Profile) -> Result<Arc<State>> {
    let master = keychain.load_or_create()?;
    let data_dir = match keychain {
        Keychain::Memory(_) => session_folder(places, &master)?,
        _ => places.home.join("cloud"),
    };
    let engine = Arc::new(LocalEngine::new(places.clone(), data_dir.join("onnx")));
    let options = Options { data_dir, profile, prices: PriceBook::built_in() };
    State::open(options, master, engine, Arc::new(SystemClock))
}

fn open(options: ServeOptions) -> Result<Opened> {
    let ServeOptions { places, keychain, port, api_key, profile, .. } = options;
    let lock = Lock::wait(&found::process_lock(&places), LOCK_PATIENCE)?;
    let (listener, address) = listen(&places, port)?;
    let state = state_of(&places, &keychain, profile)?;
    let keys = state.credentials(api_key)?;
    let running = Running {
        base_url: format!("http://{address}"),
        api_key: keys.api_key,
        access_key_id: keys.access_key_id,
        access_key_secret: keys.access_key_secret,
        admin_api_key: keys.admin_api_key,
        pid: std::process::id(),
    };
    found::keep(&places, &running)?;
    Ok(Opened { listener, state, running, lock })
}

/// The wanted port or none; of its own choice first the one of the last time, so that addresses stay good.
fn listen(places: &Places, port: u16) -> Result<(TcpListener, std::net::SocketAddr)> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let kept = places.home.join("cloud.port");
    let listener = if port == 0 {
        let last = std::fs::read_to_string(&kept).ok().and_then(|text| text.trim().parse().ok());
        last.and_then(|port: u16| bind(port).ok()).map_or_else(|| bind(0), Ok)
    } else {
        bind(port)
    };
    let listener = listener.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => coded(Code::PortInUse).with("port", port).into(),
        _ => anyhow::Error::new(error).context(format!("listening on port {port}")),
    })?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    write_atomic(&kept, address.port().to_string().as_bytes())?;
    Ok((listener, address))
}

/// What was sealed with another session's key can never be read again, so it makes room.
fn session_folder(places: &Places, master: &MasterKey) -> Result<PathBuf> {
    let (folder, mark) = (places.home.join("session"), places.home.join("session.id"));
    let id = master.derived_text("session id");
    let same = std::fs::read_to_string(&mark).is_ok_and(|kept| kept == *id.expose());
    if !same && folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    write_atomic(&mark, id.expose().as_bytes())?;
    Ok(folder)
}

/// Resolves when nobody wants this cloud any more.
async fn unwanted(places: &Places, pid: u32, state: &Arc<State>, idle: Option<Duration>) {
    while found::names(places, pid) && !has_idled(state, idle).await {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn has_idled(state: &Arc<State>, idle: Option<Duration>) -> bool {
    let Some(idle) = idle else { return false };
    let state = state.clone();
    let seconds = off_the_runtime(move || state.idle_seconds()).await;
    matches!(seconds, Ok(Some(seconds)) if seconds >= idle.as_secs())
}
