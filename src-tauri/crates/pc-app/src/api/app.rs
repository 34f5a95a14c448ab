//! The program itself: version, settings, keychain, storage, overview.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Money, TuneRow};

/// `app_info`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AppInfo {
    pub version: String,
    /// `linux`, `windows` or `macos`.
    pub platform: String,
    /// The system's locale, such as `zh-CN`.
    pub locale: String,
    pub home: String,
    pub cache: String,
}

/// `settings_get`, `settings_set`. The window's own choices; every field always present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// `zh-CN`, `en` or `system`.
    pub language: String,
    /// `light`, `dark` or `system`.
    pub theme: String,
    /// The most of the line that an upload takes, in bytes a second; 0 takes all.
    #[serde(default)]
    pub upload_bytes_per_second: u64,
    /// When uploads are sent, such as `22:00-06:00`; an empty text is any time.
    #[serde(default)]
    pub upload_hours: String,
}

/// `keychain_status`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeychainStatus {
    pub place: KeyPlace,
    /// Where the key file is or would be.
    pub key_file: String,
}

/// Where the master key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// The system's keychain.
    Platform,
    /// The master-key file.
    File,
    /// This session only: what is sealed now cannot be read after the program ends.
    Session,
    /// There is no keychain and nobody has chosen yet; nothing can be sealed before.
    Undecided,
}

/// `keychain_choose`: allowed values are `file` and `session`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct KeychainChoose {
    pub place: KeyPlace,
}

/// `storage_get`: what lies where and how large it is.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Storage {
    pub places: Vec<StoragePlace>,
    pub free_bytes: u64,
}

/// One kind of kept thing.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct StoragePlace {
    /// `datasets`, `models`, `checkpoints`, `base_models`, `runtime`, `database` or `logs`.
    pub kind: String,
    pub path: String,
    pub bytes: u64,
    /// Whether it can be fetched or made again, so that cleaning it loses nothing.
    pub disposable: bool,
}

/// `storage_clean`: removes a disposable kind.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct StorageClean {
    pub kind: String,
}

/// `overview_get`: the first page.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Overview {
    pub datasets: u64,
    pub models: u64,
    pub deployments: u64,
    /// Running and queued jobs first, then those that failed in the last seven days.
    pub tunes: Vec<TuneRow>,
    /// This month's cost as last synced; nothing before the first sync.
    pub month_cost: Option<Money>,
    /// RFC 3339; when usage was last synced.
    pub synced_at: Option<String>,
}
