//! Workspaces: tenants with a data key of their own, in versions. A rotation adds a version in one transaction: what was
//! sealed before stays as it is and readable, whatever is sealed after it is sealed with the new one. There is no moment in
//! between, so a kill leaves the old versions or all of them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use anyhow::Context as _;
use pc_secrets::{DataKey, Keyring, Keys as _, MasterKey};
use pc_store::cloud::{CloudStore, Tx, Workspace, WrappedKey};
use rand::Rng as _;
use uuid::Uuid;

use crate::state::State;

/// What a workspace's blobs and its wrapped keys are bound to.
pub(crate) fn owner_of(workspace: &str) -> String {
    format!("workspace/{workspace}")
}

/// A workspace's keyring out of the database.
fn keyring(tx: &Tx<'_>, master: &MasterKey, workspace: &str) -> anyhow::Result<Arc<Keyring>> {
    let versions = tx.data_keys(workspace)?.into_iter();
    let opened = versions.map(|row| master.unwrap(&row.wrapped_key, &owner_of(workspace)));
    let ring = Keyring::new(opened.collect::<anyhow::Result<_>>()?);
    Ok(Arc::new(ring.with_context(|| format!("the workspace {workspace} has no key"))?))
}

/// Every workspace's keyring. What an older master key wrapped is wrapped anew by the present one, in one transaction; the
/// data keys stay the same, so that nothing else changes.
pub(crate) fn keyrings(store: &CloudStore, master: &MasterKey) -> anyhow::Result<HashMap<String, Arc<Keyring>>> {
    store.write(|tx| {
        for workspace in tx.workspaces()? {
            for row in tx.data_keys(&workspace.id)? {
                if let Some(wrapped_key) = master.rewrap(&row.wrapped_key, &owner_of(&workspace.id))? {
                    tx.data_key_rewrap(&WrappedKey { wrapped_key, ..row })?;
                }
            }
        }
        Ok(())
    })?;
    store.read(|tx| {
        let of = |row: Workspace| keyring(tx, master, &row.id).map(|ring| (row.id, ring));
        tx.workspaces()?.into_iter().map(of).collect()
    })
}

/// A rotated workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    pub workspace: String,
    /// Of the new version; the first one is 1.
    pub version: u32,
    /// Names the new key in records and receipts: 16 hex digits.
    pub key_id: String,
}

impl State {
    /// Adds a workspace with a data key and an account of its own; answers its id.
    pub fn workspace_add(&self, name: &str) -> anyhow::Result<String> {
        let account = rand::rng().random_range(1_000_000_000_000_000..2_000_000_000_000_000);
        self.workspace_add_to(account, name).map(|row| row.id)
    }

    /// Adds a workspace with a data key of its own to an account.
    pub fn workspace_add_to(&self, account: i64, name: &str) -> anyhow::Result<Workspace> {
        self.workspace_add_then(account, name, |_, row| Ok(row.clone()))
    }

    /// The same, and what follows from it in the same transaction.
    pub(crate) fn workspace_add_then<T>(
        &self,
        account: i64,
        name: &str,
        then: impl FnOnce(&Tx<'_>, &Workspace) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let id = format!("llm-{}", &Uuid::new_v4().simple().to_string()[..16]);
        let row = Workspace { id: id.clone(), name: name.to_owned(), account, created_at: self.now_text() };
        let wrapped_key = self.master.wrap(&DataKey::generate(), &owner_of(&id));
        let key = WrappedKey { workspace_id: id, version: 1, wrapped_key, created_at: row.created_at.clone() };
        let made = self.store.write(|tx| {
            tx.workspace_add(&row)?;
            tx.data_key_add(&key)?;
            then(tx, &row)
        })?;
        self.keyring_read(&row.id)?;
        Ok(made)
    }

    /// Ends a workspace that holds nothing: answers what it still holds instead where it does.
    pub(crate) fn workspace_end(&self, id: &str) -> anyhow::Result<Vec<&'static str>> {
        let held = self.store.write(|tx| {
            let held = tx.workspace_holds(id)?;
            if held.is_empty() {
                tx.workspace_end(id, &self.now_text())?;
            }
            Ok(held)
        })?;
        if held.is_empty() {
            self.keys.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        }
        Ok(held)
    }

    /// Gives workspaces (one, or all) a new version of their data key. One of this name that does not exist is an empty answer.
    pub fn rotate(&self, workspace: Option<&str>) -> anyhow::Result<Vec<Rotated>> {
        let all = self.store.read(|tx| tx.workspaces())?;
        let wanted = all.into_iter().filter(|row| workspace.is_none_or(|id| row.id == id));
        wanted.map(|row| self.rotated(&row.id)).collect()
    }

    fn rotated(&self, workspace: &str) -> anyhow::Result<Rotated> {
        let wrapped_key = self.master.wrap(&DataKey::generate(), &owner_of(workspace));
        let (workspace_id, created_at) = (workspace.to_owned(), self.now_text());
        let mut key = WrappedKey { workspace_id, version: 0, wrapped_key, created_at };
        self.store.write(|tx| {
            key.version = tx.data_keys(workspace)?.last().map_or(0, |row| row.version) + 1;
            tx.data_key_add(&key)
        })?;
        let ring = self.keyring_read(workspace)?;
        let key_id = hex::encode(ring.newest().id());
        Ok(Rotated { workspace: key.workspace_id, version: key.version, key_id })
    }

    fn keyring_read(&self, workspace: &str) -> anyhow::Result<Arc<Keyring>> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let ring = self.store.read(|tx| keyring(tx, &self.master, workspace))?;
        keys.insert(workspace.to_owned(), ring.clone());
        Ok(ring)
    }

    /// A workspace's data key in all its versions.
    pub(crate) fn key(&self, workspace: &str) -> anyhow::Result<Arc<Keyring>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(workspace).cloned().context("every workspace has a key")
    }
}
