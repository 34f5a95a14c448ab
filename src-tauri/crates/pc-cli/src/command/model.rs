//! `partner model …`

use anyhow::Result;
use pc_app::models;
use pc_base::{Cancel, Places};
use serde_json::json;

use crate::args::Model;
use crate::shown::Shown;

/// Runs one of them.
pub fn run(command: Model, places: &Places, shown: &Shown) -> Result<()> {
    let cancel = Cancel::default();
    match command {
        Model::List => {
            let rows = models::list(places)?;
            let names: Vec<String> = rows.iter().map(|row| format!("{} ({})", row.model, row.origin)).collect();
            shown.result(&json!({"models": rows}), &names.join("\n"));
        }
        Model::Import { from, adapter, name } => {
            let model = models::import(places, &from, adapter.as_deref(), name.as_deref(), shown, &cancel)?;
            shown.result(&json!({"model": model}), &model);
        }
        Model::Export { model, to, quant } => {
            let exported = models::convert(places, &model, &to, quant.into(), shown, &cancel)?;
            shown.result(&serde_json::to_value(&exported)?, &to.display().to_string());
        }
        Model::Logits { dir, ids } => {
            let top = pc_app::chat::top_logits(&dir, &ids, 8)?;
            let lines: Vec<String> = top.iter().map(|(id, logit)| format!("{id:>8} {logit:>10.4}")).collect();
            shown.result(&json!({"top": top}), &lines.join("\n"));
        }
        Model::Render { model, messages } => {
            let rendered = models::render(places, &model, &messages)?;
            shown.result(&json!({"text": rendered.text, "ids": rendered.ids}), &rendered.text);
        }
        Model::Delete { model } => {
            models::delete(places, &model)?;
            shown.result(&json!({"deleted": model}), "");
        }
    }
    Ok(())
}
