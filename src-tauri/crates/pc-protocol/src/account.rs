//! The account behind a cloud's workspaces: keys with their whole scope, workspaces, rotation of data keys. An extension
//! ([`crate::Capabilities::ACCOUNT`]) at `POST /api/v1/extensions/account`: RPC style with all parameters in the query,
//! signed with ACS3, because it is for the holder of the AccessKey and not of any API key.

use serde::{Deserialize, Serialize};

/// Sent as `x-acs-version`.
pub const VERSION: &str = "1";
/// Names of actions, sent as `x-acs-action`.
pub mod action {
    pub const CREATE_KEY: &str = "CreateKey";
    pub const LIST_KEYS: &str = "ListKeys";
    pub const REVOKE_KEY: &str = "RevokeKey";
    pub const CREATE_WORKSPACE: &str = "CreateWorkspace";
    pub const LIST_WORKSPACES: &str = "ListWorkspaces";
    pub const ROTATE: &str = "RotateKeys";
}

/// What a new key is to be; as parameters `workspace`, `description`, `access`, `models.1`…, `addresses.1`…, `expires_at`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewKey {
    /// The account's default one where none is named.
    pub workspace: Option<String>,
    pub description: String,
    /// `read` or `write`; nothing is `write`.
    pub access: Option<String>,
    /// None for all.
    pub models: Vec<String>,
    /// Networks; none for all.
    pub addresses: Vec<String>,
    /// RFC 3339.
    pub expires_at: Option<String>,
}

impl NewKey {
    /// As it is sent.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let one = |name: &str, text: &Option<String>| text.clone().map(|text| (name.to_owned(), text));
        let list = |name: &str, texts: &[String]| {
            let numbered = (1..).zip(texts).map(|(n, text)| (format!("{name}.{n}"), text.clone()));
            numbered.collect::<Vec<_>>()
        };
        let mut all = vec![("description".to_owned(), self.description.clone())];
        all.extend(one("workspace", &self.workspace));
        all.extend(one("access", &self.access));
        all.extend(one("expires_at", &self.expires_at));
        all.extend(list("models", &self.models));
        all.extend(list("addresses", &self.addresses));
        all
    }
}

/// A key. Times are RFC 3339.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct KeyRow {
    pub id: i64,
    pub workspace: String,
    pub description: String,
    pub access: String,
    /// Nothing for all.
    pub models: Option<Vec<String>>,
    pub addresses: Vec<String>,
    pub disabled: bool,
    /// The program's own, which cannot be revoked because it would come back.
    pub own: bool,
    pub created_at: String,
    pub expires_at: Option<String>,
    /// The key itself, in the answer to its making and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// A workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkspaceRow {
    pub id: String,
    pub name: String,
    pub created_at: String,
    /// Of the data key that seals what comes from now on; the first one is 1.
    pub key_version: u32,
}

/// A workspace whose data key was rotated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RotatedRow {
    pub workspace: String,
    pub version: u32,
    /// Names the new key in receipts: 16 hex digits.
    pub key_id: String,
}
