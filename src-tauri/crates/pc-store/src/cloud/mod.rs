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
mod permissions;
mod receipts;
mod resumables;
mod rules;
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
pub use permissions::Permission;
pub use receipts::StoredReceipt;
pub use resumables::{Piece, Resumable};
pub use rules::ModelRule;
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
    include_str!("../../sql/cloud/6_rules.sql"),
    include_str!("../../sql/cloud/7_crc64.sql"),
    include_str!("../../sql/cloud/8_permissions.sql"),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a folder of the first version holds, down to the last table that a later step makes anew.
    const FIRST: &str = "
        INSERT INTO workspaces VALUES ('llm-a', 'default', x'0102', '2026-11-01T00:00:00Z');
        INSERT INTO workspaces VALUES ('llm-b', 'other', x'0304', '2026-11-02T00:00:00Z');
        INSERT INTO api_keys VALUES ('k2', 'llm-b', 'hash-2', '2026-11-02T00:00:00Z', NULL);
        INSERT INTO api_keys VALUES ('k1', 'llm-a', 'hash-1', '2026-11-01T00:00:00Z', NULL);
        INSERT INTO deployments (number, deployed_model, workspace_id, name, model_name, base_model, plan, status, capacity,
          rpm_limit, billed_until, created_at, modified_at) VALUES (7, 'mine', 'llm-a', 'n', 'm', 'base', 'mu', 'RUNNING', 2,
          60, '2026-11-03T00:00:00Z', '2026-11-03T00:00:00Z', '2026-11-03T00:00:00Z');
        INSERT INTO usage_records VALUES ('s1', 'llm-a', '2026-11-03', 'inference', 'mine', 'input_token', 'k1', 5, '0.1', '');
        INSERT INTO usage_records VALUES ('s2', 'llm-a', '2026-11-03', 'inference', 'base', 'input_token', '', 5, '0.1', '');
        INSERT INTO files (file_id, workspace_id, api_key_id, name, description, purpose, bytes, md5, blob, created_at)
          VALUES ('f', 'llm-b', 'k2', 'n', '', 'fine-tune', 1, '', 'b', '');";

    #[test]
    fn a_folder_of_the_first_version_keeps_all_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let first = Database::open(&dir.path().join("cloud.db"), &STEPS[..1]).unwrap();
        first.write(|db| Ok(db.execute_batch(FIRST)?)).unwrap();
        drop(first);
        let store = CloudStore::open(dir.path()).unwrap();
        store
            .read(|tx| {
                let workspaces = tx.workspaces()?;
                assert_eq!(workspaces.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["llm-a", "llm-b"]);
                assert_ne!(workspaces[0].account, workspaces[1].account, "tenants stay apart");
                let key = &tx.data_keys("llm-a")?[0];
                assert_eq!((key.version, key.wrapped_key.as_slice()), (1, [1, 2].as_slice()));
                let (one, two) = (tx.api_key("hash-1")?.unwrap().0, tx.api_key("hash-2")?.unwrap().0);
                assert_eq!((one.number, two.number), (1, 2), "in the order in which they were made");
                assert_eq!((one.access.as_str(), one.models, one.parent), ("write", None, None));
                let row = tx.deployment("llm-a", "mine")?.unwrap();
                assert_eq!((row.number, row.capacity, row.rpm_limit), (7, 2, Some(60)));
                assert!(row.billed_until.is_some());
                let groups = tx.usage_groups(Whose::Account(workspaces[0].account), "2026-11-01", "2026-11-30")?;
                let found: Vec<_> =
                    groups.iter().map(|g| (g.model.as_str(), g.base_model.as_str(), g.api_key_id.as_str())).collect();
                assert_eq!(found, [("base", "base", ""), ("mine", "base", "1")], "bills name keys by their number");
                assert_eq!(tx.file("llm-b", "f")?.unwrap().api_key_id, "2");
                Ok(())
            })
            .unwrap();
    }
}
