//! The whole of a query as rows to train on: a version of a local data set, or a file. Rows stream from the server through the
//! recipe to the disk; what breaks off leaves nothing behind. Deliberately absent: mapping, which is `pc-dataset`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Code, Language, Secret, coded, write_atomic};
use pc_dataset::Records;
use pc_dataset::map::{ConvertReport, Guess, Recipe, RecordConversion, convert_records, guess};
use pc_source::{Address, Connection, QueryOptions, query};
use serde::Serialize;

use super::super::convert::{Converted, kept};
use super::super::sources::counted;
use super::look::{first, names};
use crate::api::{self, DatabaseImport, DatasetKind, MadeBy, TaskProgress, VersionRow};
use crate::app::App;
use crate::library::{Chain, NewVersion};
use crate::live::Live;

/// Characters of a query that are noted as where a version came from.
const NOTED: usize = 10_000;

/// Where a query is asked.
pub enum QueryFrom {
    /// A URL such as `postgres://user@host/database`, and a password that counts before one that stands in there.
    Url(String, Option<Secret<String>>),
    /// A kept connection, by its id or name.
    Kept(String),
}

/// What becomes of its rows.
#[derive(Clone, Debug)]
pub enum QueryTo {
    /// A JSONL file, replaced when all went well and there were rows.
    File(PathBuf),
    /// A new local data set of this name.
    Dataset(String),
}

/// A query whose rows are taken.
pub struct QueryImport {
    pub from: QueryFrom,
    pub sql: String,
    /// A kept recipe; without one it is guessed from the first rows.
    pub recipe: Option<PathBuf>,
    /// Where the recipe is kept that was used.
    pub keep: Option<PathBuf>,
    /// Rows after which reading ends well.
    pub limit: Option<u64>,
    pub to: QueryTo,
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
pub struct QueryImported {
    #[serde(flatten)]
    pub converted: Converted,
    /// Nothing where the rows went to a file, or there were none.
    pub version: Option<VersionRow>,
}

/// A connection, and what people call it.
struct Asked {
    connection: Connection,
    name: String,
}

impl App {
    /// `database_import`
    pub async fn database_import(
        &self,
        wanted: DatabaseImport,
        _: Language,
        live: &Live<TaskProgress>,
    ) -> Result<VersionRow> {
        let live = live.clone();
        self.blocking(move |app| {
            let known = app.database_known(&wanted.id)?;
            let asked = Asked { connection: app.database_opened(&known)?, name: known.name };
            let kind = wanted.recipe.kind;
            let chain = match wanted.dataset {
                Some(id) => Chain::Next(id),
                None => Chain::New { name: wanted.name, kind },
            };
            let (sql, limit, recipe) = (&wanted.sql, wanted.limit, Some(wanted.recipe.try_into()?));
            let done = app.query_kept(&asked, sql, recipe, limit, |_| chain, &live)?;
            done.version.ok_or_else(|| coded(Code::DatasetEmpty).into())
        })
        .await
    }

    /// Takes a query's rows without a window. Errors are those of connecting, of the query and of the recipe.
    pub async fn dataset_import_db(&self, wanted: QueryImport, live: &Live<TaskProgress>) -> Result<QueryImported> {
        let live = live.clone();
        self.blocking(move |app| {
            let asked = app.asked(wanted.from)?;
            let recipe = wanted.recipe.as_deref().map(kept).transpose()?;
            let (sql, limit) = (&wanted.sql, wanted.limit);
            let done = match wanted.to {
                QueryTo::File(out) => {
                    // Beside the result, because there is room for it.
                    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                    let scratch =
                        tempfile::tempdir_in(folder).with_context(|| format!("writing into {}", folder.display()))?;
                    let converted = rows_into(&asked, sql, recipe, limit, &out, scratch.path(), &live)?;
                    QueryImported { converted, version: None }
                }
                QueryTo::Dataset(name) => {
                    app.query_kept(&asked, sql, recipe, limit, |kind| Chain::New { name, kind }, &live)?
                }
            };
            if let Some(keep) = &wanted.keep {
                write_atomic(keep, &serde_json::to_vec_pretty(&done.converted.recipe)?)?;
            }
            Ok(done)
        })
        .await
    }

    fn asked(&self, from: QueryFrom) -> Result<Asked> {
        match from {
            QueryFrom::Kept(word) => {
                let known = self.database_known(&word)?;
                Ok(Asked { connection: self.database_opened(&known)?, name: known.name })
            }
            QueryFrom::Url(url, password) => {
                let mut connection = Connection::from_url(&url)?;
                if let Some(password) = password {
                    connection.password = password;
                }
                let Address { user, host, port, database, .. } = &connection.address;
                let name = format!("{user}@{host}:{port}/{database}");
                Ok(Asked { connection, name })
            }
        }
    }

    /// Rows as a version; none is made where there are no rows.
    fn query_kept(
        &self,
        asked: &Asked,
        sql: &str,
        recipe: Option<Recipe>,
        limit: Option<u64>,
        chain: impl FnOnce(DatasetKind) -> Chain,
        live: &Live<TaskProgress>,
    ) -> Result<QueryImported> {
        let scratch = self.library_scratch()?;
        let file = scratch.path().join("rows.jsonl");
        let converted = rows_into(asked, sql, recipe, limit, &file, scratch.path(), live)?;
        if converted.report.rows == 0 {
            return Ok(QueryImported { converted, version: None });
        }
        let new = NewVersion {
            file,
            chain: chain(api::Recipe::try_from(converted.recipe.clone())?.kind),
            parent: None,
            made: MadeBy::Query,
            source: source(&asked.name, sql),
            counts: counted(converted.report.records, &converted.report.skips),
            provenance: None,
        };
        let version = Some(self.version_keep(new, live, &live.cancel)?);
        Ok(QueryImported { converted, version })
    }
}

/// The rows of a query as a file of rows to train on.
fn rows_into(
    asked: &Asked,
    sql: &str,
    recipe: Option<Recipe>,
    limit: Option<u64>,
    out: &Path,
    scratch: &Path,
    live: &Live<TaskProgress>,
) -> Result<Converted> {
    let options = QueryOptions { limit, ..QueryOptions::default() };
    let mut rows = query(&asked.connection, sql, &options, &live.cancel)?;
    let columns = names(&rows);
    let (recipe, guess, records): (Recipe, Option<Guess>, Records) = match recipe {
        Some(recipe) => (recipe, None, Box::new(rows)),
        None => {
            let first = first(&mut rows)?;
            let guess = guess(&first);
            if first.is_empty() {
                // Nothing can be guessed of nothing, so there is no recipe to hold against the columns.
                let report = ConvertReport::default();
                return Ok(Converted { recipe: guess.recipe.clone(), guess: Some(guess), report });
            }
            (guess.recipe.clone(), Some(guess), Box::new(first.into_iter().map(Ok).chain(rows)))
        }
    };
    let name = &asked.name;
    let job = RecordConversion { name, columns: &columns, total: limit, recipe: &recipe, out, scratch };
    let report = convert_records(records, &job, live, &live.cancel)?;
    Ok(Converted { recipe, guess, report })
}

/// Where a version came from, as people read it.
fn source(name: &str, sql: &str) -> String {
    let sql = sql.trim();
    let whole = sql.chars().nth(NOTED).is_none();
    let noted: String = sql.chars().take(NOTED).collect();
    format!("{name}: {noted}{}", if whole { "" } else { "…" })
}
