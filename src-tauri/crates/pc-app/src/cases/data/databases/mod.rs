//! Databases as a source: connections that are kept, and what they lead to. Passwords are sealed below the master key, go to the
//! database alone, and never come back. Deliberately absent: protocols, which are `pc-source`.

mod import;
mod look;

use anyhow::{Result, bail};
use pc_base::{Cancel, Code, Language, Secret, coded};
use pc_source::{Address, Connection, Encryption, Engine, Power, Probe, Table, Tables, Tls, probe, tables};
use pc_store::console::KnownDatabase;
use uuid::Uuid;

use crate::api::{
    DatabaseEngine, DatabaseId, DatabaseProbe, DatabaseRow, DatabaseSave, DatabaseTable, DatabaseTls, Empty,
};
use crate::app::App;
use crate::cases::clouds::one_line;
use crate::words::words;

pub use import::{QueryFrom, QueryImport, QueryImported, QueryTo};
pub(crate) use look::Looked;

/// Seconds within which a kept connection must stand.
const CONNECT_SECONDS: u32 = 10;
/// Tables that are shown; whoever has more writes the query by hand.
const TABLES: usize = 2_000;

impl App {
    /// `database_list`
    pub async fn database_list(&self, _: Empty, _: Language) -> Result<Vec<DatabaseRow>> {
        self.blocking(|app| app.store().read(|tx| tx.databases())?.into_iter().map(row_of).collect()).await
    }

    /// `database_save`: whether it can be reached is `database_probe`'s to say. Of a changed connection the kept password stays,
    /// unless it would go to another server or for another user.
    pub async fn database_save(&self, wanted: DatabaseSave, _: Language) -> Result<DatabaseRow> {
        let (row, password) = (wanted.row, wanted.password.map(Secret::new));
        self.blocking(move |app| app.database_kept(row, password)).await
    }

    fn database_kept(&self, row: DatabaseRow, password: Option<Secret<String>>) -> Result<DatabaseRow> {
        let mut known = known_of(row, self.now())?;
        if password.as_ref().is_some_and(|password| password.expose().contains('\0')) {
            bail!(coded(Code::InputInvalid).with("what", "password").with("why", "U+0000"));
        }
        let key = password.is_some().then(|| self.console_key()).transpose()?;
        self.store().write(|tx| {
            let before = match known.id.as_str() {
                "" => None,
                id => Some(tx.database_known(id)?.filter(|row| row.id == id).ok_or_else(|| unknown(id))?),
            };
            if tx.databases()?.iter().any(|other| other.name == known.name && other.id != known.id) {
                bail!(coded(Code::DatabaseNameTaken).with("name", &known.name));
            }
            if known.id.is_empty() {
                known.id = Uuid::now_v7().to_string();
            }
            tx.database_put(&known)?;
            let whose = |row: &KnownDatabase| (row.engine.clone(), row.host.clone(), row.port, row.user.clone());
            match (key.as_ref().zip(password.as_ref()), before) {
                (Some((key, password)), _) => tx.secret_put(key, &secret_name(&known.id), password),
                (None, Some(before)) if whose(&before) != whose(&known) => tx.secret_remove(&secret_name(&known.id)),
                (None, _) => Ok(()),
            }
        })?;
        self.looked().forget();
        row_of(known)
    }

    /// `database_remove`: with its password. Nothing in the database itself changes.
    pub async fn database_remove(&self, wanted: DatabaseId, _: Language) -> Result<Empty> {
        self.blocking(move |app| {
            let known = app.database_known(&wanted.id)?;
            app.store().write(|tx| {
                tx.secret_remove(&secret_name(&known.id))?;
                tx.database_remove(&known.id)
            })?;
            app.looked().forget();
            Ok(Empty {})
        })
        .await
    }

    /// `database_probe`
    pub async fn database_probe(&self, wanted: DatabaseId, language: Language) -> Result<DatabaseProbe> {
        self.blocking(move |app| {
            let connection = app.database_opened(&app.database_known(&wanted.id)?)?;
            // A server that does not answer is given up after a minute.
            let cancel = Cancel::default();
            let found = probe(&connection, &cancel)?;
            Ok(probed(found, tables(&connection, &cancel)?, language))
        })
        .await
    }

    /// A kept connection by its id or its name. [`Code::DatabaseUnknown`].
    fn database_known(&self, word: &str) -> Result<KnownDatabase> {
        self.store().read(|tx| tx.database_known(word))?.ok_or_else(|| unknown(word))
    }

    /// A kept connection with its password, which is empty where none is kept.
    fn database_opened(&self, known: &KnownDatabase) -> Result<Connection> {
        let name = secret_name(&known.id);
        let password = match self.store().read(|tx| tx.secret_known(&name))? {
            // Without a password nobody is asked for the key to it.
            false => None,
            true => {
                let key = self.console_key()?;
                self.store().read(|tx| tx.secret(&key, &name))?
            }
        };
        Ok(Connection { address: address(known)?, password: password.unwrap_or_else(|| Secret::new(String::new())) })
    }
}

fn unknown(word: &str) -> anyhow::Error {
    coded(Code::DatabaseUnknown).with("name", word).into()
}

fn secret_name(id: &str) -> String {
    format!("database/{id}/password")
}

/// The row to keep, once everything in it can be used.
fn known_of(row: DatabaseRow, added_at: String) -> Result<KnownDatabase> {
    let database = match row.database.trim() {
        "" => String::new(),
        name => one_line("database", name, 200)?,
    };
    let ca = row.ca.map(|ca| ca.trim().to_owned()).filter(|ca| !ca.is_empty());
    Ok(KnownDatabase {
        id: row.id,
        name: one_line("name", &row.name, 80)?,
        engine: text_of(&Engine::from(row.engine))?,
        host: one_line("host", row.host.trim().trim_start_matches('[').trim_end_matches(']'), 255)?,
        port: if row.port == 0 { Engine::from(row.engine).port() } else { row.port },
        database,
        user: one_line("user", &row.user, 200)?,
        tls: text_of(&row.tls)?,
        ca: if row.tls == DatabaseTls::VerifyFull { ca } else { None },
        added_at,
    })
}

fn row_of(known: KnownDatabase) -> Result<DatabaseRow> {
    Ok(DatabaseRow {
        engine: serde_json::from_value(known.engine.into())?,
        tls: serde_json::from_value(known.tls.into())?,
        id: known.id,
        name: known.name,
        host: known.host,
        port: known.port,
        database: known.database,
        user: known.user,
        ca: known.ca,
    })
}

fn address(known: &KnownDatabase) -> Result<Address> {
    let row = row_of(known.clone())?;
    let tls = match row.tls {
        DatabaseTls::Off => Tls::Off,
        DatabaseTls::Prefer => Tls::Prefer,
        DatabaseTls::VerifyFull => Tls::VerifyFull { ca: row.ca.map(Into::into) },
    };
    let (engine, connect_seconds) = (row.engine.into(), CONNECT_SECONDS);
    Ok(Address { engine, host: row.host, port: row.port, database: row.database, user: row.user, tls, connect_seconds })
}

/// The word that stands for one of a few things, here as on the wire.
fn text_of(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}

impl From<DatabaseEngine> for Engine {
    fn from(engine: DatabaseEngine) -> Self {
        match engine {
            DatabaseEngine::Postgres => Self::Postgres,
            DatabaseEngine::Mysql => Self::Mysql,
        }
    }
}

impl From<Engine> for DatabaseEngine {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Postgres => Self::Postgres,
            Engine::Mysql => Self::Mysql,
        }
    }
}

/// The row of an address that nobody kept yet.
fn row_of_address(name: String, address: Address) -> DatabaseRow {
    let (tls, ca) = match address.tls {
        Tls::Off => (DatabaseTls::Off, None),
        Tls::Prefer => (DatabaseTls::Prefer, None),
        Tls::VerifyFull { ca } => (DatabaseTls::VerifyFull, ca.map(|ca| ca.display().to_string())),
    };
    let (host, port, engine) = (address.host, address.port, address.engine.into());
    DatabaseRow { id: String::new(), name, engine, host, port, database: address.database, user: address.user, tls, ca }
}

impl App {
    /// Keeps the connection that a URL names, without a window: one of that name is changed. A password
    /// that is given counts before the URL's. Errors are those of [`App::database_save`] and of the URL.
    pub async fn database_save_url(
        &self,
        name: String,
        url: String,
        password: Option<Secret<String>>,
    ) -> Result<DatabaseRow> {
        self.blocking(move |app| {
            let Connection { address, password: theirs } = Connection::from_url(&url)?;
            let password = password.or_else(|| Some(theirs).filter(|theirs| !theirs.expose().is_empty()));
            let known = app.store().read(|tx| tx.database_known(name.trim()))?;
            let id = known.filter(|known| known.name == name.trim()).map(|known| known.id).unwrap_or_default();
            app.database_kept(DatabaseRow { id, ..row_of_address(name, address) }, password)
        })
        .await
    }

    /// The id of a kept connection, by its id or its name. [`Code::DatabaseUnknown`].
    pub async fn database_named(&self, word: String) -> Result<DatabaseId> {
        self.blocking(move |app| Ok(DatabaseId { id: app.database_known(&word)?.id })).await
    }
}

fn probed(found: Probe, tables: Tables, language: Language) -> DatabaseProbe {
    let engine = found.engine;
    let mut powers = powers(&found.powers, language);
    if !found.read_only {
        powers.insert(0, words("power_not_read_only", language, &[]));
    }
    let readable: Vec<Table> = tables.tables.into_iter().filter(|table| table.readable).collect();
    DatabaseProbe {
        server: server(engine, &found.version),
        encrypted: found.encryption != Encryption::None,
        verified: found.encryption == Encryption::Verified,
        advice: if powers.is_empty() { String::new() } else { found.advice },
        powers,
        more_tables: tables.truncated || readable.len() > TABLES,
        tables: readable.into_iter().take(TABLES).map(|table| table_of(table, engine)).collect(),
    }
}

fn table_of(table: Table, engine: Engine) -> DatabaseTable {
    DatabaseTable {
        query: table.query(engine),
        schema: table.schema,
        name: table.name,
        columns: table.columns.into_iter().map(|column| column.name).collect(),
        rows_about: table.rows,
    }
}

/// Name and number of a server, without whose package it is.
fn server(engine: Engine, version: &str) -> String {
    let name = match engine {
        Engine::Postgres => "PostgreSQL",
        Engine::Mysql if version.contains("MariaDB") => "MariaDB",
        Engine::Mysql => "MySQL",
    };
    format!("{name} {}", version.split([' ', '-']).next().unwrap_or_default())
}

/// One sentence a kind.
fn powers(found: &[Power], language: Language) -> Vec<String> {
    let mut kinds: Vec<(&Power, Vec<&str>)> = Vec::new();
    for power in found {
        let on = power.on.as_deref();
        match kinds.last_mut().filter(|(first, _)| first.kind == power.kind) {
            Some((_, things)) => things.extend(on),
            None => kinds.push((power, on.into_iter().collect())),
        }
    }
    let sentence = |(power, things): (&Power, Vec<&str>)| {
        let on = match (things.is_empty(), language) {
            (true, _) => String::new(),
            (false, Language::English) => format!(" ({})", things.join("; ")),
            (false, Language::Chinese) => format!("（{}）", things.join("；")),
        };
        let kind = text_of(&power.kind).unwrap_or_default();
        words(&format!("power_{kind}"), language, &[("on", on)])
    };
    kinds.into_iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_secrets::Keychain;
    use pc_source::PowerKind;
    use pc_testkit::Home;

    fn app(home: &Home) -> App {
        let clock = std::sync::Arc::new(pc_testkit::fixed_clock());
        App::open_with(home.places.clone(), Keychain::memory(), clock).expect("a home can be opened")
    }

    fn shop() -> DatabaseRow {
        DatabaseRow {
            id: String::new(),
            name: " shop ".into(),
            engine: DatabaseEngine::Postgres,
            host: "[::1]".into(),
            port: 0,
            database: String::new(),
            user: "reader".into(),
            tls: DatabaseTls::Prefer,
            ca: Some("/ca.pem".into()),
        }
    }

    fn keep(app: &App, row: DatabaseRow, password: Option<&str>) -> Result<DatabaseRow> {
        app.database_kept(row, password.map(|password| Secret::new(password.to_owned())))
    }

    fn password(app: &App, row: &DatabaseRow) -> Option<String> {
        let key = app.console_key().expect("a key in memory");
        let kept = app.store().read(|tx| tx.secret(&key, &secret_name(&row.id))).expect("it can be read");
        kept.map(|password| password.expose().clone())
    }

    fn code<T>(outcome: Result<T>) -> Option<Code> {
        outcome.err()?.downcast_ref::<pc_base::Coded>().map(|coded| coded.code)
    }

    #[test]
    fn a_password_is_for_one_user_of_one_server_and_goes_with_its_connection() {
        let home = Home::new();
        let app = app(&home);
        let row = keep(&app, shop(), Some("hunter2")).expect("it is kept");
        assert_eq!((row.name.as_str(), row.host.as_str(), row.port, &row.ca), ("shop", "::1", 5432, &None));
        let renamed = DatabaseRow { name: "store".into(), database: "sales".into(), ..row.clone() };
        keep(&app, renamed.clone(), None).expect("it is changed");
        assert_eq!(password(&app, &row).as_deref(), Some("hunter2"), "another database of the same server may be read");
        keep(&app, renamed.clone(), Some("hunter3")).expect("it is changed");
        assert_eq!(password(&app, &row).as_deref(), Some("hunter3"));
        for elsewhere in [
            DatabaseRow { host: "db.example".into(), ..renamed.clone() },
            DatabaseRow { port: 5433, ..renamed.clone() },
            DatabaseRow { user: "boss".into(), ..renamed.clone() },
            DatabaseRow { engine: DatabaseEngine::Mysql, ..renamed.clone() },
        ] {
            keep(&app, elsewhere, None).expect("it is changed");
            assert_eq!(password(&app, &row), None, "nobody else is sent it");
            keep(&app, renamed.clone(), Some("hunter3")).expect("it is changed back");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let id = DatabaseId { id: row.id.clone() };
        runtime.block_on(app.database_remove(id, Language::English)).expect("it is removed");
        assert_eq!(password(&app, &row), None);
        assert!(app.store().read(|tx| tx.databases()).expect("it can be read").is_empty());
        assert_eq!(code(keep(&app, row, None)), Some(Code::DatabaseUnknown), "what was removed is not changed");
    }

    #[test]
    fn what_no_connection_can_be_is_refused_and_a_name_is_one_connection() {
        let home = Home::new();
        let app = app(&home);
        keep(&app, shop(), None).expect("it is kept");
        assert_eq!(code(keep(&app, shop(), None)), Some(Code::DatabaseNameTaken));
        for bad in [
            DatabaseRow { name: " ".into(), ..shop() },
            DatabaseRow { name: "a".repeat(81), ..shop() },
            DatabaseRow { host: String::new(), ..shop() },
            DatabaseRow { host: "a\nb".into(), ..shop() },
            DatabaseRow { user: "\u{7}".into(), ..shop() },
            DatabaseRow { database: "a\0".into(), ..shop() },
        ] {
            assert_eq!(code(keep(&app, bad.clone(), None)), Some(Code::InputInvalid), "{bad:?}");
        }
        let bell = DatabaseRow { name: "bell".into(), ..shop() };
        assert_eq!(code(keep(&app, bell, Some("a\0b"))), Some(Code::InputInvalid));
        assert_eq!(app.store().read(|tx| tx.databases()).expect("it can be read").len(), 1);
    }

    #[test]
    fn a_url_is_kept_under_a_name_and_changes_the_connection_of_that_name() {
        let home = Home::new();
        let app = app(&home);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let save = |url: &str, password: Option<&str>| {
            let password = password.map(|password| Secret::new(password.to_owned()));
            runtime.block_on(app.database_save_url("shop".into(), url.into(), password))
        };
        let row = save("mysql://me:inside@db.example/sales?ssl-ca=/ca.pem", None).expect("it is kept");
        assert_eq!((row.tls, row.ca.as_deref()), (DatabaseTls::VerifyFull, Some("/ca.pem")));
        assert_eq!(password(&app, &row).as_deref(), Some("inside"));
        let again = save("mysql://me@db.example:3307/sales", Some("given")).expect("it is changed");
        assert_eq!((&again.id, again.port), (&row.id, 3307));
        assert_eq!(password(&app, &row).as_deref(), Some("given"));
        let refused = save("mysql://me:inside@/sales", None).expect_err("there is no host");
        assert!(!format!("{refused:?}").contains("inside"), "{refused:?}");
    }

    #[test]
    fn a_server_is_named_without_its_package() {
        assert_eq!(server(Engine::Postgres, "15.14 (Debian 15.14-0+deb12u1)"), "PostgreSQL 15.14");
        assert_eq!(server(Engine::Mysql, "10.11.14-MariaDB-0+deb12u2"), "MariaDB 10.11.14");
        assert_eq!(server(Engine::Mysql, "8.0.36"), "MySQL 8.0.36");
    }

    #[test]
    fn every_power_has_a_sentence_in_both_languages() {
        use PowerKind::{Administer, Databases, Member, Programs, Roles, Schema, ServerFiles, Superuser, Write};
        let kinds = [Superuser, Programs, ServerFiles, Roles, Databases, Administer, Member, Schema, Write];
        for (language, stop) in [(Language::English, '.'), (Language::Chinese, '。')] {
            for kind in kinds {
                let on = |on: &str| Power { kind, on: Some(on.to_owned()) };
                let told = powers(&[on("a.b"), on("c")], language);
                assert_eq!(told.len(), 1, "{told:?}");
                assert!(told[0].contains("a.b") && told[0].contains('c') && told[0].ends_with(stop), "{told:?}");
                let bare = powers(&[Power { kind, on: None }], language);
                assert!(bare[0].ends_with(stop) && !bare[0].contains(['{', '(', '（']), "{bare:?}");
            }
        }
    }
}
