//! The embedded cloud as a process: one a home. Whoever needs it first starts it in the background, others find it
//! through a file in the home that only its owner can read; it ends by itself when idle, and comes up again, with its
//! deployments and where possible on the same port, at the next [`connect`].
//!
//! What is true is a lock that the system releases however the process ends: a file that was left behind is recognised by
//! it, and its address is then never sent a key. The wish to end is the file's removal, which works the same on every
//! system and can never hit another process. Deliberately absent: the cloud itself (`pc-server`).

mod admin;
mod found;
mod log;
mod serving;
mod start;

use anyhow::{Context as _, Result};
use pc_base::{Places, Secret};
use pc_secrets::Keychain;

pub use admin::Admin;
pub use pc_server::{CAPABILITIES, DESCRIPTION_PATH, Profile};
pub use serving::{Offline, ServeOptions, offline, replace_master, serve, serve_here};
pub(crate) use start::background_main;

/// A cloud that listens.
pub struct Running {
    /// Root address without a path, such as `http://127.0.0.1:40123`.
    pub base_url: String,
    pub api_key: Secret<String>,
    /// Of the pair that signs calls to the billing API.
    pub access_key_id: String,
    pub access_key_secret: Secret<String>,
    /// For usage and costs over the OpenAI surface.
    pub admin_api_key: Secret<String>,
    pub pid: u32,
}

/// Finds the home's cloud, or starts one in the background and waits until it listens. Fails with the cloud's own reason
/// where it cannot start. It may end by itself when idle, so whoever gets no connection later connects again.
pub async fn connect(places: &Places, keychain: &Keychain) -> Result<Running> {
    let spec = start::Spec::new(places, keychain)?;
    off_the_runtime(move || start::connect(&spec)).await
}

/// The home's cloud, if one is running and answers.
pub fn running(places: &Places) -> Result<Option<Running>> {
    found::answering(places)
}

/// Ends the home's cloud and waits until it has; a running training goes on at the next start. False when none was there.
pub async fn stop(places: &Places) -> Result<bool> {
    let places = places.clone();
    off_the_runtime(move || start::stop(&places)).await
}

async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("a part of the program stopped unexpectedly")?
}
