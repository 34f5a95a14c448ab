//! API keys and AccessKey pairs: made, found, and those that the program makes for itself. Only hashes of API keys are
//! kept; they are 128 random bits or more, so a slow hash would add nothing.

use anyhow::Context as _;
use pc_base::Secret;
use pc_secrets::{open, seal};
use pc_store::cloud::{AccessKey, ApiKey, Tx, Workspace};
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::access::Scope;
use super::workspaces::owner_of;
use crate::state::State;

/// The keys of the first workspace, to be handed to its user.
pub struct Credentials {
    pub workspace: String,
    pub api_key: Secret<String>,
    /// For what the account used and what it cost, and nothing else.
    pub admin_api_key: Secret<String>,
    pub access_key_id: String,
    pub access_key_secret: Secret<String>,
}

/// The word of a row for an admin key.
const ADMIN: &str = "admin";

/// What a new API key is to be.
#[derive(Clone, Debug, Default)]
pub struct KeyWish {
    pub workspace: String,
    pub description: String,
    pub scope: Scope,
    /// RFC 3339.
    pub expires_at: Option<String>,
    /// The AccessKey that asks for it.
    pub created_by: String,
}

/// A key that was found: what it opens, and for whom.
pub(crate) struct Found {
    pub workspace: String,
    /// By which bills name it: its own number, or that of the key it was made with.
    pub number: i64,
    pub scope: Scope,
    /// It opens what an account used and what it cost, and nothing else.
    pub admin: bool,
    pub expires_at: Option<String>,
}

/// Hex SHA-256: how keys are kept.
pub(crate) fn hash_of(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// A key that nobody can guess: 192 random bits.
pub(crate) fn random_key(prefix: &str) -> Secret<String> {
    Secret::new(format!("{prefix}{}", hex::encode(rand::rng().random::<[u8; 24]>())))
}

impl State {
    /// The first workspace's keys; makes the workspace where there is none. They come from the master key and the
    /// workspace's id, so that they are the same after a restart although only a hash of the API key is kept.
    pub fn credentials(&self, api_key: Option<Secret<String>>) -> anyhow::Result<Credentials> {
        let first = self.store.read(|tx| tx.workspaces())?.into_iter().next();
        let workspace = first.map_or_else(|| self.workspace_add("default"), |row| Ok(row.id))?;
        self.credentials_of(&workspace, api_key)
    }

    /// The same for a given workspace.
    pub fn credentials_of(&self, workspace: &str, api_key: Option<Secret<String>>) -> anyhow::Result<Credentials> {
        let derived = |what: &str, digits: usize| {
            self.master.derived_text(&format!("{what}/{workspace}")).expose()[..digits].to_owned()
        };
        let own_key = Secret::new(format!("sk-{}", derived("api key", 32)));
        let own_hash = hash_of(own_key.expose());
        let (own, api_key) = (api_key.is_none(), api_key.unwrap_or(own_key));
        let access_key_id = format!("LTAI{}", &derived("access key id", 20));
        let access_key_secret = Secret::new(derived("access key secret", 40));
        let admin_api_key = Secret::new(format!("sk-admin-{}", derived("admin API key", 32)));
        let wish = KeyWish { workspace: workspace.to_owned(), ..KeyWish::default() };
        let row = ApiKey { own, ..self.key_row(&wish, hash_of(api_key.expose())) };
        let admin_hash = hash_of(admin_api_key.expose());
        let admin = self.key_row(&wish, admin_hash.clone());
        let admin = ApiKey { own: true, access: ADMIN.to_owned(), ..admin };
        self.store.write(|tx| {
            for row in [row, admin] {
                // A key that is known already stays as it is.
                if tx.api_key(&row.hash)?.is_none() {
                    tx.api_key_add(&row)?;
                }
            }
            // What comes from another master key opens nothing any more.
            tx.api_keys_own(workspace, [&own_hash, &admin_hash])?;
            tx.access_keys_but(workspace, &access_key_id)
        })?;
        let known = self.store.read(|tx| tx.access_key(&access_key_id))?;
        if known.is_none() {
            let identity = access_key_identity(workspace, &access_key_id);
            let sealed_secret = seal(&self.key(workspace)?, &identity, access_key_secret.expose().as_bytes());
            let (id, workspace_id) = (access_key_id.clone(), workspace.to_owned());
            let row = AccessKey { id, workspace_id, sealed_secret, created_at: self.now_text() };
            self.store.write(|tx| tx.access_key_add(&row))?;
        }
        Ok(Credentials { workspace: workspace.to_owned(), api_key, admin_api_key, access_key_id, access_key_secret })
    }

    fn key_row(&self, wish: &KeyWish, hash: String) -> ApiKey {
        ApiKey {
            workspace_id: wish.workspace.clone(),
            hash,
            description: wish.description.clone(),
            created_by: wish.created_by.clone(),
            access: wish.scope.access(),
            models: wish.scope.models.clone(),
            addresses: wish.scope.addresses.clone(),
            created_at: self.now_text(),
            expires_at: wish.expires_at.clone(),
            ..ApiKey::default()
        }
    }

    /// Makes an API key. The key itself is told here and never again.
    pub fn key_make(&self, wish: &KeyWish) -> anyhow::Result<(ApiKey, Secret<String>)> {
        self.key_make_then(wish, |_, row, key| Ok((row.clone(), key)))
    }

    /// The same, and what follows from it in the same transaction.
    pub(crate) fn key_make_then<T>(
        &self,
        wish: &KeyWish,
        then: impl FnOnce(&Tx<'_>, &ApiKey, Secret<String>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let key = random_key("sk-");
        let mut row = self.key_row(wish, hash_of(key.expose()));
        self.store.write(|tx| {
            row.number = tx.api_key_add(&row)?;
            then(tx, &row, key)
        })
    }

    /// An account's API keys, newest first, each with its workspace.
    pub fn keys_of(&self, account: i64) -> anyhow::Result<Vec<(ApiKey, Workspace)>> {
        self.store.read(|tx| {
            let workspaces = tx.workspaces()?;
            let with_its = |key: ApiKey| {
                let workspace = workspaces.iter().find(|row| row.id == key.workspace_id)?.clone();
                Some((key, workspace))
            };
            Ok(tx.api_keys(account)?.into_iter().filter_map(with_its).collect())
        })
    }

    /// Ends an API key of an account, and what was made with it; false where there is none of this number.
    pub fn key_revoke(&self, account: i64, number: i64) -> anyhow::Result<bool> {
        self.store.write(|tx| match of_account(tx, account, number)? {
            None => Ok(false),
            Some(_) => tx.api_key_remove(number).map(|()| true),
        })
    }

    /// A short-lived key that opens what `parent` opens, no longer than until `expires_at` (RFC 3339).
    pub(crate) fn token_make<T>(
        &self,
        parent: i64,
        expires_at: &str,
        then: impl FnOnce(&Tx<'_>, &Secret<String>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let token = random_key("st-");
        self.store.write(|tx| {
            let parent = tx.api_key_numbered(parent)?.context("its key was accepted just now")?;
            let row = ApiKey {
                hash: hash_of(token.expose()),
                parent: Some(parent.number),
                own: false,
                created_at: self.now_text(),
                expires_at: Some(expires_at.to_owned()),
                ..parent
            };
            tx.api_key_add(&row)?;
            then(tx, &token)
        })
    }

    /// The key that a caller sent, unless it ended, was disabled, or was made with one of which that holds.
    pub(crate) fn key_found(&self, key: &str) -> anyhow::Result<Option<Found>> {
        let (hash, now) = (hash_of(key), self.now_text());
        let Some((row, parent)) = self.store.read(|tx| tx.api_key(&hash))? else { return Ok(None) };
        let same: bool = row.hash.as_bytes().ct_eq(hash.as_bytes()).into();
        let good = |row: &ApiKey| !row.disabled && row.expires_at.as_ref().is_none_or(|end| *end > now);
        if !same || !good(&row) || !parent.as_ref().is_none_or(good) {
            return Ok(None);
        }
        // The scope is the parent's as it is now: narrowing a key narrows what was made with it.
        let holder = parent.as_ref().unwrap_or(&row);
        let (workspace, number, scope) = (holder.workspace_id.clone(), holder.number, Scope::of(holder));
        let admin = holder.access == ADMIN;
        Ok(Some(Found { workspace, number, scope, admin, expires_at: row.expires_at }))
    }

    /// The secret of an AccessKey pair and the account that it speaks for.
    pub(crate) fn access_key(&self, id: &str) -> anyhow::Result<Option<(Workspace, Secret<String>)>> {
        let found = self.store.read(|tx| {
            let Some(row) = tx.access_key(id)? else { return Ok(None) };
            let workspace = tx.workspace(&row.workspace_id)?;
            Ok(workspace.map(|workspace| (row, workspace)))
        })?;
        let Some((row, workspace)) = found else { return Ok(None) };
        let identity = access_key_identity(&row.workspace_id, &row.id);
        let plain = open(&self.key(&row.workspace_id)?, &identity, &row.sealed_secret)?;
        Ok(Some((workspace, Secret::new(String::from_utf8(plain)?))))
    }
}

/// An account's own key of this number.
pub(crate) fn of_account(tx: &Tx<'_>, account: i64, number: i64) -> anyhow::Result<Option<ApiKey>> {
    let Some(row) = tx.api_key_numbered(number)?.filter(|row| row.parent.is_none() && row.access != ADMIN) else {
        return Ok(None);
    };
    let workspace = tx.workspace(&row.workspace_id)?;
    Ok(workspace.is_some_and(|workspace| workspace.account == account).then_some(row))
}

fn access_key_identity(workspace: &str, id: &str) -> String {
    format!("{}/access-key/{id}", owner_of(workspace))
}
