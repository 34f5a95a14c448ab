//! Uploads: judged first, at the pace that was chosen, noted on the disk before a byte goes out so that they go on after the
//! program ended, and held to what was judged. Deliberately absent: the sending, which is `pc-cloud`.

use std::path::PathBuf;

use anyhow::Result;
use pc_base::{Code, Language, coded};
use pc_cloud::{Outgoing, Pace};
use pc_dataset::{Limits, Report};
use pc_protocol::FileObject;
use pc_protocol::receipt::Action;
use pc_store::console::{BegunUpload, KnownDataset};

use super::datasets::row_of;
use crate::api::{
    DatasetKind, DatasetRow, DatasetUpload, Empty, Tag, TaskProgress, UploadId, UploadLimits, UploadRow, VersionRow,
    VersionSend,
};
use crate::app::App;
use crate::cases::settings::pace;
use crate::clouds::Opened;
use crate::live::Live;
use crate::words::words;

impl App {
    /// `dataset_upload`: checked first; a file with errors is refused before anything is sent. What was counted is kept,
    /// because the cloud does not count. An upload of the same file that was left goes on where it was.
    pub async fn dataset_upload(
        &self,
        wanted: DatasetUpload,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<DatasetRow> {
        let pace = self.pace_of(&wanted).await?;
        let path = PathBuf::from(&wanted.path);
        let mut report = self.judged(path.clone(), wanted.kind, language, live).await?;
        report.name = wanted.name.clone().unwrap_or(report.name);
        if report.errors_total > 0 {
            let count = report.rows.saturating_sub(report.good_rows).max(1);
            let empty = report.rows == 0;
            let code = if empty { Code::DatasetEmpty } else { Code::DatasetHasErrors };
            return Err(coded(code).with("count", count).into());
        }
        let opened = self.selected().await?;
        let file = self.sent(&opened, &wanted, &report, pace, live).await?;
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

    /// `version_upload`: a version of a local data set, under its name and number.
    pub async fn version_upload(
        &self,
        wanted: VersionSend,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<DatasetRow> {
        let (dataset, version) = (wanted.dataset, wanted.version);
        let held = self.blocking(move |app| app.version_held(&dataset, version)).await?;
        let upload = DatasetUpload {
            path: held.path.display().to_string(),
            name: Some(upload_name(&held.row)),
            description: wanted.description,
            kind: Some(held.row.kind),
            ..DatasetUpload::default()
        };
        self.dataset_upload(upload, language, live).await
    }

    async fn pace_of(&self, wanted: &DatasetUpload) -> Result<Pace> {
        let set = self.settings_get(Empty {}, Language::English).await?;
        let hours = wanted.hours.as_ref().unwrap_or(&set.upload_hours);
        pace(wanted.bytes_per_second.unwrap_or(set.upload_bytes_per_second), hours)
    }

    async fn sent(
        &self,
        opened: &Opened,
        wanted: &DatasetUpload,
        report: &Report,
        pace: Pace,
        live: &Live<TaskProgress>,
    ) -> Result<FileObject> {
        let (cloud_id, sha256, name) = (opened.id.clone(), report.sha256.clone(), report.name.clone());
        let left = self.blocking(move |app| app.store().read(|tx| tx.upload_of(&cloud_id, &sha256, &name))).await?;
        let path = PathBuf::from(&wanted.path);
        let begin = BegunUpload {
            cloud_id: opened.id.clone(),
            upload_id: String::new(),
            name: report.name.clone(),
            sha256: report.sha256.clone(),
            bytes: report.bytes,
            path: std::path::absolute(&path).unwrap_or_else(|_| path.clone()).display().to_string(),
            kind: wanted.kind.unwrap_or_default().name().to_owned(),
            description: wanted.description.clone().unwrap_or_default(),
            begun_at: self.now(),
        };
        let begun = |upload_id: &str| {
            self.store().write(|tx| {
                // One that the cloud has no more is replaced by its successor.
                if let Some(left) = left.as_ref().filter(|left| left.upload_id != upload_id) {
                    tx.upload_remove(&left.cloud_id, &left.upload_id)?;
                }
                tx.upload_put(&BegunUpload { upload_id: upload_id.to_owned(), ..begin.clone() })
            })
        };
        let out = Outgoing {
            path: &path,
            name: &report.name,
            description: &begin.description,
            md5: Some(&report.md5),
            pace,
            resume: left.as_ref().map(|left| left.upload_id.as_str()),
            begun: &begun,
            reporter: live,
            cancel: &live.cancel,
        };
        // However it ends: what is left to go on with is another then, also where nobody waits for the end any more.
        let _told = Told(self);
        let file = opened.cloud.file_send(&out).await?;
        self.blocking(move |app| {
            app.store().write(|tx| match tx.upload_of(&begin.cloud_id, &begin.sha256, &begin.name)? {
                Some(ended) => tx.upload_remove(&ended.cloud_id, &ended.upload_id),
                None => Ok(()),
            })
        })
        .await?;
        Ok(file)
    }

    /// `upload_limits`
    pub async fn upload_limits(&self, _: Empty, _: Language) -> Result<UploadLimits> {
        let Limits { file_bytes, console_bytes, .. } = self.file_limits().await?;
        Ok(UploadLimits { file_bytes, console_bytes })
    }

    /// `upload_list`: those that the cloud still has; the others are forgotten.
    pub async fn upload_list(&self, _: Empty, _: Language) -> Result<Vec<UploadRow>> {
        let cloud_id = self.selected_id().await?;
        let left = self.blocking(move |app| app.store().read(|tx| tx.uploads(&cloud_id))).await?;
        if left.is_empty() {
            // No cloud is started to hear that there is nothing.
            return Ok(Vec::new());
        }
        let (opened, mut rows) = (self.selected().await?, Vec::with_capacity(left.len()));
        for upload in left {
            match opened.cloud.upload_left(&upload.upload_id).await? {
                Some(there) => rows.push(row(upload, there.offset)),
                None => self.forget(upload).await?,
            }
        }
        Ok(rows)
    }

    /// `upload_discard`: what arrived of it is destroyed in the cloud.
    pub async fn upload_discard(&self, wanted: UploadId, _: Language) -> Result<Empty> {
        let opened = self.selected().await?;
        opened.cloud.upload_discard(&wanted.upload_id).await?;
        let (cloud_id, upload_id) = (opened.id, wanted.upload_id);
        self.forget(BegunUpload { cloud_id, upload_id, ..BegunUpload::default() }).await?;
        Ok(Empty {})
    }

    async fn forget(&self, upload: BegunUpload) -> Result<()> {
        self.blocking(move |app| app.store().write(|tx| tx.upload_remove(&upload.cloud_id, &upload.upload_id))).await
    }
}

/// Says at its end that lists of data sets are stale.
struct Told<'a>(&'a App);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.changed(&[Tag::Datasets]);
    }
}

/// What a version is called in a cloud: clouds take letters and digits of ASCII, `-` and `_`.
pub fn upload_name(row: &VersionRow) -> String {
    let plain: String = row.name.chars().map(|c| if c == ' ' || c == '.' { '-' } else { c }).collect();
    let plain: String =
        plain.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(80).collect();
    let plain = plain.trim_matches('-');
    format!("{}-v{}.jsonl", if plain.is_empty() { "dataset" } else { plain }, row.version)
}

fn row(upload: BegunUpload, arrived: u64) -> UploadRow {
    UploadRow {
        kind: DatasetKind::from_name(&upload.kind).unwrap_or_default(),
        upload_id: upload.upload_id,
        name: upload.name,
        path: upload.path,
        description: upload.description,
        bytes: upload.bytes,
        arrived,
        begun_at: upload.begun_at,
    }
}
