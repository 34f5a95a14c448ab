//! Flows in a real browser, headless, against the development host: the whole main job on a tiny model, what a person sees when
//! something is wrong, and whether every page can be read by everybody.

#![cfg(target_os = "linux")]

mod access;
mod main_job;
mod session;
mod trouble;
mod wizard;
