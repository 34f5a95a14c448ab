//! For tests only: a temporary home, a fixed clock, a free port, the tiny models and what the reference
//! implementation computed with them, tiny data sets, servers of PostgreSQL and MariaDB, and a guard that proves that nothing was written outside.
//! Deliberately absent: anything that a program would need. A broken fixture panics: no test can go on without it.

mod data;
#[cfg(unix)]
mod database;
mod fixture;
mod home;
mod untouched;

pub use data::tiny_rows;
#[cfg(unix)]
pub use database::{DatabaseServer, PASSWORD};
pub use fixture::{FAMILIES, Reference, TinyModel, fixtures};
pub use home::{Home, fixed_clock, free_port};
pub use untouched::Untouched;
