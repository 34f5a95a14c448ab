//! Use-cases and the command table; wires the engines into the embedded cloud.

pub mod api;
