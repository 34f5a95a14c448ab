//! Turns tauri.conf.json and the capabilities into code. The window's commands are named here, so that none is open
//! to a window unless a capability says so.

use tauri_build::{AppManifest, Attributes, try_build};

fn main() {
    let commands = AppManifest::new().commands(&["rpc", "stream", "stream_cancel"]);
    if let Err(error) = try_build(Attributes::new().app_manifest(commands)) {
        panic!(
            "{error:#}; `cargo xtask setup` and the window's content (`npm run build` in ui) come before this crate"
        );
    }
}
