//! Data sets: judged on this machine before a byte leaves it, then sent, listed and removed.

use std::path::PathBuf;

use anyhow::Result;
use pc_base::{Language, write_atomic};
use pc_dataset::{CheckOptions, Limits, Report, check, sample};
use pc_protocol::FileObject;
use pc_protocol::receipt::Action;
use pc_server::Profile;
use pc_store::console::KnownDataset;

use super::checks::Asked;
use crate::api::{
    DatasetId, DatasetKind, DatasetPath, DatasetReport, DatasetRow, Empty, Finding, SampleMessage, SampleRow, Tag,
    TaskProgress,
};
use crate::app::App;
use crate::cases::when;
use crate::clouds::{EMBEDDED, Opened};
use crate::library::DatasetInput;
use crate::live::Live;

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
        let asked = Asked { kind: file.kind.unwrap_or_default(), ..Asked::default() };
        let input = DatasetInput { path: file.path.into(), version: None };
        Ok(self.dataset_whole(input, asked, language, live).await?.into())
    }

    /// Judges the format of every line of a file as a row of the kind, by the limits of the selected cloud: all that can refuse
    /// an upload. Findings are sentences in `language`.
    pub async fn judged(
        &self,
        path: PathBuf,
        kind: Option<DatasetKind>,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<Report> {
        let (live, kind, limits) = (live.clone(), kind.unwrap_or_default().into(), self.file_limits().await?);
        let options = CheckOptions { language, kind, limits, content: false, ..CheckOptions::default() };
        self.blocking(move |_| check(&path, &options, &live, &live.cancel)).await
    }

    /// What the selected cloud takes: as it says, else as Model Studio documents.
    pub(super) async fn file_limits(&self) -> Result<Limits> {
        let own = self.selected_id().await? == EMBEDDED;
        let says = match own {
            // A check does not start a cloud.
            true => Some(Profile::embedded().file_bytes),
            // Nor does it need one that answers.
            false => match self.selected().await {
                Ok(opened) => opened.cloud.file_bytes().await,
                Err(_) => None,
            },
        };
        let documented = Limits::default();
        Ok(says.map_or(documented.clone(), |bytes| Limits { file_bytes: bytes, console_bytes: bytes, ..documented }))
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

pub(super) fn row_of(file: FileObject, known: Option<&KnownDataset>) -> DatasetRow {
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
            severity: found.severity.into(),
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

pub(super) fn message(message: pc_dataset::Message) -> SampleMessage {
    SampleMessage { role: message.role.name().to_owned(), content: message.content }
}
