//! Table `models`: models on this machine. Their converted forms are folders below `folder`.

use crate::database::{rows, run};

use super::Tx;

/// A model on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalModel {
    pub model: String,
    pub base_model: String,
    /// The job that it came from; nothing for imports.
    pub job_id: Option<String>,
    /// `base`, `tuned` or `imported`.
    pub origin: String,
    /// The folder's name below the home's models.
    pub folder: String,
    pub sha256: Option<String>,
    pub created_at: String,
}

impl Tx<'_> {
    /// Adds a model, or replaces that of the same name.
    pub fn model_put(&self, row: &LocalModel) -> anyhow::Result<()> {
        let sql = "INSERT OR REPLACE INTO models (model, base_model, job_id, origin, folder, sha256, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (origin, folder) = (&row.origin, &row.folder);
        let params = (&row.model, &row.base_model, &row.job_id, origin, folder, &row.sha256, &row.created_at);
        run(self.0, sql, params).map(drop)
    }

    /// All models, newest first.
    pub fn models(&self) -> anyhow::Result<Vec<LocalModel>> {
        let sql = "SELECT model, base_model, job_id, origin, folder, sha256, created_at FROM models
                   ORDER BY created_at DESC, model";
        rows(self.0, sql, [], |row| {
            Ok(LocalModel {
                model: row.get(0)?,
                base_model: row.get(1)?,
                job_id: row.get(2)?,
                origin: row.get(3)?,
                folder: row.get(4)?,
                sha256: row.get(5)?,
                created_at: row.get(6)?,
            })
        })
    }

    /// Removes a model's row; answers whether it was there. Its folder is the caller's.
    pub fn model_remove(&self, model: &str) -> anyhow::Result<bool> {
        Ok(run(self.0, "DELETE FROM models WHERE model = ?1", [model])? == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_kept_once_a_name() {
        let (_dir, store) = super::super::empty();
        for origin in ["imported", "tuned"] {
            let row = LocalModel { model: "m".into(), origin: origin.into(), ..Default::default() };
            store.write(|tx| tx.model_put(&row)).unwrap();
        }
        let models = store.read(|tx| tx.models()).unwrap();
        assert_eq!((models.len(), models[0].origin.as_str()), (1, "tuned"));
        assert!(store.write(|tx| tx.model_remove("m")).unwrap());
        assert!(!store.write(|tx| tx.model_remove("m")).unwrap());
    }
}
