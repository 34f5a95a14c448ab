//! `partner dataset check` and `stats`: what is wrong with rows, and what they are like.

use std::process::ExitCode;

use anyhow::Result;
use pc_app::api::{Bar, Distribution};
use pc_app::{Asked, DatasetInput, Report, Statistics};
use pc_base::Language;

use super::Call;
use crate::args::AskedOf;
use crate::figures;
use crate::shown::Shown;
use crate::table::{number, table, text};

/// Bars of a label or a language are few; those of a size are drawn in this width.
const WIDTH: usize = 40;

async fn input(asked: AskedOf, call: &Call) -> Result<(DatasetInput, Asked)> {
    let AskedOf { input, kind, model, max_length } = asked;
    let input = call.app.dataset_input(&input).await?;
    let kind = input.version.as_ref().map_or(kind.into(), |row| row.kind);
    Ok((input, Asked { kind, model, max_length, ..Asked::default() }))
}

/// Lists every finding; exit 1 when a row has an error.
pub async fn check(asked: AskedOf, batch_size: Option<u64>, held: Vec<String>, call: &Call) -> Result<ExitCode> {
    let (input, mut asked) = input(asked, call).await?;
    for one in held {
        asked.held.push(call.app.dataset_input(&one).await?.path);
    }
    told(input, Asked { batch_size, ..asked }, call).await
}

/// The same with what is asked already known.
pub async fn told(input: DatasetInput, asked: Asked, call: &Call) -> Result<ExitCode> {
    let shown = &call.shown;
    let report = call.app.dataset_whole(input, asked, shown.language(), &call.live()).await?;
    shown.result(&serde_json::to_value(&report)?, &listed(&report, shown));
    Ok(if report.errors_total == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Findings, then how many of each there are, then the sum.
fn listed(report: &Report, shown: &Shown) -> String {
    let place = |line: u64, at: &str| format!("{}:{line} {at}", report.name).trim_end().to_owned();
    let findings = report
        .findings
        .iter()
        .map(|found| format!("{} {} [{}]", place(found.line, &found.at), found.message, found.code.name()));
    let mut lines: Vec<String> = findings.collect();
    if !report.groups.is_empty() {
        let columns = [number(shown.words("Findings", "数量")), text(shown.words("What", "内容")), text("")];
        let cells = report
            .groups
            .iter()
            .map(|group| vec![figures::count(group.total), group.title.clone(), format!("[{}]", group.code.name())]);
        lines.push(format!("\n{}\n", table(&columns, &cells.collect::<Vec<_>>())));
    }
    let (rows, good) = (figures::count(report.rows), figures::count(report.good_rows));
    let (errors, warnings) =
        (figures::count(report.errors_total), figures::count(report.findings_total - report.errors_total));
    lines.push(match shown.language() {
        Language::English => {
            format!("{}: {rows} rows, {good} good, {errors} errors, {warnings} warnings", report.name)
        }
        Language::Chinese => {
            format!("{}：共 {rows} 行，{good} 行正确，{errors} 个错误，{warnings} 个警告", report.name)
        }
    });
    if report.stats.tokens_total > 0 {
        let tokens = figures::count(report.stats.tokens_total);
        lines.push(match shown.language() {
            Language::English => format!("{tokens} tokens"),
            Language::Chinese => format!("共 {tokens} 个 token"),
        });
    }
    lines.join("\n")
}

/// Prints distributions.
pub async fn stats(asked: AskedOf, call: &Call) -> Result<ExitCode> {
    let (input, asked) = input(asked, call).await?;
    let shown = &call.shown;
    let statistics = call.app.dataset_stats(input.path, asked, shown.language(), &call.live()).await?;
    shown.result(&serde_json::to_value(&statistics)?, &drawn(&statistics, shown));
    Ok(ExitCode::SUCCESS)
}

fn drawn(statistics: &Statistics, shown: &Shown) -> String {
    let (rows, good) = (figures::count(statistics.rows), figures::count(statistics.good_rows));
    let mut parts = vec![match shown.language() {
        Language::English => format!("{rows} rows, {good} good"),
        Language::Chinese => format!("共 {rows} 行，{good} 行正确"),
    }];
    let sums = [
        (shown.words("Messages", "消息"), Some(statistics.messages)),
        (shown.words("Characters", "字符"), Some(statistics.characters)),
        ("Token", statistics.tokens),
        (shown.words("Rows that are too long", "过长的行"), statistics.rows_over),
    ];
    let sums = sums.iter().filter_map(|(name, sum)| Some(vec![(*name).to_owned(), figures::count((*sum)?)]));
    parts.push(table(&[text(shown.words("Sum", "合计")), number("")], &sums.collect::<Vec<_>>()));
    parts.extend(statistics.charts.iter().map(|chart| chart_of(chart, shown)));
    parts.join("\n\n")
}

fn chart_of(chart: &Distribution, shown: &Shown) -> String {
    let name = match chart.name.as_str() {
        "characters" => shown.words("Characters of a row", "每行字符数"),
        "turns" => shown.words("Messages of a row", "每行消息数"),
        "answers" => shown.words("Characters of the last answer", "最后回答的字符数"),
        "tokens" => shown.words("Tokens of a row", "每行 token 数"),
        "languages" => shown.words("Languages", "语言"),
        _ => shown.words("Short answers", "简短回答"),
    };
    let most = chart.bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    let bar = |bar: &Bar| {
        let length = (bar.count as f64 / most as f64 * WIDTH as f64).ceil() as usize;
        vec![label(chart, &bar.label, shown), figures::count(bar.count), "█".repeat(length)]
    };
    let cells: Vec<_> = chart.bars.iter().map(bar).collect();
    let columns = [text(name), number(shown.words("Rows", "行数")), text("")];
    let drawn = table(&columns, &cells);
    let (Some(median), Some(p95), Some(greatest)) = (chart.median, chart.p95, chart.greatest) else { return drawn };
    let [median, p95, greatest] = [median, p95, greatest].map(figures::count);
    let told = match shown.language() {
        Language::English => format!("median {median}, 95 % up to {p95}, at most {greatest}"),
        Language::Chinese => format!("中位数 {median}，95% 不超过 {p95}，最大 {greatest}"),
    };
    format!("{drawn}\n{told}")
}

fn label(chart: &Distribution, label: &str, shown: &Shown) -> String {
    let name = match (chart.name.as_str(), label) {
        ("languages", "chinese") => shown.words("Chinese", "中文"),
        ("languages", "latin") => shown.words("English and others in Latin letters", "英文等拉丁字母语言"),
        ("languages", "mixed") => shown.words("mixed", "混合"),
        ("languages", "other") => shown.words("others", "其他"),
        ("languages", _) => shown.words("no letters", "无文字"),
        (_, label) => label,
    };
    name.to_owned()
}
