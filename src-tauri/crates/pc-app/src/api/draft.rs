//! Rows that a model drafts and a person judges: questions and answers out of documents, and paraphrases of rows.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ChatTarget, DatasetKind};

/// `document_import`: documents become passages, and these a data set of texts (CPT).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DocumentImport {
    /// A document, or a folder or archive of them.
    pub path: String,
    pub name: String,
    /// Most characters of a passage; 800 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_chars: Option<u32>,
}

/// `proposal_draft`: a model drafts rows, which wait to be judged.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ProposalDraft {
    pub from: ProposalSource,
    /// Who writes.
    pub target: ChatTarget,
    /// Of a passage, or paraphrases of a row: 1 to 10.
    pub each: u32,
    /// Most passages or rows that are asked about.
    pub limit: u32,
    /// What else the model is told, in the user's words.
    pub instruction: String,
}

/// What is drafted from.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum ProposalSource {
    /// A document, a folder or an archive.
    Documents { path: String },
    /// Rows of a version, put in other words.
    Rows { dataset: String, version: u32 },
}

/// `proposal_list`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ProposalRow {
    pub id: String,
    /// One batch is one call of `proposal_draft`.
    pub batch: String,
    pub question: String,
    pub answer: String,
    /// The passage, or the row's own question and answer.
    pub ground: String,
    /// Such as `manual.pdf, page 3, 客房 / 押金`.
    pub place: String,
    pub model: String,
    /// The share of the answer's wording that the ground has, 0 to 1; nothing where it cannot be said, as of an answer that was
    /// there before.
    pub support: Option<f64>,
    pub state: ProposalState,
    /// Whether a person changed its words.
    pub edited: bool,
    /// RFC 3339.
    pub drafted_at: String,
}

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    Waiting,
    Accepted,
    Rejected,
}

/// `proposal_judge`: accept, reject or change one.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ProposalJudge {
    pub id: String,
    pub state: ProposalState,
    /// The changed words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub question: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub answer: Option<String>,
}

/// `proposal_keep`: the accepted ones of a batch become a version.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ProposalKeep {
    pub batch: String,
    pub name: String,
    /// An existing data set that gets them after its own newest rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dataset: Option<String>,
}

/// `proposal_draft`: what came of it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ProposalsMade {
    pub batch: String,
    pub made: u64,
    /// What could not be used, each in a sentence; the first 20.
    pub failed: Vec<String>,
    /// All of them.
    pub failed_total: u64,
    pub kind: DatasetKind,
}

/// `proposal_discard`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ProposalBatch {
    pub batch: String,
}
