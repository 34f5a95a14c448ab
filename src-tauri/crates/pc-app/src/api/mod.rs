//! Requests and responses of the command table: what the window, the command line and the UI's types share.
//! Types only: no behaviour. One file a domain.

mod app;
mod chat;
mod cloud;
mod database;
mod dataset;
mod deploy;
mod draft;
mod library;
mod model;
mod privacy;
mod source;
mod task;
mod tune;
mod usage;

pub use app::*;
pub use chat::*;
pub use cloud::*;
pub use database::*;
pub use dataset::*;
pub use deploy::*;
pub use draft::*;
pub use library::*;
pub use model::*;
pub use privacy::*;
pub use source::*;
pub use task::*;
pub use tune::*;
pub use usage::*;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A request or response without content.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct Empty {}

/// Exact money: a decimal in text, never a float.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Money {
    /// Decimal digits, such as `0.0123`.
    pub amount: String,
    /// ISO 4217, such as `CNY`.
    pub currency: String,
}

/// What the UI may have cached. A mutation or a broadcast names tags; the UI refetches every query that provides one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    Settings,
    Clouds,
    Keychain,
    Datasets,
    /// Local data sets and everything about them.
    Library,
    Catalog,
    Tunes,
    Models,
    Deployments,
    Usage,
    Tasks,
    Storage,
}

impl Tag {
    /// Every tag: for a listener that missed some.
    pub const ALL: &'static [Self] = &[
        Self::Settings,
        Self::Clouds,
        Self::Keychain,
        Self::Datasets,
        Self::Library,
        Self::Catalog,
        Self::Tunes,
        Self::Models,
        Self::Deployments,
        Self::Usage,
        Self::Tasks,
        Self::Storage,
    ];
}
