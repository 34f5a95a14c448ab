//! Personal data and secrets of a version: what is done with each kind, looked at before, done, and reported under a signature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::VersionRow;

/// `mask_preview`, `version_mask`
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct MaskRequest {
    pub dataset: String,
    pub version: u32,
    pub plan: MaskPlan,
}

/// What is looked for and what is done with it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct MaskPlan {
    /// Where `ways` says nothing.
    pub otherwise: MaskWay,
    /// By kind, such as `mobile`; see `privacy_kinds`.
    pub ways: BTreeMap<String, MaskWay>,
    /// Rules of the user's own.
    pub own: Vec<MaskRule>,
}

/// A way with a find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MaskWay {
    /// Left as it is, and counted.
    Keep,
    /// `138****1234`
    #[default]
    Mask,
    /// Its kind's name in brackets.
    Remove,
    /// A city, a year, a network.
    Generalise,
    /// The same for the same original; the map stays sealed on this machine.
    Pseudonym,
}

/// A rule of the user's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MaskRule {
    Words { name: String, words: Vec<String> },
    Pattern { name: String, pattern: String },
}

/// `privacy_kinds`: what can be found.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PrivacyKind {
    pub kind: String,
    /// In the asked language.
    pub label: String,
    pub secret: bool,
}

/// `mask_preview`: rows as they are and as they would be, side by side.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct MaskPreview {
    /// The first 50 rows with a find.
    pub rows: Vec<MaskedRow>,
    /// Finds by kind in the part that was looked at.
    pub counts: BTreeMap<String, u64>,
    /// Whether the whole file was looked at.
    pub whole: bool,
}

/// A row before and after.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct MaskedRow {
    /// 1-based.
    pub line: u64,
    /// The texts that hold a find, each in pieces.
    pub texts: Vec<MaskedText>,
}

/// One text of a row.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct MaskedText {
    /// JSON path.
    pub at: String,
    pub pieces: Vec<MaskedPiece>,
}

/// A piece of a text: as it was, or a find and what takes its place.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct MaskedPiece {
    pub text: String,
    /// Nothing between finds.
    pub kind: Option<String>,
    /// What would stand there; nothing between finds.
    pub after: Option<String>,
}

/// `version_mask`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct MaskDone {
    pub version: VersionRow,
    pub report: PrivacyStatement,
    /// Where the signed report is kept.
    pub report_path: String,
}

/// `privacy_report`: the kept statement about a masked version, verified; nothing where it was not masked.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct KeptPrivacy {
    pub report: Option<PrivacyStatement>,
    pub path: Option<String>,
}

/// What the report states.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PrivacyStatement {
    /// RFC 3339.
    pub time: String,
    pub name: String,
    /// Hex, of the version that was looked at and of the one that was made.
    pub input_sha256: String,
    pub output_sha256: String,
    pub rows: u64,
    /// Finds by kind.
    pub found: BTreeMap<String, u64>,
    /// By kind and way.
    pub done: BTreeMap<String, BTreeMap<String, u64>>,
    /// Names the key that signed; see receipts.
    pub fingerprint: String,
}
