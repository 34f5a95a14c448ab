//! Costs of an account by one dimension: of a month (`/modelstudio/billing/overview`) and over time
//! (`/modelstudio/billing/trend`). Amounts are exact decimals in text.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::amount;

/// A month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostOverview {
    /// ISO 4217.
    pub currency: String,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub total_amount: Decimal,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub pretax_amount: Decimal,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub tax_amount: Decimal,
    pub groups: Vec<CostGroup>,
}

/// A value of the dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostGroup {
    pub key: String,
    pub name: String,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub amount: Decimal,
    /// Of a hundred, with two digits.
    pub percentage: String,
    /// Commodity codes.
    pub article_codes: Vec<String>,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostTrend {
    pub cost_totals: CostTotal,
    pub group_by_total: Vec<CostSum>,
    pub result_by_time: Vec<CostPeriod>,
}

/// A sum with its currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostTotal {
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub amount: Decimal,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub pretax_amount: Decimal,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub tax_amount: Decimal,
    pub currency: String,
}

/// A group over all the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostSum {
    pub key: String,
    pub name: String,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub amount: Decimal,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub pretax_amount: Decimal,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub tax_amount: Decimal,
}

/// A day (`yyyyMMdd`) or a month (`yyyyMM`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostPeriod {
    pub period: String,
    pub total: CostTotal,
    pub period_details: Vec<CostShare>,
}

/// A group within a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostShare {
    #[serde(flatten)]
    pub sum: CostSum,
    /// Of a hundred, with two digits.
    pub percentage: String,
}
