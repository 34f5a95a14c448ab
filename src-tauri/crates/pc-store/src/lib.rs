//! SQLite tables and sealed blobs; the only SQL. Two databases: the embedded cloud's and the console's.
//! Deliberately absent: `rusqlite` types in any signature, and decisions about what the rows mean.

mod blobs;
pub mod cloud;
pub mod console;
mod contents;
mod database;
mod lock;
mod syncing;

pub use blobs::{Blob, BlobWriter, Blobs};
pub use contents::Contents;
pub use lock::FolderLock;
