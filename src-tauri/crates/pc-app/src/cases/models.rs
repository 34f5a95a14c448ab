//! Models on this machine: listed, taken in, converted, given out, removed.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use pc_base::Language;

use crate::api::{Empty, ModelConvert, ModelExport, ModelId, ModelImport, ModelRow, TaskProgress};
use crate::app::App;
use crate::live::Live;
use crate::{chat, models};

impl App {
    /// `model_list`
    pub async fn model_list(&self, _: Empty, _: Language) -> Result<Vec<ModelRow>> {
        self.blocking(|app| models::list(app.places())).await
    }

    /// `model_convert`
    pub async fn model_convert(
        &self,
        wanted: ModelConvert,
        _: Language,
        live: &Live<TaskProgress>,
    ) -> Result<ModelRow> {
        let live = live.clone();
        self.blocking(move |app| {
            chat::prepare(app.places(), &wanted.model, wanted.quant.into(), &live, &live.cancel)?;
            row(app, &wanted.model)
        })
        .await
    }

    /// `model_import`
    pub async fn model_import(&self, wanted: ModelImport, _: Language, live: &Live<TaskProgress>) -> Result<ModelRow> {
        let live = live.clone();
        self.blocking(move |app| {
            let adapter = wanted.adapter.map(PathBuf::from);
            let (from, name) = (PathBuf::from(wanted.path), wanted.name.as_deref());
            let model = models::import(app.places(), &from, adapter.as_deref(), name, &live, &live.cancel)?;
            row(app, &model)
        })
        .await
    }

    /// `model_export`
    pub async fn model_export(&self, wanted: ModelExport, _: Language, live: &Live<TaskProgress>) -> Result<Empty> {
        let live = live.clone();
        self.blocking(move |app| {
            let dir = PathBuf::from(wanted.dir);
            models::convert(app.places(), &wanted.model, &dir, wanted.quant.into(), &live, &live.cancel)?;
            Ok(Empty {})
        })
        .await
    }

    /// `model_delete`
    pub async fn model_delete(&self, wanted: ModelId, _: Language) -> Result<Empty> {
        self.blocking(move |app| {
            app.sessions().close(&chat::converted(app.places(), &wanted.model));
            models::delete(app.places(), &wanted.model)?;
            Ok(Empty {})
        })
        .await
    }
}

/// The row of a model that is there.
pub(super) fn row(app: &App, model: &str) -> Result<ModelRow> {
    let rows = models::list(app.places())?;
    rows.into_iter().find(|row| row.model == model).with_context(|| format!("{model} is not listed"))
}
