//! Data sets on this machine through the command table, without a cloud and without models: the very calls that the window makes.

mod checks;
mod common;
mod edits;
mod limits;
mod privacy;
mod versions;
