//! `partner model …`

use std::path::Path;

use anyhow::Result;
use pc_app::api::{Empty, ModelConvert, ModelExport, ModelId, ModelImport, ModelPull, ModelRow};
use pc_app::models;
use pc_base::Language;
use serde_json::json;

use super::Call;
use crate::args::Model;
use crate::figures;
use crate::shown::Shown;
use crate::table::{number, table, text};

/// Runs one of them.
pub async fn run(command: Model, call: &Call) -> Result<()> {
    let (app, shown, language) = (&call.app, &call.shown, call.language());
    match command {
        Model::List => {
            let rows = app.model_list(Empty {}, language).await?;
            shown.result(&json!({"models": rows}), &list(&rows, shown));
        }
        Model::Prepare { model } => {
            let folder = app.places().base_model(&model);
            let row = app.base_prepare(ModelId { model }, language, &call.live()).await?;
            let (licence, folder) = (&row.licence, folder.display());
            shown.aside(&match language {
                Language::English => format!("Its licence terms ({licence}) are in {folder}"),
                Language::Chinese => format!("其许可条款（{licence}）位于 {folder}"),
            });
            shown.result(&serde_json::to_value(&row)?, &row.id);
        }
        Model::Pull { job } => {
            let row = app.model_pull(ModelPull { job_id: job }, language, &call.live()).await?;
            shown.result(&serde_json::to_value(&row)?, &row.model);
        }
        Model::Convert { model, quant } => {
            let wanted = ModelConvert { model, quant: quant.into() };
            let row = app.model_convert(wanted, language, &call.live()).await?;
            shown.result(&serde_json::to_value(&row)?, &list(std::slice::from_ref(&row), shown));
        }
        Model::Import { from, adapter, name, as_base } => {
            let adapter = adapter.as_deref().map(whole).transpose()?;
            let wanted = ModelImport { path: whole(&from)?, adapter, name, as_base };
            let row = app.model_import(wanted, language, &call.live()).await?;
            shown.result(&json!({"model": row.model}), &row.model);
        }
        Model::Export { model, to, quant } => {
            let wanted = ModelExport { model, dir: whole(&to)?, quant: quant.into() };
            app.model_export(wanted.clone(), language, &call.live()).await?;
            shown.result(&serde_json::to_value(&wanted)?, &wanted.dir);
        }
        Model::Logits { dir, ids } => {
            let top = super::blocking(move || pc_app::chat::top_logits(&dir, &ids, 8)).await?;
            let cells: Vec<Vec<String>> =
                top.iter().map(|(id, logit)| vec![id.to_string(), format!("{logit:.4}")]).collect();
            let columns = [number(shown.words("Token", "词元")), number(shown.words("Logit", "对数几率"))];
            shown.result(&json!({"top": top}), &table(&columns, &cells));
        }
        Model::Render { model, messages } => {
            let rendered = models::render(app.places(), &model, &messages)?;
            shown.result(&json!({"text": rendered.text, "ids": rendered.ids}), &rendered.text);
        }
        Model::Delete { model } => {
            app.model_delete(ModelId { model: model.clone() }, language).await?;
            shown.result(&json!({"deleted": model}), &format!("{} {model}", shown.words("Deleted", "已删除")));
        }
    }
    Ok(())
}

fn whole(path: &Path) -> Result<String> {
    Ok(std::path::absolute(path)?.to_string_lossy().into_owned())
}

fn list(rows: &[ModelRow], shown: &Shown) -> String {
    if rows.is_empty() {
        return shown.words("There are no models on this machine yet.", "本机还没有模型。").to_owned();
    }
    let columns = [
        text(shown.words("Model", "模型")),
        text(shown.words("Origin", "来源")),
        text(shown.words("Base model", "基础模型")),
        text(shown.words("ONNX forms", "ONNX 格式")),
        text("SHA-256"),
    ];
    let cells = rows.iter().map(|row| {
        let origin = match row.origin.as_str() {
            "base" => shown.words("base", "基础"),
            "tuned" => shown.words("tuned", "微调"),
            "imported" => shown.words("imported", "导入"),
            other => other,
        };
        let form = |form: &pc_app::api::ModelFormat| {
            let quant = serde_json::to_value(form.quant).unwrap_or_default();
            format!("{} {}", quant.as_str().unwrap_or_default(), figures::bytes(form.bytes))
        };
        let forms: Vec<String> = row.formats.iter().map(form).collect();
        let hash = row.sha256.as_deref().map(|hash| hash.chars().take(12).collect()).unwrap_or_default();
        vec![row.model.clone(), origin.to_owned(), row.base_model.clone(), forms.join(", "), hash]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}
