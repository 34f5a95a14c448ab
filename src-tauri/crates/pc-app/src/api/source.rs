//! Where rows come from: a file, a folder, an archive, a document or a database, and the recipe that gives its columns a meaning.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{DatasetKind, SampleMessage};

/// `source_look`: what a file is and how it would become rows. Reads a few hundred rows, never the whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct SourceLook {
    /// A file, a folder or an archive.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reading: Option<SourceReading>,
}

/// How a source is read; what is left out is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SourceReading {
    /// Such as `GB18030`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub encoding: Option<String>,
    /// One character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub delimiter: Option<String>,
    /// Whether the first row names the columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub header: Option<bool>,
    /// Of a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sheet: Option<String>,
}

/// `source_look`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SourceSeen {
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// Such as `csv`, `xlsx`, `jsonl`, `zip`, `folder`, `document`.
    pub format: String,
    pub encoding: Option<String>,
    pub delimiter: Option<String>,
    pub header: Option<bool>,
    /// Sheets of a workbook.
    pub sheets: Vec<String>,
    /// Files that rows will be read from.
    pub files: Vec<String>,
    pub bytes: u64,
    pub columns: Vec<String>,
    /// The first rows, one text a column; empty where a row lacks it.
    pub records: Vec<SourceRecord>,
    /// The guess.
    pub recipe: Recipe,
    /// 0 to 1.
    pub certainty: f64,
    /// Why the columns were understood as they were: sentences in the asked language.
    pub reasons: Vec<String>,
    /// Rows passed over among those that were looked at: sentences.
    pub skipped: Vec<String>,
    /// The first rows by the guess.
    pub preview: Vec<PreviewedRow>,
    /// Whether its lines are rows to train on already: without a recipe they are taken byte for byte, so that a check finds all
    /// that is wrong with them.
    pub ready: bool,
    /// Whether it is prose (Markdown, PDF, Word, HTML, plain text) that is cut into passages instead of being mapped.
    pub document: bool,
}

/// A row of a source.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SourceRecord {
    /// 1-based line or row.
    pub at: u64,
    pub values: Vec<String>,
}

/// What a source's row becomes, or why nothing.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PreviewedRow {
    pub at: u64,
    pub messages: Vec<SampleMessage>,
    /// Of a pair of answers: the one that is not preferred.
    pub rejected: Option<String>,
    /// The sentence that says why there is no row.
    pub skipped: Option<String>,
}

/// `source_preview`: the same first rows by a corrected recipe.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SourcePreview {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reading: Option<SourceReading>,
    pub recipe: Recipe,
}

/// `source_import`: the whole source becomes a version of a local data set.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SourceImport {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reading: Option<SourceReading>,
    /// Nothing takes every line as it is: the file holds rows to train on already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub recipe: Option<Recipe>,
    /// Of the rows.
    pub kind: DatasetKind,
    /// The new data set's name; what is not a letter or digit of ASCII, `-` or `_` is left out of the names of uploaded files.
    pub name: String,
    /// An existing data set that gets it as its next version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dataset: Option<String>,
}

/// What the columns of a source mean: `pc_dataset::map::Recipe`, which a test holds this to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Recipe {
    pub version: u32,
    pub kind: DatasetKind,
    pub source: RecipeSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group: Option<RecipeGrouping>,
    /// Template of the system message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub system: Option<String>,
    /// Column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tools: Option<String>,
    /// Column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub thinking: Option<String>,
    /// Who speaks, by the source's own names: `system`, `user`, `assistant`, `tool`, or `null` to leave it out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, Option<String>>>")]
    pub roles: BTreeMap<String, Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub others: Option<String>,
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub keep_spaces: bool,
}

/// What one row of a source is. Templates are texts with `{column}` and `{column?}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "shape", rename_all = "snake_case")]
pub enum RecipeSource {
    Pair {
        question: String,
        answer: String,
    },
    Turn {
        speaker: String,
        content: String,
    },
    Messages {
        column: String,
    },
    Preference {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        question: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        history: Option<String>,
        chosen: String,
        rejected: String,
    },
    Text {
        text: String,
    },
}

/// How rows find into conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecipeGrouping {
    pub by: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub order: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub gap_minutes: Option<u32>,
}

/// `recipe_list`, `recipe_save`: a recipe that is kept under a name and used again.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct NamedRecipe {
    pub name: String,
    pub recipe: Recipe,
}

/// `recipe_delete`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RecipeName {
    pub name: String,
}

/// `draft_list`, `draft_save`: a wizard that was left. What it holds is the window's; it is kept as it comes, at most 1 MB.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Draft {
    pub id: String,
    /// JSON.
    pub content: String,
    /// RFC 3339; the program's to say.
    #[serde(default)]
    pub saved_at: String,
}

/// `draft_delete`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DraftId {
    pub id: String,
}
