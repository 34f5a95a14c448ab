//! `partner dataset add`, `versions` and `forget`: data sets on this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use pc_app::api::{Empty, LibraryId, LocalDataset, MadeBy, Recipe, SourceImport, SourceLook, TaskProgress, VersionRow};
use pc_app::{App, Live};
use pc_base::{Code, CodedExt as _, coded};
use serde_json::json;

use super::Call;
use crate::figures;
use crate::shown::Shown;
use crate::table::{number, table, text};

/// Takes a file in.
pub async fn add(
    file: PathBuf,
    name: Option<String>,
    to: Option<String>,
    recipe: Option<PathBuf>,
    call: &Call,
) -> Result<ExitCode> {
    let (app, shown) = (&call.app, &call.shown);
    let dataset = match &to {
        Some(name) => Some(found(app, name, shown).await?.id),
        None => None,
    };
    let stem = || file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let path = file.display().to_string();
    let seen = app.source_look(SourceLook { path: path.clone(), reading: None }, shown.language()).await?;
    let (recipe, kind) = match recipe {
        Some(kept) => {
            let text =
                std::fs::read_to_string(&kept).code(|| coded(Code::FileNotFound).with("path", kept.display()))?;
            let recipe: Recipe = serde_json::from_str(&text)
                .code(|| coded(Code::InputInvalid).with("what", kept.display()).with("why", "recipe"))?;
            let kind = recipe.kind;
            (Some(recipe), kind)
        }
        None if seen.ready => (None, seen.recipe.kind),
        None => {
            seen.reasons.iter().for_each(|reason| shown.aside(reason));
            let kind = seen.recipe.kind;
            (Some(seen.recipe), kind)
        }
    };
    let name = name.unwrap_or_else(stem);
    let import = SourceImport { path, reading: None, recipe, kind, name, dataset };
    let live: Live<TaskProgress> = call.live();
    let row = app.source_import(import, shown.language(), &live).await?;
    let rows = figures::count(row.rows);
    let said = format!("{}@{}: {rows} {}", row.name, row.version, shown.words("rows", "行"));
    shown.result(&serde_json::to_value(&row)?, &said);
    Ok(ExitCode::SUCCESS)
}

/// Lists data sets, or one's versions.
pub async fn versions(name: Option<String>, call: &Call) -> Result<ExitCode> {
    let (app, shown) = (&call.app, &call.shown);
    let Some(name) = name else {
        let sets = app.library_list(Empty {}, shown.language()).await?;
        shown.result(&json!({"datasets": sets}), &list(&sets, shown));
        return Ok(ExitCode::SUCCESS);
    };
    let dataset = found(app, &name, shown).await?.id;
    let detail = app.library_get(LibraryId { dataset }, shown.language()).await?;
    let own = chain(&detail.versions, shown);
    let uploads = detail
        .uploads
        .iter()
        .map(|upload| format!("{}@{} → {}: {}", name, upload.version, upload.cloud_name, upload.file_id));
    let others = detail.descendants.iter().filter_map(|row| {
        let from = row.parent.as_ref()?.version;
        Some(format!("{name}@{from} → {}@{} ({})", row.name, row.version, made(row.made, shown)))
    });
    let lines: Vec<String> = std::iter::once(own).chain(others).chain(uploads).collect();
    shown.result(&serde_json::to_value(&detail)?, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Removes a data set.
pub async fn forget(name: String, call: &Call) -> Result<ExitCode> {
    let shown = &call.shown;
    let dataset = found(&call.app, &name, shown).await?.id;
    call.app.library_delete(LibraryId { dataset }, shown.language()).await?;
    shown.result(&json!({"forgotten": name}), &format!("{} {name}", shown.words("Removed", "已删除")));
    Ok(ExitCode::SUCCESS)
}

/// A data set of this machine by its name. `Code::DatasetInputUnknown`.
pub async fn found(app: &App, name: &str, shown: &Shown) -> Result<LocalDataset> {
    let sets = app.library_list(Empty {}, shown.language()).await?;
    let unknown = || coded(Code::DatasetInputUnknown).with("input", name);
    sets.into_iter().find(|set| set.name == name).with_context(unknown)
}

/// What made a version, in the reader's words.
pub fn made(by: MadeBy, shown: &Shown) -> &'static str {
    match by {
        MadeBy::Import => shown.words("imported", "导入"),
        MadeBy::Query => shown.words("from a database", "来自数据库"),
        MadeBy::Passages => shown.words("passages of documents", "文档片段"),
        MadeBy::Drafts => shown.words("drafted by a model", "模型起草"),
        MadeBy::Fix => shown.words("fixed", "修复"),
        MadeBy::Mask => shown.words("masked", "脱敏"),
        MadeBy::Dedup => shown.words("without duplicates", "去重"),
        MadeBy::Split => shown.words("split", "拆分"),
        MadeBy::Sample => shown.words("sampled", "抽样"),
    }
}

fn list(sets: &[LocalDataset], shown: &Shown) -> String {
    if sets.is_empty() {
        return shown.words("There are no data sets on this machine yet.", "本机上还没有数据集。").to_owned();
    }
    let columns = [
        text(shown.words("Name", "名称")),
        text(shown.words("Kind", "类型")),
        number(shown.words("Versions", "版本数")),
        number(shown.words("Rows", "行数")),
        number(shown.words("Size", "大小")),
        text(shown.words("Changed", "更改时间")),
        text(shown.words("Uploaded to", "已上传至")),
    ];
    let cells = sets.iter().map(|set| {
        let (versions, rows) = (set.versions.to_string(), figures::count(set.latest.rows));
        let (size, changed) = (figures::bytes(set.latest.bytes), figures::instant(&set.latest.created_at));
        vec![set.name.clone(), set.kind.name().to_owned(), versions, rows, size, changed, set.uploaded_to.join(", ")]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}

fn chain(versions: &[VersionRow], shown: &Shown) -> String {
    let columns = [
        number(shown.words("Version", "版本")),
        text(shown.words("Made", "来历")),
        text(shown.words("From", "来源")),
        number(shown.words("Rows", "行数")),
        number(shown.words("Size", "大小")),
        text("SHA-256"),
        text(shown.words("When", "时间")),
    ];
    let cells = versions.iter().map(|row| {
        let from = match &row.parent {
            Some(parent) if parent.dataset == row.dataset => format!("@{}", parent.version),
            _ => row.source.clone(),
        };
        let (rows, size) = (figures::count(row.rows), figures::bytes(row.bytes));
        let hash = row.sha256.chars().take(12).collect();
        let when = figures::instant(&row.created_at);
        vec![row.version.to_string(), made(row.made, shown).to_owned(), from, rows, size, hash, when]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}
