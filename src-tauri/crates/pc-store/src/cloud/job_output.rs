//! Tables `job_logs` and `checkpoints`: what a training puts out while it runs.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// A state of the weights that can become a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    pub job_id: String,
    pub step: u64,
    pub checkpoint_id: String,
    /// `PENDING` until it is published, then `SUCCEEDED`.
    pub status: String,
    /// The model that it was published as; empty before.
    pub model_name: String,
    pub display_name: String,
    pub created_at: String,
}

/// A line of a job's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLine {
    pub number: i64,
    pub line: String,
    pub created_at: String,
}

impl Checkpoint {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            job_id: row.get(0)?,
            step: row.get(1)?,
            checkpoint_id: row.get(2)?,
            status: row.get(3)?,
            model_name: row.get(4)?,
            display_name: row.get(5)?,
            created_at: row.get(6)?,
        })
    }
}

impl Tx<'_> {
    /// Adds lines to a job's log.
    pub fn job_log(&self, job_id: &str, now: &str, lines: &[String]) -> anyhow::Result<()> {
        for line in lines {
            run(self.0, "INSERT INTO job_logs (job_id, created_at, line) VALUES (?1, ?2, ?3)", (job_id, now, line))?;
        }
        Ok(())
    }

    /// Lines of a job's log from the newest on, those with a smaller number than `before`.
    pub fn job_log_newest(&self, job_id: &str, before: i64, take: u64) -> anyhow::Result<Vec<LogLine>> {
        let sql = "SELECT number, line, created_at FROM job_logs WHERE job_id = ?1 AND number < ?2
                   ORDER BY number DESC LIMIT ?3";
        rows(self.0, sql, (job_id, before, take), |row| {
            Ok(LogLine { number: row.get(0)?, line: row.get(1)?, created_at: row.get(2)? })
        })
    }

    /// The lines of a job's log that begin with `start`, oldest first.
    pub fn job_log_like(&self, job_id: &str, start: &str) -> anyhow::Result<Vec<String>> {
        let sql = "SELECT line FROM job_logs WHERE job_id = ?1 AND substr(line, 1, length(?2)) = ?2 ORDER BY number";
        rows(self.0, sql, (job_id, start), |row| row.get(0))
    }

    /// Lines of a job's log from `skip` on, and how many there are.
    pub fn job_log_lines(&self, job_id: &str, skip: u64, take: u64) -> anyhow::Result<(Vec<String>, u64)> {
        let sql = "SELECT line FROM job_logs WHERE job_id = ?1 ORDER BY number LIMIT ?3 OFFSET ?2";
        let lines = rows(self.0, sql, (job_id, skip, take), |row| row.get(0))?;
        let total = first(self.0, "SELECT count(*) FROM job_logs WHERE job_id = ?1", [job_id], |row| row.get(0))?;
        Ok((lines, total.unwrap_or(0)))
    }

    /// Adds a checkpoint, or replaces that of the same step: a resumed training may come by again.
    pub fn checkpoint_put(&self, row: &Checkpoint) -> anyhow::Result<()> {
        let sql = "INSERT OR REPLACE INTO checkpoints (job_id, step, checkpoint_id, status, model_name, display_name, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (name, shown) = (&row.model_name, &row.display_name);
        run(self.0, sql, (&row.job_id, row.step, &row.checkpoint_id, &row.status, name, shown, &row.created_at))
            .map(drop)
    }

    /// Forgets a checkpoint; its artifacts are the caller's to remove.
    pub fn checkpoint_remove(&self, job_id: &str, step: u64) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM checkpoints WHERE job_id = ?1 AND step = ?2", (job_id, step)).map(drop)
    }

    /// A job's checkpoints by step.
    pub fn checkpoints(&self, job_id: &str) -> anyhow::Result<Vec<Checkpoint>> {
        let sql = "SELECT job_id, step, checkpoint_id, status, model_name, display_name, created_at FROM checkpoints
                   WHERE job_id = ?1 ORDER BY step";
        rows(self.0, sql, [job_id], Checkpoint::of)
    }
}
