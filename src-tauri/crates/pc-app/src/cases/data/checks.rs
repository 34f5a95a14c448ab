//! The whole check: of a version, kept beside it so that it is there at once the next time, and of any file. Deliberately absent: what
//! is wrong with a row, which is `pc-dataset`'s, and the check before an upload, which looks at the format alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use pc_base::{Language, write_atomic};
use pc_dataset::near::{Held, HeldKind, NearOptions};
use pc_dataset::privacy::{Detector, Rules};
use pc_dataset::{Area, CheckOptions, Histogram, Report, RowTokens, Stats, WholeOptions, check, whole};
use pc_model::{Counter, QwenTokens, RowCounter};
use serde::Serialize;

use crate::api::{
    Bar, Checked, DatasetKind, Distribution, FindingArea, FindingGroup, KeptReport, Severity, TaskProgress,
    VersionCheck, VersionFinding, VersionId, VersionReport, VersionRow,
};
use crate::app::App;
use crate::library::DatasetInput;
use crate::live::Live;
use crate::models;

/// Qwen's vocabularies, which are part of the program: the longest name that a model's begins with says which.
const QWEN: [(&str, QwenTokens); 4] = [
    ("qwen2.5", QwenTokens::Qwen25),
    ("qwen3", QwenTokens::Qwen3),
    ("qwen2", QwenTokens::Qwen2),
    ("qwen", QwenTokens::Qwen1),
];

/// What is asked of a check, beside the rows themselves.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub kind: DatasetKind,
    /// Whose tokens are counted: a model on this machine, or a name that begins with `qwen`, `qwen2`, `qwen2.5` or `qwen3`.
    pub model: Option<String>,
    pub max_length: Option<u64>,
    pub batch_size: Option<u64>,
    /// What training must not know: files of rows, or golden sets, which are `.json`.
    pub held: Vec<PathBuf>,
}

/// What a file's good rows are like.
#[derive(Clone, Debug, Serialize)]
pub struct Statistics {
    pub rows: u64,
    pub good_rows: u64,
    pub bytes: u64,
    /// Messages and characters of the good rows, and their tokens where a model was asked for.
    pub messages: u64,
    pub characters: u64,
    pub tokens: Option<u64>,
    /// Rows of more tokens than a longest row that was asked for.
    pub rows_over: Option<u64>,
    pub model: Option<String>,
    pub charts: Vec<Distribution>,
}

impl App {
    /// `version_check`: everything that can be said of a version, kept beside it.
    pub async fn version_check(
        &self,
        wanted: VersionCheck,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<VersionReport> {
        let VersionCheck { dataset, version, model, max_length, batch_size, held } = wanted;
        let (row, held) = self
            .blocking(move |app| {
                let held = held.iter().map(|one| Ok(app.version_held(&one.dataset, one.version)?.path));
                Ok((app.version_held(&dataset, version)?.row, held.collect::<Result<Vec<_>>>()?))
            })
            .await?;
        let asked = Asked { kind: row.kind, model, max_length, batch_size, held };
        let (path, version) = (row.path.clone().into(), Some(row.clone()));
        self.dataset_whole(DatasetInput { path, version }, asked, language, live).await?;
        let id = VersionId { dataset: row.dataset, version: row.version };
        self.version_report(id, language).await?.report.context("a check that was just kept is there")
    }

    /// `version_report`
    pub async fn version_report(&self, wanted: VersionId, language: Language) -> Result<KeptReport> {
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            // What an earlier program kept in another shape is checked again; it is no failure.
            let kept = std::fs::read(app.version_sidecar(&held.row, sidecar(language))).unwrap_or_default();
            Ok(KeptReport { report: serde_json::from_slice(&kept).ok() })
        })
        .await
    }

    /// Says everything about a file; where it is a version, the verdict is kept beside it.
    pub async fn dataset_whole(
        &self,
        input: DatasetInput,
        asked: Asked,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<Report> {
        let (limits, live) = (self.file_limits().await?, live.clone());
        self.blocking(move |app| {
            let name = asked.model.clone();
            let check = CheckOptions { limits, ..app.check_options(&asked, language)? };
            let detector = Detector::new(&Rules::default())?;
            let (near, held) = (Some(NearOptions::default()), asked.held.iter().map(|path| held_out(path)).collect());
            let options = WholeOptions { check, detector: Some(&detector), near, held };
            let mut report = whole(&input.path, &options, &live, &live.cancel)?;
            if let Some(row) = input.version {
                // Its file is named by what it holds, which nobody asked about.
                report.name = row.name.clone();
                app.report_keep(&row, &report, name)?;
            }
            Ok(report)
        })
        .await
    }

    /// Distributions of a file's good rows: languages, lengths, turns, labels and, with a model, tokens.
    pub async fn dataset_stats(
        &self,
        path: PathBuf,
        asked: Asked,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<Statistics> {
        let live = live.clone();
        self.blocking(move |app| {
            let report = check(&path, &app.check_options(&asked, language)?, &live, &live.cancel)?;
            Ok(Statistics {
                rows: report.rows,
                good_rows: report.good_rows,
                bytes: report.bytes,
                messages: report.messages,
                characters: report.characters,
                tokens: asked.model.is_some().then_some(report.stats.tokens_total),
                rows_over: asked.max_length.is_some().then_some(report.stats.rows_over),
                model: asked.model,
                charts: charts(&report.stats),
            })
        })
        .await
    }

    fn check_options(&self, asked: &Asked, language: Language) -> Result<CheckOptions> {
        Ok(CheckOptions {
            language,
            kind: asked.kind.into(),
            batch_size: asked.batch_size,
            counter: asked.model.as_deref().map(|model| self.counter(model)).transpose()?,
            max_length: asked.max_length,
            ..CheckOptions::default()
        })
    }

    /// Counts a row as a training of the model would see it. A model on this machine comes before one of the same name that
    /// only Qwen's vocabulary is known of.
    fn counter(&self, model: &str) -> Result<pc_dataset::Counter> {
        let counter = match (models::open(self.places(), model), qwen(model)) {
            (Ok(opened), _) => RowCounter::of_model(&opened.folder)?,
            (Err(_), Some(tokens)) => RowCounter::chatml(Counter::qwen(tokens)?),
            (Err(error), None) => return Err(error),
        };
        let count = move |line: &str| {
            let tokens = counter.row(&serde_json::from_str(line).ok()?).ok()?;
            Some(RowTokens { longest: tokens.longest() as u64, total: tokens.total() as u64 })
        };
        Ok(pc_dataset::Counter(Arc::new(count)))
    }

    /// Keeps a report in both languages, each ready to be shown, and its figures for lists.
    fn report_keep(&self, row: &VersionRow, report: &Report, model: Option<String>) -> Result<()> {
        let tokens = model.is_some().then_some(report.stats.tokens_total);
        let checked_at = self.now();
        for language in [Language::English, Language::Chinese] {
            let kept = VersionReport {
                dataset: row.dataset.clone(),
                version: row.version,
                rows: report.rows,
                good_rows: report.good_rows,
                bytes: report.bytes,
                messages: report.messages,
                characters: report.characters,
                tokens,
                model: model.clone(),
                groups: report.groups.iter().map(|group| group_in(group, language)).collect(),
                findings: report.findings_in(language).into_iter().map(finding).collect(),
                findings_total: report.findings_total,
                errors_total: report.errors_total,
                charts: charts(&report.stats),
                checked_at: checked_at.clone(),
            };
            write_atomic(&self.version_sidecar(row, sidecar(language)), &serde_json::to_vec(&kept)?)?;
        }
        let checked = Checked {
            good_rows: report.good_rows,
            errors: report.errors_total,
            warnings: report.findings_total - report.errors_total,
            personal: report.total_of(Area::Privacy),
            secrets: report.total_of(Area::Secrets),
            tokens,
            checked_at,
        };
        self.version_checked(&row.dataset, row.version, &checked)
    }
}

const fn sidecar(language: Language) -> &'static str {
    match language {
        Language::English => "report.en",
        Language::Chinese => "report.zh-CN",
    }
}

fn qwen(model: &str) -> Option<QwenTokens> {
    let model = model.to_ascii_lowercase();
    QWEN.into_iter().find(|(name, _)| model.starts_with(name)).map(|(_, tokens)| tokens)
}

pub(super) fn held_out(path: &Path) -> Held {
    let golden = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    Held { path: path.to_owned(), kind: if golden { HeldKind::Golden } else { HeldKind::Rows } }
}

fn group_in(group: &pc_dataset::FindingGroup, language: Language) -> FindingGroup {
    FindingGroup {
        code: group.code.name().to_owned(),
        severity: group.severity.into(),
        area: group.area.into(),
        total: group.total,
        title: group.code.title(language).to_owned(),
        fix: group.code.fix(language).map(str::to_owned),
    }
}

fn finding(found: pc_dataset::Finding) -> VersionFinding {
    VersionFinding {
        code: found.code.name().to_owned(),
        severity: found.severity.into(),
        line: found.line,
        at: found.at,
        column: found.column,
        message: found.message,
    }
}

impl From<pc_dataset::Severity> for Severity {
    fn from(severity: pc_dataset::Severity) -> Self {
        match severity {
            pc_dataset::Severity::Error => Self::Error,
            pc_dataset::Severity::Warning => Self::Warning,
        }
    }
}

impl From<Area> for FindingArea {
    fn from(area: Area) -> Self {
        match area {
            Area::Format => Self::Format,
            Area::Content => Self::Content,
            Area::Duplicates => Self::Duplicates,
            Area::Privacy => Self::Privacy,
            Area::Secrets => Self::Secrets,
        }
    }
}

/// The distributions that say something, as bars.
fn charts(stats: &Stats) -> Vec<Distribution> {
    let sizes = [
        ("characters", &stats.characters),
        ("turns", &stats.turns),
        ("answers", &stats.answers),
        ("tokens", &stats.tokens),
    ];
    let languages = [
        ("chinese", stats.languages.chinese),
        ("latin", stats.languages.latin),
        ("mixed", stats.languages.mixed),
        ("other", stats.languages.other),
        ("none", stats.languages.none),
    ];
    let counted = |name: &str, bars: Vec<(String, u64)>| Distribution {
        name: name.to_owned(),
        bars: bars.into_iter().filter(|bar| bar.1 > 0).map(|(label, count)| Bar { label, count }).collect(),
        median: None,
        p95: None,
        greatest: None,
    };
    let languages = languages.map(|(name, count)| (name.to_owned(), count)).to_vec();
    let sizes = sizes.into_iter().map(|(name, histogram)| sizes_of(name, histogram));
    let all = sizes.chain([counted("languages", languages), counted("labels", stats.labels.clone())]);
    all.filter(|chart| !chart.bars.is_empty()).collect()
}

fn sizes_of(name: &str, histogram: &Histogram) -> Distribution {
    let label = |from: u64, to: u64| if from == to { from.to_string() } else { format!("{from}-{to}") };
    let bars = histogram.buckets().into_iter();
    Distribution {
        name: name.to_owned(),
        bars: bars.map(|bucket| Bar { label: label(bucket.from, bucket.to), count: bucket.count }).collect(),
        median: histogram.quantile(0.5),
        p95: histogram.quantile(0.95),
        greatest: histogram.quantile(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_says_which_of_qwens_vocabularies_it_has() {
        for (name, tokens) in [
            ("qwen2.5-7b-instruct", Some(QwenTokens::Qwen25)),
            ("Qwen3-0.6B", Some(QwenTokens::Qwen3)),
            ("qwen2-1.5b", Some(QwenTokens::Qwen2)),
            ("qwen", Some(QwenTokens::Qwen1)),
            ("gemma-3-270m", None),
        ] {
            assert_eq!(qwen(name), tokens, "{name}");
        }
    }

    #[test]
    fn a_chart_has_its_bars_in_order_and_what_is_empty_has_none() {
        let mut stats = Stats::default();
        [3, 3, 40].into_iter().for_each(|size| stats.tokens.add(size));
        stats.languages.chinese = 2;
        let charts = charts(&stats);
        let bars = |at: usize| charts[at].bars.iter().map(|b| (b.label.as_str(), b.count)).collect::<Vec<_>>();
        assert_eq!((charts[0].name.as_str(), bars(0)), ("tokens", vec![("3", 2), ("40-43", 1)]));
        assert_eq!((charts[0].median, charts[0].greatest), (Some(3), Some(40)));
        assert_eq!((charts[1].name.as_str(), bars(1), charts.len()), ("languages", vec![("chinese", 2)], 2));
    }
}
