//! Table `answered`: what creating requests with a key of their caller's answered, so that a repeated one is not done twice.

use crate::database::{first, run};

use super::Tx;

/// A request that was carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    pub workspace_id: String,
    /// The caller's.
    pub key: String,
    /// Hex SHA-256 of what was asked.
    pub fingerprint: String,
    pub answer: Vec<u8>,
    pub created_at: String,
}

impl Tx<'_> {
    /// What a tenant's key was used for.
    pub fn answered(&self, workspace: &str, key: &str) -> anyhow::Result<Option<Answered>> {
        let sql = "SELECT workspace_id, key, fingerprint, answer, created_at FROM answered
                   WHERE workspace_id = ?1 AND key = ?2";
        first(self.0, sql, (workspace, key), |row| {
            Ok(Answered {
                workspace_id: row.get(0)?,
                key: row.get(1)?,
                fingerprint: row.get(2)?,
                answer: row.get(3)?,
                created_at: row.get(4)?,
            })
        })
    }

    /// Uses a key up; an error where it was used before, so that what is done in the same transaction is done once.
    pub fn answered_add(&self, row: &Answered) -> anyhow::Result<()> {
        let sql =
            "INSERT INTO answered (workspace_id, key, fingerprint, answer, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        run(self.0, sql, (&row.workspace_id, &row.key, &row.fingerprint, &row.answer, &row.created_at)).map(drop)
    }

    /// Forgets what was answered before a time.
    pub fn answered_forget(&self, before: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM answered WHERE created_at < ?1", [before]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_used_once_a_tenant_and_takes_its_transaction_along() {
        let (_dir, store) = super::super::empty();
        let row = Answered {
            workspace_id: "a".into(),
            key: "k".into(),
            fingerprint: "f".into(),
            answer: b"{}".to_vec(),
            created_at: "2026-11-24".into(),
        };
        store.write(|tx| tx.answered_add(&row)).unwrap();
        let twice = store.write(|tx| {
            tx.answered_add(&Answered { key: "other".into(), ..row.clone() })?;
            tx.answered_add(&row)
        });
        assert!(twice.is_err());
        assert_eq!(store.read(|tx| tx.answered("a", "other")).unwrap(), None, "all or nothing");
        store.write(|tx| tx.answered_add(&Answered { workspace_id: "b".into(), ..row.clone() })).unwrap();
        store.write(|tx| tx.answered_forget("2026-11-24")).unwrap();
        assert_eq!(store.read(|tx| tx.answered("a", "k")).unwrap(), Some(row), "it is not older than that");
        store.write(|tx| tx.answered_forget("2026-11-25")).unwrap();
        assert_eq!(store.read(|tx| tx.answered("a", "k")).unwrap(), None);
    }
}
