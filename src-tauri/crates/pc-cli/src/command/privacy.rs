//! `partner dataset mask` and `unmask`: personal data and secrets out of rows, and the way back for their owner.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use pc_app::Unmask as Wanted;
use pc_app::api::{MaskPlan, MaskRequest, MaskRule, PrivacyStatement};
use pc_base::{Code, CodedExt as _, coded};
use serde_json::json;

use super::Call;
use crate::args::{Mask, Unmask};
use crate::figures;
use crate::shown::Shown;
use crate::table::{number, table, text};

/// Masks into a file, or into the next version of a data set.
pub async fn mask(command: Mask, call: &Call) -> Result<ExitCode> {
    let (app, shown, live) = (&call.app, &call.shown, call.live());
    let plan = plan(&command)?;
    let input = app.dataset_input(&command.input).await?;
    let Some(out) = command.out else {
        let Some(row) = &input.version else { bail!(coded(Code::OutputMissing)) };
        let wanted = MaskRequest { dataset: row.dataset.clone(), version: row.version, plan };
        let done = app.version_mask(wanted, shown.language(), &live).await?;
        if let Some(report) = &command.report {
            let kept = std::fs::read(&done.report_path).context("reading the report that was kept")?;
            pc_base::write_atomic(report, &kept)?;
        }
        let row = &done.version;
        let into = format!("{}@{}", row.name, row.version);
        shown.result(&serde_json::to_value(&done)?, &told(&done.report, &into, shown));
        return Ok(ExitCode::SUCCESS);
    };
    let into = out.display().to_string();
    let wanted = pc_app::Mask { input, out, plan, report: command.report };
    let done = app.dataset_mask(wanted, shown.language(), &live).await?;
    shown.result(&serde_json::to_value(&done)?, &told(&done.report, &into, shown));
    Ok(ExitCode::SUCCESS)
}

/// The kept plan, with what else was given before it.
fn plan(command: &Mask) -> Result<MaskPlan> {
    let mut plan = match &command.plan {
        Some(path) => {
            let why = |error: serde_json::Error| error.to_string();
            serde_json::from_slice(&bytes(path)?).map_err(|error| {
                anyhow::Error::from(coded(Code::InputInvalid).with("what", path.display()).with("why", why(error)))
            })?
        }
        None => MaskPlan::default(),
    };
    if let Some(way) = command.otherwise {
        plan.otherwise = way.into();
    }
    plan.ways.extend(command.ways.iter().map(|(kind, way)| (kind.clone(), (*way).into())));
    for path in &command.words {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let list = String::from_utf8(bytes(path)?)
            .code(|| coded(Code::InputInvalid).with("what", path.display()).with("why", "UTF-8"))?;
        let words = list.trim_start_matches('\u{FEFF}').lines().map(str::trim).filter(|word| !word.is_empty());
        plan.own.push(MaskRule::Words { name, words: words.map(str::to_owned).collect() });
    }
    let pattern =
        |(name, pattern): &(String, String)| MaskRule::Pattern { name: name.clone(), pattern: pattern.clone() };
    plan.own.extend(command.patterns.iter().map(pattern));
    Ok(plan)
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).code(|| coded(Code::FileNotFound).with("path", path.display()))
}

fn told(report: &PrivacyStatement, into: &str, shown: &Shown) -> String {
    let columns = [
        text(shown.words("Kind", "种类")),
        number(shown.words("Found", "发现")),
        text(shown.words("What was done", "处理方式")),
    ];
    let cells = report.found.iter().map(|(kind, count)| {
        let ways = report.done.get(kind).into_iter().flatten();
        let done: Vec<String> = ways.map(|(way, count)| format!("{way} {}", figures::count(*count))).collect();
        vec![kind.clone(), figures::count(*count), done.join(", ")]
    });
    let cells: Vec<_> = cells.collect();
    let rows = figures::count(report.rows);
    let last = match shown.language() {
        pc_base::Language::English => format!("{into}: {rows} rows; signed by {}", report.fingerprint),
        pc_base::Language::Chinese => format!("{into}：{rows} 行；签名密钥 {}", report.fingerprint),
    };
    if cells.is_empty() {
        let none = shown.words("No personal data and no secrets were found.", "未发现个人数据或密钥。");
        return format!("{none}\n{last}");
    }
    format!("{}\n{last}", table(&columns, &cells))
}

/// Turns stand-ins back.
pub async fn unmask(command: Unmask, call: &Call) -> Result<ExitCode> {
    let (app, shown) = (&call.app, &call.shown);
    let Unmask { file: path, dataset, out } = command;
    if let Some(out) = out {
        let into = out.display().to_string();
        let done = app.dataset_unmask(Wanted { path, dataset, out }, &call.live()).await?;
        let restored = figures::count(done.restored);
        let said = match shown.language() {
            pc_base::Language::English => format!("{into}: {restored} stand-ins became their originals again"),
            pc_base::Language::Chinese => format!("{into}：已还原 {restored} 处假名"),
        };
        shown.result(&json!({"out": into, "report": done}), &said);
        return Ok(ExitCode::SUCCESS);
    }
    if shown.json() {
        bail!(coded(Code::InputInvalid).with("what", "--json").with("why", "it needs --out"));
    }
    // Whole before the first byte is shown: what cannot be read to its end is refused, not shown in part.
    let scratch = tempfile::tempdir()?;
    let out = scratch.path().join("text");
    app.dataset_unmask(Wanted { path, dataset, out: out.clone() }, &call.live()).await?;
    let (mut from, mut to) = (std::fs::File::open(&out)?, std::io::stdout().lock());
    std::io::copy(&mut from, &mut to)?;
    to.flush()?;
    Ok(ExitCode::SUCCESS)
}
