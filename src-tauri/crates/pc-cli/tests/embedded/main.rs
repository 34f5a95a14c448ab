//! The embedded cloud as processes: the real program, real workers, real sockets on loopback, and tiny models.

mod common;
mod keys;
mod process;
mod serving;
#[cfg(target_os = "linux")]
mod training;
#[cfg(target_os = "linux")]
mod types;
