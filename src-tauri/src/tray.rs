//! The icon beside the clock: brings the window back, or ends the program. A system without such a place has none.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pc_base::Places;
use tauri::menu::{Menu, MenuBuilder};
use tauri::tray::{MouseButton, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager as _};

use crate::bridge::Console;
use crate::window;
use crate::words::words;

const ID: &str = "main";
const SHOW: &str = "show";
const QUIT: &str = "quit";

/// Adds the icon. It is a convenience, so its absence is no failure: the indicator library panics where it is not installed.
pub fn add(app: &AppHandle, places: &Places) {
    let _ = catch_unwind(AssertUnwindSafe(|| build(app, places)));
}

fn build(app: &AppHandle, places: &Places) -> tauri::Result<()> {
    let mut builder = TrayIconBuilder::with_id(ID)
        .menu(&menu(app)?)
        .tooltip(words(app.state::<Console>().language()).title)
        .show_menu_on_left_click(false)
        .temp_dir_path(places.home.join("window"))
        .on_menu_event(|app, event| match event.id().as_ref() {
            SHOW => window::show(app),
            QUIT => window::close(app),
            _ => {}
        })
        .on_tray_icon_event(|tray, event| {
            if matches!(event, TrayIconEvent::Click { button: MouseButton::Left, .. }) {
                window::show(tray.app_handle());
            }
        });
    if let Some(icon) = app.default_window_icon() {
        builder = builder.icon(icon.clone());
    }
    builder.build(app)?;
    Ok(())
}

fn menu(app: &AppHandle) -> tauri::Result<Menu<tauri::Wry>> {
    let words = words(app.state::<Console>().language());
    MenuBuilder::new(app).text(SHOW, words.show).separator().text(QUIT, words.quit).build()
}

/// Says it all again after the language changed.
pub fn speak(app: &AppHandle) -> tauri::Result<()> {
    if let Some(tray) = app.tray_by_id(ID) {
        tray.set_menu(Some(menu(app)?))?;
        tray.set_tooltip(Some(words(app.state::<Console>().language()).title))?;
    }
    Ok(())
}
