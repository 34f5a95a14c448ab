//! What the embedded cloud never does and the world does: throttling, silence, garbage, streams that break off, damaged
//! files, proxies. Each test is a fake cloud of a few lines.

mod answers;
mod bills;
mod calls;
mod fake;
mod files;
mod hubs;
mod network;
