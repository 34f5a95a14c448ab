//! The keys, workspaces and data keys of a cloud on this machine: over the wire while it runs, on its folder while it does
//! not. Deliberately absent: a cloud elsewhere, whose keys are its console's matter.

use std::sync::Arc;

use anyhow::Result;
use pc_base::Places;
use pc_cloud::{Billing, Cloud, Endpoint};
use pc_protocol::account::{KeyRow, NewKey, RotatedRow, WorkspaceRow};
use pc_secrets::Keychain;

use super::{Offline, off_the_runtime, offline, running};
use crate::clouds::network;

/// An opened account.
pub enum Admin {
    Running(Cloud),
    Folder(Arc<Offline>, i64),
}

impl Admin {
    /// The cloud of a home: the user's, or a folder of its own as [`super::ServeOptions::apart`] makes it.
    pub async fn open(places: Places, keychain: Keychain) -> Result<Self> {
        let found = off_the_runtime(move || {
            let Some(running) = running(&places)? else {
                let offline = offline(&places, &keychain)?;
                let account = offline.state.own_account()?;
                return Ok(Err((Arc::new(offline), account)));
            };
            Ok(Ok(running))
        });
        let running = match found.await? {
            Err((offline, account)) => return Ok(Self::Folder(offline, account)),
            Ok(running) => running,
        };
        let billing = Billing {
            url: running.base_url.clone(),
            access_key_id: running.access_key_id,
            access_key_secret: Arc::new(running.access_key_secret),
        };
        let (base_url, api_key) = (running.base_url, Arc::new(running.api_key));
        let endpoint = Endpoint { base_url, api_key, workspace: None, billing: Some(billing) };
        Cloud::new(endpoint, &network()).map(Self::Running)
    }

    /// Makes a key; the answer holds it, and nothing ever will again.
    pub async fn key_create(&self, wanted: NewKey) -> Result<KeyRow> {
        match self {
            Self::Running(cloud) => cloud.key_create(&wanted).await,
            Self::Folder(..) => self.on_folder(|state, account| state.account_key_create(account, wanted, "")).await,
        }
    }

    /// All keys, newest first.
    pub async fn keys(&self) -> Result<Vec<KeyRow>> {
        match self {
            Self::Running(cloud) => cloud.keys().await,
            Self::Folder(..) => self.on_folder(pc_server::State::account_keys).await,
        }
    }

    /// Ends a key, and what was made with it.
    pub async fn key_revoke(&self, id: i64) -> Result<()> {
        match self {
            Self::Running(cloud) => cloud.key_revoke(id).await,
            Self::Folder(..) => self.on_folder(move |state, account| state.account_key_revoke(account, id)).await,
        }
    }

    /// Makes a workspace.
    pub async fn workspace_create(&self, name: String) -> Result<WorkspaceRow> {
        match self {
            Self::Running(cloud) => cloud.workspace_create(&name).await,
            Self::Folder(..) => {
                self.on_folder(move |state, account| state.account_workspace_create(account, &name)).await
            }
        }
    }

    /// All workspaces, oldest first.
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceRow>> {
        match self {
            Self::Running(cloud) => cloud.workspaces().await,
            Self::Folder(..) => self.on_folder(pc_server::State::account_workspaces).await,
        }
    }

    /// Gives workspaces, one or all, a new version of their data key.
    pub async fn rotate(&self, workspace: Option<String>) -> Result<Vec<RotatedRow>> {
        match self {
            Self::Running(cloud) => cloud.keys_rotate(workspace.as_deref()).await,
            Self::Folder(..) => {
                self.on_folder(move |state, account| state.account_rotate(account, workspace.as_deref())).await
            }
        }
    }

    async fn on_folder<T: Send + 'static>(
        &self,
        work: impl FnOnce(&pc_server::State, i64) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Self::Folder(offline, account) = self else { anyhow::bail!("the cloud runs") };
        let (offline, account) = (offline.clone(), *account);
        off_the_runtime(move || work(&offline.state, account)).await
    }
}
