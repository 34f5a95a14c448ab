//! `partner deploy …`

use anyhow::Result;
use pc_app::api::{DeploymentCreate, DeploymentId, DeploymentRow, Empty};
use serde_json::json;

use super::Call;
use crate::args::Deploy;
use crate::figures;
use crate::shown::Shown;
use crate::table::{table, text};

/// Runs one of them.
pub async fn run(command: Deploy, call: &Call) -> Result<()> {
    let (app, shown, language) = (&call.app, &call.shown, call.language());
    match command {
        Deploy::Create { model, name, plan } => {
            let name = name.unwrap_or_else(|| model.clone());
            let row = app.deployment_create(DeploymentCreate { model_name: model, name, plan }, language).await?;
            shown.result(&serde_json::to_value(&row)?, &list(std::slice::from_ref(&row), shown));
        }
        Deploy::List => {
            let rows = app.deployment_list(Empty {}, language).await?;
            shown.result(&json!({"deployments": rows}), &list(&rows, shown));
        }
        Deploy::Delete { deployed_model } => {
            app.deployment_delete(DeploymentId { deployed_model: deployed_model.clone() }, language).await?;
            let said = format!("{} {deployed_model}", shown.words("Deleted", "已删除"));
            shown.result(&json!({"deleted": deployed_model}), &said);
        }
        Deploy::Key => {
            let key = app.deployment_key(Empty {}, language).await?;
            shown.result(&serde_json::to_value(&key)?, &key.api_key);
        }
    }
    Ok(())
}

fn list(rows: &[DeploymentRow], shown: &Shown) -> String {
    if rows.is_empty() {
        return shown.words("Nothing is deployed in this cloud.", "此云中没有部署。").to_owned();
    }
    let columns = [
        text(shown.words("Call as", "调用名")),
        text(shown.words("Name", "名称")),
        text(shown.words("Status", "状态")),
        text(shown.words("Plan", "计费方式")),
        text(shown.words("Created", "创建时间")),
        text(shown.words("OpenAI-compatible address", "OpenAI 兼容地址")),
    ];
    let cells = rows.iter().map(|row| {
        let plan = match row.plan.as_str() {
            "lora" => shown.words("by the token", "按 token"),
            "mu" => shown.words("by the hour", "按小时"),
            other => other,
        };
        let status = match row.status.as_str() {
            "PENDING" | "DEPLOYING" => shown.words("starting", "启动中"),
            "RUNNING" => shown.words("running", "运行中"),
            "UPDATING" => shown.words("updating", "更新中"),
            "STOPPED" => shown.words("stopped", "已停止"),
            "DELETING" => shown.words("going", "删除中"),
            "FAILED" => shown.words("failed", "失败"),
            other => other,
        };
        let created = figures::instant(&row.created_at);
        [&row.deployed_model, &row.name, status, plan, &created, &row.openai_url].map(str::to_owned).into()
    });
    table(&columns, &cells.collect::<Vec<_>>())
}
