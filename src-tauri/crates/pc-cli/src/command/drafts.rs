//! `partner dataset passages`, `draft` and `drafts …`: rows for who has documents and no data.

use std::process::ExitCode;

use anyhow::Result;
use pc_app::DatasetInput;
use pc_app::api::{
    DocumentImport, Empty, ProposalBatch, ProposalDraft, ProposalJudge, ProposalKeep, ProposalRow, ProposalSource,
    ProposalState,
};
use pc_base::Language;
use serde_json::json;

use super::{Call, library};
use crate::args::{Drafting, Drafts, Passages};
use crate::figures;
use crate::shown::Shown;
use crate::table::{table, text};

/// Characters of a question or an answer in the list.
const SHOWN: usize = 48;

/// Documents to passages, in a file or as a data set.
pub async fn passages(asked: Passages, call: &Call) -> Result<ExitCode> {
    let (app, shown, language) = (&call.app, &call.shown, call.language());
    let Some(out) = asked.out else {
        let path = std::path::absolute(&asked.path)?.display().to_string();
        let (name, max_chars) = (asked.name.unwrap_or_default(), Some(asked.max_chars));
        let row = app.document_import(DocumentImport { path, name, max_chars }, language, &call.live()).await?;
        let rows = figures::count(row.rows);
        let skipped = row.counts.get("documents_skipped").map(|count| match language {
            Language::English => format!("; {count} documents could not be read (--out names them)"),
            Language::Chinese => format!("；{count} 个文档无法读取（用 --out 可列出）"),
        });
        let passages = shown.words("passages", "个片段");
        let said = format!("{}@{}: {rows} {passages}{}", row.name, row.version, skipped.unwrap_or_default());
        shown.result(&serde_json::to_value(&row)?, &said);
        return Ok(ExitCode::SUCCESS);
    };
    let report = app.dataset_passages(asked.path, out.clone(), Some(asked.max_chars), language, &call.live()).await?;
    let mut lines: Vec<String> = report.skipped.kept.iter().map(|skipped| skipped.sentence(language)).collect();
    for document in report.documents.iter().filter(|document| !document.pages_without_text.is_empty()) {
        let pages: Vec<String> = document.pages_without_text.iter().map(ToString::to_string).collect();
        lines.push(format!("{} {}", shown.words("Pages without text:", "没有文字的页："), pages.join(", ")));
    }
    let rows = figures::count(report.rows);
    lines.push(format!("{}: {rows} {}", out.display(), shown.words("passages", "个片段")));
    shown.result(&serde_json::to_value(&report)?, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Lets a model write; exit 1 where nothing could be used.
pub async fn draft(asked: Drafting, call: &Call) -> Result<ExitCode> {
    let (app, shown, language) = (&call.app, &call.shown, call.language());
    let DatasetInput { path, version } = app.dataset_input(&asked.input).await?;
    let from = match version {
        Some(row) => ProposalSource::Rows { dataset: row.dataset, version: row.version },
        None => ProposalSource::Documents { path: std::path::absolute(&path)?.display().to_string() },
    };
    let Drafting { target, each, limit, instruction, .. } = asked;
    let wanted = ProposalDraft { from, target, each, limit, instruction };
    let made = match app.proposal_draft(wanted, language, &call.live()).await {
        Ok(made) => made,
        Err(error) => {
            shown.aside(shown.words(
                "What was drafted before this is kept: partner dataset drafts list",
                "此前起草的内容已保存：partner dataset drafts list",
            ));
            return Err(error);
        }
    };
    let mut lines = made.failed.clone();
    if made.failed_total > made.failed.len() as u64 {
        lines.push(format!("… {}", figures::count(made.failed_total - made.failed.len() as u64)));
    }
    let (drafts, batch) = (figures::count(made.made), &made.batch);
    lines.push(match (language, made.made) {
        (Language::English, 0) => "Nothing that the model wrote could be used.".to_owned(),
        (Language::Chinese, 0) => "模型写的内容都不能使用。".to_owned(),
        (Language::English, _) => format!("Batch {batch}: {drafts} drafts wait to be judged."),
        (Language::Chinese, _) => format!("草稿组 {batch}：{drafts} 条草稿等待判断。"),
    });
    shown.result(&serde_json::to_value(&made)?, &lines.join("\n"));
    Ok(if made.made > 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Judges drafts, and keeps or discards them.
pub async fn run(command: Drafts, call: &Call) -> Result<ExitCode> {
    let (app, shown, language) = (&call.app, &call.shown, call.language());
    match command {
        Drafts::List { batch } => {
            let mut rows = app.proposal_list(Empty {}, language).await?;
            rows.retain(|row| batch.as_ref().is_none_or(|batch| *batch == row.batch));
            shown.result(&json!({"drafts": rows}), &list(&rows, shown));
        }
        Drafts::Accept { ids } => judge(ids, ProposalState::Accepted, call).await?,
        Drafts::Reject { ids } => judge(ids, ProposalState::Rejected, call).await?,
        Drafts::Edit { id, question, answer } => {
            let wish = ProposalJudge { id, state: ProposalState::Accepted, question, answer };
            let row = app.proposal_judge(wish, language).await?;
            let said = format!("{} {}\n{}\n{}", state(row.state, shown), row.id, row.question, row.answer);
            shown.result(&serde_json::to_value(&row)?, &said);
        }
        Drafts::Keep { batch, name, to } => {
            let old = match &to {
                Some(name) => Some(library::found(app, name, shown).await?),
                None => None,
            };
            let name = name.or(to).unwrap_or_default();
            let wish = ProposalKeep { batch, name, dataset: old.map(|set| set.id) };
            let row = app.proposal_keep(wish, language, &call.live()).await?;
            let rows = figures::count(row.rows);
            let said = format!("{}@{}: {rows} {}", row.name, row.version, shown.words("rows", "行"));
            shown.result(&serde_json::to_value(&row)?, &said);
        }
        Drafts::Discard { batch } => {
            app.proposal_discard(ProposalBatch { batch: batch.clone() }, language).await?;
            shown.result(&json!({"discarded": batch}), &format!("{} {batch}", shown.words("Discarded", "已丢弃")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn judge(ids: Vec<String>, state: ProposalState, call: &Call) -> Result<()> {
    let mut rows = Vec::new();
    for id in ids {
        let wish = ProposalJudge { id, state, question: None, answer: None };
        rows.push(call.app.proposal_judge(wish, call.language()).await?);
    }
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    call.shown.result(&json!({"drafts": rows}), &format!("{} {}", self::state(state, &call.shown), ids.join(", ")));
    Ok(())
}

fn state(state: ProposalState, shown: &Shown) -> &'static str {
    match state {
        ProposalState::Waiting => shown.words("Waiting", "待判断"),
        ProposalState::Accepted => shown.words("Accepted", "已接受"),
        ProposalState::Rejected => shown.words("Rejected", "已拒绝"),
    }
}

fn list(rows: &[ProposalRow], shown: &Shown) -> String {
    if rows.is_empty() {
        return shown.words("There are no drafts.", "没有草稿。").to_owned();
    }
    let columns = [
        text("ID"),
        text(shown.words("Batch", "草稿组")),
        text(shown.words("State", "状态")),
        text(shown.words("Question", "问题")),
        text(shown.words("Answer", "答案")),
        text(shown.words("From", "来源")),
    ];
    let short = |text: &str| {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut: String = line.chars().take(SHOWN).collect();
        if cut.len() < line.len() { format!("{cut}…") } else { cut }
    };
    let cells = rows.iter().map(|row| {
        let state = state(row.state, shown).to_owned();
        vec![row.id.clone(), row.batch.clone(), state, short(&row.question), short(&row.answer), short(&row.place)]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}
