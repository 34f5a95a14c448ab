//! Lets Tauri generate the window's context from tauri.conf.json and the capabilities.

fn main() {
    tauri_build::try_build(
        tauri_build::Attributes::new()
            .app_manifest(tauri_build::AppManifest::new().commands(&["rpc", "stream", "stream_cancel"])),
    )
    .expect("tauri.conf.json and the capabilities are valid");
}
