//! Databases as a source: kept connections, what they hold, and a query whose rows are imported. Passwords are in the keychain's
//! keeping and never come back.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Recipe, SourceRecord};

/// `database_list`, `database_save`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatabaseRow {
    /// Empty for a new one.
    pub id: String,
    pub name: String,
    pub engine: DatabaseEngine,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub tls: DatabaseTls,
    /// PEM file of the issuer, where it is not one of the system's.
    pub ca: Option<String>,
}

/// Which protocol it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseEngine {
    Postgres,
    Mysql,
}

/// How it is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseTls {
    Off,
    Prefer,
    VerifyFull,
}

/// `database_save`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatabaseSave {
    pub row: DatabaseRow,
    /// A changed password; nothing keeps the old one, unless the server or the user is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub password: Option<String>,
}

/// `database_remove`, `database_probe`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatabaseId {
    pub id: String,
}

/// `database_probe`: what is there.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatabaseProbe {
    /// Such as `PostgreSQL 15.8`.
    pub server: String,
    pub encrypted: bool,
    pub verified: bool,
    /// What this role could do although the console never does, in sentences.
    pub powers: Vec<String>,
    pub tables: Vec<DatabaseTable>,
    /// More were left out.
    pub more_tables: bool,
    /// Statements that make a user that can only read, for whoever runs the database; empty where this one can only read.
    pub advice: String,
}

/// A table or a view.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatabaseTable {
    pub schema: String,
    pub name: String,
    pub columns: Vec<String>,
    pub rows_about: Option<u64>,
    /// The query for all its rows.
    pub query: String,
}

/// `database_look`: the first rows of a query.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatabaseQuery {
    pub id: String,
    pub sql: String,
}

/// `database_look`: as `source_look` of a file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatabaseSeen {
    pub columns: Vec<String>,
    pub records: Vec<SourceRecord>,
    pub recipe: Recipe,
    pub certainty: f64,
    pub reasons: Vec<String>,
    pub preview: Vec<super::PreviewedRow>,
}

/// `database_preview`: the same first rows by a corrected recipe.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatabasePreview {
    pub id: String,
    pub sql: String,
    pub recipe: Recipe,
}

/// `database_import`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DatabaseImport {
    pub id: String,
    pub sql: String,
    pub recipe: Recipe,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dataset: Option<String>,
    /// Rows after which reading ends well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u64>,
}
