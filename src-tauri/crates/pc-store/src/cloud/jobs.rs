//! Table `jobs`: fine-tunes and their states. A state changes only from one that the caller names, so that two
//! requests at once cannot both win.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// A fine-tune.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Set by the database; the order of the queue.
    pub number: i64,
    pub job_id: String,
    pub workspace_id: String,
    pub name: String,
    /// One of the wire's statuses.
    pub status: String,
    /// What was asked to be tuned: a base model or a tuned one.
    pub model: String,
    pub base_model: String,
    pub output_model: String,
    pub training_type: String,
    /// The request as JSON: files and hyper-parameters.
    pub request: String,
    /// Tokens trained, once the job has ended.
    pub usage: Option<u64>,
    pub code: Option<String>,
    pub message: Option<String>,
    pub created_at: String,
    pub ended_at: Option<String>,
    /// It waits until it is resumed; while it still runs, it is about to stop.
    pub paused: bool,
}

/// Which jobs a list shows.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    pub model: Option<String>,
    pub status: Option<String>,
}

const COLUMNS: &str =
    "number, job_id, workspace_id, name, status, model, base_model, output_model, training_type, request,
                       usage, code, message, created_at, ended_at, paused";

impl Job {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get(0)?,
            job_id: row.get(1)?,
            workspace_id: row.get(2)?,
            name: row.get(3)?,
            status: row.get(4)?,
            model: row.get(5)?,
            base_model: row.get(6)?,
            output_model: row.get(7)?,
            training_type: row.get(8)?,
            request: row.get(9)?,
            usage: row.get(10)?,
            code: row.get(11)?,
            message: row.get(12)?,
            created_at: row.get(13)?,
            ended_at: row.get(14)?,
            paused: row.get(15)?,
        })
    }
}

impl Tx<'_> {
    /// Adds a job; `number`, `usage`, `code`, `message`, `ended_at` and `paused` are ignored.
    pub fn job_add(&self, job: &Job) -> anyhow::Result<()> {
        let sql =
            "INSERT INTO jobs (job_id, workspace_id, name, status, model, base_model, output_model, training_type,
                   request, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let params = (
            &job.job_id,
            &job.workspace_id,
            &job.name,
            &job.status,
            &job.model,
            &job.base_model,
            &job.output_model,
            &job.training_type,
            &job.request,
            &job.created_at,
        );
        run(self.0, sql, params).map(drop)
    }

    /// Whether any tenant's job has this id.
    pub fn job_id_taken(&self, job_id: &str) -> anyhow::Result<bool> {
        Ok(first(self.0, "SELECT 1 FROM jobs WHERE job_id = ?1", [job_id], |_| Ok(()))?.is_some())
    }

    /// A tenant's job.
    pub fn job(&self, workspace: &str, job_id: &str) -> anyhow::Result<Option<Job>> {
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE workspace_id = ?1 AND job_id = ?2");
        first(self.0, &sql, (workspace, job_id), Job::of)
    }

    /// A tenant's job by the id of its result.
    pub fn job_by_output(&self, workspace: &str, output_model: &str) -> anyhow::Result<Option<Job>> {
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE workspace_id = ?1 AND output_model = ?2");
        first(self.0, &sql, (workspace, output_model), Job::of)
    }

    /// A page of a tenant's jobs, newest first, and how many there are.
    pub fn jobs(&self, workspace: &str, filter: &JobFilter, skip: u64, take: u64) -> anyhow::Result<(Vec<Job>, u64)> {
        let condition = "workspace_id = ?1 AND (?2 IS NULL OR model = ?2) AND (?3 IS NULL OR status = ?3)";
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE {condition} ORDER BY number DESC LIMIT ?5 OFFSET ?4");
        let page = rows(self.0, &sql, (workspace, &filter.model, &filter.status, skip, take), Job::of)?;
        let sql = format!("SELECT count(*) FROM jobs WHERE {condition}");
        let total = first(self.0, &sql, (workspace, &filter.model, &filter.status), |row| row.get(0))?;
        Ok((page, total.unwrap_or(0)))
    }

    /// Every job in a state, in the order of the queue, of all tenants.
    pub fn jobs_in(&self, status: &str) -> anyhow::Result<Vec<Job>> {
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE status = ?1 ORDER BY number");
        rows(self.0, &sql, [status], Job::of)
    }

    /// Moves a job from a state to another; answers whether it was in the first.
    pub fn job_move(&self, job_id: &str, from: &str, to: &str) -> anyhow::Result<bool> {
        Ok(run(self.0, "UPDATE jobs SET status = ?3 WHERE job_id = ?1 AND status = ?2", (job_id, from, to))? == 1)
    }

    /// Takes a job out of the queue to run it; answers whether it was there and not paused.
    pub fn job_start(&self, job_id: &str) -> anyhow::Result<bool> {
        let sql = "UPDATE jobs SET status = 'RUNNING' WHERE job_id = ?1 AND status = 'QUEUING' AND paused = 0";
        Ok(run(self.0, sql, [job_id])? == 1)
    }

    /// Pauses a job or lets it go on.
    pub fn job_pause(&self, job_id: &str, paused: bool) -> anyhow::Result<()> {
        run(self.0, "UPDATE jobs SET paused = ?2 WHERE job_id = ?1", (job_id, paused)).map(drop)
    }

    /// Ends a job with the `status`, `usage`, `code`, `message` and `ended_at` of the row.
    pub fn job_end(&self, job: &Job) -> anyhow::Result<()> {
        let sql = "UPDATE jobs SET status = ?2, usage = ?3, code = ?4, message = ?5, ended_at = ?6 WHERE job_id = ?1";
        let params = (&job.job_id, &job.status, job.usage, &job.code, &job.message, &job.ended_at);
        run(self.0, sql, params).map(drop)
    }

    /// Notes how many tokens a job has trained.
    pub fn job_trained(&self, job_id: &str, tokens: u64) -> anyhow::Result<()> {
        run(self.0, "UPDATE jobs SET trained = max(trained, ?2) WHERE job_id = ?1", (job_id, tokens)).map(drop)
    }

    /// What was noted last.
    pub fn job_trained_so_far(&self, job_id: &str) -> anyhow::Result<u64> {
        let noted = first(self.0, "SELECT trained FROM jobs WHERE job_id = ?1", [job_id], |row| row.get(0))?;
        Ok(noted.unwrap_or(0))
    }

    /// Removes a job with its logs and checkpoints.
    pub fn job_remove(&self, job_id: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM jobs WHERE job_id = ?1", [job_id]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_left_once() {
        let (_dir, store) = super::super::empty();
        let job =
            Job { job_id: "ft-1".into(), workspace_id: "a".into(), status: "PENDING".into(), ..Default::default() };
        store.write(|tx| tx.job_add(&job)).unwrap();
        assert!(store.write(|tx| tx.job_move("ft-1", "PENDING", "QUEUING")).unwrap());
        assert!(!store.write(|tx| tx.job_move("ft-1", "PENDING", "CANCELED")).unwrap(), "it is not pending any more");
        assert_eq!(store.read(|tx| tx.jobs_in("QUEUING")).unwrap().len(), 1);
        store.write(|tx| tx.job_pause("ft-1", true)).unwrap();
        assert!(!store.write(|tx| tx.job_start("ft-1")).unwrap(), "a paused job is not taken");
        store.write(|tx| tx.job_pause("ft-1", false)).unwrap();
        assert!(store.write(|tx| tx.job_start("ft-1")).unwrap());
        assert_eq!(store.read(|tx| tx.job("b", "ft-1")).unwrap(), None, "another tenant does not see it");
        assert!(store.read(|tx| tx.job_id_taken("ft-1")).unwrap(), "and cannot have its id");
    }

    #[test]
    fn removing_a_job_takes_its_log_along() {
        let (_dir, store) = super::super::empty();
        let job = Job { job_id: "ft-1".into(), workspace_id: "a".into(), ..Default::default() };
        store.write(|tx| tx.job_add(&job)).unwrap();
        store.write(|tx| tx.job_log("ft-1", "2026", &["one".into(), "two".into()])).unwrap();
        assert_eq!(store.read(|tx| tx.job_log_lines("ft-1", 1, 10)).unwrap(), (vec!["two".to_owned()], 2));
        let newest = store.read(|tx| tx.job_log_newest("ft-1", i64::MAX, 1)).unwrap();
        assert_eq!((newest[0].line.as_str(), newest[0].created_at.as_str()), ("two", "2026"));
        assert_eq!(store.read(|tx| tx.job_log_newest("ft-1", newest[0].number, 9)).unwrap().len(), 1);
        assert_eq!(store.read(|tx| tx.job_log_like("ft-1", "on")).unwrap(), ["one"]);
        store.write(|tx| tx.job_remove("ft-1")).unwrap();
        assert_eq!(store.read(|tx| tx.job_log_lines("ft-1", 0, 10)).unwrap().1, 0);
    }
}
