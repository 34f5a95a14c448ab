//! Table `clouds`: endpoints that the user added. Their keys are in `secrets`.

use crate::database::{rows, run};

use super::Tx;

/// An endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cloud {
    pub id: String,
    pub name: String,
    /// `embedded` or `model_studio`.
    pub kind: String,
    pub base_url: String,
    pub billing_url: Option<String>,
    pub region: Option<String>,
    pub workspace: Option<String>,
    pub added_at: String,
}

impl Tx<'_> {
    /// Adds a cloud, or replaces that of the same id.
    pub fn cloud_put(&self, row: &Cloud) -> anyhow::Result<()> {
        let sql = "INSERT OR REPLACE INTO clouds (id, name, kind, base_url, billing_url, region, workspace, added_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let (url, billing) = (&row.base_url, &row.billing_url);
        let params = (&row.id, &row.name, &row.kind, url, billing, &row.region, &row.workspace, &row.added_at);
        run(self.0, sql, params).map(drop)
    }

    /// All clouds in the order of their adding.
    pub fn clouds(&self) -> anyhow::Result<Vec<Cloud>> {
        let sql = "SELECT id, name, kind, base_url, billing_url, region, workspace, added_at FROM clouds ORDER BY added_at, id";
        rows(self.0, sql, [], |row| {
            Ok(Cloud {
                id: row.get(0)?,
                name: row.get(1)?,
                kind: row.get(2)?,
                base_url: row.get(3)?,
                billing_url: row.get(4)?,
                region: row.get(5)?,
                workspace: row.get(6)?,
                added_at: row.get(7)?,
            })
        })
    }

    /// Removes a cloud and what was learned from it, but not its secrets.
    pub fn cloud_remove(&self, id: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM clouds WHERE id = ?1", [id])?;
        run(self.0, "DELETE FROM datasets WHERE cloud_id = ?1", [id])?;
        run(self.0, "DELETE FROM seen WHERE cloud_id = ?1", [id])?;
        run(self.0, "DELETE FROM bill_lines WHERE cloud_id = ?1", [id])?;
        run(self.0, "DELETE FROM bill_syncs WHERE cloud_id = ?1", [id]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_cloud_is_gone() {
        let (_dir, store) = super::super::empty();
        store.write(|tx| tx.cloud_put(&Cloud { id: "c".into(), name: "one".into(), ..Default::default() })).unwrap();
        assert_eq!(store.read(|tx| tx.clouds()).unwrap()[0].name, "one");
        store.write(|tx| tx.cloud_remove("c")).unwrap();
        assert!(store.read(|tx| tx.clouds()).unwrap().is_empty());
    }
}
