//! Limits as data: the embedded cloud's own, and those that Model Studio documents.

/// What a cloud allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: &'static str,
    pub file_bytes: u64,
    pub all_files_bytes: u64,
    pub files: u64,
    /// Of one piece of an upload that goes on after a break.
    pub piece_bytes: u64,
    /// Of a file to extract text from, and of one for a batch, over the compatible API.
    pub extract_bytes: u64,
    pub batch_bytes: u64,
    /// Of a request that is not an upload.
    pub body_bytes: usize,
    /// Jobs that may wait or run at once.
    pub open_jobs: u64,
    /// Answers being generated at once.
    pub generations: usize,
}

impl Profile {
    /// Generous; the default.
    pub fn embedded() -> Self {
        Self {
            name: "embedded",
            file_bytes: 10_000_000_000,
            all_files_bytes: 1_000_000_000_000,
            files: 10_000,
            piece_bytes: 64 << 20,
            extract_bytes: 10_000_000_000,
            batch_bytes: 10_000_000_000,
            body_bytes: 8 << 20,
            open_jobs: 1_000,
            generations: 32,
        }
    }

    /// The documented numbers: files of 300 MB, 100 GB in all, 10,000 files, 20 jobs.
    pub fn model_studio() -> Self {
        Self {
            name: "model-studio",
            file_bytes: 300 << 20,
            all_files_bytes: 100 << 30,
            files: 10_000,
            piece_bytes: 64 << 20,
            extract_bytes: 150 << 20,
            batch_bytes: 500 << 20,
            body_bytes: 6 << 20,
            open_jobs: 20,
            generations: 32,
        }
    }
}
