//! Table `workspaces`: tenants, each with its own wrapped data key.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    pub id: String,
    pub name: String,
    pub wrapped_key: Vec<u8>,
    /// RFC 3339, as every time in this database.
    pub created_at: String,
}

impl Workspace {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { id: row.get(0)?, name: row.get(1)?, wrapped_key: row.get(2)?, created_at: row.get(3)? })
    }
}

impl Tx<'_> {
    /// Adds a tenant.
    pub fn workspace_add(&self, row: &Workspace) -> anyhow::Result<()> {
        let sql = "INSERT INTO workspaces (id, name, wrapped_key, created_at) VALUES (?1, ?2, ?3, ?4)";
        run(self.0, sql, (&row.id, &row.name, &row.wrapped_key, &row.created_at)).map(drop)
    }

    /// A tenant by its id.
    pub fn workspace(&self, id: &str) -> anyhow::Result<Option<Workspace>> {
        first(self.0, "SELECT id, name, wrapped_key, created_at FROM workspaces WHERE id = ?1", [id], Workspace::of)
    }

    /// All tenants, oldest first.
    pub fn workspaces(&self) -> anyhow::Result<Vec<Workspace>> {
        rows(
            self.0,
            "SELECT id, name, wrapped_key, created_at FROM workspaces ORDER BY created_at, id",
            [],
            Workspace::of,
        )
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_workspace_is_found_by_its_id_only() {
        let (_dir, store) = super::super::empty();
        assert_eq!(store.read(|tx| tx.workspace("a")).unwrap().unwrap().name, "a");
        assert_eq!(store.read(|tx| tx.workspace("c")).unwrap(), None);
        assert_eq!(store.read(|tx| tx.workspaces()).unwrap().len(), 2);
    }
}
