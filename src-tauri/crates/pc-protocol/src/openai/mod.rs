//! OpenAI's own surface (`/v1`) where it differs from the compatible one: files that expire, uploads in parts,
//! fine-tuning jobs, usage and costs. What is optional is written as null, as OpenAI does.

mod files;
mod jobs;
mod usage;

use serde::{Deserialize, Serialize};

pub use files::{CompleteUpload, CreateUpload, Deleted, ExpiresAfter, FileObject, Upload, UploadPart};
pub use jobs::{
    Checkpoint, CheckpointMetrics, CreateJob, CreatePermission, Event, Hyperparameters, Job, JobError, Method,
    MethodSettings, Permission,
};
pub use usage::{Amount, Bucket, CompletionsUsage, Costs, UsagePage};

/// A page by cursor: the next one is asked for `after` the last id while there is more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct List<T> {
    /// `list`
    pub object: String,
    pub data: Vec<T>,
    pub has_more: bool,
    pub first_id: Option<String>,
    pub last_id: Option<String>,
}
