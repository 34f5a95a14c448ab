//! Data sets: judged on this machine before a byte leaves it.

use std::path::PathBuf;

use anyhow::Result;
use pc_base::{Language, write_atomic};
use pc_dataset::{Report, sample};

use crate::api::{DatasetPath, DatasetReport, Empty, Finding, SampleMessage, SampleRow, Severity, TaskProgress};
use crate::app::App;
use crate::datasets::dataset_check;
use crate::live::Live;

impl App {
    /// `dataset_check`
    pub async fn dataset_check(
        &self,
        file: DatasetPath,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<DatasetReport> {
        Ok(self.judged(file.path.into(), language, live).await?.into())
    }

    async fn judged(&self, path: PathBuf, language: Language, live: &Live<TaskProgress>) -> Result<Report> {
        let live = live.clone();
        self.blocking(move |_| dataset_check(&path, language, &live, &live.cancel)).await
    }

    /// `dataset_sample`: the bundled hotel sample as a file, written when it is not there as it was.
    pub async fn dataset_sample(&self, _: Empty, _: Language) -> Result<DatasetPath> {
        self.blocking(|app| {
            let path = app.places().home.join("samples").join(sample::FILE_NAME);
            let same = std::fs::read(&path).is_ok_and(|bytes| bytes == sample::TRAIN.as_bytes());
            if !same {
                write_atomic(&path, sample::TRAIN.as_bytes())?;
            }
            Ok(DatasetPath { path: path.display().to_string() })
        })
        .await
    }
}

impl From<Report> for DatasetReport {
    fn from(report: Report) -> Self {
        let finding = |found: pc_dataset::Finding| Finding {
            code: found.code.name().to_owned(),
            severity: match found.severity {
                pc_dataset::Severity::Error => Severity::Error,
                pc_dataset::Severity::Warning => Severity::Warning,
            },
            line: found.line,
            at: found.at,
            message: found.message,
        };
        let sample = |row: pc_dataset::SampleRow| SampleRow {
            line: row.line,
            messages: row.row.messages.into_iter().map(message).collect(),
        };
        Self {
            path: report.path,
            name: report.name,
            bytes: report.bytes,
            sha256: report.sha256,
            rows: report.rows,
            good_rows: report.good_rows,
            messages: report.messages,
            characters: report.characters,
            findings: report.findings.into_iter().map(finding).collect(),
            findings_total: report.findings_total,
            sample: report.sample.into_iter().map(sample).collect(),
        }
    }
}

fn message(message: pc_dataset::Message) -> SampleMessage {
    SampleMessage { role: message.role.name().to_owned(), content: message.content }
}
