//! The main job, and what goes wrong on its way, through the real `partner` on a tiny model: what a person types, what they
//! read, how it ends.

mod main_job;
mod partner;
mod tampering;
mod trouble;
