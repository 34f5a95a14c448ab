//! Files: the native API (`/api/v1/files`) and the OpenAI-compatible one (`/compatible-mode/v1/files`).

use serde::{Deserialize, Serialize};

use crate::lenient;

/// A file as the native API shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FileObject {
    /// The file's number; not the id that other calls take.
    #[serde(default, deserialize_with = "lenient::count")]
    pub id: u64,
    #[serde(deserialize_with = "lenient::text")]
    pub file_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: String,
    /// Bytes.
    #[serde(default, deserialize_with = "lenient::count")]
    pub size: u64,
    /// Lower-case hex; empty where the cloud does not say.
    #[serde(default, deserialize_with = "lenient::text")]
    pub md5: String,
    /// See [`crate::time::read`].
    #[serde(default, deserialize_with = "lenient::text")]
    pub gmt_create: String,
    /// A signed address of the content, or empty.
    #[serde(default, deserialize_with = "lenient::text")]
    pub url: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub region: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub user_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub api_key_id: String,
    /// `fine-tune`, `file-extract` or `batch`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub purpose: String,
}

/// A page of files, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FilePage {
    #[serde(default, deserialize_with = "lenient::count")]
    pub total: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_no: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_size: u64,
    #[serde(deserialize_with = "lenient::or_default")]
    pub files: Vec<FileObject>,
}

/// The answer to an upload. Its status is 200 even where every file was refused, so both lists must be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Upload {
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub uploaded_files: Vec<UploadedFile>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub failed_uploads: Vec<FailedUpload>,
}

/// A file that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UploadedFile {
    #[serde(deserialize_with = "lenient::text")]
    pub file_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
}

/// A file that was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FailedUpload {
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    /// `BadRequest.TooLarge` (space) or `BadRequest.TooMany` (count).
    #[serde(default, deserialize_with = "lenient::text")]
    pub code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: String,
}

/// A file as the OpenAI-compatible API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CompatibleFile {
    pub id: String,
    /// `file`
    pub object: String,
    #[serde(default, deserialize_with = "lenient::count")]
    pub bytes: u64,
    /// Seconds since 1970.
    #[serde(default)]
    pub created_at: i64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub filename: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub purpose: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: String,
}

/// A page of [`CompatibleFile`]; the next one begins `after` the last id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CompatibleFilePage {
    /// `list`
    pub object: String,
    pub data: Vec<CompatibleFile>,
    #[serde(default)]
    pub has_more: bool,
    #[serde(default)]
    pub first_id: Option<String>,
    #[serde(default)]
    pub last_id: Option<String>,
}

/// The OpenAI-compatible answer to a deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FileDeleted {
    pub id: String,
    /// `file`
    pub object: String,
    pub deleted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Data;

    #[test]
    fn the_documented_answers_read() {
        let text = r#"{"request_id":"r-1","data":{"uploaded_files":[{"file_id":"5f0c","name":"train.jsonl"}],
            "failed_uploads":[{"name":"big.jsonl","code":"BadRequest.TooLarge","message":"m"}]}}"#;
        let upload: Data<Upload> = serde_json::from_str(text).unwrap();
        assert_eq!(upload.data.uploaded_files[0].file_id, "5f0c");
        assert_eq!(upload.data.failed_uploads[0].code, "BadRequest.TooLarge");
        let text = r#"{"request_id":"r-2","data":{"total":"1","page_no":1,"page_size":10,"new_field":[1],"files":[
            {"id":"123","file_id":"5f0c","name":"train.jsonl","description":null,"size":"20480","md5":"m",
             "gmt_create":"2026-05-01 10:00:00","url":"https://u","region":"cn-beijing","user_id":17,
             "api_key_id":null,"purpose":"fine-tune"}]}}"#;
        let page: Data<FilePage> = serde_json::from_str(text).unwrap();
        let file = &page.data.files[0];
        assert_eq!((page.data.total, file.id, file.size, file.user_id.as_str()), (1, 123, 20480, "17"));
    }

    #[test]
    fn a_file_without_its_id_is_no_file() {
        assert!(serde_json::from_str::<FileObject>(r#"{"name":"a"}"#).is_err());
        assert!(serde_json::from_str::<Data<FilePage>>(r#"{"data":{}}"#).is_err());
    }
}
