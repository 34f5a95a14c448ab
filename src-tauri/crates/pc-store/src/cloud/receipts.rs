//! Tables `receipts`, what was stated about files, and `signing_keys`, with which; both sealed. A deletion is written here
//! before it is carried out, and stated once it was.

use crate::database::{first, rows, run};
use rusqlite::Row;

use super::Tx;

/// A receipt, or a deletion that is still to be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredReceipt {
    pub receipt_id: String,
    pub workspace_id: String,
    pub file_id: String,
    /// `upload` or `deletion`.
    pub action: String,
    /// Whether it is stated, and `sealed` the receipt; before that `sealed` is the statement, still without its time.
    pub issued: bool,
    pub sealed: Vec<u8>,
    pub created_at: String,
}

const COLUMNS: &str = "receipt_id, workspace_id, file_id, action, issued, sealed, created_at";

impl StoredReceipt {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            receipt_id: row.get(0)?,
            workspace_id: row.get(1)?,
            file_id: row.get(2)?,
            action: row.get(3)?,
            issued: row.get(4)?,
            sealed: row.get(5)?,
            created_at: row.get(6)?,
        })
    }
}

impl Tx<'_> {
    /// Adds a receipt, or replaces the one of the same id.
    pub fn receipt_put(&self, row: &StoredReceipt) -> anyhow::Result<()> {
        let sql =
            "INSERT OR REPLACE INTO receipts (receipt_id, workspace_id, file_id, action, issued, sealed, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let about = (&row.receipt_id, &row.workspace_id, &row.file_id, &row.action);
        let params = (about.0, about.1, about.2, about.3, row.issued, &row.sealed, &row.created_at);
        run(self.0, sql, params).map(drop)
    }

    /// A tenant's receipt.
    pub fn receipt(&self, workspace: &str, receipt_id: &str) -> anyhow::Result<Option<StoredReceipt>> {
        let sql = format!("SELECT {COLUMNS} FROM receipts WHERE workspace_id = ?1 AND receipt_id = ?2 AND issued");
        first(self.0, &sql, (workspace, receipt_id), StoredReceipt::of)
    }

    /// A tenant's receipts about a file, oldest first.
    pub fn receipts(&self, workspace: &str, file_id: &str) -> anyhow::Result<Vec<StoredReceipt>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM receipts WHERE workspace_id = ?1 AND file_id = ?2 AND issued ORDER BY created_at, rowid"
        );
        rows(self.0, &sql, (workspace, file_id), StoredReceipt::of)
    }

    /// Deletions of all tenants that are still to be carried out.
    pub fn receipts_due(&self) -> anyhow::Result<Vec<StoredReceipt>> {
        rows(self.0, &format!("SELECT {COLUMNS} FROM receipts WHERE NOT issued"), [], StoredReceipt::of)
    }

    /// Keeps a tenant's signing key; the first one stays.
    pub fn signing_key_add(&self, workspace: &str, sealed: &[u8], now: &str) -> anyhow::Result<()> {
        let sql =
            "INSERT INTO signing_keys (workspace_id, sealed, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        run(self.0, sql, (workspace, sealed, now)).map(drop)
    }

    /// A tenant's signing key.
    pub fn signing_key(&self, workspace: &str) -> anyhow::Result<Option<Vec<u8>>> {
        first(self.0, "SELECT sealed FROM signing_keys WHERE workspace_id = ?1", [workspace], |row| row.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_is_no_receipt_before_it_was_carried_out_and_tenants_see_their_own() {
        let (_dir, store) = super::super::empty();
        let due = StoredReceipt {
            receipt_id: "r".into(),
            workspace_id: "a".into(),
            file_id: "f".into(),
            action: "deletion".into(),
            ..StoredReceipt::default()
        };
        store.write(|tx| tx.receipt_put(&due)).unwrap();
        assert_eq!(store.read(|tx| tx.receipt("a", "r")).unwrap(), None);
        assert_eq!(store.read(|tx| tx.receipts_due()).unwrap().len(), 1);
        store.write(|tx| tx.receipt_put(&StoredReceipt { issued: true, ..due })).unwrap();
        assert!(store.read(|tx| tx.receipts_due()).unwrap().is_empty());
        assert_eq!(store.read(|tx| tx.receipts("a", "f")).unwrap().len(), 1);
        assert!(store.read(|tx| tx.receipts("b", "f")).unwrap().is_empty());
        assert_eq!(store.read(|tx| tx.receipt("b", "r")).unwrap(), None);
    }

    #[test]
    fn a_signing_key_stays_the_first_one() {
        let (_dir, store) = super::super::empty();
        store.write(|tx| tx.signing_key_add("a", b"one", "")).unwrap();
        store.write(|tx| tx.signing_key_add("a", b"two", "")).unwrap();
        assert_eq!(store.read(|tx| tx.signing_key("a")).unwrap().unwrap(), b"one");
    }
}
