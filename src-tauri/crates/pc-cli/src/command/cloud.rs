//! `partner cloud …`. Keys are never in the arguments, where every user of the machine reads them.

use std::sync::Arc;

use anyhow::Result;
use pc_app::api::{CloudAdd, CloudId, CloudKind, CloudRow, Empty};
use pc_base::Places;
use serde_json::json;

use super::{Call, keys, serve};
use crate::args::Cloud;
use crate::shown::Shown;
use crate::table::{table, text};

/// Runs one of them on the home that `call` opens; serving and stopping need none.
pub async fn run(command: Cloud, places: Places, shown: Arc<Shown>, call: impl FnOnce() -> Result<Call>) -> Result<()> {
    let language = shown.language();
    match command {
        Cloud::Serve { port, data, api_key, profile } => {
            super::blocking(move || serve::serve(port, data, api_key, profile, &places, &shown)).await?;
        }
        Cloud::Stop => serve::stop(&places, &shown).await?,
        Cloud::Key(command) => keys::key(command, places, &shown).await?,
        Cloud::Workspace(command) => keys::workspace(command, places, &shown).await?,
        Cloud::RotateKey { master: true, data, .. } => keys::replace_master(data, places, &shown).await?,
        Cloud::RotateKey { workspace, data, .. } => keys::rotate(workspace, data, places, &shown).await?,
        Cloud::List => {
            let rows = call()?.app.cloud_list(Empty {}, language).await?;
            shown.result(&json!({"clouds": rows}), &list(&rows, &shown));
        }
        Cloud::Add { name, base_url, billing_url, region, workspace } => {
            let api_key = shown.ask_secret("API key")?;
            let bills = billing_url.is_some();
            let access_key_id = if bills { Some(shown.ask_secret("AccessKey ID")?) } else { None };
            let access_key_secret = if bills { Some(shown.ask_secret("AccessKey secret")?) } else { None };
            let wanted =
                CloudAdd { name, base_url, billing_url, region, workspace, api_key, access_key_id, access_key_secret };
            let row = call()?.app.cloud_add(wanted, language).await?;
            shown.result(&serde_json::to_value(&row)?, &row.id);
        }
        Cloud::Select { id } => {
            call()?.app.cloud_select(CloudId { id: id.clone() }, language).await?;
            let said = format!("{} {id}", shown.words("Every command now speaks to", "此后所有命令使用"));
            shown.result(&json!({"selected": id}), &said);
        }
        Cloud::Remove { id } => {
            call()?.app.cloud_remove(CloudId { id: id.clone() }, language).await?;
            shown.result(&json!({"removed": id}), &format!("{} {id}", shown.words("Removed", "已移除")));
        }
        Cloud::Check { id } => {
            let health = call()?.app.cloud_check(CloudId { id }, language).await?;
            let verdict = if health.reachable {
                shown.words("It answers", "可以访问")
            } else {
                shown.words("It does not answer", "无法访问")
            };
            let said = format!("{verdict} ({} ms). {}", health.milliseconds, health.capabilities.join(", "));
            shown.result(&serde_json::to_value(&health)?, said.trim_end());
        }
    }
    Ok(())
}

fn list(rows: &[CloudRow], shown: &Shown) -> String {
    let columns = [
        text(""),
        text("ID"),
        text(shown.words("Name", "名称")),
        text(shown.words("Kind", "类型")),
        text(shown.words("Address", "地址")),
        text(shown.words("Bills", "账单")),
    ];
    let cells = rows.iter().map(|row| {
        let kind = match row.kind {
            CloudKind::Embedded => shown.words("embedded", "内置"),
            CloudKind::ModelStudio => "Model Studio",
        };
        let bills = if row.bills { shown.words("yes", "是") } else { shown.words("no", "否") };
        let mark = if row.selected { "*" } else { "" };
        [mark, &row.id, &row.name, kind, &row.base_url, bills].map(str::to_owned).into()
    });
    table(&columns, &cells.collect::<Vec<_>>())
}
