//! Tables `api_keys` (only hashes) and `access_keys` (sealed secrets, because ACS3 needs the secret itself).

use anyhow::Context as _;
use rusqlite::Row;

use crate::database::{first, rows, run};

use super::Tx;

/// A bearer key, known by its hash, or a short-lived one that was made with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiKey {
    /// Set by the database; never used again after a removal, because bills name it.
    pub number: i64,
    pub workspace_id: String,
    /// Hex SHA-256 of the key.
    pub hash: String,
    /// The key that this one was made with and ends with.
    pub parent: Option<i64>,
    /// Derived from the master key for the program's own use.
    pub own: bool,
    pub description: String,
    /// The AccessKey that made it; empty for the program itself.
    pub created_by: String,
    /// `read` or `write`, or `admin` for what an account used and what it cost, and nothing else.
    pub access: String,
    /// Models that it may use; nothing for all.
    pub models: Option<Vec<String>>,
    /// Networks (`192.0.2.0/24`) that it may come from; none for all.
    pub addresses: Vec<String>,
    pub disabled: bool,
    pub created_at: String,
    /// Nothing lives until it is removed.
    pub expires_at: Option<String>,
}

/// An AccessKey pair for the signed APIs.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    /// Whose data key seals the secret, and whose account the pair speaks for.
    pub workspace_id: String,
    pub sealed_secret: Vec<u8>,
    pub created_at: String,
}

const COLUMNS: &str =
    "number, workspace_id, hash, parent, own, description, created_by, access, models, addresses, disabled,
                       created_at, expires_at";

/// The row with its two lists still as text.
type Listed = (ApiKey, Option<String>, String);

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let key = ApiKey {
        number: row.get(0)?,
        workspace_id: row.get(1)?,
        hash: row.get(2)?,
        parent: row.get(3)?,
        own: row.get(4)?,
        description: row.get(5)?,
        created_by: row.get(6)?,
        access: row.get(7)?,
        disabled: row.get(10)?,
        created_at: row.get(11)?,
        expires_at: row.get(12)?,
        ..ApiKey::default()
    };
    Ok((key, row.get(8)?, row.get(9)?))
}

fn whole((key, models, addresses): Listed) -> anyhow::Result<ApiKey> {
    let list = |text: &str| serde_json::from_str(text).context("a list in the database is not JSON");
    Ok(ApiKey { models: models.as_deref().map(list).transpose()?, addresses: list(&addresses)?, ..key })
}

fn texts(key: &ApiKey) -> anyhow::Result<(Option<String>, String)> {
    let models = key.models.as_ref().map(serde_json::to_string).transpose()?;
    Ok((models, serde_json::to_string(&key.addresses)?))
}

impl Tx<'_> {
    /// Adds an API key and answers its number; that of `row` is ignored.
    pub fn api_key_add(&self, row: &ApiKey) -> anyhow::Result<i64> {
        let sql =
            "INSERT INTO api_keys (workspace_id, hash, parent, own, description, created_by, access, models, addresses,
                   disabled, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let (models, addresses) = texts(row)?;
        let about = (&row.description, &row.created_by, &row.access, models, addresses);
        let params = (
            &row.workspace_id,
            &row.hash,
            row.parent,
            row.own,
            about.0,
            about.1,
            about.2,
            about.3,
            about.4,
            row.disabled,
            &row.created_at,
            &row.expires_at,
        );
        run(self.0, sql, params)?;
        Ok(self.0.last_insert_rowid())
    }

    /// Writes back what may change: hash, description, scope, whether it is disabled.
    pub fn api_key_update(&self, row: &ApiKey) -> anyhow::Result<()> {
        let sql =
            "UPDATE api_keys SET hash = ?2, description = ?3, access = ?4, models = ?5, addresses = ?6, disabled = ?7
                   WHERE number = ?1";
        let (models, addresses) = texts(row)?;
        let params = (row.number, &row.hash, &row.description, &row.access, models, addresses, row.disabled);
        run(self.0, sql, params).map(drop)
    }

    /// The API key with this hash, and the one that it was made with.
    pub fn api_key(&self, hash: &str) -> anyhow::Result<Option<(ApiKey, Option<ApiKey>)>> {
        let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE hash = ?1");
        let Some(key) = first(self.0, &sql, [hash], listed)?.map(whole).transpose()? else { return Ok(None) };
        let parent = key.parent.map(|number| self.api_key_numbered(number)).transpose()?.flatten();
        Ok(Some((key, parent)))
    }

    /// The API key of this number.
    pub fn api_key_numbered(&self, number: i64) -> anyhow::Result<Option<ApiKey>> {
        let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE number = ?1");
        first(self.0, &sql, [number], listed)?.map(whole).transpose()
    }

    /// An account's API keys, newest first, without the short-lived ones and the admin's.
    pub fn api_keys(&self, account: i64) -> anyhow::Result<Vec<ApiKey>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM api_keys WHERE parent IS NULL AND access <> 'admin'
               AND workspace_id IN (SELECT id FROM workspaces WHERE account = ?1) ORDER BY number DESC"
        );
        rows(self.0, &sql, [account], listed)?.into_iter().map(whole).collect()
    }

    /// Removes an API key and those that were made with it.
    pub fn api_key_remove(&self, number: i64) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM api_keys WHERE number = ?1", [number]).map(drop)
    }

    /// Leaves a workspace with these own keys of the program, by their hashes: others of an older master key are removed,
    /// and those that are there are known as its own.
    pub fn api_keys_own(&self, workspace: &str, hashes: [&str; 2]) -> anyhow::Result<()> {
        let params = (workspace, hashes[0], hashes[1]);
        run(self.0, "DELETE FROM api_keys WHERE workspace_id = ?1 AND own AND hash NOT IN (?2, ?3)", params)?;
        run(self.0, "UPDATE api_keys SET own = 1 WHERE workspace_id = ?1 AND hash IN (?2, ?3) AND NOT own", params)
            .map(drop)
    }

    /// Removes a workspace's AccessKey pairs but one.
    pub fn access_keys_but(&self, workspace: &str, id: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM access_keys WHERE workspace_id = ?1 AND id <> ?2", (workspace, id)).map(drop)
    }

    /// Removes short-lived keys that ended before `now`. Others stay to be seen as expired.
    pub fn api_keys_expire(&self, now: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM api_keys WHERE parent IS NOT NULL AND expires_at < ?1", [now]).map(drop)
    }

    /// Adds an AccessKey pair.
    pub fn access_key_add(&self, row: &AccessKey) -> anyhow::Result<()> {
        let sql = "INSERT INTO access_keys (id, workspace_id, sealed_secret, created_at) VALUES (?1, ?2, ?3, ?4)";
        run(self.0, sql, (&row.id, &row.workspace_id, &row.sealed_secret, &row.created_at)).map(drop)
    }

    /// The AccessKey pair with this id.
    pub fn access_key(&self, id: &str) -> anyhow::Result<Option<AccessKey>> {
        let sql = "SELECT id, workspace_id, sealed_secret, created_at FROM access_keys WHERE id = ?1";
        first(self.0, sql, [id], |row| {
            Ok(AccessKey {
                id: row.get(0)?,
                workspace_id: row.get(1)?,
                sealed_secret: row.get(2)?,
                created_at: row.get(3)?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hash: &str, workspace: &str) -> ApiKey {
        ApiKey { workspace_id: workspace.into(), hash: hash.into(), access: "write".into(), ..ApiKey::default() }
    }

    #[test]
    fn short_lived_keys_go_with_their_time_or_their_parent() {
        let (_dir, store) = super::super::empty();
        let parent = store.write(|tx| tx.api_key_add(&key("lasting", "a"))).unwrap();
        let token =
            |hash: &str, end: &str| ApiKey { parent: Some(parent), expires_at: Some(end.into()), ..key(hash, "a") };
        store.write(|tx| tx.api_key_add(&token("short", "2026-01-01T00:00:00Z"))).unwrap();
        store.write(|tx| tx.api_key_add(&token("longer", "2026-01-03T00:00:00Z"))).unwrap();
        store.write(|tx| tx.api_keys_expire("2026-01-02T00:00:00Z")).unwrap();
        assert!(store.read(|tx| tx.api_key("short")).unwrap().is_none());
        let (longer, found) = store.read(|tx| tx.api_key("longer")).unwrap().unwrap();
        assert_eq!((longer.parent, found.unwrap().hash), (Some(parent), "lasting".to_owned()));
        store.write(|tx| tx.api_key_remove(parent)).unwrap();
        assert!(store.read(|tx| tx.api_key("longer")).unwrap().is_none(), "revoked with the key that made it");
    }

    #[test]
    fn a_scope_is_kept_whole_and_numbers_are_not_used_again() {
        let (_dir, store) = super::super::empty();
        let mut row = ApiKey {
            models: Some(vec!["m".into()]),
            addresses: vec!["127.0.0.0/8".into()],
            disabled: true,
            ..key("h", "a")
        };
        row.number = store.write(|tx| tx.api_key_add(&row)).unwrap();
        assert_eq!(store.read(|tx| tx.api_key("h")).unwrap().unwrap().0, row);
        store.write(|tx| tx.api_key_remove(row.number)).unwrap();
        assert!(store.write(|tx| tx.api_key_add(&key("i", "a"))).unwrap() > row.number);
        let account = store.read(|tx| tx.workspace("a")).unwrap().unwrap().account;
        assert_eq!(store.read(|tx| tx.api_keys(account)).unwrap().len(), 1);
        assert!(store.read(|tx| tx.api_keys(account + 1)).unwrap().is_empty(), "another account sees none");
    }
}
