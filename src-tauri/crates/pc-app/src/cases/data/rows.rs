//! Rows of a version to look at, by their number: any of a million at once. Deliberately absent: finding their places, which is
//! `pc_dataset::RowIndex`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Language, Silent};
use pc_dataset::{IndexedRow, RowIndex, RowKind};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::sources::shown_row;
use crate::api::{BrowsedRow, RowFind, RowNumber, RowsPage, RowsRequest};
use crate::app::App;
use crate::library::{HeldVersion, PROVENANCE};

/// Rows of a page.
const PAGE: usize = 200;
/// Characters of one content, and of a line that is no row.
const CONTENT: usize = 20_000;
const RAW: usize = 4_000;

impl App {
    /// `version_rows`
    pub async fn version_rows(&self, wanted: RowsRequest, _: Language) -> Result<RowsPage> {
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            let index = app.row_index(&held)?;
            let found = index.read(&held.path, wanted.from, (wanted.count as usize).min(PAGE))?;
            let origins = app.origins(&held, &found)?;
            let kind = held.row.kind.into();
            let rows = found.into_iter().zip(origins).map(|(row, origin)| browsed(kind, row, origin)).collect();
            Ok(RowsPage { total: index.rows(), from: wanted.from, rows })
        })
        .await
    }

    /// `row_find`
    pub async fn row_find(&self, wanted: RowFind, _: Language) -> Result<RowNumber> {
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            let number = app.row_index(&held)?.row_of_line(&held.path, wanted.line)?;
            Ok(RowNumber { number })
        })
        .await
    }

    /// The index beside a version's file; made when it is first needed, or was damaged.
    fn row_index(&self, held: &HeldVersion) -> Result<RowIndex> {
        RowIndex::kept(&held.path, &held.path.with_extension("index"), &Silent, &Cancel::default())
    }

    /// Where each of some rows came from, in words of their sidecar; nothing for rows that people wrote.
    fn origins(&self, held: &HeldVersion, rows: &[IndexedRow]) -> Result<Vec<Option<String>>> {
        let path = self.version_sidecar(&held.row, PROVENANCE);
        if !path.exists() {
            return Ok(vec![None; rows.len()]);
        }
        let hash = |row: &IndexedRow| hex::encode(Sha256::digest(row.text.as_bytes()));
        let hashes: Vec<String> = rows.iter().map(hash).collect();
        let mut found: HashMap<&str, Option<String>> = hashes.iter().map(|hash| (hash.as_str(), None)).collect();
        read_origins(&path, &mut found)?;
        Ok(hashes.iter().map(|hash| found.get(hash.as_str()).cloned().flatten()).collect())
    }
}

/// One line of a provenance sidecar.
#[derive(Deserialize)]
struct Origin {
    row: String,
    how: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    edited: bool,
}

fn read_origins(path: &Path, found: &mut HashMap<&str, Option<String>>) -> Result<()> {
    let what = || format!("reading {}", path.display());
    for line in BufReader::new(File::open(path).with_context(what)?).lines() {
        let line = line.with_context(what)?;
        let origin: Origin = serde_json::from_str(&line).with_context(what)?;
        if let Some(words) = found.get_mut(origin.row.as_str()) {
            let edited = if origin.edited { "edited" } else { "" };
            let parts = [origin.how.as_str(), &origin.model, &origin.place, edited];
            *words = Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "));
        }
    }
    Ok(())
}

fn browsed(kind: RowKind, row: IndexedRow, provenance: Option<String>) -> BrowsedRow {
    let value = if row.cut { None } else { serde_json::from_str(&row.text).ok() };
    let (mut messages, mut rejected) = value.map(|value| shown_row(kind, value)).unwrap_or_default();
    let mut cut = row.cut;
    for content in messages.iter_mut().map(|message| &mut message.content).chain(rejected.as_mut()) {
        cut |= shorten(content, CONTENT);
    }
    let raw = messages.is_empty().then(|| {
        let mut text = row.text;
        cut |= shorten(&mut text, RAW);
        text
    });
    BrowsedRow { number: row.number, line: row.line, messages, rejected, raw, provenance, cut }
}

/// Whether anything was cut.
fn shorten(text: &mut String, most: usize) -> bool {
    let end = text.char_indices().nth(most).map(|(at, _)| at);
    end.inspect(|end| text.truncate(*end)).is_some()
}
