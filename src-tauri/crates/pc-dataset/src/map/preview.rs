//! A recipe on live rows: what each becomes, or why it becomes nothing.

use pc_base::{Cancel, Language};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Recipe;
use super::build::Plan;
use super::group::Gathering;
use crate::Record;
use crate::read::Skipped;

/// One row as it would be, or the reason against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewRow {
    /// The source's row; of a conversation, its first.
    pub at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
}

impl PreviewRow {
    fn of(file: &str, at: u64, made: Result<super::row::Made, pc_base::Coded>) -> Self {
        match made {
            Ok(made) => Self { at, row: serde_json::from_str(&made.line()).ok(), skipped: None },
            Err(why) => Self { at, row: None, skipped: Some(Skipped::new(file, at, why)) },
        }
    }

    /// Why there is no row.
    pub fn sentence(&self, language: Language) -> Option<String> {
        self.skipped.as_ref().map(|skipped| skipped.sentence(language))
    }
}

/// Applies a recipe to some rows of a source. `file` is only named. Errors are those of the recipe itself.
pub fn preview(recipe: &Recipe, records: &[Record], file: &str) -> anyhow::Result<Vec<PreviewRow>> {
    let plan = Plan::new(recipe)?;
    let Some(group) = recipe.group.as_ref().filter(|_| plan.is_grouped()) else {
        return Ok(records.iter().map(|record| PreviewRow::of(file, record.at, plan.row(record))).collect());
    };
    // Some rows to look at never leave the memory, so this folder is never written.
    let scratch = std::path::Path::new(".");
    let mut gathering = Gathering::new(&plan, group, scratch);
    let mut rows = Vec::new();
    for record in records {
        if let Err(why) = gathering.take(record, file)? {
            rows.push(PreviewRow::of(file, record.at, Err(why)));
        }
    }
    gathering.finish(scratch, &Cancel::default(), |(file, at, made)| {
        rows.push(PreviewRow::of(&file, at, made));
        Ok(())
    })?;
    rows.sort_by_key(|row| row.at);
    Ok(rows)
}
