//! Table `databases`: connections to other people's databases. Their passwords are in `secrets`.

use crate::database::{first, rows, run};

use super::Tx;

/// Where a database is, and how it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownDatabase {
    pub id: String,
    /// No two have the same.
    pub name: String,
    /// `postgres` or `mysql`.
    pub engine: String,
    pub host: String,
    pub port: u16,
    /// Empty for the server's default.
    pub database: String,
    pub user: String,
    /// `off`, `prefer` or `verify_full`.
    pub tls: String,
    /// PEM file of the issuer.
    pub ca: Option<String>,
    /// RFC 3339.
    pub added_at: String,
}

const COLUMNS: &str = "id, name, engine, host, port, database, user, tls, ca, added_at";

impl Tx<'_> {
    /// Adds a connection, or changes that of the same id, which keeps its place.
    pub fn database_put(&self, row: &KnownDatabase) -> anyhow::Result<()> {
        let sql = format!(
            "INSERT INTO databases ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET name = ?2, engine = ?3, host = ?4, port = ?5, database = ?6, user = ?7,
             tls = ?8, ca = ?9"
        );
        let (id, name, engine, host, port) = (&row.id, &row.name, &row.engine, &row.host, row.port);
        let (database, user, tls, ca, added_at) = (&row.database, &row.user, &row.tls, &row.ca, &row.added_at);
        run(self.0, &sql, (id, name, engine, host, port, database, user, tls, ca, added_at)).map(drop)
    }

    /// All of them in the order of their adding.
    pub fn databases(&self) -> anyhow::Result<Vec<KnownDatabase>> {
        rows(self.0, &format!("SELECT {COLUMNS} FROM databases ORDER BY added_at, id"), [], read)
    }

    /// The one of an id, or of a name.
    pub fn database_known(&self, id_or_name: &str) -> anyhow::Result<Option<KnownDatabase>> {
        let sql = format!("SELECT {COLUMNS} FROM databases WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC");
        first(self.0, &sql, [id_or_name], read)
    }

    /// Forgets one, but not its secrets.
    pub fn database_remove(&self, id: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM databases WHERE id = ?1", [id]).map(drop)
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<KnownDatabase> {
    Ok(KnownDatabase {
        id: row.get(0)?,
        name: row.get(1)?,
        engine: row.get(2)?,
        host: row.get(3)?,
        port: row.get(4)?,
        database: row.get(5)?,
        user: row.get(6)?,
        tls: row.get(7)?,
        ca: row.get(8)?,
        added_at: row.get(9)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, name: &str, added_at: &str) -> KnownDatabase {
        KnownDatabase { id: id.into(), name: name.into(), port: 5432, added_at: added_at.into(), ..Default::default() }
    }

    #[test]
    fn a_connection_is_found_by_id_and_name_and_a_change_keeps_its_place() {
        let (_dir, store) = super::super::empty();
        let (mut shop, care) = (row("1", "shop", "2026-01-01T00:00:00Z"), row("2", "care", "2026-01-02T00:00:00Z"));
        store.write(|tx| [&shop, &care].into_iter().try_for_each(|row| tx.database_put(row))).unwrap();
        (shop.host, shop.added_at) = ("db.example".into(), "2027-01-01T00:00:00Z".into());
        store.write(|tx| tx.database_put(&shop)).unwrap();
        let names: Vec<String> = store.read(|tx| tx.databases()).unwrap().into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["shop", "care"]);
        let known = |word: &str| store.read(|tx| tx.database_known(word)).unwrap();
        assert_eq!(known("1").map(|row| row.host), Some("db.example".into()));
        assert_eq!(known("care"), Some(care));
        store.write(|tx| tx.database_put(&row("3", "shop", ""))).expect_err("a name is one connection");
        // Whoever calls a connection by another's id does not hide that one.
        store.write(|tx| tx.database_put(&row("3", "1", ""))).unwrap();
        assert_eq!(known("1").map(|row| row.id), Some("1".into()));
        store.write(|tx| tx.database_remove("1")).unwrap();
        assert_eq!(known("shop"), None);
    }
}
