//! The arrows: which of our crates may use which. This table is the only place that says so; ARCHITECTURE.md points here.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::run::{command, output};

/// Crate, the crates of ours that it may use, and foreign crates it must never use.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("pc-base", &[], &["reqwest", "rusqlite", "tauri", "tokio"]),
    ("pc-protocol", &["pc-base"], &["reqwest", "axum", "hyper", "tokio"]),
    ("pc-secrets", &["pc-base"], &["reqwest", "axum"]),
    ("pc-dataset", &["pc-base"], &["reqwest", "tokio"]),
    ("pc-source", &["pc-base", "pc-dataset"], &["rusqlite", "axum", "reqwest", "tauri"]),
    ("pc-model", &["pc-base"], &["candle-core", "ort", "reqwest"]),
    ("pc-store", &["pc-base", "pc-secrets"], &["reqwest", "axum"]),
    ("pc-cloud", &["pc-base", "pc-protocol"], &["rusqlite", "tauri"]),
    ("pc-trainer", &["pc-base", "pc-dataset", "pc-model"], &["reqwest", "axum", "rusqlite", "ort"]),
    ("pc-exporter", &["pc-base", "pc-model"], &["candle-core", "ort", "prost-build"]),
    ("pc-runtime", &["pc-base", "pc-model"], &["candle-core", "reqwest", "axum"]),
    (
        "pc-server",
        &["pc-base", "pc-protocol", "pc-store", "pc-secrets"],
        &["reqwest", "candle-core", "ort", "rusqlite"],
    ),
    (
        "pc-app",
        &[
            "pc-base",
            "pc-protocol",
            "pc-secrets",
            "pc-dataset",
            "pc-source",
            "pc-model",
            "pc-cloud",
            "pc-store",
            "pc-trainer",
            "pc-exporter",
            "pc-runtime",
            "pc-server",
        ],
        &["tauri", "clap", "rusqlite", "reqwest"],
    ),
    ("pc-cli", &["pc-base", "pc-app"], &["tauri", "rusqlite", "reqwest"]),
    ("partner-console", &["pc-base", "pc-app"], &["rusqlite", "reqwest", "clap"]),
    ("pc-testkit", &["pc-base"], &[]),
    ("pc-tests", &["pc-base", "pc-testkit"], &[]),
    ("xtask", &[], &["tauri", "tokio"]),
];

/// Every arrow that the table does not allow. Development dependencies are free.
pub fn broken() -> Result<Vec<String>> {
    let text = output(&mut command("cargo", &["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let mut broken = Vec::new();
    for package in metadata["packages"].as_array().context("cargo metadata lists packages")? {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, ours, never)) = ARROWS.iter().find(|(known, ..)| *known == name) else {
            broken.push(format!("{name} is not in the table of arrows (xtask tidy)"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if !dependency["kind"].is_null() {
                continue;
            }
            let on = dependency["name"].as_str().unwrap_or_default();
            let is_ours = ARROWS.iter().any(|(known, ..)| *known == on);
            if (is_ours && !ours.contains(&on)) || never.contains(&on) {
                broken.push(format!("{name} must not depend on {on}"));
            }
        }
    }
    Ok(broken)
}
