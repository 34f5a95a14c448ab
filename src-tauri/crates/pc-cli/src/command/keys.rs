//! `partner cloud key …`, `cloud workspace …` and `cloud rotate-key`: looking after a cloud on this machine.

use std::path::PathBuf;

use anyhow::Result;
use pc_app::embedded::{self, Admin, ServeOptions};
use pc_app::unattended_keychain;
use pc_base::Places;
use serde_json::json;

use crate::args::{Key, KeyAccess, Workspace};
use crate::shown::Shown;
use crate::table::{number, table, text};

/// The home's cloud, or that of a data folder.
async fn open(places: Places, data: Option<PathBuf>) -> Result<Admin> {
    let places = if data.is_some() { ServeOptions::apart(&places, data) } else { places };
    let keychain = unattended_keychain(&places)?.1;
    Admin::open(places, keychain).await
}

/// Keys.
pub async fn key(command: Key, places: Places, shown: &Shown) -> Result<()> {
    match command {
        Key::Create { data, workspace, description, access, models, addresses, expires_at } => {
            let access = match access {
                KeyAccess::Read => "read",
                KeyAccess::Write => "write",
            };
            let wanted = pc_app::NewKey {
                workspace,
                description: description.unwrap_or_default(),
                access: Some(access.to_owned()),
                models,
                addresses,
                expires_at,
            };
            let row = open(places, data).await?.key_create(wanted).await?;
            let value = row.key.clone().unwrap_or_default();
            let once = shown.words("It is shown only now.", "此密钥仅显示这一次。");
            shown.result(&serde_json::to_value(&row)?, &format!("{}  {value}\n{once}", row.id));
        }
        Key::List { data } => {
            let rows = open(places, data).await?.keys().await?;
            let columns = [
                number("ID"),
                text(shown.words("Workspace", "业务空间")),
                text(shown.words("Access", "权限")),
                text(shown.words("Models", "模型")),
                text(shown.words("Expires", "到期时间")),
                text(shown.words("State", "状态")),
                text(shown.words("Description", "描述")),
            ];
            let cells = rows.iter().map(|row| {
                let state = match (row.own, row.disabled) {
                    (_, true) => shown.words("disabled", "已停用"),
                    (true, _) => shown.words("this program's", "本程序"),
                    _ => shown.words("good", "有效"),
                };
                let models = row.models.as_ref().map_or_else(|| "*".to_owned(), |models| models.join(", "));
                let access = match row.access.as_str() {
                    "read" => shown.words("read", "只读"),
                    "write" => shown.words("write", "读写"),
                    _ => shown.words("usage and costs", "用量与费用"),
                };
                vec![
                    row.id.to_string(),
                    row.workspace.clone(),
                    access.to_owned(),
                    models,
                    row.expires_at.clone().unwrap_or_default(),
                    state.to_owned(),
                    row.description.clone(),
                ]
            });
            shown.result(&json!({"keys": rows}), &table(&columns, &cells.collect::<Vec<_>>()));
        }
        Key::Revoke { id, data } => {
            open(places, data).await?.key_revoke(id).await?;
            shown.result(&json!({"revoked": id}), &format!("{} {id}", shown.words("Revoked", "已吊销")));
        }
    }
    Ok(())
}

/// Workspaces.
pub async fn workspace(command: Workspace, places: Places, shown: &Shown) -> Result<()> {
    match command {
        Workspace::Create { name, data } => {
            let row = open(places, data).await?.workspace_create(name).await?;
            shown.result(&serde_json::to_value(&row)?, &row.id);
        }
        Workspace::List { data } => {
            let rows = open(places, data).await?.workspaces().await?;
            let columns =
                [text("ID"), text(shown.words("Name", "名称")), number(shown.words("Data key", "数据密钥版本"))];
            let cells = rows.iter().map(|row| vec![row.id.clone(), row.name.clone(), row.key_version.to_string()]);
            shown.result(&json!({"workspaces": rows}), &table(&columns, &cells.collect::<Vec<_>>()));
        }
    }
    Ok(())
}

/// A new version of the data keys.
pub async fn rotate(workspace: Option<String>, data: Option<PathBuf>, places: Places, shown: &Shown) -> Result<()> {
    let rows = open(places, data).await?.rotate(workspace).await?;
    let lines = rows.iter().map(|row| {
        let words = shown.words("has data key version", "的数据密钥版本为");
        format!("{} {words} {} ({})", row.workspace, row.version, row.key_id)
    });
    shown.result(&json!({"rotated": rows}), &lines.collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// A new master key.
pub async fn replace_master(data: Option<PathBuf>, places: Places, shown: &Shown) -> Result<()> {
    let places = if data.is_some() { ServeOptions::apart(&places, data) } else { places };
    super::blocking(move || embedded::replace_master(&places, &unattended_keychain(&places)?.1)).await?;
    let words = shown.words(
        "The master key was replaced. Other folders of this user follow when they are opened next.",
        "主密钥已更换。该用户的其他数据目录将在下次打开时随之更换。",
    );
    shown.result(&json!({"replaced": true}), words);
    Ok(())
}
