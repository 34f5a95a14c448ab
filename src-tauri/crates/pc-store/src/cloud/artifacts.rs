//! Table `artifacts`: the files of a result (adapter weights and their description), sealed as blobs.

use crate::database::{rows, run};

use super::Tx;

/// One file of a result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifact {
    /// `JOB/step/N`: a job's checkpoint; the last one is the result.
    pub owner: String,
    /// A plain file name.
    pub name: String,
    pub bytes: u64,
    /// Hex SHA-256 of the plain bytes.
    pub sha256: String,
    pub blob: String,
}

impl Tx<'_> {
    /// Adds a file, or replaces that of the same name.
    pub fn artifact_put(&self, row: &Artifact) -> anyhow::Result<()> {
        let sql = "INSERT OR REPLACE INTO artifacts (owner, name, bytes, sha256, blob) VALUES (?1, ?2, ?3, ?4, ?5)";
        run(self.0, sql, (&row.owner, &row.name, row.bytes, &row.sha256, &row.blob)).map(drop)
    }

    /// The files of a result by name.
    pub fn artifacts(&self, owner: &str) -> anyhow::Result<Vec<Artifact>> {
        let sql = "SELECT owner, name, bytes, sha256, blob FROM artifacts WHERE owner = ?1 ORDER BY name";
        rows(self.0, sql, [owner], |row| {
            Ok(Artifact {
                owner: row.get(0)?,
                name: row.get(1)?,
                bytes: row.get(2)?,
                sha256: row.get(3)?,
                blob: row.get(4)?,
            })
        })
    }

    /// Removes everything that a job left; answers the blobs, which the caller destroys once this is committed.
    pub fn artifacts_remove(&self, job_id: &str) -> anyhow::Result<Vec<String>> {
        let sql =
            "DELETE FROM artifacts WHERE owner = ?1 OR substr(owner, 1, length(?1) + 1) = ?1 || '/' RETURNING blob";
        rows(self.0, sql, [job_id], |row| row.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removing_a_jobs_files_leaves_those_of_a_job_with_a_longer_name() {
        let (_dir, store) = super::super::empty();
        for owner in ["ft-1/step/2", "ft-10/step/2"] {
            let row = Artifact { owner: owner.into(), name: "x".into(), blob: owner.into(), ..Default::default() };
            store.write(|tx| tx.artifact_put(&row)).unwrap();
        }
        assert_eq!(store.write(|tx| tx.artifacts_remove("ft-1")).unwrap(), ["ft-1/step/2"]);
        assert_eq!(store.read(|tx| tx.artifacts("ft-10/step/2")).unwrap().len(), 1);
    }
}
