//! The desktop window's program. Deliberately absent: decisions; what the window can ask for is pc-app's command table.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod bridge;
mod frame;
mod menu;
mod merge;
mod notice;
mod tray;
mod window;
mod words;

use std::process::ExitCode;

use anyhow::Result;
use pc_base::Places;
use tauri::Manager as _;

use crate::bridge::Console;

fn main() -> ExitCode {
    // The embedded cloud and its training worker are this same program.
    if let Some(code) = pc_app::hidden_main() {
        return code;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stderr, reason = "without a window there is nowhere else to say it")]
fn complain(error: &anyhow::Error) {
    eprintln!("partner-console: the window could not be opened: {error:#}");
}

fn run() -> Result<()> {
    let places = Places::from_env()?;
    tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _, _| window::show(app)))
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .invoke_handler(tauri::generate_handler![bridge::rpc, bridge::stream, bridge::stream_cancel])
        .setup(move |app| {
            let app = app.handle();
            app.manage(Console::open(places.clone()));
            window::open(app, &places)?;
            menu::attach(app)?;
            tray::add(app, &places);
            bridge::broadcast(app);
            notice::watch(app);
            Ok(())
        })
        .build(tauri::generate_context!())?
        .run(|_, _| {});
    Ok(())
}
