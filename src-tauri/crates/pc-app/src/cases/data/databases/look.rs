//! The first rows of a query, understood as the rows of any source. They are remembered until another query is asked, so that a
//! corrected recipe is shown without asking the database again. Deliberately absent: the whole of a query, which is `import`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use pc_base::{Cancel, Language};
use pc_dataset::map::{self, guess};
use pc_dataset::read::weight;
use pc_dataset::{Record, map::Recipe};
use pc_source::{QueryOptions, Rows, query};

use super::super::sources::{cell, previewed};
use crate::api::{DatabasePreview, DatabaseQuery, DatabaseSeen, PreviewedRow, SourceRecord, TaskProgress};
use crate::app::App;
use crate::live::Live;

/// Rows that are looked at, and bytes of their values after which there are enough, too.
const ROWS: usize = 100;
const BYTES: usize = 16 << 20;
/// Somebody waits, and can wait longer in an import.
const PATIENCE: Duration = Duration::from_secs(60);

/// The newest look.
#[derive(Default)]
pub(crate) struct Looked(Mutex<Option<Arc<Look>>>);

struct Look {
    id: String,
    sql: String,
    /// What the connection is called.
    name: String,
    columns: Vec<String>,
    records: Vec<Record>,
}

impl Looked {
    /// Whatever leads elsewhere from now on must be asked anew.
    pub(super) fn forget(&self) {
        self.hold(None);
    }

    fn hold(&self, look: Option<Arc<Look>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = look;
    }

    fn of(&self, id: &str, sql: &str) -> Option<Arc<Look>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone().filter(|look| look.id == id && look.sql == sql)
    }
}

impl App {
    /// `database_look`: asks the database each time.
    pub async fn database_look(
        &self,
        wanted: DatabaseQuery,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<DatabaseSeen> {
        let cancel = live.cancel.clone();
        self.blocking(move |app| seen(&*app.look_at(&wanted.id, &wanted.sql, &cancel)?, language)).await
    }

    /// `database_preview`: asks the database only where another query was looked at since.
    pub async fn database_preview(&self, wanted: DatabasePreview, language: Language) -> Result<Vec<PreviewedRow>> {
        self.blocking(move |app| {
            let look = match app.looked().of(&wanted.id, &wanted.sql) {
                Some(look) => look,
                None => app.look_at(&wanted.id, &wanted.sql, &Cancel::default())?,
            };
            let recipe: Recipe = wanted.recipe.try_into()?;
            recipe.check(&look.columns, &look.name)?;
            previewed(&recipe, &look.records, &look.name, language)
        })
        .await
    }

    fn look_at(&self, id: &str, sql: &str, cancel: &Cancel) -> Result<Arc<Look>> {
        let known = self.database_known(id)?;
        let connection = self.database_opened(&known)?;
        let options = QueryOptions { limit: Some(ROWS as u64), patience: Some(PATIENCE), ..QueryOptions::default() };
        let mut rows = query(&connection, sql, &options, cancel)?;
        let columns = names(&rows);
        let records = first(&mut rows)?;
        let look = Arc::new(Look { id: known.id, sql: sql.to_owned(), name: known.name, columns, records });
        self.looked().hold(Some(look.clone()));
        Ok(look)
    }
}

/// The names of a query's columns.
pub(super) fn names(rows: &Rows) -> Vec<String> {
    rows.columns().iter().map(|column| column.name.clone()).collect()
}

/// As many rows as a guess needs, in bounded memory.
pub(super) fn first(rows: &mut Rows) -> Result<Vec<Record>> {
    let (mut records, mut bytes) = (Vec::new(), 0);
    while records.len() < ROWS && bytes < BYTES {
        let Some(record) = rows.next() else { break };
        let record = record?;
        bytes += record.values.iter().map(weight).sum::<usize>();
        records.push(record);
    }
    Ok(records)
}

fn seen(look: &Look, language: Language) -> Result<DatabaseSeen> {
    let map::Guess { recipe, certainty, reasons } = guess(&look.records);
    let values = |record: &Record| SourceRecord { at: record.at, values: record.values.iter().map(cell).collect() };
    Ok(DatabaseSeen {
        columns: look.columns.clone(),
        records: look.records.iter().map(values).collect(),
        preview: previewed(&recipe, &look.records, &look.name, language)?,
        recipe: recipe.try_into()?,
        certainty,
        reasons: reasons.iter().map(|reason| reason.sentence(language)).collect(),
    })
}
