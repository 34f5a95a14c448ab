//! How a home's cloud is found: the lock that its process holds, the file with its address and keys, a question to it.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use pc_base::{Code, Places, Secret, coded, make_private, write_atomic};
use serde::{Deserialize, Serialize};

use super::Running;

/// A cloud that runs answers this at once; on a machine that swaps it may take a while.
const PATIENCE: Duration = Duration::from_secs(5);

/// A lock file that the system releases when its holder ends, however it ends.
pub(super) struct Lock(#[expect(dead_code, reason = "dropping the file releases the lock")] File);

impl Lock {
    /// Takes it at once or not at all.
    pub fn take(path: &Path) -> Result<Option<Self>> {
        let parent = path.parent().context("a lock lies in a folder")?;
        make_private(parent)?;
        let file = File::options().create(true).truncate(false).write(true).open(path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
        }
    }

    /// Waits for it; [`Code::HomeLocked`] when it does not become free.
    pub fn wait(path: &Path, longest: Duration) -> Result<Self> {
        let until = Instant::now() + longest;
        loop {
            if let Some(lock) = Self::take(path)? {
                return Ok(lock);
            }
            if Instant::now() > until {
                let folder = path.parent().unwrap_or(path);
                return Err(coded(Code::HomeLocked).with("path", folder.display()).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Held by the home's cloud for as long as its process lives.
pub(super) fn process_lock(places: &Places) -> PathBuf {
    places.home.join("cloud.lock")
}

/// Held by whoever starts or stops the home's cloud.
pub(super) fn start_lock(places: &Places) -> PathBuf {
    places.home.join("cloud.start")
}

/// Whether the home's cloud has a process, listening or not.
pub(super) fn alive(places: &Places) -> Result<bool> {
    let path = process_lock(places);
    Ok(path.exists() && Lock::take(&path)?.is_none())
}

/// The file by which others find the cloud. Only its owner can read it.
pub(super) fn file(places: &Places) -> PathBuf {
    places.home.join("cloud.json")
}

#[derive(Serialize, Deserialize)]
struct Kept {
    base_url: String,
    api_key: String,
    access_key_id: String,
    access_key_secret: String,
    /// Absent where an earlier program wrote the file.
    #[serde(default)]
    admin_api_key: String,
    pid: u32,
}

/// Writes the file; it replaces one that a killed cloud left.
pub(super) fn keep(places: &Places, running: &Running) -> Result<()> {
    let kept = Kept {
        base_url: running.base_url.clone(),
        api_key: running.api_key.expose().clone(),
        access_key_id: running.access_key_id.clone(),
        access_key_secret: running.access_key_secret.expose().clone(),
        admin_api_key: running.admin_api_key.expose().clone(),
        pid: running.pid,
    };
    let text = Secret::new(serde_json::to_vec(&kept)?);
    // The secrets wipe themselves, too.
    let _wiped = [kept.api_key, kept.access_key_secret, kept.admin_api_key].map(Secret::new);
    // An atomic write makes the file 0600 on Unix; on Windows the user's profile is private already.
    write_atomic(&file(places), text.expose())
}

/// What the file says, or nothing where there is none or it is not whole.
pub(super) fn kept(places: &Places) -> Option<Running> {
    let text = Secret::new(std::fs::read(file(places)).ok()?);
    let kept: Kept = serde_json::from_slice(text.expose()).ok()?;
    Some(Running {
        base_url: kept.base_url,
        api_key: Secret::new(kept.api_key),
        access_key_id: kept.access_key_id,
        access_key_secret: Secret::new(kept.access_key_secret),
        admin_api_key: Secret::new(kept.admin_api_key),
        pid: kept.pid,
    })
}

/// Whether the file names this process.
pub(super) fn names(places: &Places, pid: u32) -> bool {
    kept(places).is_some_and(|running| running.pid == pid)
}

/// The home's cloud, if it has a process and answers. The lock is asked first: without its holder, whoever listens on that
/// port now is a stranger and must not see the key.
pub(super) fn answering(places: &Places) -> Result<Option<Running>> {
    let Some(running) = kept(places) else { return Ok(None) };
    Ok((alive(places)? && answers(&running)).then_some(running))
}

/// Whether it accepts its own key.
fn answers(running: &Running) -> bool {
    ask(running).is_ok_and(|status| status.starts_with("HTTP/1.1 200"))
}

fn ask(running: &Running) -> Result<String> {
    let host = running.base_url.strip_prefix("http://").context("the embedded cloud speaks plain HTTP")?;
    let address: SocketAddr = host.parse()?;
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let request = Secret::new(format!(
        "GET /api/v1/extensions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        running.api_key.expose()
    ));
    socket.write_all(request.expose().as_bytes())?;
    let mut begun = [0; 12];
    socket.read_exact(&mut begun)?;
    Ok(String::from_utf8_lossy(&begun).into_owned())
}
