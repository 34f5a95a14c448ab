//! Tables `workspaces`, tenants that belong to an account, and `data_keys`: each tenant's own, wrapped, in versions.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// A tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workspace {
    pub id: String,
    pub name: String,
    /// Whom its bill goes to; 16 digits.
    pub account: i64,
    /// RFC 3339, as every time in this database.
    pub created_at: String,
}

/// A version of a tenant's data key. New records are sealed with the highest one; the others open what is older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    pub workspace_id: String,
    pub version: u32,
    pub wrapped_key: Vec<u8>,
    pub created_at: String,
}

const COLUMNS: &str = "id, name, account, created_at";

impl Workspace {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { id: row.get(0)?, name: row.get(1)?, account: row.get(2)?, created_at: row.get(3)? })
    }
}

impl Tx<'_> {
    /// Adds a tenant.
    pub fn workspace_add(&self, row: &Workspace) -> anyhow::Result<()> {
        let sql = "INSERT INTO workspaces (id, name, account, created_at) VALUES (?1, ?2, ?3, ?4)";
        run(self.0, sql, (&row.id, &row.name, row.account, &row.created_at)).map(drop)
    }

    /// A tenant by its id.
    pub fn workspace(&self, id: &str) -> anyhow::Result<Option<Workspace>> {
        let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE id = ?1 AND deleted_at IS NULL");
        first(self.0, &sql, [id], Workspace::of)
    }

    /// All tenants, oldest first.
    pub fn workspaces(&self) -> anyhow::Result<Vec<Workspace>> {
        let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE deleted_at IS NULL ORDER BY rowid");
        rows(self.0, &sql, [], Workspace::of)
    }

    /// Whether anything but keys and bills belongs to a tenant: files, uploads, jobs, models or deployments.
    pub fn workspace_holds(&self, id: &str) -> anyhow::Result<Vec<&'static str>> {
        let mut held = Vec::new();
        for table in ["files", "uploads", "resumables", "jobs", "models", "deployments"] {
            let sql = format!("SELECT 1 FROM {table} WHERE workspace_id = ?1 LIMIT 1");
            if first(self.0, &sql, [id], |_| Ok(()))?.is_some() {
                held.push(table);
            }
        }
        Ok(held)
    }

    /// Ends a tenant: its keys of both kinds are gone for good, its usage stays for the bill.
    pub fn workspace_end(&self, id: &str, now: &str) -> anyhow::Result<()> {
        for table in ["api_keys", "data_keys", "receipts", "signing_keys", "model_rules", "permissions"] {
            run(self.0, &format!("DELETE FROM {table} WHERE workspace_id = ?1"), [id])?;
        }
        run(self.0, "UPDATE workspaces SET deleted_at = ?2 WHERE id = ?1", [id, now]).map(drop)
    }

    /// Adds a version of a tenant's data key.
    pub fn data_key_add(&self, row: &WrappedKey) -> anyhow::Result<()> {
        let sql = "INSERT INTO data_keys (workspace_id, version, wrapped_key, created_at) VALUES (?1, ?2, ?3, ?4)";
        run(self.0, sql, (&row.workspace_id, row.version, &row.wrapped_key, &row.created_at)).map(drop)
    }

    /// Replaces the wrapping of a data key that stays the same.
    pub fn data_key_rewrap(&self, row: &WrappedKey) -> anyhow::Result<()> {
        let sql = "UPDATE data_keys SET wrapped_key = ?3 WHERE workspace_id = ?1 AND version = ?2";
        run(self.0, sql, (&row.workspace_id, row.version, &row.wrapped_key)).map(drop)
    }

    /// The versions of a tenant's data key, oldest first.
    pub fn data_keys(&self, workspace: &str) -> anyhow::Result<Vec<WrappedKey>> {
        let sql = "SELECT workspace_id, version, wrapped_key, created_at FROM data_keys WHERE workspace_id = ?1
                   ORDER BY version";
        rows(self.0, sql, [workspace], |row| {
            Ok(WrappedKey {
                workspace_id: row.get(0)?,
                version: row.get(1)?,
                wrapped_key: row.get(2)?,
                created_at: row.get(3)?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_is_found_by_its_id_only_until_it_ends() {
        let (_dir, store) = super::super::empty();
        assert_eq!(store.read(|tx| tx.workspace("a")).unwrap().unwrap().name, "a");
        assert_eq!(store.read(|tx| tx.workspace("c")).unwrap(), None);
        assert_eq!(store.read(|tx| tx.workspaces()).unwrap().len(), 2);
        assert!(store.read(|tx| tx.workspace_holds("a")).unwrap().is_empty());
        let key = WrappedKey { workspace_id: "a".into(), version: 1, wrapped_key: vec![1], created_at: String::new() };
        store.write(|tx| tx.data_key_add(&key)).unwrap();
        store.write(|tx| tx.workspace_end("a", "2026-11-24T00:00:00Z")).unwrap();
        assert_eq!(store.read(|tx| tx.workspace("a")).unwrap(), None);
        assert!(store.read(|tx| tx.data_keys("a")).unwrap().is_empty(), "what it sealed cannot be opened any more");
    }
}
