//! The menu bar, which only macOS expects: there the keys for copy, paste and quit belong to it. Elsewhere the content
//! answers the same keys, and a second bar above it would say nothing new.

use tauri::AppHandle;
use tauri::menu::{Menu, MenuBuilder, SubmenuBuilder};

use crate::bridge::Console;
use crate::words::words;
use tauri::Manager as _;

/// Puts the menu bar up, in the reader's language; again after the language changed.
pub fn attach(app: &AppHandle) -> tauri::Result<()> {
    if cfg!(target_os = "macos") {
        app.set_menu(bar(app)?)?;
    }
    Ok(())
}

fn bar(app: &AppHandle) -> tauri::Result<Menu<tauri::Wry>> {
    let words = words(app.state::<Console>().language());
    let program = SubmenuBuilder::new(app, words.title).hide().hide_others().show_all().separator().quit().build()?;
    let edit =
        SubmenuBuilder::new(app, words.edit).undo().redo().separator().cut().copy().paste().select_all().build()?;
    MenuBuilder::new(app).items(&[&program, &edit]).build()
}
