//! `partner dataset …`

use std::process::ExitCode;

use anyhow::Result;
use pc_app::api::{DatasetId, DatasetRow, DatasetUpload, Empty, UploadId, UploadRow};
use pc_app::{Asked, Convert, Converted, DatasetInput, Repeats, upload_name};
use serde_json::json;

use super::{Call, checks, database, drafts, edits, library, privacy};
use crate::args::Dataset;
use crate::figures;
use crate::shown::Shown;
use crate::table::{number, table, text};

/// Runs one of them.
pub async fn run(command: Dataset, call: &Call) -> Result<ExitCode> {
    let (app, shown, language) = (&call.app, &call.shown, call.language());
    match command {
        Dataset::Check { asked, batch_size, held } => return checks::check(asked, batch_size, held, call).await,
        Dataset::Stats { asked } => return checks::stats(asked, call).await,
        Dataset::Convert { file, out, recipe, keep_recipe } => {
            let wanted = Convert { path: file, out: out.clone(), recipe, keep: keep_recipe };
            let done = app.dataset_convert(wanted, &call.live()).await?;
            shown.result(&serde_json::to_value(&done)?, &converted(&done, &out.display().to_string(), shown));
            return Ok(if done.report.rows > 0 { ExitCode::SUCCESS } else { ExitCode::from(1) });
        }
        Dataset::Fix { edit, code, drop_bad } => return edits::fix(edit, code, drop_bad, call).await,
        Dataset::ImportDb(wanted) => return database::import(wanted, call).await,
        Dataset::Dedup { edit, threshold, one_answer, held } => {
            return edits::dedup(edit, Repeats { threshold, one_answer, held }, call).await;
        }
        Dataset::Sample { input, rows, out, seed } => return edits::sample(&input, rows, out, seed, call).await,
        Dataset::Diff { older, newer } => return edits::diff(&older, &newer, call).await,
        Dataset::Split { file, training, validation, share, seed, stratified } => {
            return edits::split(&file, training.zip(validation), (share, seed, stratified), call).await;
        }
        Dataset::Add { file, name, to, recipe } => return library::add(file, name, to, recipe, call).await,
        Dataset::Mask(command) => return privacy::mask(command, call).await,
        Dataset::Unmask(command) => return privacy::unmask(command, call).await,
        Dataset::Versions { name } => return library::versions(name, call).await,
        Dataset::Forget { name } => return library::forget(name, call).await,
        Dataset::Passages(asked) => return drafts::passages(asked, call).await,
        Dataset::Draft(asked) => return drafts::draft(asked, call).await,
        Dataset::Drafts(command) => return drafts::run(command, call).await,
        Dataset::Upload { input, kind, description, limit_rate: bytes_per_second, hours } => {
            let DatasetInput { path, version } = app.dataset_input(&input).await?;
            let path = std::path::absolute(&path)?.to_string_lossy().into_owned();
            let kind = Some(version.as_ref().map_or(kind.into(), |row| row.kind));
            let name = version.as_ref().map(upload_name);
            return upload(DatasetUpload { path, name, description, kind, bytes_per_second, hours }, call).await;
        }
        Dataset::Uploads { discard: Some(upload_id) } => {
            app.upload_discard(UploadId { upload_id: upload_id.clone() }, language).await?;
            shown.result(
                &json!({"discarded": upload_id}),
                &format!("{} {upload_id}", shown.words("Discarded", "已丢弃")),
            );
        }
        Dataset::Uploads { discard: None } => {
            let rows = app.upload_list(Empty {}, language).await?;
            shown.result(&json!({"uploads": rows}), &uploads(&rows, shown));
        }
        Dataset::List => {
            let rows = app.dataset_list(Empty {}, language).await?;
            shown.result(&json!({"datasets": rows}), &list(&rows, shown));
        }
        Dataset::Delete { id } => {
            app.dataset_delete(DatasetId { id: id.clone() }, language).await?;
            shown.result(&json!({"deleted": id}), &format!("{} {id}", shown.words("Deleted", "已删除")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A file with errors is listed as by `check` before it is refused: the upload's own refusal only counts them.
async fn upload(wanted: DatasetUpload, call: &Call) -> Result<ExitCode> {
    let shown = &call.shown;
    let row = match call.app.dataset_upload(wanted.clone(), call.language(), &call.live()).await {
        Err(error) if is_about_rows(&error) => {
            let (path, kind) = (wanted.path.into(), wanted.kind.unwrap_or_default());
            checks::told(DatasetInput { path, version: None }, Asked { kind, ..Asked::default() }, call).await?;
            return Err(error);
        }
        outcome => outcome?,
    };
    let mut said = format!("{} {} ({})", shown.words("Uploaded", "已上传"), row.id, figures::bytes(row.bytes));
    if let Some(receipt) = &row.receipt {
        said +=
            &format!("\n{} {receipt}", shown.words("The cloud's signed receipt is kept in", "云端签名的回执保存在"));
    }
    shown.result(&serde_json::to_value(&row)?, &said);
    Ok(ExitCode::SUCCESS)
}

/// Why the columns were understood as they were, what was passed over, and the counts.
pub(super) fn converted(done: &Converted, out: &str, shown: &Shown) -> String {
    let language = shown.language();
    let reasons = done.guess.iter().flat_map(|guess| &guess.reasons).map(|reason| reason.sentence(language));
    let skips = done.report.skips.kept.iter().map(|skipped| skipped.sentence(language));
    let mut lines: Vec<String> = reasons.chain(skips).collect();
    let (rows, records) = (figures::count(done.report.rows), figures::count(done.report.records));
    let skipped = figures::count(done.report.skips.total);
    lines.push(match (language, done.report.rows) {
        (pc_base::Language::English, 0) => format!("No row came of {records} records, so nothing was written."),
        (pc_base::Language::Chinese, 0) => format!("{records} 条记录中没有得到任何一行，因此没有写入文件。"),
        (pc_base::Language::English, _) => {
            format!("{out}: {rows} rows of {records} records, {skipped} passed over")
        }
        (pc_base::Language::Chinese, _) => format!("{out}：由 {records} 条记录得到 {rows} 行，跳过 {skipped} 条"),
    });
    lines.join("\n")
}

fn is_about_rows(error: &anyhow::Error) -> bool {
    use pc_base::{Code, Coded};
    error.downcast_ref::<Coded>().is_some_and(|coded| matches!(coded.code, Code::DatasetHasErrors | Code::DatasetEmpty))
}

fn uploads(rows: &[UploadRow], shown: &Shown) -> String {
    if rows.is_empty() {
        return shown.words("No upload was left unfinished.", "没有未完成的上传。").to_owned();
    }
    let columns = [
        text("ID"),
        text(shown.words("Name", "名称")),
        number(shown.words("Arrived", "已到达")),
        number(shown.words("Size", "大小")),
        text(shown.words("Begun", "开始时间")),
        text(shown.words("File", "文件")),
    ];
    let cells = rows.iter().map(|row| {
        let (arrived, size) = (figures::bytes(row.arrived), figures::bytes(row.bytes));
        let begun = figures::instant(&row.begun_at);
        vec![row.upload_id.clone(), row.name.clone(), arrived, size, begun, row.path.clone()]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}

fn list(rows: &[DatasetRow], shown: &Shown) -> String {
    if rows.is_empty() {
        return shown.words("There are no data sets in this cloud yet.", "此云中还没有数据集。").to_owned();
    }
    let columns = [
        text("ID"),
        text(shown.words("Name", "名称")),
        number(shown.words("Size", "大小")),
        number(shown.words("Rows", "行数")),
        text(shown.words("Uploaded", "上传时间")),
    ];
    let cells = rows.iter().map(|row| {
        let counted = row.rows.map(figures::count).unwrap_or_default();
        vec![row.id.clone(), row.name.clone(), figures::bytes(row.bytes), counted, figures::instant(&row.created_at)]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}
