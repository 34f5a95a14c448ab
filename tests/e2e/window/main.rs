//! The real window: the program that people install, on a display of its own, driven through WebKit's own driver. It uploads,
//! trains a tiny model, chats, speaks both languages, and comes back where it was.

#![cfg(target_os = "linux")]

mod session;

use anyhow::{Result, ensure};
use pc_tests::installation::TINY;
use serde_json::{Value, json};

use crate::session::Desktop;

const QUESTION: &str = "早餐几点开始？";

/// Rows in both languages that the tiny model can learn in seconds.
fn rows() -> String {
    let row = |n: usize| {
        json!({"messages": [
            {"role": "user", "content": format!("{QUESTION} ({n})")},
            {"role": "assistant", "content": "每天 6:40 到 10:20，在香樟厅。"},
        ]})
    };
    (0..16).map(|n| format!("{}\n", row(n))).collect()
}

#[test]
fn the_window_takes_a_file_to_an_answer_and_speaks_both_languages() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let desktop = Desktop::new()?;
        let file = desktop.installation.home.file("hotel.jsonl", rows());
        let window = desktop.open().await?;
        let outcome = async {
            let flow = window.flow();
            let speak = async |language: &str| {
                let settings = json!({"language": language, "theme": "light"});
                window
                    .invoke("rpc", json!({"command": "settings_set", "request": settings, "language": language}))
                    .await
            };
            speak("zh-CN").await?;
            flow.page("overview").await?;
            window.picture("overview-zh").await?;
            flow.check(&file).await?;
            flow.import().await?;
            window.picture("checked-zh").await?;
            flow.upload().await?;
            flow.launch(TINY, "早餐").await?;
            flow.watch().await?;
            window.picture("trained-zh").await?;
            flow.take_home("早餐").await?;
            flow.compare("早餐", QUESTION).await?;
            window.picture("compared-zh").await?;

            speak("en").await?;
            for page in ["overview", "datasets", "finetunes", "models", "usage", "settings"] {
                window.english().page(page).await?;
                window.picture(&format!("{page}-en")).await?;
            }
            nothing_else_is_open_to_the_page(&window).await
        }
        .await;
        if outcome.is_err() {
            window.picture("failed").await?;
        }
        window.close().await?;
        outcome
    })
}

/// What a page could reach if somebody managed to run a script in it: the command table and nothing of Tauri's own.
async fn nothing_else_is_open_to_the_page(window: &session::Window<'_>) -> Result<()> {
    let global = window.flow().screen.read("return typeof window.__TAURI__").await?;
    ensure!(global == json!("undefined"), "Tauri's interface is not a global");
    for command in [
        "plugin:fs|read_text_file",
        "plugin:event|emit",
        "plugin:window|close",
        "plugin:dialog|save",
        "plugin:shell|open",
    ] {
        let refused = window.invoke(command, json!({})).await;
        ensure!(refused.is_err(), "{command} is not open to the page");
    }
    let unknown: Result<Value> =
        window.invoke("rpc", json!({"command": "no_such", "request": {}, "language": "en"})).await;
    let failure = unknown.expect_err("there is no such command").to_string();
    ensure!(
        failure.contains("\"code\"") && failure.contains("\"message\""),
        "a refusal has a code and a sentence: {failure}"
    );
    Ok(())
}
