//! `partner dev-host`: the UI in an ordinary browser; absent from release builds.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pc_app::App;
use pc_base::Places;
use serde_json::json;

use crate::shown::Shown;

/// Serves until it is ended. The one line names the address to open, which holds the key.
pub async fn run(places: Places, port: u16, ui: Option<PathBuf>, shown: &Shown) -> Result<()> {
    let ui = ui.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/dist"));
    pc_app::dev_host::serve(App::open(places)?, port, &ui, |url| {
        let document = json!({ "url": url });
        shown.result(&document, &document.to_string());
    })
    .await
}
