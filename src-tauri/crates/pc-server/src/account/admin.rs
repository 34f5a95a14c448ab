//! What the holder of an account does with its keys and workspaces, whether over the wire or on a folder that nobody serves.
//! Errors have codes: `input_invalid` for a wish that cannot be, `not_found` for what the account does not have.

use jiff::Timestamp;
use pc_base::{Code, coded};
use pc_protocol::account::{KeyRow, NewKey, RotatedRow, WorkspaceRow};
use pc_store::cloud::{ApiKey, Tx};

use super::access::{Scope, is_network};
use super::keys::{KeyWish, of_account};
use crate::state::{State, text_of};

fn invalid(what: &str, why: &str) -> anyhow::Error {
    coded(Code::InputInvalid).with("what", what).with("why", why).into()
}

fn missing(what: String) -> anyhow::Error {
    coded(Code::NotFound).with("what", what).into()
}

fn plain(what: &str, text: &str, most: usize) -> anyhow::Result<()> {
    let fits = text.chars().count() <= most && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(invalid(what, &format!("it is plain text of at most {most} characters"))) }
}

fn row(key: ApiKey) -> KeyRow {
    KeyRow {
        id: key.number,
        workspace: key.workspace_id,
        description: key.description,
        access: key.access,
        models: key.models,
        addresses: key.addresses,
        disabled: key.disabled,
        own: key.own,
        created_at: key.created_at,
        expires_at: key.expires_at,
        key: None,
    }
}

impl State {
    /// The account of the first workspace, which is the program's own.
    pub fn own_account(&self) -> anyhow::Result<i64> {
        let first = || self.store.read(|tx| Ok(tx.workspaces()?.into_iter().next()));
        if first()?.is_none() {
            self.credentials(None)?;
        }
        first()?.map(|row| row.account).ok_or_else(|| missing("workspace".to_owned()))
    }

    /// The account's workspace of this id, or its oldest one.
    fn workspace_named(&self, account: i64, id: Option<&str>) -> anyhow::Result<String> {
        let own = self.store.read(|tx| tx.workspaces())?.into_iter().filter(|row| row.account == account);
        let mut wanted = own.filter(|row| id.is_none_or(|id| row.id == id));
        wanted.next().map(|row| row.id).ok_or_else(|| missing(format!("workspace {}", id.unwrap_or_default())))
    }

    /// Makes a key; the answer holds it.
    pub fn account_key_create(&self, account: i64, wanted: NewKey, created_by: &str) -> anyhow::Result<KeyRow> {
        self.account_key_create_then(account, wanted, created_by, |_, _| Ok(()))
    }

    /// The same, and what follows from it in the same transaction.
    pub(crate) fn account_key_create_then(
        &self,
        account: i64,
        wanted: NewKey,
        created_by: &str,
        then: impl FnOnce(&Tx<'_>, &KeyRow) -> anyhow::Result<()>,
    ) -> anyhow::Result<KeyRow> {
        let workspace = self.workspace_named(account, wanted.workspace.as_deref())?;
        plain("description", &wanted.description, 200)?;
        let write = match wanted.access.as_deref() {
            None | Some("write") => true,
            Some("read") => false,
            Some(_) => return Err(invalid("access", "it is read or write")),
        };
        if let Some(bad) = wanted.addresses.iter().find(|text| !is_network(text)) {
            return Err(invalid(bad, "it is no address or network"));
        }
        if wanted.addresses.len() > 100 || wanted.models.len() > 100 || wanted.models.iter().any(|m| m.len() > 200) {
            return Err(invalid("the scope", "it lists at most 100 addresses and 100 models"));
        }
        let now = self.clock.now();
        let expires_at = match wanted.expires_at {
            None => None,
            Some(text) => match text.parse::<Timestamp>() {
                Ok(end) if end > now => Some(text_of(end)),
                _ => return Err(invalid("expires_at", "it is a time to come, such as 2030-01-31T00:00:00Z")),
            },
        };
        let models = Some(wanted.models).filter(|models| !models.is_empty());
        let scope = Scope { write, models, addresses: wanted.addresses };
        let (description, created_by) = (wanted.description, created_by.to_owned());
        let wish = KeyWish { workspace, description, scope, expires_at, created_by };
        self.key_make_then(&wish, |tx, made, key| {
            let made = KeyRow { key: Some(key.expose().clone()), ..row(made.clone()) };
            then(tx, &made).map(|()| made)
        })
    }

    /// The account's keys, newest first.
    pub fn account_keys(&self, account: i64) -> anyhow::Result<Vec<KeyRow>> {
        Ok(self.keys_of(account)?.into_iter().map(|(key, _)| row(key)).collect())
    }

    /// Ends a key, and what was made with it.
    pub fn account_key_revoke(&self, account: i64, id: i64) -> anyhow::Result<()> {
        let key = self.store.read(|tx| of_account(tx, account, id))?;
        let key = key.ok_or_else(|| missing(format!("key {id}")))?;
        if key.own {
            return Err(invalid(&format!("key {id}"), "it is the program's own and would come back"));
        }
        self.key_revoke(account, id).map(drop)
    }

    /// Makes a workspace with a data key of its own.
    pub fn account_workspace_create(&self, account: i64, name: &str) -> anyhow::Result<WorkspaceRow> {
        self.account_workspace_create_then(account, name, |_, _| Ok(()))
    }

    /// The same, and what follows from it in the same transaction.
    pub(crate) fn account_workspace_create_then(
        &self,
        account: i64,
        name: &str,
        then: impl FnOnce(&Tx<'_>, &WorkspaceRow) -> anyhow::Result<()>,
    ) -> anyhow::Result<WorkspaceRow> {
        plain("name", name, 64)?;
        if name.trim().is_empty() {
            return Err(invalid("name", "it must not be empty"));
        }
        self.workspace_add_then(account, name, |tx, row| {
            let (id, name, created_at) = (row.id.clone(), row.name.clone(), row.created_at.clone());
            let made = WorkspaceRow { id, name, created_at, key_version: 1 };
            then(tx, &made).map(|()| made)
        })
    }

    /// The account's workspaces, oldest first.
    pub fn account_workspaces(&self, account: i64) -> anyhow::Result<Vec<WorkspaceRow>> {
        self.store.read(|tx| {
            let own = tx.workspaces()?.into_iter().filter(|row| row.account == account);
            let shown = own.map(|row| {
                let key_version = tx.data_keys(&row.id)?.last().map_or(0, |key| key.version);
                Ok(WorkspaceRow { id: row.id, name: row.name, created_at: row.created_at, key_version })
            });
            shown.collect()
        })
    }

    /// Gives the account's workspaces, or one of them, a new version of their data key.
    pub fn account_rotate(&self, account: i64, workspace: Option<&str>) -> anyhow::Result<Vec<RotatedRow>> {
        let named = workspace.map(|id| self.workspace_named(account, Some(id))).transpose()?;
        let own = self.account_workspaces(account)?.into_iter().map(|row| row.id);
        let mut rotated = Vec::new();
        for id in own.filter(|id| named.as_ref().is_none_or(|named| named == id)) {
            for done in self.rotate(Some(&id))? {
                rotated.push(RotatedRow { workspace: done.workspace, version: done.version, key_id: done.key_id });
            }
        }
        Ok(rotated)
    }
}
