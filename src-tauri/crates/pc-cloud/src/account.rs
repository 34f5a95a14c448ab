//! The account behind a cloud's workspaces ([`pc_protocol::Capabilities::ACCOUNT`]): keys, workspaces, rotation. Signed with the AccessKey
//! pair, as bills are.

use pc_protocol::Data;
use pc_protocol::account::{KeyRow, NewKey, RotatedRow, VERSION, WorkspaceRow, action};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cloud::Cloud;

const PATH: [&str; 4] = ["api", "v1", "extensions", "account"];

impl Cloud {
    async fn account<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        action: &str,
        parameters: Vec<(String, String)>,
    ) -> anyhow::Result<T> {
        let answer: Data<T> = self.bills()?.call(operation, &PATH, (VERSION, action), parameters).await?;
        Ok(answer.data)
    }

    /// Makes a key; the answer holds it.
    pub async fn key_create(&self, wanted: &NewKey) -> anyhow::Result<KeyRow> {
        self.account("key_create", action::CREATE_KEY, wanted.parameters()).await
    }

    /// The account's keys, newest first.
    pub async fn keys(&self) -> anyhow::Result<Vec<KeyRow>> {
        self.account("key_list", action::LIST_KEYS, Vec::new()).await
    }

    /// Ends a key, and what was made with it.
    pub async fn key_revoke(&self, id: i64) -> anyhow::Result<()> {
        let parameters = vec![("id".to_owned(), id.to_string())];
        self.account::<Value>("key_revoke", action::REVOKE_KEY, parameters).await.map(drop)
    }

    /// Makes a workspace.
    pub async fn workspace_create(&self, name: &str) -> anyhow::Result<WorkspaceRow> {
        let parameters = vec![("name".to_owned(), name.to_owned())];
        self.account("workspace_create", action::CREATE_WORKSPACE, parameters).await
    }

    /// The account's workspaces, oldest first.
    pub async fn workspaces(&self) -> anyhow::Result<Vec<WorkspaceRow>> {
        self.account("workspace_list", action::LIST_WORKSPACES, Vec::new()).await
    }

    /// Gives the account's workspaces, or one of them, a new version of their data key.
    pub async fn keys_rotate(&self, workspace: Option<&str>) -> anyhow::Result<Vec<RotatedRow>> {
        let parameters = workspace.map(|id| ("workspace".to_owned(), id.to_owned()));
        self.account("keys_rotate", action::ROTATE, parameters.into_iter().collect()).await
    }
}
