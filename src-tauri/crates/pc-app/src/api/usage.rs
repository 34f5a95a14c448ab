//! Usage and bills, as last synced over the cloud's billing API.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;

/// `usage_get`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UsageRequest {
    /// `YYYY-MM`; nothing asks for the present month.
    pub month: Option<String>,
}

/// `usage_get`: everything the page shows, from the console's own database.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UsageMonth {
    pub month: String,
    pub total: Money,
    pub training: Money,
    pub inference: Money,
    pub hosting: Money,
    pub training_tokens: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub balance: Option<Money>,
    /// One entry a day that has a cost, oldest first.
    pub days: Vec<UsageDay>,
    pub lines: Vec<BillLine>,
    /// RFC 3339; nothing before the first sync.
    pub synced_at: Option<String>,
}

/// Cost of a day by kind.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UsageDay {
    /// `YYYY-MM-DD`.
    pub date: String,
    pub training: Money,
    pub inference: Money,
    pub hosting: Money,
}

/// One line of the bill.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct BillLine {
    pub date: String,
    /// `training`, `inference` or `hosting`.
    pub kind: String,
    pub model: String,
    /// `input_token`, `output_token`, `training_token` or `model_unit_hour`.
    pub item: String,
    /// Exact decimal in text.
    pub quantity: String,
    pub unit: String,
    pub unit_price: Money,
    pub cost: Money,
}

/// `usage_sync`
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UsageSynced {
    pub lines: u64,
    /// RFC 3339.
    pub synced_at: String,
}
