//! The embedded cloud's database, `cloud.db`: one small file a table. Deliberately absent: prices and rules.

mod answered;
mod artifacts;
mod deployments;
mod files;
mod job_output;
mod jobs;
mod keys;
mod models;
mod nonces;
mod receipts;
mod resumables;
mod uploads;
mod usage;
mod workspaces;

use std::path::Path;

use rusqlite::Connection;

use crate::database::Database;

pub use answered::Answered;
pub use artifacts::Artifact;
pub use deployments::Deployment;
pub use files::{FileQuery, StoredFile};
pub use job_output::{Checkpoint, LogLine};
pub use jobs::{Job, JobFilter};
pub use keys::{AccessKey, ApiKey};
pub use models::TunedModel;
pub use receipts::StoredReceipt;
pub use resumables::{Piece, Resumable};
pub use uploads::{PartedUpload, UploadPart};
pub use usage::{UsageGroup, UsageRecord, UsageSpan, Whose};
pub use workspaces::{Workspace, WrappedKey};

/// Every step that `cloud.db` has taken, oldest first. Only ever add.
const STEPS: &[&str] = &[
    concat!(
        include_str!("../../sql/cloud/1_workspaces.sql"),
        include_str!("../../sql/cloud/1_files.sql"),
        include_str!("../../sql/cloud/1_jobs.sql"),
        include_str!("../../sql/cloud/1_models.sql"),
        include_str!("../../sql/cloud/1_usage.sql"),
    ),
    include_str!("../../sql/cloud/2_durable.sql"),
    include_str!("../../sql/cloud/3_openai.sql"),
    include_str!("../../sql/cloud/4_accounts.sql"),
    include_str!("../../sql/cloud/5_receipts.sql"),
];

/// The database. Every use is one transaction.
pub struct CloudStore(Database);

/// What a transaction can do; its methods are in the files of the tables.
pub struct Tx<'a>(&'a Connection);

impl CloudStore {
    /// Opens or makes `cloud.db` in a folder.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        pc_base::make_private(folder)?;
        Database::open(&folder.join("cloud.db"), STEPS).map(Self)
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
pub(crate) fn empty() -> (tempfile::TempDir, CloudStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = CloudStore::open(dir.path()).unwrap();
    for (id, account) in [("a", 1), ("b", 2)] {
        let created_at = "2026-11-24T00:00:00Z".into();
        let row = Workspace { id: id.into(), name: id.into(), account, created_at };
        store.write(|tx| tx.workspace_add(&row)).unwrap();
    }
    (dir, store)
}
