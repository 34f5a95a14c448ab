//! One SQLite file: opening, migrating, and a transaction around every use. Deliberately absent: tables.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, bail};
use pc_base::{Code, coded};
use rusqlite::{Connection, ErrorCode, Params, Row, TransactionBehavior};

pub(crate) struct Database(Mutex<Connection>);

impl Database {
    /// Opens or makes it and brings it to the newest version, all steps or none. Step n leads from version n to n + 1;
    /// steps are only ever added. A file of a newer program is refused ([`Code::DatabaseNewer`]), as is one that SQLite
    /// cannot read ([`Code::DatabaseDamaged`]).
    pub(crate) fn open(path: &Path, steps: &[&str]) -> anyhow::Result<Self> {
        Self::migrated(path, steps).map_err(|error| {
            let sqlite = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
            match sqlite {
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                    error.context(coded(Code::DatabaseDamaged).with("path", path.display()))
                }
                _ => error,
            }
        })
    }

    fn migrated(path: &Path, steps: &[&str]) -> anyhow::Result<Self> {
        let mut connection = Connection::open(path).with_context(|| format!("opening {}", path.display()))?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // An acknowledged write must survive a power cut, which WAL alone does not promise.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "secure_delete", true)?;
        let migration = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: usize = migration.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))? as usize;
        if version > steps.len() {
            bail!(coded(Code::DatabaseNewer).with("path", path.display()));
        }
        for step in &steps[version..] {
            migration.execute_batch(step).with_context(|| format!("migrating {}", path.display()))?;
        }
        migration.pragma_update(None, "user_version", u32::try_from(steps.len())?)?;
        migration.commit()?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Runs `work` in one transaction: all of it or nothing.
    pub(crate) fn transaction<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Connection) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut connection = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(behavior)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

/// All rows of a query.
pub(crate) fn rows<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> anyhow::Result<Vec<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, map)?.collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// The first row of a query, if there is one.
pub(crate) fn first<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> anyhow::Result<Option<T>> {
    Ok(rows(db, sql, params, map)?.into_iter().next())
}

/// Runs a statement; answers how many rows it touched.
pub(crate) fn run(db: &Connection, sql: &str, params: impl Params) -> anyhow::Result<usize> {
    Ok(db.prepare_cached(sql)?.execute(params)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "CREATE TABLE a (x INTEGER)";
    const TWO: &str = "ALTER TABLE a ADD COLUMN y TEXT";

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        (dir, path)
    }

    #[test]
    fn steps_are_taken_once_and_an_older_program_is_refused() {
        let (_dir, path) = file();
        Database::open(&path, &[ONE]).unwrap();
        Database::open(&path, &[ONE, TWO]).unwrap();
        Database::open(&path, &[ONE, TWO]).unwrap();
        let refused = Database::open(&path, &[ONE]).err().unwrap();
        assert!(refused.to_string().contains("newer version"), "an older program must not touch it: {refused}");
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_by_code_and_left_as_it_is() {
        let (_dir, path) = file();
        pc_base::write_atomic(&path, b"garbage, and more of it than a header").unwrap();
        let refused = Database::open(&path, &[ONE]).err().unwrap();
        assert_eq!(pc_base::Failure::of(&refused, pc_base::Language::English).code, "database_damaged");
        assert!(std::fs::read(&path).unwrap().starts_with(b"garbage"), "somebody may still save what is in it");
    }

    #[test]
    fn a_failing_step_leaves_the_old_version_whole() {
        let (_dir, path) = file();
        Database::open(&path, &[ONE]).unwrap();
        assert!(Database::open(&path, &[ONE, TWO, "no sql"]).is_err());
        let db = Database::open(&path, &[ONE]).expect("still version 1, so version 1 opens it");
        let columns =
            db.transaction(TransactionBehavior::Deferred, |c| rows(c, "PRAGMA table_info(a)", [], |_| Ok(())));
        assert_eq!(columns.unwrap().len(), 1, "the second step was rolled back with the third");
    }
}
