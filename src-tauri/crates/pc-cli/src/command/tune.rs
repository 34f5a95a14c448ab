//! `partner tune …`

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use pc_app::Live;
use pc_app::api::{
    Empty, HyperParameters, JobId, TrainingType, TuneLogsRequest, TuneRow, TuneStart, TuneStatus, TuneWatchEvent,
};
use pc_base::Language;
use serde_json::json;

use super::Call;
use crate::args::{self, Hyper, Tune};
use crate::figures;
use crate::shown::Shown;
use crate::table::{number, table, text};

/// Runs one of them.
pub async fn run(command: Tune, call: &Call) -> Result<ExitCode> {
    let (app, shown, language) = (&call.app, &call.shown, call.language());
    match command {
        Tune::Start(wanted) => return start(wanted, call).await,
        Tune::Watch { job } => return watch(job, call).await,
        Tune::List => {
            let rows = app.tune_list(Empty {}, language).await?;
            shown.result(&json!({"jobs": rows}), &list(&rows, shown));
        }
        Tune::Show { job } => {
            let row = app.tune_get(JobId { job_id: job }, language).await?;
            shown.result(&serde_json::to_value(&row)?, &one(&row, shown));
        }
        Tune::Cancel { job } => {
            let row = app.tune_cancel(JobId { job_id: job }, language).await?;
            shown.result(&serde_json::to_value(&row)?, &state(&row, shown));
        }
        Tune::Logs { job, offset } => {
            let logs = app.tune_logs(TuneLogsRequest { job_id: job, offset }, language).await?;
            shown.result(&serde_json::to_value(&logs)?, &logs.lines.join("\n"));
        }
        Tune::Delete { job } => {
            app.tune_delete(JobId { job_id: job.clone() }, language).await?;
            shown.result(&json!({"deleted": job}), &format!("{} {job}", shown.words("Deleted", "已删除")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn start(wanted: args::TuneStart, call: &Call) -> Result<ExitCode> {
    let request = TuneStart {
        model: wanted.model,
        dataset_ids: wanted.datasets,
        name: wanted.name,
        training_type: wanted.training_type,
        hyper_parameters: hyper(wanted.hyper, wanted.training_type),
    };
    let row = call.app.tune_start(request, call.language()).await?;
    if wanted.watch {
        call.shown.note(&json!({"started": row.job_id}), &state(&row, &call.shown));
        return watch(row.job_id, call).await;
    }
    call.shown.result(&serde_json::to_value(&row)?, &state(&row, &call.shown));
    Ok(ExitCode::SUCCESS)
}

/// What is not given is as usual for the type.
fn hyper(given: Hyper, training_type: TrainingType) -> HyperParameters {
    let usual = pc_app::main_job::hyper_parameters().for_type(training_type);
    HyperParameters {
        n_epochs: given.n_epochs.unwrap_or(usual.n_epochs),
        batch_size: given.batch_size.unwrap_or(usual.batch_size),
        max_length: given.max_length.unwrap_or(usual.max_length),
        learning_rate: given.learning_rate.unwrap_or(usual.learning_rate),
        lora_rank: given.lora_rank.unwrap_or(usual.lora_rank),
        lora_alpha: given.lora_alpha.unwrap_or(usual.lora_alpha),
        lora_dropout: given.lora_dropout.unwrap_or(usual.lora_dropout),
        lr_scheduler_type: given.lr_scheduler_type.unwrap_or(usual.lr_scheduler_type),
        warmup_ratio: given.warmup_ratio.unwrap_or(usual.warmup_ratio),
        weight_decay: given.weight_decay.unwrap_or(usual.weight_decay),
        seed: given.seed.unwrap_or(usual.seed),
    }
}

/// Follows a job; leaving it with Ctrl-C does not cancel it. Exit 1 where it did not succeed.
async fn watch(job: String, call: &Call) -> Result<ExitCode> {
    let shown = call.shown.clone();
    let seen = move |event: TuneWatchEvent| tell(&event, &shown);
    let live = Live::new(seen, call.cancel.clone());
    let row = match call.app.tune_watch(JobId { job_id: job.clone() }, call.language(), &live).await {
        Err(error) if call.cancel.is_cancelled() => {
            let goes_on = match call.language() {
                Language::English => format!("The fine-tune goes on. To stop it: partner tune cancel {job}"),
                Language::Chinese => format!("微调仍在继续。如需停止：partner tune cancel {job}"),
            };
            call.shown.note(&json!({"left": job}), &goes_on);
            return Err(error);
        }
        outcome => outcome?,
    };
    call.shown.result(&serde_json::to_value(&row)?, &one(&row, &call.shown));
    Ok(if row.status == TuneStatus::Succeeded { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Every event for programs; for people one line that is redrawn.
pub fn tell(event: &TuneWatchEvent, shown: &Shown) {
    if shown.json() {
        shown.note(&json!({"event": event}), "");
    } else {
        shown.status(&course(&event.job, shown));
    }
}

/// `Training, step 40 of 150, loss 0.812, 92 tokens/s, 3:10 left`.
pub fn course(job: &TuneRow, shown: &Shown) -> String {
    let mut parts = vec![status(job.status, shown).to_owned()];
    if job.status == TuneStatus::Running && job.step > 0 {
        parts.push(match shown.language() {
            Language::English => format!("step {} of {}", job.step, job.total_steps),
            Language::Chinese => format!("第 {} / {} 步", job.step, job.total_steps),
        });
        parts.extend(job.loss.map(|loss| format!("{} {loss:.3}", shown.words("loss", "损失"))));
        parts.extend(job.tokens_per_second.map(|rate| format!("{rate:.0} tokens/s")));
        let left = job.eta_seconds.map(figures::clock);
        parts.extend(left.map(|left| match shown.language() {
            Language::English => format!("{left} left"),
            Language::Chinese => format!("还需 {left}"),
        }));
    }
    parts.join(shown.words(", ", "，"))
}

/// A state in the reader's language.
pub fn status(status: TuneStatus, shown: &Shown) -> &str {
    match status {
        TuneStatus::Pending => shown.words("Pending", "待处理"),
        TuneStatus::Queuing => shown.words("Queuing", "排队中"),
        TuneStatus::Running => shown.words("Training", "训练中"),
        TuneStatus::Canceling => shown.words("Cancelling", "取消中"),
        TuneStatus::Succeeded => shown.words("Succeeded", "已成功"),
        TuneStatus::Failed => shown.words("Failed", "失败"),
        TuneStatus::Canceled => shown.words("Cancelled", "已取消"),
    }
}

fn state(row: &TuneRow, shown: &Shown) -> String {
    format!("{} {}", row.job_id, status(row.status, shown))
}

fn one(row: &TuneRow, shown: &Shown) -> String {
    let mut rows = vec![
        (shown.words("Job", "任务"), row.job_id.clone()),
        (shown.words("Name", "名称"), row.name.clone()),
        (shown.words("Model", "模型"), row.model.clone()),
        (shown.words("Type", "类型"), row.training_type.map(|one| one.name().to_owned()).unwrap_or_default()),
        (shown.words("Data sets", "数据集"), row.dataset_ids.join(", ")),
        (shown.words("Status", "状态"), course(row, shown)),
        (shown.words("Steps", "步数"), format!("{} / {}", row.step, row.total_steps)),
        (shown.words("Tokens", "Token 数"), figures::count(row.tokens)),
    ];
    rows.extend(row.loss.map(|loss| (shown.words("Loss", "损失"), format!("{loss:.4}"))));
    rows.extend(row.output_model.clone().map(|model| (shown.words("Result", "结果模型"), model)));
    rows.extend(row.reason.clone().map(|reason| (shown.words("Reason", "原因"), reason)));
    rows.push((shown.words("Created", "创建时间"), figures::instant(&row.created_at)));
    rows.extend(row.ended_at.as_deref().map(|ended| (shown.words("Ended", "结束时间"), figures::instant(ended))));
    let cells: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    table(&[text(""), text("")], &cells)
}

fn list(rows: &[TuneRow], shown: &Shown) -> String {
    if rows.is_empty() {
        return shown.words("There are no fine-tunes in this cloud yet.", "此云中还没有微调任务。").to_owned();
    }
    let columns = [
        text(shown.words("Job", "任务")),
        text(shown.words("Name", "名称")),
        text(shown.words("Model", "模型")),
        text(shown.words("Status", "状态")),
        number(shown.words("Steps", "步数")),
        number(shown.words("Loss", "损失")),
        number(shown.words("Left", "剩余")),
        text(shown.words("Created", "创建时间")),
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.job_id.clone(),
            row.name.clone(),
            row.model.clone(),
            status(row.status, shown).to_owned(),
            format!("{}/{}", row.step, row.total_steps),
            row.loss.map(|loss| format!("{loss:.3}")).unwrap_or_default(),
            row.eta_seconds
                .map(|left| figures::duration(Duration::from_secs(left), shown.language()))
                .unwrap_or_default(),
            figures::instant(&row.created_at),
        ]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}
