//! `partner database …` and `partner dataset import-db`

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub enum Database {
    /// Every connection that is kept, without the passwords.
    List,
    /// Keep a connection; one of the same name is changed. Its password is sealed below the master key.
    Save {
        name: String,
        /// Such as postgres://user@host:5432/database or mysql://user@host/database; parameters as sslmode=verify-full and
        /// sslrootcert=FILE. A password in it is seen by every user of this machine.
        #[arg(long)]
        url: String,
        /// Read the password from standard input, or ask for it where that is a terminal.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Forget a connection and its password.
    Remove { name: String },
    /// Connect, and say what is there: server, encryption, what its user could do besides reading, and its tables.
    Probe { name: String },
}

impl Database {
    /// Whether a password is sealed or opened.
    pub fn needs_keys(&self) -> bool {
        matches!(self, Self::Save { .. } | Self::Probe { .. })
    }
}

#[derive(Args)]
pub struct ImportDb {
    /// Such as postgres://user@host:5432/database or mysql://user@host/database. A password in it is seen by every user of this
    /// machine.
    #[arg(long, required_unless_present = "connection", conflicts_with = "connection")]
    pub url: Option<String>,
    /// A kept connection, by its name.
    #[arg(long, value_name = "NAME")]
    pub connection: Option<String>,
    /// Read the password from standard input, or ask for it where that is a terminal.
    #[arg(long, conflicts_with = "connection")]
    pub password_stdin: bool,
    /// One query that only reads. It runs in a read-only transaction.
    #[arg(long, value_name = "SQL")]
    pub query: String,
    /// The data set on this machine that is made.
    #[arg(long, required_unless_present = "out", conflicts_with = "out")]
    pub name: Option<String>,
    /// The JSONL file to write instead.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A recipe that was kept. Without one the meaning of the columns is guessed from the first rows and told.
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
    /// Keep the recipe that was used, to be read, changed and used again.
    #[arg(long, value_name = "FILE")]
    pub keep_recipe: Option<PathBuf>,
    /// Rows of the query after which reading ends well.
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<u64>,
}
