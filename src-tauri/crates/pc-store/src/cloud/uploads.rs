//! Tables `uploads` and `upload_parts`: files on their way in, a part at a time. The parts' bytes are sealed blobs.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// A file that comes in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartedUpload {
    pub upload_id: String,
    pub workspace_id: String,
    pub api_key_id: String,
    pub name: String,
    pub purpose: String,
    pub mime_type: String,
    /// What all parts together will have.
    pub bytes: u64,
    /// `pending`, then `completed`, `cancelled` or `expired`.
    pub status: String,
    /// Seconds that the file will live; nothing keeps it.
    pub file_lives: Option<i64>,
    pub created_at: String,
    pub expires_at: String,
}

/// A part that has arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadPart {
    pub part_id: String,
    pub upload_id: String,
    pub bytes: u64,
    pub blob: String,
}

const COLUMNS: &str =
    "upload_id, workspace_id, api_key_id, name, purpose, mime_type, bytes, status, file_lives, created_at, expires_at";

impl PartedUpload {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            upload_id: row.get(0)?,
            workspace_id: row.get(1)?,
            api_key_id: row.get(2)?,
            name: row.get(3)?,
            purpose: row.get(4)?,
            mime_type: row.get(5)?,
            bytes: row.get(6)?,
            status: row.get(7)?,
            file_lives: row.get(8)?,
            created_at: row.get(9)?,
            expires_at: row.get(10)?,
        })
    }
}

impl Tx<'_> {
    /// Adds an upload without parts.
    pub fn upload_add(&self, row: &PartedUpload) -> anyhow::Result<()> {
        let sql = format!("INSERT INTO uploads ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
        let params = (
            &row.upload_id,
            &row.workspace_id,
            &row.api_key_id,
            &row.name,
            &row.purpose,
            &row.mime_type,
            row.bytes,
            &row.status,
            row.file_lives,
            &row.created_at,
            &row.expires_at,
        );
        run(self.0, &sql, params).map(drop)
    }

    /// A tenant's upload.
    pub fn upload(&self, workspace: &str, upload_id: &str) -> anyhow::Result<Option<PartedUpload>> {
        let sql = format!("SELECT {COLUMNS} FROM uploads WHERE workspace_id = ?1 AND upload_id = ?2");
        first(self.0, &sql, (workspace, upload_id), PartedUpload::of)
    }

    /// How many uploads of a tenant are pending, and the bytes that they announced.
    pub fn upload_totals(&self, workspace: &str) -> anyhow::Result<(u64, u64)> {
        let sql =
            "SELECT count(*), coalesce(sum(bytes), 0) FROM uploads WHERE workspace_id = ?1 AND status = 'pending'";
        Ok(first(self.0, sql, [workspace], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or_default())
    }

    /// Ends a pending upload in a state; answers whether it was pending.
    pub fn upload_end(&self, upload_id: &str, status: &str) -> anyhow::Result<bool> {
        let sql = "UPDATE uploads SET status = ?2 WHERE upload_id = ?1 AND status = 'pending'";
        Ok(run(self.0, sql, (upload_id, status))? == 1)
    }

    /// Pending uploads of all tenants whose time is over.
    pub fn uploads_overdue(&self, now: &str) -> anyhow::Result<Vec<PartedUpload>> {
        let sql = format!("SELECT {COLUMNS} FROM uploads WHERE expires_at <= ?1 AND status = 'pending'");
        rows(self.0, &sql, [now], PartedUpload::of)
    }

    /// Forgets uploads that ended and whose time was over before `before`.
    pub fn uploads_forget(&self, before: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM uploads WHERE expires_at < ?1 AND status <> 'pending'", [before]).map(drop)
    }

    /// Adds a part.
    pub fn upload_part_add(&self, row: &UploadPart) -> anyhow::Result<()> {
        let sql = "INSERT INTO upload_parts (part_id, upload_id, bytes, blob) VALUES (?1, ?2, ?3, ?4)";
        run(self.0, sql, (&row.part_id, &row.upload_id, row.bytes, &row.blob)).map(drop)
    }

    /// An upload's parts in the order in which they came.
    pub fn upload_parts(&self, upload_id: &str) -> anyhow::Result<Vec<UploadPart>> {
        let sql = "SELECT part_id, upload_id, bytes, blob FROM upload_parts WHERE upload_id = ?1 ORDER BY number";
        rows(self.0, sql, [upload_id], |row| {
            Ok(UploadPart { part_id: row.get(0)?, upload_id: row.get(1)?, bytes: row.get(2)?, blob: row.get(3)? })
        })
    }

    /// Removes an upload's parts; answers their blobs, which the caller destroys once this is committed.
    pub fn upload_parts_remove(&self, upload_id: &str) -> anyhow::Result<Vec<String>> {
        rows(self.0, "DELETE FROM upload_parts WHERE upload_id = ?1 RETURNING blob", [upload_id], |row| row.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_ends_once_and_its_parts_go_with_it() {
        let (_dir, store) = super::super::empty();
        let upload = PartedUpload {
            upload_id: "u".into(),
            workspace_id: "a".into(),
            status: "pending".into(),
            bytes: 9,
            expires_at: "2026-11-24T01:00:00.000Z".into(),
            ..Default::default()
        };
        store.write(|tx| tx.upload_add(&upload)).unwrap();
        for (part, blob) in [("p2", "b2"), ("p1", "b1")] {
            let row = UploadPart { part_id: part.into(), upload_id: "u".into(), bytes: 3, blob: blob.into() };
            store.write(|tx| tx.upload_part_add(&row)).unwrap();
        }
        assert_eq!(store.read(|tx| tx.upload("b", "u")).unwrap(), None, "another tenant does not see it");
        assert!(store.read(|tx| tx.blobs_named()).unwrap().contains("b1"), "a sweep leaves what has arrived");
        assert!(store.read(|tx| tx.uploads_overdue("2026-11-24T00:59:59.999Z")).unwrap().is_empty());
        assert_eq!(store.read(|tx| tx.uploads_overdue("2026-11-24T01:00:00.000Z")).unwrap().len(), 1);
        assert_eq!(store.read(|tx| tx.upload_totals("a")).unwrap(), (1, 9));
        assert!(store.write(|tx| tx.upload_end("u", "cancelled")).unwrap());
        assert_eq!(store.read(|tx| tx.upload_totals("a")).unwrap(), (0, 0), "it needs no room any more");
        assert!(!store.write(|tx| tx.upload_end("u", "completed")).unwrap(), "it is not pending any more");
        assert_eq!(store.write(|tx| tx.upload_parts_remove("u")).unwrap(), ["b2", "b1"]);
        store.write(|tx| tx.uploads_forget("2026-11-26T00:00:00.000Z")).unwrap();
        assert_eq!(store.read(|tx| tx.upload("a", "u")).unwrap(), None);
    }
}
