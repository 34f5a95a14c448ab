//! The use-cases of the command table, one file a domain: each is a method of `App` with the command's name. Deliberately
//! absent: transports, and words for a screen beside those of refusals.

mod catalog;
mod chat;
mod clouds;
mod data;
mod deployments;
mod estimate;
mod models;
mod overview;
mod packages;
mod prepare;
mod proposals;
mod settings;
mod storage;
mod tasks;
mod tune_log;
mod tunes;
mod usage;

pub(crate) use data::Looked;
pub use data::{
    Asked, Convert, Converted, Edited, Fixes, Mask, Masked, QueryFrom, QueryImport, QueryImported, QueryTo, Repeats,
    Split, Statistics, Unmask, upload_name,
};
pub(crate) use storage::size;
pub(crate) use tune_log::Logs;

/// A time of the wire in RFC 3339; as it came where it is no time.
fn when(text: &str) -> String {
    pc_protocol::time::read(text).map_or_else(|| text.to_owned(), |time| format!("{time:.3}"))
}
