//! `partner dataset convert` and `split`: any file that people have becomes rows to train on, by a recipe that was kept or is
//! guessed from the file; rows are divided. Deliberately absent: reading, mapping and likeness, which are `pc-dataset`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Code, CodedExt as _, coded, write_atomic};
use pc_dataset::map::{Conversion, ConvertReport, Guess, Recipe, convert, guess};
use pc_dataset::read::{ReadOptions, detect};
use pc_dataset::split::{Share, SplitOptions, Written, split};
use serde::Serialize;

use crate::api::TaskProgress;
use crate::app::App;
use crate::live::Live;

/// What to convert into what.
#[derive(Clone, Debug)]
pub struct Convert {
    /// A file, an archive or a folder.
    pub path: PathBuf,
    pub out: PathBuf,
    /// A kept recipe; without one it is guessed.
    pub recipe: Option<PathBuf>,
    /// Where the recipe is kept that was used.
    pub keep: Option<PathBuf>,
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
pub struct Converted {
    pub recipe: Recipe,
    /// Nothing where the recipe was given.
    pub guess: Option<Guess>,
    pub report: ConvertReport,
}

impl App {
    /// Converts. Errors of reading and of the recipe have codes of their own; `out` is replaced only when all went well and
    /// there were rows.
    pub async fn dataset_convert(&self, wanted: Convert, live: &Live<TaskProgress>) -> Result<Converted> {
        let live = live.clone();
        self.blocking(move |_| {
            // Beside the result, because there is room for it.
            let folder = wanted.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let scratch = tempfile::tempdir_in(folder).with_context(|| format!("writing into {}", folder.display()))?;
            let read = ReadOptions { scratch: Some(scratch.path().to_owned()), ..ReadOptions::default() };
            let (recipe, guess) = match &wanted.recipe {
                Some(path) => (kept(path)?, None),
                None => {
                    let guess = guess(&detect(&wanted.path, &read)?.records());
                    (guess.recipe.clone(), Some(guess))
                }
            };
            let (path, out, scratch) = (&wanted.path, &wanted.out, scratch.path());
            let job = Conversion { path, read: &read, recipe: &recipe, out, scratch };
            let report = convert(&job, &live, &live.cancel)?;
            if let Some(keep) = &wanted.keep {
                write_atomic(keep, &serde_json::to_vec_pretty(&recipe)?)?;
            }
            Ok(Converted { recipe, guess, report })
        })
        .await
    }
}

/// How to divide a data set.
#[derive(Clone, Debug)]
pub struct Split {
    pub path: PathBuf,
    pub training: PathBuf,
    pub validation: PathBuf,
    /// Of the rows, for validation: between 0 and 1.
    pub validation_share: f64,
    pub seed: u64,
    /// Answer classes, languages and lengths alike on both sides.
    pub stratified: bool,
}

impl App {
    /// Divides a file's rows into training and validation, the same way each time; rows that are nearly the same stay on one
    /// side. What the selected cloud would refuse for its size becomes several files.
    pub async fn dataset_split(&self, wanted: Split, live: &Live<TaskProgress>) -> Result<Vec<Written>> {
        let (live, limits) = (live.clone(), self.file_limits().await?);
        self.blocking(move |_| {
            let share = |path: &PathBuf, share| Share { path: path.clone(), share };
            let shares = [
                share(&wanted.training, 1.0 - wanted.validation_share),
                share(&wanted.validation, wanted.validation_share),
            ];
            let options = SplitOptions {
                seed: wanted.seed,
                stratified: wanted.stratified,
                file_bytes: Some(limits.file_bytes),
                ..SplitOptions::default()
            };
            split(&wanted.path, &shares, &options, &live, &live.cancel)
        })
        .await
    }
}

/// A recipe that was kept in a file.
pub(super) fn kept(path: &Path) -> Result<Recipe> {
    let text = std::fs::read(path).code(|| coded(Code::FileNotFound).with("path", path.display()))?;
    let why = |error: &serde_json::Error| error.to_string();
    serde_json::from_slice(&text)
        .map_err(|error| coded(Code::InputInvalid).with("what", path.display()).with("why", why(&error)).into())
}
