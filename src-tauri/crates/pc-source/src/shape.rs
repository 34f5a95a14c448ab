//! What a database says of itself. Deliberately absent: how each engine is asked.

use serde::{Deserialize, Serialize};

use crate::Engine;

/// A column of a query's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// The type in the engine's own words, such as `int8` or `varchar`.
    pub data_type: String,
}

/// What [`crate::probe`] found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub engine: Engine,
    /// In the server's own words.
    pub version: String,
    pub encryption: Encryption,
    /// Whether the server refused, by its own rules, an attempt to write inside the transaction that queries run in. The attempt
    /// was to drop a table that does not exist.
    pub read_only: bool,
    /// What this user could change outside of such a transaction; empty for a role that can only read, which is recommended.
    /// At most [`Probe::POWERS`].
    pub powers: Vec<Power>,
    /// Statements that make a role that can only read, for whoever administers the database.
    pub advice: String,
}

impl Probe {
    /// More than so many powers are not listed.
    pub const POWERS: usize = 20;

    /// Whether the role itself can only read.
    pub fn role_only_reads(&self) -> bool {
        self.powers.is_empty()
    }
}

/// What protects the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    None,
    /// Encrypted, but nobody knows with whom.
    Unverified,
    /// Encrypted, and the certificate speaks for this host.
    Verified,
}

/// Something that a role may do beyond reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Power {
    pub kind: PowerKind,
    /// Of what: a table, a schema, a role, the privileges' names; nothing where the kind says it all.
    pub on: Option<String>,
}

/// Kinds of powers, the widest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerKind {
    /// Everything.
    Superuser,
    /// Starts programs on the server.
    Programs,
    /// Reads or writes files of the server.
    ServerFiles,
    /// Makes roles or grants rights.
    Roles,
    /// Makes databases.
    Databases,
    /// Other rights of an administrator.
    Administer,
    /// Belongs to a role whose own powers are not known.
    Member,
    /// Makes tables in a schema.
    Schema,
    /// Changes rows or definitions.
    Write,
}

/// What [`crate::tables`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    pub tables: Vec<Table>,
    /// Whether there are more than fit: reading ended at [`Tables::COLUMNS`] columns.
    pub truncated: bool,
}

impl Tables {
    /// Columns, of all tables together, after which reading ends.
    pub const COLUMNS: usize = 100_000;

    /// Takes in the next column; rows of one table follow each other.
    pub(crate) fn take(&mut self, table: Table, column: Option<TableColumn>) {
        let same = |last: &Table| last.schema == table.schema && last.name == table.name;
        if !self.tables.last().is_some_and(same) {
            self.tables.push(table);
        }
        if let Some(last) = self.tables.last_mut() {
            last.columns.extend(column);
        }
    }
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// PostgreSQL's schema; MySQL's database.
    pub schema: String,
    pub name: String,
    pub kind: TableKind,
    /// The server's estimate; nothing where it has none.
    pub rows: Option<u64>,
    /// Whether this user may read it.
    pub readable: bool,
    pub comment: Option<String>,
    pub columns: Vec<TableColumn>,
}

impl Table {
    /// The query for all its rows, with the columns by name.
    pub fn query(&self, engine: Engine) -> String {
        let mark = if engine == Engine::Mysql { '`' } else { '"' };
        let quoted = |name: &str| format!("{mark}{}{mark}", name.replace(mark, &format!("{mark}{mark}")));
        let columns: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        // A table without columns is possible in PostgreSQL, whose grammar then takes an empty list.
        format!("SELECT {} FROM {}.{}", columns.join(", "), quoted(&self.schema), quoted(&self.name))
    }
}

/// What stands behind a table's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    Table,
    View,
    MaterializedView,
    /// Its rows lie on another server.
    Foreign,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumn {
    pub name: String,
    /// The full type in the engine's own words, such as `character varying(20)` or `int(11) unsigned`.
    pub data_type: String,
    pub nullable: bool,
    pub comment: Option<String>,
}
