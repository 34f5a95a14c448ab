//! One SQLite file: opening, migrating, and a transaction around every use. One connection writes; a few read at the same
//! time, because a reader must not wait for the disk to take what another one wrote. Deliberately absent: tables.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use pc_base::{Code, coded};
use rusqlite::{Connection, ErrorCode, Params, Row, TransactionBehavior};

/// Reading at once. More would only wait for the processor.
const READERS: usize = 8;

pub(crate) struct Database {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Readers>,
    returned: Condvar,
}

/// Connections that only read: those that nobody uses now, and how many there are in all.
#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    open: usize,
}

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
        let mut connection = connection(path)?;
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
        let (writer, readers) = (Mutex::new(connection), Mutex::default());
        Ok(Self { path: path.to_owned(), writer, readers, returned: Condvar::new() })
    }

    /// Runs `work` in one transaction: all of it or nothing, durable once it returns. [`Code::DiskFull`] where there is no
    /// room for it.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Connection) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        within(&mut writer, TransactionBehavior::Immediate, work).map_err(told)
    }

    /// Runs `work` on one consistent state, which includes whatever was written before.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let Some(connection) = self.reader() else {
            // Where no further connection can be had, as on a disk that became read-only, the writing one reads.
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            return within(&mut writer, TransactionBehavior::Deferred, work);
        };
        let mut lent = Lent { database: self, connection: Some(connection) };
        let connection = lent.connection.as_mut().expect("it is given back at the end");
        within(connection, TransactionBehavior::Deferred, work)
    }

    /// A connection for one reader; waits while all are in use.
    fn reader(&self) -> Option<Connection> {
        let readers = self.readers();
        let waited = self.returned.wait_while(readers, |all| all.idle.is_empty() && all.open >= READERS);
        let mut readers = waited.unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = readers.idle.pop() {
            return Some(connection);
        }
        let connection = connection(&self.path).ok()?;
        connection.pragma_update(None, "query_only", true).ok()?;
        readers.open += 1;
        Some(connection)
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader's connection, given back however its use ends.
struct Lent<'a> {
    database: &'a Database,
    connection: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.database.readers().idle.extend(self.connection.take());
        self.database.returned.notify_one();
    }
}

fn connection(path: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(path).with_context(|| format!("opening {}", path.display()))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    // The default of 16 is less than the statements that one request may use.
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

fn within<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Connection) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let transaction = connection.transaction_with_behavior(behavior)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// Puts a code on errors that are the user's to mend.
fn told(error: anyhow::Error) -> anyhow::Error {
    let sqlite = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    match sqlite {
        Some(ErrorCode::DiskFull) => error.context(coded(Code::DiskFull)),
        Some(ErrorCode::ReadOnly) => error.context(coded(Code::DiskReadOnly)),
        _ => error,
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
        let columns = db.read(|c| rows(c, "PRAGMA table_info(a)", [], |_| Ok(())));
        assert_eq!(columns.unwrap().len(), 1, "the second step was rolled back with the third");
    }

    #[test]
    fn many_read_while_one_writes_and_each_sees_what_was_written_before() {
        let (_dir, path) = file();
        let db = Database::open(&path, &[ONE]).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..3 * READERS {
                scope.spawn(|| {
                    let count = || db.read(|c| first(c, "SELECT count(*) FROM a", [], |row| row.get::<_, u64>(0)));
                    for _ in 0..20 {
                        let before = count().unwrap();
                        db.write(|c| run(c, "INSERT INTO a (x) VALUES (1)", [])).unwrap();
                        assert!(count().unwrap() > before, "what this thread has written");
                    }
                });
            }
            // A reader that is slow holds up no writer.
            let slow = db.read(|c| {
                let before = first(c, "SELECT count(*) FROM a", [], |row| row.get::<_, u64>(0))?;
                db.write(|c| run(c, "INSERT INTO a (x) VALUES (2)", []))?;
                Ok((before, first(c, "SELECT count(*) FROM a", [], |row| row.get::<_, u64>(0))?))
            });
            let (before, after) = slow.unwrap();
            assert_eq!(before, after, "a reader sees one state to its end");
        });
        assert!(db.readers().open <= READERS);
    }

    #[test]
    fn a_full_disk_is_told_by_its_code_and_leaves_what_was_there() {
        let (_dir, path) = file();
        let db = Database::open(&path, &[ONE]).unwrap();
        let pages = |most: u32| db.write(|c| Ok(c.pragma_update(None, "max_page_count", most)?));
        let fill = || db.write(|c| run(c, "INSERT INTO a (x) VALUES (zeroblob(1000000))", []));
        pages(10).unwrap();
        let error = fill().unwrap_err();
        assert_eq!(pc_base::Failure::of(&error, pc_base::Language::English).code, "disk_full");
        pages(100_000).unwrap();
        fill().expect("with room it goes on");
    }
}
