//! Table `deployments`: models that are served.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// A served model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Set by the database.
    pub number: i64,
    /// The callable id, unique in its workspace.
    pub deployed_model: String,
    pub workspace_id: String,
    pub name: String,
    pub model_name: String,
    pub base_model: String,
    /// `lora` or `mu`.
    pub plan: String,
    pub status: String,
    pub capacity: u64,
    pub rpm_limit: Option<u64>,
    pub tpm_limit: Option<u64>,
    /// Until when its hours are metered; nothing before it first ran or where hours cost nothing.
    pub billed_until: Option<String>,
    /// Why it failed.
    pub message: Option<String>,
    pub created_at: String,
    pub modified_at: String,
}

const COLUMNS: &str =
    "number, deployed_model, workspace_id, name, model_name, base_model, plan, status, capacity, rpm_limit,
                       tpm_limit, billed_until, message, created_at, modified_at";

impl Deployment {
    /// What an engine knows it by: two workspaces may call theirs the same, and neither learns of the other's.
    pub fn served_as(&self) -> String {
        format!("{}.{}", self.deployed_model, self.number)
    }

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get(0)?,
            deployed_model: row.get(1)?,
            workspace_id: row.get(2)?,
            name: row.get(3)?,
            model_name: row.get(4)?,
            base_model: row.get(5)?,
            plan: row.get(6)?,
            status: row.get(7)?,
            capacity: row.get(8)?,
            rpm_limit: row.get(9)?,
            tpm_limit: row.get(10)?,
            billed_until: row.get(11)?,
            message: row.get(12)?,
            created_at: row.get(13)?,
            modified_at: row.get(14)?,
        })
    }
}

impl Tx<'_> {
    /// Adds a deployment and answers its number; that of `row` is ignored.
    pub fn deployment_add(&self, row: &Deployment) -> anyhow::Result<i64> {
        let sql = "INSERT INTO deployments (deployed_model, workspace_id, name, model_name, base_model, plan, status, capacity,
                   rpm_limit, tpm_limit, created_at, modified_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let params = (
            &row.deployed_model,
            &row.workspace_id,
            &row.name,
            &row.model_name,
            &row.base_model,
            &row.plan,
            &row.status,
            row.capacity,
            row.rpm_limit,
            row.tpm_limit,
            &row.created_at,
            &row.modified_at,
        );
        run(self.0, sql, params)?;
        Ok(self.0.last_insert_rowid())
    }

    /// Writes back what may change: status, capacity, limits, metering mark, message, time.
    pub fn deployment_update(&self, row: &Deployment) -> anyhow::Result<()> {
        let sql =
            "UPDATE deployments SET status = ?2, capacity = ?3, rpm_limit = ?4, tpm_limit = ?5, billed_until = ?6,
                   message = ?7, modified_at = ?8 WHERE number = ?1";
        let (limits, until) = ((row.rpm_limit, row.tpm_limit), &row.billed_until);
        let params = (row.number, &row.status, row.capacity, limits.0, limits.1, until, &row.message, &row.modified_at);
        run(self.0, sql, params).map(drop)
    }

    /// A tenant's deployment.
    pub fn deployment(&self, workspace: &str, deployed_model: &str) -> anyhow::Result<Option<Deployment>> {
        let sql = format!("SELECT {COLUMNS} FROM deployments WHERE workspace_id = ?1 AND deployed_model = ?2");
        first(self.0, &sql, (workspace, deployed_model), Deployment::of)
    }

    /// A page of a tenant's deployments, newest first, and how many there are.
    pub fn deployments(&self, workspace: &str, skip: u64, take: u64) -> anyhow::Result<(Vec<Deployment>, u64)> {
        let sql = format!(
            "SELECT {COLUMNS} FROM deployments WHERE workspace_id = ?1 ORDER BY number DESC LIMIT ?3 OFFSET ?2"
        );
        let page = rows(self.0, &sql, (workspace, skip, take), Deployment::of)?;
        let total =
            first(self.0, "SELECT count(*) FROM deployments WHERE workspace_id = ?1", [workspace], |row| row.get(0))?;
        Ok((page, total.unwrap_or(0)))
    }

    /// Every deployment of all tenants.
    pub fn deployments_all(&self) -> anyhow::Result<Vec<Deployment>> {
        rows(self.0, &format!("SELECT {COLUMNS} FROM deployments ORDER BY number"), [], Deployment::of)
    }

    /// Removes a deployment.
    pub fn deployment_remove(&self, number: i64) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM deployments WHERE number = ?1", [number]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_change_is_written_back() {
        let (_dir, store) = super::super::empty();
        let mut row = Deployment { deployed_model: "m".into(), workspace_id: "a".into(), ..Default::default() };
        row.number = store.write(|tx| tx.deployment_add(&row)).unwrap();
        row.status = "RUNNING".into();
        row.billed_until = Some("2026-11-24T00:00:00Z".into());
        store.write(|tx| tx.deployment_update(&row)).unwrap();
        let found = store.read(|tx| tx.deployment("a", "m")).unwrap().unwrap();
        assert_eq!((found.status, found.billed_until), (row.status, row.billed_until));
        assert_eq!(store.read(|tx| tx.deployment("b", "m")).unwrap(), None, "another tenant does not see it");
        let other =
            Deployment { workspace_id: "b".into(), ..Deployment { deployed_model: "m".into(), ..Default::default() } };
        store.write(|tx| tx.deployment_add(&other)).expect("nor does it learn that the name is taken");
        assert!(store.write(|tx| tx.deployment_add(&other)).is_err(), "in one workspace a name is taken once");
    }
}
