//! Everything that is asked of the runtime from outside: one program, so that what it shares is compiled once.

mod common;
mod real_model;
mod tiny_models;
mod trouble;
