//! What was used and what it cost, in buckets of time.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::amount;

/// A page of buckets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UsagePage<T> {
    /// `page`
    pub object: String,
    pub data: Vec<Bucket<T>>,
    pub has_more: bool,
    pub next_page: Option<String>,
}

/// A span of time, its end exclusive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Bucket<T> {
    /// `bucket`
    pub object: String,
    pub start_time: i64,
    pub end_time: i64,
    pub results: Vec<T>,
}

/// Tokens and requests of a group. A field that is not grouped by is null.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CompletionsUsage {
    /// `organization.usage.completions.result`
    pub object: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub input_cached_tokens: u64,
    pub num_model_requests: u64,
    pub project_id: Option<String>,
    pub user_id: Option<String>,
    pub api_key_id: Option<String>,
    pub model: Option<String>,
    pub batch: Option<bool>,
    pub service_tier: Option<String>,
    pub api_source: Option<String>,
}

/// What a group cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Costs {
    /// `organization.costs.result`
    pub object: String,
    pub amount: Amount,
    pub line_item: Option<String>,
    pub project_id: Option<String>,
    pub user_id: Option<String>,
    pub api_key_id: Option<String>,
    pub api_source: Option<String>,
    #[serde(with = "amount::maybe_number")]
    #[schemars(with = "Option<f64>")]
    pub quantity: Option<Decimal>,
    pub quantity_unit: Option<String>,
}

/// An exact amount of money.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Amount {
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub value: Decimal,
    /// ISO 4217 in lower case.
    pub currency: String,
}
