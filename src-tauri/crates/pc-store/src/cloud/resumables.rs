//! Tables `resumables` and `pieces`: files on their way in that go on after a break. A file that was made of pieces keeps
//! them as they arrived: nothing is copied together. Deliberately absent: the pieces' bytes, which are sealed blobs.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// A file on its way in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumable {
    /// Also the name of its pieces' whole.
    pub upload_id: String,
    pub workspace_id: String,
    pub api_key_id: String,
    pub name: String,
    pub description: String,
    pub purpose: String,
    /// What all pieces together will have.
    pub bytes: u64,
    /// Hex, where it was announced.
    pub md5: Option<String>,
    pub sha256: Option<String>,
    /// The file that it became.
    pub file_id: Option<String>,
    pub created_at: String,
    pub expires_at: String,
}

/// One blob of a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub start: u64,
    pub bytes: u64,
    pub blob: String,
}

const COLUMNS: &str = "upload_id, workspace_id, api_key_id, name, description, purpose, bytes, md5, sha256, file_id,
                       created_at, expires_at";

impl Resumable {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            upload_id: row.get(0)?,
            workspace_id: row.get(1)?,
            api_key_id: row.get(2)?,
            name: row.get(3)?,
            description: row.get(4)?,
            purpose: row.get(5)?,
            bytes: row.get(6)?,
            md5: row.get(7)?,
            sha256: row.get(8)?,
            file_id: row.get(9)?,
            created_at: row.get(10)?,
            expires_at: row.get(11)?,
        })
    }
}

impl Tx<'_> {
    /// Adds an upload without pieces.
    pub fn resumable_add(&self, row: &Resumable) -> anyhow::Result<()> {
        let sql =
            format!("INSERT INTO resumables ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
        let params = (
            &row.upload_id,
            &row.workspace_id,
            &row.api_key_id,
            &row.name,
            &row.description,
            &row.purpose,
            row.bytes,
            &row.md5,
            &row.sha256,
            &row.file_id,
            &row.created_at,
            &row.expires_at,
        );
        run(self.0, &sql, params).map(drop)
    }

    /// A tenant's upload.
    pub fn resumable(&self, workspace: &str, upload_id: &str) -> anyhow::Result<Option<Resumable>> {
        let sql = format!("SELECT {COLUMNS} FROM resumables WHERE workspace_id = ?1 AND upload_id = ?2");
        first(self.0, &sql, (workspace, upload_id), Resumable::of)
    }

    /// How many uploads of a tenant are not files yet, and the bytes that they announced.
    pub fn resumable_totals(&self, workspace: &str) -> anyhow::Result<(u64, u64)> {
        let sql =
            "SELECT count(*), coalesce(sum(bytes), 0) FROM resumables WHERE workspace_id = ?1 AND file_id IS NULL";
        Ok(first(self.0, sql, [workspace], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or_default())
    }

    /// Notes the file that an upload became.
    pub fn resumable_finish(&self, upload_id: &str, file_id: &str) -> anyhow::Result<()> {
        run(self.0, "UPDATE resumables SET file_id = ?2 WHERE upload_id = ?1", (upload_id, file_id)).map(drop)
    }

    /// Lets an upload live on until a time.
    pub fn resumable_extend(&self, upload_id: &str, expires_at: &str) -> anyhow::Result<()> {
        run(self.0, "UPDATE resumables SET expires_at = ?2 WHERE upload_id = ?1", (upload_id, expires_at)).map(drop)
    }

    /// Removes an upload; its pieces stay.
    pub fn resumable_remove(&self, upload_id: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM resumables WHERE upload_id = ?1", [upload_id]).map(drop)
    }

    /// Uploads of all tenants whose time is over.
    pub fn resumables_overdue(&self, now: &str) -> anyhow::Result<Vec<Resumable>> {
        rows(self.0, &format!("SELECT {COLUMNS} FROM resumables WHERE expires_at <= ?1"), [now], Resumable::of)
    }

    /// Adds a piece; an error where one begins there already.
    pub fn piece_add(&self, whole: &str, piece: &Piece) -> anyhow::Result<()> {
        let sql = "INSERT INTO pieces (whole, start, bytes, blob) VALUES (?1, ?2, ?3, ?4)";
        run(self.0, sql, (whole, piece.start, piece.bytes, &piece.blob)).map(drop)
    }

    /// The pieces of a whole in order; none where it is a single blob.
    pub fn pieces(&self, whole: &str) -> anyhow::Result<Vec<Piece>> {
        let sql = "SELECT start, bytes, blob FROM pieces WHERE whole = ?1 ORDER BY start";
        rows(self.0, sql, [whole], |row| Ok(Piece { start: row.get(0)?, bytes: row.get(1)?, blob: row.get(2)? }))
    }

    /// How many bytes of a whole have arrived.
    pub fn pieces_bytes(&self, whole: &str) -> anyhow::Result<u64> {
        let sql = "SELECT coalesce(sum(bytes), 0) FROM pieces WHERE whole = ?1";
        Ok(first(self.0, sql, [whole], |row| row.get(0))?.unwrap_or(0))
    }

    /// Removes the pieces of a whole; answers their blobs, which the caller destroys once this is committed.
    pub fn pieces_remove(&self, whole: &str) -> anyhow::Result<Vec<String>> {
        rows(self.0, "DELETE FROM pieces WHERE whole = ?1 RETURNING blob", [whole], |row| row.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_in_order_named_for_the_sweep_and_each_place_is_taken_once() {
        let (_dir, store) = super::super::empty();
        let upload = Resumable {
            upload_id: "u".into(),
            workspace_id: "a".into(),
            bytes: 9,
            expires_at: "2026-11-25".into(),
            ..Resumable::default()
        };
        store.write(|tx| tx.resumable_add(&upload)).unwrap();
        assert_eq!(store.read(|tx| tx.resumable("b", "u")).unwrap(), None, "another tenant does not see it");
        assert_eq!(store.read(|tx| tx.resumable_totals("a")).unwrap(), (1, 9));
        let piece = |start, blob: &str| Piece { start, bytes: 4, blob: blob.into() };
        for one in [piece(4, "two"), piece(0, "one")] {
            store.write(|tx| tx.piece_add("u", &one)).unwrap();
        }
        assert!(store.write(|tx| tx.piece_add("u", &piece(4, "again"))).is_err(), "nothing is overwritten");
        assert_eq!(store.read(|tx| tx.pieces("u")).unwrap(), [piece(0, "one"), piece(4, "two")]);
        assert_eq!(store.read(|tx| tx.pieces_bytes("u")).unwrap(), 8);
        assert!(store.read(|tx| tx.blobs_named()).unwrap().contains("two"), "a sweep leaves what has arrived");
        store.write(|tx| tx.resumable_finish("u", "f")).unwrap();
        assert_eq!(store.read(|tx| tx.resumable_totals("a")).unwrap(), (0, 0), "it is a file now");
        assert_eq!(store.read(|tx| tx.resumables_overdue("2026-11-25")).unwrap().len(), 1);
        assert_eq!(store.write(|tx| tx.pieces_remove("u")).unwrap(), ["one", "two"]);
    }
}
