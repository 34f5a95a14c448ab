//! The use-cases of the command table, one file a domain: each is a method of `App` with the command's name. Deliberately
//! absent: transports, and words for a screen beside those of refusals.

mod datasets;
mod models;
mod settings;
mod storage;
mod tasks;

pub(crate) use storage::size;
