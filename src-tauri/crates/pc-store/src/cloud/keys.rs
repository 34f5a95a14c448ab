//! Tables `api_keys` (only hashes) and `access_keys` (sealed secrets, because ACS3 needs the secret itself).

use crate::database::{first, run};

use super::Tx;

/// A bearer key, known by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: String,
    pub workspace_id: String,
    /// Hex SHA-256 of the key.
    pub hash: String,
    pub created_at: String,
    /// Nothing lives until it is removed.
    pub expires_at: Option<String>,
}

/// An AccessKey pair for the billing API.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    pub workspace_id: String,
    pub sealed_secret: Vec<u8>,
    pub created_at: String,
}

impl Tx<'_> {
    /// Adds an API key.
    pub fn api_key_add(&self, row: &ApiKey) -> anyhow::Result<()> {
        let sql = "INSERT INTO api_keys (id, workspace_id, hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        run(self.0, sql, (&row.id, &row.workspace_id, &row.hash, &row.created_at, &row.expires_at)).map(drop)
    }

    /// The API key with this hash.
    pub fn api_key(&self, hash: &str) -> anyhow::Result<Option<ApiKey>> {
        let sql = "SELECT id, workspace_id, hash, created_at, expires_at FROM api_keys WHERE hash = ?1";
        first(self.0, sql, [hash], |row| {
            Ok(ApiKey {
                id: row.get(0)?,
                workspace_id: row.get(1)?,
                hash: row.get(2)?,
                created_at: row.get(3)?,
                expires_at: row.get(4)?,
            })
        })
    }

    /// Removes short-lived keys that ended before `now`.
    pub fn api_keys_expire(&self, now: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM api_keys WHERE expires_at < ?1", [now]).map(drop)
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

    #[test]
    fn short_lived_keys_go_and_lasting_ones_stay() {
        let (_dir, store) = super::super::empty();
        let key = |id: &str, expires_at: Option<&str>| ApiKey {
            id: id.into(),
            workspace_id: "a".into(),
            hash: id.into(),
            created_at: String::new(),
            expires_at: expires_at.map(Into::into),
        };
        store.write(|tx| tx.api_key_add(&key("short", Some("2026-01-01T00:00:00Z")))).unwrap();
        store.write(|tx| tx.api_key_add(&key("lasting", None))).unwrap();
        store.write(|tx| tx.api_keys_expire("2026-01-02T00:00:00Z")).unwrap();
        assert!(store.read(|tx| tx.api_key("short")).unwrap().is_none());
        assert!(store.read(|tx| tx.api_key("lasting")).unwrap().is_some());
    }
}
