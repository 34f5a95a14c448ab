//! `POST /api/v1/tokens`: keys that live for minutes.

use serde::{Deserialize, Serialize};

/// A short-lived key. It opens the same as the key that asked for it, so it is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Token {
    /// `st-…`
    pub token: String,
    /// Seconds since 1970.
    pub expires_at: i64,
}
