//! `partner usage …`: what the billing API said.

use anyhow::Result;
use pc_app::api::{Empty, UsageMonth, UsageRequest};

use super::Call;
use crate::args::Usage;
use crate::figures;
use crate::shown::Shown;
use crate::table::{number, table, text};

/// Runs one of them.
pub async fn run(command: Usage, call: &Call) -> Result<()> {
    let (app, shown, language) = (&call.app, &call.shown, call.language());
    match command {
        Usage::Sync => {
            let synced = app.usage_sync(Empty {}, language).await?;
            let lines = figures::count(synced.lines);
            let said = match language {
                pc_base::Language::English => format!("{lines} lines of the bill were read."),
                pc_base::Language::Chinese => format!("已读取 {lines} 行账单。"),
            };
            shown.result(&serde_json::to_value(&synced)?, &said);
        }
        Usage::Show { month } => {
            let usage = app.usage_get(UsageRequest { month }, language).await?;
            shown.result(&serde_json::to_value(&usage)?, &month_text(&usage, shown));
        }
    }
    Ok(())
}

/// The bill's lines, then its sums, then its age.
pub fn month_text(usage: &UsageMonth, shown: &Shown) -> String {
    let Some(synced_at) = &usage.synced_at else {
        return shown
            .words("The bill was never read: partner usage sync", "尚未读取账单，请先运行：partner usage sync")
            .to_owned();
    };
    let sums = [
        (shown.words("Training", "训练"), &usage.training),
        (shown.words("Inference", "推理"), &usage.inference),
        (shown.words("Hosting", "托管"), &usage.hosting),
        (shown.words("Total", "合计"), &usage.total),
    ];
    let sums: Vec<Vec<String>> = sums.map(|(name, sum)| vec![name.to_owned(), figures::money(sum)]).into();
    let age = match shown.language() {
        pc_base::Language::English => format!("Bill of {}, read {}", usage.month, figures::instant(synced_at)),
        pc_base::Language::Chinese => format!("{} 账单，读取于 {}", usage.month, figures::instant(synced_at)),
    };
    format!("{}\n\n{}\n\n{age}", lines(usage, shown), table(&[text(""), number("")], &sums))
}

fn lines(usage: &UsageMonth, shown: &Shown) -> String {
    let columns = [
        text(shown.words("Day", "日期")),
        text(shown.words("Kind", "类别")),
        text(shown.words("Model", "模型")),
        text(shown.words("Item", "计费项")),
        number(shown.words("Quantity", "数量")),
        text(shown.words("Unit", "单位")),
        number(shown.words("Price", "单价")),
        number(shown.words("Cost", "费用")),
    ];
    let cells = usage.lines.iter().map(|line| {
        vec![
            line.date.clone(),
            kind(&line.kind, shown).to_owned(),
            line.model.clone(),
            item(&line.item, shown).to_owned(),
            line.quantity.clone(),
            unit(&line.unit, shown).to_owned(),
            figures::money(&line.unit_price),
            figures::money(&line.cost),
        ]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}

fn kind<'a>(kind: &'a str, shown: &'a Shown) -> &'a str {
    match kind {
        "training" => shown.words("training", "训练"),
        "inference" => shown.words("inference", "推理"),
        "hosting" => shown.words("hosting", "托管"),
        other => other,
    }
}

fn item<'a>(item: &'a str, shown: &'a Shown) -> &'a str {
    match item {
        "training_token" => shown.words("training tokens", "训练 token"),
        "input_token" => shown.words("input tokens", "输入 token"),
        "output_token" => shown.words("output tokens", "输出 token"),
        "model_unit_hour" => shown.words("model unit hours", "模型单元时长"),
        other => other,
    }
}

fn unit<'a>(unit: &'a str, shown: &'a Shown) -> &'a str {
    match unit {
        "1K tokens" => shown.words("1K tokens", "千 token"),
        "hour" => shown.words("hours", "小时"),
        other => other,
    }
}
