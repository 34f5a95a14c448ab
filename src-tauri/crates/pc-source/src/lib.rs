//! Rows out of PostgreSQL and of MySQL or MariaDB; PolarDB speaks both protocols. One query that only reads, in a read-only
//! transaction, streamed: memory stays bounded whatever the number of rows, and a cancel ends the query at the server, too.
//!
//! How values become JSON, the same for both engines where both have the type:
//!
//! | in the database | in the record |
//! |---|---|
//! | integers of every width, `oid`, `YEAR` | number, exact |
//! | `numeric`, `decimal` | text with all its digits; an approximation would be silent |
//! | `real`, `double` | number; `NaN`, `Infinity` and `-Infinity` as text, since JSON has no words for them |
//! | `boolean` (PostgreSQL) | `true` or `false`; MySQL's `BOOLEAN` is its `TINYINT`, hence a number |
//! | text of every kind and encoding, enum, set, uuid | text in UTF-8 |
//! | date, time, timestamp | ISO 8601 text; what carries a zone is shown in UTC and ends with `Z` |
//! | interval | ISO 8601 text, such as `P1DT2H` |
//! | `json`, `jsonb`, MySQL's `JSON` | the JSON value; its numbers follow the usual double precision beyond 64 bits |
//! | arrays (PostgreSQL) | array of what its elements become, nested by dimension |
//! | `bytea`, blob, binary, geometry of MySQL | text in base64 |
//! | bit strings | text of zeros and ones |
//! | NULL | `null` |
//! | everything else | the text that the server shows |
//!
//! MariaDB has no JSON type: what it calls so is text, and stays it. Deliberately absent: writing of any kind, where the
//! password is kept, which columns mean what.

mod address;
mod drive;
mod fault;
mod gate;
mod import;
mod mysql;
mod postgres;
mod rows;
mod shape;
mod tls;
mod wire;

use std::time::Duration;

use anyhow::Result;
use pc_base::Cancel;
use serde::{Deserialize, Serialize};

pub use address::{Address, Connection, Engine, Tls};
pub use import::{Imported, import};
pub use rows::Rows;
pub use shape::{Column, Encryption, Power, PowerKind, Probe, Table, TableColumn, TableKind, Tables};

/// How much of a query's result is wanted, and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryOptions {
    /// Rows after which reading ends well; nothing for all.
    pub limit: Option<u64>,
    /// The longest wait for the server: for the first row, and for each one that follows. Time in which the reader of the rows
    /// is slow does not count. Nothing for ever.
    pub patience: Option<Duration>,
    /// Bytes that one cell may have as the server sends it. JSON and arrays, which grow many times over, may have a sixteenth of
    /// it, and a row may have twice as much.
    pub cell_limit: usize,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self { limit: None, patience: Some(Duration::from_secs(300)), cell_limit: 16 << 20 }
    }
}

/// Connects, and says what is there: version, encryption, whether nothing can be written, and what the role could do elsewhere.
/// Errors are those of [`query`] that belong to connecting.
pub fn probe(connection: &Connection, cancel: &Cancel) -> Result<Probe> {
    drive::once(connection, cancel, async |link| match link.engine() {
        Engine::Postgres => postgres::probe(link).await,
        Engine::Mysql => mysql::probe(link).await,
    })
}

/// The tables and views that this user can see, the system's own left out, in the order of their names.
pub fn tables(connection: &Connection, cancel: &Cancel) -> Result<Tables> {
    drive::once(connection, cancel, async |link| match link.engine() {
        Engine::Postgres => postgres::tables(link).await,
        Engine::Mysql => mysql::tables(link).await,
    })
}

/// Runs one query that only reads; returns when its columns are known. Columns of the same name get `_2`, `_3` and so on.
///
/// Errors, all with a code that starts with `source_`, besides `cancelled`: the server cannot be reached or refuses the login;
/// encryption is missing or its certificate wrong; the statement is not a query, is wrong, or may not be asked by this user; a
/// cell is too large or its text damaged; the server takes too long, or the connection is lost.
pub fn query(connection: &Connection, sql: &str, options: &QueryOptions, cancel: &Cancel) -> Result<Rows> {
    Rows::start(connection, sql, options, cancel)
}
