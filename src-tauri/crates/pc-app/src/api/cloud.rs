//! Clouds: the embedded one and those that the user adds. Keys never come back out.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a cloud is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CloudKind {
    Embedded,
    ModelStudio,
}

/// `cloud_list`: a row.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CloudRow {
    pub id: String,
    pub name: String,
    pub kind: CloudKind,
    /// Root address without a path; empty while the embedded cloud is not running.
    pub base_url: String,
    pub region: Option<String>,
    pub workspace: Option<String>,
    pub selected: bool,
    /// Whether bills can be read (an AccessKey pair is known).
    pub bills: bool,
}

/// `cloud_add`: keys go to the keychain; the row that comes back has none.
#[derive(Clone, Deserialize, Serialize, TS)]
pub struct CloudAdd {
    pub name: String,
    pub base_url: String,
    /// Root address of the billing API.
    pub billing_url: Option<String>,
    pub region: Option<String>,
    pub workspace: Option<String>,
    pub api_key: String,
    pub access_key_id: Option<String>,
    pub access_key_secret: Option<String>,
}

/// `cloud_select`, `cloud_remove`, `cloud_check`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CloudId {
    pub id: String,
}

/// `cloud_check`: whether it answers, and what it can do.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CloudHealth {
    pub reachable: bool,
    pub milliseconds: u64,
    /// Extensions that this cloud offers, such as `weights-download`.
    pub capabilities: Vec<String>,
}
