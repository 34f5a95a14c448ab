//! Table `permissions`: tuned models that another workspace may use, too, and what a workspace may use in all.

use rusqlite::Row;

use super::{TunedModel, Tx};
use crate::database::{first, rows, run};

/// That a workspace may use a model of another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    pub permission_id: String,
    pub model: String,
    /// The workspace that may use it.
    pub workspace_id: String,
    pub created_at: String,
}

impl Permission {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (permission_id, model) = (row.get(0)?, row.get(1)?);
        Ok(Self { permission_id, model, workspace_id: row.get(2)?, created_at: row.get(3)? })
    }
}

impl Tx<'_> {
    /// Keeps a permission; one for the same model and workspace stays as it is.
    pub fn permission_add(&self, row: &Permission) -> anyhow::Result<()> {
        let sql = "INSERT OR IGNORE INTO permissions (permission_id, model, workspace_id, created_at) VALUES (?1, ?2, ?3, ?4)";
        run(self.0, sql, (&row.permission_id, &row.model, &row.workspace_id, &row.created_at)).map(drop)
    }

    /// The permissions of a model, oldest first.
    pub fn permissions(&self, model: &str) -> anyhow::Result<Vec<Permission>> {
        let sql =
            "SELECT permission_id, model, workspace_id, created_at FROM permissions WHERE model = ?1 ORDER BY rowid";
        rows(self.0, sql, [model], Permission::of)
    }

    /// Ends a permission of a model; answers whether there was one.
    pub fn permission_remove(&self, model: &str, permission_id: &str) -> anyhow::Result<bool> {
        let sql = "DELETE FROM permissions WHERE model = ?1 AND permission_id = ?2";
        Ok(run(self.0, sql, (model, permission_id))? == 1)
    }

    /// A model that a tenant has or may use.
    pub fn model_usable(&self, workspace: &str, name: &str) -> anyhow::Result<Option<TunedModel>> {
        if let Some(own) = self.model(workspace, name)? {
            return Ok(Some(own));
        }
        let sql = "SELECT m.workspace_id FROM models m JOIN permissions p ON p.model = m.name
                   WHERE m.name = ?1 AND p.workspace_id = ?2";
        let owner: Option<String> = first(self.0, sql, (name, workspace), |row| row.get(0))?;
        owner.map_or(Ok(None), |owner| self.model(&owner, name))
    }

    /// All models that a tenant has or may use, its own first.
    pub fn models_usable(&self, workspace: &str) -> anyhow::Result<Vec<TunedModel>> {
        let mut all = self.models(workspace)?;
        let sql = "SELECT model FROM permissions WHERE workspace_id = ?1 ORDER BY rowid";
        let lent: Vec<String> = rows(self.0, sql, [workspace], |row| row.get(0))?;
        for name in lent {
            all.extend(self.model_usable(workspace, &name)?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_opens_one_model_to_one_tenant_until_either_goes() {
        let (_dir, store) = super::super::empty();
        let model = TunedModel { name: "m".into(), workspace_id: "a".into(), ..TunedModel::default() };
        let row = Permission {
            permission_id: "p".into(),
            model: "m".into(),
            workspace_id: "b".into(),
            created_at: "2026-11-24T00:00:00Z".into(),
        };
        store.write(|tx| tx.model_add(&model)).unwrap();
        let usable = |workspace: &str| store.read(|tx| tx.model_usable(workspace, "m")).unwrap().is_some();
        assert_eq!((usable("a"), usable("b")), (true, false));
        store.write(|tx| tx.permission_add(&row)).unwrap();
        store.write(|tx| tx.permission_add(&Permission { permission_id: "q".into(), ..row.clone() })).unwrap();
        assert_eq!(store.read(|tx| tx.permissions("m")).unwrap(), [row], "the same twice is one thing");
        assert!(usable("b") && !usable("c"));
        assert_eq!(store.read(|tx| tx.models_usable("b")).unwrap().len(), 1);
        assert!(!store.write(|tx| tx.permission_remove("other", "p")).unwrap());
        assert!(store.write(|tx| tx.permission_remove("m", "p")).unwrap() && !usable("b"));
        store
            .write(|tx| {
                tx.permission_add(&Permission {
                    permission_id: "r".into(),
                    model: "m".into(),
                    workspace_id: "b".into(),
                    ..Permission::default()
                })
            })
            .unwrap();
        store.write(|tx| tx.model_remove("m")).unwrap();
        assert!(store.read(|tx| tx.permissions("m")).unwrap().is_empty(), "it goes with the model");
    }
}
