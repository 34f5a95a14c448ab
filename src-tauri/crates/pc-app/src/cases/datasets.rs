//! Data sets: judged on this machine before a byte leaves it, then sent, listed and removed.

use std::path::PathBuf;

use anyhow::Result;
use pc_base::{Code, Language, coded, write_atomic};
use pc_dataset::{Report, sample};
use pc_protocol::FileObject;
use pc_protocol::receipt::Action;
use pc_store::console::KnownDataset;

use super::when;
use crate::api::{
    DatasetId, DatasetKind, DatasetPath, DatasetReport, DatasetRow, DatasetUpload, Empty, Finding, SampleMessage,
    SampleRow, Severity, Tag, TaskProgress,
};
use crate::app::App;
use crate::clouds::Opened;
use crate::datasets::dataset_check;
use crate::live::Live;
use crate::words::words;

/// Files of a page.
const PAGE: u64 = 100;
/// Pages at most: no account has more files; a list that never ends is a broken one.
const MOST_PAGES: u64 = 100;

impl App {
    /// `dataset_check`
    pub async fn dataset_check(
        &self,
        file: DatasetPath,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<DatasetReport> {
        Ok(self.judged(file.path.into(), file.kind, language, live).await?.into())
    }

    async fn judged(
        &self,
        path: PathBuf,
        kind: Option<DatasetKind>,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<Report> {
        let (live, kind) = (live.clone(), kind.unwrap_or_default().into());
        self.blocking(move |_| dataset_check(&path, kind, language, &live, &live.cancel)).await
    }

    /// `dataset_upload`: checked first; a file with errors is refused before anything is sent. What was counted is kept,
    /// because the cloud does not count.
    pub async fn dataset_upload(
        &self,
        wanted: DatasetUpload,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<DatasetRow> {
        let path = PathBuf::from(&wanted.path);
        let report = self.judged(path.clone(), wanted.kind, language, live).await?;
        if report.errors_total > 0 {
            let count = report.rows.saturating_sub(report.good_rows).max(1);
            let empty = report.rows == 0;
            let code = if empty { Code::DatasetEmpty } else { Code::DatasetHasErrors };
            return Err(coded(code).with("count", count).into());
        }
        let opened = self.selected().await?;
        let description = wanted.description.unwrap_or_default();
        let file = opened.cloud.file_upload(&path, &report.name, &description, live, &live.cancel).await?;
        if file.size != report.bytes || !(file.md5.is_empty() || file.md5.eq_ignore_ascii_case(&report.md5)) {
            // What was sent is not what was judged.
            opened.cloud.file_delete(&file.file_id).await?;
            let why = words("file_changed", language, &[]);
            return Err(coded(Code::InputInvalid).with("what", &report.name).with("why", why).into());
        }
        let known = KnownDataset {
            cloud_id: opened.id.clone(),
            file_id: file.file_id.clone(),
            rows: report.rows,
            characters: report.characters,
            sha256: report.sha256,
            path: std::path::absolute(&path).unwrap_or(path).display().to_string(),
        };
        let mut row = row_of(file, Some(&known));
        self.blocking(move |app| app.store().write(|tx| tx.dataset_put(&known))).await?;
        row.receipt = self.receipt_keep(&opened, &row.id, Action::Upload).await?;
        Ok(row)
    }

    /// `dataset_list`
    pub async fn dataset_list(&self, _: Empty, _: Language) -> Result<Vec<DatasetRow>> {
        self.listed(("datasets", Tag::Datasets), async |app: App| {
            let opened = app.selected().await?;
            let files = all_files(&opened).await?;
            app.blocking(move |app| {
                app.store().read(|tx| {
                    let known = |file: FileObject| {
                        let known = tx.dataset(&opened.id, &file.file_id)?;
                        let receipt = app.receipt_kept(&opened.id, &file.file_id);
                        Ok(DatasetRow { receipt, ..row_of(file, known.as_ref()) })
                    };
                    files.into_iter().map(known).collect()
                })
            })
            .await
        })
        .await
    }

    /// `dataset_delete`: in the cloud; the file on this machine stays.
    pub async fn dataset_delete(&self, wanted: DatasetId, _: Language) -> Result<Empty> {
        let opened = self.selected().await?;
        opened.cloud.file_delete(&wanted.id).await?;
        let (cloud_id, id) = (opened.id.clone(), wanted.id.clone());
        self.blocking(move |app| app.store().write(|tx| tx.dataset_remove(&cloud_id, &id))).await?;
        self.receipt_keep(&opened, &wanted.id, Action::Deletion).await?;
        Ok(Empty {})
    }

    /// `dataset_sample`: the bundled hotel sample as a file, written when it is not there as it was.
    pub async fn dataset_sample(&self, _: Empty, _: Language) -> Result<DatasetPath> {
        self.blocking(|app| {
            let path = app.places().home.join("samples").join(sample::FILE_NAME);
            let same = std::fs::read(&path).is_ok_and(|bytes| bytes == sample::TRAIN.as_bytes());
            if !same {
                write_atomic(&path, sample::TRAIN.as_bytes())?;
            }
            Ok(DatasetPath { path: path.display().to_string(), kind: None })
        })
        .await
    }
}

async fn all_files(opened: &Opened) -> Result<Vec<FileObject>> {
    let mut files = Vec::new();
    for number in 1..=MOST_PAGES {
        let page = opened.cloud.files(number, PAGE).await?;
        let last = page.files.is_empty();
        files.extend(page.files);
        if last || files.len() as u64 >= page.total {
            break;
        }
    }
    Ok(files)
}

fn row_of(file: FileObject, known: Option<&KnownDataset>) -> DatasetRow {
    DatasetRow {
        id: file.file_id,
        name: file.name,
        description: file.description,
        bytes: file.size,
        md5: file.md5,
        rows: known.map(|known| known.rows),
        sha256: known.map(|known| known.sha256.clone()),
        created_at: when(&file.gmt_create),
        receipt: None,
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
