//! Table `files`: uploaded data sets. Their bytes are sealed blobs.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// An uploaded file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredFile {
    /// Set by the database.
    pub number: i64,
    pub file_id: String,
    pub workspace_id: String,
    pub api_key_id: String,
    pub name: String,
    pub description: String,
    pub purpose: String,
    pub bytes: u64,
    /// Hex.
    pub md5: String,
    /// CRC-64/XZ in 16 hex digits; nothing for files from before it was kept.
    pub crc64: Option<String>,
    pub blob: String,
    pub created_at: String,
    /// Nothing keeps it until it is deleted.
    pub expires_at: Option<String>,
}

/// Which files a cursor's page shows. The default is all of them, newest first, none skipped, none taken.
#[derive(Clone, Debug, Default)]
pub struct FileQuery {
    pub purpose: Option<String>,
    /// The `number` of the last file of the page before.
    pub after: Option<i64>,
    pub oldest_first: bool,
    /// Inclusive bounds of `created_at`.
    pub created_from: Option<String>,
    pub created_to: Option<String>,
    pub take: u64,
}

const COLUMNS: &str =
    "number, file_id, workspace_id, api_key_id, name, description, purpose, bytes, md5, blob, created_at, expires_at,
     crc64";

impl StoredFile {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get(0)?,
            file_id: row.get(1)?,
            workspace_id: row.get(2)?,
            api_key_id: row.get(3)?,
            name: row.get(4)?,
            description: row.get(5)?,
            purpose: row.get(6)?,
            bytes: row.get(7)?,
            md5: row.get(8)?,
            blob: row.get(9)?,
            created_at: row.get(10)?,
            expires_at: row.get(11)?,
            crc64: row.get(12)?,
        })
    }
}

impl Tx<'_> {
    /// Adds a file; its `number` is ignored.
    pub fn file_add(&self, row: &StoredFile) -> anyhow::Result<()> {
        let sql = "INSERT INTO files (file_id, workspace_id, api_key_id, name, description, purpose, bytes, md5, blob, created_at, expires_at, crc64)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let first = (&row.file_id, &row.workspace_id, &row.api_key_id, &row.name, &row.description);
        let params = (
            first.0,
            first.1,
            first.2,
            first.3,
            first.4,
            &row.purpose,
            row.bytes,
            &row.md5,
            &row.blob,
            &row.created_at,
            &row.expires_at,
            &row.crc64,
        );
        run(self.0, sql, params).map(drop)
    }

    /// A tenant's file.
    pub fn file(&self, workspace: &str, file_id: &str) -> anyhow::Result<Option<StoredFile>> {
        let sql = format!("SELECT {COLUMNS} FROM files WHERE workspace_id = ?1 AND file_id = ?2");
        first(self.0, &sql, (workspace, file_id), StoredFile::of)
    }

    /// A page of a tenant's files, newest first, and how many there are.
    pub fn files(&self, workspace: &str, skip: u64, take: u64) -> anyhow::Result<(Vec<StoredFile>, u64)> {
        let sql =
            format!("SELECT {COLUMNS} FROM files WHERE workspace_id = ?1 ORDER BY number DESC LIMIT ?3 OFFSET ?2");
        let page = rows(self.0, &sql, (workspace, skip, take), StoredFile::of)?;
        Ok((page, self.file_totals(workspace)?.0))
    }

    /// A tenant's files after a cursor.
    pub fn files_after(&self, workspace: &str, query: &FileQuery) -> anyhow::Result<Vec<StoredFile>> {
        let (beyond, order) = if query.oldest_first { (">", "ASC") } else { ("<", "DESC") };
        let sql = format!(
            "SELECT {COLUMNS} FROM files WHERE workspace_id = ?1 AND (?2 IS NULL OR purpose = ?2)
             AND (?3 IS NULL OR number {beyond} ?3) AND (?4 IS NULL OR created_at >= ?4)
             AND (?5 IS NULL OR created_at <= ?5) ORDER BY number {order} LIMIT ?6"
        );
        let (from, to) = (&query.created_from, &query.created_to);
        rows(self.0, &sql, (workspace, &query.purpose, query.after, from, to, query.take), StoredFile::of)
    }

    /// Files of all tenants whose time is over.
    pub fn files_overdue(&self, now: &str) -> anyhow::Result<Vec<StoredFile>> {
        rows(self.0, &format!("SELECT {COLUMNS} FROM files WHERE expires_at <= ?1"), [now], StoredFile::of)
    }

    /// How many files a tenant has, and their bytes.
    pub fn file_totals(&self, workspace: &str) -> anyhow::Result<(u64, u64)> {
        let sql = "SELECT count(*), coalesce(sum(bytes), 0) FROM files WHERE workspace_id = ?1";
        Ok(first(self.0, sql, [workspace], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or_default())
    }

    /// Removes a tenant's file; answers whether it was there.
    pub fn file_remove(&self, workspace: &str, file_id: &str) -> anyhow::Result<bool> {
        Ok(run(self.0, "DELETE FROM files WHERE workspace_id = ?1 AND file_id = ?2", (workspace, file_id))? == 1)
    }

    /// Every blob that a row names.
    pub fn blobs_named(&self) -> anyhow::Result<std::collections::HashSet<String>> {
        let sql = "SELECT blob FROM files UNION SELECT blob FROM artifacts UNION SELECT blob FROM pieces
                   UNION SELECT blob FROM upload_parts";
        let all = rows(self.0, sql, [], |row| row.get(0))?;
        Ok(all.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_newest_first_and_tenants_do_not_see_each_other() {
        let (_dir, store) = super::super::empty();
        for (n, workspace) in [(1, "a"), (2, "a"), (3, "b")] {
            let row =
                StoredFile { file_id: format!("f{n}"), workspace_id: workspace.into(), bytes: 5, ..Default::default() };
            store.write(|tx| tx.file_add(&row)).unwrap();
        }
        let (page, total) = store.read(|tx| tx.files("a", 0, 1)).unwrap();
        assert_eq!((page[0].file_id.as_str(), total), ("f2", 2));
        assert_eq!(store.read(|tx| tx.file("a", "f3")).unwrap(), None, "a foreign file does not exist");
        assert!(!store.write(|tx| tx.file_remove("a", "f3")).unwrap(), "nor can it be removed");
        assert_eq!(store.read(|tx| tx.file_totals("a")).unwrap(), (2, 10));
    }

    #[test]
    fn a_cursor_goes_either_way_and_what_expires_is_gone() {
        let (_dir, store) = super::super::empty();
        for (id, purpose, expires_at) in
            [("f1", "batch", Some("2026-11-25")), ("f2", "fine-tune", None), ("f3", "batch", None)]
        {
            let row = StoredFile {
                file_id: id.into(),
                workspace_id: "a".into(),
                purpose: purpose.into(),
                blob: id.into(),
                expires_at: expires_at.map(Into::into),
                ..Default::default()
            };
            store.write(|tx| tx.file_add(&row)).unwrap();
        }
        let ids = |query: &FileQuery| -> Vec<String> {
            store.read(|tx| tx.files_after("a", query)).unwrap().into_iter().map(|file| file.file_id).collect()
        };
        let newest = FileQuery { take: 9, ..Default::default() };
        assert_eq!(ids(&newest), ["f3", "f2", "f1"]);
        assert_eq!(ids(&FileQuery { after: Some(2), ..newest.clone() }), ["f1"]);
        assert_eq!(ids(&FileQuery { after: Some(1), oldest_first: true, ..newest.clone() }), ["f2", "f3"]);
        assert_eq!(ids(&FileQuery { purpose: Some("batch".into()), take: 1, ..newest }), ["f3"]);
        let overdue = |now: &str| store.read(|tx| tx.files_overdue(now)).unwrap();
        assert_eq!(overdue("2026-11-25").iter().map(|file| file.file_id.as_str()).collect::<Vec<_>>(), ["f1"]);
        assert!(overdue("2026-11-24").is_empty());
    }
}
