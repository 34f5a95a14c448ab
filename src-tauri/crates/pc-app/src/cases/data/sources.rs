//! Sources: what a file is, what its columns mean, how its rows would look, and the whole of it taken in as a version of a local data
//! set. Deliberately absent: reading and mapping, which are `pc-dataset`, and databases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, CodedExt as _, Language, Progress, Reporter, Unit, coded};
use pc_dataset::map::{self, Conversion, convert, guess, preview};
use pc_dataset::passages::{Passage, PassageOptions, passages};
use pc_dataset::read::{Detected, Format, ReadOptions, Shape, Skips, detect};
use pc_dataset::{Preference, Record, Row, RowKind, Text};
use serde_json::Value;

use crate::api::{
    MadeBy, PreviewedRow, Recipe, SampleMessage, SourceImport, SourceLook, SourcePreview, SourceReading, SourceRecord,
    SourceSeen, TaskProgress, VersionRow,
};
use crate::app::App;
use crate::library::{Chain, NewVersion};
use crate::live::Live;

/// Rows shown, and characters of a cell.
const SHOWN: usize = 100;
const CELL: usize = 2_000;
/// Passages shown of a document.
const PASSAGES: usize = 20;

impl App {
    /// `source_look`
    pub async fn source_look(&self, wanted: SourceLook, language: Language) -> Result<SourceSeen> {
        self.blocking(move |app| {
            let path = PathBuf::from(&wanted.path);
            let scratch = app.library_scratch()?;
            let read = read_options(wanted.reading.as_ref(), scratch.path())?;
            if only_a_document(&path) {
                return document(&path);
            }
            seen(&path, &detect(&path, &read)?, language)
        })
        .await
    }

    /// `source_preview`
    pub async fn source_preview(&self, wanted: SourcePreview, language: Language) -> Result<Vec<PreviewedRow>> {
        self.blocking(move |app| {
            let scratch = app.library_scratch()?;
            let read = read_options(wanted.reading.as_ref(), scratch.path())?;
            let found = detect(Path::new(&wanted.path), &read)?;
            let recipe: map::Recipe = wanted.recipe.try_into()?;
            recipe.check(&found.columns, &wanted.path)?;
            previewed(&recipe, &found.records(), &wanted.path, language)
        })
        .await
    }

    /// `source_import`
    pub async fn source_import(
        &self,
        wanted: SourceImport,
        _: Language,
        live: &Live<TaskProgress>,
    ) -> Result<VersionRow> {
        let live = live.clone();
        self.blocking(move |app| app.source_taken(wanted, &live)).await
    }

    fn source_taken(&self, wanted: SourceImport, live: &Live<TaskProgress>) -> Result<VersionRow> {
        let (path, scratch) = (PathBuf::from(&wanted.path), self.library_scratch()?);
        let file = scratch.path().join("rows.jsonl");
        let (kind, counts) = match wanted.recipe {
            None => {
                copy(&path, &file, "import", live)?;
                (wanted.kind, BTreeMap::new())
            }
            Some(recipe) => {
                let (kind, recipe) = (recipe.kind, recipe.try_into()?);
                let read = read_options(wanted.reading.as_ref(), scratch.path())?;
                let job = Conversion { path: &path, read: &read, recipe: &recipe, out: &file, scratch: scratch.path() };
                let report = convert(&job, live, &live.cancel)?;
                if report.rows == 0 {
                    return Err(coded(Code::DatasetEmpty).into());
                }
                (kind, counted(report.records, &report.skips))
            }
        };
        let chain = match wanted.dataset {
            Some(id) => Chain::Next(id),
            None => Chain::New { name: wanted.name, kind },
        };
        let source = std::path::absolute(&path).unwrap_or(path).display().to_string();
        let new = NewVersion { file, chain, parent: None, made: MadeBy::Import, source, counts, provenance: None };
        self.version_keep(new, live, &live.cancel)
    }
}

/// What an import read and passed over, by stable names.
pub(super) fn counted(records: u64, skips: &Skips) -> BTreeMap<String, u64> {
    let all = [("records".to_owned(), records), ("skipped".to_owned(), skips.total)];
    all.into_iter().filter(|(_, count)| *count > 0).chain(skips.by_code.clone()).collect()
}

/// Copies a file, byte for byte.
pub(super) fn copy(from: &Path, to: &Path, stage: &str, live: &Live<TaskProgress>) -> Result<()> {
    use std::io::{Read as _, Write as _};
    let missing = || coded(Code::FileUnreadable).with("path", from.display());
    if !from.exists() {
        return Err(coded(Code::FileNotFound).with("path", from.display()).into());
    }
    let mut input = std::fs::File::open(from).code(missing)?;
    let total = input.metadata().code(missing)?.len();
    let what = || format!("writing {}", to.display());
    let mut output = std::fs::File::create(to).with_context(what)?;
    let (mut buffer, mut done) = (vec![0; 1 << 20], 0);
    loop {
        live.cancel.check()?;
        let read = input.read(&mut buffer).code(missing)?;
        if read == 0 {
            break;
        }
        output.write_all(&buffer[..read]).with_context(what)?;
        done += read as u64;
        live.report(Progress { stage: stage.into(), done, total: Some(total), unit: Unit::Bytes });
    }
    output.sync_all().with_context(what)
}

pub(super) fn read_options(reading: Option<&SourceReading>, scratch: &Path) -> Result<ReadOptions> {
    let told = reading.cloned().unwrap_or_default();
    let delimiter = match told.delimiter.as_deref().map(|text| text.chars().collect::<Vec<_>>()).as_deref() {
        None | Some([]) => None,
        Some([one]) => Some(*one),
        Some(_) => return Err(coded(Code::InputInvalid).with("what", "delimiter").with("why", "1").into()),
    };
    Ok(ReadOptions {
        encoding: told.encoding,
        delimiter,
        header: told.header,
        sheet: told.sheet,
        scratch: Some(scratch.to_owned()),
        ..ReadOptions::default()
    })
}

/// Whether a file is prose of a kind that has no rows: PDF, Word or HTML, by its first bytes and its ending.
fn only_a_document(path: &Path) -> bool {
    use std::io::Read as _;
    let ending = ending(path);
    let mut head = [0; 5];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
    head[..read].starts_with(b"%PDF-") || matches!(ending.as_str(), "docx" | "html" | "htm" | "xhtml")
}

fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A document by its first passages.
fn document(path: &Path) -> Result<SourceSeen> {
    let (mut found, cancel) = (Vec::new(), Cancel::default());
    let mut take = |passage: Passage| {
        found.push(passage);
        if found.len() >= PASSAGES {
            // Enough was seen: the rest is not read.
            cancel.cancel();
        }
        Ok(())
    };
    let outcome = passages(path, &PassageOptions::default(), &cancel, &mut take);
    if found.is_empty() {
        outcome?;
    }
    let place = |passage: &Passage| match passage.page {
        Some(page) => format!("{page}"),
        None => passage.heading.join(" / "),
    };
    let record = |(at, passage): (u64, &Passage)| SourceRecord {
        at,
        values: vec![place(passage), passage.text.chars().take(CELL).collect()],
    };
    let text = |(at, passage): (u64, &Passage)| PreviewedRow {
        at,
        messages: vec![SampleMessage { role: "assistant".into(), content: passage.text.clone() }],
        rejected: None,
        skipped: None,
    };
    Ok(SourceSeen {
        path: path.display().to_string(),
        name: name_of(path),
        format: "document".into(),
        encoding: None,
        delimiter: None,
        header: None,
        sheets: Vec::new(),
        files: vec![path.display().to_string()],
        bytes: path.metadata().map(|meta| meta.len()).unwrap_or_default(),
        columns: vec!["place".into(), "text".into()],
        records: (1..).zip(&found).map(record).collect(),
        recipe: map::Recipe::new(RowKind::Cpt, map::Source::Text { text: "{text}".into() }).try_into()?,
        certainty: 1.0,
        reasons: Vec::new(),
        skipped: Vec::new(),
        preview: (1..).zip(&found).map(text).collect(),
        ready: false,
        document: true,
    })
}

fn seen(path: &Path, found: &Detected, language: Language) -> Result<SourceSeen> {
    let records = found.records();
    let guess = guess(&records);
    let (name, shown) = (name_of(path), path.display().to_string());
    let values = |record: &Record| {
        let cell = |column: &String| record.get(column).map(cell).unwrap_or_default();
        SourceRecord { at: record.at, values: found.columns.iter().map(cell).collect() }
    };
    let prose = matches!(found.format, Format::Text | Format::Markdown);
    Ok(SourceSeen {
        preview: previewed(&guess.recipe, &records, &name, language)?,
        format: serde_json::to_value(found.format)?.as_str().unwrap_or_default().to_owned(),
        encoding: found.encoding.clone(),
        delimiter: found.delimiter.map(String::from),
        header: found.header,
        sheets: found.sheets.clone(),
        files: found.files.clone(),
        bytes: found.bytes,
        columns: found.columns.clone(),
        records: records.iter().take(SHOWN).map(values).collect(),
        certainty: guess.certainty,
        reasons: guess.reasons.iter().map(|reason| reason.sentence(language)).collect(),
        skipped: found.skips.kept.iter().map(|skipped| skipped.sentence(language)).collect(),
        ready: is_ready(found),
        recipe: guess.recipe.try_into()?,
        document: prose,
        path: shown,
        name,
    })
}

/// Whether lines are rows to train on as they stand.
fn is_ready(found: &Detected) -> bool {
    let has = |name: &str| found.columns.iter().any(|column| column == name);
    found.format == Format::Jsonl
        && match found.shape {
            Shape::Messages | Shape::Preference => has("messages"),
            Shape::Text => has("text"),
            _ => false,
        }
}

/// A value as a person reads it in a table.
pub(super) fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The first rows by a recipe.
pub(super) fn previewed(
    recipe: &map::Recipe,
    records: &[Record],
    file: &str,
    language: Language,
) -> Result<Vec<PreviewedRow>> {
    let rows = preview(recipe, records, file)?;
    let shown = |row: map::PreviewRow| {
        let skipped = row.sentence(language);
        let (messages, rejected) = row.row.map(|value| shown_row(recipe.kind, value)).unwrap_or_default();
        PreviewedRow { at: row.at, messages, rejected, skipped }
    };
    Ok(rows.into_iter().take(SHOWN).map(shown).collect())
}

/// A row as the conversation that it is, and the answer that is not preferred; nothing of what is no row of the kind.
pub(super) fn shown_row(kind: RowKind, value: Value) -> (Vec<SampleMessage>, Option<String>) {
    let said = |messages: Vec<pc_dataset::Message>| messages.into_iter().map(super::datasets::message).collect();
    match kind {
        RowKind::Sft => match serde_json::from_value::<Row>(value) {
            Ok(row) => (said(row.messages), None),
            Err(_) => Default::default(),
        },
        RowKind::Dpo => match serde_json::from_value::<Preference>(value) {
            Ok(mut row) => {
                row.messages.push(row.chosen);
                (said(row.messages), Some(row.rejected.content))
            }
            Err(_) => Default::default(),
        },
        RowKind::Cpt => match serde_json::from_value::<Text>(value) {
            Ok(row) => (vec![SampleMessage { role: "assistant".into(), content: row.text }], None),
            Err(_) => Default::default(),
        },
    }
}

/// The window's recipe and the engine's are written alike; a test holds them together.
impl TryFrom<Recipe> for map::Recipe {
    type Error = anyhow::Error;

    fn try_from(recipe: Recipe) -> Result<Self> {
        let why = |error: &serde_json::Error| error.to_string();
        serde_json::from_value(serde_json::to_value(recipe)?)
            .map_err(|error| coded(Code::InputInvalid).with("what", "recipe").with("why", why(&error)).into())
    }
}

impl TryFrom<map::Recipe> for Recipe {
    type Error = anyhow::Error;

    fn try_from(recipe: map::Recipe) -> Result<Self> {
        serde_json::from_value(serde_json::to_value(recipe)?).context("a recipe for the window")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_dataset::Role;
    use pc_dataset::map::{Grouping, Source};

    #[test]
    fn a_recipe_with_everything_is_the_same_for_the_window_and_the_engine() {
        let sources = [
            Source::Pair { question: "{a}".into(), answer: "{b?}".into() },
            Source::Turn { speaker: "who".into(), content: "{what}".into() },
            Source::Messages { column: "messages".into() },
            Source::Preference {
                question: None,
                history: Some("h".into()),
                chosen: "{c}".into(),
                rejected: "{r}".into(),
            },
            Source::Text { text: "{t}".into() },
        ];
        for source in sources {
            let recipe = map::Recipe {
                group: Some(Grouping { by: vec!["id".into()], order: Some("time".into()), gap_minutes: Some(30) }),
                system: Some("s".into()),
                tools: Some("tools".into()),
                thinking: Some("thinking".into()),
                roles: [("bot".to_owned(), Some(Role::Assistant)), ("notice".to_owned(), None)].into(),
                others: Some(Role::User),
                keep_spaces: true,
                ..map::Recipe::new(RowKind::Dpo, source)
            };
            let shown = Recipe::try_from(recipe.clone()).expect("the window can hold it");
            assert_eq!(map::Recipe::try_from(shown).expect("it comes back"), recipe, "nothing is lost on the way");
        }
    }

    #[test]
    fn a_recipe_of_no_known_role_is_refused() {
        let recipe = map::Recipe::new(RowKind::Sft, Source::Messages { column: "m".into() });
        let mut shown = Recipe::try_from(recipe).expect("the window can hold it");
        shown.others = Some("narrator".into());
        let refused = map::Recipe::try_from(shown).expect_err("there is no such role");
        assert_eq!(refused.downcast_ref::<pc_base::Coded>().map(|coded| coded.code), Some(Code::InputInvalid));
    }
}
