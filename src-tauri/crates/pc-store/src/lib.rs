//! SQLite tables and sealed blobs; the only SQL.
