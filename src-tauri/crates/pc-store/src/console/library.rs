//! Tables `local_datasets` and `versions`: data sets on this machine, each a chain of versions that never change, named by what
//! they hold. Deliberately absent: the files themselves, and what a check or a change means.

use crate::database::{first, rows, run};

use super::Tx;

/// A data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalDataset {
    pub id: String,
    /// Unique.
    pub name: String,
    /// `sft`, `dpo` or `cpt`.
    pub kind: String,
    /// RFC 3339.
    pub created_at: String,
}

/// A version of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    pub dataset_id: String,
    /// From 1 in each data set.
    pub number: u32,
    /// Hex, of the file.
    pub sha256: String,
    pub bytes: u64,
    pub rows: u64,
    /// The data set and the number that it was made from; they may be gone.
    pub parent: Option<(String, u32)>,
    /// What made it, by its stable name.
    pub made: String,
    pub source: String,
    /// JSON: what was done, in numbers.
    pub counts: String,
    /// RFC 3339.
    pub created_at: String,
    /// JSON: the newest check in figures.
    pub checked: Option<String>,
}

const COLUMNS: &str =
    "dataset_id, number, sha256, bytes, rows, parent_dataset, parent_number, made, source, counts, created_at, checked";

impl Tx<'_> {
    /// Notes a new data set.
    pub fn library_add(&self, row: &LocalDataset) -> anyhow::Result<()> {
        let sql = "INSERT INTO local_datasets (id, name, kind, created_at) VALUES (?1, ?2, ?3, ?4)";
        run(self.0, sql, (&row.id, &row.name, &row.kind, &row.created_at)).map(drop)
    }

    /// All data sets, the newest first.
    pub fn library(&self) -> anyhow::Result<Vec<LocalDataset>> {
        let sql = "SELECT id, name, kind, created_at FROM local_datasets ORDER BY created_at DESC, id DESC";
        rows(self.0, sql, [], dataset)
    }

    /// One by its id.
    pub fn library_dataset(&self, id: &str) -> anyhow::Result<Option<LocalDataset>> {
        first(self.0, "SELECT id, name, kind, created_at FROM local_datasets WHERE id = ?1", [id], dataset)
    }

    /// One by its name.
    pub fn library_named(&self, name: &str) -> anyhow::Result<Option<LocalDataset>> {
        first(self.0, "SELECT id, name, kind, created_at FROM local_datasets WHERE name = ?1", [name], dataset)
    }

    /// Gives one another name, which nobody else has.
    pub fn library_rename(&self, id: &str, name: &str) -> anyhow::Result<()> {
        run(self.0, "UPDATE local_datasets SET name = ?2 WHERE id = ?1", (id, name)).map(drop)
    }

    /// Forgets a data set and all of its versions.
    pub fn library_remove(&self, id: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM versions WHERE dataset_id = ?1", [id])?;
        run(self.0, "DELETE FROM local_datasets WHERE id = ?1", [id]).map(drop)
    }

    /// Notes a version as the next one of its data set, and gives its number; the one in `row` is not looked at.
    pub fn version_add(&self, row: &Version) -> anyhow::Result<u32> {
        let sql = "SELECT COALESCE(MAX(number), 0) + 1 FROM versions WHERE dataset_id = ?1";
        let number: u32 = first(self.0, sql, [&row.dataset_id], |row| row.get(0))?.unwrap_or(1);
        let sql =
            format!("INSERT INTO versions ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
        let (parent, parent_number) = row.parent.clone().unzip();
        let names = (&row.dataset_id, number, &row.sha256, row.bytes, row.rows, parent);
        let rest = (parent_number, &row.made, &row.source, &row.counts, &row.created_at, &row.checked);
        let ((a, b, c, d, e, f), (g, h, i, j, k, l)) = (names, rest);
        run(self.0, &sql, (a, b, c, d, e, f, g, h, i, j, k, l))?;
        Ok(number)
    }

    /// The versions of a data set, oldest first.
    pub fn versions(&self, dataset_id: &str) -> anyhow::Result<Vec<Version>> {
        let sql = format!("SELECT {COLUMNS} FROM versions WHERE dataset_id = ?1 ORDER BY number");
        rows(self.0, &sql, [dataset_id], version)
    }

    /// One version.
    pub fn version(&self, dataset_id: &str, number: u32) -> anyhow::Result<Option<Version>> {
        let sql = format!("SELECT {COLUMNS} FROM versions WHERE dataset_id = ?1 AND number = ?2");
        first(self.0, &sql, (dataset_id, number), version)
    }

    /// Versions of other data sets that were made from one of this data set.
    pub fn version_descendants(&self, dataset_id: &str) -> anyhow::Result<Vec<Version>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM versions WHERE parent_dataset = ?1 AND dataset_id <> ?1 ORDER BY created_at, number"
        );
        rows(self.0, &sql, [dataset_id], version)
    }

    /// Keeps the figures of a check.
    pub fn version_checked(&self, dataset_id: &str, number: u32, checked: &str) -> anyhow::Result<()> {
        let sql = "UPDATE versions SET checked = ?3 WHERE dataset_id = ?1 AND number = ?2";
        run(self.0, sql, (dataset_id, number, checked)).map(drop)
    }

    /// Whether any version holds these bytes.
    pub fn version_holds(&self, sha256: &str) -> anyhow::Result<bool> {
        Ok(first(self.0, "SELECT 1 FROM versions WHERE sha256 = ?1", [sha256], |_| Ok(()))?.is_some())
    }

    /// Uploads of these bytes: cloud and file, in every cloud.
    pub fn uploads_of(&self, sha256: &str) -> anyhow::Result<Vec<(String, String)>> {
        let sql = "SELECT cloud_id, file_id FROM datasets WHERE sha256 = ?1 ORDER BY cloud_id, file_id";
        rows(self.0, sql, [sha256], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

fn dataset(row: &rusqlite::Row<'_>) -> rusqlite::Result<LocalDataset> {
    Ok(LocalDataset { id: row.get(0)?, name: row.get(1)?, kind: row.get(2)?, created_at: row.get(3)? })
}

fn version(row: &rusqlite::Row<'_>) -> rusqlite::Result<Version> {
    let parent: (Option<String>, Option<u32>) = (row.get(5)?, row.get(6)?);
    Ok(Version {
        dataset_id: row.get(0)?,
        number: row.get(1)?,
        sha256: row.get(2)?,
        bytes: row.get(3)?,
        rows: row.get(4)?,
        parent: parent.0.zip(parent.1),
        made: row.get(7)?,
        source: row.get(8)?,
        counts: row.get(9)?,
        created_at: row.get(10)?,
        checked: row.get(11)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(id: &str, name: &str) -> LocalDataset {
        LocalDataset { id: id.into(), name: name.into(), kind: "sft".into(), created_at: "2026-01-01T00:00:00Z".into() }
    }

    fn made(dataset: &str, sha256: &str, parent: Option<(&str, u32)>) -> Version {
        Version {
            dataset_id: dataset.into(),
            sha256: sha256.into(),
            bytes: 5,
            rows: 2,
            parent: parent.map(|(id, number)| (id.to_owned(), number)),
            made: "import".into(),
            counts: "{}".into(),
            ..Version::default()
        }
    }

    #[test]
    fn versions_are_numbered_in_their_data_set_and_keep_where_they_came_from() {
        let (_dir, store) = super::super::empty();
        let numbers = store.write(|tx| {
            tx.library_add(&set("a", "one"))?;
            tx.library_add(&set("b", "two"))?;
            let first = tx.version_add(&made("a", "s1", None))?;
            let second = tx.version_add(&made("a", "s2", Some(("a", 1))))?;
            Ok((first, second, tx.version_add(&made("b", "s2", Some(("a", 2))))?))
        });
        assert_eq!(numbers.unwrap(), (1, 2, 1));
        store.write(|tx| tx.version_checked("a", 2, "{\"errors\":0}")).unwrap();
        let (versions, descendants) = store.read(|tx| Ok((tx.versions("a")?, tx.version_descendants("a")?))).unwrap();
        assert_eq!(versions[1].parent, Some(("a".into(), 1)));
        assert_eq!(versions[1].checked.as_deref(), Some("{\"errors\":0}"));
        assert_eq!(descendants.len(), 1, "a version of the same data set is no descendant");
        assert_eq!(descendants[0].dataset_id, "b");
        store.write(|tx| tx.library_remove("a")).unwrap();
        let left = store.read(|tx| Ok((tx.library()?, tx.version_holds("s1")?, tx.version_holds("s2")?))).unwrap();
        assert_eq!(left, (vec![set("b", "two")], false, true), "bytes that another data set has are still held");
    }

    #[test]
    fn a_name_is_one_data_set() {
        let (_dir, store) = super::super::empty();
        store.write(|tx| tx.library_add(&set("a", "one"))).unwrap();
        assert!(store.write(|tx| tx.library_add(&set("b", "one"))).is_err());
        store.write(|tx| tx.library_rename("a", "other")).unwrap();
        assert_eq!(store.read(|tx| tx.library_named("other")).unwrap().map(|row| row.id).as_deref(), Some("a"));
        assert_eq!(store.read(|tx| tx.library_named("one")).unwrap(), None);
    }
}
