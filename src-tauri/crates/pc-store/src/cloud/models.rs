//! Table `models`: results of fine-tunes. `weights` names the owner of the artifacts.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// A tuned model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TunedModel {
    pub name: String,
    pub workspace_id: String,
    pub base_model: String,
    pub display_name: String,
    pub job_id: String,
    /// The `owner` of its artifacts.
    pub weights: String,
    pub created_at: String,
}

const COLUMNS: &str = "name, workspace_id, base_model, display_name, job_id, weights, created_at";

impl TunedModel {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            workspace_id: row.get(1)?,
            base_model: row.get(2)?,
            display_name: row.get(3)?,
            job_id: row.get(4)?,
            weights: row.get(5)?,
            created_at: row.get(6)?,
        })
    }
}

impl Tx<'_> {
    /// Adds a model.
    pub fn model_add(&self, row: &TunedModel) -> anyhow::Result<()> {
        let sql = "INSERT INTO models (name, workspace_id, base_model, display_name, job_id, weights, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (shown, weights) = (&row.display_name, &row.weights);
        let params = (&row.name, &row.workspace_id, &row.base_model, shown, &row.job_id, weights, &row.created_at);
        run(self.0, sql, params).map(drop)
    }

    /// A tenant's model.
    pub fn model(&self, workspace: &str, name: &str) -> anyhow::Result<Option<TunedModel>> {
        let sql = format!("SELECT {COLUMNS} FROM models WHERE workspace_id = ?1 AND name = ?2");
        first(self.0, &sql, (workspace, name), TunedModel::of)
    }

    /// All models of a tenant, newest first.
    pub fn models(&self, workspace: &str) -> anyhow::Result<Vec<TunedModel>> {
        let sql = format!("SELECT {COLUMNS} FROM models WHERE workspace_id = ?1 ORDER BY created_at DESC, name");
        rows(self.0, &sql, [workspace], TunedModel::of)
    }

    /// Removes a model.
    pub fn model_remove(&self, name: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM permissions WHERE model = ?1", [name])?;
        run(self.0, "DELETE FROM models WHERE name = ?1", [name]).map(drop)
    }

    /// Removes the models of a job.
    pub fn models_remove(&self, job_id: &str) -> anyhow::Result<()> {
        let sql = "DELETE FROM permissions WHERE model IN (SELECT name FROM models WHERE job_id = ?1)";
        run(self.0, sql, [job_id])?;
        run(self.0, "DELETE FROM models WHERE job_id = ?1", [job_id]).map(drop)
    }
}
