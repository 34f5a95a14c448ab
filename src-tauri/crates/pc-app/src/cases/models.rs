//! Models on this machine: listed, taken in, converted, given out, removed.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use pc_base::{Code, Language, coded};
use pc_protocol::{Capabilities, WeightsManifest};

use crate::api::{Empty, ModelConvert, ModelExport, ModelId, ModelImport, ModelPull, ModelRow, TaskProgress};
use crate::app::App;
use crate::live::Live;
use crate::models::{Import, Record};
use crate::words::words;
use crate::{chat, models};

impl App {
    /// `model_list`
    pub async fn model_list(&self, _: Empty, _: Language) -> Result<Vec<ModelRow>> {
        self.blocking(|app| models::list(app.places())).await
    }

    /// `model_pull`: a job's result, verified, as a model of this machine. A download that was cut goes on.
    pub async fn model_pull(
        &self,
        wanted: ModelPull,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<ModelRow> {
        let have = self.model_list(Empty {}, language).await?;
        if let Some(row) = have.into_iter().find(|row| row.job_id.as_deref() == Some(&wanted.job_id)) {
            return Ok(row);
        }
        let opened = self.selected().await?;
        let offered = opened.cloud.capabilities().await?;
        if !offered.iter().any(|name| name == Capabilities::WEIGHTS_DOWNLOAD) {
            return Err(coded(Code::CloudRefused).with("why", words("weights_stay", language, &[])).into());
        }
        let job = opened.cloud.fine_tune(&wanted.job_id).await?;
        if job.result().is_none() {
            let (what, why) = (wanted.job_id, words("not_succeeded", language, &[]));
            return Err(coded(Code::InputInvalid).with("what", what).with("why", why).into());
        }
        let work = models::being_pulled(self.places(), &wanted.job_id)?;
        let part = models::part_for(&opened.cloud.weights(&wanted.job_id).await?);
        let (dir, cancel) = (work.join(part), live.cancel.clone());
        let manifest = opened.cloud.weights_download(&wanted.job_id, &dir, live, &cancel).await?;
        self.blocking(move |app| {
            let model = models::keep_pulled(app.places(), &work, &record(&manifest), &manifest.model)?;
            row(app, &model)
        })
        .await
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
            let ModelImport { path, adapter, name, as_base } = wanted;
            let (from, adapter) = (PathBuf::from(path), adapter.map(PathBuf::from));
            let import = Import { from: &from, adapter: adapter.as_deref(), name: name.as_deref(), as_base };
            let model = models::import(app.places(), &import, &live, &live.cancel)?;
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

fn record(manifest: &WeightsManifest) -> Record {
    let weights = manifest.files.iter().find(|file| file.name.ends_with(".safetensors"));
    Record {
        base_model: Some(manifest.base_model.clone()),
        job_id: Some(manifest.job_id.clone()),
        sha256: weights.map(|file| file.sha256.clone()),
    }
}

/// The row of a model that is there.
fn row(app: &App, model: &str) -> Result<ModelRow> {
    let rows = models::list(app.places())?;
    rows.into_iter().find(|row| row.model == model).with_context(|| format!("{model} is not listed"))
}
