//! The one window: where it opens, what its content may reach, what happens when it closes. Deliberately absent: content.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use pc_base::{Language, Places, write_atomic};
use serde_json::json;
use tauri::webview::NewWindowResponse;
use tauri::{
    AppHandle, Manager as _, Monitor, PhysicalPosition, PhysicalSize, Url, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, WindowEvent,
};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons, MessageDialogKind};

use crate::bridge::Console;
use crate::frame::{Area, Frame, SMALLEST, restored};
use crate::words::words;
use crate::{menu, tray};

/// The window's name, which the capability and the bridge's event use.
pub const LABEL: &str = "main";
/// What closing the program would lose. Questions and watching are asked again at no cost, and fine-tunes are the cloud's.
const LOST_BY_CLOSING: &[&str] = &[
    "dataset_upload",
    "version_upload",
    "source_import",
    "document_import",
    "database_import",
    "version_check",
    "version_fix",
    "version_dedup",
    "version_split",
    "version_sample",
    "version_mask",
    "version_export",
    "catalog_prepare",
    "model_pull",
    "model_convert",
    "model_import",
    "model_export",
];
/// A program that does not answer must not keep its window open.
const ASKED_FOR: Duration = Duration::from_secs(2);

/// The frame to keep: the last one that was neither maximised nor minimised.
struct Kept {
    area: Mutex<Option<Area>>,
    places: Places,
}

/// The language of the system, until the content speaks.
pub fn system_language() -> Language {
    sys_locale::get_locale().map_or(Language::English, |locale| Language::from_locale(&locale))
}

/// Opens it where it was.
pub fn open(app: &AppHandle, places: &Places) -> Result<()> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title(words(app.state::<Console>().language()).title)
        .inner_size(1280.0, 820.0)
        .min_inner_size(SMALLEST.0, SMALLEST.1)
        .center()
        .visible(false)
        .devtools(cfg!(debug_assertions))
        .zoom_hotkeys_enabled(true)
        .data_directory(places.home.join("window"))
        .on_navigation(|url| is_content(url) || refuse(url))
        .on_new_window(|url, _| {
            refuse(&url);
            NewWindowResponse::Deny
        })
        .build()?;
    app.manage(Kept { area: Mutex::default(), places: places.clone() });
    restore(&window, places);
    window.show()?;
    let handle = app.clone();
    window.on_window_event(move |event| match event {
        WindowEvent::Moved(_) | WindowEvent::Resized(_) => remember(&handle),
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            close(&handle);
        }
        _ => {}
    });
    Ok(())
}

/// Brings it to the front.
pub fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

/// Whether the reader sees it now.
pub fn is_in_front(app: &AppHandle) -> bool {
    app.get_webview_window(LABEL).is_some_and(|window| window.is_focused().unwrap_or(false))
}

/// Says title, menu and tray again after the language changed.
pub fn speak(app: &AppHandle, language: Language) {
    if let Some(window) = app.get_webview_window(LABEL) {
        let _ = window.set_title(words(language).title);
    }
    let _ = menu::attach(app);
    let _ = tray::speak(app);
}

/// Ends the program; asks first when something would be lost.
pub fn close(app: &AppHandle) {
    keep(app);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let lost = lost_by_closing(&app).await;
        if lost.is_empty() {
            app.exit(0);
        } else {
            ask(&app, &lost);
        }
    });
}

fn ask(app: &AppHandle, lost: &[String]) {
    let words = words(app.state::<Console>().language());
    let text = words.close_text.replace("{tasks}", &lost.join(", "));
    let (stop, stay) = (words.close_anyway.to_owned(), words.keep_open.to_owned());
    let mut question = app.dialog().message(text).title(words.close_title).kind(MessageDialogKind::Warning);
    if let Some(window) = app.get_webview_window(LABEL) {
        question = question.parent(&window);
    }
    let app = app.clone();
    question.buttons(MessageDialogButtons::OkCancelCustom(stop, stay)).show(move |stop| {
        if stop {
            app.exit(0);
        }
    });
}

/// What each running task that closing would end is about.
async fn lost_by_closing(app: &AppHandle) -> Vec<String> {
    let console = app.state::<Console>();
    let language = console.language();
    let Ok(program) = console.app(language) else { return Vec::new() };
    let answer = tokio::time::timeout(ASKED_FOR, program.call("task_list", json!({}), language)).await;
    let rows = answer.ok().and_then(Result::ok).unwrap_or_default();
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let lost = rows.iter().filter(|row| row["command"].as_str().is_some_and(|name| LOST_BY_CLOSING.contains(&name)));
    lost.map(|row| row["subject"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The content that is built into the program, under the address that each platform gives it.
fn is_content(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

/// Opens a Web address in the system's browser, never in this window; any other address is dropped. Always false.
fn refuse(url: &Url) -> bool {
    if matches!(url.scheme(), "http" | "https") {
        // Without a browser there is nothing better to do than nothing.
        let _ = open::that_detached(url.as_str());
    }
    false
}

fn file(places: &Places) -> std::path::PathBuf {
    places.home.join("window").join("frame.json")
}

fn restore(window: &WebviewWindow, places: &Places) {
    let Ok(text) = std::fs::read(file(places)) else { return };
    let Ok(kept) = serde_json::from_slice::<Frame>(&text) else { return };
    let screens: Vec<Area> = window.available_monitors().unwrap_or_default().iter().map(screen).collect();
    if let Some(area) = restored(kept.area, &screens) {
        let _ = window.set_size(PhysicalSize::new(area.width, area.height));
        let _ = window.set_position(PhysicalPosition::new(area.x, area.y));
        if kept.maximized {
            let _ = window.maximize();
        }
    }
}

fn screen(monitor: &Monitor) -> Area {
    let (place, size) = (monitor.position(), monitor.size());
    Area { x: place.x, y: place.y, width: size.width, height: size.height }
}

fn remember(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    if window.is_maximized().unwrap_or(false) || window.is_minimized().unwrap_or(false) {
        return;
    }
    let (Ok(place), Ok(size)) = (window.outer_position(), window.inner_size()) else { return };
    let area = Area { x: place.x, y: place.y, width: size.width, height: size.height };
    *app.state::<Kept>().area.lock().unwrap_or_else(PoisonError::into_inner) = Some(area);
}

/// A frame that cannot be written is only a window that opens in the middle.
fn keep(app: &AppHandle) {
    remember(app);
    let Some(window) = app.get_webview_window(LABEL) else { return };
    let kept = app.state::<Kept>();
    let Some(area) = *kept.area.lock().unwrap_or_else(PoisonError::into_inner) else { return };
    let frame = Frame { area, maximized: window.is_maximized().unwrap_or(false) };
    if let Ok(text) = serde_json::to_vec(&frame) {
        let _ = write_atomic(&file(&kept.places), &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shows_its_own_content_and_nothing_else() {
        let own = ["tauri://localhost/index.html", "http://tauri.localhost/", "https://tauri.localhost/#/models"];
        let others = [
            "https://example.com/",
            "file:///etc/passwd",
            "http://localhost:1420/",
            "javascript:alert(1)",
            "tauri://elsewhere/",
        ];
        let shown = |text: &str| is_content(&text.parse().expect("an address"));
        assert!(own.iter().all(|text| shown(text)));
        assert!(!others.iter().any(|text| shown(text)));
    }
    /// The browser host of development builds states its own copy of the policy.
    #[cfg(debug_assertions)]
    #[test]
    fn the_window_and_the_browser_are_held_to_one_policy() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../tauri.conf.json")).expect("it is JSON");
        let policy = config["app"]["security"]["csp"].as_object().expect("there is a policy");
        let directive =
            |(name, sources): (&String, &serde_json::Value)| format!("{name} {}", sources.as_str().unwrap());
        let mut window: Vec<String> = policy.iter().map(directive).collect();
        let mut browser: Vec<String> = pc_app::dev_host::CSP.split("; ").map(str::to_owned).collect();
        window.sort();
        browser.sort();
        assert_eq!(window, browser, "what a browser shows is what the window shows");
    }
}
