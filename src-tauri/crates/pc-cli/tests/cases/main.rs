//! The command table over the real embedded cloud as a process, with tiny models: the very calls that the window makes.

mod common;
mod dev_host;
mod journey;
mod trouble;
mod uploads;
