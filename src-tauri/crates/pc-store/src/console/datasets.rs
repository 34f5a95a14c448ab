//! Table `datasets`: what this console counted of a file before it uploaded it; the cloud does not know.

use crate::database::{first, run};

use super::Tx;

/// Local knowledge of an uploaded file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownDataset {
    pub cloud_id: String,
    pub file_id: String,
    pub rows: u64,
    pub characters: u64,
    /// Hex.
    pub sha256: String,
    /// Where the file lay when it was uploaded.
    pub path: String,
}

impl Tx<'_> {
    /// Keeps what was counted.
    pub fn dataset_put(&self, row: &KnownDataset) -> anyhow::Result<()> {
        let sql = "INSERT OR REPLACE INTO datasets (cloud_id, file_id, rows, characters, sha256, path) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        run(self.0, sql, (&row.cloud_id, &row.file_id, row.rows, row.characters, &row.sha256, &row.path)).map(drop)
    }

    /// What was counted of a file; nothing for files from elsewhere.
    pub fn dataset(&self, cloud_id: &str, file_id: &str) -> anyhow::Result<Option<KnownDataset>> {
        let sql = "SELECT cloud_id, file_id, rows, characters, sha256, path FROM datasets WHERE cloud_id = ?1 AND file_id = ?2";
        first(self.0, sql, (cloud_id, file_id), |row| {
            Ok(KnownDataset {
                cloud_id: row.get(0)?,
                file_id: row.get(1)?,
                rows: row.get(2)?,
                characters: row.get(3)?,
                sha256: row.get(4)?,
                path: row.get(5)?,
            })
        })
    }

    /// Forgets a file.
    pub fn dataset_remove(&self, cloud_id: &str, file_id: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM datasets WHERE cloud_id = ?1 AND file_id = ?2", (cloud_id, file_id)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_two_clouds_may_have_one_id() {
        let (_dir, store) = super::super::empty();
        let row = KnownDataset { cloud_id: "c".into(), file_id: "f".into(), rows: 3, ..Default::default() };
        store.write(|tx| tx.dataset_put(&row)).unwrap();
        assert_eq!(store.read(|tx| tx.dataset("c", "f")).unwrap(), Some(row));
        assert_eq!(store.read(|tx| tx.dataset("d", "f")).unwrap(), None);
        store.write(|tx| tx.dataset_remove("c", "f")).unwrap();
        assert_eq!(store.read(|tx| tx.dataset("c", "f")).unwrap(), None);
    }
}
