//! The console's database, `console.db`: one small file a table. Deliberately absent: what a cloud knows itself.

mod bills;
mod clouds;
mod databases;
mod datasets;
mod drafts;
mod library;
mod proposals;
mod secrets;
mod seen;
mod settings;
mod speeds;
mod uploads;

use std::path::Path;

use rusqlite::Connection;

use crate::database::Database;

pub use bills::{BillLine, BillSync};
pub use clouds::Cloud;
pub use databases::KnownDatabase;
pub use datasets::KnownDataset;
pub use drafts::Draft;
pub use library::{LocalDataset, Version};
pub use proposals::{Proposal, ProposalBatch};
pub use uploads::BegunUpload;

/// Every step that `console.db` has taken, oldest first. Only ever add.
const STEPS: &[&str] = &[
    include_str!("../../sql/console/1_console.sql"),
    include_str!("../../sql/console/2_seen.sql"),
    include_str!("../../sql/console/3_uploads.sql"),
    include_str!("../../sql/console/4_library.sql"),
    include_str!("../../sql/console/5_databases.sql"),
    include_str!("../../sql/console/6_proposals.sql"),
];

/// The database. Every use is one transaction. Window and command line may have it open at the same time.
pub struct ConsoleStore(Database);

/// What a transaction can do; its methods are in the files of the tables.
pub struct Tx<'a>(&'a Connection);

impl ConsoleStore {
    /// Opens or makes `console.db` in a folder.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        pc_base::make_private(folder)?;
        Database::open(&folder.join("console.db"), STEPS).map(Self)
    }

    /// Reads one consistent state.
    pub fn read<T>(&self, work: impl FnOnce(&Tx<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.0.read(|db| work(&Tx(db)))
    }

    /// Writes all or nothing; durable once it returns.
    pub fn write<T>(&self, work: impl FnOnce(&Tx<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.0.write(|db| work(&Tx(db)))
    }
}

#[cfg(test)]
pub(crate) fn empty() -> (tempfile::TempDir, ConsoleStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = ConsoleStore::open(dir.path()).unwrap();
    (dir, store)
}
